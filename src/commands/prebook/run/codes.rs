//! The exit code over all results (`scripting.md`, `prebook run`).

use std::collections::BTreeSet;

use super::output::RunView;
use super::sentence::prebooking_sentence;
use crate::booking::Outcome;
use crate::error::{ExitKind, Failure};
use crate::model::prebooking::Progress;
use crate::prebook::{Ending, Settled};

#[derive(Debug, Default)]
pub(super) struct Codes {
    bad: BTreeSet<ExitKind>,
    succeeded: bool,
    first: Option<String>,
}

impl Codes {
    pub(super) fn add(&mut self, settled: &Settled) {
        match code(settled) {
            Some(kind) => {
                self.bad.insert(kind);
                self.first
                    .get_or_insert_with(|| prebooking_sentence(settled));
            }
            None => {
                self.succeeded |=
                    matches!(settled.progress, Progress::Booked | Progress::Waitlisted);
            }
        }
    }

    pub(super) fn failure(self, view: &RunView) -> Option<Failure> {
        let mut kinds = self.bad.into_iter();
        let kind = match (kinds.next()?, kinds.next()) {
            (only, None) if !self.succeeded => only,
            _ => ExitKind::Partial,
        };
        let message = format!(
            "{} of {} prebookings were not booked: {}",
            view.failed + view.postponed,
            view.due,
            self.first.unwrap_or_default()
        );
        // each result was reported when it was new
        Some(Failure {
            reported: true,
            ..Failure::new(kind, message)
        })
    }
}

/// The exit kind of one result; `None` if it is booked, on the waiting list, or postponed without a problem.
pub(super) fn code(settled: &Settled) -> Option<ExitKind> {
    let pending = settled.progress == Progress::Pending;
    match settled.ending {
        Ending::Book(Outcome::Booked | Outcome::AlreadyBooked | Outcome::Waitlisted)
        | Ending::NotBooked => None,
        Ending::Book(Outcome::Full | Outcome::Closed | Outcome::TooEarly) if pending => None,
        Ending::Book(_) | Ending::Cancelled | Ending::Expired => Some(ExitKind::Refused),
        Ending::Trouble(kind) => Some(kind),
    }
}
