//! A run: takes what is due, fires each in a thread of its own, settles, looks again, and ends
//! when nothing is left that it has not tried. Runs may overlap: a claim in the store says whose
//! a prebooking is, and the run's lock says whether that run still lives (design.md, promise 9).

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::fire::{Ending, Fired, execute};
use super::follow;
use super::host_clock::Clocks;
use super::plan::{Calendar, until};
use crate::booking::Outcome;
use crate::clock;
use crate::model::account::Account;
use crate::model::prebooking::{Prebooking, Progress};
use crate::model::session::SessionKind;
use crate::sessions::{self, Sessions};
use crate::store::{self, SessionRow, Settlement};

/// How often a run that waits looks whether something new has come into its horizon.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// What was postponed is tried again after so long in a run that lives on (`cli.md`).
const TRY_AGAIN: Duration = Duration::from_secs(15 * 60);

/// Where a prebooking is to be fired.
#[derive(Debug, Clone)]
pub struct Place {
    pub host: String,
    pub id: Option<i64>,
    pub calendar: Calendar,
}

/// One run.
#[derive(Debug)]
pub struct Run<'r> {
    pub sessions: &'r Sessions<'r>,
    pub kind: SessionKind,
    pub account: Option<&'r Account>,
    pub horizon: Duration,
    pub give_up: Duration,
    /// this run's name in claims
    pub owner: String,
    /// how many threads are about to fire
    pub(super) firing: AtomicUsize,
}

/// What came of one prebooking, already stored.
#[derive(Debug)]
pub struct Settled {
    pub prebooking: Prebooking,
    pub progress: Progress,
    pub ending: Ending,
    pub message: Option<String>,
    pub reservation: Option<String>,
    pub class: Option<crate::aimharder::Row>,
    pub opens_at: Option<DateTime<Utc>>,
    pub fired_at: Option<DateTime<Utc>>,
    pub attempts: i64,
    pub clock_offset_ms: Option<f64>,
    pub lateness_ms: Option<f64>,
    pub moved_to: Option<DateTime<Utc>>,
    pub session: Option<SessionRow>,
    pub learned: Vec<crate::opening::Learned>,
}

impl<'r> Run<'r> {
    pub fn new(
        sessions: &'r Sessions<'r>,
        kind: SessionKind,
        account: Option<&'r Account>,
        horizon: Duration,
        give_up: Duration,
    ) -> Self {
        Self {
            sessions,
            kind,
            account,
            horizon,
            give_up,
            owner: format!("{}-{:08x}", std::process::id(), fastrand::u32(..)),
            firing: AtomicUsize::new(0),
        }
    }

    /// Do it all. `place` tells where a prebooking is to be fired; `unfold` brings the weekly
    /// rules' occurrences up to date; `settled` is told of each result once it is stored.
    ///
    /// # Errors
    /// Those of the store; results so far were told.
    pub fn go(
        &self,
        place: &(dyn Fn(&Prebooking) -> Result<Place, String> + Sync),
        unfold: &dyn Fn() -> anyhow::Result<()>,
        settled: &mut dyn FnMut(Settled) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let _alive = self
            .sessions
            .locks
            .run(&self.owner)
            .map_err(sessions::Error::from)?;
        let clocks = Clocks::default();
        let (tell, told) = mpsc::channel();
        let mut round = Round {
            run: self,
            place,
            tried: HashMap::new(),
            ranks: HashMap::new(),
        };
        thread::scope(|scope| {
            let mut under_way = 0_usize;
            let mut failed = None;
            loop {
                // a store that fails stops new work; what is under way is settled all the same
                if failed.is_none() {
                    match unfold().and_then(|()| round.take_due()) {
                        Ok(due) => {
                            under_way += due.len();
                            for task in due {
                                let (tell, clocks) = (tell.clone(), &clocks);
                                scope.spawn(move || {
                                    let id = task.prebooking.id;
                                    // a closed channel means that nobody waits any more
                                    let _ = tell.send((id, self.carry_out(task, clocks)));
                                });
                            }
                        }
                        Err(e) => failed = Some(e),
                    }
                }
                if under_way == 0 {
                    return failed.map_or(Ok(()), Err);
                }
                if let Ok((id, result)) = told.recv_timeout(LOOK_AGAIN) {
                    under_way -= 1;
                    round.ended(id);
                    if let Some(result) = result? {
                        settled(result)?;
                    }
                }
            }
        })
    }

    /// Fire or follow, and store what came of it. `None`: there is nothing to tell.
    fn carry_out(&self, task: Task, clocks: &Clocks) -> store::Result<Option<Settled>> {
        if task.prebooking.progress == Progress::Waitlisted {
            return self.follow(task);
        }
        let fired = if task.over {
            Some(Fired::over())
        } else {
            execute(self, clocks, &task.prebooking, &task.place, task.rank)
        };
        let Some(fired) = fired else { return Ok(None) };
        let store = self.sessions.store;
        let progress = progress(fired.ending, task.prebooking.wish.watch);
        let shots = fired.shots.clone();
        let settled = Settled::fired(task.prebooking, progress, fired);
        let ours = store.settle(
            settled.prebooking.id,
            &self.owner,
            &settled.settlement(clock::now()),
        )?;
        for shot in &shots {
            if let Err(e) = store.put_shot(settled.prebooking.id, shot) {
                log::warn!(
                    "the history of prebooking {} is not complete: {e}",
                    settled.prebooking.id
                );
            }
        }
        // a class that was had is told even if the prebooking was removed meanwhile
        let had = matches!(progress, Progress::Booked | Progress::Waitlisted);
        Ok((ours || had).then_some(settled))
    }

    fn follow(&self, task: Task) -> store::Result<Option<Settled>> {
        let Some(followed) = follow::look(self, &task.prebooking, &task.place, clock::now()) else {
            return Ok(None);
        };
        let progress = match followed.ending {
            Ending::Trouble(_) => Progress::Waitlisted,
            Ending::Book(_) => Progress::Booked,
            Ending::Expired => Progress::Expired,
            Ending::Cancelled => Progress::Failed,
        };
        let settled = Settled::followed(task.prebooking, progress, followed);
        let end = settled.settlement(clock::now());
        let ours = self
            .sessions
            .store
            .settle_waitlisted(settled.prebooking.id, &end)?;
        Ok(ours.then_some(settled))
    }
}

/// One prebooking to see to now.
#[derive(Debug)]
struct Task {
    prebooking: Prebooking,
    place: Place,
    rank: u32,
    /// the class has started: nothing to fire
    over: bool,
}

/// A try of this run.
#[derive(Debug, Clone, Copy)]
struct Tried {
    /// the opening it was meant for
    aimed_at: Option<DateTime<Utc>>,
    /// when it ended; `None` while under way
    ended: Option<Instant>,
}

/// What a run has tried so far.
struct Round<'r> {
    run: &'r Run<'r>,
    place: &'r (dyn Fn(&Prebooking) -> Result<Place, String> + Sync),
    tried: HashMap<i64, Tried>,
    /// how many of an account and box fire at an instant
    ranks: HashMap<(Account, String, Option<DateTime<Utc>>), u32>,
}

impl Round<'_> {
    /// Claim everything that is due and was not tried in this run.
    fn take_due(&mut self) -> anyhow::Result<Vec<Task>> {
        let now = clock::now();
        let mut due = Vec::new();
        for prebooking in self.run.sessions.store.open_prebookings(self.run.account)? {
            let place = match (self.place)(&prebooking) {
                Ok(place) => place,
                Err(why) => {
                    log::warn!("prebooking {}: {why}", prebooking.id);
                    continue;
                }
            };
            let over = place.calendar.is_over(&prebooking, now);
            let wanted = prebooking.progress == Progress::Waitlisted
                || over
                || self.is_due(&prebooking, &place, now);
            if !wanted || !self.may_try(&prebooking, &place, now) {
                continue;
            }
            // one word about a missing key, and nothing claimed, rather than the same for every prebooking
            self.run.sessions.store.ready()?;
            if !self.claim(&prebooking)? {
                continue;
            }
            let aimed_at = place.calendar.soonest(&prebooking, now);
            self.tried.insert(
                prebooking.id,
                Tried {
                    aimed_at,
                    ended: None,
                },
            );
            let rank = self.rank(&prebooking, &place, now);
            due.push(Task {
                prebooking,
                place,
                rank,
                over,
            });
        }
        Ok(due)
    }

    fn is_due(&self, prebooking: &Prebooking, place: &Place, now: DateTime<Utc>) -> bool {
        place
            .calendar
            .is_due(prebooking, now, until(now, self.run.horizon))
    }

    fn ended(&mut self, id: i64) {
        if let Some(tried) = self.tried.get_mut(&id) {
            tried.ended = Some(clock::steady());
        }
    }

    /// Once per run; again when it was told of a later opening than it was tried at, or after a
    /// quarter of an hour in a run that lives on. Compared are openings, never clocks: the server's
    /// may be ahead of ours.
    fn may_try(&self, prebooking: &Prebooking, place: &Place, now: DateTime<Utc>) -> bool {
        let Some(tried) = self.tried.get(&prebooking.id) else {
            return true;
        };
        let Some(ended) = tried.ended else {
            return false;
        };
        let pending = prebooking.progress == Progress::Pending;
        let next = place.calendar.soonest(prebooking, now);
        let later = pending && next.is_some_and(|next| next > now && Some(next) > tried.aimed_at);
        later || ended.elapsed() >= TRY_AGAIN
    }

    /// A claim whose run is dead counts as none: its story starts again, with a look at the schedule.
    fn claim(&self, prebooking: &Prebooking) -> store::Result<bool> {
        let run = self.run;
        match (prebooking.progress, &prebooking.owner) {
            (Progress::Waitlisted, _) => Ok(true),
            (Progress::Executing, Some(owner)) if run.sessions.locks.run_lives(owner) => Ok(false),
            _ => run.sessions.store.claim(prebooking, &run.owner),
        }
    }

    fn rank(&mut self, prebooking: &Prebooking, place: &Place, now: DateTime<Utc>) -> u32 {
        let wish = &prebooking.wish;
        let at = place.calendar.soonest(prebooking, now);
        let rank = self
            .ranks
            .entry((wish.account.clone(), wish.gym.clone(), at))
            .or_insert(0);
        let mine = *rank;
        *rank += 1;
        mine
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

impl Settled {
    fn fired(prebooking: Prebooking, progress: Progress, fired: Fired) -> Self {
        Self {
            prebooking,
            progress,
            ending: fired.ending,
            message: fired.message,
            reservation: fired.reservation,
            class: fired.class,
            opens_at: fired.opens_at,
            fired_at: fired.fired_at,
            attempts: i64::try_from(fired.shots.len()).unwrap_or(i64::MAX),
            clock_offset_ms: fired.clock_offset_ms,
            lateness_ms: fired.shots.last().and_then(|shot| shot.lateness_ms),
            moved_to: fired.moved_to,
            session: fired.session,
            learned: fired.learned,
        }
    }

    fn followed(prebooking: Prebooking, progress: Progress, followed: follow::Followed) -> Self {
        Self {
            reservation: prebooking.reservation.clone(),
            prebooking,
            progress,
            ending: followed.ending,
            message: followed.message,
            class: followed.row,
            opens_at: None,
            fired_at: None,
            attempts: 0,
            clock_offset_ms: None,
            lateness_ms: None,
            moved_to: None,
            session: followed.session,
            learned: Vec::new(),
        }
    }

    fn settlement(&self, now: DateTime<Utc>) -> Settlement {
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
            tried_at: now,
        }
    }
}
