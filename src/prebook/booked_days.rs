//! The booking requests of a run by account, family member and day, so that it requests a class once, and for `--once-a-day`.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::NaiveDate;

use crate::booking::BookResult;
use crate::clock;
use crate::model::account::Account;

/// Longest wait for the requests of a day.
const POLL: Duration = Duration::from_millis(100);

/// The account, the family member and the day of a class.
pub(super) type Day = (Account, Option<String>, NaiveDate);
/// The host of a box and the id of a class.
pub(super) type ClassId = (String, String);

/// The booking requests of a run by day.
#[derive(Debug, Default)]
pub(super) struct BookedDays {
    days: Mutex<HashMap<Day, BookedDay>>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct BookedDay {
    under_way: Vec<ClassId>,
    /// When a request last may have booked.
    changed_at: Option<Instant>,
    /// The places that the run has taken, and when.
    places: HashMap<ClassId, (Instant, BookResult)>,
    /// The classes that were requested with an unknown outcome.
    unknown: Vec<ClassId>,
}

impl BookedDays {
    fn lock(&self) -> MutexGuard<'_, HashMap<Day, BookedDay>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a request for a class if none for the same class is under way; `alone`, only if none of that day is. Waits a
    /// moment for those.
    pub(super) fn begin(&self, day: Day, class: ClassId, alone: bool) -> Option<DayRequest<'_>> {
        let is_taken = |days: &mut HashMap<Day, BookedDay>| {
            let mut under_way = days.get(&day).into_iter().flat_map(|day| &day.under_way);
            under_way.any(|other| alone || *other == class)
        };
        let waited = self.settled.wait_timeout_while(self.lock(), POLL, is_taken);
        let mut days = waited.unwrap_or_else(PoisonError::into_inner).0;
        if is_taken(&mut days) {
            return None;
        }
        let booked = days.entry(day.clone()).or_default();
        booked.under_way.push(class.clone());
        Some(DayRequest {
            days: self,
            day,
            class,
        })
    }
}

/// A booking request under way, until it is settled.
#[derive(Debug)]
pub(super) struct DayRequest<'d> {
    days: &'d BookedDays,
    day: Day,
    class: ClassId,
}

impl DayRequest<'_> {
    /// Calls `work` with what is known of the day.
    fn with<T>(&self, work: impl FnOnce(&mut BookedDay) -> T) -> T {
        work(self.days.lock().entry(self.day.clone()).or_default())
    }

    /// When a request of the day last may have booked, and whether the run has taken a place at another box.
    pub(super) fn changes(&self) -> (Option<Instant>, bool) {
        let (host, _) = &self.class;
        self.with(|day| {
            let is_elsewhere = day.places.keys().any(|(other, _)| other != host);
            (day.changed_at, is_elsewhere)
        })
    }

    /// The place in the class that the run has taken after this instant, as of a class that is the member's already.
    pub(super) fn place_since(&self, at: Option<Instant>) -> Option<BookResult> {
        self.with(|day| {
            let (taken_at, booked) = day.places.get(&self.class)?;
            let is_newer = at.is_none_or(|at| at < *taken_at);
            let decided = booked.row.as_ref().and_then(BookResult::decided)?;
            is_newer.then(|| BookResult {
                reservation: booked.reservation.clone(),
                ..decided
            })
        })
    }

    /// The request may have booked.
    pub(super) fn note_unproven(&self) {
        self.with(|day| day.changed_at = Some(clock::steady()));
    }

    /// The outcome of the request is unknown.
    pub(super) fn note_unknown(&self) {
        self.with(|day| day.unknown.push(self.class.clone()));
    }

    /// Whether the class was requested before, with an unknown outcome.
    pub(super) fn is_unknown(&self) -> bool {
        self.with(|day| day.unknown.contains(&self.class))
    }

    /// Records the place that the request has taken.
    pub(super) fn note(&self, booked: &BookResult) {
        if booked.outcome.is_place() {
            self.note_unproven();
            let place = (clock::steady(), booked.clone());
            self.with(|day| day.places.insert(self.class.clone(), place));
        }
    }
}

impl Drop for DayRequest<'_> {
    fn drop(&mut self) {
        self.with(|day| day.under_way.retain(|class| *class != self.class));
        self.days.settled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_waits_for_those_of_its_class_and_with_the_flag_for_those_of_its_day() {
        let days = BookedDays::default();
        let begin = |family: Option<&str>, class: &str, alone| {
            let account = "ana@example.org".parse().unwrap();
            let date = "2026-11-23".parse().unwrap();
            let class = ("demo".to_owned(), class.to_owned());
            days.begin((account, family.map(str::to_owned), date), class, alone)
        };
        let first = begin(None, "1", false).unwrap();
        assert!(begin(None, "1", false).is_none());
        assert!(begin(None, "2", true).is_none());
        assert!(begin(None, "2", false).is_some());
        assert!(begin(Some("7"), "1", true).is_some());
        drop(first);
        assert!(begin(None, "1", true).is_some());
    }
}
