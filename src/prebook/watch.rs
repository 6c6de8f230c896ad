//! Watched classes: prebookings with `--watch` whose class is full. A run reads their schedules again until a place is free.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::NaiveDate;

use super::context::{Profiles, RunContext};
use super::result::PrebookResult;
use super::task::{Abort, BookingTask};
use crate::booking::{LoginCheck, Outcome, find};
use crate::clock;
use crate::error::ExitKind;
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::{Prebooking, Progress};
use crate::platform::Row;
use crate::store;

/// How long a run watches: until the next scheduled run takes over.
const WATCH_TIME: Duration = Duration::from_secs(14 * 60);
/// Timeout of a look at the schedule.
const LOOK: Duration = Duration::from_secs(15);

/// The watched prebookings of a run.
#[derive(Debug)]
pub(super) struct Watch {
    ids: BTreeSet<i64>,
    /// The interval between looks.
    every: Duration,
    next: Instant,
    end: Instant,
}

impl Watch {
    /// Watches from now on, for 14 minutes or for the horizon if that is shorter.
    pub(super) fn new(context: &RunContext<'_>) -> Self {
        let start = clock::steady();
        let every = context.watch_every.min(WATCH_TIME);
        Self {
            ids: BTreeSet::new(),
            every,
            next: start + every,
            end: start + clock::scaled(WATCH_TIME).min(context.horizon),
        }
    }

    /// Watches a prebooking whose class is full, and no longer one with another result.
    pub(super) fn note(&mut self, result: &PrebookResult) {
        let id = result.prebooking.id;
        if result.outcome == Outcome::Full && result.progress() == Progress::Pending {
            self.ids.insert(id);
        } else {
            self.ids.remove(&id);
        }
    }

    /// Keeps only prebookings that exist.
    pub(super) fn retain(&mut self, open: &[Prebooking]) {
        let open: BTreeSet<i64> = open.iter().map(|prebooking| prebooking.id).collect();
        self.ids.retain(|id| open.contains(id));
    }

    pub(super) fn is_active(&self) -> bool {
        !self.ids.is_empty() && self.has_time()
    }

    /// Whether the next scheduled run has not taken over yet.
    pub(super) fn has_time(&self) -> bool {
        clock::steady() < self.end
    }

    /// When the next look is due. `None` if nothing is watched.
    pub(super) fn next(&self) -> Option<Instant> {
        self.is_active().then(|| self.next.min(self.end))
    }

    /// The prebookings to look at now. `None`: the next look is not due.
    pub(super) fn take_turn(&mut self) -> Option<BTreeSet<i64>> {
        let now = clock::steady();
        if !self.is_active() || now < self.next {
            return None;
        }
        self.next = now + self.every;
        Some(self.ids.clone())
    }
}

/// Returns the watched prebookings that may be booked now. Takes one schedule request for each box and day, however many
/// are watched there: whether a class has a free place does not depend on the account.
///
/// # Errors
/// Those of the store.
pub(super) fn look(
    context: &RunContext<'_>,
    profiles: &Profiles<'_>,
    ids: &BTreeSet<i64>,
) -> store::Result<Vec<i64>> {
    let mut days: BTreeMap<(String, NaiveDate), Vec<(BoxProfile, Prebooking)>> = BTreeMap::new();
    for prebooking in context.sessions.store.open_prebookings(context.account)? {
        let is_watched = prebooking.progress == Progress::Pending && ids.contains(&prebooking.id);
        if is_watched && let Ok(profile) = profiles(&prebooking.request.gym) {
            let day = days.entry((profile.host.clone(), prebooking.day));
            day.or_default().push((profile, prebooking));
        }
    }
    let mut free = Vec::new();
    for watched in days.values() {
        let rows = read_rows(context, watched);
        let has_place = |prebooking: &Prebooking| {
            prebooking.choices().any(|choice| {
                let wanted = find::Description::of(&prebooking.request, choice);
                wanted.fitting(&rows).into_iter().any(has_free_place)
            })
        };
        let watched = watched.iter().map(|(_, prebooking)| prebooking);
        free.extend(watched.filter(|it| has_place(it)).map(|it| it.id));
    }
    Ok(free)
}

/// The schedule of a day, with the session of the first account that has one. Empty if it cannot be read now.
fn read_rows(context: &RunContext<'_>, watched: &[(BoxProfile, Prebooking)]) -> Vec<Row> {
    for (profile, prebooking) in watched {
        let request = &prebooking.request;
        let mut task = BookingTask::new(context, request, prebooking.day, profile);
        let read = task
            .open_now()
            .map_err(Abort::from)
            .and_then(|()| task.read_rows(LOOK, LoginCheck::Skipped));
        match read {
            Ok(()) => return task.rows,
            Err(Abort::Failed(kind, why)) => {
                log::info!(
                    "the watched classes of {} could not be read: {why}",
                    prebooking.day
                );
                if kind == ExitKind::Unreachable {
                    break;
                }
            }
            Err(_) => {}
        }
    }
    Vec::new()
}

/// Whether the class is offered and not known to be full.
fn has_free_place(row: &Row) -> bool {
    let is_full = row
        .occupied
        .zip(row.capacity)
        .is_some_and(|(occupied, capacity)| occupied >= capacity);
    row.enabled && !row.cancelled && !row.staff && !row.hidden && !is_full
}
