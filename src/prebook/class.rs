//! One class of a job: looked up shortly before its opening (ids change), fired at the instant.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::attempt::Hit;
use super::ending::{Abort, Ending};
use super::host_clock::ROUGH;
use super::job::Job;
use crate::booking::{LoginCheck, Outcome, decided, find};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::prebooking::Choice;
use crate::platform::Row;
use crate::signals;

/// A look at the schedule before the opening is given up after this, and tried again.
const LOOK_UP: Duration = Duration::from_secs(6);
/// No second look at the schedule is begun later than this before the opening.
const SPARE: Duration = Duration::from_millis(800);
/// A look that is still under way at the opening may take this long: the booking needs it.
const LATE_LOOK_UP: Duration = Duration::from_secs(2);
/// After a late start the clock is looked at if the time left is this multiple of what the schedule took.
const LOOK_PAYS: f32 = 1.5;
/// Pauses between looks at a class that is missing or not enabled.
pub(super) const MISSING_PAUSE: Duration = Duration::from_millis(100);
pub(super) const MISSING_PAUSE_MAX: Duration = Duration::from_secs(2);
/// A class whose opening is longer ago than this is looked up once per run.
const MISSING_SINCE: TimeDelta = TimeDelta::minutes(30);
/// Longest sleep while another thread looks at a box that fails.
const TURN_POLL: Duration = Duration::from_millis(100);

/// Where the clocks differ by more than this, a request is sent at the opening by either clock.
const BELIEVED_ALONE: TimeDelta = TimeDelta::minutes(1);

/// A class in the schedule, or why it is not there.
#[derive(Debug)]
struct Found {
    row: Result<Row, Failure>,
    /// It is missing or not enabled, which may change at its opening.
    may_come: bool,
}

/// When to fire at a class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// its opening, as far as known
    pub opens: Option<DateTime<Utc>>,
    /// the same while it is still to come
    pub ahead: Option<DateTime<Utc>>,
    /// repeat a refusal that is too early until `--give-up`
    pub patient: bool,
}

/// What one class came to.
#[derive(Debug)]
pub(super) struct Tried {
    pub choice: Choice,
    pub ending: Ending,
    pub message: Option<String>,
    pub hit: Option<Hit>,
    pub opens: Option<DateTime<Utc>>,
    /// The class is missing or not enabled shortly after its opening: it is looked up again.
    pub may_come: bool,
}

impl Tried {
    /// Decided without a look at the class.
    pub(super) fn unseen(
        choice: &Choice,
        ending: Ending,
        message: Option<String>,
        opens: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            choice: choice.clone(),
            ending,
            message,
            hit: None,
            opens,
            may_come: false,
        }
    }

    /// The class is missing or not enabled.
    fn is_not_offered(&self) -> bool {
        matches!(
            self.ending,
            Ending::Trouble(ExitKind::NotFound) | Ending::Book(Outcome::Closed)
        )
    }

    /// Refused as too early, and no opening later than `at` was reported.
    fn is_too_early(&self, at: DateTime<Utc>) -> bool {
        let moved_to = self.hit.as_ref().and_then(|hit| hit.moved_to);
        self.ending == Ending::Book(Outcome::TooEarly) && moved_to.is_none_or(|to| to <= at)
    }

    pub(super) fn of(choice: &Choice, hit: Hit, opens: Option<DateTime<Utc>>) -> Self {
        let message = if hit.is_unsure {
            Some(unsure_words(&hit))
        } else {
            hit.report.message.clone()
        };
        Self {
            choice: choice.clone(),
            ending: hit.ending(),
            message,
            hit: Some(hit),
            opens,
            may_come: false,
        }
    }
}

fn unsure_words(hit: &Hit) -> String {
    let report = &hit.report;
    let refusal = report
        .message
        .as_ref()
        .map_or_else(String::new, |words| format!(" ({words})"));
    format!(
        "the response to the first request was lost and the next one was refused: {}{refusal}; the schedule shows no booking, but the first request may still be processed",
        report.outcome.name()
    )
}

impl Job<'_> {
    /// Books a class at its opening by the server's clock. Where the clocks differ by much, one request is sent at the
    /// opening by the clock of this machine too: dates may be wrong.
    pub(super) fn have(&mut self, choice: &Choice, moment: Moment) -> Result<Tried, Abort> {
        let Some(at) = moment.ahead else {
            return self.have_at(choice, moment);
        };
        self.begin(choice, moment.ahead);
        self.open_session(moment.ahead)?;
        if !self.is_near(at) {
            self.look(at, ROUGH);
        }
        if self.offset() < -BELIEVED_ALONE {
            match self.have_by_own_clock(choice, moment) {
                Err(Abort::Trouble(ExitKind::Unreachable, why)) => log::info!("{why}; going on"),
                Err(stop) => return Err(stop),
                Ok(tried) => {
                    let may_open = tried.is_too_early(at) || tried.is_not_offered();
                    if !may_open || self.until(at) > self.horizon {
                        return Ok(tried);
                    }
                }
            }
        }
        let tried = self.have_at(choice, moment)?;
        if self.offset() > BELIEVED_ALONE && (tried.is_too_early(at) || tried.may_come) {
            return self.have_by_own_clock(choice, moment);
        }
        Ok(tried)
    }

    /// Sends one request at the opening by the clock of this machine.
    fn have_by_own_clock(&mut self, choice: &Choice, moment: Moment) -> Result<Tried, Abort> {
        let once = Moment {
            opens: None,
            patient: false,
            ..moment
        };
        self.by_own_clock = true;
        let tried = self.have_at(choice, once);
        self.by_own_clock = false;
        Ok(Tried {
            opens: moment.opens,
            ..tried?
        })
    }

    /// Prepares, waits for the opening that is ahead, and fires.
    fn have_at(&mut self, choice: &Choice, moment: Moment) -> Result<Tried, Abort> {
        self.begin(choice, moment.ahead);
        self.prepare(moment.ahead)?;
        let found = self.look_up(choice, moment)?;
        let may_come = found.may_come && self.is_recent(moment);
        let row = match found.row {
            Ok(row) => row,
            Err(failure) => {
                let ending = Ending::Trouble(ExitKind::NotFound);
                let message = Some(failure.message);
                return Ok(Tried {
                    may_come,
                    ..Tried::unseen(choice, ending, message, moment.opens)
                });
            }
        };
        if let Some(report) = decided(&row) {
            return Ok(Tried {
                may_come,
                ..Tried::of(choice, Hit::of(report, None), moment.opens)
            });
        }
        if !self.errand.is_wanted() {
            return Err(Abort::Removed);
        }
        if let Some(at) = moment.ahead {
            self.wait_until_opening(at);
        }
        // lateness is not measured for a guess that the run did not wait for
        let aimed_at = moment
            .opens
            .filter(|_| moment.patient || moment.ahead.is_some());
        let mut hit = self.shoot(&row, false, aimed_at, moment.patient)?;
        if let Some(now) = self.renumbered(choice, &hit) {
            hit = self.shoot(&now, false, aimed_at, moment.patient)?;
        }
        Ok(Tried::of(choice, hit, moment.opens))
    }

    /// Refused for no reason that is known: the class may have another number than it was looked up
    /// with. Then that is the one to ask for.
    fn renumbered(&mut self, choice: &Choice, hit: &Hit) -> Option<Row> {
        if hit.ending() != Ending::Book(Outcome::Refused) {
            return None;
        }
        let now = self
            .find(choice, LOOK_UP, LoginCheck::Skipped)
            .ok()?
            .row
            .ok()?;
        (now.id != hit.report.row.id && decided(&now).is_none()).then_some(now)
    }

    /// The class was full: ask for a place on its waiting list.
    pub(super) fn queue(&mut self, full: &Tried) -> Result<Option<Tried>, Abort> {
        let Some(row) = full.hit.as_ref().map(|hit| hit.report.row.clone()) else {
            return Ok(None);
        };
        if !self.errand.is_wanted() {
            return Err(Abort::Removed);
        }
        log::info!("full; asking for a place on the waiting list");
        self.errand.intend(&row.id);
        let hit = self.shoot(&row, true, full.opens, true)?;
        Ok(Some(Tried::of(&full.choice, hit, full.opens)))
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
        let first = self.find_before(choice, at, is_near)?;
        if !is_near {
            self.measure_clock(at)?;
        } else if self.until(at) > clock::steady().duration_since(began).mul_f32(LOOK_PAYS) {
            self.look(at, ROUGH);
        }
        match first {
            Some(found) if !found.may_come => Ok(found),
            _ => {
                self.wait_until_opening(at);
                self.find_within_give_up(choice, moment)
            }
        }
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
                Err(Abort::Trouble(ExitKind::Unreachable, why)) => {
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
        let began = clock::steady();
        let mut pause = MISSING_PAUSE;
        loop {
            let at_opening = moment.ahead.is_some();
            let found = self.within_give_up(at_opening, |job, limit| {
                job.find(choice, limit, LoginCheck::Skipped)
            })?;
            let switches = self
                .switch
                .is_some_and(|(after, at)| began.elapsed() >= after && self.server_now() >= at);
            if !found.may_come || switches || !self.is_recent(moment) || self.is_late() {
                return Ok(found);
            }
            clock::pause(pause.min(self.left()));
            pause = pause.mul_f32(1.5).min(MISSING_PAUSE_MAX);
            if signals::must_stop() {
                return Ok(found);
            }
            if !self.errand.is_wanted() {
                return Err(Abort::Removed);
            }
        }
    }

    /// Whether the opening is so recent that the class may still appear or become enabled.
    fn is_recent(&self, moment: Moment) -> bool {
        moment.patient
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
                Err(Abort::Trouble(ExitKind::Unreachable, _)) if !self.is_late() => {}
                done => return done,
            }
            if !self.errand.seems_wanted() {
                return Err(Abort::Removed);
            }
        }
    }

    /// Waits for the turn to look at a box that fails.
    ///
    /// # Errors
    /// The box is not to be asked within `limit`.
    pub(super) fn wait_for_turn(&self, limit: Duration) -> Result<(), Abort> {
        let end = clock::steady() + limit;
        loop {
            let now = clock::steady();
            let Err((at, cause)) = self.backoff.take_turn(now) else {
                return Ok(());
            };
            if at > end || signals::must_stop() {
                return Err(Abort::Trouble(ExitKind::Unreachable, cause));
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
        let rows = self.rows(limit, check)?;
        let row = self.fitting(choice, &rows).cloned();
        let may_come = if let Ok(row) = &row {
            let closed = decided(row).is_some_and(|report| report.outcome == Outcome::Closed);
            closed && !row.enabled && !row.cancelled && !row.staff && !row.hidden
        } else {
            let then = rows.iter().filter(|row| row.start == choice.start);
            find::by_name(then, choice.class.as_deref()).is_empty()
        };
        if let Ok(row) = &row
            && decided(row).is_none()
        {
            self.errand.intend(&row.id);
        }
        Ok(Found { row, may_come })
    }

    /// The schedule of the day. Each request has `limit` as its timeout, and locks are waited for no longer.
    pub(super) fn rows(&mut self, limit: Duration, check: LoginCheck) -> Result<Vec<Row>, Abort> {
        let day = self.order.day;
        let check = if self.was_tried {
            LoginCheck::Required
        } else {
            check
        };
        let mut client = self.client_for(limit.min(self.left()))?;
        let schedule = client.schedule_within(day, limit, check);
        self.backoff.note(&schedule);
        Ok(schedule?.rows)
    }

    /// The row a choice means. Of several that fit, the one that was meant before.
    pub(super) fn fitting<'r>(&self, choice: &Choice, rows: &'r [Row]) -> Result<&'r Row, Failure> {
        let wanted = find::Wanted::At {
            start: choice.start,
            name: choice.class.clone(),
        };
        find::prebooked(rows, &wanted, self.order.day).or_else(|failure| {
            let known = |row: &&Row| {
                row.start == choice.start && Some(row.id.as_str()) == self.order.class_id
            };
            let name = choice.class.as_deref();
            let known = rows.iter().find(known);
            known
                .filter(|row| !find::by_name(std::iter::once(*row), name).is_empty())
                .ok_or(failure)
        })
    }
}
