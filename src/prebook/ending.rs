//! How a try of a prebooking can end, and what that means for its next try.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::booking::Outcome;
use crate::error::{ExitKind, Failure};
use crate::model::opening::Learned;
use crate::model::prebooking::Choice;
use crate::platform::Row;
use crate::sessions;
use crate::signals::SignalGuard;
use crate::store::{SessionRow, Shot};

/// How a try of a prebooking ended (`scripting.md`, `prebook run`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// an outcome of booking: AimHarder's answer, or what the schedule decided
    Book(Outcome),
    /// the gym has cancelled the class
    Cancelled,
    /// The place on the waiting list is gone, and the class still takes place.
    NotBooked,
    /// the class has started
    Expired,
    /// `login_required`, `unreachable`, `unknown_outcome`, `not_found`, or a fault of our own
    Trouble(ExitKind),
}

impl Ending {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Book(outcome) => outcome.name(),
            Self::Cancelled => "cancelled",
            Self::NotBooked => "not_booked",
            Self::Expired => "expired",
            Self::Trouble(kind) => kind.name(),
        }
    }

    /// Whether the next choice may be tried: this one is full, closed, missing or refused. Every other end is final for the
    /// run: a class was booked, must be waited for, or its outcome is unknown.
    pub fn allows_alternative(self) -> bool {
        match self {
            Self::Book(outcome) => matches!(
                outcome,
                Outcome::Full
                    | Outcome::Closed
                    | Outcome::Refused
                    | Outcome::NoCredit
                    | Outcome::PaymentPending
                    | Outcome::LimitReached
                    | Outcome::SameTime
                    | Outcome::TooLate
            ),
            Self::Cancelled
            | Self::NotBooked
            | Self::Expired
            | Self::Trouble(ExitKind::NotFound) => true,
            Self::Trouble(_) => false,
        }
    }

    /// A later run may still get it, so it stays pending.
    pub fn stays_pending(self, watch: bool) -> bool {
        match self {
            Self::Book(Outcome::Full) => watch,
            Self::Book(Outcome::Closed | Outcome::TooEarly) | Self::Trouble(_) => true,
            Self::Book(_) | Self::Cancelled | Self::NotBooked | Self::Expired => false,
        }
    }
}

/// Why a try ends at once.
#[derive(Debug)]
pub(super) enum Abort {
    /// removed, or changed, by hand meanwhile
    Removed,
    Trouble(ExitKind, String),
}

impl From<sessions::Error> for Abort {
    fn from(error: sessions::Error) -> Self {
        let failure = Failure::from_error(&error);
        Self::Trouble(failure.kind, failure.message)
    }
}

/// What came of a try.
#[derive(Debug)]
pub struct Fired {
    /// how it ended
    pub ending: Ending,
    /// why, in words for people
    pub message: Option<String>,
    /// my reservation's number, once it is had
    pub reservation: Option<String>,
    /// which of the choices it is about
    pub choice: Option<Choice>,
    /// the class as it was read last; `None` when it was never found
    pub class: Option<Row>,
    /// when booking of that choice opens; `None` if unknown
    pub opens_at: Option<DateTime<Utc>>,
    /// the deciding request, by the server's clock
    pub fired_at: Option<DateTime<Utc>>,
    /// every booking request, oldest first
    pub shots: Vec<Shot>,
    /// the server's clock minus this machine's; `None` where it could not be measured
    pub clock_offset_ms: Option<f64>,
    /// the later opening that a refusal states
    pub moved_to: Option<DateTime<Utc>>,
    /// the session that acted, as it is now; `None` when none was had
    pub session: Option<SessionRow>,
    /// the rule that a guess has been found to be, for the user to set
    pub learned: Vec<(String, Learned)>,
    /// defers signals until the result is stored and reported
    pub signal_guard: Option<SignalGuard>,
}

impl Fired {
    /// Ended without a request.
    pub(super) fn without_a_shot(ending: Ending, message: impl fmt::Display) -> Self {
        Self {
            ending,
            message: Some(message.to_string()),
            reservation: None,
            choice: None,
            class: None,
            opens_at: None,
            fired_at: None,
            shots: Vec::new(),
            clock_offset_ms: None,
            moved_to: None,
            session: None,
            learned: Vec::new(),
            signal_guard: None,
        }
    }

    /// Nothing was tried: the class has started.
    pub(super) fn over() -> Self {
        Self::without_a_shot(Ending::Expired, "the class has started")
    }
}
