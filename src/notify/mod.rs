//! Notices to people and dead-man switches: what `refresh` and `prebook run` have to say, told
//! after the result is stored. Nothing in here can change a result or an exit code.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::Serialize;

use crate::config::{Config, Event, SecretUrl};
use crate::model::account::Account;
use crate::model::instant::{maybe_hours_minutes, utc};

/// One event, as channels tell it. Keys that do not apply are null (`cli.md`, "Config").
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    pub event: Event,
    #[serde(serialize_with = "utc")]
    pub time: DateTime<Utc>,
    pub account: Option<Account>,
    #[serde(rename = "box")]
    pub gym: Option<String>,
    pub prebooking_id: Option<i64>,
    pub class: Option<String>,
    pub day: Option<NaiveDate>,
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub start: Option<NaiveTime>,
    pub outcome: Option<String>,
    pub message: Option<String>,
    pub reservation_id: Option<String>,
}

impl Notice {
    /// An event of a session.
    pub fn of_session(event: Event, account: &Account, message: &str, now: DateTime<Utc>) -> Self {
        Self {
            event,
            time: now,
            account: Some(account.clone()),
            gym: None,
            prebooking_id: None,
            class: None,
            day: None,
            start: None,
            outcome: None,
            message: Some(message.to_owned()),
            reservation_id: None,
        }
    }
}

/// What a dead-man switch is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ping {
    Start,
    Success,
    Fail,
}

/// Tell every channel that wants to hear of these events. A channel that fails is a warning.
pub fn send(_config: &Config, _notices: &[Notice]) {}

/// Tell a dead-man switch. One that fails is only logged.
pub fn ping(_url: Option<&SecretUrl>, _ping: Ping) {}
