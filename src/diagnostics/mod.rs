//! The facts and findings of `status`: whether this machine will book, and what prevents it.
//!
//! `commands/status.rs` collects a `Report` and prints it as text, as JSON or as gauges:
//!
//! * `host` – the config, the store's file and the space around it
//! * `collect` – sessions and prebookings in the store
//! * `schedule` – what runs `refresh` and `prebook run`: `crontab` lines and systemd `timers`, each an `entry`
//! * `server` – whether the platform responds, and its clock
//! * `findings` – the problems and notices that follow from these facts
//!
//! Nothing here writes: the store is read as it is, and a store of an older version through a migrated copy in memory. Only
//! `server` uses the network.

pub(crate) mod collect;
mod crontab;
pub(crate) mod entry;
pub(crate) mod findings;
pub(crate) mod host;
pub(crate) mod schedule;
pub(crate) mod server;
mod timers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::instant::{hours_minutes, instant, maybe_instant, maybe_utc, utc};
use crate::store::SessionRow;
use findings::Finding;
use schedule::Schedule;
use server::Host;

/// The minutes of the week at which lines of a user's crontab run one of the jobs, for tests and fuzzers.
pub fn crontab_minutes(text: &str) -> Vec<Vec<u32>> {
    let used = entry::InUse {
        store: Path::new("aimharder.db"),
        config: None,
    };
    let entries = crontab::entries(text, crontab::Owner::User, &used);
    entries.into_iter().map(|entry| entry.minutes).collect()
}

/// All facts and findings, in the shape of the JSON object.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub well: bool,
    pub problems: Vec<Finding>,
    pub hints: Vec<Finding>,
    #[serde(serialize_with = "utc")]
    pub checked_at: DateTime<Utc>,
    pub version: &'static str,
    /// The running program, for suggested crontab lines.
    pub program: PathBuf,
    pub accounts: Vec<AccountFacts>,
    pub schedule: Schedule,
    pub prebookings: PrebookingFacts,
    /// `None` if the server was not asked.
    pub server: Option<Vec<Host>>,
    pub store: StoreFacts,
    pub config: ConfigFacts,
    /// The account given by `--account`.
    #[serde(skip)]
    pub only: Option<Account>,
}

impl Report {
    /// Sets the findings: problems and notices, each in the order in which they were found.
    pub(crate) fn set_findings(&mut self, found: Vec<Finding>) {
        let (problems, hints) = found
            .into_iter()
            .partition(|finding| finding.kind().is_some());
        (self.problems, self.hints) = (problems, hints);
        self.well = self.problems.is_empty();
    }
}

/// The config file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ConfigFacts {
    pub path: Option<PathBuf>,
    pub exists: bool,
    pub usable: bool,
    #[serde(serialize_with = "octal")]
    pub mode: Option<u32>,
    pub account: Option<Account>,
    #[serde(rename = "box")]
    pub gym: Option<String>,
}

/// The store's file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct StoreFacts {
    pub path: Option<PathBuf>,
    pub exists: bool,
    /// It can be read, and its key is available if it needs one.
    pub usable: bool,
    pub schema: Option<usize>,
    pub encrypted: Option<bool>,
    /// The write-ahead log included.
    pub size_bytes: Option<u64>,
    /// Free space of its file system that this user may fill.
    pub free_bytes: Option<u64>,
    #[serde(serialize_with = "octal")]
    pub mode: Option<u32>,
    #[serde(serialize_with = "octal")]
    pub folder_mode: Option<u32>,
    /// `ok`, `damaged` or `not_checked`
    pub integrity: &'static str,
    /// How its encryption is shown: `encrypted`, or what is wrong with its key.
    #[serde(skip)]
    pub encryption: Option<&'static str>,
}

/// An account and its sessions.
#[derive(Debug, Serialize)]
pub(crate) struct AccountFacts {
    pub account: Account,
    pub password_source: Option<&'static str>,
    /// The password of its source was refused.
    pub password_refused: bool,
    pub boxes: Vec<String>,
    pub sessions: Vec<SessionHealth>,
}

/// A session, and how `refresh` fares with it.
#[derive(Debug, Serialize)]
pub(crate) struct SessionHealth {
    #[serde(flatten)]
    pub session: SessionRow,
    pub token_age_seconds: i64,
    /// Consecutive runs of `refresh` that did not reach the platform.
    pub outage_runs: i64,
    /// The kind of the problem that `refresh` last reported and that is not over.
    pub standing: Option<ExitKind>,
}

/// The prebookings in the store.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PrebookingFacts {
    /// Their number, by status.
    pub counts: BTreeMap<String, usize>,
    pub rules: usize,
    #[serde(serialize_with = "maybe_instant")]
    pub next_opening_at: Option<DateTime<Tz>>,
    /// The pending ones, by opening.
    pub next: Vec<Pending>,
    pub last_request: Option<LastRequest>,
    /// Expired prebookings by number, with the start of the last class that they name.
    #[serde(skip)]
    pub expired: Vec<(i64, DateTime<Tz>)>,
    /// Accounts with an open prebooking or a weekly rule.
    #[serde(skip)]
    pub wanted_by: BTreeSet<Account>,
}

/// A pending prebooking.
#[derive(Debug, Serialize)]
pub(crate) struct Pending {
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
    /// The day of the opening is known and its time is a guess.
    pub guess: bool,
    #[serde(serialize_with = "maybe_utc")]
    pub tried_at: Option<DateTime<Utc>>,
    pub message: Option<String>,
    #[serde(skip)]
    pub created_at: DateTime<Utc>,
    /// Why the last run did not book it, unless that is over.
    #[serde(skip)]
    pub failure: Option<ExitKind>,
}

/// The booking request that was sent last.
#[derive(Debug, Serialize)]
pub(crate) struct LastRequest {
    /// The prebooking that it was sent for.
    pub prebooking: i64,
    #[serde(serialize_with = "utc")]
    pub sent_at: DateTime<Utc>,
    pub outcome: String,
    pub lateness_ms: Option<f64>,
    pub clock_offset_ms: Option<f64>,
}

/// Writes a file mode as `chmod` takes it: `"0600"`.
#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde calls
fn octal<S: Serializer>(mode: &Option<u32>, to: S) -> Result<S::Ok, S::Error> {
    match mode {
        Some(mode) => to.collect_str(&format_args!("{mode:04o}")),
        None => to.serialize_none(),
    }
}
