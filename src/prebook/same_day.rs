//! What the other prebookings of the day have to do with a request: a class is requested once, and with `--once-a-day` nothing
//! is booked on a day on which another class is booked already.
//!
//! The schedule decides for the box of the prebooking. It is read some seconds before the opening, so each request of the run
//! registers in [`super::booked_days`], whether its prebooking has the flag or not. A request for the same class waits until that one is
//! settled, and is not sent if it has taken a place, or if what came of it is unknown. One with the flag
//!
//! - waits for the requests of its day that are under way, each until it is settled;
//! - reads the schedule again if one of them may have booked since it was read;
//! - counts the places that the run has taken at other boxes, and those that the store has of them. A place on a waiting list
//!   there counts, because it may have become a booking.
//!
//! One run at a time executes the prebookings of an account, family member and day of which one has the flag: while one of them
//! is claimed, another run can claim none ([`crate::store::Store::claim`]).

use std::time::Duration;

use super::booked_days::DayRequest;
use super::task::{Abort, BookingTask, WITHIN_LEAD};
use crate::booking::{BookResult, LoginCheck, Outcome};
use crate::error::ExitKind;
use crate::model::prebooking::{Choice, PrebookRequest, Prebooking, Progress};
use crate::platform::{Mine, Row};
use crate::signals;

/// Timeout of the schedule that is read again.
const READ_AGAIN: Duration = Duration::from_secs(6);

impl<'t> BookingTask<'t> {
    /// Registers a request. The inner `Err` holds the result if another prebooking of the run has taken a place in the class, if the class
    /// starts within its lead by now, or if another class of that day is booked, with `--once-a-day`.
    pub(super) fn begin_request(
        &mut self,
        choice: &Choice,
        row: &Row,
    ) -> Result<Result<DayRequest<'t>, BookResult>, Abort> {
        let request = self.request_alone(row)?;
        let taken = request.with(|day| day.taken.get(&request.class).cloned());
        match taken {
            Some(None) => {
                let why =
                    "another prebooking has requested the class, and what came of it is unknown";
                return Err(Abort::Failed(ExitKind::UnknownOutcome, why.to_owned()));
            }
            // a schedule that was read later decides
            Some(Some((at, mine))) if self.rows_at.is_none_or(|read| read < at) => {
                return Ok(Err(mine));
            }
            _ => {}
        }
        if !self.by_own_clock && self.is_within_lead(choice, None)? {
            let (row, message) = (Some(row.clone()), Some(WITHIN_LEAD.to_owned()));
            return Ok(Err(BookResult::unsent(Outcome::WithinLead, row, message)));
        }
        if !self.request.once_a_day {
            return Ok(Ok(request));
        }
        let (is_elsewhere, changed_at) = request.with(|day| {
            let (host, _) = &request.class;
            let mut taken = day.taken.iter();
            let is_elsewhere = taken.any(|((other, _), place)| place.is_some() && other != host);
            (is_elsewhere, day.changed_at)
        });
        let is_old = changed_at.is_some_and(|at| self.rows_at.is_none_or(|read| read < at));
        if is_old && !is_elsewhere {
            self.read_rows(READ_AGAIN, LoginCheck::Skipped)?;
        }
        let is_other =
            |other: &Row| other.id != row.id && other.mine == Mine::Booked && !other.cancelled;
        if is_elsewhere || self.rows.iter().any(is_other) {
            return Ok(Err(another_that_day(Some(row.clone()))));
        }
        Ok(Ok(request))
    }

    /// Waits for the requests of the run with which this one must not be sent.
    fn request_alone(&self, row: &Row) -> Result<DayRequest<'t>, Abort> {
        let PrebookRequest {
            account, family, ..
        } = self.request;
        let class = (self.profile.host.clone(), row.id.clone());
        loop {
            let day = (account.clone(), family.clone(), self.day);
            let days = &self.context.days;
            if let Some(request) = days.begin(day, class.clone(), self.request.once_a_day) {
                return Ok(request);
            }
            self.check_claim()?;
            if self.is_late() || signals::must_stop() {
                let why = "not requested: another request of this run for the class or its day had no result in time";
                return Err(Abort::Failed(ExitKind::Unreachable, why.to_owned()));
            }
        }
    }

    /// Whether the store has a place of that day at another box, whose schedule is not read, which a prebooking with
    /// `--once-a-day` does not allow.
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
        let store = self.context.sessions.store;
        match store.prebookings(Some(&request.account)) {
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
