//! The outcomes of a booking, and those that the schedule decides without a request.

use serde::Serialize;

use super::{Hold, hold};
use crate::model::opening::Learned;
use crate::platform::{BookAnswer, Row, Verdict};

/// The outcome of a booking (`scripting.md`, "Booking").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// a place is mine, proven by the answer or by the row
    Booked,
    /// a place on the waiting list is mine
    Waitlisted,
    /// it was mine before anything was asked for, or turned out to be
    AlreadyBooked,
    /// not open yet, and stored to be booked at the opening
    Prebooked,
    /// a rehearsal: nothing in the schedule speaks against it
    WouldBook,
    /// no place left, and queueing was not asked for or not possible
    Full,
    /// no credit, or a membership that does not cover this class
    NoCredit,
    /// a payment is pending
    PaymentPending,
    /// no more classes for this day or period
    LimitReached,
    /// the member has another class at that time
    SameTime,
    /// the class is about to start, or has started
    TooLate,
    /// cancelled by the gym, reserved for its staff, or not offered
    Closed,
    /// refused for a reason that only the message states
    Refused,
    /// booking is not open yet
    TooEarly,
}

impl Outcome {
    /// Its name in JSON and in the history.
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
            Self::LimitReached => "limit_reached",
            Self::SameTime => "same_time",
            Self::TooLate => "too_late",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::TooEarly => "too_early",
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct BookReport {
    /// what it came to
    pub outcome: Outcome,
    /// the class as it is now, as far as it was read again
    pub row: Row,
    /// my reservation's number, which cancelling wants; `None` unless a place or a queue place is mine
    pub reservation: Option<String>,
    /// AimHarder's words, cleaned, or why the schedule decided so
    pub message: Option<String>,
    /// the platform's own number for it
    pub state: Option<i64>,
    /// what a "too early" response says about the opening
    pub learned: Option<Learned>,
}

/// Decides from the row alone: the class is booked already, or it cannot be booked.
pub(crate) fn decided(row: &Row) -> Option<BookReport> {
    let outcome = if row.cancelled {
        Outcome::Closed
    } else {
        match hold(row) {
            Some(Hold::Booked) => Outcome::AlreadyBooked,
            Some(Hold::Waiting) => Outcome::Waitlisted,
            _ if !row.enabled || row.staff || row.hidden => Outcome::Closed,
            _ => return None,
        }
    };
    let mut report = report(outcome, row.clone(), None);
    if outcome == Outcome::Closed {
        let why = if row.cancelled {
            "the gym has cancelled this class"
        } else if row.staff {
            "this place is reserved by the gym's staff"
        } else {
            "this class is not offered for booking"
        };
        report.message = Some(why.into());
    }
    Some(report)
}

/// The report of an outcome, with the response if there was one.
pub(super) fn report(outcome: Outcome, row: Row, answer: Option<BookAnswer>) -> BookReport {
    let reservation = row
        .reservation
        .clone()
        .or_else(|| answer.as_ref().and_then(|a| a.reservation.clone()))
        .filter(|_| {
            matches!(
                outcome,
                Outcome::Booked | Outcome::AlreadyBooked | Outcome::Waitlisted
            )
        });
    let learned = answer.as_ref().and_then(|a| match &a.verdict {
        Verdict::TooEarly(learned) => *learned,
        _ => None,
    });
    BookReport {
        outcome,
        row,
        reservation,
        message: answer.as_ref().and_then(|a| a.message.clone()),
        state: answer.and_then(|a| a.state),
        learned,
    }
}
