//! One class: send at the instant, repeat while that is right, settle by the row.
//!
//! * "too early" is answered by quick, then slower repeats, until `--give-up`;
//! * a lost answer, an outage or a doubt is settled by the row, and once that says "not mine" the
//!   request is sent again: the platform refuses a second booking of a class (protocol.md §6). What
//!   such a repeat is refused for is settled by the row too: the first may have been served late;
//! * "booked" is settled by the row, which is read again after a second. If it still does not show the booking, the
//!   outcome is unknown and nothing more is sent: a later run looks again;
//! * everything else is an outcome.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::ending::{Abort, Ending};
use super::job::{Job, rounded, unix};
use crate::booking::{BookReport, BoxClient, Doubt, Hold, Outcome, Requested, SECOND_LOOK, hold};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::opening::Opening;
use crate::platform::Row;
use crate::signals;
use crate::store::Shot;

/// The pauses between repeats of a request that was too early, and between tries in an outage.
const EARLY: Duration = Duration::from_millis(4);
const OUTAGE: Duration = Duration::from_millis(150);
/// The first pause after a refusal without a reason.
const UNEXPLAINED: Duration = Duration::from_millis(100);
/// A guessed opening is one instant of many, and the clock may have been known badly when it was
/// aimed at: a request that was early by less than this is worth another.
const GUESS: TimeDelta = TimeDelta::seconds(1);
const GUESS_AGAIN: Duration = Duration::from_millis(300);
/// Up to here pauses grow quickly, beyond it slowly: a box that opens some seconds late is asked
/// soon after, and one that does not open within half a minute fewer than 60 times.
const QUICK: Duration = Duration::from_millis(200);
const SLOWEST: Duration = Duration::from_secs(2);

/// What shooting at one class came to.
#[derive(Debug)]
pub(super) struct Hit {
    pub report: BookReport,
    /// the opening that a refusal states
    pub moved_to: Option<DateTime<Utc>>,
    /// It is a refusal, and the response to an earlier request for this class was lost: that request may still be
    /// served, so no other class is requested in this run.
    pub is_unsure: bool,
}

impl Job<'_> {
    /// Book this class now. `opening`: the instant aimed at, if any; `patient`: repeat a refusal
    /// that is too early until `--give-up`, else (a guess) only until the server's clock is past
    /// the instant for certain. A signal ends the repeats; from the first request
    /// on it does not end the program until the result is stored and reported.
    pub(super) fn shoot(
        &mut self,
        row: &Row,
        queue: bool,
        opening: Option<DateTime<Utc>>,
        patient: bool,
    ) -> Result<Hit, Abort> {
        let mut pause = EARLY;
        let mut unsure = None;
        loop {
            self.signal_guard
                .get_or_insert_with(|| signals::signal_guard("booking"));
            let sent = clock::steady();
            match self.request(row, queue, opening)? {
                Requested::Answered(report) if report.outcome == Outcome::TooEarly => {
                    let moved_to = self.moved(&report, row);
                    if moved_to.is_some() || self.is_enough(opening, patient) {
                        return Ok(Hit::of(*report, moved_to));
                    }
                    if !patient {
                        pause = pause.max(GUESS_AGAIN);
                    }
                }
                Requested::Unexplained(_) if patient && !self.is_late() => {
                    pause = pause.max(UNEXPLAINED);
                }
                // before an opening that is only guessed it means no more than "too early"
                Requested::Unexplained(report) if !patient => {
                    let outcome = Outcome::TooEarly;
                    return Ok(Hit::of(BookReport { outcome, ..*report }, None));
                }
                Requested::Answered(report) | Requested::Unexplained(report) => {
                    return self.answered(row, *report, unsure.as_ref());
                }
                Requested::Doubt(doubt) => {
                    if let Some(hit) = self.settle_doubt(row, &doubt)? {
                        let is_unsure = unsure.is_some() && hit.ending().allows_alternative();
                        return Ok(Hit { is_unsure, ..hit });
                    }
                    self.while_there_is_time(Abort::Trouble(
                        ExitKind::Unreachable,
                        not_booked(&doubt),
                    ))?;
                    pause = self.outage_pause(pause, doubt.retry_after())?;
                    unsure = Some(doubt);
                }
                // not sent, or refused because of a logout: the platform did not act
                Requested::NotSent(e) | Requested::Failed(e) => {
                    let retry_after = e.retry_after();
                    self.while_there_is_time(Abort::from(e))?;
                    pause = self.outage_pause(pause, retry_after)?;
                }
            }
            clock::sleep_until(sent + pause, false);
            if signals::must_stop() {
                return Err(interrupted(unsure.as_ref()));
            }
            if !self.errand.is_wanted() {
                return Err(Abort::Removed);
            }
            pause = longer(pause, fastrand::f32());
        }
    }

    /// An outage is borne until the deadline, other troubles are not.
    fn while_there_is_time(&self, stop: Abort) -> Result<(), Abort> {
        match stop {
            Abort::Trouble(ExitKind::Unreachable, _) if !self.is_late() => Ok(()),
            stop => Err(stop),
        }
    }

    /// The pause after a request that met an outage.
    ///
    /// # Errors
    /// The server asked for a pause beyond the deadline.
    fn outage_pause(
        &self,
        pause: Duration,
        retry_after: Option<Duration>,
    ) -> Result<Duration, Abort> {
        let Some(asked) = retry_after else {
            return Ok(pause.max(OUTAGE).mul_f32(1.4).min(SLOWEST));
        };
        if asked > self.left() {
            let why = format!(
                "not booked: AimHarder is busy and asks for a pause of {} s",
                asked.as_secs()
            );
            return Err(Abort::Trouble(ExitKind::Unreachable, why));
        }
        Ok(pause.max(asked))
    }

    /// Has "too early" been heard for long enough?
    fn is_enough(&self, opening: Option<DateTime<Utc>>, patient: bool) -> bool {
        let passed = || opening.is_none_or(|at| self.server_now() > at + GUESS);
        self.is_late() || (!patient && passed())
    }

    /// A response ends the attempts. After a lost response, a refusal may be due to the earlier request, served after
    /// its row had been read: the row is read again, and if it does not show a booking, the outcome is unknown.
    fn answered(
        &mut self,
        row: &Row,
        report: BookReport,
        unsure: Option<&Doubt>,
    ) -> Result<Hit, Abort> {
        let hit = Hit::of(report, None);
        match unsure.filter(|_| hit.ending().allows_alternative()) {
            Some(doubt) => Ok(self.settle_doubt(row, doubt)?.unwrap_or(Hit {
                is_unsure: true,
                ..hit
            })),
            None => Ok(hit),
        }
    }

    /// Send once, and write down what was sent when and what came back.
    fn request(
        &mut self,
        row: &Row,
        queue: bool,
        opening: Option<DateTime<Utc>>,
    ) -> Result<Requested, Abort> {
        let sent_at = clock::now();
        let sent = clock::steady();
        let day = self.order.day;
        let requested = self.client()?.request(day, row, queue);
        if let Requested::Failed(e) = &requested
            && e.is_interrupted()
        {
            return Err(Abort::Trouble(ExitKind::Interrupted, e.to_string()));
        }
        let arrival = self.clock.arrival(sent);
        self.fired_at = arrival.map(instant).or(Some(sent_at));
        let (outcome, state, message) = described(&requested);
        self.shots.push(Shot {
            sent_at,
            class: format!("{} {} (id {})", row.start.format("%H:%M"), row.name, row.id),
            outcome,
            book_state: state,
            message,
            clock_offset_ms: self.clock.offset().map(|s| s * 1000.0),
            lateness_ms: arrival
                .zip(opening)
                .map(|(at, opening)| (at - unix(opening)) * 1000.0),
        });
        Ok(requested)
    }

    /// The opening that a refusal states, if repeats within `--give-up` cannot reach it.
    fn moved(&self, report: &BookReport, row: &Row) -> Option<DateTime<Utc>> {
        let learned = Opening::learned(report.learned?);
        let zone = self.order.place.calendar.zone;
        let described = if learned.guess {
            // the text states the day but not the hour: only a later day moves it
            learned.first_try(self.order.day, row.start, zone)
        } else {
            learned.opens_at(self.order.day, row.start, zone)
        };
        let reach = super::plan::until(self.server_now(), self.shared.give_up);
        let same_wall = learned.opens_at(self.order.day, row.start, zone).to_utc();
        (described.to_utc() > reach).then_some(same_wall)
    }

    /// What the row, read again, makes of a doubt. `None`: it says "not mine".
    ///
    /// # Errors
    /// An unknown outcome: the row cannot be read, or does not show a booking that the platform has reported.
    fn settle_doubt(&mut self, row: &Row, doubt: &Doubt) -> Result<Option<Hit>, Abort> {
        let day = self.order.day;
        let mut cause;
        let mut looks = 0_u32;
        let mut look_again = matches!(doubt, Doubt::Claimed(_));
        loop {
            let backoff = Arc::clone(&self.backoff);
            let found = self.client().and_then(|mut client| {
                let found = client.row(day, &row.id);
                backoff.note(&found);
                Ok(found?)
            });
            cause = match found {
                Ok(Some(now)) => match hold(&now) {
                    Some(Hold::NotMine) if look_again => {
                        look_again = false;
                        clock::pause(clock::scaled(SECOND_LOOK));
                        continue;
                    }
                    Some(Hold::NotMine) if matches!(doubt, Doubt::Lost(_) | Doubt::Unproven(_)) => {
                        return Ok(None);
                    }
                    Some(held) => return self.settled(doubt, held, now).map(Some),
                    None => "the schedule shows an unknown state".to_owned(),
                },
                Ok(None) => "the class is no longer in the schedule".to_owned(),
                Err(Abort::Trouble(_, why)) => why,
                Err(Abort::Removed) => String::new(),
            };
            looks += 1;
            if (looks >= 2 && self.is_late()) || signals::must_stop() {
                return Err(unknown(&cause));
            }
            clock::pause((OUTAGE * 2 * looks).min(SLOWEST));
            if looks >= 2
                && let Err(Abort::Trouble(_, cause)) = self.wait_for_turn(self.left())
            {
                return Err(unknown(&cause));
            }
        }
    }

    /// The row has decided. If it shows a booking, the last attempt in the history has succeeded.
    fn settled(&mut self, doubt: &Doubt, held: Hold, now: Row) -> Result<Hit, Abort> {
        let report = BoxClient::settled(doubt.clone(), held, now).map_err(|e| {
            let failure = Failure::from_error(&e);
            Abort::Trouble(failure.kind, failure.message)
        })?;
        if let (Doubt::Claimed(_), Some(attempt)) = (doubt, self.shots.last_mut()) {
            report.outcome.name().clone_into(&mut attempt.outcome);
        }
        Ok(Hit::of(report, None))
    }
}

impl Hit {
    pub(super) fn of(report: BookReport, moved_to: Option<DateTime<Utc>>) -> Self {
        Self {
            report,
            moved_to,
            is_unsure: false,
        }
    }

    pub(super) fn ending(&self) -> Ending {
        if self.is_unsure {
            Ending::Trouble(ExitKind::UnknownOutcome)
        } else if self.report.row.cancelled && self.report.outcome == Outcome::Closed {
            Ending::Cancelled
        } else {
            Ending::Book(self.report.outcome)
        }
    }
}

/// A signal ended the repeats. The schedule may be behind a request that was served although its response was lost.
fn interrupted(unsure: Option<&Doubt>) -> Abort {
    match unsure {
        Some(doubt) => Abort::Trouble(
            ExitKind::UnknownOutcome,
            format!(
                "interrupted; {}, but it may not show it yet",
                not_booked(doubt)
            ),
        ),
        None => Abort::Trouble(ExitKind::Interrupted, "interrupted by a signal".to_owned()),
    }
}

fn unknown(cause: &str) -> Abort {
    Abort::Trouble(
        ExitKind::UnknownOutcome,
        format!("the booking was sent, but what came of it is unknown: {cause}"),
    )
}

fn not_booked(doubt: &Doubt) -> String {
    let cause = match doubt {
        Doubt::Lost(cause) => &cause.to_string(),
        Doubt::Claimed(_) | Doubt::Unproven(_) | Doubt::SameHour(_) => {
            "AimHarder's answer proves nothing"
        }
    };
    format!("not booked: {cause}; the schedule shows no booking")
}

/// What a request came to, for the history.
fn described(requested: &Requested) -> (String, Option<i64>, Option<String>) {
    match requested {
        Requested::Answered(report) | Requested::Unexplained(report) => (
            report.outcome.name().to_owned(),
            report.state,
            report.message.clone(),
        ),
        Requested::Doubt(Doubt::Lost(cause)) => ("lost".into(), None, Some(cause.to_string())),
        Requested::Doubt(Doubt::Claimed(answer) | Doubt::Unproven(answer)) => {
            ("unproven".into(), answer.state, answer.message.clone())
        }
        Requested::Doubt(Doubt::SameHour(answer)) => {
            ("same_hour".into(), answer.state, answer.message.clone())
        }
        Requested::NotSent(e) => ("not_sent".into(), None, Some(e.to_string())),
        Requested::Failed(e) => ("failed".into(), None, Some(e.to_string())),
    }
}

/// The pause after this one; `chance`, from 0 to 1, keeps programs apart that began together.
fn longer(pause: Duration, chance: f32) -> Duration {
    if pause < QUICK {
        pause.mul_f32(1.5 + chance / 4.0).min(QUICK)
    } else {
        pause.mul_f32(1.06 + chance / 50.0).min(SLOWEST)
    }
}

/// Unix seconds to an instant in whole milliseconds.
fn instant(unix: f64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(rounded(unix * 1000.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_close_at_first_and_not_many() {
        for chance in [0.0, 0.5, 1.0] {
            let (mut at, mut pause) = (Duration::ZERO, EARLY);
            let (mut requests, mut largest) = (1, Duration::ZERO);
            while at + pause <= Duration::from_secs(30) {
                if at < Duration::from_secs(5) {
                    largest = largest.max(pause);
                }
                at += pause;
                requests += 1;
                let next = longer(pause, chance);
                assert!(next >= pause && next <= SLOWEST, "{pause:?}, {next:?}");
                pause = next;
            }
            assert!(requests < 60, "{chance}: {requests} requests");
            assert!(
                largest < Duration::from_millis(600),
                "{chance}: {largest:?}"
            );
        }
    }
}
