//! One day of the schedule of a box (protocol.md §5). The platform also serves it without a valid login, with no booking in
//! it: a schedule without a personal row does not prove that nothing is booked ([`Row::is_personal`]).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::call::Response;
use super::lenient::Loose;
use super::{BoxAt, Jar, Platform, Result, classify};
use crate::clock;
use crate::model::time::parse_span;

/// One class of the schedule. Times are those of the wall clock of the box.
// the platform sends each flag independently of the others
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The class id, which booking needs.
    pub id: String,
    /// By the box's wall clock.
    pub start: NaiveTime,
    /// From the row, or from its length.
    pub end: Option<NaiveTime>,
    /// The name of the class, cleaned; may be empty.
    pub name: String,
    /// The name of the coach, cleaned.
    pub coach: Option<String>,
    /// The description of the class, cleaned.
    pub description: Option<String>,
    /// The link of an online class.
    pub online: Option<String>,
    /// The address of the box, cleaned.
    pub address: Option<String>,
    /// Whether the membership covers the class; `None` if the platform does not say so.
    pub included: Option<bool>,
    /// Whether the class is offered. It does not say whether booking is open.
    pub enabled: bool,
    /// Whether it is hidden from members.
    pub hidden: bool,
    /// Whether it is reserved by the staff (`resadmin`); such a class is neither booked nor cancelled.
    pub staff: bool,
    /// Whether the box has cancelled the class (`cancelledId`).
    pub cancelled: bool,
    /// The account's booking (`bookState`). With a dead session every row has none (protocol.md §1).
    pub mine: Mine,
    /// The reservation id (`idres`), which cancelling needs.
    pub reservation: Option<String>,
    /// Places taken; `None` means unknown.
    pub occupied: Option<u32>,
    /// Places in all; `None` means unknown.
    pub capacity: Option<u32>,
    /// People on the waiting list; `None` without a list.
    pub waiting: Option<u32>,
}

impl Row {
    /// Whether the account has a place in the class or on its waiting list.
    pub fn is_mine(&self) -> bool {
        matches!(self.mine, Mine::Booked | Mine::Waiting)
    }

    /// Whether only a response to the account has it, which proves that the session is alive; an unknown state may be shown to
    /// anyone.
    pub fn is_personal(&self) -> bool {
        self.is_mine() || self.reservation.is_some()
    }
}

/// The account's booking of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mine {
    /// No `bookState`: none.
    No,
    /// State 1: booked.
    Booked,
    /// State 0: on the waiting list.
    Waiting,
    /// An unknown state; the text is cleaned.
    Unknown(String),
}

impl Platform {
    /// `GET /api/bookings` for one day (protocol.md §5): the classes that have an id and a time, in the order of the platform. A
    /// closed or unpublished day has none. `family` is a family member's id.
    ///
    /// # Errors
    /// Those of an API call; [`super::Error::Strange`] without a list of classes.
    pub fn schedule(
        &self,
        jar: &mut Jar,
        at: &BoxAt,
        day: NaiveDate,
        family: Option<&str>,
    ) -> Result<Vec<Row>> {
        let (day, id, millis) = (
            day.format("%Y%m%d").to_string(),
            at.id.to_string(),
            // the time that the script of the page adds against caches
            clock::now().timestamp_millis().to_string(),
        );
        let query = [
            ("day", &*day),
            ("box", &*id),
            ("familyId", family.unwrap_or_default()),
            ("_", &*millis),
        ];
        self.ask(jar, self.script(&at.host, "/api/bookings", &query)?, read)
    }
}

/// Reads the response to a schedule request.
///
/// # Errors
/// As for [`Platform::schedule`].
pub fn read(response: &Response) -> Result<Vec<Row>> {
    let data = classify::data(response)?;
    let bookings = Loose(&data).get("bookings");
    if !bookings.0.is_array() {
        return Err(response.strange("answered without a schedule"));
    }
    let mut skipped = 0;
    let mut rows: Vec<Row> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for value in bookings.items() {
        let Some(row) = row(value) else {
            skipped += 1;
            continue;
        };
        match by_id.entry(row.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(rows.len());
                rows.push(row);
            }
            // a class may be listed twice: the row with the booking counts
            Entry::Occupied(entry) => {
                let shows = |row: &Row| (row.is_mine(), row.mine != Mine::No, row.is_personal());
                let kept = &mut rows[*entry.get()];
                if shows(&row) > shows(kept) {
                    *kept = row;
                }
            }
        }
    }
    if skipped > 0 && rows.is_empty() {
        // a day whose classes cannot be read is not a day without classes
        let what = format!("listed {skipped} classes, none of them with id and time");
        return Err(response.strange(what));
    }
    if skipped > 0 {
        log::warn!(
            "{} listed {skipped} classes without id or time; left out",
            response.host
        );
    }
    Ok(rows)
}

fn row(row: Loose<'_>) -> Option<Row> {
    let by_time = row.get("time").raw().and_then(|time| parse_span(&time));
    let (start, end) = by_time.or_else(|| span_of_id(&row.get("timeid").raw()?))?;
    let [occupied, capacity, waiting] = limits(row.get("limit"));
    let (enabled, included) = (row.get("enabled"), row.get("included"));
    Some(Row {
        id: row.get("id").id()?,
        start,
        end: end.or_else(|| after(start, row.get("classLength").int()?)),
        name: row.get("className").words().unwrap_or_default(),
        coach: row.get("coachName").words(),
        description: row.get("classDesc").words(),
        online: online_link(row),
        address: row.get("boxDir").words(),
        included: (!included.is_nothing()).then(|| included.yes()),
        enabled: enabled.is_nothing() || enabled.yes(),
        hidden: row.get("hidden").yes(),
        staff: row.get("resadmin").yes(),
        cancelled: is_cancelled(row.get("cancelledId")),
        mine: mine(row.get("bookState")),
        reservation: row.get("idres").id(),
        occupied: row.get("ocupation").count().or(occupied),
        capacity: row.get("limitc").count().or(capacity),
        waiting: row.get("waitlist").count().or(waiting),
    })
}

/// The link of an online class. What is not a web address is left out.
fn online_link(row: Loose<'_>) -> Option<String> {
    let link = row.get("zoomJoinUrl").words()?;
    let is_web = link.starts_with("https://") || link.starts_with("http://");
    (is_web && row.get("onlineclass").yes()).then_some(link)
}

/// The span of a `timeid` such as `1830_60`: the start and the minutes, for rows without `time`.
fn span_of_id(id: &str) -> Option<(NaiveTime, Option<NaiveTime>)> {
    let (start, minutes) = id.split_once('_')?;
    let start = NaiveTime::parse_from_str(start, "%H%M").ok()?;
    Some((start, after(start, minutes.parse().ok()?)))
}

/// The end of a class with this length in minutes.
fn after(start: NaiveTime, minutes: i64) -> Option<NaiveTime> {
    let length = Some(minutes).filter(|m| (1..24 * 60).contains(m))?;
    Some(start.overflowing_add_signed(TimeDelta::minutes(length)).0)
}

/// Whether `cancelledId`, a number or a string, is an id; 0 and an empty one are none.
fn is_cancelled(id: Loose<'_>) -> bool {
    !id.is_nothing() && id.int() != Some(0)
}

/// `bookState` of a row (protocol.md §5). `false` is not 0: a waiting list was never seen with it.
pub(super) fn mine(state: Loose<'_>) -> Mine {
    match state.int() {
        _ if state.is_nothing() || *state.0 == false => Mine::No,
        Some(1) => Mine::Booked,
        Some(0) => Mine::Waiting,
        _ => Mine::Unknown(state.words().unwrap_or_else(|| "?".to_owned())),
    }
}

/// Places taken, places in all and people waiting of a `limit` in one of the forms `12`, `"12"`, `"8/12"` and `"12 (3)"`; a
/// missing number is unknown.
fn limits(limit: Loose<'_>) -> [Option<u32>; 3] {
    let text = limit.raw().unwrap_or_default();
    let (places, waiting) = text.split_once('(').unwrap_or((&text, ""));
    let (occupied, capacity) = places.split_once('/').unwrap_or(("", places));
    [occupied, capacity, waiting.trim().trim_end_matches(')')].map(|s| s.trim().parse().ok())
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
