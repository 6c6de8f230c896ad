//! Requesting one class: sends at the instant, repeats what does not prove an end, settles by the schedule row.
//!
//! * "Too early" is repeated quickly at first, then more slowly, until `--give-up`.
//! * A lost response, an outage or an unproven response is settled by the row. If the row shows no booking, the request is
//!   sent again: the platform refuses a second booking of a class (protocol.md §6). A refusal of such a repeat is settled by
//!   the row too, because the first request may have been served late.
//! * "Booked" is settled by the row, which is read again after a second. If it still does not show the booking, the outcome
//!   is unknown and nothing more is sent: a later run looks again.
//! * Everything else is an outcome.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::class::Moment;
use super::plan::until;
use super::result::ChoiceResult;
use super::task::{Abort, BookingTask, rounded, unix};
use crate::booking::{
    self, BookResult, NOT_IN_SCHEDULE, Outcome, SECOND_LOOK, UNKNOWN_STATE, cause, is_unproven,
};
use crate::error::{ExitKind, Failure};
use crate::model::prebooking::Choice;
use crate::platform::{BookResponse, Mine, Row, Verdict};
use crate::store::Attempt;
use crate::{clock, platform, sessions, signals};

/// The first pause after a request that was too early.
const EARLY: Duration = Duration::from_millis(4);
/// The first pause in an outage.
const OUTAGE: Duration = Duration::from_millis(150);
/// The first pause after a refusal without a reason.
const UNEXPLAINED: Duration = Duration::from_millis(100);
/// A guessed opening is one instant of several, and the clock may have been measured badly: a request that was early by
/// less than this is repeated …
const GUESS: TimeDelta = TimeDelta::seconds(1);
/// … after this pause.
const GUESS_PAUSE: Duration = Duration::from_millis(300);
/// Up to here pauses grow quickly, beyond it slowly: a box that opens some seconds late is asked soon after, and one that
/// does not open within half a minute is asked fewer than 60 times.
const QUICK: Duration = Duration::from_millis(200);
const SLOWEST: Duration = Duration::from_secs(2);

/// What a request ended with.
type Sent = sessions::Result<BookResponse>;

impl BookingTask<'_> {
    /// Requests a class now. A refusal that is too early is repeated as `moment` says. A signal ends the repeats; from the first
    /// request on it does not end the program until the result is stored and reported.
    pub(super) fn attempt(
        &mut self,
        choice: &Choice,
        row: &Row,
        moment: Moment,
    ) -> Result<ChoiceResult, Abort> {
        let mut pause = EARLY;
        let mut unsure: Option<Sent> = None;
        let began = clock::steady();
        loop {
            self.signal_guard
                .get_or_insert_with(|| signals::signal_guard("booking"));
            let begun = self.begin_request(choice, row);
            if begun.is_err() && signals::must_stop() {
                return Err(interrupted(unsure.as_ref()));
            }
            let day = match begun? {
                Ok(day) => day,
                Err(unsent) => {
                    let result = ChoiceResult::of(choice, unsent);
                    return self.refused(row, result, unsure.as_ref());
                }
            };
            let sent_at = clock::steady();
            let sent = match self.request(row, moment) {
                Err(Abort::Failed(ExitKind::Interrupted, _)) => {
                    return Err(interrupted(unsure.as_ref()));
                }
                sent => sent?,
            };
            let received = clock::steady();
            let mut next = sent_at;
            if is_unproven(&sent) {
                let settled = self.settle(row, &sent);
                day.note(&settled);
                if let Some(booked) = settled? {
                    let result = ChoiceResult::of(choice, booked);
                    return Ok(match unsure {
                        Some(_) if result.tries_next() => result.made_unsure(),
                        _ => result,
                    });
                }
                self.while_there_is_time(Abort::Failed(ExitKind::Unreachable, not_booked(&sent)))?;
                next = self.after_outage(&mut pause, sent_at, received, retry_after(&sent))?;
                unsure = Some(sent);
            } else if let Some(booked) = booking::proven(row, &sent) {
                let is_unexplained =
                    matches!(&sent, Ok(response) if response.verdict == Verdict::Unexplained);
                match self.judge(choice, row, booked, is_unexplained, moment, began) {
                    ControlFlow::Continue(least) => pause = pause.max(least),
                    ControlFlow::Break(result) => {
                        return self.refused(row, result, unsure.as_ref());
                    }
                }
                next += pause;
            } else if let Err(e) = sent {
                // not sent, or refused because of a logout: the platform did not act
                let asked = e.retry_after();
                let abort = self.abort(e);
                self.while_there_is_time(abort)?;
                next = self.after_outage(&mut pause, sent_at, received, asked)?;
            }
            drop(day);
            clock::sleep_until(next, false);
            if signals::must_stop() {
                return Err(interrupted(unsure.as_ref()));
            }
            self.check_claim()?;
            pause = longer(pause, fastrand::f32());
        }
    }

    /// The result if a refusal, which `booked` describes, ends the attempts, or else the shortest pause before the next one.
    fn judge(
        &mut self,
        choice: &Choice,
        row: &Row,
        booked: BookResult,
        is_unexplained: bool,
        moment: Moment,
        began: Instant,
    ) -> ControlFlow<ChoiceResult, Duration> {
        let result = |booked| ChoiceResult::of(choice, booked);
        if booked.outcome == Outcome::TooEarly {
            let moved_to = self.moved(choice, &booked, row);
            if moved_to.is_some() || self.opens_later(moment, began) || self.is_enough(moment) {
                return ControlFlow::Break(ChoiceResult {
                    moved_to,
                    ..result(booked)
                });
            }
            let is_known = moment.is_known();
            return ControlFlow::Continue(if is_known { EARLY } else { GUESS_PAUSE });
        }
        if !is_unexplained {
            return ControlFlow::Break(result(booked));
        }
        if !(moment.is_known() || moment.insist) || self.opens_later(moment, began) {
            // before an opening that is only guessed, or that is still ahead, it means no more than "too early"
            let outcome = Outcome::TooEarly;
            return ControlFlow::Break(result(BookResult { outcome, ..booked }));
        }
        if self.is_late() {
            return ControlFlow::Break(result(booked));
        }
        ControlFlow::Continue(UNEXPLAINED)
    }

    /// An outage is tolerated until the deadline, other failures are not.
    fn while_there_is_time(&self, stop: Abort) -> Result<(), Abort> {
        match stop {
            Abort::Failed(ExitKind::Unreachable, _) if !self.is_late() => Ok(()),
            stop => Err(stop),
        }
    }

    /// When to send again after an outage. The pause that the server asks for counts from its response.
    ///
    /// # Errors
    /// The server asks for a pause beyond the deadline.
    fn after_outage(
        &self,
        pause: &mut Duration,
        sent: Instant,
        received: Instant,
        retry_after: Option<Duration>,
    ) -> Result<Instant, Abort> {
        let Some(asked) = retry_after else {
            *pause = (*pause).max(OUTAGE).mul_f32(1.4).min(SLOWEST);
            return Ok(sent + *pause);
        };
        if asked > self.left() {
            let why = format!(
                "not booked: AimHarder is busy and asks for a pause of {} s",
                asked.as_secs()
            );
            return Err(Abort::Failed(ExitKind::Unreachable, why));
        }
        Ok((sent + *pause).max(received + asked))
    }

    /// Whether "too early" has been repeated for long enough.
    fn is_enough(&self, moment: Moment) -> bool {
        let passed = || {
            let aimed_at = moment.aimed_at();
            aimed_at.is_none_or(|at| self.server_now() > at + GUESS)
        };
        self.is_late() || (!moment.is_known() && passed())
    }

    /// A refusal ends the attempts. After a lost response it may be due to the earlier request, served after its row had
    /// been read: the row is read again, and if it does not show a booking, the outcome is unknown.
    fn refused(
        &mut self,
        row: &Row,
        result: ChoiceResult,
        unsure: Option<&Sent>,
    ) -> Result<ChoiceResult, Abort> {
        let Some(sent) = unsure.filter(|_| result.tries_next()) else {
            return Ok(result);
        };
        Ok(match self.settle(row, sent)? {
            Some(booked) => ChoiceResult::of(&result.choice, booked),
            None => result.made_unsure(),
        })
    }

    /// Sends one request, and again after a logout, and records them.
    fn request(&mut self, row: &Row, moment: Moment) -> Result<Sent, Abort> {
        let mut sendings = Vec::new();
        let sending = || sendings.push((clock::now(), clock::steady()));
        let day = self.day;
        let sent = self.client()?.request(day, row, moment.insist, sending);
        if let Err(e) = &sent
            && e.is_interrupted()
        {
            return Err(Abort::Failed(ExitKind::Interrupted, e.to_string()));
        }
        let last = sendings.pop();
        let logged_out = Err(sessions::Error::Platform(platform::Error::LoggedOut));
        for (at, steady) in sendings {
            self.record(row, moment, at, steady, &logged_out);
        }
        if let Some((at, steady)) = last {
            self.record(row, moment, at, steady, &sent);
        }
        Ok(sent)
    }

    /// Records a request, and when it arrived by the server's clock.
    fn record(
        &mut self,
        row: &Row,
        moment: Moment,
        sent_at: DateTime<Utc>,
        steady: Instant,
        sent: &Sent,
    ) {
        let arrival = self.clock.arrival(steady);
        self.fired_at = arrival.map(instant).or(Some(sent_at));
        let response = sent.as_ref().ok();
        self.attempts.push(Attempt {
            sent_at,
            class: format!("{} {} (id {})", row.start.format("%H:%M"), row.name, row.id),
            outcome: attempted(row, sent).to_owned(),
            book_state: response.and_then(|response| response.state),
            message: match sent {
                Ok(response) => response.message.clone(),
                Err(e) => Some(e.to_string()),
            },
            clock_offset_ms: self.clock.offset().map(|s| s * 1000.0),
            lateness_ms: arrival
                .zip(moment.aimed_at())
                .map(|(at, opening)| (at - unix(opening)) * 1000.0),
        });
    }

    /// The opening that a refusal states, if repeats within `--give-up` cannot reach it. Of a refusal that states the day but
    /// not the hour, it is the guess, or 00:00 of that day if no rule is in force from which the guess is known.
    fn moved(&self, choice: &Choice, refused: &BookResult, row: &Row) -> Option<DateTime<Utc>> {
        let learned = refused.learned?;
        let zone = self.profile.zone;
        let same_wall = learned.opens_at(self.day, row.start, zone).to_utc();
        let described = if learned.is_guess() {
            // the text states the day but not the hour: only a later day moves it
            learned.first_try(self.day, row.start, zone).to_utc()
        } else {
            same_wall
        };
        let reach = until(self.server_now(), self.context.give_up);
        let rules = &self.profile.opening_rules;
        let has_rule = self.request.opening(choice, rules).is_some();
        let moved_to = if has_rule { same_wall } else { described };
        (described > reach).then_some(moved_to)
    }

    /// What the row, read again, proves of an unproven response. `None`: it shows no booking.
    ///
    /// # Errors
    /// An unknown outcome: the row cannot be read, or does not show a booking that the platform has reported.
    fn settle(&mut self, row: &Row, sent: &Sent) -> Result<Option<BookResult>, Abort> {
        let day = self.day;
        let verdict = sent.as_ref().ok().map(|response| &response.verdict);
        let is_claimed = verdict == Some(&Verdict::Booked);
        let is_same_hour = verdict == Some(&Verdict::SameHour);
        let mut look_again = is_claimed;
        let mut looks = 0_u32;
        loop {
            let backoff = Arc::clone(&self.backoff);
            let found = self.client().and_then(|mut client| {
                let found = client.row(day, &row.id);
                backoff.note(&found);
                Ok(found?)
            });
            let cause = match found {
                Ok(Some(now)) if now.mine == Mine::No && look_again => {
                    look_again = false;
                    clock::pause(clock::scaled(SECOND_LOOK));
                    // the session may have ended, and then the schedule shows nothing of the member's
                    if let Some(live) = &mut self.live {
                        live.forget_login();
                    }
                    continue;
                }
                Ok(Some(now)) if now.mine == Mine::No && !is_claimed && !is_same_hour => {
                    return Ok(None);
                }
                Ok(Some(now)) if matches!(now.mine, Mine::Unknown(_)) => UNKNOWN_STATE.to_owned(),
                Ok(Some(now)) => return self.settled(sent, now).map(Some),
                Ok(None) => NOT_IN_SCHEDULE.to_owned(),
                Err(Abort::Failed(_, why)) => why,
                Err(_) => String::new(),
            };
            looks += 1;
            if (looks >= 2 && self.is_late()) || signals::must_stop() {
                return Err(unknown(&cause));
            }
            clock::pause((OUTAGE * 2 * looks).min(SLOWEST));
            if looks >= 2
                && let Err(Abort::Failed(_, cause)) = self.wait_for_turn(self.left())
            {
                return Err(unknown(&cause));
            }
        }
    }

    /// The row decides. If it shows a place that the response does not deny, the last attempt of the history has succeeded.
    fn settled(&mut self, sent: &Sent, now: Row) -> Result<BookResult, Abort> {
        let booked = booking::settled(sent, now).map_err(|e| {
            let failure = Failure::from_error(&e);
            Abort::Failed(failure.kind, failure.message)
        })?;
        let is_claimed = sent
            .as_ref()
            .is_ok_and(|response| matches!(response.verdict, Verdict::Booked | Verdict::Unproven));
        if let Some(attempt) = self.attempts.last_mut().filter(|_| is_claimed) {
            booked.outcome.name().clone_into(&mut attempt.outcome);
        }
        Ok(booked)
    }
}

/// A signal ended the repeats. The schedule may be behind a request that was served although its response was lost.
fn interrupted(unsure: Option<&Sent>) -> Abort {
    match unsure {
        Some(sent) => Abort::Failed(
            ExitKind::UnknownOutcome,
            format!(
                "interrupted: {}; the schedule does not show a booking yet",
                cause(sent)
            ),
        ),
        None => Abort::Failed(ExitKind::Interrupted, "interrupted by a signal".to_owned()),
    }
}

fn unknown(cause: &str) -> Abort {
    Abort::Failed(
        ExitKind::UnknownOutcome,
        format!("the booking was sent, but what came of it is unknown: {cause}"),
    )
}

fn not_booked(sent: &Sent) -> String {
    let cause = cause(sent);
    format!("not booked: {cause}; the schedule shows no booking")
}

fn retry_after(sent: &Sent) -> Option<Duration> {
    sent.as_ref().err().and_then(sessions::Error::retry_after)
}

/// The outcome of a request in the history.
fn attempted(row: &Row, sent: &Sent) -> &'static str {
    match sent {
        Ok(response) if response.verdict == Verdict::SameHour => "same_hour",
        Err(sessions::Error::Platform(platform::Error::NotConnected { .. })) => "not_sent",
        Err(_) if is_unproven(sent) => "lost",
        Err(_) => "failed",
        Ok(_) => booking::proven(row, sent).map_or("unproven", |booked| booked.outcome.name()),
    }
}

/// The pause after this one. `chance`, from 0 to 1, spreads the requests of programs that began together.
fn longer(pause: Duration, chance: f32) -> Duration {
    if pause < QUICK {
        pause.mul_f32(1.5 + chance / 4.0).min(QUICK)
    } else {
        pause.mul_f32(1.06 + chance / 50.0).min(SLOWEST)
    }
}

/// Converts Unix seconds to an instant in whole milliseconds.
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
