//! Conversion of a schedule row to a [`Class`], as people and scripts see it.

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::class::{Class, ClassState};
use crate::model::opening::Source;
use crate::model::zone;
use crate::platform::{Mine, Row};

/// Converts a row of `day` to a class, as `account` sees it at `now`.
///
/// The start becomes an instant by [`zone::resolve`]. The opening is set only while it is still ahead.
pub fn to_class(
    row: &Row,
    day: NaiveDate,
    profile: &BoxProfile,
    account: &Account,
    now: DateTime<Utc>,
) -> Class {
    let starts_at = zone::resolve(profile.zone, day.and_time(row.start));
    let opening = profile.opening_rules.rule_for(account, Some(&row.name));
    let opens_at = opening.map(|o| o.opens_at(day, row.start, profile.zone));
    let state = state(row, starts_at.to_utc(), opens_at.map(|at| at.to_utc()), now);
    Class {
        id: row.id.clone(),
        day,
        start: row.start,
        end: row.end,
        starts_at,
        name: row.name.clone(),
        coach: row.coach.clone(),
        description: row.description.clone(),
        online: row.online.clone(),
        address: row.address.clone(),
        occupied: row.occupied,
        capacity: row.capacity,
        waiting: row.waiting,
        state,
        reservation_id: row.reservation.clone(),
        opens_at: opens_at.filter(|_| state == ClassState::NotOpen),
        opens_guess: state == ClassState::NotOpen
            && opening.is_some_and(|opening| opening.source == Source::Learned),
    }
}

fn state(
    row: &Row,
    starts: DateTime<Utc>,
    opens: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> ClassState {
    if row.cancelled {
        return ClassState::Cancelled;
    }
    match row.mine {
        Mine::Booked => return ClassState::Booked,
        Mine::Waiting => return ClassState::Waitlisted,
        Mine::No | Mine::Unknown(_) => {}
    }
    if starts <= now {
        ClassState::Past
    } else if !row.enabled || row.staff || row.hidden {
        ClassState::Closed
    } else if opens.is_some_and(|opens| now < opens) {
        ClassState::NotOpen
    } else if matches!((row.occupied, row.capacity), (Some(occupied), Some(capacity)) if occupied >= capacity)
    {
        ClassState::Full
    } else {
        ClassState::Open
    }
}
