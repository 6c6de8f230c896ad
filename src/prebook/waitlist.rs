//! Waiting-list places. Each run checks them until the class starts: promoted, lost, or still waiting.

use chrono::{DateTime, Utc};

use super::context::RunContext;
use super::result::{ChoiceResult, PrebookResult};
use super::task::{Abort, BookingTask};
use crate::booking::{BookResult, CancelOutcome, LoginCheck, Outcome, UNKNOWN_STATE, find};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::model::zone::resolve;
use crate::platform::{Mine, Row};
use crate::sessions::SessionRef;
use crate::signals::{self, SignalGuard};

const GONE: &str = "the place on the waiting list is gone";
const GIVEN_UP: &str =
    "the class starts within its lead, and the place on the waiting list was given up";
const NOT_GIVEN_UP: &str =
    "the class starts within its lead, and the place on the waiting list could not be given up";
const NOT_YET_GIVEN_UP: &str =
    "the class starts within its lead, and giving up the place on the waiting list failed";

/// Checks one place. The guard protects the result of a request. `None`: the prebooking was removed or changed.
pub(super) fn follow(
    context: &RunContext<'_>,
    prebooking: &Prebooking,
    profile: &BoxProfile,
) -> Option<(PrebookResult, Option<SignalGuard>)> {
    let mut task = BookingTask::new(context, &prebooking.request, prebooking.day, profile);
    let mut booked = match find_place(&mut task, prebooking) {
        Ok(row) => judge(row),
        Err(abort) => {
            let (outcome, message) = abort.outcome()?;
            BookResult::unsent(outcome, None, Some(message))
        }
    };
    let now = clock::now();
    if booked.outcome != Outcome::Booked && has_started(&task, prebooking, &booked, now) {
        booked = expired(&booked);
    }
    // the place may be in an alternative
    let choice = booked.row.as_ref().map(|row| Choice {
        start: row.start,
        class: Some(row.name.clone()),
    });
    let choice = choice.unwrap_or_else(|| prebooking.request.first.clone());
    let mut signal_guard = None;
    if let Some(row) = kept_within_lead(&task, prebooking, &booked, &choice) {
        if !is_unchanged(context, prebooking) {
            return None;
        }
        signal_guard = Some(signals::signal_guard("cancellation"));
        booked = give_up(&mut task, row);
    }
    let is_change = booked.outcome != Outcome::Waitlisted;
    let decided = ChoiceResult::of(&choice, booked);
    let result = PrebookResult {
        is_change,
        session: (task.live.as_ref()).map(|live| SessionRef::from(live.row())),
        ..PrebookResult::of(prebooking, profile.zone, decided, Vec::new(), now)
    };
    Some((result, signal_guard))
}

/// Whether the class of the place has started, by the clocks of this machine and of the server.
fn has_started(
    task: &BookingTask<'_>,
    prebooking: &Prebooking,
    booked: &BookResult,
    now: DateTime<Utc>,
) -> bool {
    let profile = task.profile;
    let has_started = |at| match &booked.row {
        Some(row) => resolve(profile.zone, prebooking.day.and_time(row.start)) <= at,
        None => profile.is_over(prebooking, at),
    };
    has_started(now)
        && task.confirm_clock("the class has started").is_ok()
        && has_started(task.server_now())
}

/// The row of a place that is to be given up, because the class starts within the lead. A refusal to cancel it is reported
/// once, and then the place is left.
fn kept_within_lead(
    task: &BookingTask<'_>,
    prebooking: &Prebooking,
    booked: &BookResult,
    choice: &Choice,
) -> Option<Row> {
    let row = booked.row.as_ref()?;
    let message = prebooking.message.as_deref().unwrap_or_default();
    let is_kept = booked.outcome == Outcome::Waitlisted
        && !message.starts_with(NOT_GIVEN_UP)
        && task.is_within_lead(choice, None).unwrap_or(false);
    is_kept.then(|| row.clone())
}

/// Whether the store still has the request and its place.
fn is_unchanged(context: &RunContext<'_>, prebooking: &Prebooking) -> bool {
    let Prebooking { id, request, .. } = prebooking;
    let stored = context.sessions.store.peek(*id).unwrap_or_else(|e| {
        log::warn!("prebooking {id}: its place is not given up: {e}");
        None
    });
    stored.is_some_and(|now| now.progress == Progress::Waitlisted && now.request == *request)
}

/// Gives up a place in a class that starts within the lead. The late cancellation of a place is not accepted.
fn give_up(task: &mut BookingTask<'_>, row: Row) -> BookResult {
    let day = task.day;
    let cancelled = match task.client() {
        Ok(mut client) => client.cancel(day, &row, false).map_err(|e| {
            let failure = Failure::from_error(&e);
            (failure.kind, failure.message)
        }),
        Err(Abort::Failed(kind, why)) => Err((kind, why)),
        Err(_) => Err((ExitKind::Internal, String::new())),
    };
    let (outcome, message) = match cancelled {
        Ok(result) if result.outcome == CancelOutcome::Cancelled => {
            (Outcome::WithinLead, GIVEN_UP.to_owned())
        }
        Ok(result) if result.outcome == CancelOutcome::NotBooked => {
            (Outcome::NotBooked, GONE.to_owned())
        }
        Ok(refused) => {
            let why = refused.message.unwrap_or_else(|| "refused".to_owned());
            let message = format!("{NOT_GIVEN_UP}: {why}");
            (Outcome::Failed(ExitKind::Refused), message)
        }
        Err((kind, why)) => (Outcome::Failed(kind), format!("{NOT_YET_GIVEN_UP}: {why}")),
    };
    BookResult::unsent(outcome, Some(row), Some(message))
}

/// The result for a class that has started and whose place is not a booking as far as is known.
fn expired(found: &BookResult) -> BookResult {
    let message = match (found.outcome, &found.message) {
        (Outcome::Failed(_), Some(why)) => format!(
            "the class has started; whether the place on the waiting list became a booking is unknown: {why}"
        ),
        _ => "the class has started and the place on the waiting list never became a booking"
            .to_owned(),
    };
    BookResult::unsent(Outcome::Expired, None, Some(message))
}

fn find_place(task: &mut BookingTask<'_>, prebooking: &Prebooking) -> Result<Option<Row>, Abort> {
    task.open_now()?;
    let limit = task.left();
    task.read_rows(limit, LoginCheck::Required)?;
    Ok(row_of(&task.rows, prebooking).cloned())
}

/// The row of a place on a waiting list: by its reservation id, else by start and name. Class ids change, and another class
/// may have this one's id now, so an id only distinguishes classes of the same start and name.
fn row_of<'r>(rows: &'r [Row], prebooking: &Prebooking) -> Option<&'r Row> {
    let is_reserved =
        |row: &&Row| row.reservation.is_some() && row.reservation == prebooking.reservation;
    if let Some(row) = rows.iter().find(is_reserved) {
        return Some(row);
    }
    let fitting: Vec<&Row> = prebooking
        .choices()
        .flat_map(|choice| {
            let then = rows.iter().filter(|row| row.start == choice.start);
            find::by_name(then, choice.class.as_deref())
        })
        .collect();
    let is_numbered = |row: &&&Row| Some(&row.id) == prebooking.class_id.as_ref();
    let row = fitting.iter().find(|row| row.is_mine());
    let row = row.or_else(|| fitting.iter().find(is_numbered));
    row.or(fitting.first()).copied()
}

fn judge(row: Option<Row>) -> BookResult {
    let (outcome, message) = match &row {
        Some(row) if !row.cancelled && row.mine == Mine::Waiting => {
            return BookResult::unsent(Outcome::Waitlisted, Some(row.clone()), None);
        }
        None => (
            Outcome::Failed(ExitKind::NotFound),
            "the class is no longer in the schedule",
        ),
        Some(row) if row.cancelled => (Outcome::Cancelled, "the gym has cancelled the class"),
        Some(row) => match row.mine {
            Mine::Booked => (Outcome::Booked, "promoted from the waiting list"),
            Mine::Waiting | Mine::No => (Outcome::NotBooked, GONE),
            Mine::Unknown(_) => (Outcome::Failed(ExitKind::Unreachable), UNKNOWN_STATE),
        },
    };
    BookResult::unsent(outcome, row, Some(message.to_owned()))
}
