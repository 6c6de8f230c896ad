//! The booking requests of a run by account, family member and day, for `--once-a-day`.

use std::collections::{HashMap, HashSet};
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

/// The booking requests of a run by day.
#[derive(Debug, Default)]
pub(super) struct BookedDays {
    days: Mutex<HashMap<Day, BookedDay>>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct BookedDay {
    under_way: usize,
    /// When a request last may have booked.
    changed_at: Option<Instant>,
    /// The hosts of the boxes at which the run has taken a place.
    hosts: HashSet<String>,
}

impl BookedDays {
    fn lock(&self) -> MutexGuard<'_, HashMap<Day, BookedDay>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a request; `alone`, only if none of that day is under way, which it waits for a moment.
    pub(super) fn begin(&self, day: Day, alone: bool) -> Option<DayRequest<'_>> {
        let is_taken = |days: &mut HashMap<Day, BookedDay>| {
            alone && days.get(&day).is_some_and(|booked| booked.under_way > 0)
        };
        let waited = self.settled.wait_timeout_while(self.lock(), POLL, is_taken);
        let mut days = waited.unwrap_or_else(PoisonError::into_inner).0;
        if is_taken(&mut days) {
            return None;
        }
        days.entry(day.clone()).or_default().under_way += 1;
        Some(DayRequest { days: self, day })
    }

    /// When a request of the day last may have booked, and whether the run has taken a place at another box than this host.
    pub(super) fn changes(&self, day: &Day, host: &str) -> (Option<Instant>, bool) {
        let days = self.lock();
        let booked = days.get(day);
        let is_elsewhere = booked.is_some_and(|booked| booked.hosts.iter().any(|it| it != host));
        (booked.and_then(|booked| booked.changed_at), is_elsewhere)
    }
}

/// A booking request under way, until it is settled.
#[derive(Debug)]
pub(super) struct DayRequest<'d> {
    days: &'d BookedDays,
    day: Day,
}

impl DayRequest<'_> {
    /// The request may have booked.
    pub(super) fn note_unproven(&self) {
        let mut days = self.days.lock();
        days.entry(self.day.clone()).or_default().changed_at = Some(clock::steady());
    }

    /// Records the place that the request has taken at the box with this host.
    pub(super) fn note(&self, host: &str, booked: &BookResult) {
        if booked.outcome.is_place() {
            self.note_unproven();
            let mut days = self.days.lock();
            let day = days.entry(self.day.clone()).or_default();
            day.hosts.insert(host.to_owned());
        }
    }
}

impl Drop for DayRequest<'_> {
    fn drop(&mut self) {
        if let Some(day) = self.days.lock().get_mut(&self.day) {
            day.under_way = day.under_way.saturating_sub(1);
        }
        self.days.settled.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_with_the_flag_waits_for_those_of_its_family_member_and_day() {
        let day = |family: Option<&str>| -> Day {
            let account = "ana@example.org".parse().unwrap();
            let date = "2026-11-23".parse().unwrap();
            (account, family.map(str::to_owned), date)
        };
        let days = BookedDays::default();
        let first = days.begin(day(None), false).unwrap();
        assert!(days.begin(day(None), true).is_none());
        assert!(days.begin(day(None), false).is_some());
        assert!(days.begin(day(Some("7")), true).is_some());
        drop(first);
        assert!(days.begin(day(None), true).is_some());
    }
}
