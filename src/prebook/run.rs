//! A run: claims what is due, executes each prebooking on a thread of its own, stores and reports the results, looks again,
//! and ends when it has tried everything. Runs may overlap: the claim in the store names the owner of a prebooking, and the
//! lock of a run shows whether that run is alive (promise 9).
//!
//! A failure of the store or of a thread is reported at the end. The results of the other prebookings are stored and reported
//! nevertheless.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use anyhow::{Error, Result};
use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use super::context::{Profiles, RunContext};
use super::executor::{PrebookExecutor, STARTED};
use super::queue::{DuePrebooking, DueQueue, known_or_bare};
use super::result::PrebookResult;
use super::{waitlist, watch};
use crate::booking::Outcome;
use crate::clock;
use crate::error::ExitKind;
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::{Prebooking, Progress};
use crate::signals::{self, Handover, SignalGuard};
use crate::store::Attempt;

/// Interval at which a waiting run looks for new prebookings.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// A shorter wait is not announced.
const SHORT_WAIT: TimeDelta = TimeDelta::seconds(2);
/// Hundreds of threads may wait for their openings.
const STACK: usize = 512 * 1024;

/// One run.
#[allow(missing_debug_implementations)] // of functions
pub struct Run<'r> {
    /// What its threads share.
    pub context: RunContext<'r>,
    /// Finds the boxes.
    pub profiles: &'r Profiles<'r>,
    /// Called with what is waited for and when it is tried, on a terminal.
    pub announce_wait: Option<fn(&Prebooking, DateTime<Tz>)>,
}

/// Receives each stored result, and each place on a waiting list that is kept.
pub type Report<'r> = dyn FnMut(PrebookResult) -> Result<()> + 'r;

/// The end of a thread.
#[derive(Default)]
struct RunEvent {
    /// `None`: the thread has looked at watched classes.
    id: Option<i64>,
    /// Watched prebookings that may be booked now.
    free: Vec<i64>,
    /// `None` if nothing is reported: the prebooking was removed or changed, or is another run's by now.
    result: Option<PrebookResult>,
    /// An error of the store.
    error: Option<Error>,
    /// Whether the claim was released, so that the prebooking is tried again at once.
    is_released: bool,
    /// Defers signals until the result is reported.
    signal_guard: Option<Handover>,
}

impl Run<'_> {
    /// Executes the run. `materialize_rules` creates the due occurrences of weekly rules.
    ///
    /// # Errors
    /// The first error of the store, of `materialize_rules` or of `report`. All results were reported.
    pub fn execute(
        &self,
        materialize_rules: &dyn Fn() -> Result<()>,
        report: &mut Report<'_>,
    ) -> Result<()> {
        self.execute_with(materialize_rules, report, STACK, &|due| self.carry_out(due))
    }

    fn execute_with(
        &self,
        materialize_rules: &dyn Fn() -> Result<()>,
        report: &mut Report<'_>,
        stack: usize,
        work: &(dyn Fn(&DuePrebooking) -> RunEvent + Sync),
    ) -> Result<()> {
        let context = &self.context;
        let locks = &context.sessions.locks;
        let _alive = locks.run(&context.owner)?;
        let mut queue = DueQueue::new(context, self.profiles);
        let (sender, ended) = mpsc::channel();
        thread::scope(|scope| {
            let mut under_way = 0_usize;
            let mut error: Option<Error> = None;
            loop {
                let mut due = Vec::new();
                // an error or a signal stops new work; what is under way is settled
                if error.is_none() && signals::stopped_at().is_none() {
                    let taken = materialize_rules().and_then(|()| queue.take_due(&mut due));
                    error = taken.err();
                }
                under_way += due.len();
                for due in due {
                    self.announce(&due);
                    let name = format!("prebooking {}", due.prebooking.id);
                    let due = Arc::new(due);
                    let broken_off = Arc::clone(&due);
                    let fail = move |why: &str| self.break_off(&broken_off, why);
                    spawn(scope, name, stack, &sender, move || work(&due), fail);
                }
                let stays = error.is_none() && queue.stays();
                if under_way == 0 && !stays {
                    return error.map_or(Ok(()), Err);
                }
                if let Some(watched) = queue.watch.take_turn().filter(|_| stays) {
                    under_way += 1;
                    let fail = |why: &str| {
                        log::warn!("watched classes were not looked at: {why}");
                        RunEvent::default()
                    };
                    let name = "watch".to_owned();
                    spawn(
                        scope,
                        name,
                        stack,
                        &sender,
                        move || self.look(&watched),
                        fail,
                    );
                }
                let wake = queue.next_look(clock::steady() + LOOK_AGAIN);
                for event in events_until(&ended, wake, &mut queue) {
                    under_way -= 1;
                    event.note(&mut queue);
                    let reported = report_event(event, report);
                    error = error.or(reported.err());
                }
            }
        })
    }

    /// Looks at the watched classes.
    fn look(&self, watched: &BTreeSet<i64>) -> RunEvent {
        let looked = watch::look(&self.context, self.profiles, watched);
        let (free, error) = match looked {
            Ok(free) => (free, None),
            Err(e) => (Vec::new(), Some(Error::from(e))),
        };
        RunEvent {
            free,
            error,
            ..RunEvent::default()
        }
    }

    fn announce(&self, due: &DuePrebooking) {
        let Some((announce, profile)) = self.announce_wait.zip(due.profile.as_ref().ok()) else {
            return;
        };
        let soon = clock::now() + SHORT_WAIT;
        let at = due.aimed_at.filter(|at| *at > soon && !due.is_over);
        if let Some(at) = at.filter(|_| due.prebooking.progress != Progress::Waitlisted) {
            announce(&due.prebooking, at.with_timezone(&profile.zone));
        }
    }

    /// Executes a prebooking or follows its place on a waiting list, and stores the result.
    fn carry_out(&self, due: &DuePrebooking) -> RunEvent {
        let prebooking = &due.prebooking;
        let profile = match &due.profile {
            Ok(profile) => profile,
            Err(_) if due.is_over => {
                return self.unsent(due, Outcome::Expired, STARTED);
            }
            Err(why) => return self.unsent(due, Outcome::Failed(ExitKind::NotFound), why),
        };
        if prebooking.progress == Progress::Waitlisted {
            return match waitlist::follow(&self.context, prebooking, profile) {
                Some((result, signal_guard)) => self.store(result, signal_guard),
                None => RunEvent::nothing(prebooking.id),
            };
        }
        self.book(due, profile)
    }

    fn book(&self, due: &DuePrebooking, profile: &BoxProfile) -> RunEvent {
        let prebooking = &due.prebooking;
        let mut executor = PrebookExecutor::new(&self.context, prebooking, profile, due.rank);
        let result = if due.is_over {
            executor.expire()
        } else {
            executor.execute()
        };
        match result {
            Some(result) => self.store(result, executor.task.signal_guard.take()),
            None => self.release(prebooking, &executor.task.attempts),
        }
    }

    /// Releases the claim on a prebooking that was changed. If it was removed, there is nothing to release.
    fn release(&self, prebooking: &Prebooking, attempts: &[Attempt]) -> RunEvent {
        let context = &self.context;
        let store = context.sessions.store;
        let released = store.release(prebooking.id, &context.owner, attempts.len());
        self.store_attempts(prebooking.id, attempts);
        RunEvent {
            is_released: matches!(released, Ok(true)),
            error: released.err().map(Error::from),
            ..RunEvent::nothing(prebooking.id)
        }
    }

    /// Stores a result without an attempt.
    fn unsent(&self, due: &DuePrebooking, outcome: Outcome, why: &str) -> RunEvent {
        let zone = known_or_bare(&due.profile).zone;
        let why = Some(why.to_owned());
        let result = PrebookResult::unsent(&due.prebooking, zone, outcome, why, clock::now());
        self.store(result, None)
    }

    fn break_off(&self, due: &DuePrebooking, why: &str) -> RunEvent {
        log::error!("prebooking {}: {why}", due.prebooking.id);
        self.unsent(due, Outcome::Failed(ExitKind::Internal), why)
    }

    /// Stores a result.
    fn store(&self, result: PrebookResult, signal_guard: Option<SignalGuard>) -> RunEvent {
        let id = result.prebooking.id;
        if !result.is_change {
            return RunEvent {
                result: Some(result),
                ..RunEvent::nothing(id)
            };
        }
        let signal_guard = signal_guard.or_else(|| signals::try_signal_guard("result"));
        let Some(signal_guard) = signal_guard else {
            return RunEvent::nothing(id);
        };
        let store = self.context.sessions.store;
        let is_followed = result.prebooking.progress == Progress::Waitlisted;
        let owner = (!is_followed).then_some(self.context.owner.as_str());
        let stored = store.settle(&result.next, owner, result.attempts.len());
        self.store_attempts(id, &result.attempts);
        // A result that another run has stored is not reported here. A booking is, even if the prebooking was removed, and
        // so is a result that could not be stored.
        let is_booking = !is_followed && result.outcome.is_place();
        let is_reported = is_booking || !matches!(stored, Ok(false));
        RunEvent {
            result: Some(result).filter(|_| is_reported),
            error: stored.err().map(Error::from),
            signal_guard: Some(signal_guard.hand_over()),
            ..RunEvent::nothing(id)
        }
    }

    fn store_attempts(&self, id: i64, attempts: &[Attempt]) {
        for attempt in attempts {
            if let Err(e) = self.context.sessions.store.put_attempt(id, attempt) {
                log::warn!("the history of prebooking {id} is not complete: {e}");
            }
        }
    }
}

impl RunEvent {
    /// Records the end of the thread: what is executed again, and what is watched.
    fn note(&self, queue: &mut DueQueue<'_>) {
        for id in &self.free {
            queue.forget(*id);
        }
        match self.id {
            Some(id) if self.is_released => queue.forget(id),
            Some(id) if !self.keeps_alternatives() => queue.ended(id),
            _ => {}
        }
        if let Some(result) = &self.result {
            queue.watch.note(result);
        }
    }

    /// Whether a request has an unknown outcome, so that this run requests no other class for the prebooking (promise 6).
    fn keeps_alternatives(&self) -> bool {
        self.result.as_ref().is_some_and(|result| {
            let is_unknown = result.outcome == Outcome::Failed(ExitKind::UnknownOutcome);
            is_unknown && !result.prebooking.request.alternatives.is_empty()
        })
    }

    fn nothing(id: i64) -> Self {
        Self {
            id: Some(id),
            ..Self::default()
        }
    }
}

/// Starts a thread that does `work`. `fail` is called if it cannot be started, or panics. (In a release build a panic ends the
/// process: the next run takes over its claims.)
fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    stack: usize,
    sender: &mpsc::Sender<RunEvent>,
    work: impl FnOnce() -> RunEvent + Send + 'scope,
    fail: impl Fn(&str) -> RunEvent + Clone + Send + 'scope,
) {
    let (its_sender, failed) = (sender.clone(), fail.clone());
    let thread = thread::Builder::new().name(name).stack_size(stack);
    let spawned = thread.spawn_scoped(scope, move || {
        let worked = catch_unwind(AssertUnwindSafe(work));
        let why = "its thread ended unexpectedly; report this as a bug";
        // a closed channel means that the receiver has ended
        let _ = its_sender.send(worked.unwrap_or_else(|_| failed(why)));
    });
    if let Err(e) = spawned {
        let _ = sender.send(fail(&format!("no thread is available for it: {e}")));
    }
}

/// Reports a result. Returns the first error of storing or reporting it.
fn report_event(event: RunEvent, report: &mut Report<'_>) -> Result<()> {
    let signal_guard = event.signal_guard.map(Handover::accept);
    // a result that is not protected from the signal is not reported in part
    let is_protected = signal_guard.is_some() || signals::stopped_at().is_none();
    let result = event.result.filter(|_| is_protected);
    let reported = result.map_or(Ok(()), report);
    // threads with further results wait for this one
    signal_guard.into_iter().for_each(SignalGuard::release);
    event.error.map_or(reported, Err)
}

/// The events until an instant, or until a run dies whose claims this one would take over. Hundreds of threads end together,
/// and one look at the store follows for all of them.
fn events_until(
    ended: &mpsc::Receiver<RunEvent>,
    end: Instant,
    queue: &mut DueQueue<'_>,
) -> Vec<RunEvent> {
    let mut events = Vec::new();
    while events.is_empty() && clock::steady() < end && !queue.has_new_orphans() {
        let left = end.saturating_duration_since(clock::steady());
        events.extend(ended.recv_timeout(left.min(queue.owner_poll())));
    }
    events.extend(ended.try_iter());
    events
}

#[cfg(test)]
mod tests;
