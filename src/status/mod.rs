//! "Will it work tonight?": the facts of one look at this machine, and what is wrong with them.
//!
//! ```text
//! commands/status gathers ──► Report (facts) ──► judge ──► findings ──► output/status: screen, JSON, gauges
//!                      └ schedule: crontab and timers, by their own tools
//! ```
//!
//! Facts and judgement are apart, so that the judgement is a pure function of the facts. Nothing here writes, asks the
//! network or prints; only `schedule` starts processes and reads files.

pub(crate) mod crontab;
pub(crate) mod findings;
mod judge;
pub(crate) mod schedule;
pub(crate) mod timers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::instant::{hours_minutes, instant, maybe_instant, maybe_utc, utc};
use crate::store::SessionFacts;

pub(crate) use judge::judge;
pub(crate) use schedule::Schedule;

/// All facts of one look.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    #[serde(serialize_with = "utc")]
    pub checked_at: DateTime<Utc>,
    pub version: &'static str,
    /// this very program, for crontab lines
    pub program: PathBuf,
    pub accounts: Vec<AccountFacts>,
    pub schedule: Schedule,
    pub prebookings: Plans,
    /// `None`: not asked
    pub server: Option<Vec<HostFacts>>,
    pub store: StoreFacts,
    pub config: ConfigFacts,
    /// the one account that was asked about
    #[serde(skip)]
    pub only: Option<Account>,
}

/// The config in use.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ConfigFacts {
    pub path: Option<PathBuf>,
    pub exists: bool,
    pub usable: bool,
    #[serde(serialize_with = "octal")]
    pub mode: Option<u32>,
    pub account: Option<Account>,
    #[serde(rename = "box")]
    pub gym: Option<String>,
    /// a URL in it is a secret
    #[serde(skip)]
    pub secret: bool,
    #[serde(skip)]
    pub error: Option<String>,
}

/// The store in use.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StoreFacts {
    pub path: Option<PathBuf>,
    pub exists: bool,
    pub usable: bool,
    pub schema: Option<usize>,
    /// its tokens and cookies are
    pub encrypted: Option<bool>,
    /// what is known of the key of an encrypted one
    #[serde(skip)]
    pub key: Key,
    /// with its write-ahead log
    pub size_bytes: Option<u64>,
    /// on its file system, for us
    pub free_bytes: Option<u64>,
    #[serde(serialize_with = "octal")]
    pub mode: Option<u32>,
    #[serde(serialize_with = "octal")]
    pub folder_mode: Option<u32>,
    pub integrity: Integrity,
    #[serde(skip)]
    pub damage: Option<String>,
    #[serde(skip)]
    pub error: Option<String>,
}

/// What asking for the store's key has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Key {
    /// it fits, or none is needed
    #[default]
    Fits,
    /// nothing names a source
    NoSource,
    /// its source has none, and why
    Lacking(String),
    /// the logins were sealed with another one
    Wrong,
    /// its source has not answered in time
    Silent,
}

impl Key {
    /// Do logins stay closed for want of it?
    pub fn fails(&self) -> bool {
        matches!(self, Self::NoSource | Self::Lacking(_) | Self::Wrong)
    }
}

/// What a quick check of the store's file has found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Integrity {
    Ok,
    Damaged,
    /// no store, or too large a one to be read whole in passing
    #[default]
    NotChecked,
}

/// One account and its logins.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AccountFacts {
    pub account: Account,
    pub password_source: Option<&'static str>,
    /// its source's password was refused: it is not tried again by itself
    pub password_refused: bool,
    pub boxes: Vec<String>,
    pub sessions: Vec<LoginFacts>,
}

/// One stored login, and how refreshing it goes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoginFacts {
    #[serde(flatten)]
    pub session: SessionFacts,
    /// refresh runs that could not reach the platform, in a row
    pub outage_runs: i64,
    /// the kind of a problem that refresh has met and that still stands
    pub standing: Option<ExitKind>,
}

/// What is to be booked.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Plans {
    /// how many, by status
    pub counts: BTreeMap<String, usize>,
    pub rules: usize,
    #[serde(serialize_with = "maybe_instant")]
    pub next_opening_at: Option<DateTime<Tz>>,
    /// pending ones, by opening
    pub next: Vec<Coming>,
    pub last_request: Option<LastRequest>,
    /// accounts that have something to be booked, now or by a rule
    #[serde(skip)]
    pub wanted_by: BTreeSet<Account>,
}

/// One pending prebooking.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Coming {
    pub id: i64,
    pub account: Account,
    #[serde(rename = "box")]
    pub gym: String,
    pub day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    pub class: Option<String>,
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    /// the day of the opening is known, its hour is guessed
    pub guess: bool,
    #[serde(serialize_with = "maybe_utc")]
    pub tried_at: Option<DateTime<Utc>>,
    pub message: Option<String>,
    #[serde(skip)]
    pub created_at: DateTime<Utc>,
}

/// The booking request that was sent last.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LastRequest {
    #[serde(serialize_with = "utc")]
    pub sent_at: DateTime<Utc>,
    pub outcome: String,
    pub lateness_ms: Option<f64>,
    pub clock_offset_ms: Option<f64>,
}

/// One host of the platform, asked once.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HostFacts {
    pub host: String,
    pub reachable: bool,
    pub round_trip_ms: Option<f64>,
    /// server minus this machine
    pub clock_offset_ms: Option<f64>,
    /// half of it either way
    pub clock_uncertainty_ms: Option<f64>,
    pub error: Option<String>,
}

impl Plans {
    /// Neither booked nor given up.
    pub(crate) fn open(&self) -> usize {
        let count = |status: &str| self.counts.get(status).copied().unwrap_or_default();
        count("pending") + count("executing") + count("waitlisted")
    }
}

impl HostFacts {
    /// How far the clocks are apart at least.
    pub(crate) fn certain_offset(&self) -> Option<TimeDelta> {
        let off = self.clock_offset_ms?;
        let sure = (off.abs() - self.clock_uncertainty_ms?).max(0.0);
        #[allow(clippy::cast_possible_truncation)] // clocks are not that far apart
        TimeDelta::try_milliseconds(sure.copysign(off) as i64)
    }
}

/// File modes as `chmod` takes them: `"0600"`.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde's way
fn octal<S: Serializer>(mode: &Option<u32>, to: S) -> Result<S::Ok, S::Error> {
    match mode {
        Some(mode) => to.collect_str(&format_args!("{mode:04o}")),
        None => to.serialize_none(),
    }
}
