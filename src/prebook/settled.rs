//! The result of a prebooking, as it is stored and reported.

use anyhow::Error;
use chrono::{DateTime, Utc};

use super::ending::{Ending, Fired};
use super::waitlist::Followed;
use crate::booking::Outcome;
use crate::model::opening::Learned;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::platform::Row;
use crate::signals::{Handover, SignalGuard};
use crate::store::{self, SessionRow, Settlement};

/// What came of one prebooking.
#[derive(Debug)]
pub struct Settled {
    /// as it was before this try
    pub prebooking: Prebooking,
    /// its status now
    pub progress: Progress,
    /// how the try ended
    pub ending: Ending,
    /// why, in words for people
    pub message: Option<String>,
    /// my reservation's number, once it is had
    pub reservation: Option<String>,
    /// which of its choices it is about
    pub choice: Choice,
    /// the class as it was read last; `None` when it was never found
    pub class: Option<Row>,
    /// when booking of that choice opens; `None` if unknown
    pub opens_at: Option<DateTime<Utc>>,
    /// the deciding request, by the server's clock; `None` when none was sent
    pub fired_at: Option<DateTime<Utc>>,
    /// booking requests sent in this try
    pub attempts: i64,
    /// the server's clock minus this machine's; `None` where it could not be measured
    pub clock_offset_ms: Option<f64>,
    /// how long after the opening the last request arrived, by the server's clock; negative: before it
    pub lateness_ms: Option<f64>,
    /// the later opening that a refusal states
    pub moved_to: Option<DateTime<Utc>>,
    /// the session that acted; `None` when none was had
    pub session: Option<SessionRow>,
    /// The opening rules that refusals state, each with the name of the class.
    pub learned: Vec<(String, Learned)>,
}

/// What a run reports.
#[derive(Debug)]
pub enum News {
    /// what one came to, stored already
    Settled(Box<Settled>),
    /// its place on the waiting list was checked and is kept
    StillWaiting(Box<Prebooking>),
}

/// What a thread has come to.
pub(super) struct Done {
    pub id: i64,
    pub news: Option<News>,
    pub broken: Option<Error>,
    /// pending again, as if it had not been tried
    pub given_back: bool,
    /// defers signals until the result is reported
    pub signal_guard: Option<Handover>,
}

impl Settled {
    pub(super) fn fired(prebooking: &Prebooking, fired: Fired) -> Self {
        Self {
            progress: progress(fired.ending, prebooking.request.watch),
            ending: fired.ending,
            message: fired.message,
            reservation: fired.reservation,
            choice: fired
                .choice
                .unwrap_or_else(|| prebooking.request.first.clone()),
            class: fired.class,
            opens_at: fired.opens_at,
            fired_at: fired.fired_at,
            attempts: i64::try_from(fired.shots.len()).unwrap_or(i64::MAX),
            clock_offset_ms: fired.clock_offset_ms,
            lateness_ms: fired.shots.last().and_then(|shot| shot.lateness_ms),
            moved_to: fired.moved_to,
            session: fired.session,
            learned: fired.learned,
            prebooking: prebooking.clone(),
        }
    }

    pub(super) fn followed(prebooking: &Prebooking, followed: Followed) -> Self {
        let progress = match followed.ending {
            Ending::Trouble(_) => Progress::Waitlisted,
            Ending::Book(_) => Progress::Booked,
            Ending::Expired => Progress::Expired,
            Ending::Cancelled => Progress::Failed,
            Ending::NotBooked => Progress::Cancelled,
        };
        let seen = Fired {
            // of all the choices it is about the one that was queued for
            choice: followed.row.as_ref().map(|row| Choice {
                start: row.start,
                class: Some(row.name.clone()),
            }),
            ..Fired::without_a_shot(followed.ending, "")
        };
        // a place that became a booking may have another number now
        let number = followed.row.as_ref();
        let number = number.and_then(|row| row.reservation.clone());
        Self {
            progress,
            message: followed.message,
            reservation: number.or_else(|| prebooking.reservation.clone()),
            class: followed.row,
            session: followed.session,
            ..Self::fired(prebooking, seen)
        }
    }

    pub(super) fn settlement(&self, now: DateTime<Utc>) -> Settlement {
        let had = matches!(self.progress, Progress::Booked | Progress::Waitlisted);
        Settlement {
            progress: self.progress,
            message: self.message.clone(),
            reservation: self.reservation.clone(),
            class_id: self
                .class
                .as_ref()
                .filter(|_| had)
                .map(|row| row.id.clone()),
            attempts: self.attempts,
            moved_to: self.moved_to,
            tried_at: self.tried_at(now),
        }
    }

    /// What was fired at its instant by the server's clock was tried then, even where this
    /// machine's clock has not come so far: or it would be due again.
    fn tried_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let aimed_at = self.opens_at.filter(|_| self.fired_at.is_some());
        aimed_at.map_or(now, |at| now.max(at))
    }
}

impl Done {
    pub(super) fn nothing(id: i64) -> Self {
        Self {
            id,
            news: None,
            broken: None,
            given_back: false,
            signal_guard: None,
        }
    }

    /// A result that belongs to another run is not reported here; one that could not be stored is.
    pub(super) fn stored(
        settled: Settled,
        stored: store::Result<bool>,
        in_any_case: bool,
        signal_guard: SignalGuard,
    ) -> Self {
        let id = settled.prebooking.id;
        let (ours, broken) = match stored {
            Ok(ours) => (ours, None),
            Err(e) => (true, Some(e.into())),
        };
        Self {
            id,
            news: (ours || in_any_case).then(|| News::Settled(Box::new(settled))),
            broken,
            given_back: false,
            signal_guard: Some(signal_guard.hand_over()),
        }
    }
}

fn progress(ending: Ending, watch: bool) -> Progress {
    match ending {
        Ending::Book(Outcome::Booked | Outcome::AlreadyBooked) => Progress::Booked,
        Ending::Book(Outcome::Waitlisted) => Progress::Waitlisted,
        Ending::Expired => Progress::Expired,
        ending if ending.stays_pending(watch) => Progress::Pending,
        _ => Progress::Failed,
    }
}
