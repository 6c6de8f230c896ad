//! A class as people and scripts see it: the schedule row with its day and zone, and its state.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::instant::{hours_minutes, instant, maybe_hours_minutes, maybe_instant};

use crate::aimharder::{Mine, Row};
use crate::opening::Opening;
use crate::zone;

/// What can be done with a class (`cli.md`, "Boxes and classes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassState {
    Open,
    Full,
    Booked,
    Waitlisted,
    NotOpen,
    Closed,
    Cancelled,
    Past,
}

/// One class of a box's schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Class {
    pub id: String,
    pub day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub end: Option<NaiveTime>,
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    pub name: String,
    pub coach: Option<String>,
    pub occupied: Option<u32>,
    pub capacity: Option<u32>,
    pub waiting: Option<u32>,
    pub state: ClassState,
    pub reservation_id: Option<String>,
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    /// the day of the opening is known, its hour is guessed
    #[serde(skip)]
    pub guess: bool,
}

/// What a row must be seen against.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    pub day: NaiveDate,
    pub zone: Tz,
    pub opening: Option<&'s Opening>,
    pub now: DateTime<Utc>,
}

impl Class {
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

    /// `18:30 WOD`, for messages.
    pub fn label(&self) -> String {
        format!("{} {}", self.start.format("%H:%M"), self.name)
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
