//! One day of a box's schedule (protocol.md §5). Without a valid login the platform serves it too, with nothing mine in it:
//! [`Schedule::is_personal`] tells what can be told; must not be taken for proof that nothing is booked.

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::call::Call;
use super::http::Answer;
use super::lenient::Loose;
use super::wire::WireRow;
use super::{BoxAt, Error, Jar, Platform, classify};
use crate::model::time::parse_span;

/// The classes of one day, in the platform's order. None: a closed or unpublished day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The classes that have an id and a time.
    pub rows: Vec<Row>,
}

impl Schedule {
    /// Whether some row is mine, which proves that the login is alive. Where none is, only `whoami` can tell.
    pub fn is_personal(&self) -> bool {
        self.rows
            .iter()
            .any(|row| row.mine != Mine::No || row.reservation.is_some())
    }
}

/// One class of the schedule. Times are the box's wall clock.
// each flag is one the platform sends by itself, and any may go with any
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The class's id on this day; booking wants it.
    pub id: String,
    /// By the box's wall clock.
    pub start: NaiveTime,
    /// As the row says, else from its length.
    pub end: Option<NaiveTime>,
    /// Cleaned and trimmed; may be empty.
    pub name: String,
    /// The coach's name, cleaned; `None` where there is none.
    pub coach: Option<String>,
    /// Whether the class is offered at all. Says nothing about whether booking is open.
    pub enabled: bool,
    /// Not for members.
    pub hidden: bool,
    /// Reserved by the staff (`resadmin`): not ours to book or cancel.
    pub staff: bool,
    /// The gym has cancelled the class (`cancelledId`).
    pub cancelled: bool,
    /// Whether the class is mine (`bookState`). A dead session sees every class as not mine (protocol.md §1).
    pub mine: Mine,
    /// My reservation (`idres`), which cancelling wants.
    pub reservation: Option<String>,
    /// Places taken; `None` is unknown, not zero.
    pub occupied: Option<u32>,
    /// Places there are; `None` is unknown, not zero.
    pub capacity: Option<u32>,
    /// People waiting; `None` where there is no list.
    pub waiting: Option<u32>,
}

/// What a row says about me.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mine {
    /// No `bookState`: neither booked nor waited for.
    No,
    /// State 1: a place is mine.
    Booked,
    /// State 0: a place on the waiting list is mine.
    Waiting,
    /// A state nobody has described; the text is cleaned.
    Unknown(String),
}

impl Platform {
    /// `GET /api/bookings` for one day (protocol.md §5). `family` is a family member's id.
    ///
    /// # Errors
    /// The usual ones of an API call; [`Error::Strange`] without a list of classes.
    pub fn schedule(
        &self,
        jar: &mut Jar,
        at: &BoxAt,
        day: NaiveDate,
        family: Option<&str>,
    ) -> Result<Schedule, Error> {
        let (day, id, millis) = (
            day.format("%Y%m%d").to_string(),
            at.id.to_string(),
            super::millis().to_string(),
        );
        let query = [
            ("day", &*day),
            ("box", &*id),
            ("familyId", family.unwrap_or_default()),
            ("_", &*millis),
        ];
        let url = self.url(&at.host, "/api/bookings", &query)?;
        self.ask(jar, Call::script(url), read)
    }
}

/// The answer to a schedule request.
pub(super) fn read(answer: &Answer) -> Result<Schedule, Error> {
    let bookings = classify::data(answer)?.get("bookings");
    if !bookings.0.is_array() {
        return Err(Error::Strange(format!(
            "{} answered without a schedule",
            answer.host
        )));
    }
    let rows: Vec<Row> = bookings
        .items()
        .iter()
        .filter_map(|value| row(&WireRow::read(value)))
        .collect();
    let skipped = bookings.items().len() - rows.len();
    if skipped > 0 && rows.is_empty() {
        // a day of which nothing can be read is not a day without classes
        return Err(Error::Strange(format!(
            "{} listed {skipped} classes, none of them with id and time",
            answer.host
        )));
    }
    if skipped > 0 {
        log::warn!(
            "{} listed {skipped} classes without id or time; left out",
            answer.host
        );
    }
    Ok(Schedule { rows })
}

fn row(wire: &WireRow) -> Option<Row> {
    let (start, end) = parse_span(&wire.time.raw()?)?;
    let limit = Limit::read(&wire.limit);
    Some(Row {
        id: wire.id.id()?,
        start,
        end: end.or_else(|| after(start, &wire.class_length)),
        name: wire.class_name.words().unwrap_or_default(),
        coach: wire.coach_name.words(),
        enabled: wire.enabled.is_nothing() || wire.enabled.yes(),
        hidden: wire.hidden.yes(),
        staff: wire.resadmin.yes(),
        cancelled: is_cancelled(&wire.cancelled_id),
        mine: mine(&wire.book_state),
        reservation: wire.idres.id(),
        occupied: wire.ocupation.count().or(limit.occupied),
        capacity: wire.limitc.count().or(limit.capacity),
        waiting: wire.waitlist.count().or(limit.waiting),
    })
}

/// The end of a class of so many minutes.
fn after(start: NaiveTime, minutes: &Loose) -> Option<NaiveTime> {
    let length = minutes.int().filter(|m| (1..24 * 60).contains(m))?;
    Some(start.overflowing_add_signed(TimeDelta::minutes(length)).0)
}

/// `cancelledId` is the id of the cancellation, a number or a string; 0 and an empty one are no id.
fn is_cancelled(id: &Loose) -> bool {
    !id.is_nothing() && id.int() != Some(0)
}

/// `bookState` of a row (protocol.md §5). `false` is no 0: nobody has seen a waiting place told so.
pub(super) fn mine(state: &Loose) -> Mine {
    match state.int() {
        _ if state.is_nothing() || state.0 == false => Mine::No,
        Some(1) => Mine::Booked,
        Some(0) => Mine::Waiting,
        _ => Mine::Unknown(state.words().unwrap_or_else(|| "?".to_owned())),
    }
}

/// `limit`: `12`, `"12"`, `"8/12"`, `"12 (3)"`; what is missing is unknown.
#[derive(Debug, Default, PartialEq, Eq)]
struct Limit {
    occupied: Option<u32>,
    capacity: Option<u32>,
    waiting: Option<u32>,
}

impl Limit {
    fn read(limit: &Loose) -> Limit {
        let text = limit.raw().unwrap_or_default();
        let (places, waiting) = text.split_once('(').unwrap_or((&text, ""));
        let (occupied, capacity) = places
            .split_once('/')
            .map_or((None, places), |(o, c)| (Some(o), c));
        let number = |s: &str| s.trim().parse().ok();
        Limit {
            occupied: occupied.and_then(number),
            capacity: number(capacity),
            waiting: number(waiting.trim().trim_end_matches(')')),
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
