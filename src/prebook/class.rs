//! Booking one class: looked up shortly before its opening, because ids change, and requested at the instant.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::host_clock::ROUGH;
use super::plan::Next;
use super::result::ChoiceResult;
use super::same_day::another_that_day;
use super::task::{Abort, BookingTask};
use crate::booking::{BookResult, LoginCheck, Outcome, find};
use crate::error::{ExitKind, Failure};
use crate::model::prebooking::{Choice, Prebooking};
use crate::platform::Row;
use crate::{clock, signals};

/// A look at the schedule before the opening is given up after this, and tried again.
const LOOK_UP: Duration = Duration::from_secs(6);
/// No second look at the schedule is begun later than this before the opening.
const SPARE: Duration = Duration::from_millis(800);
/// Timeout of a look that is under way at the opening: the booking needs it.
const LATE_LOOK_UP: Duration = Duration::from_secs(2);
/// Pauses between looks at a class that is missing or not enabled.
const MISSING_PAUSE: Duration = Duration::from_millis(100);
const MISSING_PAUSE_MAX: Duration = Duration::from_secs(2);
/// Such a class is looked up for this long before another choice is tried.
const SWITCH_AFTER: Duration = Duration::from_secs(3);
/// A class whose opening is longer ago than this is looked up once per run.
const MISSING_SINCE: TimeDelta = TimeDelta::minutes(30);
/// Requests that are too early, and looks at a class that is missing, are repeated for this long before the clock of this
/// machine is doubted …
const REPEATS_BEFORE_LOOK: Duration = Duration::from_secs(1);
/// … and the server's is looked at for this long, once for an execution. Nothing is requested meanwhile.
const DOUBT_LOOK: Duration = Duration::from_secs(2);
/// Longest sleep while another thread looks at a box that fails.
const TURN_POLL: Duration = Duration::from_millis(100);

/// Where the clocks differ by more than this, a request is sent at the opening by either clock.
pub(super) const BELIEVED_ALONE: TimeDelta = TimeDelta::minutes(1);

/// The row of a class that can be requested, or the result of its choice.
type Found = Result<Row, ChoiceResult>;

/// When to request a class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The opening, or what is known of it. [`Next::At`] is repeated until `--give-up`, a guess is not.
    pub next: Next,
    /// The instant that is waited for.
    pub ahead: Option<DateTime<Utc>>,
    /// Whether a place on the waiting list is requested too. The class was full, so booking has opened.
    pub insist: bool,
}

impl Moment {
    /// The moment of a request without the waiting list.
    fn of(next: Next, ahead: Option<DateTime<Utc>>) -> Self {
        Self {
            next,
            ahead,
            insist: false,
        }
    }

    /// The instant from which lateness counts. There is none for a guess that was not waited for.
    pub(super) fn aimed_at(self) -> Option<DateTime<Utc>> {
        match self.next {
            Next::At(at) => Some(at),
            Next::Guess(_) => self.ahead,
            Next::Unknown | Next::Over => None,
        }
    }

    /// Whether the opening is known: a refusal that is too early is repeated until `--give-up`.
    pub(super) fn is_known(self) -> bool {
        matches!(self.next, Next::At(_))
    }
}

impl BookingTask<'_> {
    /// Books a class at its opening by the server's clock. Where the clocks differ by much, one request is sent at the
    /// opening by the clock of this machine too: dates may be wrong. If the clock of this machine had to do and was fast, the
    /// class is requested again at the opening by the server's clock.
    pub(super) fn book(&mut self, choice: &Choice, next: Next) -> Result<ChoiceResult, Abort> {
        let result = self.book_by_clocks(choice, next)?;
        let opens = next.at();
        Ok(ChoiceResult { opens, ..result })
    }

    fn book_by_clocks(&mut self, choice: &Choice, next: Next) -> Result<ChoiceResult, Abort> {
        let Some(at) = next.at() else {
            return self.book_at(choice, Moment::of(next, None));
        };
        let was_ahead = self.ahead(at).is_some();
        self.tries_own_clock = was_ahead;
        loop {
            let ahead = self.ahead(at);
            let result = match self.book_at(choice, Moment::of(next, ahead)) {
                Err(Abort::ClockBehind) => {
                    match self.book_by_own_clock(choice, at) {
                        Err(Abort::Failed(ExitKind::Unreachable, why)) => {
                            log::info!("{why}; going on");
                        }
                        Ok(result) if result.may_open(at) && self.until(at) <= self.horizon() => {}
                        ended => return ended,
                    }
                    continue;
                }
                result => result?,
            };
            let is_early = result.may_come || result.outcome() == Outcome::TooEarly;
            let is_far_ahead = was_ahead && self.offset() > BELIEVED_ALONE;
            if is_early && result.may_open(at) && is_far_ahead {
                return self.book_by_own_clock(choice, at);
            }
            let opens_later = matches!(next, Next::At(_)) && self.ahead(at).is_some();
            if !opens_later || !result.may_open(at) {
                return Ok(result);
            }
            log::warn!(
                "booking has not opened by the server's clock: check the clock of this machine"
            );
            if self.until(at) > self.horizon() {
                let may_come = false;
                return Ok(ChoiceResult { may_come, ..result });
            }
        }
    }

    /// The instant if it is still to come.
    fn ahead(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (!self.until(at).is_zero()).then_some(at)
    }

    /// Sends one request at the opening by the clock of this machine.
    fn book_by_own_clock(
        &mut self,
        choice: &Choice,
        at: DateTime<Utc>,
    ) -> Result<ChoiceResult, Abort> {
        self.tries_own_clock = false;
        self.by_own_clock = true;
        let result = self.book_at(choice, Moment::of(Next::Unknown, Some(at)));
        self.by_own_clock = false;
        result
    }

    /// Whether booking opens later by the server's clock. That is looked at once for an execution, where only the clock of this
    /// machine is known and something was too early: at once if the opening had passed by that clock, otherwise after repeats
    /// since `began`.
    pub(super) fn opens_later(&mut self, moment: Moment, began: Instant) -> bool {
        let Next::At(at) = moment.next else {
            return false;
        };
        if moment.ahead.is_some() && clock::since(began) < REPEATS_BEFORE_LOOK {
            return false;
        }
        if !std::mem::replace(&mut self.has_doubted_clock, true) {
            let limit = moment.ahead.map_or(Duration::MAX, |_| DOUBT_LOOK);
            let before = self.offset();
            self.look_within(limit, ROUGH);
            if moment.ahead.is_none() {
                self.shift_deadline(self.offset() - before);
            }
        }
        self.ahead(at).is_some()
    }

    /// Prepares, waits for the opening that is ahead, and requests the class; again under another id if that has changed since
    /// it was looked up.
    fn book_at(&mut self, choice: &Choice, moment: Moment) -> Result<ChoiceResult, Abort> {
        self.begin(choice, moment.ahead);
        self.prepare(moment.ahead)?;
        if self.excludes_day_elsewhere() {
            return Ok(ChoiceResult::of(choice, another_that_day(None)));
        }
        let row = match self.look_up(choice, moment)? {
            Ok(row) => row,
            Err(result) => {
                return Ok(ChoiceResult {
                    may_come: result.is_awaited() && self.is_recent(moment),
                    ..result
                });
            }
        };
        self.check_claim()?;
        if let Some(at) = moment.ahead {
            self.wait_until_opening(at);
        }
        let result = self.attempt(choice, &row, moment)?;
        if result.outcome() != Outcome::Refused {
            return Ok(result);
        }
        match self.find(choice, LOOK_UP, LoginCheck::Skipped) {
            Ok(Ok(now)) if now.id != row.id => self.attempt(choice, &now, moment),
            _ => Ok(result),
        }
    }

    /// Requests a place on the waiting list of a class that was full.
    pub(super) fn join_waiting_list(
        &mut self,
        full: &ChoiceResult,
    ) -> Result<Option<ChoiceResult>, Abort> {
        let Some(row) = full.booked.row.clone() else {
            return Ok(None);
        };
        self.check_claim()?;
        log::info!("full; asking for a place on the waiting list");
        self.intend(&row.id);
        let moment = Moment {
            insist: true,
            ..Moment::of(full.opens.map_or(Next::Unknown, Next::At), None)
        };
        let result = self.attempt(&full.choice, &row, moment)?;
        Ok(Some(ChoiceResult {
            opens: full.opens,
            ..result
        }))
    }

    /// The class as the schedule shows it shortly before the opening, and again from the opening on if it was missing or
    /// not enabled.
    fn look_up(&mut self, choice: &Choice, moment: Moment) -> Result<Found, Abort> {
        let Some(at) = moment.ahead else {
            return self.find_within_give_up(choice, moment);
        };
        let is_near = self.is_near(at);
        self.wait_for_look_up(at)?;
        let began = clock::steady();
        let first = match self.known(choice).filter(|_| is_near) {
            None => self.find_before(choice, at, is_near)?,
            known => known.map(Ok),
        };
        if !is_near {
            self.measure_clock(at)?;
        } else if self.until(at) > clock::since(began) {
            // A request that is sent right after the look is no later than one that is sent at the opening without a look.
            self.look_within(self.until(at), ROUGH);
        }
        if let Some(found) =
            first.filter(|found| !found.as_ref().is_err_and(ChoiceResult::is_awaited))
        {
            return Ok(found);
        }
        self.wait_until_opening(at);
        self.find_within_give_up(choice, moment)
    }

    /// `None`: it could not be looked up before the opening.
    fn find_before(
        &mut self,
        choice: &Choice,
        at: DateTime<Utc>,
        is_near: bool,
    ) -> Result<Option<Found>, Abort> {
        loop {
            let left = self.until(at).saturating_sub(SPARE);
            let limit = left.clamp(LATE_LOOK_UP, LOOK_UP);
            if self.wait_for_turn(left).is_err() {
                return Ok(None);
            }
            // A dead session is recovered before the opening, if there is time to ask for it.
            let check = if is_near {
                LoginCheck::Skipped
            } else {
                LoginCheck::IfPossible
            };
            match self.find(choice, limit, check) {
                Err(Abort::Failed(ExitKind::Unreachable, why)) => {
                    log::info!("the class could not be looked up yet: {why}");
                    if self.until(at) < SPARE {
                        return Ok(None);
                    }
                }
                found => return found.map(Some),
            }
        }
    }

    /// Looks the class up from its opening on. Until `--give-up`, the look is repeated in an outage, and while the class is
    /// missing or not enabled.
    fn find_within_give_up(&mut self, choice: &Choice, moment: Moment) -> Result<Found, Abort> {
        // an id that has changed since the schedule was read is noticed by the refusal
        if let Some(row) = self.known(choice) {
            return Ok(Ok(row));
        }
        let began = clock::steady();
        loop {
            let at_opening = moment.ahead.is_some();
            let found = self.within_give_up(at_opening, |task, limit| {
                task.find(choice, limit, LoginCheck::Skipped)
            })?;
            let switches = clock::since(began) >= SWITCH_AFTER
                && self.other_opens.is_some_and(|at| self.ahead(at).is_none());
            let is_awaited = found.as_ref().is_err_and(ChoiceResult::is_awaited);
            let is_settled = !is_awaited || switches || !self.is_recent(moment);
            if is_settled || self.is_late() || self.opens_later(moment, began) {
                return Ok(found);
            }
            // half as long as it has been looked up
            let pause = (clock::since(began) / 2).clamp(MISSING_PAUSE, MISSING_PAUSE_MAX);
            clock::pause(pause.min(self.left()));
            if signals::must_stop() {
                return Ok(found);
            }
            self.check_claim()?;
        }
    }

    /// Whether the opening is so recent that the class may still appear or become enabled.
    fn is_recent(&self, moment: Moment) -> bool {
        let Next::At(at) = moment.next else {
            return false;
        };
        self.server_now() - at < MISSING_SINCE
    }

    /// Repeats `ask` in an outage until the deadline. `at_opening`: the first one does not wait for its turn.
    pub(super) fn within_give_up<T>(
        &mut self,
        mut at_opening: bool,
        ask: impl Fn(&mut Self, Duration) -> Result<T, Abort>,
    ) -> Result<T, Abort> {
        loop {
            if !at_opening {
                self.wait_for_turn(self.left())?;
            }
            at_opening = false;
            let limit = self.left().max(LOOK_UP);
            match ask(self, limit) {
                Err(Abort::Failed(ExitKind::Unreachable, _)) if !self.is_late() => {}
                done => return done,
            }
            self.check_claim()?;
        }
    }

    /// Waits for the turn to look at a box that fails.
    ///
    /// # Errors
    /// The turn does not come within `limit`.
    pub(super) fn wait_for_turn(&self, limit: Duration) -> Result<(), Abort> {
        let end = clock::steady() + limit;
        loop {
            let now = clock::steady();
            let Err((at, cause)) = self.backoff.take_turn(now) else {
                return Ok(());
            };
            if at > end || signals::must_stop() {
                return Err(Abort::Failed(ExitKind::Unreachable, cause));
            }
            clock::sleep_until(at.min(now + TURN_POLL), false);
        }
    }

    fn find(
        &mut self,
        choice: &Choice,
        limit: Duration,
        check: LoginCheck,
    ) -> Result<Found, Abort> {
        self.read_rows(limit, check)?;
        let row = match self.fitting(choice) {
            Ok(row) => row.clone(),
            Err(failure) => {
                let wanted = find::Description::of(self.request, choice);
                let outcome = if wanted.fitting(&self.rows).is_empty() {
                    Outcome::Failed(ExitKind::NotFound)
                } else {
                    Outcome::Ambiguous
                };
                let why = Some(failure.message);
                return Ok(Err(ChoiceResult::unseen(choice, outcome, why)));
            }
        };
        if let Some(decided) = BookResult::decided(&row) {
            return Ok(Err(ChoiceResult::of(choice, decided)));
        }
        self.intend(&row.id);
        Ok(Ok(row))
    }

    /// The class in the schedule as it was read last, if it can be booked.
    fn known(&mut self, choice: &Choice) -> Option<Row> {
        let row = self.fitting(choice).ok()?.clone();
        if BookResult::decided(&row).is_some() {
            return None;
        }
        self.intend(&row.id);
        Some(row)
    }

    /// Reads the schedule of the day. Each request has `limit` as its timeout, and locks are waited for no longer.
    pub(super) fn read_rows(&mut self, limit: Duration, check: LoginCheck) -> Result<(), Abort> {
        let day = self.day;
        // a row that shows no booking is believed only with a login known to work if an earlier run may have booked
        let was_tried = self.prebooking.is_some_and(Prebooking::was_tried);
        let check = if was_tried {
            LoginCheck::Required
        } else {
            check
        };
        let read_at = clock::steady();
        let mut client = self.client_for(limit.min(self.left()))?;
        let schedule = client.schedule_within(day, limit, check);
        self.backoff.note(&schedule);
        self.rows = schedule.map_err(|e| self.abort(e))?;
        self.rows_at = Some(read_at);
        Ok(())
    }

    /// The row that a choice means. If several fit, the one with the id that was seen before.
    pub(super) fn fitting(&self, choice: &Choice) -> Result<&Row, Failure> {
        let wanted = find::Description::of(self.request, choice);
        let one = find::one(&self.rows, &wanted, self.day, |only| {
            let add = only.replace_in(self.request, choice).command(self.day);
            // the class is described in another way, so the prebooking would not be replaced
            match &self.prebooking {
                Some(Prebooking { id, .. }) => {
                    let account = &self.request.account;
                    format!("aimharder prebook remove {id} --account {account}`, then `{add}")
                }
                None => add,
            }
        });
        one.or_else(|failure| {
            let stored = self.prebooking.and_then(|it| it.class_id.as_ref());
            let seen = [stored, self.class_id.as_ref()];
            let mut fitting = wanted.fitting(&self.rows).into_iter();
            let row = fitting.find(|row| seen.contains(&Some(&row.id)));
            row.ok_or(failure)
        })
    }
}
