//! What `book` prints: the class that is booked, or why it is not.

use chrono::DateTime;
use chrono_tz::Tz;
use serde::Serialize;

use crate::booking::Outcome;
use crate::commands::{SessionRef, describe, outcome_words};
use crate::error::{ExitKind, Failure};
use crate::model::class::Class;
use crate::model::instant::maybe_instant;
use crate::ui::dates::opens_at;
use crate::ui::table::{OutputStyle, Style, cell};

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
        let style_of = match self.outcome {
            Outcome::Booked | Outcome::AlreadyBooked | Outcome::Prebooked => Style::Good,
            Outcome::Waitlisted => Style::Mine,
            Outcome::WouldBook => Style::Plain,
            _ => return Vec::new(), // reported by the error line
        };
        let outcome = cell(outcome_words(self.outcome), style_of);
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
        let kind = match self.outcome {
            Outcome::Prebooked | Outcome::WouldBook => return None,
            outcome if outcome.is_place() => return None,
            Outcome::TooEarly => ExitKind::TooEarly,
            _ => ExitKind::Refused,
        };
        let (class, reason) = (describe(&self.class), outcome_words(self.outcome));
        let mut message = format!("not booked: {class}: {reason}");
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
}
