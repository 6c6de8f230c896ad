//! Waiting-list places, looked at again by each run until the class starts: promoted, taken away,
//! or still waiting.

use chrono::{DateTime, Utc};

use super::ending::{Abort, Ending};
use super::job::Place;
use super::run::Run;
use crate::booking::{BoxClient, Hold, Outcome, find, hold};
use crate::error::ExitKind;
use crate::model::prebooking::Prebooking;
use crate::model::zone::resolve;
use crate::platform::{BoxAt, Row};
use crate::store::SessionRow;

/// What became of a place on a waiting list.
#[derive(Debug)]
pub(super) struct Followed {
    pub ending: Ending,
    pub message: Option<String>,
    pub row: Option<Row>,
    pub session: Option<SessionRow>,
}

impl Followed {
    /// The place could not be checked.
    pub(super) fn unseen(ending: Ending, why: &str) -> Self {
        Self {
            ending,
            message: Some(why.to_owned()),
            row: None,
            session: None,
        }
    }
}

/// Look at one place. `None`: still waiting, and the class has not started.
pub(super) fn look(
    run: &Run<'_>,
    prebooking: &Prebooking,
    place: &Place,
    now: DateTime<Utc>,
) -> Option<Followed> {
    let asked = ask(run, prebooking, place);
    // the place may be in an alternative: its own start counts, where it is to be seen
    let seen = asked.as_ref().ok().and_then(|(row, _)| row.as_ref());
    let over = seen.map_or_else(
        || place.calendar.is_over(prebooking, now),
        |row| resolve(place.calendar.zone, prebooking.day.and_time(row.start)) <= now,
    );
    let found = match asked {
        Ok((row, session)) => judge(row, session),
        Err(Abort::Removed) => return None,
        Err(Abort::Trouble(kind, why)) => Some(Followed::unseen(Ending::Trouble(kind), &why)),
    };
    match found {
        Some(followed) if followed.ending == Ending::Book(Outcome::Booked) || !over => {
            Some(followed)
        }
        None if !over => None,
        unsettled => Some(expired(unsettled)),
    }
}

/// The class has started, and the place is no booking as far as can be seen.
fn expired(unsettled: Option<Followed>) -> Followed {
    let message = match unsettled {
        Some(Followed {
            ending: Ending::Trouble(_),
            message: Some(why),
            ..
        }) => format!(
            "the class has started; whether the place on the waiting list became a booking is unknown: {why}"
        ),
        _ => "the class has started and the place on the waiting list never became a booking"
            .to_owned(),
    };
    Followed::unseen(Ending::Expired, &message)
}

fn ask(
    run: &Run<'_>,
    prebooking: &Prebooking,
    place: &Place,
) -> Result<(Option<Row>, SessionRow), Abort> {
    let shared = &run.shared;
    let mut live = shared
        .sessions
        .open(&prebooking.request.account, &shared.pick)?;
    let id = match place.id {
        Some(id) => id,
        None => live.box_id(&place.host)?,
    };
    let at = BoxAt {
        host: place.host.clone(),
        id,
    };
    let mut client = BoxClient {
        live: &mut live,
        at,
        family: prebooking.request.family.clone(),
    };
    let rows = client.schedule(prebooking.day)?.rows;
    let row = row_of(&rows, prebooking);
    Ok((row.cloned(), live.row().clone()))
}

/// The row of a place on a waiting list: by its reservation id, else by start and name. Class ids change, and another class
/// may have this one's id now, so an id only distinguishes classes of the same start and name.
fn row_of<'r>(rows: &'r [Row], prebooking: &Prebooking) -> Option<&'r Row> {
    let reserved =
        |row: &&Row| row.reservation.is_some() && row.reservation == prebooking.reservation;
    if let Some(row) = rows.iter().find(reserved) {
        return Some(row);
    }
    let fitting: Vec<&Row> = prebooking
        .choices()
        .flat_map(|choice| {
            let then = rows.iter().filter(|row| row.start == choice.start);
            find::by_name(then, choice.class.as_deref())
        })
        .collect();
    let is_mine = |row: &&&Row| matches!(hold(row), Some(Hold::Booked | Hold::Waiting));
    let numbered = |row: &&&Row| Some(&row.id) == prebooking.class_id.as_ref();
    let row = fitting.iter().find(is_mine);
    let row = row.or_else(|| fitting.iter().find(numbered));
    row.or(fitting.first()).copied()
}

fn judge(row: Option<Row>, session: SessionRow) -> Option<Followed> {
    let (ending, message) = match &row {
        None => (
            Ending::Trouble(ExitKind::NotFound),
            "the class is no longer in the schedule",
        ),
        Some(row) if row.cancelled => (Ending::Cancelled, "the gym has cancelled the class"),
        Some(row) => match hold(row) {
            Some(Hold::Booked) => (
                Ending::Book(Outcome::Booked),
                "promoted from the waiting list",
            ),
            Some(Hold::Waiting) => return None,
            Some(Hold::NotMine) => (Ending::NotBooked, "the place on the waiting list is gone"),
            None => (
                Ending::Trouble(ExitKind::Unreachable),
                "the schedule shows an unknown state",
            ),
        },
    };
    Some(Followed {
        ending,
        message: Some(message.into()),
        row,
        session: Some(session),
    })
}
