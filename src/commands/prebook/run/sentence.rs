//! The lines about a prebooking and its result.

use crate::booking::Outcome;
use crate::error::ExitKind;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::prebook::{Ending, Settled};

/// `prebooking 7 of ana@example.org, 18:30 WOD, Mon 23 Nov (crossfitdemo): the class is full`
pub(super) fn prebooking_sentence(settled: &Settled) -> String {
    let prebooking = &settled.prebooking;
    let reason = reason(settled.ending);
    let details = settled
        .message
        .as_ref()
        .filter(|message| *message != reason);
    let details = details.map_or_else(String::new, |message| format!(" ({message})"));
    let next = if settled.progress == Progress::Pending {
        "; it stays pending and is tried again"
    } else {
        ""
    };
    let named = named(prebooking, &settled.choice);
    format!("{named}: {reason}{details}{next}")
}

/// The line for a waiting-list place that is visible again.
pub(super) fn still_waiting(prebooking: &Prebooking) -> String {
    let named = named(prebooking, &prebooking.request.first);
    format!("{named}: its place on the waiting list is confirmed again")
}

fn named(prebooking: &Prebooking, choice: &Choice) -> String {
    format!(
        "prebooking {} of {}, {choice}, {} ({})",
        prebooking.id,
        prebooking.request.account,
        prebooking.day.format("%a %-d %b"),
        prebooking.request.gym,
    )
}

fn reason(ending: Ending) -> &'static str {
    match ending {
        Ending::Book(Outcome::Booked) => "booked",
        Ending::Book(Outcome::AlreadyBooked) => "already booked",
        Ending::Book(Outcome::Waitlisted) => "on the waiting list",
        Ending::Book(Outcome::Full) => "the class is full",
        Ending::Book(Outcome::NoCredit) => "no credit, or the membership does not cover it",
        Ending::Book(Outcome::PaymentPending) => "a payment is pending",
        Ending::Book(Outcome::LimitReached) => "the limit of classes is reached",
        Ending::Book(Outcome::SameTime) => "there is another class at that time",
        Ending::Book(Outcome::TooLate) => "too late",
        Ending::Book(Outcome::Closed) => "the class cannot be booked",
        Ending::Book(Outcome::TooEarly) => "booking is not open yet",
        Ending::Book(Outcome::Refused | Outcome::WouldBook | Outcome::Prebooked) => {
            "AimHarder refused the booking"
        }
        Ending::Cancelled => "cancelled by the gym",
        Ending::NotBooked => "the place on the waiting list is gone",
        Ending::Expired => "the class has started",
        Ending::Trouble(ExitKind::LoginRequired) => "login required",
        Ending::Trouble(ExitKind::NotFound) => "no such class",
        Ending::Trouble(ExitKind::UnknownOutcome) => "outcome unknown",
        Ending::Trouble(ExitKind::Internal) => "internal error",
        Ending::Trouble(_) => "AimHarder could not be reached",
    }
}
