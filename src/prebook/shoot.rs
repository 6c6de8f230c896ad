//! One class: send at the instant, repeat while that is right, settle by the row.
//!
//! * "too early" is answered by quick, then slower repeats, until `--give-up`;
//! * a lost answer, an outage or a doubt is settled by the row, and once that says "not mine" the
//!   request is sent again: the platform refuses a second booking of a class (protocol.md §6);
//! * everything else is an outcome.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::fire::{Ending, Job, Stop, unix};
use crate::aimharder::Row;
use crate::booking::{BookReport, Desk, Doubt, Hold, Outcome, Requested, hold};
use crate::clock;
use crate::exit::Kind;
use crate::opening::Opening;
use crate::store::Shot;

/// The pauses between repeats of a request that was too early, and between tries in an outage.
const EARLY: Duration = Duration::from_millis(4);
const OUTAGE: Duration = Duration::from_millis(150);
const SLOWEST: Duration = Duration::from_secs(2);

/// What shooting at one class came to.
#[derive(Debug)]
pub(super) struct Hit {
    pub ending: Ending,
    pub row: Row,
    pub report: Option<BookReport>,
    pub message: Option<String>,
    /// a refusal told that booking opens then
    pub moved_to: Option<DateTime<Utc>>,
}

impl Job<'_> {
    /// Book this class now. `opening`: the instant aimed at, if any; `patient`: repeat a refusal
    /// that is too early until `--give-up`.
    pub(super) fn shoot(
        &mut self,
        row: &Row,
        queue: bool,
        opening: Option<DateTime<Utc>>,
        patient: bool,
    ) -> Result<Hit, Stop> {
        let _shield = crate::interrupt::shield();
        let began = clock::steady();
        let mut pause = EARLY;
        loop {
            let sent = clock::steady();
            let requested = self.request(row, queue, opening);
            let late = began.elapsed() >= self.run.give_up;
            match requested {
                Requested::Answered(report) if report.outcome == Outcome::TooEarly => {
                    let moved_to = self.moved(&report, row);
                    if late || !patient || moved_to.is_some() {
                        return Ok(Hit::of(*report, moved_to));
                    }
                }
                Requested::Answered(report) => return Ok(Hit::of(*report, None)),
                Requested::Doubt(doubt) => {
                    if let Some(hit) = self.settle_doubt(row, doubt, began)? {
                        return Ok(hit);
                    }
                    pause = pause.max(OUTAGE);
                }
                Requested::NotSent(e) if late => return Err(Stop::trouble(e)),
                Requested::NotSent(_) => pause = pause.max(OUTAGE),
                Requested::Failed(e) => return Err(Stop::trouble(e)),
            }
            clock::sleep_until(sent + pause, false);
            pause = pause.mul_f32(1.5 + fastrand::f32() / 4.0).min(SLOWEST);
        }
    }

    /// Send once, and write down what was sent when and what came back.
    fn request(&mut self, row: &Row, queue: bool, opening: Option<DateTime<Utc>>) -> Requested {
        let sent_at = clock::now();
        let sent = clock::steady();
        let day = self.prebooking.day;
        let requested = match self.desk() {
            Ok(mut desk) => desk.request(day, row, queue),
            Err(e) => return Requested::Failed(e),
        };
        let arrival = self.clock.arrival(sent);
        self.fired_at = arrival.map(instant).or(Some(sent_at));
        let (outcome, state, message) = told(&requested);
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
        requested
    }

    /// A refusal told of an opening that a repeat within `--give-up` cannot reach.
    fn moved(&self, report: &BookReport, row: &Row) -> Option<DateTime<Utc>> {
        let learned = Opening::learned(report.learned?);
        let zone = self.place.calendar.zone;
        let told = if learned.guess {
            // a text tells the day, not the hour: only a later day moves it
            learned.first_try(self.prebooking.day, row.start, zone)
        } else {
            learned.opens_at(self.prebooking.day, row.start, zone)
        };
        let reach = super::plan::until(self.server_now(), self.run.give_up);
        let same_wall = learned
            .opens_at(self.prebooking.day, row.start, zone)
            .to_utc();
        (told.to_utc() > reach).then_some(same_wall)
    }

    /// `None`: the row says "not mine", and there is time to send again.
    fn settle_doubt(
        &mut self,
        row: &Row,
        doubt: Doubt,
        began: Instant,
    ) -> Result<Option<Hit>, Stop> {
        let day = self.prebooking.day;
        let mut cause;
        let mut looks = 0;
        loop {
            let found = self.desk().and_then(|mut desk| desk.row(day, &row.id));
            cause = match found {
                Ok(Some(now)) => match hold(&now) {
                    Some(Hold::NotMine) if !matches!(doubt, Doubt::SameHour(_)) => {
                        if began.elapsed() < self.run.give_up {
                            return Ok(None);
                        }
                        return Err(Stop::Trouble(Kind::Unreachable, not_booked(&doubt)));
                    }
                    Some(held) => {
                        let report = Desk::settled(doubt, held, now)
                            .map_err(|e| Stop::Trouble(Kind::Unreachable, e.to_string()))?;
                        return Ok(Some(Hit::of(report, None)));
                    }
                    None => "the schedule shows a state that nobody knows".to_owned(),
                },
                Ok(None) => "the class is no longer in the schedule".to_owned(),
                Err(e) => e.to_string(),
            };
            looks += 1;
            if looks >= 2 && began.elapsed() >= self.run.give_up {
                return Err(Stop::Trouble(
                    Kind::UnknownOutcome,
                    format!("the booking was sent, but what came of it is unknown: {cause}"),
                ));
            }
            clock::pause(OUTAGE * 2);
        }
    }

    pub(super) fn server_now(&self) -> DateTime<Utc> {
        let offset = self.clock.offset().unwrap_or_default();
        clock::now() + TimeDelta::try_milliseconds(rounded(offset * 1000.0)).unwrap_or_default()
    }
}

impl Hit {
    fn of(report: BookReport, moved_to: Option<DateTime<Utc>>) -> Self {
        Self {
            ending: Ending::Book(report.outcome),
            row: report.row.clone(),
            message: report.message.clone(),
            report: Some(report),
            moved_to,
        }
    }
}

fn not_booked(doubt: &Doubt) -> String {
    let cause = match doubt {
        Doubt::Lost(cause) => cause.as_str(),
        Doubt::Unproven(_) | Doubt::SameHour(_) => "AimHarder's answer proves nothing",
    };
    format!("not booked: {cause}; the schedule shows no booking")
}

/// What a request came to, for the history.
fn told(requested: &Requested) -> (String, Option<i64>, Option<String>) {
    match requested {
        Requested::Answered(report) => (
            report.outcome.name().to_owned(),
            report.state,
            report.message.clone(),
        ),
        Requested::Doubt(Doubt::Lost(cause)) => ("lost".into(), None, Some(cause.clone())),
        Requested::Doubt(Doubt::Unproven(answer)) => {
            ("unproven".into(), answer.state, answer.message.clone())
        }
        Requested::Doubt(Doubt::SameHour(answer)) => {
            ("same_hour".into(), answer.state, answer.message.clone())
        }
        Requested::NotSent(e) => ("not_sent".into(), None, Some(e.to_string())),
        Requested::Failed(e) => ("failed".into(), None, Some(e.to_string())),
    }
}

/// Unix seconds to an instant in whole milliseconds.
fn instant(unix: f64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(rounded(unix * 1000.0)).unwrap_or_default()
}

#[allow(clippy::cast_possible_truncation)] // a cast from a double saturates
fn rounded(value: f64) -> i64 {
    value.round() as i64
}
