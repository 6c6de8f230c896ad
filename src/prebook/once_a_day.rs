//! `--once-a-day`: nothing is booked on a day on which another class is booked already.
//!
//! The schedule decides for the box of the prebooking. It is read some seconds before the opening, so each request of the run
//! registers here, whether its prebooking has the flag or not, and one with the flag
//!
//! - waits for the requests of its day that are under way, each until it is settled;
//! - reads the schedule again if one of them may have booked since it was read;
//! - counts the places that the run has taken at other boxes, and those that the store has of them. A place on a waiting list
//!   there counts, because it may have become a booking.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::NaiveDate;

use super::executor::WITHIN_LEAD;
use super::task::{Abort, BookingTask};
use crate::booking::{BookResult, LoginCheck, Outcome};
use crate::clock;
use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::platform::{Mine, Row};
use crate::signals;

/// Longest wait between checks of the deadline and of the claim.
const POLL: Duration = Duration::from_millis(100);
/// Timeout of the schedule that is read again.
const READ_AGAIN: Duration = Duration::from_secs(6);

/// The account, the family member and the day of a class.
type Day = (Account, Option<String>, NaiveDate);

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
    fn begin(&self, day: Day, alone: bool) -> Option<DayRequest<'_>> {
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

impl<'t> BookingTask<'t> {
    /// Registers a request. `Err` holds the result if the class starts within its lead by now, or, with `--once-a-day`, another
    /// class of that day is booked.
    pub(super) fn begin_request(
        &mut self,
        choice: &Choice,
        row: &Row,
    ) -> Result<Result<DayRequest<'t>, BookResult>, Abort> {
        let context = self.context;
        let day = (
            self.request.account.clone(),
            self.request.family.clone(),
            self.day,
        );
        let once_a_day = self.request.once_a_day;
        let request = loop {
            if let Some(request) = context.days.begin(day.clone(), once_a_day) {
                break request;
            }
            self.check_claim_lately()?;
            if self.is_late() || signals::must_stop() {
                let why = "another class of that day was being requested".to_owned();
                return Err(Abort::Failed(ExitKind::Unreachable, why));
            }
        };
        if !self.by_own_clock && self.is_within_lead(choice, None)? {
            let (row, message) = (Some(row.clone()), Some(WITHIN_LEAD.to_owned()));
            return Ok(Err(BookResult::unsent(Outcome::WithinLead, row, message)));
        }
        if !once_a_day {
            return Ok(Ok(request));
        }
        let (is_old, is_elsewhere) = {
            let days = context.days.lock();
            let booked = days.get(&day);
            let changed_at = booked.and_then(|booked| booked.changed_at);
            let other = |host: &String| *host != self.place.host;
            (
                changed_at.is_some_and(|at| self.rows_at.is_none_or(|read| read < at)),
                booked.is_some_and(|booked| booked.hosts.iter().any(other)),
            )
        };
        if is_old && !is_elsewhere {
            self.read_rows(READ_AGAIN, LoginCheck::Skipped)?;
        }
        if is_elsewhere || self.excludes_day(row) {
            return Ok(Err(another_that_day(Some(row.clone()))));
        }
        Ok(Ok(request))
    }

    /// Whether another class of that day is booked by the schedule, which a prebooking with `--once-a-day` does not allow.
    pub(super) fn excludes_day(&self, row: &Row) -> bool {
        let is_other =
            |other: &Row| other.id != row.id && other.mine == Mine::Booked && !other.cancelled;
        self.request.once_a_day && self.rows.iter().any(is_other)
    }

    /// The same by the places that the store has at other boxes, whose schedules are not read.
    pub(super) fn excludes_day_elsewhere(&self) -> bool {
        let request = self.request;
        if !request.once_a_day {
            return false;
        }
        let has_place = |other: &Prebooking| {
            matches!(other.progress, Progress::Booked | Progress::Waitlisted)
                && other.day == self.day
                && other.request.family == request.family
                && other.request.gym != request.gym
        };
        match self
            .context
            .sessions
            .store
            .prebookings(Some(&request.account))
        {
            Ok(stored) => stored.iter().any(has_place),
            Err(e) => {
                // a store that is busy must not cost the class
                log::warn!("the bookings of {} could not be read: {e}", self.day);
                false
            }
        }
    }
}

/// The result of a prebooking with `--once-a-day` on a day on which another class is booked.
pub(super) fn another_that_day(row: Option<Row>) -> BookResult {
    let message = "another class is booked that day".to_owned();
    BookResult::unsent(Outcome::OnceADay, row, Some(message))
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
