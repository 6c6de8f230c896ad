//! Booking and cancelling one class, proven by the schedule row (promise 6).
//!
//! A [`BoxClient`] is an open session and one box. It reads schedules, sends a request, and settles by the row of the class
//! what the response does not prove:
//!
//! ```text
//! row ─► booked already, or closed ─► outcome without a request
//!  └─► request ─► refusal ───────────────► outcome
//!        └─► state 1 or 0, {}, "same hour", lost ─► row again ─► outcome, or unknown
//! ```
//!
//! Nothing here prints. Nothing is sent twice unless the platform provably did not act.

mod book;
mod cancel;
mod class;
pub mod find;
mod outcome;
mod upcoming;

use std::time::Duration;

use chrono::NaiveDate;

use crate::error::{ExitError, ExitKind};
use crate::platform::{self, BoxAt, Mine, Row};
use crate::sessions::{self, ActiveSession};

pub(crate) use book::{
    NOT_IN_SCHEDULE, SECOND_LOOK, UNKNOWN_STATE, cause, is_unproven, proven, settled,
};
pub use cancel::{CancelOutcome, CancelResult, cancellable};
pub use class::to_class;
pub use outcome::{BookResult, Outcome};
pub use upcoming::{Booking, BookingState};

/// An open session and a box, for the account holder or a family member.
#[derive(Debug)]
pub struct BoxClient<'d, 's> {
    /// The session of all calls. It is recovered after a logout.
    pub live: &'d mut ActiveSession<'s>,
    /// The box.
    pub at: BoxAt,
    /// The family member's id; `None` is the account holder (protocol.md §5).
    pub family: Option<String>,
}

/// Why a booking or cancellation has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request was sent, and the schedule does not show what came of it.
    #[error("{0}")]
    Unknown(String),
    /// Nothing was booked or cancelled, as far as the schedule shows. A later try may succeed.
    #[error("{0}")]
    NotDone(String),
    /// No usable session, or an error of the platform.
    #[error(transparent)]
    Session(#[from] sessions::Error),
}

impl Error {
    /// Whether a signal kept the request from being sent.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Session(e) if e.is_interrupted())
    }
}

impl ExitError for Error {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Unknown(_) => ExitKind::UnknownOutcome,
            Self::NotDone(_) => ExitKind::Unreachable,
            Self::Session(e) => e.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Session(e) => e.remedy(),
            _ => None,
        }
    }
}

/// How a schedule without anything personal is checked: it looks the same to a dead session (protocol.md §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginCheck {
    /// `whoami` is asked, unless this session has shown its login in this process. Without a usable response the
    /// schedule is not believed.
    Required,
    /// `whoami` is asked, and only a logout counts.
    IfPossible,
    /// Nothing is asked: the response to the next request shows a logout.
    Skipped,
}

impl BoxClient<'_, '_> {
    /// A day's schedule as this login sees it, with [`LoginCheck::Required`].
    ///
    /// # Errors
    /// The platform's, or those of a session that cannot be recovered.
    pub fn schedule(&mut self, day: NaiveDate) -> sessions::Result<Vec<Row>> {
        self.schedule_within(day, Duration::MAX, LoginCheck::Required)
    }

    /// A day's schedule. Each request has `limit` as its timeout.
    ///
    /// # Errors
    /// The platform's, or those of a session that cannot be recovered.
    pub fn schedule_within(
        &mut self,
        day: NaiveDate,
        limit: Duration,
        check: LoginCheck,
    ) -> sessions::Result<Vec<Row>> {
        let (at, family) = (&self.at, self.family.as_deref());
        let ask = match check {
            LoginCheck::Required => !self.live.has_shown_login(),
            LoginCheck::IfPossible => true,
            LoginCheck::Skipped => false,
        };
        let mut shown = false;
        let rows = self.live.call(|platform, jar| {
            let platform = &platform.within(limit)?;
            let rows = platform.schedule(jar, at, day, family)?;
            shown = rows.iter().any(Row::is_personal);
            if !shown && ask {
                log::info!("nothing in the schedule of {day} proves the login; asking whoami");
                match platform.whoami(jar) {
                    Ok(_) => shown = true,
                    Err(e @ (platform::Error::LoggedOut | platform::Error::Interrupted)) => {
                        return Err(e);
                    }
                    Err(e) if check == LoginCheck::Required => return Err(e),
                    Err(e) => log::info!("whoami gave no usable response: {e}"),
                }
            }
            Ok(rows)
        })?;
        if shown {
            self.live.note_login();
        }
        let with = |mine| rows.iter().filter(|row| row.mine == mine).count();
        log::info!(
            "the schedule of {day} has {} classes: {} booked, {} on their waiting list",
            rows.len(),
            with(Mine::Booked),
            with(Mine::Waiting)
        );
        Ok(rows)
    }

    /// The class's row as it is now. `None`: it is no longer in the schedule.
    pub(crate) fn row(&mut self, day: NaiveDate, class_id: &str) -> sessions::Result<Option<Row>> {
        let rows = self.schedule(day)?;
        Ok(rows.into_iter().find(|row| row.id == class_id))
    }
}

/// Whether the schedule row has to settle a request with this error: its response was lost, or is not the platform's. After
/// any other error (no session, no lock, not sent) the platform did not act.
fn needs_row(error: &sessions::Error) -> bool {
    matches!(error, sessions::Error::Platform(e) if !e.server_did_not_act())
}

/// Whether no connection was made, so that sending the request again is safe.
fn never_sent(error: &sessions::Error) -> bool {
    matches!(
        error,
        sessions::Error::Platform(platform::Error::NotConnected { .. })
    )
}
