//! One file for each subcommand: its flags and help, its flow, and what it prints as text and JSON.

pub(crate) mod app;
pub mod args;
mod automation;
pub(crate) mod book;
pub(crate) mod bookings;
mod box_profile;
pub(crate) mod boxes;
pub(crate) mod cancel;
pub(crate) mod classes;
pub(crate) mod completions;
pub(crate) mod config;
pub mod failure;
pub(crate) mod help;
mod learn;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod notify;
pub(crate) mod prebook;
pub(crate) mod probe;
pub(crate) mod refresh;
pub(crate) mod sessions;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod system;
pub(crate) mod wod;

use chrono::NaiveDate;

use crate::booking::Outcome;
use crate::error::ExitKind;
use crate::model::class::Class;
pub(crate) use crate::sessions::SessionRef;
use crate::ui::dates::long_day;

/// `WOD, Monday 23 November 2026, 18:30`
pub(crate) fn describe(class: &Class) -> String {
    let (name, day) = (&class.name, long_day(class.day));
    format!("{name}, {day}, {}", class.start.format("%H:%M"))
}

/// `1 session`, `2 sessions`
fn plural(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// The outcome in words.
fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Booked => "booked",
        Outcome::AlreadyBooked => "already booked",
        Outcome::Waitlisted => "on the waiting list",
        Outcome::Prebooked => "prebooked",
        Outcome::WouldBook => "would book",
        Outcome::Full => "the class is full",
        Outcome::NoCredit => "no credit, or your membership does not cover this class",
        Outcome::PaymentPending => "a payment is pending; settle it with the box",
        Outcome::LimitReached => "your limit of classes is reached",
        Outcome::SameTime => "you have another class at that time",
        Outcome::TooLate => "too late: the class is about to start or has started",
        Outcome::WithinLead => "the class starts within its lead",
        Outcome::OnceADay => "another class is booked that day",
        Outcome::Closed => "the class cannot be booked",
        Outcome::TooEarly => "booking is not open yet",
        Outcome::Refused => "AimHarder refused the booking",
        Outcome::Cancelled => "cancelled by the gym",
        Outcome::NotBooked => "the place on the waiting list is gone",
        Outcome::Expired => "the class has started",
        Outcome::Ambiguous => "several classes fit",
        Outcome::Failed(ExitKind::LoginRequired) => "login required",
        Outcome::Failed(ExitKind::NotFound) => "no such class",
        Outcome::Failed(ExitKind::UnknownOutcome) => "outcome unknown",
        Outcome::Failed(ExitKind::Internal) => "internal error",
        // of the cancellation of a place on a waiting list
        Outcome::Failed(ExitKind::Refused) => "AimHarder refused it",
        Outcome::Failed(_) => "AimHarder could not be reached",
    }
}

/// The next step after an outcome that does not depend on how the class was requested. `flags` follow each command.
fn other_step(outcome: Outcome, day: NaiveDate, flags: &str) -> Option<String> {
    match outcome {
        Outcome::SameTime
        | Outcome::LimitReached
        | Outcome::OnceADay
        | Outcome::Failed(ExitKind::UnknownOutcome) => {
            Some(format!("see `aimharder bookings{flags}`"))
        }
        Outcome::TooLate
        | Outcome::Closed
        | Outcome::NoCredit
        | Outcome::Refused
        | Outcome::Cancelled
        | Outcome::Expired
        | Outcome::NotBooked
        | Outcome::WithinLead
        | Outcome::Failed(ExitKind::NotFound) => Some(format!(
            "for other classes: `aimharder classes {day}{flags}`"
        )),
        _ => None,
    }
}
