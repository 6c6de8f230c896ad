//! Booking one class: decide from the row, send, settle by the row.

use std::time::Duration;

use chrono::NaiveDate;

use super::outcome::{BookResult, Outcome};
use super::{BoxClient, Error, needs_row, never_sent};
use crate::platform::{BookResponse, Mine, Row, Verdict};
use crate::{clock, sessions, signals};

/// Pause before the row is read a second time: the server may still be processing the request.
pub(crate) const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Pause before a request is sent again for which no connection had been made.
pub(super) const RESEND_PAUSE: Duration = Duration::from_millis(300);

impl BoxClient<'_, '_> {
    /// Books a class; with `waitlist`, joins its waiting list if it is full.
    ///
    /// # Errors
    /// [`Error`] if there is no outcome.
    pub fn book(&mut self, day: NaiveDate, row: &Row, waitlist: bool) -> Result<BookResult, Error> {
        if let Some(result) = BookResult::decided(row) {
            log::info!(
                "decided from the schedule, nothing sent: {}",
                result.outcome.name()
            );
            return Ok(result);
        }
        let _guard = signals::signal_guard("booking");
        let result = self.book_settled(day, row, false)?;
        if result.outcome == Outcome::Full && waitlist && !signals::must_stop() {
            log::info!("the class is full; asking for a place on the waiting list");
            return self.book_settled(day, row, true);
        }
        Ok(result)
    }

    /// Sends one request and determines its outcome.
    fn book_settled(
        &mut self,
        day: NaiveDate,
        row: &Row,
        insist: bool,
    ) -> Result<BookResult, Error> {
        let mut sent = self.request(day, row, insist, || ());
        if sent.as_ref().is_err_and(never_sent) {
            clock::pause(clock::scaled(RESEND_PAUSE));
            sent = self.request(day, row, insist, || ());
        }
        let sent = match sent {
            Err(e) if !needs_row(&e) => return Err(e.into()),
            sent => sent,
        };
        if let Some(result) = proven(row, &sent) {
            return Ok(result);
        }
        log::info!("the schedule row decides whether the class is booked");
        let now = self.look_twice(day, &row.id, Row::is_mine)?;
        settled(&sent, now)
    }

    /// Sends one booking request, and again if the session is recovered from a logout. `sending` is called before each. The
    /// caller settles by the row what the response does not prove.
    pub(crate) fn request(
        &mut self,
        day: NaiveDate,
        row: &Row,
        insist: bool,
        mut sending: impl FnMut(),
    ) -> sessions::Result<BookResponse> {
        let (at, family) = (&self.at, self.family.as_deref());
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
        let response = self.live.call(|platform, jar| {
            sending();
            platform.book(jar, at, &row.id, day, insist, family)
        });
        signals::allow_settling();
        let response = response?;
        log::info!("AimHarder answered: {response}");
        if response.verdict != Verdict::Unproven {
            self.live.note_login();
        }
        Ok(response)
    }

    /// The row as soon as it is `done`, or as it is a second later.
    pub(super) fn look_twice(
        &mut self,
        day: NaiveDate,
        class_id: &str,
        done: impl Fn(&Row) -> bool,
    ) -> Result<Row, Error> {
        let now = self.row_now(day, class_id)?;
        if done(&now) {
            return Ok(now);
        }
        clock::pause(clock::scaled(SECOND_LOOK));
        // the session may have ended in between, and then the schedule shows nothing of the member's
        self.live.forget_login();
        self.row_now(day, class_id)
    }

    /// The row, which says whether the class is the member's. It is read twice if necessary.
    ///
    /// # Errors
    /// [`Error::Unknown`] if it cannot be read.
    pub(crate) fn row_now(&mut self, day: NaiveDate, class_id: &str) -> Result<Row, Error> {
        let mut cause = String::new();
        for look in 0..2 {
            if look > 0 {
                clock::pause(clock::scaled(SECOND_LOOK));
            }
            cause = match self.row(day, class_id) {
                Ok(Some(row)) if !matches!(row.mine, Mine::Unknown(_)) => return Ok(row),
                Ok(Some(_)) => UNKNOWN_STATE.to_owned(),
                Ok(None) => NOT_IN_SCHEDULE.to_owned(),
                Err(e) => e.to_string(),
            };
        }
        Err(Error::Unknown(format!(
            "the request was sent, but what came of it is unknown: {cause}; look at `aimharder bookings` before trying again"
        )))
    }
}

/// Reasons why a row does not settle an outcome.
pub(crate) const UNKNOWN_STATE: &str = "the schedule shows an unknown state";
pub(crate) const NOT_IN_SCHEDULE: &str = "the class is no longer in the schedule";

/// The result that the response proves: a refusal.
pub(crate) fn proven(row: &Row, sent: &sessions::Result<BookResponse>) -> Option<BookResult> {
    let response = sent.as_ref().ok()?;
    let outcome = Outcome::proven(&response.verdict)?;
    Some(BookResult::of_response(
        outcome,
        row.clone(),
        Some(response),
    ))
}

/// Whether the schedule row has to settle what a request ended with: its response was lost, is not the platform's, or proves
/// nothing. Otherwise the server has refused it, or did not act.
pub(crate) fn is_unproven(sent: &sessions::Result<BookResponse>) -> bool {
    match sent {
        Ok(response) => Outcome::proven(&response.verdict).is_none(),
        Err(e) => needs_row(e),
    }
}

/// The result that the row, read after the request, shows.
///
/// # Errors
/// The row does not show a booking that the response reports, or the response proves nothing.
pub(crate) fn settled(
    sent: &sessions::Result<BookResponse>,
    now: Row,
) -> Result<BookResult, Error> {
    let response = sent.as_ref().ok();
    let verdict = response.map(|response| &response.verdict);
    let outcome = match (&now.mine, verdict) {
        (Mine::Booked, Some(Verdict::SameHour)) => Outcome::AlreadyBooked,
        (Mine::Booked, _) => Outcome::Booked,
        (Mine::Waiting, _) => Outcome::Waitlisted,
        (_, Some(Verdict::SameHour)) => Outcome::SameTime,
        (_, Some(Verdict::Booked)) => {
            return Err(Error::Unknown(
                "AimHarder answered \"booked\", but the schedule does not show the booking; look at `aimharder bookings` before trying again".into(),
            ));
        }
        _ => {
            return Err(Error::NotDone(format!(
                "not booked: {}; the schedule shows no booking; try again",
                cause(sent)
            )));
        }
    };
    Ok(BookResult::of_response(outcome, now, response))
}

/// Why a request has no proven outcome.
pub(crate) fn cause(sent: &sessions::Result<BookResponse>) -> String {
    match sent {
        Ok(response) => proves_nothing(response.message.as_deref()),
        Err(e) => e.to_string(),
    }
}

/// Describes a response that proves nothing by its text.
pub(super) fn proves_nothing(text: Option<&str>) -> String {
    let text = text.map_or_else(String::new, |text| format!(" ({text})"));
    format!("AimHarder's answer proves nothing{text}")
}
