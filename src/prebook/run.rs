//! A run: claims what is due, executes each prebooking on a thread of its own, stores the results, looks again, and ends
//! when it has tried everything. Runs may overlap: the claim in the store names the owner of a prebooking, and the lock of
//! a run shows whether that run is alive (promise 9).
//!
//! A failure of the store or of a thread is reported at the end; the results of the other prebookings are stored and
//! reported nevertheless.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use anyhow::{Error, Result};
use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use super::claim::{Claim, Claims};
use super::ending::{Ending, Fired};
use super::executor::PrebookExecutor;
use super::job::Shared;
use super::queue::{DueQueue, Places, Task};
use super::settled::{Done, News, Settled};
use super::waitlist;
use crate::clock;
use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::prebooking::{Prebooking, Progress};
use crate::sessions::{SessionManager, SessionSelector};
use crate::signals::{self, Handover, SignalGuard};

/// How often a run that waits looks whether something new has come into its horizon.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// A shorter wait needs no words.
const WORTH_A_LINE: TimeDelta = TimeDelta::seconds(2);
/// Hundreds of threads wait for their instants.
const STACK: usize = 512 * 1024;

/// One run.
#[derive(Debug)]
pub struct Run<'r> {
    /// whose prebookings; `None`: everybody's
    pub account: Option<&'r Account>,
    /// how far ahead an opening may lie to be taken, by this machine's clock
    pub horizon: Duration,
    /// this run's name in claims
    pub(super) owner: String,
    pub(super) claims: Claims,
    pub(super) shared: Shared<'r>,
    stack: usize,
    /// Called with what is waited for and when it is tried, on a terminal.
    pub waits: Option<fn(&Prebooking, DateTime<Tz>)>,
}

impl<'r> Run<'r> {
    /// `pick` acts, for this account's prebookings or for all. One device session acts for one
    /// account only: then it has to be named.
    pub fn new(
        sessions: &'r SessionManager<'r>,
        pick: SessionSelector,
        (horizon, give_up): (Duration, Duration),
        account: Option<&'r Account>,
    ) -> Self {
        Self {
            account,
            horizon,
            owner: format!("{}-{:08x}", std::process::id(), fastrand::u32(..)),
            claims: Claims::default(),
            shared: Shared::new(sessions, pick, give_up),
            stack: STACK,
            waits: None,
        }
    }

    /// Executes the run. `places` finds boxes, `weekly` creates due occurrences of weekly rules, and `report` receives each
    /// stored result and each place on a waiting list that is kept.
    ///
    /// # Errors
    /// The first error of the store, of `weekly` or of `report`. All results were reported.
    pub fn go(
        &self,
        places: &Places<'_>,
        materialize_rules: &dyn Fn() -> Result<()>,
        report: &mut dyn FnMut(News) -> Result<()>,
    ) -> Result<()> {
        self.go_with(places, materialize_rules, report, &|task| {
            self.carry_out(task)
        })
    }

    fn go_with(
        &self,
        places: &Places<'_>,
        materialize_rules: &dyn Fn() -> Result<()>,
        report: &mut dyn FnMut(News) -> Result<()>,
        work: &(dyn Fn(&Task) -> Done + Sync),
    ) -> Result<()> {
        let locks = &self.shared.sessions.locks;
        let _alive = locks.run(&self.owner)?;
        let mut round = DueQueue::new(self, places);
        let (done, ended) = mpsc::channel();
        thread::scope(|scope| {
            let mut under_way = 0_usize;
            let mut broken: Option<Error> = None;
            loop {
                // what is broken stops new work; what is under way is settled all the same
                let mut due = Vec::new();
                if broken.is_none() && signals::stopped_at().is_none() {
                    let taken = materialize_rules().and_then(|()| Ok(round.claim_due(&mut due)?));
                    broken = taken.err();
                }
                under_way += due.len();
                for task in due {
                    self.announce_wait(&task);
                    self.put_to_work(scope, task, work, &done);
                }
                if under_way == 0 {
                    return broken.map_or(Ok(()), Err);
                }
                for end in ended_until(&ended, clock::steady() + LOOK_AGAIN) {
                    under_way -= 1;
                    if end.given_back {
                        round.forget(end.id);
                    } else {
                        round.ended(end.id);
                    }
                    let signal_guard = end.signal_guard.map(Handover::accept);
                    // what is not protected from the signal is not reported half
                    let news = end
                        .news
                        .filter(|_| signal_guard.is_some() || signals::stopped_at().is_none());
                    let reported = news.map_or(Ok(()), &mut *report);
                    broken = broken.or(end.broken).or(reported.err());
                    // threads with further results wait for this one
                    signal_guard.into_iter().for_each(SignalGuard::release);
                }
            }
        })
    }

    fn announce_wait(&self, task: &Task) {
        let Some((announce, place)) = self.waits.zip(task.place.as_ref().ok()) else {
            return;
        };
        let now = clock::now();
        let at = place.calendar.soonest(&task.prebooking, now);
        let at = at.filter(|at| *at > now + WORTH_A_LINE && !task.over);
        if let Some(at) = at.filter(|_| task.prebooking.progress != Progress::Waitlisted) {
            announce(&task.prebooking, at.with_timezone(&place.calendar.zone));
        }
    }

    /// One thread for one task. A thread that cannot be had, or that dies, is a result too. (A
    /// release build is smaller for ending the whole process there: the next run takes its claims.)
    fn put_to_work<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        task: Task,
        work: &'env (dyn Fn(&Task) -> Done + Sync),
        done: &mpsc::Sender<Done>,
    ) {
        let task = Arc::new(task);
        let (its_own, sender) = (Arc::clone(&task), done.clone());
        let spawned = thread::Builder::new()
            .name(format!("prebooking {}", task.prebooking.id))
            .stack_size(self.stack)
            .spawn_scoped(scope, move || {
                let worked = catch_unwind(AssertUnwindSafe(|| work(&its_own)));
                let end = worked.unwrap_or_else(|_| {
                    self.give_back(
                        &its_own,
                        "its thread broke off: please report this as a bug",
                    )
                });
                // a closed channel means that the receiver has ended
                let _ = sender.send(end);
            });
        if let Err(e) = spawned {
            let why = format!("no thread could be had for it: {e}");
            let _ = done.send(self.give_back(&task, &why));
        }
    }

    /// Nothing came of it but this: a later run may do better.
    fn give_back(&self, task: &Task, why: &str) -> Done {
        log::error!("prebooking {}: {why}", task.prebooking.id);
        let ending = Ending::Trouble(ExitKind::Internal);
        self.settle(task, ending, why)
    }

    /// Fire or follow, and store what came of it.
    fn carry_out(&self, task: &Task) -> Done {
        let prebooking = &task.prebooking;
        let place = match &task.place {
            Ok(place) => place,
            Err(_) if task.over => {
                return self.settle(task, Ending::Expired, "the class has started");
            }
            Err(why) => return self.settle(task, Ending::Trouble(ExitKind::NotFound), why),
        };
        if prebooking.progress == Progress::Waitlisted {
            let followed = waitlist::look(self, prebooking, place, clock::now());
            return match followed {
                Some(followed) => self.keep_followed(Settled::followed(prebooking, followed)),
                None => Done {
                    news: Some(News::StillWaiting(Box::new(prebooking.clone()))),
                    ..Done::nothing(prebooking.id)
                },
            };
        }
        let claim = Claim::of(self, prebooking);
        let executor = PrebookExecutor::new(
            &self.shared,
            &claim,
            prebooking,
            place,
            task.rank,
            self.horizon,
        );
        let fired = if task.over {
            executor.expire()
        } else {
            executor.execute()
        };
        match fired {
            Some(fired) => self.keep(prebooking, fired),
            None => self.give_up_claim(prebooking),
        }
    }

    /// Not wanted as it was: removed by hand, which leaves nothing to do, or changed.
    fn give_up_claim(&self, prebooking: &Prebooking) -> Done {
        let store = self.shared.sessions.store;
        match store.give_back(prebooking.id, &self.owner) {
            Ok(given_back) => Done {
                given_back,
                ..Done::nothing(prebooking.id)
            },
            Err(e) => Done {
                broken: Some(e.into()),
                ..Done::nothing(prebooking.id)
            },
        }
    }

    /// It ended without a look at the platform.
    fn settle(&self, task: &Task, ending: Ending, why: &str) -> Done {
        let prebooking = &task.prebooking;
        if prebooking.progress == Progress::Waitlisted {
            let followed = waitlist::Followed::unseen(ending, why);
            return self.keep_followed(Settled::followed(prebooking, followed));
        }
        self.keep(prebooking, Fired::without_a_shot(ending, why))
    }

    fn keep(&self, prebooking: &Prebooking, mut fired: Fired) -> Done {
        let signal_guard = fired.signal_guard.take();
        let Some(signal_guard) = signal_guard.or_else(|| signals::try_signal_guard("result"))
        else {
            return Done::nothing(prebooking.id);
        };
        let store = self.shared.sessions.store;
        let shots = fired.shots.clone();
        let settled = Settled::fired(prebooking, fired);
        let stored = store.settle(
            prebooking.id,
            &self.owner,
            &settled.settlement(clock::now()),
        );
        for shot in &shots {
            if let Err(e) = store.put_shot(prebooking.id, shot) {
                log::warn!(
                    "the history of prebooking {} is not complete: {e}",
                    prebooking.id
                );
            }
        }
        // a booked class is reported even if the prebooking was removed meanwhile
        let had = matches!(settled.progress, Progress::Booked | Progress::Waitlisted);
        Done::stored(settled, stored, had, signal_guard)
    }

    fn keep_followed(&self, settled: Settled) -> Done {
        let id = settled.prebooking.id;
        let Some(signal_guard) = signals::try_signal_guard("result") else {
            return Done::nothing(id);
        };
        let store = self.shared.sessions.store;
        let stored = store.settle_waitlisted(id, &settled.settlement(clock::now()));
        Done::stored(settled, stored, false, signal_guard)
    }
}

/// What ends until then: hundreds end together, and one look at the store does for all of them.
fn ended_until(ended: &mpsc::Receiver<Done>, end: Instant) -> impl Iterator<Item = Done> {
    let first = ended.recv_timeout(end.saturating_duration_since(clock::steady()));
    let more = move || (clock::steady() < end).then(|| ended.try_recv().ok())?;
    first.into_iter().chain(std::iter::from_fn(more))
}

#[cfg(test)]
mod tests;
