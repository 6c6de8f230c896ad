//! `book --wait`: waits until booking opens and books, as a prebooking does.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use super::context::RunContext;
use super::host_clock::ROUGH;
use super::plan::Next;
use super::result::ChoiceResult;
use super::task::{Abort, BookingTask};
use crate::booking::{BookResult, Outcome};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::PrebookRequest;
use crate::platform::Row;
use crate::sessions::{ActiveSession, SessionManager, SessionSelector};
use crate::signals::SignalGuard;
use crate::store::SessionRow;

/// How long after the opening an attempt is repeated.
const GIVE_UP: Duration = Duration::from_secs(30);

/// The class that a user waits for.
#[derive(Debug)]
pub struct Wait<'s> {
    context: RunContext<'s>,
    /// The class, described without its id, which may change before the opening. It has no alternatives.
    request: &'s PrebookRequest,
    /// The class's day on the box's calendar.
    day: NaiveDate,
    /// The box.
    profile: &'s BoxProfile,
    /// The class's id when it was last seen.
    class_id: &'s str,
}

/// The end of a booking, after a wait or at once.
#[derive(Debug)]
pub struct BookingEnd {
    /// The result of the booking.
    pub booked: BookResult,
    /// The session that acted, as it is now.
    pub session: SessionRow,
    /// Defers signals until the result is reported.
    pub signal_guard: Option<SignalGuard>,
    /// The later opening that a refusal states.
    pub moved_to: Option<DateTime<Utc>>,
    /// The instant of the request by the server's clock, as far as that is known.
    pub at: DateTime<Utc>,
}

impl<'s> Wait<'s> {
    /// A wait of the session that `selector` names.
    pub fn new(
        sessions: &'s SessionManager<'s>,
        selector: &SessionSelector,
        request: &'s PrebookRequest,
        day: NaiveDate,
        profile: &'s BoxProfile,
        class_id: &'s str,
    ) -> Self {
        let give_up = clock::scaled(GIVE_UP);
        Self {
            context: RunContext::new(sessions, selector.clone(), give_up),
            request,
            day,
            profile,
            class_id,
        }
    }

    /// Waits until `next` and books; if that is unknown, books at once. `live` is the session that has looked the class up. It
    /// is kept alive while waiting. `rows` is the schedule of the day if it was read just now, or empty.
    ///
    /// # Errors
    /// No outcome: the session expired, the class is not in the schedule, no response, or an unknown outcome.
    pub fn until(
        &self,
        next: Next,
        live: ActiveSession<'s>,
        rows: Vec<Row>,
    ) -> Result<BookingEnd, Failure> {
        let mut task = BookingTask::new(&self.context, self.request, self.day, self.profile);
        task.class_id = Some(self.class_id.to_owned());
        task.live = Some(live);
        task.rows = rows;
        let result = self.book(&mut task, next).inspect_err(|abort| {
            // an error that says what came of a request is reported although a signal waits
            let is_interrupted = matches!(abort, Abort::Failed(ExitKind::Interrupted, _));
            let signal_guard = task.signal_guard.take().into_iter();
            signal_guard.for_each(|signal_guard| signal_guard.keep_unless(is_interrupted));
        })?;
        task.live()?.release_after_firing();
        let requested_at = if result.outcome() == Outcome::TooEarly {
            // this machine's clock may be ahead of the server's
            task.look_within(Duration::MAX, ROUGH);
            None
        } else {
            task.fired_at
        };
        let at = requested_at.unwrap_or_else(|| task.server_now());
        Ok(BookingEnd {
            at: next.at().map_or(at, |next| next.max(at)),
            session: task.live()?.row().clone(),
            booked: result.booked,
            signal_guard: task.signal_guard.take(),
            moved_to: result.moved_to,
        })
    }

    fn book(&self, task: &mut BookingTask<'_>, next: Next) -> Result<ChoiceResult, Abort> {
        let mut result = task.book(&self.request.first, next)?;
        if result.outcome() == Outcome::Full && self.request.waitlist {
            result = task.join_waiting_list(&result)?.unwrap_or(result);
        }
        let kind = match result.outcome() {
            Outcome::Failed(kind) => kind,
            Outcome::Ambiguous => ExitKind::NotFound,
            Outcome::Cancelled => {
                // an outcome of prebookings only
                result.booked.outcome = Outcome::Closed;
                return Ok(result);
            }
            _ => return Ok(result),
        };
        let message = result.booked.message.unwrap_or_default();
        Err(Abort::Failed(kind, message))
    }
}

impl From<Abort> for Failure {
    fn from(abort: Abort) -> Self {
        match abort {
            Abort::Failed(kind, message) => Self::new(kind, message),
            Abort::Removed | Abort::ClockBehind => {
                Self::new(ExitKind::Internal, "the wait was abandoned")
            }
        }
    }
}
