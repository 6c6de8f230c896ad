//! Notifications and dead-man pings of `refresh` and `prebook run`, sent after the result is stored. They cannot change a
//! result or an exit code. Logs and errors name a channel by number and kind only, because URLs, tokens and bodies are
//! secrets.

mod command;
mod deliver;
mod http;
mod notifier;
mod ping;
mod words;

#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::clock;
use crate::config::{Config, Event};
use crate::model::account::Account;
use crate::model::instant::{instant, maybe_hours_minutes};

pub use deliver::Report;
pub use notifier::Notifier;
pub use ping::{ping_end, ping_start};

/// The details of `notify test`.
const TEST_MESSAGE: &str = "test message of aimharder";

/// One event, as channels receive it. Keys that do not apply are null (`scripting.md`, "Config").
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    /// What has happened.
    pub event: Event,
    /// When it was noticed, in the box's zone; in UTC for an event of a session.
    #[serde(serialize_with = "instant")]
    pub time: DateTime<Tz>,
    /// Whose session or prebooking it is; `None` in a test without an account.
    pub account: Option<Account>,
    /// The box's name.
    #[serde(rename = "box")]
    pub gym: Option<String>,
    /// `None` for an event of a session.
    pub prebooking_id: Option<i64>,
    /// The class's name as booked, else as requested.
    pub class: Option<String>,
    /// The class's day on the box's calendar.
    pub day: Option<NaiveDate>,
    /// The class's start by the box's wall clock.
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub start: Option<NaiveTime>,
    /// The outcome's name, as in the JSON of `prebook run`.
    pub outcome: Option<String>,
    /// The details, without secrets. In what channels receive, the one-line text.
    pub message: Option<String>,
    /// The id of the reservation.
    pub reservation_id: Option<String>,
}

impl Notice {
    /// An event of a session.
    pub fn of_session(
        event: Event,
        account: Option<Account>,
        message: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            event,
            time: now.with_timezone(&Tz::UTC),
            account,
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

/// Sends a test message to every channel, as the first event that the channel wants. Returns the result of each channel, in
/// the order of the config.
pub fn test(config: &Config, account: Option<&Account>, now: DateTime<Utc>) -> Vec<Report> {
    let channels = (1..).zip(&config.notify);
    let end = clock::steady() + deliver::time_limit();
    deliver::deliver(channels, account, end, |on| {
        let event = on.first().copied().unwrap_or(Event::Booked);
        let account = account.cloned();
        vec![Notice::of_session(event, account, TEST_MESSAGE, now)]
    })
}
