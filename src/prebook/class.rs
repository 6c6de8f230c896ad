//! One class of a job: looked up shortly before its opening (ids change), fired at the instant.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::attempt::Hit;
use super::ending::{Abort, Ending};
use super::host_clock::ROUGH;
use super::job::Job;
use crate::booking::{Outcome, decided, find};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::prebooking::Choice;
use crate::platform::Row;

/// A look at the schedule before the opening is given up after this, and tried again.
const LOOK_UP: Duration = Duration::from_secs(6);
/// No second look at the schedule is begun later than this before the opening.
const SPARE: Duration = Duration::from_millis(800);
/// A look that is still under way at the opening may take this long: the booking needs it.
const LATE_LOOK_UP: Duration = Duration::from_secs(2);
/// After a late start the clock is looked at if the time left is this multiple of what the schedule took.
const LOOK_PAYS: f32 = 1.5;
/// Between looks in an outage: before the opening, and from it on.
const BEFORE: Duration = Duration::from_millis(500);
const FROM_IT_ON: Duration = Duration::from_millis(250);

/// Where the clocks differ by more than this, a request is sent at the opening by either clock.
const BELIEVED_ALONE: TimeDelta = TimeDelta::minutes(1);

/// A class in the schedule, or why it is not to be found there.
type Found = Result<Row, Failure>;

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
        }
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
            let tried = self.have_by_own_clock(choice, moment)?;
            if !tried.is_too_early(at) || self.until(at) > self.horizon {
                return Ok(tried);
            }
        }
        let tried = self.have_at(choice, moment)?;
        if self.offset() > BELIEVED_ALONE && tried.is_too_early(at) {
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
        let row = match self.look_up(choice, moment.ahead)? {
            Ok(row) => row,
            Err(failure) => {
                let ending = Ending::Trouble(ExitKind::NotFound);
                let message = Some(failure.message);
                return Ok(Tried::unseen(choice, ending, message, moment.opens));
            }
        };
        if let Some(report) = decided(&row) {
            return Ok(Tried::of(choice, Hit::of(report, None), moment.opens));
        }
        if !self.errand.is_wanted() {
            return Err(Abort::Removed);
        }
        if let Some(at) = moment.ahead {
            self.wait_until_opening(at);
        }
        // a guess that nobody waited for is no opening to be late for
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
        let now = self.find(choice, LOOK_UP).ok()?.ok()?;
        (now.id != hit.report.row.id && decided(&now).is_none()).then_some(now)
    }

    /// The class was full: ask for a place on its waiting list.
    pub(super) fn queue(&mut self, full: &Tried) -> Result<Option<Tried>, Abort> {
        let Some(row) = full.hit.as_ref().map(|hit| hit.report.row.clone()) else {
            return Ok(None);
        };
        log::info!("full; asking for a place on the waiting list");
        self.errand.intend(&row.id);
        let hit = self.shoot(&row, true, full.opens, true)?;
        Ok(Some(Tried::of(&full.choice, hit, full.opens)))
    }

    /// The class as it stands in the schedule shortly before, and once more at the opening when it
    /// was not there or closed. `Err`: it is not there.
    fn look_up(&mut self, choice: &Choice, ahead: Option<DateTime<Utc>>) -> Result<Found, Abort> {
        let Some(at) = ahead else {
            return self.find_within_give_up(choice);
        };
        let is_near = self.is_near(at);
        self.wait_for_look_up(at)?;
        let began = clock::steady();
        let first = self.find_before(choice, at)?;
        if !is_near {
            self.measure_clock(at)?;
        } else if self.until(at) > began.elapsed().mul_f32(LOOK_PAYS) {
            self.look(at, ROUGH);
        }
        match first {
            Some(Ok(row))
                if decided(&row).is_none_or(|report| report.outcome != Outcome::Closed) =>
            {
                Ok(Ok(row))
            }
            _ => {
                self.wait_until_opening(at);
                self.find_within_give_up(choice)
            }
        }
    }

    /// `None`: it could not be looked up before the opening.
    fn find_before(&mut self, choice: &Choice, at: DateTime<Utc>) -> Result<Option<Found>, Abort> {
        loop {
            let left = self.until(at).saturating_sub(SPARE);
            let limit = left.clamp(LATE_LOOK_UP, LOOK_UP);
            match self.find(choice, limit) {
                Err(Abort::Trouble(ExitKind::Unreachable, why)) => {
                    log::info!("the class could not be looked up yet: {why}");
                    if self.until(at) < SPARE + BEFORE {
                        return Ok(None);
                    }
                    clock::pause(BEFORE);
                }
                found => return found.map(Some),
            }
        }
    }

    fn find_within_give_up(&mut self, choice: &Choice) -> Result<Found, Abort> {
        self.within_give_up(|job, limit| job.find(choice, limit))
    }

    /// Ask again and again in an outage, until the deadline; once in any case.
    pub(super) fn within_give_up<T>(
        &mut self,
        ask: impl Fn(&mut Self, Duration) -> Result<T, Abort>,
    ) -> Result<T, Abort> {
        loop {
            let limit = self.left().max(LOOK_UP);
            match ask(self, limit) {
                Err(Abort::Trouble(ExitKind::Unreachable, _)) if !self.is_late() => {
                    clock::pause(FROM_IT_ON);
                }
                done => return done,
            }
        }
    }

    fn find(&mut self, choice: &Choice, limit: Duration) -> Result<Found, Abort> {
        let rows = self.rows(limit)?;
        let found = self.fitting(choice, &rows).cloned();
        if let Ok(row) = &found
            && decided(row).is_none()
        {
            self.errand.intend(&row.id);
        }
        Ok(found)
    }

    /// The schedule of the day, each request given up after `limit`.
    pub(super) fn rows(&mut self, limit: Duration) -> Result<Vec<Row>, Abort> {
        let day = self.order.day;
        // whoever looks is as patient with a lock as with the network, and not more
        let mut client = self.client_for(limit.min(self.left()))?;
        Ok(client.schedule_within(day, limit)?.rows)
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
