//! Cancelling a booking or a waiting-list place: sends the reservation id, never the class id, to which the platform answers
//! "done" without acting (protocol.md §7). Only the schedule row proves the cancellation.

use chrono::NaiveDate;
use serde::Serialize;

use super::book::{RESEND_PAUSE, proves_nothing};
use super::{BoxClient, Error, needs_row, never_sent};
use crate::platform::{CancelResponse, CancelVerdict, Mine, Row};
use crate::{clock, sessions, signals};

/// The outcome of a cancellation (`scripting.md`, "Booking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcome {
    /// The row, read again, shows no booking.
    Cancelled,
    /// The class was not booked.
    NotBooked,
    /// The cancellation would cost a credit, which was not accepted: nothing is cancelled.
    LateCancellation,
    /// AimHarder refused, or it answered "done" and the row still shows the booking.
    Refused,
    /// Dry run: there is a booking to cancel.
    WouldCancel,
}

/// The result of a cancellation.
#[derive(Debug, Clone)]
pub struct CancelResult {
    /// The outcome, as the row shows it.
    pub outcome: CancelOutcome,
    /// The class as it was read last.
    pub row: Row,
    /// The platform's text, cleaned, or the reason that the schedule gives.
    pub message: Option<String>,
    /// `cancelState` of the response (protocol.md §7). `None` without a request or a response.
    pub state: Option<i64>,
}

impl CancelResult {
    /// A result without a response.
    fn unsent(outcome: CancelOutcome, row: Row, message: Option<&str>) -> Self {
        Self {
            outcome,
            row,
            message: message.map(str::to_owned),
            state: None,
        }
    }
}

impl BoxClient<'_, '_> {
    /// Cancels a booking or a waiting-list place. `late` accepts that it costs a credit; a cancellation without costs is tried
    /// first.
    ///
    /// # Errors
    /// [`Error`] if there is no outcome.
    pub fn cancel(&mut self, day: NaiveDate, row: &Row, late: bool) -> Result<CancelResult, Error> {
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
    ) -> Result<CancelResult, Error> {
        let mut sent = self.send_cancel(reservation, late);
        if sent.as_ref().is_err_and(never_sent) {
            clock::pause(clock::scaled(RESEND_PAUSE));
            sent = self.send_cancel(reservation, late);
        }
        match sent {
            Ok(answer) => self.settle_cancel(day, row, &answer, late),
            Err(e) if needs_row(&e) => {
                log::info!("no response to the cancellation ({e}); the schedule decides");
                let now = self.look_twice(day, &row.id, |now| !now.is_mine())?;
                if now.is_mine() {
                    return Err(Error::NotDone(format!(
                        "not cancelled: {e}; the schedule still shows the booking; try again"
                    )));
                }
                Ok(CancelResult::unsent(CancelOutcome::Cancelled, now, None))
            }
            Err(e) => Err(e.into()),
        }
    }

    fn send_cancel(&mut self, reservation: &str, late: bool) -> sessions::Result<CancelResponse> {
        let (at, family) = (&self.at, self.family.as_deref());
        log::info!(
            "asking to cancel reservation {reservation}{}",
            if late {
                ", at the cost of its credit"
            } else {
                ""
            }
        );
        // rows that were read before prove nothing of the session that reads the row afterwards
        self.live.forget_login();
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
        answer: &CancelResponse,
        late: bool,
    ) -> Result<CancelResult, Error> {
        let reported = |outcome, row: Row, words: Option<&str>| CancelResult {
            outcome,
            row,
            message: answer.message.clone().or_else(|| words.map(str::to_owned)),
            state: answer.state,
        };
        let unchanged = |outcome, words| Ok(reported(outcome, row.clone(), words));
        match answer.verdict {
            // another process or device may have cancelled it a moment before
            CancelVerdict::Refused => {
                return match self.row_now(day, &row.id) {
                    Ok(now) if !now.is_mine() => Ok(CancelResult {
                        message: None,
                        ..reported(CancelOutcome::NotBooked, now, None)
                    }),
                    _ => unchanged(CancelOutcome::Refused, None),
                };
            }
            CancelVerdict::Late if late => {
                let words = "AimHarder did not accept the late cancellation either";
                return unchanged(CancelOutcome::Refused, Some(words));
            }
            CancelVerdict::Late => return unchanged(CancelOutcome::LateCancellation, None),
            CancelVerdict::Done | CancelVerdict::Unproven => {}
        }
        let now = self.look_twice(day, &row.id, |now| !now.is_mine())?;
        if !now.is_mine() {
            return Ok(reported(CancelOutcome::Cancelled, now, None));
        }
        if answer.verdict == CancelVerdict::Done {
            let words =
                "AimHarder answered \"cancelled\", but the schedule still shows the booking";
            return Ok(reported(CancelOutcome::Refused, now, Some(words)));
        }
        let cause = proves_nothing(answer.message.as_deref());
        Err(Error::NotDone(format!(
            "not cancelled: {cause}; the schedule still shows the booking; try again"
        )))
    }
}

/// The reservation id, or the result if nothing can be sent.
pub fn cancellable(row: &Row) -> Result<String, Box<CancelResult>> {
    let report = |outcome, why| Box::new(CancelResult::unsent(outcome, row.clone(), why));
    match row.mine {
        Mine::No => Err(report(CancelOutcome::NotBooked, None)),
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
