//! One booking: decide, send, settle.

use std::time::Duration;

use chrono::NaiveDate;
use serde::Serialize;

use super::{Desk, Hold, Trouble, hold, lost, never_sent};
use crate::aimharder::{BookAnswer, BookOrder, Row, Verdict};
use crate::opening::Learned;
use crate::{clock, interrupt, sessions};

/// How a wish to book ended (`cli.md`, "Booking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Booked,
    Waitlisted,
    AlreadyBooked,
    /// not open yet, and stored to be booked at the opening
    Prebooked,
    WouldBook,
    Full,
    NoCredit,
    PaymentPending,
    LimitReached,
    SameTime,
    TooLate,
    Closed,
    Refused,
    TooEarly,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct BookReport {
    pub outcome: Outcome,
    /// the class as it is now, as far as it was read again
    pub row: Row,
    pub reservation: Option<String>,
    pub message: Option<String>,
    /// the platform's own number for it
    pub state: Option<i64>,
    /// what a "too early" told about the opening
    pub learned: Option<Learned>,
}

/// Before the row is read a second time: a server that lost its answer may still be at work.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Before a request is sent again that never left.
const AGAIN: Duration = Duration::from_millis(300);

impl Desk<'_, '_> {
    /// Book a class. With `queue`, its waiting list when it is full.
    ///
    /// # Errors
    /// [`Trouble`] when there is no outcome.
    pub fn book(&mut self, day: NaiveDate, row: &Row, queue: bool) -> Result<BookReport, Trouble> {
        if let Some(report) = decided(row) {
            return Ok(report);
        }
        let _shield = interrupt::shield();
        let report = self.order(day, row, false)?;
        if report.outcome == Outcome::Full && queue {
            log::info!("the class is full; asking for a place on the waiting list");
            return self.order(day, row, true);
        }
        Ok(report)
    }

    /// One request, and whatever it takes to know what came of it.
    fn order(&mut self, day: NaiveDate, row: &Row, insist: bool) -> Result<BookReport, Trouble> {
        let order = BookOrder {
            class_id: row.id.clone(),
            day,
            insist,
            family: self.family.clone(),
        };
        let mut sent = self.send(&order);
        if sent.as_ref().is_err_and(never_sent) {
            clock::pause(AGAIN);
            sent = self.send(&order);
        }
        match sent {
            Ok(answer) => self.settle(day, row, answer),
            Err(e) => match lost(e) {
                Ok(e) => self.settle_lost(day, row, &e.to_string()),
                Err(e) => Err(e.into()),
            },
        }
    }

    fn send(&mut self, order: &BookOrder) -> sessions::Result<BookAnswer> {
        let at = &self.at;
        self.live
            .call(|platform, jar| platform.book(jar, at, order))
    }

    fn settle(
        &mut self,
        day: NaiveDate,
        row: &Row,
        answer: BookAnswer,
    ) -> Result<BookReport, Trouble> {
        let outcome = match answer.verdict {
            Verdict::Booked => return Ok(self.confirmed(day, row, answer)),
            Verdict::Unproven => return self.settle_unproven(day, row, answer),
            Verdict::SameHour => return self.settle_same_hour(day, row, answer),
            Verdict::Full => Outcome::Full,
            Verdict::NoCredit => Outcome::NoCredit,
            Verdict::PaymentPending => Outcome::PaymentPending,
            Verdict::LimitReached => Outcome::LimitReached,
            Verdict::TooLate => Outcome::TooLate,
            Verdict::TooEarly(_) => Outcome::TooEarly,
            Verdict::Refused => Outcome::Refused,
        };
        Ok(report(outcome, row.clone(), Some(answer)))
    }

    /// Booked by the platform's word. The row is read again for what it shows now; that it cannot
    /// be read does not take the booking away.
    fn confirmed(&mut self, day: NaiveDate, row: &Row, answer: BookAnswer) -> BookReport {
        let now = self.row(day, &row.id).ok().flatten();
        let shown = now.as_ref().and_then(hold);
        let mut report = match (now, shown) {
            (Some(now), Some(Hold::Booked)) => report(Outcome::Booked, now, Some(answer)),
            (Some(now), Some(Hold::Waiting)) => report(Outcome::Waitlisted, now, Some(answer)),
            _ => {
                log::warn!("AimHarder answered \"booked\"; the schedule does not show it yet");
                let mut now = row.clone();
                now.mine = crate::aimharder::Mine::Booked;
                now.reservation.clone_from(&answer.reservation);
                report(Outcome::Booked, now, Some(answer))
            }
        };
        report.message = None;
        report
    }

    fn settle_unproven(
        &mut self,
        day: NaiveDate,
        row: &Row,
        answer: BookAnswer,
    ) -> Result<BookReport, Trouble> {
        log::info!(
            "AimHarder's answer proves nothing (state {:?}); the schedule decides",
            answer.state
        );
        match self.mine_now(day, &row.id)? {
            (Hold::Booked, now) => Ok(report(Outcome::Booked, now, Some(answer))),
            (Hold::Waiting, now) => Ok(report(Outcome::Waitlisted, now, Some(answer))),
            (Hold::NotMine, _) => Err(Trouble::NotDone(
                "AimHarder's answer proves nothing and the schedule does not show the booking; try again".into(),
            )),
        }
    }

    fn settle_same_hour(
        &mut self,
        day: NaiveDate,
        row: &Row,
        answer: BookAnswer,
    ) -> Result<BookReport, Trouble> {
        match self.mine_now(day, &row.id)? {
            (Hold::Booked, now) => Ok(report(Outcome::AlreadyBooked, now, Some(answer))),
            (Hold::Waiting, now) => Ok(report(Outcome::Waitlisted, now, Some(answer))),
            (Hold::NotMine, now) => Ok(report(Outcome::SameTime, now, Some(answer))),
        }
    }

    fn settle_lost(
        &mut self,
        day: NaiveDate,
        row: &Row,
        cause: &str,
    ) -> Result<BookReport, Trouble> {
        log::info!("no answer to the booking ({cause}); the schedule tells what became of it");
        let mut found = self.mine_now(day, &row.id)?;
        if found.0 == Hold::NotMine {
            clock::pause(SECOND_LOOK);
            found = self.mine_now(day, &row.id)?;
        }
        match found {
            (Hold::Booked, now) => Ok(report(Outcome::Booked, now, None)),
            (Hold::Waiting, now) => Ok(report(Outcome::Waitlisted, now, None)),
            (Hold::NotMine, _) => Err(Trouble::NotDone(format!(
                "not booked: {cause}; the schedule shows no booking; try again"
            ))),
        }
    }

    /// Whose the class is now, read twice if need be.
    pub(super) fn mine_now(
        &mut self,
        day: NaiveDate,
        class_id: &str,
    ) -> Result<(Hold, Row), Trouble> {
        let mut cause = String::new();
        for look in 0..2 {
            if look > 0 {
                clock::pause(SECOND_LOOK);
            }
            cause = match self.row(day, class_id) {
                Ok(Some(row)) => match hold(&row) {
                    Some(held) => return Ok((held, row)),
                    None => "the schedule shows a state that nobody knows".to_owned(),
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

/// What the schedule alone decides: the class is mine, or nobody can book it.
pub(super) fn decided(row: &Row) -> Option<BookReport> {
    let outcome = if row.cancelled {
        Outcome::Closed
    } else {
        match hold(row) {
            Some(Hold::Booked) => Outcome::AlreadyBooked,
            Some(Hold::Waiting) => Outcome::Waitlisted,
            _ if !row.enabled || row.staff || row.hidden => Outcome::Closed,
            _ => return None,
        }
    };
    let mut report = report(outcome, row.clone(), None);
    if outcome == Outcome::Closed {
        let why = if row.cancelled {
            "the gym has cancelled this class"
        } else if row.staff {
            "this place is reserved by the gym's staff"
        } else {
            "this class is not offered for booking"
        };
        report.message = Some(why.into());
    }
    Some(report)
}

fn report(outcome: Outcome, row: Row, answer: Option<BookAnswer>) -> BookReport {
    let reservation = row
        .reservation
        .clone()
        .or_else(|| answer.as_ref().and_then(|a| a.reservation.clone()))
        .filter(|_| {
            matches!(
                outcome,
                Outcome::Booked | Outcome::AlreadyBooked | Outcome::Waitlisted
            )
        });
    let learned = answer.as_ref().and_then(|a| match &a.verdict {
        Verdict::TooEarly(learned) => *learned,
        _ => None,
    });
    BookReport {
        outcome,
        row,
        reservation,
        message: answer.as_ref().and_then(|a| a.message.clone()),
        state: answer.and_then(|a| a.state),
        learned,
    }
}
