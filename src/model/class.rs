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
    /// No place left.
    Full,
    /// The account has a place.
    Booked,
    /// The account has a place on the waiting list.
    Waitlisted,
    /// A known opening rule says that booking opens later.
    NotOpen,
    /// Not enabled, reserved by the staff, or hidden.
    Closed,
    /// The box has cancelled it.
    Cancelled,
    /// It has started.
    Past,
}

/// One class of a box's schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Class {
    /// The class id, which booking needs.
    pub id: String,
    /// On the box's calendar.
    pub day: NaiveDate,
    /// By the box's wall clock.
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    /// By the box's wall clock. `None` if the platform does not report it.
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub end: Option<NaiveTime>,
    /// The start as an instant, by [`super::zone::resolve`].
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    /// Cleaned and trimmed; may be empty.
    pub name: String,
    /// The name of the coach. `None` if there is none.
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
    /// Places taken. `None` is unknown, not zero.
    pub occupied: Option<u32>,
    /// Places in all. `None` is unknown, not zero.
    pub capacity: Option<u32>,
    /// People on the waiting list. `None` without a list.
    pub waiting: Option<u32>,
    /// What can be done with it now.
    pub state: ClassState,
    /// The reservation id, which cancelling needs. `None` if the account has no place.
    pub reservation_id: Option<String>,
    /// When booking opens by the known opening rule. `None` unless it is [`ClassState::NotOpen`].
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    /// Whether `opens_at` follows from a learned rule, which does not prove that booking is not open.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub opens_guess: bool,
}

impl Class {
    /// Whether a request may succeed now. Only a given opening rule excludes that, because a learned one is a guess.
    pub fn may_be_open(&self) -> bool {
        self.state == ClassState::Open || self.opens_guess
    }
}
