//! A person stays until booking opens (`book --wait`): the same job as a prebooking's, without one.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::class::{Moment, Tried};
use super::ending::{Abort, Ending};
use super::job::{Errand, Job, Order, Place, Shared};
use crate::booking::{BookReport, Outcome};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::account::Account;
use crate::model::opening::Opening;
use crate::model::prebooking::Choice;
use crate::model::zone::resolve;
use crate::sessions::{ActiveSession, SessionManager, SessionSelector};
use crate::signals::SignalGuard;
use crate::store::SessionRow;

/// How long "too early", outages and locks are borne with after the opening.
const GIVE_UP: Duration = Duration::from_secs(30);

/// Clocks may differ by so much before the server's has been looked at.
const CLOCK_DOUBT: TimeDelta = TimeDelta::minutes(1);

/// Who waits for which class.
#[derive(Debug)]
pub struct Stay<'s> {
    /// the way to a login
    pub sessions: &'s SessionManager<'s>,
    /// who books
    pub account: &'s Account,
    /// which session acts
    pub pick: &'s SessionSelector,
    /// the family member's numeric id; `None` is the account holder
    pub family: Option<&'s str>,
    /// the class's day on the box's calendar
    pub day: NaiveDate,
    /// the box
    pub place: &'s Place,
    /// the class by time and name, for a look-up that ids do not survive
    pub choice: Choice,
    /// its number when it was last seen
    pub class_id: &'s str,
    /// queue when it is full
    pub waitlist: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Stayed {
    /// how it ended
    pub report: BookReport,
    /// the session that acted, as it is now
    pub session: SessionRow,
    /// defers signals until this is reported
    pub signal_guard: Option<SignalGuard>,
    /// the later opening that a refusal states
    pub moved_to: Option<DateTime<Utc>>,
}

/// When booking is worth the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextTry {
    /// the instant to send at
    pub at: DateTime<Utc>,
    /// The opening, or the guess of it: then earlier half hours of its day are tried too.
    pub opens: DateTime<Utc>,
}

impl NextTry {
    /// Whether it is the opening itself, not one of a guess's half hours.
    pub fn is_opening(self) -> bool {
        self.at == self.opens
    }
}

/// The next instant at which booking of a class may open; `None` when none is known before the
/// class starts. A rule's instant that has just passed counts: the server's clock may be behind.
pub fn next_try(
    opening: Opening,
    (day, start): (NaiveDate, NaiveTime),
    zone: Tz,
    now: DateTime<Utc>,
) -> Option<NextTry> {
    let opens = opening.opens_at(day, start, zone).to_utc();
    let first = opening.first_try(day, start, zone).to_utc();
    let at = if first > now || (!opening.guess && first > now - CLOCK_DOUBT) {
        first
    } else {
        opening.next_half_hour_try(now, day, start, zone)?.to_utc()
    };
    let starts = resolve(zone, day.and_time(start));
    (at < starts).then_some(NextTry { at, opens })
}

/// The person at the terminal, who ends it by Ctrl-C.
#[derive(Debug)]
pub(super) struct Person;

impl Errand for Person {
    fn seems_wanted(&self) -> bool {
        true
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn intend(&self, _class_id: &str) {}

    /// The caller knows it already.
    fn refused_at(&self) -> Option<DateTime<Utc>> {
        None
    }
}

impl<'s> Stay<'s> {
    /// Waits until `next` and books; with `None`, books at once. `live` is the session that has looked the class up. It
    /// is kept alive while waiting.
    ///
    /// # Errors
    /// No outcome: the session expired, the class is not in the schedule, no response, or an unknown outcome.
    pub fn until(&self, next: Option<NextTry>, live: ActiveSession<'s>) -> Result<Stayed, Failure> {
        let shared = Shared::new(self.sessions, self.pick.clone(), clock::scaled(GIVE_UP));
        let order = Order {
            account: self.account,
            family: self.family,
            day: self.day,
            place: self.place,
            class_id: Some(self.class_id),
        };
        let mut job = Job::new(&shared, &Person, order, 0);
        job.live = Some(live);
        let moment = Moment {
            opens: next.map(|next| next.at),
            ahead: next.map(|next| next.at),
            patient: next.is_some_and(NextTry::is_opening),
        };
        let tried = self.fire(&mut job, moment).inspect_err(|stop| {
            // an error that says what came of a request is reported although a signal waits
            let interrupted = matches!(stop, Abort::Trouble(ExitKind::Interrupted, _));
            let signal_guard = job.signal_guard.take().into_iter();
            signal_guard.for_each(|signal_guard| signal_guard.keep_unless(interrupted));
        })?;
        job.live()?.release_after_firing();
        let session = job.live()?.row().clone();
        let hit = tried
            .hit
            .ok_or_else(|| Failure::not_found(tried.message.unwrap_or_default()))?;
        Ok(Stayed {
            report: hit.report,
            session,
            signal_guard: job.signal_guard.take(),
            moved_to: hit.moved_to,
        })
    }

    fn fire(&self, job: &mut Job<'_>, moment: Moment) -> Result<Tried, Abort> {
        let tried = job.have(&self.choice, moment)?;
        let report = tried.hit.as_ref().map(|hit| &hit.report);
        let full = report.is_some_and(|report| report.outcome == Outcome::Full);
        let tried = if full && self.waitlist {
            job.queue(&tried)?.unwrap_or(tried)
        } else {
            tried
        };
        match tried.ending {
            Ending::Trouble(kind) => {
                let message = tried.message.unwrap_or_default();
                Err(Abort::Trouble(kind, message))
            }
            _ => Ok(tried),
        }
    }
}

impl From<Abort> for Failure {
    fn from(stop: Abort) -> Self {
        match stop {
            Abort::Trouble(kind, words) => Self::new(kind, words),
            Abort::Removed => Self::new(ExitKind::Internal, "the wait was abandoned"),
        }
    }
}
