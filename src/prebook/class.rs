//! Booking one class: looked up shortly before its opening, because ids change, and requested at the instant.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::host_clock::ROUGH;
use super::once_a_day::another_that_day;
use super::plan::Next;
use super::result::ChoiceResult;
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
pub(super) const MISSING_PAUSE: Duration = Duration::from_millis(100);
pub(super) const MISSING_PAUSE_MAX: Duration = Duration::from_secs(2);
/// A class whose opening is longer ago than this is looked up once per run.
const MISSING_SINCE: TimeDelta = TimeDelta::minutes(30);
/// Requests that are too early, and looks at a class that is missing, are repeated for this long before the clock of this
/// machine is doubted …
const REPEATS_BEFORE_LOOK: Duration = Duration::from_secs(1);
/// … and the server's is looked at, once for an opening. Nothing is requested meanwhile.
const DOUBT_LOOK: Duration = Duration::from_secs(2);
/// Longest sleep while another thread looks at a box that fails.
const TURN_POLL: Duration = Duration::from_millis(100);

/// Where the clocks differ by more than this, a request is sent at the opening by either clock.
const BELIEVED_ALONE: TimeDelta = TimeDelta::minutes(1);

/// The row of a class that can be requested, or the result of its choice.
type Found = Result<Row, ChoiceResult>;

/// When to request a class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Its opening, as far as known.
    pub opens: Option<DateTime<Utc>>,
    /// The opening while it is still to come.
    pub ahead: Option<DateTime<Utc>>,
    /// Whether the opening is known: a refusal that is too early is repeated until `--give-up`. A guess is not.
    pub patient: bool,
    /// Whether a single request is sent, because the opening may be ahead by the server's clock.
    pub once: bool,
}

impl Moment {
    /// The moment of a choice that is tried next at `next`.
    pub(super) fn of(next: Next, now: DateTime<Utc>) -> Self {
        Self {
            opens: next.at(),
            ahead: next.at().filter(|at| *at > now),
            patient: matches!(next, Next::At(_)),
            once: false,
        }
    }

    /// The instant from which lateness counts. There is none for a guess that was not waited for.
    pub(super) fn aimed_at(self) -> Option<DateTime<Utc>> {
        self.opens.filter(|_| self.patient || self.ahead.is_some())
    }

    /// Whether a refusal that is too early is repeated until `--give-up`.
    pub(super) fn repeats(self) -> bool {
        self.patient && !self.once
    }
}

impl BookingTask<'_> {
    /// Books a class at its opening by the server's clock. Where the clocks differ by much, one request is sent at the
    /// opening by the clock of this machine too: dates may be wrong.
    pub(super) fn book(&mut self, choice: &Choice, moment: Moment) -> Result<ChoiceResult, Abort> {
        let ahead = moment.ahead.filter(|at| !self.until(*at).is_zero());
        let moment = Moment { ahead, ..moment };
        let Some(at) = ahead else {
            return self.book_open(choice, moment);
        };
        self.begin(choice, moment.ahead);
        self.open_session(moment.ahead)?;
        if !self.is_near(at) {
            self.look(at, ROUGH);
        }
        if self.offset() < -BELIEVED_ALONE {
            match self.book_by_own_clock(choice, moment) {
                Err(Abort::Failed(ExitKind::Unreachable, why)) => log::info!("{why}; going on"),
                Err(abort) => return Err(abort),
                Ok(result) => {
                    let may_open = result.is_too_early(at) || result.is_not_offered();
                    if !may_open || self.until(at) > self.horizon {
                        return Ok(result);
                    }
                }
            }
        }
        let result = self.book_at(choice, moment)?;
        if self.offset() > BELIEVED_ALONE && (result.is_too_early(at) || result.may_come) {
            return self.book_by_own_clock(choice, moment);
        }
        self.book_when_open(choice, moment, result)
    }

    /// Books a class whose opening has passed by the clock used. While that is this machine's, it may be ahead: then a first
    /// request that is too early is repeated at the opening by the server's clock.
    fn book_open(&mut self, choice: &Choice, moment: Moment) -> Result<ChoiceResult, Abort> {
        let Some(at) = moment
            .opens
            .filter(|_| moment.patient && self.clock.offset().is_none())
        else {
            return self.book_at(choice, moment);
        };
        let once = Moment {
            once: true,
            ..moment
        };
        let result = self.book_at(choice, once)?;
        let may_open = result.is_not_offered() && self.server_now() - at < MISSING_SINCE;
        if !result.is_too_early(at) && !may_open {
            return Ok(result);
        }
        self.look_at_clock();
        let result = match self.until(at) {
            Duration::ZERO => self.book_at(choice, moment)?,
            _ => result,
        };
        self.book_when_open(choice, moment, result)
    }

    /// Books again at the opening while that is ahead by the server's clock: the clock of this machine, which had to do for
    /// the request that ended with `result`, is fast.
    fn book_when_open(
        &mut self,
        choice: &Choice,
        moment: Moment,
        mut result: ChoiceResult,
    ) -> Result<ChoiceResult, Abort> {
        while let Some(at) = moment.opens.filter(|_| moment.patient)
            && (result.is_too_early(at) || result.is_not_offered())
            && !self.until(at).is_zero()
        {
            log::warn!(
                "booking has not opened by the server's clock: check the clock of this machine"
            );
            if self.until(at) > self.horizon {
                break;
            }
            let ahead = Some(at);
            result = self.book_at(choice, Moment { ahead, ..moment })?;
        }
        Ok(result)
    }

    /// Whether booking opens later by the server's clock. That is looked at where only the clock of this machine is known and
    /// requests, or looks at the schedule, have been repeated for a while since `began`.
    pub(super) fn opens_later(&mut self, moment: Moment, began: Instant) -> bool {
        let is_doubtful = clock::since(began) >= REPEATS_BEFORE_LOOK;
        let Some(at) = moment.opens.filter(|_| moment.repeats() && is_doubtful) else {
            return false;
        };
        if !std::mem::replace(&mut self.has_doubted_clock, true) {
            self.look_within(DOUBT_LOOK, ROUGH);
        }
        !self.until(at).is_zero()
    }

    /// Sends one request at the opening by the clock of this machine.
    fn book_by_own_clock(
        &mut self,
        choice: &Choice,
        moment: Moment,
    ) -> Result<ChoiceResult, Abort> {
        let once = Moment {
            opens: None,
            patient: false,
            ..moment
        };
        self.by_own_clock = true;
        let result = self.book_at(choice, once);
        self.by_own_clock = false;
        Ok(ChoiceResult {
            opens: moment.opens,
            ..result?
        })
    }

    /// Prepares, waits for the opening that is ahead, and sends the request.
    fn book_at(&mut self, choice: &Choice, moment: Moment) -> Result<ChoiceResult, Abort> {
        self.begin(choice, moment.ahead);
        self.prepare(moment.ahead)?;
        if self.excludes_day_elsewhere() {
            return Ok(ChoiceResult::of(
                choice,
                another_that_day(None),
                moment.opens,
            ));
        }
        let row = match self.look_up(choice, moment)? {
            Ok(row) => row,
            Err(result) => {
                let may_come = result.may_come && self.is_recent(moment);
                let opens = moment.opens;
                return Ok(ChoiceResult {
                    opens,
                    may_come,
                    ..result
                });
            }
        };
        if self.excludes_day(&row) {
            let booked = another_that_day(Some(row));
            return Ok(ChoiceResult::of(choice, booked, moment.opens));
        }
        self.check_claim()?;
        if let Some(at) = moment.ahead {
            self.wait_until_opening(at);
        }
        self.attempt_renumbered(choice, &row, moment)
    }

    /// Requests a class, and again under another id if that has changed.
    fn attempt_renumbered(
        &mut self,
        choice: &Choice,
        row: &Row,
        moment: Moment,
    ) -> Result<ChoiceResult, Abort> {
        let result = self.attempt(choice, row, false, moment)?;
        match self.renumbered(choice, &result) {
            Some(now) => self.attempt(choice, &now, false, moment),
            None => Ok(result),
        }
    }

    /// The class under another id, if it was refused for no known reason: it may have had another id when it was looked up.
    fn renumbered(&mut self, choice: &Choice, result: &ChoiceResult) -> Option<Row> {
        if result.outcome() != Outcome::Refused {
            return None;
        }
        let found = self.find(choice, LOOK_UP, LoginCheck::Skipped).ok()?;
        let requested = result.booked.row.as_ref();
        found
            .ok()
            .filter(|now| requested.is_some_and(|row| row.id != now.id))
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
            opens: full.opens,
            ahead: None,
            patient: true,
            once: false,
        };
        self.attempt(&full.choice, &row, true, moment).map(Some)
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
        if let Some(found) = first.filter(|found| !may_come(found)) {
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
        let mut pause = MISSING_PAUSE;
        loop {
            let at_opening = moment.ahead.is_some();
            let found = self.within_give_up(at_opening, |task, limit| {
                task.find(choice, limit, LoginCheck::Skipped)
            })?;
            let switches = self
                .switch
                .is_some_and(|(after, at)| clock::since(began) >= after && self.server_now() >= at);
            let is_settled = !may_come(&found) || switches || !self.is_recent(moment);
            if is_settled || self.is_late() || self.opens_later(moment, began) {
                return Ok(found);
            }
            clock::pause(pause.min(self.left()));
            pause = pause.mul_f32(1.5).min(MISSING_PAUSE_MAX);
            if signals::must_stop() {
                return Ok(found);
            }
            self.check_claim()?;
        }
    }

    /// Whether the opening is so recent that the class may still appear or become enabled.
    fn is_recent(&self, moment: Moment) -> bool {
        moment.repeats()
            && moment
                .opens
                .is_some_and(|at| self.server_now() - at < MISSING_SINCE)
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
            self.check_claim_lately()?;
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
        let unsent = |booked, may_come| ChoiceResult {
            may_come,
            ..ChoiceResult::of(choice, booked, None)
        };
        let row = match self.fitting(choice) {
            Ok(row) => row.clone(),
            Err(failure) => {
                let wanted = find::Description::of(self.request, choice);
                let is_missing = wanted.fitting(&self.rows).is_empty();
                let outcome = if is_missing {
                    Outcome::Failed(ExitKind::NotFound)
                } else {
                    Outcome::Ambiguous
                };
                let booked = BookResult::unsent(outcome, None, Some(failure.message));
                return Ok(Err(unsent(booked, is_missing)));
            }
        };
        if let Some(decided) = BookResult::decided(&row) {
            let is_disabled = !row.enabled && !row.cancelled && !row.staff && !row.hidden;
            let may_come = is_disabled && decided.outcome == Outcome::Closed;
            return Ok(Err(unsent(decided, may_come)));
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
        let check = if self.was_tried {
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
        find::one(&self.rows, &wanted, self.day, |only| {
            let add = only.request(self.request, choice).command(self.day);
            // the class is described in another way, so the prebooking would not be replaced
            match &self.prebooking {
                Some(Prebooking { id, .. }) => {
                    let account = &self.request.account;
                    format!("aimharder prebook remove {id} --account {account}`, then `{add}")
                }
                None => add,
            }
        })
        .or_else(|failure| {
            let known = |row: &&Row| Some(row.id.as_str()) == self.class_id;
            let known = wanted.fitting(&self.rows).into_iter().find(known);
            known.ok_or(failure)
        })
    }
}

/// Whether the class is missing or not enabled, which may change at its opening.
fn may_come(found: &Found) -> bool {
    found.as_ref().is_err_and(|result| result.may_come)
}
