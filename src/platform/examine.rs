//! What `probe` finds: which known facts of the platform (protocol.md) hold in a response, and which fields are new or missing.

use chrono::NaiveDate;
use serde_json::Value;

use super::call::Response;
use super::fields::{self, has};
use super::lenient::Loose;
use super::{BoxAt, Jar, Platform, Result, account, bookings, classify, schedule};
use crate::model::day::parse_label;
use crate::model::time::parse_span;
use crate::text;

/// A read-only endpoint, in the order in which they are asked. Its name is the fact that its response has a known form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
pub enum Endpoint {
    /// `GET /api/whoami`
    #[strum(serialize = "whoami_is_readable")]
    Whoami,
    /// `GET /api/bookings` of one day.
    #[strum(serialize = "schedule_is_readable")]
    Schedule,
    /// `GET /api/nextBookings`
    #[strum(serialize = "next_bookings_are_readable")]
    NextBookings,
    /// `GET /schedule?cl`
    #[strum(serialize = "box_page_is_readable")]
    BoxPage,
}

/// A known fact of the platform.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fact {
    /// Its name, for scripts.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// Whether a response could prove or disprove it.
    #[serde(skip)]
    pub is_known: bool,
    /// What was found, cleaned.
    pub detail: Option<String>,
}

/// What the responses show.
#[derive(Debug, Default)]
pub struct Examined {
    /// The facts that could be checked.
    pub facts: Vec<Fact>,
    /// Fields that are not known, with the list that has them.
    pub unknown_fields: Vec<String>,
    /// Fields that no row has and some are expected to have.
    pub missing_fields: Vec<String>,
    /// The `Date` of the first response that has one minus the local clock in seconds.
    pub clock_offset: Option<f64>,
}

type Check = (&'static str, fn(Loose<'_>) -> bool);

const PERSON_CHECKS: [Check; 1] = [("account_has_number", |person| {
    person.get("id").int().is_some_and(|id| id > 0)
})];
const ROLE_CHECKS: [Check; 2] = [
    ("boxes_have_addresses", |role| {
        role.get("centre_url").raw().is_some()
    }),
    ("boxes_have_numbers", |role| {
        role.get("boid").int().is_some_and(|id| id > 0)
    }),
];
const CLASS_CHECKS: [Check; 4] = [
    ("class_numbers_are_plain", |class| {
        class.get("id").id().is_some()
    }),
    ("class_times_are_spans", |class| has_span(class, "time")),
    ("class_states_are_known", |class| {
        is_state(class.get("bookState"))
    }),
    ("class_places_are_numbers", |class| {
        class.get("ocupation").count().is_some()
    }),
];
const BOOKING_CHECKS: [Check; 3] = [
    ("booking_days_are_dates", |row| {
        row.get("day")
            .raw()
            .is_some_and(|day| parse_label(&day).is_some())
    }),
    ("booking_times_are_spans", |row| has_span(row, "time")),
    ("booking_states_are_known", |row| {
        is_state(row.get("bookState"))
    }),
];

fn has_span(row: Loose<'_>, field: &str) -> bool {
    row.get(field)
        .raw()
        .is_some_and(|time| parse_span(&time).is_some())
}

fn is_state(state: Loose<'_>) -> bool {
    state.is_nothing() || matches!(state.int(), Some(0 | 1))
}

impl Platform {
    /// Asks one endpoint once and adds what its response shows.
    ///
    /// # Errors
    /// Those of the endpoint; [`super::Error::Strange`] if the response has no known form.
    pub fn examine(
        &self,
        jar: &mut Jar,
        at: &BoxAt,
        day: NaiveDate,
        endpoint: Endpoint,
        found: &mut Examined,
    ) -> Result<()> {
        let (id, day) = (at.id.to_string(), day.format("%Y%m%d").to_string());
        let call = match endpoint {
            Endpoint::Whoami => self.script(self.domain(), "/api/whoami", &[]),
            Endpoint::Schedule => {
                let query = [("day", &*day), ("box", &*id), ("familyId", "")];
                self.script(&at.host, "/api/bookings", &query)
            }
            Endpoint::NextBookings => self.script(&at.host, "/api/nextBookings", &[("box", &id)]),
            Endpoint::BoxPage => self.page(&at.host, "/schedule?cl", &[]),
        };
        self.ask(jar, call?, |response| {
            match endpoint {
                Endpoint::Whoami => found.whoami(response, self.domain(), at)?,
                Endpoint::Schedule => found.schedule(response)?,
                Endpoint::NextBookings => found.next_bookings(response)?,
                Endpoint::BoxPage => {
                    let number = account::read_box_id(response)?;
                    found.readable(endpoint, None);
                    let detail = Some(format!("box {number}"));
                    found.fact("box_page_has_the_number", number == at.id, detail);
                }
            }
            found.clock_offset = found.clock_offset.or(clock_offset(response));
            Ok(())
        })
    }
}

fn rows(list: &Value) -> Vec<Loose<'_>> {
    match list {
        Value::Object(_) => vec![Loose(list)],
        _ => Loose(list).items().collect(),
    }
}

#[allow(clippy::cast_precision_loss)] // seconds since 1970 fit a double
fn clock_offset(response: &Response) -> Option<f64> {
    let ours = response
        .received?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    // the header is truncated to whole seconds
    Some(response.date()? as f64 + 0.5 - ours.as_secs_f64())
}

impl Examined {
    fn whoami(&mut self, response: &Response, domain: &str, at: &BoxAt) -> Result<()> {
        let boxes = account::read_whoami(response, domain)?;
        let data = classify::data(response)?;
        let people: Vec<_> = rows(&data["data"])
            .into_iter()
            .map(account::person)
            .collect();
        let roles = people.iter().flat_map(|person| rows(person.get("roles").0));
        let roles: Vec<_> = roles.collect();
        self.readable(Endpoint::Whoami, Some(format!("boxes: {}", boxes.len())));
        self.fact("login_is_alive", true, None);
        let is_listed = boxes.iter().any(|it| it.host.as_ref() == Some(&at.host));
        self.fact("whoami_lists_the_box", is_listed, None);
        self.rows("whoami", &people, &PERSON_CHECKS, fields::PERSON, "id");
        let expected = "boid centre_url gym";
        self.rows("whoami.roles", &roles, &ROLE_CHECKS, fields::ROLE, expected);
        Ok(())
    }

    fn schedule(&mut self, response: &Response) -> Result<()> {
        let readable = schedule::read(response)?.len();
        let data = classify::data(response)?;
        let classes = rows(&data["bookings"]);
        let detail = Some(format!("classes: {readable}"));
        self.readable(Endpoint::Schedule, detail);
        self.rows("schedule", &[Loose(&data)], &[], fields::SCHEDULE, "");
        let expected = "bookState className coachName id idres limit ocupation time waitlist";
        let list = "schedule.bookings";
        self.rows(list, &classes, &CLASS_CHECKS, fields::CLASS, expected);
        Ok(())
    }

    fn next_bookings(&mut self, response: &Response) -> Result<()> {
        bookings::read(response)?;
        let data = classify::data(response)?;
        let (mut all, history) = (rows(&data["nextClasses"]), rows(&data["history"]));
        let detail = Some(format!("upcoming: {}, past: {}", all.len(), history.len()));
        all.extend(history);
        self.readable(Endpoint::NextBookings, detail);
        let expected = "history nextClasses";
        let object = [Loose(&data)];
        self.rows(
            "next_bookings",
            &object,
            &[],
            fields::NEXT_BOOKINGS,
            expected,
        );
        let expected = "bookState className day time";
        let list = "next_bookings.rows";
        self.rows(list, &all, &BOOKING_CHECKS, fields::BOOKING, expected);
        Ok(())
    }

    fn readable(&mut self, endpoint: Endpoint, detail: Option<String>) {
        self.fact(endpoint.into(), true, detail);
    }

    fn fact(&mut self, name: &'static str, holds: bool, detail: Option<String>) {
        self.facts.push(Fact {
            name,
            holds,
            is_known: true,
            detail,
        });
    }

    /// Checks every row, and compares the fields of all with the known and the expected ones.
    fn rows(
        &mut self,
        list: &str,
        rows: &[Loose<'_>],
        checks: &[Check],
        known: &str,
        expected: &str,
    ) {
        for (name, check) in checks {
            let odd = rows.iter().filter(|row| !check(**row)).count();
            let detail = match (rows.len(), odd) {
                (0, _) => Some("nothing to check".to_owned()),
                (_, 0) => None,
                (all, odd) => Some(format!("not in {odd} of {all}")),
            };
            self.fact(name, odd == 0, detail);
        }
        let objects: Vec<_> = rows.iter().filter_map(|row| row.0.as_object()).collect();
        for name in objects.iter().flat_map(|object| object.keys()) {
            let shown = format!("{list}.{}", text::clean(name));
            if !has(known, name) && !self.unknown_fields.contains(&shown) {
                self.unknown_fields.push(shown);
            }
        }
        let is_missing = |name: &&str| !objects.iter().any(|object| object.contains_key(*name));
        let missing = expected.split_whitespace().filter(is_missing);
        if !objects.is_empty() {
            self.missing_fields
                .extend(missing.map(|name| format!("{list}.{name}")));
        }
    }
}
