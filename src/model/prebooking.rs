//! A class to be booked when booking opens, and its alternatives.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::instant::hours_minutes;
use crate::opening::Rule;

/// One class that would do: a start, and perhaps a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    #[serde(serialize_with = "hours_minutes", deserialize_with = "stored_time")]
    pub start: NaiveTime,
    pub class: Option<String>,
}

/// Where a prebooking stands (`cli.md`, "Prebooking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    Pending,
    Executing,
    Booked,
    Waitlisted,
    Failed,
    Expired,
    Cancelled,
}

impl Progress {
    const ALL: [Self; 7] = [
        Self::Pending,
        Self::Executing,
        Self::Booked,
        Self::Waitlisted,
        Self::Failed,
        Self::Expired,
        Self::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Executing => "executing",
            Self::Booked => "booked",
            Self::Waitlisted => "waitlisted",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for Progress {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|progress| progress.as_str() == raw);
        known.ok_or_else(|| format!("{raw:?} is no state of a prebooking"))
    }
}

/// What a prebooking is about; the same wishes stand in a weekly rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub account: Account,
    /// the box's name
    pub gym: String,
    pub first: Choice,
    pub alternatives: Vec<Choice>,
    pub family: Option<String>,
    pub waitlist: bool,
    pub watch: bool,
    /// an opening rule of its own
    pub opens: Option<Rule>,
}

/// A stored prebooking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prebooking {
    pub id: i64,
    pub rule: Option<i64>,
    pub wish: Wish,
    pub day: NaiveDate,
    pub moved_to: Option<DateTime<Utc>>,
    pub tried_at: Option<DateTime<Utc>>,
    pub progress: Progress,
    pub owner: Option<String>,
    pub attempts: i64,
    pub message: Option<String>,
    pub reservation: Option<String>,
    /// the class that was booked or queued for
    pub class_id: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl Prebooking {
    /// The classes that would do, in order.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        std::iter::once(&self.wish.first).chain(&self.wish.alternatives)
    }
}

fn stored_time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(from)?;
    super::time::parse_time(&text).map_err(serde::de::Error::custom)
}
