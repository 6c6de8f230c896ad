//! A class as it is shown: the schedule row with its day, zone and state.

use chrono::{DateTime, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::Serialize;

use super::instant::{hours_minutes, instant, maybe_hours_minutes, maybe_instant};

/// What can be done with a class (`scripting.md`, "Boxes and classes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassState {
    /// Bookable as far as the schedule shows. Only a request shows whether booking is open.
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

impl Class {
    /// Whether a request may succeed now. Only a given opening rule excludes that, because a learned one is a guess.
    pub fn may_be_open(&self) -> bool {
        self.state == ClassState::Open || self.opens_guess
    }
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
    /// By the box's wall clock. `None` if the platform does not report it.
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub end: Option<NaiveTime>,
    /// the start as an instant ([`super::zone::resolve`] decides what daylight saving makes of it)
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    /// cleaned and trimmed; may be empty
    pub name: String,
    /// the coach's name; `None` where there is none
    pub coach: Option<String>,
    /// What the class is about, if the platform says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The link of an online class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<String>,
    /// The address of the box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
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
    /// Whether `opens_at` follows from a learned rule, which does not prove that booking is not open.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub opens_guess: bool,
}
