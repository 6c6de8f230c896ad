//! What a run takes: everything that is due and that it has not tried, claimed so that no other
//! run takes it too (promise 9).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::job::Place;
use super::plan::{Calendar, until};
use super::run::Run;
use crate::clock;
use crate::model::account::Account;
use crate::model::prebooking::{Prebooking, Progress};
use crate::store;

/// Interval after which a long run tries a postponed prebooking again (`scripting.md`).
const TRY_AGAIN: Duration = Duration::from_secs(15 * 60);

/// Finds a box by its name; an error says why it is unknown.
pub type Places<'p> = dyn Fn(&str) -> Result<Place, String> + Sync + 'p;

/// One prebooking to see to now.
#[derive(Debug)]
pub(super) struct Task {
    pub prebooking: Prebooking,
    /// `Err`: the box is unknown, or has no usable session
    pub place: Result<Place, String>,
    pub rank: u32,
    /// the class has started: nothing to fire
    pub over: bool,
}

/// A try of this run.
#[derive(Debug, Clone, Copy)]
struct Try {
    /// the opening it was meant for
    aimed_at: Option<DateTime<Utc>>,
    /// when it ended; `None` while under way
    ended: Option<Instant>,
}

/// What a run has tried so far.
pub(super) struct DueQueue<'r> {
    run: &'r Run<'r>,
    places: &'r Places<'r>,
    tried: HashMap<i64, Try>,
    /// how many of an account and box fire at an instant
    ranks: HashMap<(Account, String, Option<DateTime<Utc>>), u32>,
}

impl<'r> DueQueue<'r> {
    pub(super) fn new(run: &'r Run<'r>, places: &'r Places<'r>) -> Self {
        Self {
            run,
            places,
            tried: HashMap::new(),
            ranks: HashMap::new(),
        }
    }

    /// Claims everything that is due and was not tried in this run. What is in `due` after an error is claimed and must be
    /// executed or released.
    pub(super) fn claim_due(&mut self, due: &mut Vec<Task>) -> store::Result<()> {
        let now = clock::now();
        let run = self.run;
        self.reopen_expired(now)?;
        let open = run.shared.sessions.store.open_prebookings(run.account)?;
        let ours = open.iter().filter(|p| p.owner.as_ref() == Some(&run.owner));
        run.claims.are(ours);
        let mut known = HashMap::new();
        for prebooking in open {
            // hundreds may be for one box
            let name = prebooking.request.gym.as_str();
            let place = known.entry(name.to_owned());
            let place = place.or_insert_with(|| (self.places)(name));
            due.extend(self.take(prebooking, place, now)?);
        }
        Ok(())
    }

    /// Reopens prebookings that expired under a clock that was ahead: their classes had started then, and have not now.
    fn reopen_expired(&mut self, now: DateTime<Utc>) -> store::Result<()> {
        let store = self.run.shared.sessions.store;
        for prebooking in store.expired_prebookings(self.run.account)? {
            let place = (self.places)(&prebooking.request.gym);
            let calendar = calendar(&place);
            let expired_at = prebooking.tried_at.unwrap_or(DateTime::<Utc>::MIN_UTC);
            if calendar.is_over(&prebooking, expired_at)
                && !calendar.is_over(&prebooking, now)
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
        place: &Result<Place, String>,
        now: DateTime<Utc>,
    ) -> store::Result<Option<Task>> {
        let calendar = calendar(place);
        let over = calendar.is_over(&prebooking, now);
        let wanted = prebooking.progress == Progress::Waitlisted
            || over
            || place.is_err()
            || calendar.is_due(&prebooking, now, until(now, self.run.horizon));
        if !wanted || !self.may_try(&prebooking, &calendar, now) {
            return Ok(None);
        }
        // one word about a missing key, and nothing claimed, rather than the same for every prebooking
        self.run.shared.sessions.store.ready()?;
        if !self.claim(&prebooking)? {
            return Ok(None);
        }
        self.run.claims.add(&prebooking);
        let aimed_at = calendar.soonest(&prebooking, now);
        let begun = Try {
            aimed_at,
            ended: None,
        };
        self.tried.insert(prebooking.id, begun);
        Ok(Some(Task {
            rank: self.rank(&prebooking, aimed_at),
            prebooking,
            place: place.clone(),
            over,
        }))
    }

    /// Forgets a try that was abandoned because the prebooking was changed.
    pub(super) fn forget(&mut self, id: i64) {
        self.tried.remove(&id);
    }

    pub(super) fn ended(&mut self, id: i64) {
        if let Some(tried) = self.tried.get_mut(&id) {
            tried.ended = Some(clock::steady());
        }
    }

    /// Once per run; again if a refusal states a later opening than the one tried, or after a quarter of an hour in a long run.
    /// Openings are compared, never clocks, because the server clock may be ahead of ours.
    fn may_try(&self, prebooking: &Prebooking, calendar: &Calendar, now: DateTime<Utc>) -> bool {
        let Some(tried) = self.tried.get(&prebooking.id) else {
            return true;
        };
        let Some(ended) = tried.ended else {
            return false;
        };
        let pending = prebooking.progress == Progress::Pending;
        let next = calendar.soonest(prebooking, now);
        let later = pending && next.is_some_and(|next| next > now && Some(next) > tried.aimed_at);
        later || ended.elapsed() >= TRY_AGAIN
    }

    /// A claim of a dead run counts as none: the prebooking is executed again, beginning with the schedule.
    fn claim(&self, prebooking: &Prebooking) -> store::Result<bool> {
        let sessions = self.run.shared.sessions;
        match (prebooking.progress, &prebooking.owner) {
            (Progress::Waitlisted, _) => Ok(true),
            (Progress::Executing, Some(owner)) if sessions.locks.run_lives(owner) => Ok(false),
            _ => sessions.store.claim(prebooking, &self.run.owner),
        }
    }

    fn rank(&mut self, prebooking: &Prebooking, at: Option<DateTime<Utc>>) -> u32 {
        let request = &prebooking.request;
        let key = (request.account.clone(), request.gym.clone(), at);
        let rank = self.ranks.entry(key).or_insert(0);
        let mine = *rank;
        *rank += 1;
        mine
    }
}

/// The calendar of the box. An unknown box gets the zone of most boxes, because its class starts at some instant too.
fn calendar(place: &Result<Place, String>) -> Calendar {
    place
        .as_ref()
        .map_or(Calendar::UNKNOWN, |place| place.calendar.clone())
}
