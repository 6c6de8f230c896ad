//! The result of a prebooking, and the table of what each outcome means for it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::booking::{BookResult, Outcome};
use crate::config::Event;
use crate::error::ExitKind;
use crate::model::opening::Opening;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::platform::Row;
use crate::sessions::SessionRef;
use crate::store::Attempt;

/// What an outcome means for its prebooking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The status that is stored.
    pub progress: Progress,
    /// The exit kind of the run. `None` for a success, or if nothing is wrong.
    pub kind: Option<ExitKind>,
    /// The notification.
    pub event: Event,
    /// Whether the next choice may be tried: this one is full, closed, missing or refused. After any other outcome a class
    /// is booked, has to be waited for, or may have been booked.
    pub tries_next: bool,
}

impl Meaning {
    /// The table. `watch`: the prebooking waits for a place in a full class.
    pub fn of(outcome: Outcome, watch: bool) -> Self {
        let of = |progress, kind, event, tries_next| Self {
            progress,
            kind,
            event,
            tries_next,
        };
        let refused = Some(ExitKind::Refused);
        match outcome {
            Outcome::Booked | Outcome::AlreadyBooked => {
                of(Progress::Booked, None, Event::Booked, false)
            }
            Outcome::Waitlisted => of(Progress::Waitlisted, None, Event::Waitlisted, false),
            Outcome::Full if watch => of(Progress::Pending, None, Event::Postponed, true),
            Outcome::Closed => of(Progress::Pending, None, Event::Postponed, true),
            // the last two are not outcomes of a prebooking
            Outcome::TooEarly | Outcome::OnceADay | Outcome::Prebooked | Outcome::WouldBook => {
                of(Progress::Pending, None, Event::Postponed, false)
            }
            Outcome::Full
            | Outcome::NoCredit
            | Outcome::PaymentPending
            | Outcome::LimitReached
            | Outcome::SameTime
            | Outcome::TooLate
            | Outcome::Refused
            | Outcome::Cancelled => of(Progress::Failed, refused, Event::Failed, true),
            Outcome::NotBooked => of(Progress::Cancelled, None, Event::Failed, true),
            Outcome::Expired => of(Progress::Expired, refused, Event::Failed, true),
            Outcome::WithinLead => of(Progress::Expired, None, Event::Failed, true),
            Outcome::Ambiguous => Self::of(Outcome::Failed(ExitKind::NotFound), watch),
            Outcome::Failed(kind) => {
                let event = match kind {
                    ExitKind::LoginRequired => Event::LoginRequired,
                    ExitKind::Unreachable => Event::Unreachable,
                    _ => Event::Postponed,
                };
                let missing = kind == ExitKind::NotFound;
                of(Progress::Pending, Some(kind), event, missing)
            }
        }
    }
}

/// The result of one choice.
#[derive(Debug, Clone)]
pub(super) struct ChoiceResult {
    pub choice: Choice,
    pub booked: BookResult,
    /// When booking of the choice opens, as far as known.
    pub opens: Option<DateTime<Utc>>,
    /// The later opening that a refusal states.
    pub moved_to: Option<DateTime<Utc>>,
    /// The class was full. The outcome is unknown if the response to an earlier request was lost.
    pub is_full: bool,
    /// The class is missing or not enabled shortly after its opening: it is looked up again.
    pub may_come: bool,
}

impl ChoiceResult {
    pub(super) fn of(choice: &Choice, booked: BookResult) -> Self {
        let is_cancelled = booked.row.as_ref().is_some_and(|row| row.cancelled);
        let outcome = match booked.outcome {
            Outcome::Closed if is_cancelled => Outcome::Cancelled,
            outcome => outcome,
        };
        Self {
            choice: choice.clone(),
            is_full: outcome == Outcome::Full,
            booked: BookResult { outcome, ..booked },
            opens: None,
            moved_to: None,
            may_come: false,
        }
    }

    /// A result without a look at the class.
    pub(super) fn unseen(choice: &Choice, outcome: Outcome, message: Option<String>) -> Self {
        Self::of(choice, BookResult::unsent(outcome, None, message))
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.booked.outcome
    }

    /// Whether the next choice may be tried.
    pub(super) fn tries_next(&self) -> bool {
        Meaning::of(self.outcome(), false).tries_next
    }

    /// The refusal may be due to an earlier request whose response was lost, and which may still be processed: the outcome is
    /// unknown, and no other class is requested in this run.
    pub(super) fn made_unsure(mut self) -> Self {
        let refusal = self.booked.message.take();
        let refusal = refusal.map_or_else(String::new, |text| format!(" ({text})"));
        self.booked.message = Some(format!(
            "the response to the first request was lost and the next one was refused: {}{refusal}; the schedule shows no booking, but the first request may still be processed",
            self.outcome().name()
        ));
        self.booked.outcome = Outcome::Failed(ExitKind::UnknownOutcome);
        self
    }

    /// The class is missing, not described by one row only, or not enabled.
    pub(super) fn is_not_offered(&self) -> bool {
        matches!(
            self.outcome(),
            Outcome::Failed(ExitKind::NotFound) | Outcome::Ambiguous | Outcome::Closed
        )
    }

    /// The class is missing or not enabled, which may change at its opening.
    pub(super) fn is_awaited(&self) -> bool {
        match (self.outcome(), &self.booked.row) {
            (Outcome::Failed(ExitKind::NotFound), _) => true,
            (Outcome::Closed, Some(row)) => !row.enabled && !row.staff && !row.hidden,
            _ => false,
        }
    }

    /// Whether booking may open at `at`: the class is not offered, or was refused as too early and no later opening was stated.
    pub(super) fn may_open(&self, at: DateTime<Utc>) -> bool {
        let is_too_early = self.outcome() == Outcome::TooEarly;
        self.is_not_offered() || (is_too_early && self.moved_to.is_none_or(|to| to <= at))
    }
}

/// The result of one execution of a prebooking, as it is stored, notified and printed.
#[derive(Debug)]
pub struct PrebookResult {
    /// The prebooking before this execution.
    pub prebooking: Prebooking,
    /// The box's time zone.
    pub zone: Tz,
    /// The choice that the result is about.
    pub choice: Choice,
    /// The outcome.
    pub outcome: Outcome,
    /// The prebooking after it, as it is stored, but for the number of attempts. `None` keeps the stored reservation, class and
    /// later opening.
    pub next: Prebooking,
    /// `false`: its place on the waiting list was confirmed, and nothing is stored.
    pub is_change: bool,
    /// The class as it was read last. `None`: it was not found.
    pub class: Option<Row>,
    /// When booking of the choice opens. `None` if unknown.
    pub opens_at: Option<DateTime<Utc>>,
    /// The deciding request, by the server's clock. `None` without a request.
    pub fired_at: Option<DateTime<Utc>>,
    /// Every booking request of this execution, oldest first.
    pub attempts: Vec<Attempt>,
    /// The server's clock minus this machine's, in milliseconds. `None` if it was not measured.
    pub clock_offset_ms: Option<f64>,
    /// The session that acted. `None` if none was opened.
    pub session: Option<SessionRef>,
    /// The opening rules that refusals state, with the names of the classes.
    pub learned: Vec<(String, Opening)>,
}

impl PrebookResult {
    /// A result without a request.
    pub fn unsent(
        prebooking: &Prebooking,
        zone: Tz,
        outcome: Outcome,
        message: Option<String>,
        now: DateTime<Utc>,
    ) -> Self {
        let booked = ChoiceResult::unseen(&prebooking.request.first, outcome, message);
        Self::of(prebooking, zone, booked, Vec::new(), now)
    }

    /// The result of a prebooking that one of its choices decides.
    pub(super) fn of(
        prebooking: &Prebooking,
        zone: Tz,
        decided: ChoiceResult,
        attempts: Vec<Attempt>,
        now: DateTime<Utc>,
    ) -> Self {
        let ChoiceResult {
            choice,
            booked,
            opens,
            moved_to,
            ..
        } = decided;
        let meant = Meaning::of(booked.outcome, prebooking.request.watch).progress;
        let progress = match prebooking.progress {
            // a look at a waiting-list place that fails does not lose the place
            Progress::Waitlisted if meant == Progress::Pending => Progress::Waitlisted,
            _ => meant,
        };
        // A request that was sent at its opening by the server's clock was sent then, even if this machine's clock is
        // behind; otherwise it would be due again.
        let aimed_at = opens.filter(|_| !attempts.is_empty());
        let class = booked.row;
        let is_followed = prebooking.progress == Progress::Waitlisted;
        let is_new_place = booked.outcome.is_place() && !is_followed;
        let with_place = class.as_ref().filter(|_| is_new_place);
        Self {
            next: Prebooking {
                progress,
                owner: None,
                message: booked.message,
                reservation: booked.reservation,
                class_id: with_place.map(|row| row.id.clone()),
                moved_to,
                tried_at: Some(aimed_at.map_or(now, |at| now.max(at))),
                ..prebooking.clone()
            },
            prebooking: prebooking.clone(),
            zone,
            choice,
            outcome: booked.outcome,
            is_change: true,
            class,
            opens_at: opens,
            fired_at: None,
            attempts,
            clock_offset_ms: None,
            session: None,
            learned: Vec::new(),
        }
    }

    /// The status from now on.
    pub fn progress(&self) -> Progress {
        self.next.progress
    }

    /// What the outcome means.
    pub fn meaning(&self) -> Meaning {
        Meaning::of(self.outcome, self.prebooking.request.watch)
    }

    /// The reservation id of the place, if it has one from now on.
    pub fn reservation(&self) -> Option<&str> {
        if !matches!(self.progress(), Progress::Booked | Progress::Waitlisted) {
            return None;
        }
        let known = self.prebooking.reservation.as_ref();
        let known = known.filter(|_| self.prebooking.progress == Progress::Waitlisted);
        self.next.reservation.as_ref().or(known).map(String::as_str)
    }

    /// The class by start and name: `18:30 WOD`.
    pub fn class_name(&self) -> String {
        match &self.class {
            Some(row) => format!("{} {}", row.start.format("%H:%M"), row.name),
            None => self.choice.to_string(),
        }
    }

    /// How long after the opening the last request arrived, by the server's clock, in milliseconds.
    pub fn lateness_ms(&self) -> Option<f64> {
        self.attempts.last().and_then(|attempt| attempt.lateness_ms)
    }
}

/// The JSON of `prebook run` (`scripting.md`).
impl Serialize for PrebookResult {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text = |at: Option<DateTime<Utc>>, format| {
            at.map(|at| at.with_timezone(&self.zone).format(format).to_string())
        };
        let tenths = |value: Option<f64>| value.map(|value| (value * 10.0).round() / 10.0);
        let mut json = to.serialize_struct("PrebookResult", 14)?;
        json.serialize_field("id", &self.prebooking.id)?;
        json.serialize_field("outcome", &self.outcome)?;
        let opens_at = text(self.opens_at, "%Y-%m-%dT%H:%M:%S%:z");
        json.serialize_field("opens_at", &opens_at)?;
        let fired_at = text(self.fired_at, "%Y-%m-%dT%H:%M:%S%.3f%:z");
        json.serialize_field("fired_at", &fired_at)?;
        json.serialize_field("attempts", &self.attempts.len())?;
        json.serialize_field("clock_offset_ms", &tenths(self.clock_offset_ms))?;
        json.serialize_field("lateness_ms", &tenths(self.lateness_ms()))?;
        json.serialize_field("message", &self.next.message)?;
        json.serialize_field("reservation_id", &self.reservation())?;
        json.serialize_field("account", self.prebooking.request.account.as_str())?;
        json.serialize_field("box", &self.prebooking.request.gym)?;
        json.serialize_field("day", &self.prebooking.day)?;
        json.serialize_field("class", &self.class_name())?;
        json.serialize_field("session", &self.session)?;
        json.end()
    }
}

#[cfg(test)]
mod tests;
