//! Booked, cancelled, and what stands in the diary.

use std::io::{self, Write};

use chrono::{DateTime, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::Serialize;

use super::SessionRef;
use super::classes::{day_heading, opens_words};
use crate::booking::{CancelOutcome, Outcome};
use crate::error::{ExitKind, Failure};
use crate::model::class::Class;
use crate::model::instant::{hours_minutes, instant, maybe_hours_minutes, maybe_instant};
use crate::ui::Output;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, plain, shrink};

/// `book`
#[derive(Debug, Serialize)]
pub(crate) struct BookView {
    pub outcome: Outcome,
    pub reservation_id: Option<String>,
    pub class: Class,
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    /// the day of the opening is known, its hour is guessed
    #[serde(skip)]
    pub guess: bool,
    pub prebooking_id: Option<i64>,
    /// nobody could tell when booking opens: the user has to
    #[serde(skip)]
    pub asks_for_rule: bool,
    pub message: Option<String>,
    pub book_state: Option<i64>,
    #[serde(rename = "box")]
    pub gym: String,
    pub session: SessionRef,
}

impl Output for BookView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let words = match self.outcome {
            Outcome::Booked => style.paint("booked", Style::Good),
            Outcome::AlreadyBooked => style.paint("already booked", Style::Good),
            Outcome::Waitlisted => style.paint("on the waiting list", Style::Mine),
            Outcome::Prebooked => style.paint("prebooked", Style::Good),
            Outcome::WouldBook => "would book".to_owned(),
            _ => return Ok(()), // the error line says it
        };
        write!(to, "{words}: {}", describe(&self.class))?;
        if let Some(id) = &self.reservation_id {
            write!(to, " (reservation {id})")?;
        }
        if let Some(id) = self.prebooking_id {
            write!(
                to,
                " (prebooking {id}), {}",
                opens_words(self.opens_at, self.guess)
            )?;
        }
        match &self.message {
            Some(message) => writeln!(to, "; {message}"),
            None => writeln!(to),
        }
    }

    fn failure(&self) -> Option<Failure> {
        let (kind, words) = self.reason()?;
        let mut message = format!("not booked: {}: {words}", describe(&self.class));
        if self.outcome == Outcome::TooEarly && self.opens_at.is_some() {
            message = format!("{message}; it {}", opens_words(self.opens_at, self.guess));
        }
        if let Some(told) = &self.message {
            message = format!("{message} ({told})");
        }
        if self.asks_for_rule {
            message = format!(
                "{message}; when it opens is not known: set it, for example with `aimharder boxes set {} --opens 4d@07:00`, \
                 and wait again",
                self.gym
            );
        }
        Some(Failure::new(kind, message))
    }

    fn has_side_effects(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Booked | Outcome::Waitlisted | Outcome::Prebooked
        )
    }
}

impl BookView {
    /// Why it is not booked. `None`: it is, or would be.
    fn reason(&self) -> Option<(ExitKind, &'static str)> {
        Some(match self.outcome {
            Outcome::Booked
            | Outcome::Waitlisted
            | Outcome::AlreadyBooked
            | Outcome::Prebooked
            | Outcome::WouldBook => return None,
            Outcome::TooEarly => (ExitKind::TooEarly, "booking is not open yet"),
            Outcome::Full if self.class.waiting.is_some() => (
                ExitKind::Refused,
                "the class is full (queue with --waitlist)",
            ),
            Outcome::Full => (ExitKind::Refused, "the class is full"),
            Outcome::NoCredit => (
                ExitKind::Refused,
                "no credit, or your membership does not cover this class",
            ),
            Outcome::PaymentPending => (
                ExitKind::Refused,
                "a payment is pending; settle it with the gym",
            ),
            Outcome::LimitReached => (ExitKind::Refused, "your limit of classes is reached"),
            Outcome::SameTime => (ExitKind::Refused, "you have another class at that time"),
            Outcome::TooLate => (
                ExitKind::Refused,
                "too late: the class is about to start or has started",
            ),
            Outcome::Closed => (ExitKind::Refused, "the class cannot be booked"),
            Outcome::Refused => (ExitKind::Refused, "AimHarder refused the booking"),
        })
    }
}

/// `cancel`
#[derive(Debug, Serialize)]
pub(crate) struct CancelView {
    pub outcome: CancelOutcome,
    pub class: Class,
    pub message: Option<String>,
    pub cancel_state: Option<i64>,
    #[serde(rename = "box")]
    pub gym: String,
    pub session: SessionRef,
}

impl Output for CancelView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        match self.outcome {
            CancelOutcome::Cancelled => {
                writeln!(
                    to,
                    "{}: {}",
                    style.paint("cancelled", Style::Good),
                    describe(&self.class)
                )
            }
            CancelOutcome::WouldCancel => writeln!(to, "would cancel: {}", describe(&self.class)),
            CancelOutcome::NotBooked | CancelOutcome::LateCancellation | CancelOutcome::Refused => {
                Ok(())
            }
        }
    }

    fn failure(&self) -> Option<Failure> {
        let (kind, words) = match self.outcome {
            CancelOutcome::Cancelled | CancelOutcome::WouldCancel => return None,
            CancelOutcome::NotBooked => (ExitKind::NotFound, "you have no booking there"),
            CancelOutcome::LateCancellation => (
                ExitKind::Refused,
                "cancelling now would cost the credit; add --late to accept that",
            ),
            CancelOutcome::Refused => (ExitKind::Refused, "AimHarder refused the cancellation"),
        };
        let told = self
            .message
            .as_ref()
            .map_or_else(String::new, |told| format!(" ({told})"));
        Some(Failure::new(
            kind,
            format!("not cancelled: {}: {words}{told}", describe(&self.class)),
        ))
    }

    fn has_side_effects(&self) -> bool {
        self.outcome == CancelOutcome::Cancelled
    }
}

/// `WOD, Monday 23 November 2026, 18:30`
fn describe(class: &Class) -> String {
    format!(
        "{}, {}, {}",
        class.name,
        day_heading(class.day),
        class.start.format("%H:%M")
    )
}

/// `bookings`
#[derive(Debug, Serialize)]
pub(crate) struct BookingsView {
    pub bookings: Vec<BookingView>,
    pub history: Vec<HistoryView>,
    pub session: SessionRef,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct BookingView {
    pub day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub end: Option<NaiveTime>,
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    pub name: String,
    #[serde(rename = "box")]
    pub gym: String,
    /// the box as people call it
    #[serde(skip)]
    pub title: Option<String>,
    pub reservation_id: Option<String>,
    pub state: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct HistoryView {
    pub day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    pub name: String,
    #[serde(rename = "box")]
    pub gym: String,
    pub state: &'static str,
}

/// First the class's name, then the box's, then more of the name.
const SHRINK: [ShrinkPriority; 3] = [shrink(2, 12), shrink(3, 8), shrink(2, 4)];

impl Output for BookingsView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.bookings.is_empty() {
            writeln!(to, "nothing booked")?;
        }
        let rows: Vec<Vec<Cell>> = self.bookings.iter().map(booking_row).collect();
        style.table(&rows, 0, &SHRINK, to)?;
        if !self.history.is_empty() {
            writeln!(to, "\n{}", style.paint("Past", Style::Heading))?;
            let rows: Vec<Vec<Cell>> = self.history.iter().map(history_row).collect();
            style.table(&rows, 0, &SHRINK, to)?;
        }
        Ok(())
    }
}

fn booking_row(booking: &BookingView) -> Vec<Cell> {
    let state = if booking.state == "booked" {
        "booked"
    } else {
        "waiting list"
    };
    vec![
        plain(short_day(booking.day)),
        plain(booking.start.format("%H:%M").to_string()),
        plain(&booking.name),
        plain(&booking.gym),
        cell(state, Style::Mine),
        cell(
            booking
                .reservation_id
                .as_ref()
                .map_or_else(String::new, |id| format!("reservation {id}")),
            Style::Faint,
        ),
    ]
}

fn history_row(past: &HistoryView) -> Vec<Cell> {
    let state = match past.state {
        "late_cancelled" => cell("cancelled late", Style::Bad),
        "waitlisted" => plain("waiting list"),
        _ => plain("booked"),
    };
    vec![
        plain(short_day(past.day)),
        plain(past.start.format("%H:%M").to_string()),
        plain(&past.name),
        plain(&past.gym),
        state,
    ]
}

fn short_day(day: NaiveDate) -> String {
    day.format("%a %d %b %Y").to_string()
}
