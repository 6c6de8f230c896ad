//! The outcomes of a booking, and those that the schedule decides without a request.

use serde::Serialize;

use crate::error::ExitKind;
use crate::model::opening::Opening;
use crate::platform::{BookResponse, Mine, Row, Verdict};

/// The outcome of a booking or of a prebooking (`scripting.md`, "Booking" and "Prebooking").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The schedule row shows a place.
    Booked,
    /// The schedule row shows a place on the waiting list.
    Waitlisted,
    /// The class was booked before the request.
    AlreadyBooked,
    /// Booking is not open yet, and a prebooking is stored.
    Prebooked,
    /// Dry run: nothing in the schedule prevents the booking.
    WouldBook,
    /// No place is left, and the waiting list was not requested or does not exist.
    Full,
    /// No credit, or a membership that does not cover this class.
    NoCredit,
    /// A payment is pending.
    PaymentPending,
    /// No more classes for this day or period.
    LimitReached,
    /// The member has another class at that time.
    SameTime,
    /// The class is about to start, or has started.
    TooLate,
    /// Cancelled by the box, reserved by its staff, or not enabled.
    Closed,
    /// Refused for a reason that only the message gives.
    Refused,
    /// Booking is not open yet.
    TooEarly,
    /// Of a prebooking: the box has cancelled the class.
    Cancelled,
    /// Of a prebooking: the place on the waiting list is gone, and the class is not cancelled.
    NotBooked,
    /// Of a prebooking: the class has started.
    Expired,
    /// Of a prebooking: the class starts within the prebooking's lead.
    WithinLead,
    /// Of a prebooking with `--once-a-day`: another class is booked that day.
    OnceADay,
    /// Of a prebooking: several classes fit.
    Ambiguous,
    /// Of a prebooking: it failed, and a later run may succeed.
    Failed(ExitKind),
}

impl Outcome {
    /// The name in JSON and in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Waitlisted => "waitlisted",
            Self::AlreadyBooked => "already_booked",
            Self::Prebooked => "prebooked",
            Self::WouldBook => "would_book",
            Self::Full => "full",
            Self::NoCredit => "no_credit",
            Self::PaymentPending => "payment_pending",
            Self::LimitReached | Self::OnceADay => "limit_reached",
            Self::SameTime => "same_time",
            Self::TooLate | Self::WithinLead => "too_late",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::TooEarly => "too_early",
            Self::Cancelled => "cancelled",
            Self::NotBooked => "not_booked",
            Self::Expired => "expired",
            Self::Ambiguous => ExitKind::NotFound.name(),
            Self::Failed(kind) => kind.name(),
        }
    }

    /// Whether the class is the member's: booked, or on the waiting list.
    pub fn is_place(self) -> bool {
        matches!(self, Self::Booked | Self::AlreadyBooked | Self::Waitlisted)
    }

    /// The outcome that a response proves. `None`: the schedule row decides.
    pub(super) fn proven(verdict: &Verdict) -> Option<Self> {
        Some(match verdict {
            Verdict::Booked | Verdict::Unproven | Verdict::SameHour => return None,
            Verdict::Full => Self::Full,
            Verdict::NoCredit => Self::NoCredit,
            Verdict::PaymentPending => Self::PaymentPending,
            Verdict::LimitReached => Self::LimitReached,
            Verdict::TooLate => Self::TooLate,
            Verdict::TooEarly(_) => Self::TooEarly,
            Verdict::Refused | Verdict::Unexplained => Self::Refused,
        })
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// The result of a booking, proven by a refusal or by the schedule row.
#[derive(Debug, Clone)]
pub struct BookResult {
    /// The outcome.
    pub outcome: Outcome,
    /// The class as it was read last. `None`: it was not found.
    pub row: Option<Row>,
    /// The reservation id, which cancelling needs. `None` without a place.
    pub reservation: Option<String>,
    /// The platform's text, cleaned, or the reason that the schedule gives.
    pub message: Option<String>,
    /// `bookState` of the response.
    pub state: Option<i64>,
    /// The opening rule that a "too early" response states.
    pub learned: Option<Opening>,
}

impl BookResult {
    /// A result without a request.
    pub fn unsent(outcome: Outcome, row: Option<Row>, message: Option<String>) -> Self {
        let reservation = row.as_ref().and_then(|row| row.reservation.clone());
        Self {
            outcome,
            reservation: reservation.filter(|_| outcome.is_place()),
            row,
            message,
            state: None,
            learned: None,
        }
    }

    /// The result that the row shows before anything is sent: the class is the member's already, or cannot be booked.
    pub(crate) fn decided(row: &Row) -> Option<Self> {
        let closed = |why: &str| Some((Outcome::Closed, Some(why.to_owned())));
        let (outcome, message) = match row.mine {
            _ if row.cancelled => closed("the gym has cancelled this class"),
            Mine::Booked => Some((Outcome::AlreadyBooked, None)),
            Mine::Waiting => Some((Outcome::Waitlisted, None)),
            _ if row.staff => closed("this place is reserved by the gym's staff"),
            _ if !row.enabled || row.hidden => closed("this class is not offered for booking"),
            _ => None,
        }?;
        Some(Self::unsent(outcome, Some(row.clone()), message))
    }

    /// The result of a response, whose row may show a place.
    pub(super) fn of_response(outcome: Outcome, row: Row, response: Option<&BookResponse>) -> Self {
        let unsent = Self::unsent(outcome, Some(row), None);
        let Some(response) = response else {
            return unsent;
        };
        let named = response.reservation.clone();
        Self {
            reservation: unsent
                .reservation
                .or_else(|| named.filter(|_| outcome.is_place())),
            message: response.message.clone(),
            state: response.state,
            learned: match &response.verdict {
                Verdict::TooEarly(learned) => *learned,
                _ => None,
            },
            ..unsent
        }
    }
}
