//! Booking and cancelling, proven (promise 6): what a command does once, and what a
//! prebooking does at its instant.
//!
//! A [`BoxClient`] is a live session in front of one box. It reads schedules that are known to be
//! personal, sends a request, and settles every doubt by the class's own row:
//!
//! ```text
//! row ─► already mine? closed? ─► answer without sending
//!  └─► POST ─► refusal ──────────────────────────────► outcome
//!        └─► 1, 0, {}, "same hour", lost ─► row again ─► outcome, or "unknown"
//! ```
//!
//! Nothing here prints, and nothing is sent twice unless the platform provably did not act.

mod book;
mod cancel;
mod class;
pub mod find;
mod outcome;
mod upcoming;

use std::time::Duration;

use chrono::NaiveDate;

use crate::error::{ExitError, ExitKind};
use crate::platform::{self, BoxAt, Mine, Row, Schedule};
use crate::sessions::{self, ActiveSession};

pub(crate) use book::{Doubt, Requested, SECOND_LOOK};
pub use cancel::{CancelOutcome, CancelReport, cancellable};
pub use class::{Setting, to_class};
pub(crate) use outcome::decided;
pub use outcome::{BookReport, Outcome};
pub use upcoming::{Entry, PastEntry, UpcomingBookings};

/// A live session in front of one box, for the account holder or one family member.
#[derive(Debug)]
pub struct BoxClient<'d, 's> {
    /// the session of all calls; it is recovered after a logout
    pub live: &'d mut ActiveSession<'s>,
    /// the box that is asked
    pub at: BoxAt,
    /// the family member's numeric id; `None` is the account holder (protocol.md §5)
    pub family: Option<String>,
}

/// Why a booking or cancellation came to no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// it was sent, its answer was lost, and the schedule could not be read
    #[error("{0}")]
    Unknown(String),
    /// nothing was done, as far as the schedule shows: worth a later try
    #[error("{0}")]
    NotDone(String),
    /// no usable login, or the platform's own error
    #[error(transparent)]
    Session(#[from] sessions::Error),
}

impl Trouble {
    /// Whether a signal kept the request from being sent.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Session(e) if e.is_interrupted())
    }
}

impl ExitError for Trouble {
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

/// Whether a class is booked by the member, according to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// a place is mine
    Booked,
    /// a place on the waiting list is mine
    Waiting,
    /// neither
    NotMine,
}

/// Reads the row; `None` for an unknown state.
pub fn hold(row: &Row) -> Option<Hold> {
    match row.mine {
        Mine::Booked => Some(Hold::Booked),
        Mine::Waiting => Some(Hold::Waiting),
        Mine::No => Some(Hold::NotMine),
        Mine::Unknown(_) => None,
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
    pub fn schedule(&mut self, day: NaiveDate) -> sessions::Result<Schedule> {
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
    ) -> sessions::Result<Schedule> {
        let (at, family) = (&self.at, self.family.as_deref());
        let ask = match check {
            LoginCheck::Required => !self.live.has_shown_login(),
            LoginCheck::IfPossible => true,
            LoginCheck::Skipped => false,
        };
        let mut shown = false;
        let mut schedule = self.live.call(|platform, jar| {
            let platform = &platform.within(limit)?;
            let schedule = platform.schedule(jar, at, day, family)?;
            shown = schedule.is_personal();
            if !shown && ask {
                log::info!("nothing in the schedule of {day} proves the login; asking who we are");
                match platform.whoami(jar) {
                    Ok(_) => shown = true,
                    Err(e @ (platform::Error::LoggedOut | platform::Error::Interrupted)) => {
                        return Err(e);
                    }
                    Err(e) if check == LoginCheck::Required => return Err(e),
                    Err(e) => log::info!("whoami gave no usable response: {e}"),
                }
            }
            Ok(schedule)
        })?;
        if shown {
            self.live.note_login();
        }
        unite_rows(&mut schedule.rows);
        let mine = |held| {
            schedule
                .rows
                .iter()
                .filter(|row| hold(row) == Some(held))
                .count()
        };
        log::info!(
            "the schedule of {day} has {} classes: {} booked, {} on their waiting list",
            schedule.rows.len(),
            mine(Hold::Booked),
            mine(Hold::Waiting)
        );
        Ok(schedule)
    }

    /// The class's row as it is now. `None`: it is no longer in the schedule.
    pub(crate) fn row(&mut self, day: NaiveDate, class_id: &str) -> sessions::Result<Option<Row>> {
        let schedule = self.schedule(day)?;
        Ok(schedule.rows.into_iter().find(|row| row.id == class_id))
    }
}

/// Rows with the same id are one class. Of such rows, the first that shows a booking or a place on the waiting list is
/// kept, else the first.
fn unite_rows(rows: &mut Vec<Row>) {
    let mut united: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        match united
            .iter_mut()
            .find(|other| !row.id.is_empty() && other.id == row.id)
        {
            Some(other) if other.mine == Mine::No && row.mine != Mine::No => *other = row,
            Some(_) => {}
            None => united.push(row),
        }
    }
    *rows = united;
}

/// The platform's error when it is a write's own answer that was lost or strange; other errors
/// (no session, no lock, …) mean that the platform did not act.
fn lost(error: sessions::Error) -> Result<platform::Error, sessions::Error> {
    match error {
        sessions::Error::Platform(e) if !e.server_did_not_act() => Ok(e),
        other => Err(other),
    }
}

/// Was no connection made at all, so that sending again is safe?
fn never_sent(error: &sessions::Error) -> bool {
    matches!(
        error,
        sessions::Error::Platform(platform::Error::NotConnected { .. })
    )
}
