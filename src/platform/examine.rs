//! What `probe` finds: which known facts of the platform (protocol.md) hold in a response, and which fields are new or missing.

use chrono::NaiveDate;
use serde_json::Value;

use super::call::Call;
use super::fields::{self, has};
use super::http::Answer;
use super::lenient::Loose;
use super::{BoxAt, Error, Jar, Platform, account, bookings, classify, schedule};
use crate::model::day::parse_label;
use crate::model::time::parse_span;
use crate::text;

/// A read-only endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /api/whoami`
    Whoami,
    /// `GET /api/bookings` of one day
    Schedule,
    /// `GET /api/nextBookings`
    NextBookings,
    /// `GET /schedule?cl`
    BoxPage,
}

impl Endpoint {
    /// In the order in which they are asked.
    pub const ALL: [Self; 4] = [
        Self::Whoami,
        Self::Schedule,
        Self::NextBookings,
        Self::BoxPage,
    ];

    /// The fact that its response has a known form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whoami => "whoami_is_readable",
            Self::Schedule => "schedule_is_readable",
            Self::NextBookings => "next_bookings_are_readable",
            Self::BoxPage => "box_page_is_readable",
        }
    }
}

/// A known fact of the platform.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fact {
    /// Its name, for scripts.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, cleaned.
    pub detail: Option<String>,
}

/// What one response shows.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// The facts that could be checked.
    pub facts: Vec<Fact>,
    /// Fields that are not known, with the list that has them.
    pub unknown_fields: Vec<String>,
    /// Fields that no row has and some are expected to have.
    pub missing_fields: Vec<String>,
    /// The `Date` of the response minus the local clock in seconds.
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
    /// Asks one endpoint once and examines the response.
    ///
    /// # Errors
    /// Those of the endpoint; [`Error::Strange`] if the response has no known form.
    pub fn examine(
        &self,
        jar: &mut Jar,
        at: &BoxAt,
        day: NaiveDate,
        endpoint: Endpoint,
    ) -> Result<Examined, Error> {
        let (id, day) = (at.id.to_string(), day.format("%Y%m%d").to_string());
        let call = match endpoint {
            Endpoint::Whoami => Call::script(self.url(self.domain(), "/api/whoami", &[])?),
            Endpoint::Schedule => {
                let query = [("day", &*day), ("box", &*id), ("familyId", "")];
                Call::script(self.url(&at.host, "/api/bookings", &query)?)
            }
            Endpoint::NextBookings => {
                Call::script(self.url(&at.host, "/api/nextBookings", &[("box", &id)])?)
            }
            Endpoint::BoxPage => {
                let mut url = self.url(&at.host, "/schedule", &[])?;
                url.set_query(Some("cl"));
                Call::page(url)
            }
        };
        self.ask(jar, call, |answer| {
            let mut found = match endpoint {
                Endpoint::Whoami => self.examine_whoami(answer, at)?,
                Endpoint::Schedule => examine_schedule(answer)?,
                Endpoint::NextBookings => examine_bookings(answer)?,
                Endpoint::BoxPage => examine_page(answer, at)?,
            };
            found.clock_offset = clock_offset(answer);
            Ok(found)
        })
    }

    fn examine_whoami(&self, answer: &Answer, at: &BoxAt) -> Result<Examined, Error> {
        let boxes = account::read_whoami(answer, self.domain())?;
        let data = classify::data(answer)?;
        let people = rows(&data["data"]);
        let people: Vec<_> = people
            .iter()
            .map(|it| Loose(it.0.get("userData").unwrap_or(it.0)))
            .collect();
        let roles: Vec<_> = people
            .iter()
            .flat_map(|person| rows(person.get("roles").0))
            .collect();
        let mut found = Examined::default();
        found.readable(Endpoint::Whoami, Some(counted(boxes.len(), "box", "boxes")));
        found.fact("login_is_alive", true, None);
        found.fact(
            "whoami_lists_the_box",
            boxes.iter().any(|it| it.host == at.host),
            None,
        );
        found.rows("whoami", &people, &PERSON_CHECKS, fields::PERSON, "id");
        found.rows(
            "whoami.roles",
            &roles,
            &ROLE_CHECKS,
            fields::ROLE,
            "boid centre_url gym",
        );
        Ok(found)
    }
}

/// `1 box`, `2 boxes`
fn counted(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

fn examine_schedule(answer: &Answer) -> Result<Examined, Error> {
    let readable = schedule::read(answer)?;
    let data = classify::data(answer)?;
    let classes = rows(&data["bookings"]);
    let mut found = Examined::default();
    found.readable(
        Endpoint::Schedule,
        Some(counted(readable.rows.len(), "class", "classes")),
    );
    found.rows("schedule", &[Loose(&data)], &[], fields::SCHEDULE, "");
    let expected = "bookState className coachName id idres limit ocupation time waitlist";
    found.rows(
        "schedule.bookings",
        &classes,
        &CLASS_CHECKS,
        fields::CLASS,
        expected,
    );
    Ok(found)
}

fn examine_bookings(answer: &Answer) -> Result<Examined, Error> {
    bookings::read(answer)?;
    let data = classify::data(answer)?;
    let (coming, history) = (rows(&data["nextClasses"]), rows(&data["history"]));
    let detail = format!(
        "{}, {} past",
        counted(coming.len(), "booking", "bookings"),
        history.len()
    );
    let all: Vec<_> = coming.into_iter().chain(history).collect();
    let mut found = Examined::default();
    found.readable(Endpoint::NextBookings, Some(detail));
    found.rows(
        "next_bookings",
        &[Loose(&data)],
        &[],
        fields::NEXT_BOOKINGS,
        "history nextClasses",
    );
    let expected = "bookState className day time";
    found.rows(
        "next_bookings.rows",
        &all,
        &BOOKING_CHECKS,
        fields::BOOKING,
        expected,
    );
    Ok(found)
}

fn examine_page(answer: &Answer, at: &BoxAt) -> Result<Examined, Error> {
    let number = account::read_box_id(answer)?;
    let mut found = Examined::default();
    found.readable(Endpoint::BoxPage, None);
    found.fact(
        "box_page_has_the_number",
        number == at.id,
        Some(format!("box {number}")),
    );
    Ok(found)
}

fn rows(list: &Value) -> Vec<Loose<'_>> {
    match list {
        Value::Object(_) => vec![Loose(list)],
        _ => Loose(list).items().collect(),
    }
}

#[allow(clippy::cast_precision_loss)] // seconds since 1970 fit a double
fn clock_offset(answer: &Answer) -> Option<f64> {
    let ours = answer
        .received?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    // the header is truncated to whole seconds
    Some(answer.date? as f64 + 0.5 - ours.as_secs_f64())
}

impl Examined {
    fn readable(&mut self, endpoint: Endpoint, detail: Option<String>) {
        self.fact(endpoint.name(), true, detail);
    }

    fn fact(&mut self, name: &'static str, holds: bool, detail: Option<String>) {
        self.facts.push(Fact {
            name,
            holds,
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

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_singular() {
        assert_eq!(super::counted(1, "box", "boxes"), "1 box");
        assert_eq!(super::counted(0, "box", "boxes"), "0 boxes");
    }
}
