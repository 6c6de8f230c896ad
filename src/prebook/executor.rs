//! Executes one prebooking: its choices in order, each at its own opening, until one is booked.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::context::RunContext;
use super::plan::{Next, until};
use super::result::{ChoiceResult, Meaning, PrebookResult};
use super::task::{Abort, BookingTask, WITHIN_LEAD};
use crate::booking::{BookResult, LoginCheck, Outcome};
use crate::model::box_profile::BoxProfile;
use crate::model::opening::Opening;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::platform::Row;
use crate::sessions::SessionRef;
use crate::{clock, signals};

/// The message of a booking that an earlier run may have made without storing its result.
const FOUND: &str = "found in the schedule";
/// The message of a prebooking that has expired.
pub(super) const STARTED: &str = "the class has started";

/// A prebooking being executed.
#[derive(Debug)]
pub(super) struct PrebookExecutor<'e> {
    pub task: BookingTask<'e>,
    prebooking: &'e Prebooking,
    /// The choice being tried.
    trying: &'e Choice,
    learned: Vec<(String, Opening)>,
}

impl<'e> PrebookExecutor<'e> {
    pub(super) fn new(
        context: &'e RunContext<'e>,
        prebooking: &'e Prebooking,
        profile: &'e BoxProfile,
        rank: u32,
    ) -> Self {
        let request = &prebooking.request;
        let mut task = BookingTask::new(context, request, prebooking.day, profile);
        task.prebooking = Some(prebooking);
        task.class_id.clone_from(&prebooking.class_id);
        task.rank = rank;
        Self {
            task,
            prebooking,
            trying: &prebooking.request.first,
            learned: Vec::new(),
        }
    }

    /// Tries the choices. `None`: the prebooking was removed or changed.
    pub(super) fn execute(&mut self) -> Option<PrebookResult> {
        let decided = match self.choices() {
            Ok(decided) => decided,
            Err(abort) => {
                let (outcome, message) = abort.outcome()?;
                let now = self.task.server_now();
                let next = self.task.profile.next(self.prebooking, self.trying, now);
                let decided = ChoiceResult::unseen(self.trying, outcome, Some(message));
                return Some(PrebookResult {
                    opens_at: next.at(),
                    ..self.result(decided)
                });
            }
        };
        Some(self.result(decided))
    }

    /// Ends a prebooking whose class has started by this machine's clock, if the server's clock agrees. Otherwise it is
    /// executed, or left for later if booking opens beyond the horizon. `None`: it was removed or changed.
    pub(super) fn expire(&mut self) -> Option<PrebookResult> {
        if let Err(abort) = self.task.confirm_clock("the class has started") {
            let (outcome, why) = abort.outcome()?;
            return Some(self.unsent(outcome, &why));
        }
        let now = self.task.server_now();
        if self.task.profile.is_over(self.prebooking, now) {
            return Some(self.last_look());
        }
        log::warn!(
            "the class has not started by the server's clock: check the clock of this machine"
        );
        let soonest = self.task.profile.soonest(self.prebooking, now);
        if soonest.is_some_and(|at| at > until(now, self.task.horizon())) {
            let why =
                "booking is not open yet by the server's clock; check the clock of this machine";
            return Some(self.unsent(Outcome::TooEarly, why));
        }
        self.execute()
    }

    fn unsent(&self, outcome: Outcome, why: &str) -> PrebookResult {
        let zone = self.task.profile.zone;
        let why = Some(why.to_owned());
        PrebookResult::unsent(self.prebooking, zone, outcome, why, clock::now())
    }

    /// The class has started. An earlier run may have booked it without storing the result or without a response, so the
    /// schedule decides (promise 9).
    fn last_look(&mut self) -> PrebookResult {
        let over = self.unsent(Outcome::Expired, STARTED);
        if !self.prebooking.was_tried() {
            return over;
        }
        self.task.begin_afterwards();
        match self.find_mine(None) {
            Ok(Some(mine)) => self.result(mine),
            Err(Abort::Failed(_, why)) => self.unsent(
                Outcome::Expired,
                &format!(
                    "the class has started; whether an earlier try had booked it is unknown: {why}"
                ),
            ),
            Ok(None) | Err(_) => over,
        }
    }

    /// Tries the choices in order, until one is booked or must be waited for. One whose class is missing or not enabled is
    /// tried again after the others that are open, until `--give-up`.
    fn choices(&mut self) -> Result<ChoiceResult, Abort> {
        if let Some(booked) = self.booked_before()? {
            return Ok(booked);
        }
        let mut results: Vec<ChoiceResult> = Vec::new();
        let mut turns: VecDeque<&'e Choice> = self.prebooking.choices().collect();
        while let Some(choice) = turns.pop_front() {
            self.task.other_opens = turns.iter().filter_map(|other| self.opens(other)).min();
            let result = self.try_choice(choice)?;
            let tries_next = result.tries_next();
            if result.may_come && !self.task.is_late() && !signals::must_stop() {
                // before those that are still waited for
                let now = self.task.server_now();
                let is_ahead = |other: &&Choice| self.opens(other).is_none_or(|at| at > now);
                let index = turns.iter().position(is_ahead);
                turns.insert(index.unwrap_or(turns.len()), choice);
            }
            match results.iter_mut().find(|it| it.choice == *choice) {
                Some(earlier) if tries_next => *earlier = result,
                _ => results.push(result),
            }
            if !tries_next {
                break;
            }
        }
        if let Some(queued) = self.join_waiting_list(&results)? {
            results.push(queued);
        }
        Ok(deciding(results, self.prebooking.request.watch))
    }

    /// When a choice can be tried. `None`: its class has started.
    fn opens(&self, choice: &Choice) -> Option<DateTime<Utc>> {
        let now = self.task.server_now();
        match self.task.profile.next(self.prebooking, choice, now) {
            Next::Unknown => Some(now),
            next => next.at(),
        }
    }

    fn try_choice(&mut self, choice: &'e Choice) -> Result<ChoiceResult, Abort> {
        self.trying = choice;
        let profile = &self.task.profile;
        let now = self.task.server_now();
        let next = profile.next(self.prebooking, choice, now);
        if next == Next::Over {
            return Ok(ChoiceResult::unseen(choice, Outcome::Expired, None));
        }
        let opens = next.at();
        let ahead = opens.filter(|at| *at > now);
        if ahead.is_some_and(|at| at > until(clock::now(), self.task.horizon())) {
            let unseen = ChoiceResult::unseen(choice, Outcome::TooEarly, None);
            return Ok(ChoiceResult { opens, ..unseen });
        }
        if self.task.is_within_lead(choice, ahead)? {
            let message = Some(WITHIN_LEAD.to_owned());
            return Ok(ChoiceResult::unseen(choice, Outcome::WithinLead, message));
        }
        let mut result = self.task.book(choice, next)?;
        let class = result.booked.row.as_ref().map(|row| row.name.clone());
        self.learned
            .extend(class.clone().zip(result.booked.learned));
        // what is stored is an opening of the first choice
        let is_first = *choice == self.prebooking.request.first;
        result.moved_to = result.moved_to.filter(|_| is_first);
        if !matches!(next, Next::At(_)) && result.outcome() == Outcome::Booked {
            let better = class.and_then(|class| self.better_rule(choice, &class, ahead));
            result.booked.message = better.or(result.booked.message);
        }
        Ok(result)
    }

    /// The rule that the class seems to have, after a booking at one of the tries of a guess.
    fn better_rule(
        &self,
        choice: &Choice,
        class: &str,
        ahead: Option<DateTime<Utc>>,
    ) -> Option<String> {
        let (it, profile) = (self.prebooking, &self.task.profile);
        let guess = it.opening(choice, &profile.opening_rules, profile.zone)?;
        let at = self.task.fired_at.max(ahead)?.with_timezone(&profile.zone);
        let refused_at = self.task.context.sessions.store.refused_as_too_early(it.id);
        let refused_at = refused_at.unwrap_or_default();
        guess.suggestion(&it.request.gym, class, it.day, choice.start, at, refused_at)
    }

    /// No choice could be booked. If requested, joins the waiting list of the first full class.
    fn join_waiting_list(
        &mut self,
        results: &[ChoiceResult],
    ) -> Result<Option<ChoiceResult>, Abort> {
        if !self.prebooking.request.waitlist {
            return Ok(None);
        }
        let full = match results.last() {
            // After a lost response no other class is requested. The platform refuses a second place in this one.
            Some(last) if !last.tries_next() => Some(last).filter(|last| last.is_full),
            _ => results.iter().find(|result| result.is_full),
        };
        let Some(full) = full else {
            return Ok(None);
        };
        let mut choices = self.prebooking.choices();
        self.trying = choices
            .find(|choice| **choice == full.choice)
            .unwrap_or(self.trying);
        self.task.join_waiting_list(full)
    }

    /// What an earlier execution may have booked without storing it: whichever of the choices is the member's, before
    /// anything is sent (promise 9).
    fn booked_before(&mut self) -> Result<Option<ChoiceResult>, Abort> {
        // for a single class with known requests, its row decides when it is looked up
        let is_one = self.prebooking.request.alternatives.is_empty();
        let is_known = self.prebooking.owner.is_none() && self.prebooking.attempts > 0;
        if !self.prebooking.was_tried() || (is_one && is_known) {
            return Ok(None);
        }
        let now = self.task.server_now();
        let soonest = self.task.profile.soonest(self.prebooking, now);
        let ahead = soonest.filter(|at| *at > now);
        self.task.begin(&self.prebooking.request.first, ahead);
        if let Some(at) = ahead {
            self.task.open_session(ahead)?;
            self.task.wait_for_first_look(at)?;
        }
        self.find_mine(ahead)
    }

    /// The choice that is the member's, or the class that was requested last.
    fn find_mine(&mut self, ahead: Option<DateTime<Utc>>) -> Result<Option<ChoiceResult>, Abort> {
        self.task.open_session(ahead)?;
        self.task.within_give_up(false, |task, limit| {
            task.read_rows(limit, LoginCheck::Required)
        })?;
        // a class that the box has cancelled is not booked; its choice is reported when it is tried
        let is_mine = |row: &&Row| !row.cancelled && row.is_mine();
        let described = self.prebooking.choices().find_map(|choice| {
            let row = self.task.fitting(choice).ok().filter(is_mine)?;
            Some((choice, row))
        });
        // if it was renamed or moved, its id decides
        let numbered = || {
            let id = self.prebooking.class_id.as_ref()?;
            let mut mine = self.task.rows.iter().filter(is_mine);
            Some((
                &self.prebooking.request.first,
                mine.find(|row| row.id == *id)?,
            ))
        };
        let Some((choice, row)) = described.or_else(numbered) else {
            return Ok(None);
        };
        let booked = BookResult::decided(row).map(|booked| BookResult {
            message: Some(FOUND.to_owned()),
            ..booked
        });
        Ok(booked.map(|booked| ChoiceResult::of(choice, booked)))
    }

    fn result(&mut self, decided: ChoiceResult) -> PrebookResult {
        let task = &mut self.task;
        if let Some(live) = &mut task.live {
            live.release_after_firing();
        }
        let attempts = std::mem::take(&mut task.attempts);
        let zone = task.profile.zone;
        PrebookResult {
            fired_at: task.fired_at.filter(|_| !attempts.is_empty()),
            clock_offset_ms: task.clock.offset().map(|seconds| seconds * 1000.0),
            session: task.live.as_ref().map(|live| SessionRef::from(live.row())),
            learned: std::mem::take(&mut self.learned),
            ..PrebookResult::of(self.prebooking, zone, decided, attempts, clock::now())
        }
    }
}

/// The result that decides: the last one if it ended the choices, else the first that a later run may repeat (full only
/// with `--watch`), else one that was full, else the first refusal, else one within its lead, else the first.
fn deciding(mut results: Vec<ChoiceResult>, watch: bool) -> ChoiceResult {
    let rank = |result: &ChoiceResult| {
        let is_pending = |watch| Meaning::of(result.outcome(), watch).progress == Progress::Pending;
        match result.outcome() {
            _ if is_pending(watch) => 0,
            _ if is_pending(true) => 1,
            Outcome::WithinLead => 3,
            Outcome::Expired => 4,
            _ => 2,
        }
    };
    let last = results.len().saturating_sub(1);
    let has_ended = results.last().is_some_and(|result| !result.tries_next());
    let ranked = (0..=last).min_by_key(|index| results.get(*index).map(rank));
    let at = ranked.filter(|_| !has_ended).unwrap_or(last);
    results.swap_remove(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_decides_before_a_lead_and_a_lead_before_the_start() {
        let choice: Choice = "18:30".parse().unwrap();
        let decided = |outcomes: &[Outcome]| {
            let results = outcomes.iter();
            let results = results.map(|outcome| ChoiceResult::unseen(&choice, *outcome, None));
            deciding(results.collect(), false).outcome()
        };
        let (expired, lead) = (Outcome::Expired, Outcome::WithinLead);
        assert_eq!(
            decided(&[expired, lead, Outcome::Refused]),
            Outcome::Refused
        );
        assert_eq!(decided(&[expired, lead]), lead);
        assert_eq!(decided(&[expired, expired]), expired);
        assert_eq!(decided(&[lead, Outcome::Closed]), Outcome::Closed);
    }
}
