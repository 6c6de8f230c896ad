//! One booking: decide, send, settle.

use std::time::Duration;

use chrono::NaiveDate;

use super::outcome::{BookReport, Outcome, decided, report};
use super::{BoxClient, Hold, Trouble, hold, lost, never_sent};
use crate::platform::{self, BookAnswer, BookOrder, Row, Verdict};
use crate::{clock, sessions, signals};

/// What one request came to.
#[derive(Debug)]
pub(crate) enum Requested {
    Answered(Box<BookReport>),
    /// A refusal without a reason. At an opening it may mean "too early".
    Unexplained(Box<BookReport>),
    /// the class's row decides
    Doubt(Doubt),
    /// no connection was made: it may be sent again
    NotSent(sessions::Error),
    /// the platform did not act, and a person or a later run must see to it
    Failed(sessions::Error),
}

/// Responses that the schedule row has to settle.
#[derive(Debug, Clone)]
pub(crate) enum Doubt {
    /// State 1: the platform says "booked".
    Claimed(Box<BookAnswer>),
    /// state 0, `{}`, or nothing that says anything
    Unproven(Box<BookAnswer>),
    /// "already booked at that hour": this class, or another?
    SameHour(Box<BookAnswer>),
    /// The response was lost, or was none of the platform.
    Lost(platform::Error),
}

impl Doubt {
    /// The pause that the server asked for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Lost(e) => e.retry_after(),
            _ => None,
        }
    }
}

/// Pause before the row is read a second time: the server may still be processing the request.
pub(crate) const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Before a request is sent again that never left.
const AGAIN: Duration = Duration::from_millis(300);

impl BoxClient<'_, '_> {
    /// Book a class. With `queue`, its waiting list when it is full.
    ///
    /// # Errors
    /// [`Trouble`] when there is no outcome.
    pub fn book(&mut self, day: NaiveDate, row: &Row, queue: bool) -> Result<BookReport, Trouble> {
        if let Some(report) = decided(row) {
            log::info!(
                "decided from the schedule, nothing sent: {}",
                report.outcome.name()
            );
            return Ok(report);
        }
        let _guard = signals::signal_guard("booking");
        let report = self.order(day, row, false)?;
        if report.outcome == Outcome::Full && queue && !signals::must_stop() {
            log::info!("the class is full; asking for a place on the waiting list");
            return self.order(day, row, true);
        }
        Ok(report)
    }

    /// One request, and whatever it takes to know what came of it.
    fn order(&mut self, day: NaiveDate, row: &Row, insist: bool) -> Result<BookReport, Trouble> {
        let mut sent = self.request(day, row, insist);
        if matches!(sent, Requested::NotSent(_)) {
            clock::pause(clock::scaled(AGAIN));
            sent = self.request(day, row, insist);
        }
        match sent {
            Requested::Answered(report) | Requested::Unexplained(report) => Ok(*report),
            Requested::Doubt(doubt) => {
                log::info!("the schedule row decides whether the class is booked");
                let (held, now) = self.look_twice(day, &row.id, |held| held != Hold::NotMine)?;
                Self::settled(doubt, held, now)
            }
            Requested::NotSent(e) | Requested::Failed(e) => Err(e.into()),
        }
    }

    /// Send one booking request. What its answer leaves open is for the caller to settle by the row.
    pub(crate) fn request(&mut self, day: NaiveDate, row: &Row, insist: bool) -> Requested {
        let order = BookOrder {
            class_id: row.id.clone(),
            day,
            insist,
            family: self.family.clone(),
        };
        let at = &self.at;
        log::info!(
            "asking to book {} {} of {day} (id {}){}",
            row.start.format("%H:%M"),
            row.name,
            row.id,
            if insist {
                ", or a place on its waiting list"
            } else {
                ""
            }
        );
        let answer = self
            .live
            .call(|platform, jar| platform.book(jar, at, &order));
        signals::allow_settling();
        match answer {
            Ok(answer) => {
                log::info!("AimHarder answered: {answer}");
                if answer.verdict != Verdict::Unproven {
                    self.live.note_login();
                }
                Self::understand(row, answer)
            }
            Err(e) if never_sent(&e) => Requested::NotSent(e),
            Err(e) => match lost(e) {
                Ok(e) => Requested::Doubt(Doubt::Lost(e)),
                Err(e) => Requested::Failed(e),
            },
        }
    }

    fn understand(row: &Row, answer: BookAnswer) -> Requested {
        let outcome = match answer.verdict {
            Verdict::Booked => return Requested::Doubt(Doubt::Claimed(Box::new(answer))),
            Verdict::Unproven => return Requested::Doubt(Doubt::Unproven(Box::new(answer))),
            Verdict::SameHour => return Requested::Doubt(Doubt::SameHour(Box::new(answer))),
            Verdict::Full => Outcome::Full,
            Verdict::NoCredit => Outcome::NoCredit,
            Verdict::PaymentPending => Outcome::PaymentPending,
            Verdict::LimitReached => Outcome::LimitReached,
            Verdict::TooLate => Outcome::TooLate,
            Verdict::TooEarly(_) => Outcome::TooEarly,
            Verdict::Refused => Outcome::Refused,
            Verdict::Unexplained => {
                let report = report(Outcome::Refused, row.clone(), Some(answer));
                return Requested::Unexplained(Box::new(report));
            }
        };
        Requested::Answered(Box::new(report(outcome, row.clone(), Some(answer))))
    }

    /// The outcome that the row, read again, shows.
    pub(crate) fn settled(doubt: Doubt, held: Hold, now: Row) -> Result<BookReport, Trouble> {
        let claimed = matches!(doubt, Doubt::Claimed(_));
        let (answer, cause, same_hour) = match doubt {
            Doubt::Claimed(answer) => (Some(*answer), String::new(), false),
            Doubt::Unproven(answer) => (
                Some(*answer),
                "AimHarder's answer proves nothing".to_owned(),
                false,
            ),
            Doubt::SameHour(answer) => (Some(*answer), String::new(), true),
            Doubt::Lost(cause) => (None, cause.to_string(), false),
        };
        match held {
            Hold::Booked if same_hour => Ok(report(Outcome::AlreadyBooked, now, answer)),
            Hold::Booked => Ok(report(Outcome::Booked, now, answer)),
            Hold::Waiting => Ok(report(Outcome::Waitlisted, now, answer)),
            Hold::NotMine if same_hour => Ok(report(Outcome::SameTime, now, answer)),
            Hold::NotMine if claimed => Err(Trouble::Unknown(
                "AimHarder answered \"booked\", but the schedule does not show the booking; look at `aimharder bookings` before trying again".into(),
            )),
            Hold::NotMine => Err(Trouble::NotDone(format!(
                "not booked: {cause}; the schedule shows no booking; try again"
            ))),
        }
    }

    /// The row as soon as it is `done`, or as it is a second later.
    pub(super) fn look_twice(
        &mut self,
        day: NaiveDate,
        class_id: &str,
        done: impl Fn(Hold) -> bool,
    ) -> Result<(Hold, Row), Trouble> {
        let found = self.mine_now(day, class_id)?;
        if done(found.0) {
            return Ok(found);
        }
        clock::pause(clock::scaled(SECOND_LOOK));
        self.mine_now(day, class_id)
    }

    /// Whose the class is now, read twice if need be.
    pub(crate) fn mine_now(
        &mut self,
        day: NaiveDate,
        class_id: &str,
    ) -> Result<(Hold, Row), Trouble> {
        let mut cause = String::new();
        for look in 0..2 {
            if look > 0 {
                clock::pause(clock::scaled(SECOND_LOOK));
            }
            cause = match self.row(day, class_id) {
                Ok(Some(row)) => match hold(&row) {
                    Some(held) => return Ok((held, row)),
                    None => "the schedule shows an unknown state".to_owned(),
                },
                Ok(None) => "the class is no longer in the schedule".to_owned(),
                Err(e) => e.to_string(),
            };
        }
        Err(Trouble::Unknown(format!(
            "the request was sent, but what came of it is unknown: {cause}; look at `aimharder bookings` before trying again"
        )))
    }
}
