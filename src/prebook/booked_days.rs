//! The booking requests of a run by account, family member and day.

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
type Day = (Account, Option<String>, NaiveDate);
/// The host of a box and the id of a class.
type ClassId = (String, String);

/// The booking requests of a run by day.
#[derive(Debug, Default)]
pub(super) struct BookedDays {
    days: Mutex<HashMap<Day, BookedDay>>,
    settled: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct BookedDay {
    under_way: Vec<ClassId>,
    /// When a request last may have booked.
    pub changed_at: Option<Instant>,
    /// When the run has taken a place in a class, which is the member's since then. `None`: the outcome is unknown.
    pub taken: HashMap<ClassId, Option<(Instant, BookResult)>>,
}

impl BookedDays {
    fn lock(&self) -> MutexGuard<'_, HashMap<Day, BookedDay>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a request for a class if none for the same class is under way; `alone`, only if none of that day is. Waits a
    /// moment for those.
    pub(super) fn begin(&self, day: Day, class: ClassId, alone: bool) -> Option<DayRequest<'_>> {
        let is_busy = |days: &mut HashMap<Day, BookedDay>| {
            let mut under_way = days.get(&day).into_iter().flat_map(|day| &day.under_way);
            under_way.any(|other| alone || *other == class)
        };
        let waited = self.settled.wait_timeout_while(self.lock(), POLL, is_busy);
        let mut days = waited.unwrap_or_else(PoisonError::into_inner).0;
        if is_busy(&mut days) {
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
    pub class: ClassId,
}

impl DayRequest<'_> {
    /// Calls `work` with what is known of the day.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut BookedDay) -> T) -> T {
        work(self.days.lock().entry(self.day.clone()).or_default())
    }

    /// Records what the schedule has shown after the request, which may have booked. An error: the outcome is unknown.
    pub(super) fn note<E>(&self, settled: &Result<Option<BookResult>, E>) {
        let now = clock::steady();
        let taken = match settled {
            Ok(None) => None,
            Ok(Some(booked)) => {
                let decided = booked.row.as_ref().and_then(BookResult::decided);
                let reservation = booked.reservation.clone();
                let mine = decided.filter(|_| booked.outcome.is_place());
                mine.map(|mine| {
                    Some((
                        now,
                        BookResult {
                            reservation,
                            ..mine
                        },
                    ))
                })
            }
            Err(_) => Some(None),
        };
        self.with(|day| {
            day.changed_at = Some(now);
            day.taken
                .extend(taken.map(|taken| (self.class.clone(), taken)));
        });
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
