//! One cancellation: send the reservation's number (never the class's: the platform would answer
//! "done" and do nothing, protocol.md §7), and believe only the row.

use std::time::Duration;

use chrono::NaiveDate;
use serde::Serialize;

use super::{BoxClient, Hold, Trouble, hold, lost, never_sent};
use crate::platform::{CancelAnswer, CancelVerdict, Row};
use crate::{clock, sessions, signals};

/// The outcome of a cancellation (`scripting.md`, "Booking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcome {
    /// the row, read again, is no longer mine
    Cancelled,
    /// the class was not mine to begin with
    NotBooked,
    /// cancelling would cost the credit, and that was not accepted: nothing was cancelled
    LateCancellation,
    /// AimHarder said no, or said yes and the row is still mine
    Refused,
    /// a rehearsal: there is a booking to cancel
    WouldCancel,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct CancelReport {
    /// what it came to, as the row shows
    pub outcome: CancelOutcome,
    /// the class as it was read last
    pub row: Row,
    /// what AimHarder or the schedule has to say about it, cleaned
    pub message: Option<String>,
    /// `cancelState` as it came (protocol.md §7); `None` where nothing was sent or no answer came
    pub state: Option<i64>,
}

const AGAIN: Duration = Duration::from_millis(300);

impl BoxClient<'_, '_> {
    /// Cancel a booking or a waiting-list place. `late` accepts that it costs the credit; the free
    /// way is tried first all the same.
    ///
    /// # Errors
    /// [`Trouble`] when there is no outcome.
    pub fn cancel(
        &mut self,
        day: NaiveDate,
        row: &Row,
        late: bool,
    ) -> Result<CancelReport, Trouble> {
        let reservation = match cancellable(row) {
            Ok(reservation) => reservation,
            Err(report) => {
                log::info!(
                    "decided from the schedule, nothing sent: {:?}",
                    report.outcome
                );
                return Ok(*report);
            }
        };
        let _guard = signals::signal_guard("cancellation");
        let first = self.withdraw(day, row, &reservation, false)?;
        if first.outcome == CancelOutcome::LateCancellation && late && !signals::must_stop() {
            return self.withdraw(day, row, &reservation, true);
        }
        Ok(first)
    }

    fn withdraw(
        &mut self,
        day: NaiveDate,
        row: &Row,
        reservation: &str,
        late: bool,
    ) -> Result<CancelReport, Trouble> {
        let mut sent = self.send_cancel(reservation, late);
        if sent.as_ref().is_err_and(never_sent) {
            clock::pause(clock::scaled(AGAIN));
            sent = self.send_cancel(reservation, late);
        }
        match sent {
            Ok(answer) => self.settle_cancel(day, row, &answer, late),
            Err(e) => match lost(e) {
                Ok(e) => self.settle_lost_cancel(day, row, &e.to_string()),
                Err(e) => Err(e.into()),
            },
        }
    }

    fn send_cancel(&mut self, reservation: &str, late: bool) -> sessions::Result<CancelAnswer> {
        let (at, family) = (&self.at, self.family.as_deref());
        log::info!(
            "asking to cancel reservation {reservation}{}",
            if late {
                ", at the cost of its credit"
            } else {
                ""
            }
        );
        let answer = self
            .live
            .call(|platform, jar| platform.cancel_book(jar, at, reservation, late, family));
        signals::allow_settling();
        let answer = answer?;
        log::info!("AimHarder answered: {answer}");
        if answer.verdict != CancelVerdict::Unproven {
            self.live.note_login();
        }
        Ok(answer)
    }

    fn settle_cancel(
        &mut self,
        day: NaiveDate,
        row: &Row,
        answer: &CancelAnswer,
        late: bool,
    ) -> Result<CancelReport, Trouble> {
        let reported = |outcome, row: Row, words: Option<&str>| CancelReport {
            outcome,
            row,
            message: answer.message.clone().or_else(|| words.map(str::to_owned)),
            state: answer.state,
        };
        match answer.verdict {
            // another process or device may have cancelled it a moment before
            CancelVerdict::Refused => Ok(match self.mine_now(day, &row.id) {
                Ok((Hold::NotMine, now)) => CancelReport {
                    message: None,
                    ..reported(CancelOutcome::NotBooked, now, None)
                },
                _ => reported(CancelOutcome::Refused, row.clone(), None),
            }),
            CancelVerdict::Late if late => {
                Ok(reported(CancelOutcome::Refused, row.clone(), Some("AimHarder did not accept the late cancellation either")))
            }
            CancelVerdict::Late => Ok(reported(CancelOutcome::LateCancellation, row.clone(), None)),
            CancelVerdict::Done | CancelVerdict::Unproven => match self.look_twice(day, &row.id, |held| held == Hold::NotMine)? {
                (Hold::NotMine, now) => Ok(reported(CancelOutcome::Cancelled, now, None)),
                (_, now) if answer.verdict == CancelVerdict::Done => Ok(reported(
                    CancelOutcome::Refused,
                    now,
                    Some("AimHarder answered \"cancelled\", but the schedule still shows the booking"),
                )),
                _ => Err(Trouble::NotDone(
                    "AimHarder's answer proves nothing and the schedule still shows the booking; try again".into(),
                )),
            },
        }
    }

    fn settle_lost_cancel(
        &mut self,
        day: NaiveDate,
        row: &Row,
        cause: &str,
    ) -> Result<CancelReport, Trouble> {
        log::info!("no response to the cancellation ({cause}); the schedule decides");
        match self.look_twice(day, &row.id, |held| held == Hold::NotMine)? {
            (Hold::NotMine, now) => Ok(CancelReport {
                outcome: CancelOutcome::Cancelled,
                row: now,
                message: None,
                state: None,
            }),
            _ => Err(Trouble::NotDone(format!(
                "not cancelled: {cause}; the schedule still shows the booking; try again"
            ))),
        }
    }
}

/// The reservation's number, or why there is nothing to send.
pub fn cancellable(row: &Row) -> Result<String, Box<CancelReport>> {
    let report = |outcome, words: Option<&str>| {
        Box::new(CancelReport {
            outcome,
            row: row.clone(),
            message: words.map(str::to_owned),
            state: None,
        })
    };
    match hold(row) {
        Some(Hold::NotMine) => Err(report(CancelOutcome::NotBooked, None)),
        _ if row.staff => Err(report(
            CancelOutcome::Refused,
            Some("this place was reserved by the gym's staff; ask them to cancel it"),
        )),
        _ => row.reservation.clone().ok_or_else(|| {
            report(
                CancelOutcome::Refused,
                Some("the schedule has no reservation number for this class"),
            )
        }),
    }
}
