//! A class as people and scripts see it: the schedule row with its day and zone, and its state.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::instant::{hours_minutes, instant, maybe_hours_minutes, maybe_instant};

use crate::model::opening::Opening;
use crate::model::zone;
use crate::platform::{Mine, Row};

/// What can be done with a class (`cli.md`, "Boxes and classes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassState {
    /// it can be asked for, as far as the schedule tells; only asking shows whether booking has opened
    Open,
    /// no place left
    Full,
    /// a place is mine
    Booked,
    /// a place on the waiting list is mine
    Waitlisted,
    /// a known rule says that booking opens later
    NotOpen,
    /// not enabled, reserved by the staff, or hidden
    Closed,
    /// the gym has cancelled it
    Cancelled,
    /// it has started
    Past,
}

/// One class of a box's schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Class {
    /// its number on this day, which booking wants
    pub id: String,
    /// on the box's calendar
    pub day: NaiveDate,
    /// by the box's wall clock
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    /// by the box's wall clock; `None` where the platform does not tell
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub end: Option<NaiveTime>,
    /// the start as an instant ([`zone::resolve`] decides what daylight saving makes of it)
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    /// cleaned and trimmed; may be empty
    pub name: String,
    /// the coach's name; `None` where there is none
    pub coach: Option<String>,
    /// places taken; `None` is unknown, not zero
    pub occupied: Option<u32>,
    /// places there are; `None` is unknown, not zero
    pub capacity: Option<u32>,
    /// people on the waiting list; `None` where there is no list
    pub waiting: Option<u32>,
    /// what can be done with it now
    pub state: ClassState,
    /// my reservation's number, which cancelling wants; `None` when it is not mine
    pub reservation_id: Option<String>,
    /// when booking opens by the known rule; `None` unless it is [`ClassState::NotOpen`]
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    /// the day of the opening is known, its hour is guessed
    #[serde(skip)]
    pub guess: bool,
}

/// What a row must be seen against.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    /// the row's day on the box's calendar
    pub day: NaiveDate,
    /// the box's time zone
    pub zone: Tz,
    /// when the box opens its classes; `None` where nobody knows
    pub opening: Option<&'s Opening>,
    /// the instant it is looked at
    pub now: DateTime<Utc>,
}

impl Class {
    /// The row, with what day, zone, rule and time make of it.
    pub fn of(row: &Row, setting: Setting<'_>) -> Self {
        let starts_at = zone::resolve(setting.zone, setting.day.and_time(row.start));
        let opens_at = setting
            .opening
            .map(|o| o.opens_at(setting.day, row.start, setting.zone));
        let state = state(
            row,
            starts_at.to_utc(),
            opens_at.map(|at| at.to_utc()),
            setting.now,
        );
        Self {
            id: row.id.clone(),
            day: setting.day,
            start: row.start,
            end: row.end,
            starts_at,
            name: row.name.clone(),
            coach: row.coach.clone(),
            occupied: row.occupied,
            capacity: row.capacity,
            waiting: row.waiting,
            state,
            reservation_id: row.reservation.clone(),
            // once booking is open (or the class is over) the instant is of no use to anybody
            opens_at: opens_at.filter(|_| state == ClassState::NotOpen),
            guess: setting.opening.is_some_and(|opening| opening.guess),
        }
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
