//! A box as commands and runs need it.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::opening::{OpeningRules, Rule};

/// A box as the platform lists it (protocol.md §2a, §4). The store adds the settings of the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownBox {
    /// The first label of its host, which `--box` names.
    pub name: String,
    /// The host of `centre_url`, within the configured domain. `None` if the platform has not listed the box.
    pub host: Option<String>,
    /// The platform's number, for the `box=` of every call. `None` while unknown.
    pub id: Option<i64>,
    /// Its title, cleaned, such as "CrossFit Demo".
    pub title: Option<String>,
    /// The number of `boxes set --id`. It takes precedence over `id`.
    pub set_id: Option<i64>,
    /// The zone of `boxes set --timezone`.
    pub timezone: Option<Tz>,
    /// The rule of `boxes set --opens`.
    pub opens: Option<Rule>,
}

/// What config and store know of a box.
#[derive(Debug, Clone)]
pub struct BoxProfile {
    /// The first label of its host, which `--box` names.
    pub name: String,
    /// The host, as `centre_url` names it.
    pub host: String,
    /// The box id, which every call of the box needs (protocol.md §4). `None` if it is unknown.
    pub id: Option<i64>,
    /// Its title, such as "CrossFit Demo".
    pub title: Option<String>,
    /// The time zone.
    pub zone: Tz,
    /// The opening rules. The rule of a prebooking takes precedence.
    pub opening_rules: OpeningRules,
    /// The config's `lead`, for prebookings that have none of their own.
    pub lead: Option<Duration>,
}

impl BoxProfile {
    /// A box without settings, in the zone of most boxes.
    pub fn bare(name: impl Into<String>, host: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            host: host.into(),
            id: None,
            title: None,
            zone: Tz::Europe__Madrid,
            opening_rules: OpeningRules::default(),
            lead: None,
        }
    }

    /// Today on its calendar.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }
}
