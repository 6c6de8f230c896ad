//! What a run takes: everything that is due and that it has not tried, claimed so that no other run takes it too (promise 9).

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::context::{Profiles, RunContext};
use super::plan::until;
use super::watch::Watch;
use crate::clock;
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::{Prebooking, Progress};
use crate::store;

/// Interval after which a long run tries a postponed prebooking again (`scripting.md`).
const TRY_AGAIN: Duration = Duration::from_secs(15 * 60);

/// Interval at which a waiting run checks whether the runs are alive whose claims it would take over.
const OWNER_POLL: Duration = Duration::from_millis(100);
/// Interval at which a run looks again for a prebooking that it could not claim.
const HELD_UP: Duration = Duration::from_secs(1);

/// A prebooking that this run executes now.
#[derive(Debug)]
pub(super) struct DuePrebooking {
    pub prebooking: Prebooking,
    /// `Err`: the box is unknown, or has no usable session.
    pub profile: Result<BoxProfile, String>,
    /// The soonest opening of its choices.
    pub aimed_at: Option<DateTime<Utc>>,
    /// Its position among those of its account and box that open at the same instant.
    pub rank: u32,
    /// Whether the class has started by this machine's clock.
    pub is_over: bool,
}

/// An execution by this run.
#[derive(Debug, Clone, Copy)]
struct Execution {
    /// The opening it was meant for.
    aimed_at: Option<DateTime<Utc>>,
    /// `None` while it is under way, or if this run does not execute it again.
    ended: Option<Instant>,
}

/// What a run has tried so far.
pub(super) struct DueQueue<'q> {
    context: &'q RunContext<'q>,
    profiles: &'q Profiles<'q>,
    tried: HashMap<i64, Execution>,
    /// The prebookings whose class is full.
    pub watch: Watch,
    /// The living runs that have claimed prebookings that this one would take.
    owners: BTreeSet<String>,
    /// Whether the last look failed to claim something: another run was faster, or has a prebooking of a day with `--once-a-day`.
    is_held_up: bool,
}

impl<'q> DueQueue<'q> {
    pub(super) fn new(context: &'q RunContext<'q>, profiles: &'q Profiles<'q>) -> Self {
        Self {
            context,
            profiles,
            tried: HashMap::new(),
            watch: Watch::new(context),
            owners: BTreeSet::new(),
            is_held_up: false,
        }
    }

    /// Takes everything that is due and was not tried in this run: claims of dead runs, pending prebookings, and places on
    /// waiting lists. What is in `due` after an error is claimed and must be executed or released.
    pub(super) fn take_due(&mut self, due: &mut Vec<DuePrebooking>) -> anyhow::Result<()> {
        self.reopen_expired()?;
        let now = clock::now();
        let context = self.context;
        let open = context.sessions.store.open_prebookings(context.account)?;
        self.watch.retain(&open);
        self.owners.clear();
        self.is_held_up = false;
        let mut known = HashMap::new();
        let mut ranks = HashMap::new();
        for prebooking in open.into_iter().filter(|p| context.takes(p)) {
            // hundreds may be for one box
            let name = prebooking.request.gym.as_str();
            let profile = known.entry(name.to_owned());
            let profile = profile.or_insert_with(|| (self.profiles)(name));
            // those that an earlier look has taken count too
            let opens = known_or_bare(profile).soonest(&prebooking, now);
            let key = (prebooking.request.account.clone(), name.to_owned(), opens);
            let count = ranks.entry(key).or_insert(0);
            let rank = *count;
            *count += 1;
            if let Some(taken) = self.take(prebooking, profile, now)? {
                due.push(DuePrebooking { rank, ..taken });
            }
        }
        Ok(())
    }

    /// Reopens prebookings that expired under a clock that was ahead: their classes had started then, and have not now.
    fn reopen_expired(&mut self) -> store::Result<()> {
        let now = clock::now();
        let store = self.context.sessions.store;
        let expired = store.expired_prebookings(self.context.account)?;
        for prebooking in expired.into_iter().filter(|p| self.context.takes(p)) {
            let profile = known_or_bare(&(self.profiles)(&prebooking.request.gym));
            let expired_at = prebooking.tried_at.unwrap_or(DateTime::<Utc>::MIN_UTC);
            if profile.is_over(&prebooking, expired_at)
                && !profile.is_over(&prebooking, now)
                && store.reopen(prebooking.id)?
            {
                log::warn!(
                    "prebooking {} is pending again: it had expired while the clock of this machine was wrong",
                    prebooking.id
                );
                self.tried.remove(&prebooking.id);
            }
        }
        Ok(())
    }

    /// `None`: it is not due, was tried, or is another run's.
    fn take(
        &mut self,
        prebooking: Prebooking,
        found: &Result<BoxProfile, String>,
        now: DateTime<Utc>,
    ) -> store::Result<Option<DuePrebooking>> {
        let profile = known_or_bare(found);
        let is_over = profile.is_over(&prebooking, now);
        let is_wanted = prebooking.progress == Progress::Waitlisted
            || is_over
            || found.is_err()
            || profile.is_due(&prebooking, now, until(now, self.context.horizon));
        if !is_wanted || !self.may_try(&prebooking, &profile, now) {
            return Ok(None);
        }
        // a missing key is reported once, and nothing is claimed
        self.context.sessions.store.ready()?;
        if !self.claim(&prebooking)? {
            return Ok(None);
        }
        let aimed_at = profile.soonest(&prebooking, now);
        let execution = Execution {
            aimed_at,
            ended: None,
        };
        self.tried.insert(prebooking.id, execution);
        Ok(Some(DuePrebooking {
            prebooking,
            profile: found.clone(),
            aimed_at,
            rank: 0,
            is_over,
        }))
    }

    /// Whether there is more to do when nothing is under way: watched classes, or prebookings that could not be claimed, until
    /// the next scheduled run takes over.
    pub(super) fn stays(&self) -> bool {
        self.watch.is_active() || (self.is_held_up && self.watch.has_time())
    }

    /// When the next look is due, at `latest` if nothing asks for an earlier one.
    pub(super) fn next_look(&self, latest: Instant) -> Instant {
        let soon = clock::steady() + HELD_UP;
        let held_up = self.is_held_up.then_some(soon);
        let looks = self.watch.next().into_iter().chain(held_up);
        looks.fold(latest, Instant::min)
    }

    /// Whether a run with claims that this one would take has died since this was asked last.
    pub(super) fn has_new_orphans(&mut self) -> bool {
        let locks = &self.context.sessions.locks;
        let known = self.owners.len();
        self.owners.retain(|owner| locks.run_lives(owner));
        self.owners.len() < known
    }

    /// How often to ask for orphans.
    pub(super) fn owner_poll(&self) -> Duration {
        if self.owners.is_empty() {
            Duration::MAX
        } else {
            OWNER_POLL
        }
    }

    /// Lets a prebooking be executed again: it was changed, or its watched class has a free place.
    pub(super) fn forget(&mut self, id: i64) {
        self.tried.remove(&id);
    }

    pub(super) fn ended(&mut self, id: i64) {
        if let Some(execution) = self.tried.get_mut(&id) {
            execution.ended = Some(clock::steady());
        }
    }

    /// Once per run; again if a refusal states a later opening than the one tried, or after a quarter of an hour in a long run.
    /// Openings are compared, never clocks, because the server clock may be ahead of this machine's.
    fn may_try(&self, prebooking: &Prebooking, profile: &BoxProfile, now: DateTime<Utc>) -> bool {
        let Some(execution) = self.tried.get(&prebooking.id) else {
            return true;
        };
        let Some(ended) = execution.ended else {
            return false;
        };
        let is_pending = prebooking.progress == Progress::Pending;
        let next = profile.soonest(prebooking, now);
        let is_later = next.is_some_and(|next| next > now && Some(next) > execution.aimed_at);
        (is_pending && is_later) || clock::since(ended) >= TRY_AGAIN
    }

    /// Claims a prebooking, also one that a dead run has claimed: its execution begins with the schedule. A place on a waiting
    /// list needs no claim.
    fn claim(&mut self, prebooking: &Prebooking) -> store::Result<bool> {
        let sessions = self.context.sessions;
        let is_alive = |owner: &str| sessions.locks.run_lives(owner);
        match (prebooking.progress, &prebooking.owner) {
            (Progress::Waitlisted, _) => Ok(true),
            (Progress::Executing, Some(owner)) if is_alive(owner) => {
                self.owners.insert(owner.clone());
                Ok(false)
            }
            _ => {
                let owner = &self.context.owner;
                let is_claimed = sessions.store.claim(prebooking, owner, is_alive)?;
                self.is_held_up |= !is_claimed;
                Ok(is_claimed)
            }
        }
    }
}

/// The box. An unknown one has the zone of most boxes, because its class has to start at some instant.
pub(super) fn known_or_bare(found: &Result<BoxProfile, String>) -> BoxProfile {
    let found = found.as_ref().ok();
    found.map_or_else(|| BoxProfile::bare("", ""), BoxProfile::clone)
}
