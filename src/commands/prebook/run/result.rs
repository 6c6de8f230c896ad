//! What one prebooking came to, as it is shown and counted.

use chrono_tz::Tz;

use super::place;
use crate::commands::app::App;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::output::{ResultView, RunView, SessionRef};
use crate::prebook::plan::Calendar;
use crate::prebook::{Ending, Settled};

/// Count it, and list it.
pub(super) fn add(view: &mut RunView, result: ResultView, settled: &Settled) {
    view.due += 1;
    let counter = match settled.progress {
        Progress::Booked => &mut view.booked,
        Progress::Waitlisted if !matches!(settled.ending, Ending::Trouble(_)) => {
            &mut view.waitlisted
        }
        Progress::Pending | Progress::Waitlisted => &mut view.postponed,
        _ => &mut view.failed,
    };
    *counter += 1;
    view.results.push(result);
}

/// A result about this choice of a prebooking, without anything that came of it.
pub(super) fn blank(prebooking: &Prebooking, choice: &Choice) -> ResultView {
    ResultView {
        id: prebooking.id,
        outcome: "",
        opens_at: None,
        fired_at: None,
        attempts: 0,
        clock_offset_ms: None,
        lateness_ms: None,
        message: None,
        reservation_id: None,
        account: prebooking.request.account.to_string(),
        gym: prebooking.request.gym.clone(),
        day: prebooking.day,
        class: choice.to_string(),
        session: None,
    }
}

/// What came of it, as it is shown.
pub(super) fn of(app: &App, settled: &Settled) -> ResultView {
    let zone = zone_of(app, &settled.prebooking);
    let blank = blank(&settled.prebooking, &settled.choice);
    ResultView {
        outcome: settled.ending.name(),
        opens_at: settled.opens_at.map(|at| at.with_timezone(&zone)),
        fired_at: settled.fired_at.map(|at| at.with_timezone(&zone)),
        attempts: settled.attempts,
        clock_offset_ms: settled.clock_offset_ms.map(tenths),
        lateness_ms: settled.lateness_ms.map(tenths),
        message: settled.message.clone(),
        reservation_id: settled.reservation.clone(),
        class: settled.class.as_ref().map_or(blank.class, |row| {
            format!("{} {}", row.start.format("%H:%M"), row.name)
        }),
        session: settled.session.as_ref().map(SessionRef::from),
        ..blank
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The box's, where its instants are told.
pub(super) fn zone_of(app: &App, prebooking: &Prebooking) -> Tz {
    place(app, &prebooking.request.gym).map_or(Calendar::UNKNOWN.zone, |place| place.calendar.zone)
}
