//! Executes one prebooking: its choices in order, each at its own opening, until one is booked.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::attempt::Hit;
use super::class::{MISSING_PAUSE, MISSING_PAUSE_MAX, Moment, Tried};
use super::ending::{Abort, Ending, Fired};
use super::host_clock::ROUGH;
use super::job::{Errand, Job, Order, Place, Shared};
use super::plan::{Next, until};
use crate::booking::{Hold, LoginCheck, Outcome, decided, hold};
use crate::error::ExitKind;
use crate::model::opening::Learned;
use crate::model::prebooking::{Choice, Prebooking};
use crate::platform::Row;
use crate::{clock, signals};

/// A choice whose class is missing or not enabled is looked up for this long before the next choice is tried.
const SWITCH_AFTER: Duration = Duration::from_secs(3);
/// Timeout for a look at the server's clock before a prebooking expires.
const CLOCK_LOOK: Duration = Duration::from_secs(5);
/// A booking found in the schedule after an earlier run ended before it stored its result.
const FOUND: &str = "found in the schedule: an earlier try had booked it";

/// An opening this much beyond the horizon is still waited for.
const BEYOND: Duration = Duration::from_secs(60);

/// A prebooking being executed.
#[derive(Debug)]
pub(super) struct PrebookExecutor<'s> {
    pub job: Job<'s>,
    pub prebooking: &'s Prebooking,
    /// the choice being tried
    trying: &'s Choice,
    learned: Vec<(String, Learned)>,
}

impl<'s> PrebookExecutor<'s> {
    pub(super) fn new(
        shared: &'s Shared<'s>,
        errand: &'s dyn Errand,
        prebooking: &'s Prebooking,
        place: &'s Place,
        rank: u32,
        horizon: Duration,
    ) -> Self {
        let order = Order {
            account: &prebooking.request.account,
            family: prebooking.request.family.as_deref(),
            day: prebooking.day,
            place,
            class_id: prebooking.class_id.as_deref(),
        };
        let mut job = Job::new(shared, errand, order, rank);
        job.horizon = horizon.saturating_add(BEYOND);
        job.was_tried = was_tried(prebooking);
        Self {
            job,
            prebooking,
            trying: &prebooking.request.first,
            learned: Vec::new(),
        }
    }

    /// Try it. `None`: it was removed or changed meanwhile.
    pub(super) fn execute(mut self) -> Option<Fired> {
        let tried = match self.choices() {
            Ok(tried) => tried,
            Err(Abort::Removed) => return None,
            Err(Abort::Trouble(kind, message)) => {
                let ending = Ending::Trouble(kind);
                Tried::unseen(self.trying, ending, Some(message), None)
            }
        };
        Some(self.fired(tried))
    }

    /// Ends a prebooking whose class has started by this machine's clock, if the server's clock agrees. Otherwise it is
    /// executed, or left for later if booking opens beyond the horizon. `None`: it was removed or changed.
    pub(super) fn expire(mut self) -> Option<Fired> {
        match self.has_started() {
            Ok(true) => return Some(self.last_look()),
            Err(Abort::Removed) => return None,
            Err(Abort::Trouble(kind, why)) => {
                return Some(Fired::without_a_shot(Ending::Trouble(kind), why));
            }
            Ok(false) => {}
        }
        log::warn!(
            "the class has not started by the server's clock: check the clock of this machine"
        );
        let now = self.job.server_now();
        let calendar = &self.job.order.place.calendar;
        let soonest = calendar.soonest(self.prebooking, now);
        if soonest.is_some_and(|at| at > until(now, self.job.horizon)) {
            let why =
                "booking is not open yet by the server's clock; check the clock of this machine";
            let ending = Ending::Book(Outcome::TooEarly);
            return Some(Fired::without_a_shot(ending, why));
        }
        self.execute()
    }

    /// Whether the class has started by the server's clock.
    ///
    /// # Errors
    /// The clock cannot be asked: no session, or no response.
    fn has_started(&mut self) -> Result<bool, Abort> {
        self.job.begin_afterwards();
        self.job.open_session(None)?;
        self.job.with_jar(CLOCK_LOOK, |clock, platform, jar| {
            clock.look(platform, jar, ROUGH, CLOCK_LOOK);
        });
        if self.job.clock.offset().is_none() {
            let why = "the class has started by this machine's clock, and the server's clock could not be read";
            return Err(Abort::Trouble(ExitKind::Unreachable, why.to_owned()));
        }
        let calendar = &self.job.order.place.calendar;
        Ok(calendar.is_over(self.prebooking, self.job.server_now()))
    }

    /// The class has started. An earlier run may have booked it without storing the result or without a response, so the
    /// schedule decides (promise 9).
    fn last_look(mut self) -> Fired {
        if !was_tried(self.prebooking) {
            return Fired::over();
        }
        self.job.begin_afterwards();
        let tried = match self.find_mine(None) {
            Ok(Some(mine)) => mine,
            Ok(None) | Err(Abort::Removed) => return Fired::over(),
            Err(Abort::Trouble(_, why)) => {
                let words = format!(
                    "the class has started; whether an earlier try had booked it is unknown: {why}"
                );
                return Fired::without_a_shot(Ending::Expired, words);
            }
        };
        self.fired(tried)
    }

    /// Tries the choices in order, until one is booked or must be waited for.
    fn choices(&mut self) -> Result<Tried, Abort> {
        let mut tries: Vec<Tried> = Vec::new();
        if let Some(had) = self.already_had()? {
            return Ok(had);
        }
        let choices: Vec<&'s Choice> = self.prebooking.choices().collect();
        for (index, choice) in choices.iter().enumerate() {
            self.job.switch = self
                .next_open(&choices[index + 1..])
                .map(|at| (SWITCH_AFTER, at));
            let tried = self.try_choice(choice)?;
            let next = tried.ending.allows_alternative();
            tries.push(tried);
            if !next {
                break;
            }
        }
        self.repeat_missing(&choices, &mut tries)?;
        if let Some(queued) = self.queue(&tries)? {
            tries.push(queued);
        }
        Ok(deciding(tries, self.prebooking.request.watch))
    }

    /// When the first of these choices can be tried.
    fn next_open(&self, choices: &[&Choice]) -> Option<DateTime<Utc>> {
        let calendar = &self.job.order.place.calendar;
        let now = self.job.server_now();
        let opens = |choice: &&Choice| match calendar.next(self.prebooking, choice, now) {
            Next::At(at) | Next::Guess(at) => Some(at),
            Next::Unknown => Some(now),
            Next::Over => None,
        };
        choices.iter().filter_map(opens).min()
    }

    /// Looks up the choices whose classes are missing or not enabled, one after the other, until `--give-up`.
    fn repeat_missing(
        &mut self,
        choices: &[&'s Choice],
        tries: &mut Vec<Tried>,
    ) -> Result<(), Abort> {
        let mut pause = MISSING_PAUSE;
        self.job.switch = Some((Duration::ZERO, DateTime::<Utc>::MIN_UTC));
        while let Some(last) = tries.last()
            && last.ending.allows_alternative()
            && tries.iter().any(|tried| tried.may_come)
            && !self.job.is_late()
            && !signals::must_stop()
        {
            clock::pause(pause.min(self.job.left()));
            pause = pause.mul_f32(1.5).min(MISSING_PAUSE_MAX);
            if !self.job.errand.is_wanted() {
                return Err(Abort::Removed);
            }
            for index in (0..tries.len())
                .filter(|index| tries[*index].may_come)
                .collect::<Vec<_>>()
            {
                let tried = self.try_choice(choices[index])?;
                if !tried.ending.allows_alternative() {
                    tries.push(tried);
                    break;
                }
                tries[index] = tried;
            }
        }
        Ok(())
    }

    fn try_choice(&mut self, choice: &'s Choice) -> Result<Tried, Abort> {
        self.trying = choice;
        let calendar = &self.job.order.place.calendar;
        let now = self.job.server_now();
        let (opens, patient) = match calendar.next(self.prebooking, choice, now) {
            Next::Over => return Ok(Tried::unseen(choice, Ending::Expired, None, None)),
            Next::Unknown => (None, false),
            Next::At(at) => (Some(at), true),
            Next::Guess(at) => (Some(at), false),
        };
        let ahead = opens.filter(|at| *at > now);
        if ahead.is_some_and(|at| at > until(clock::now(), self.job.horizon)) {
            let ending = Ending::Book(Outcome::TooEarly);
            return Ok(Tried::unseen(choice, ending, None, opens));
        }
        let moment = Moment {
            opens,
            ahead,
            patient,
        };
        let mut tried = self.job.have(choice, moment)?;
        if let Some(report) = tried.hit.as_ref().map(|hit| &hit.report) {
            let learned = report.learned.map(|rule| (report.row.name.clone(), rule));
            self.learned.extend(learned);
        }
        if let Some(hit) = &mut tried.hit {
            // what is kept is an opening of the first choice
            let first = *choice == self.prebooking.request.first;
            hit.moved_to = hit.moved_to.filter(|_| first);
        }
        if !patient && tried.ending == Ending::Book(Outcome::Booked) {
            let class = tried.hit.as_ref().map(|hit| hit.report.row.name.as_str());
            let better = class.and_then(|class| self.better_rule(choice, class, ahead));
            tried.message = better.or(tried.message);
        }
        Ok(tried)
    }

    /// The rule that the class seems to have, after a booking at one of the tries of a guess.
    fn better_rule(
        &self,
        choice: &Choice,
        class: &str,
        ahead: Option<DateTime<Utc>>,
    ) -> Option<String> {
        let (it, calendar) = (self.prebooking, &self.job.order.place.calendar);
        let guess = it.request.opening(choice, &calendar.opening_rules)?;
        let at = self.job.fired_at.max(ahead)?.with_timezone(&calendar.zone);
        let better = guess.better((it.day, choice.start), at, self.job.errand.refused_at())?;
        Some(better.words(&it.request.gym, class))
    }

    /// No choice could be booked: if requested, joins the waiting list of the first full class.
    fn queue(&mut self, tries: &[Tried]) -> Result<Option<Tried>, Abort> {
        if !self.prebooking.request.waitlist {
            return Ok(None);
        }
        let is_full = |tried: &&Tried| {
            let report = tried.hit.as_ref().map(|hit| &hit.report);
            report.is_some_and(|report| report.outcome == Outcome::Full)
        };
        let full = match tries.last() {
            // after a lost response no other class is requested, but the platform refuses a second place in this one
            Some(last) if last.hit.as_ref().is_some_and(|hit| hit.is_unsure) => {
                Some(last).filter(is_full)
            }
            Some(last) if !last.ending.allows_alternative() => None,
            _ => tries.iter().find(is_full),
        };
        let Some(full) = full else {
            return Ok(None);
        };
        let mut choices = self.prebooking.choices();
        self.trying = choices
            .find(|choice| **choice == full.choice)
            .unwrap_or(self.trying);
        self.job.queue(full)
    }

    /// A try before this one may have had a class without living to write it down: then whichever
    /// of the choices is mine is the one, before anything is sent (promise 9).
    fn already_had(&mut self) -> Result<Option<Tried>, Abort> {
        // for a single class with known requests, its row decides when it is looked up
        let one = self.prebooking.request.alternatives.is_empty();
        let known = self.prebooking.owner.is_none() && self.prebooking.attempts > 0;
        if !was_tried(self.prebooking) || (one && known) {
            return Ok(None);
        }
        let now = self.job.server_now();
        let calendar = &self.job.order.place.calendar;
        let ahead = calendar
            .soonest(self.prebooking, now)
            .filter(|at| *at > now);
        self.job.begin(&self.prebooking.request.first, ahead);
        if let Some(at) = ahead {
            self.job.open_session(ahead)?;
            self.job.wait_for_first_look(at)?;
        }
        self.find_mine(ahead)
    }

    /// Whichever of the choices is mine, or the class that was last asked for.
    fn find_mine(&mut self, ahead: Option<DateTime<Utc>>) -> Result<Option<Tried>, Abort> {
        self.job.open_session(ahead)?;
        let rows = self
            .job
            .within_give_up(false, |job, limit| job.rows(limit, LoginCheck::Required))?;
        // a class that the box cancelled is not booked; its choice is reported elsewhere
        let is_mine =
            |row: &&Row| !row.cancelled && matches!(hold(row), Some(Hold::Booked | Hold::Waiting));
        let described = self.prebooking.choices().find_map(|choice| {
            let row = self.job.fitting(choice, &rows).ok().filter(is_mine)?;
            Some((choice, row))
        });
        // it was renamed or moved since: then its id decides
        let numbered = || {
            let id = self.prebooking.class_id.as_ref()?;
            let row = rows.iter().filter(is_mine).find(|row| row.id == *id)?;
            Some((&self.prebooking.request.first, row))
        };
        let Some((choice, row)) = described.or_else(numbered) else {
            return Ok(None);
        };
        let hit = decided(row).map(|report| Hit::of(report, None));
        let tried = hit.map(|hit| Tried::of(choice, hit, None));
        Ok(tried.map(|tried| Tried {
            message: Some(FOUND.to_owned()),
            ..tried
        }))
    }

    fn fired(mut self, tried: Tried) -> Fired {
        if let Some(live) = &mut self.job.live {
            live.release_after_firing();
        }
        let job = self.job;
        let moved_to = tried.hit.as_ref().and_then(|hit| hit.moved_to);
        let report = tried.hit.map(|hit| hit.report);
        Fired {
            ending: tried.ending,
            message: tried.message,
            reservation: report
                .as_ref()
                .and_then(|report| report.reservation.clone()),
            moved_to,
            choice: Some(tried.choice),
            class: report.map(|report| report.row),
            opens_at: tried.opens,
            fired_at: job.fired_at.filter(|_| !job.shots.is_empty()),
            clock_offset_ms: job.clock.offset().map(|seconds| seconds * 1000.0),
            shots: job.shots,
            session: job.live.map(|live| live.row().clone()),
            learned: self.learned,
            signal_guard: job.signal_guard,
        }
    }
}

/// Whether an earlier run may have booked: it crashed with the claim, sent requests, or was about to.
fn was_tried(it: &Prebooking) -> bool {
    it.owner.is_some() || it.attempts > 0 || it.class_id.is_some()
}

/// The try that decides the result: the last one if it was final, else the first that a later run may repeat (full only
/// with `--watch`), else one that was full, else the first.
fn deciding(mut tries: Vec<Tried>, watch: bool) -> Tried {
    let last = tries.len().saturating_sub(1);
    let ended = tries
        .last()
        .is_some_and(|tried| !tried.ending.allows_alternative());
    let at = if ended {
        last
    } else {
        let mendable = |watch| {
            tries
                .iter()
                .position(|tried| tried.ending.stays_pending(watch))
        };
        mendable(watch).or_else(|| mendable(true)).unwrap_or(0)
    };
    tries.swap_remove(at)
}
