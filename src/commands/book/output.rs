//! What `book` prints: the class that is booked, or why it is not.

use chrono::DateTime;
use chrono_tz::Tz;
use serde::Serialize;

use crate::booking::Outcome;
use crate::commands::{SessionRef, describe};
use crate::error::{ExitKind, Failure};
use crate::model::class::Class;
use crate::model::instant::maybe_instant;
use crate::ui::dates::opens_at;
use crate::ui::table::{OutputStyle, Style, cell, plain};

#[derive(Debug, Serialize)]
pub(super) struct BookView {
    pub outcome: Outcome,
    pub reservation_id: Option<String>,
    pub class: Class,
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    /// The opening is a guess.
    #[serde(skip)]
    pub guess: bool,
    pub prebooking_id: Option<i64>,
    /// What to do if the class is not booked.
    #[serde(skip)]
    pub next: Option<String>,
    pub message: Option<String>,
    pub book_state: Option<i64>,
    #[serde(rename = "box")]
    pub gym: String,
    pub session: SessionRef,
}

impl BookView {
    pub(super) fn lines(&self, style: &OutputStyle) -> Vec<String> {
        let outcome = match self.outcome {
            Outcome::Booked => cell("booked", Style::Good),
            Outcome::AlreadyBooked => cell("already booked", Style::Good),
            Outcome::Waitlisted => cell("on the waiting list", Style::Mine),
            Outcome::Prebooked => cell("prebooked", Style::Good),
            Outcome::WouldBook => plain("would book"),
            _ => return Vec::new(), // reported by the error line
        };
        let mut text = describe(&self.class);
        if let Some(id) = &self.reservation_id {
            text = format!("{text} (reservation {id})");
        }
        if let Some(id) = self.prebooking_id {
            let opens = opens_at(self.opens_at, self.guess);
            text = format!("{text} (prebooking {id}), {opens}");
        }
        if let Some(message) = &self.message {
            text = format!("{text}; {message}");
        }
        style.state(&outcome, &text)
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        let reason = self.reason()?;
        let mut message = format!("not booked: {}: {reason}", describe(&self.class));
        let kind = match self.outcome {
            Outcome::TooEarly => ExitKind::TooEarly,
            _ => ExitKind::Refused,
        };
        if self.outcome == Outcome::TooEarly && self.opens_at.is_some() {
            message = format!("{message}; it {}", opens_at(self.opens_at, self.guess));
        }
        if let Some(details) = &self.message {
            message = format!("{message} ({details})");
        }
        if let Some(next) = &self.next {
            message = format!("{message}; {next}");
        }
        Some(Failure::new(kind, message))
    }

    /// Why the class is not booked; `None` if it is, or would be.
    fn reason(&self) -> Option<&'static str> {
        Some(match self.outcome {
            Outcome::Booked
            | Outcome::Waitlisted
            | Outcome::AlreadyBooked
            | Outcome::Prebooked
            | Outcome::WouldBook => return None,
            Outcome::TooEarly => "booking is not open yet",
            Outcome::Full => "the class is full",
            Outcome::NoCredit => "no credit, or your membership does not cover this class",
            Outcome::PaymentPending => "a payment is pending; settle it with the box",
            Outcome::LimitReached => "your limit of classes is reached",
            Outcome::SameTime => "you have another class at that time",
            Outcome::TooLate => "too late: the class is about to start or has started",
            Outcome::Closed => "the class cannot be booked",
            Outcome::Refused
            | Outcome::Cancelled
            | Outcome::NotBooked
            | Outcome::Expired
            | Outcome::WithinLead
            | Outcome::OnceADay
            | Outcome::Ambiguous
            | Outcome::Failed(_) => "AimHarder refused the booking",
        })
    }
}
