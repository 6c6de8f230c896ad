//! The facts and findings of `status`: whether this machine will book, and what prevents it.
//!
//! `commands/status.rs` collects a `Report` and prints it as text, as JSON or as gauges. Each module collects facts and adds
//! the findings that follow from them:
//!
//! * `host` – the config, the store's file and the space around it
//! * `sessions`, `prebookings` – what is in the store
//! * `schedule` – what runs `refresh` and `prebook run`: `crontab` lines and systemd `timers`, each an `entry`
//! * `server` – whether the platform responds, and its clock
//!
//! Nothing here writes: the store is read as it is, and a store of an older version through a migrated copy in memory. Only
//! `server` uses the network.

mod crontab;
pub(crate) mod entry;
pub(crate) mod host;
pub(crate) mod prebookings;
pub(crate) mod schedule;
pub(crate) mod server;
pub(crate) mod sessions;
mod timers;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::Config;
use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::instant::instant;
use crate::store::Store;

/// The minutes of the week at which lines of a user's crontab run one of the jobs, for tests and fuzzers.
pub fn crontab_minutes(text: &str) -> Vec<Vec<u32>> {
    let used = entry::InUse {
        store: Path::new("aimharder.db"),
        config: None,
        read: refresh_line,
    };
    let entries = crontab::entries(text, false, None, &used);
    entries.into_iter().map(|entry| entry.minutes).collect()
}

/// Takes every command line for `refresh`.
fn refresh_line(_: &[String]) -> entry::CommandLine {
    entry::CommandLine {
        job: Some(entry::Job::Refresh),
        ..Default::default()
    }
}

/// All facts and findings, in the shape of the JSON object.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub well: bool,
    #[serde(flatten)]
    pub found: Findings,
    #[serde(serialize_with = "instant")]
    pub checked_at: DateTime<Utc>,
    pub version: &'static str,
    /// The running program, for suggested crontab lines.
    #[serde(serialize_with = "host::lossy")]
    pub program: PathBuf,
    pub accounts: Vec<sessions::AccountFacts>,
    pub schedule: schedule::Schedule,
    pub prebookings: prebookings::PrebookingFacts,
    /// `None` if the server was not asked.
    pub server: Option<Vec<server::Host>>,
    pub store: host::StoreFacts,
    pub config: host::ConfigFacts,
    /// The account given by `--account` or the config.
    #[serde(skip)]
    pub account: Option<Account>,
}

/// The part of the store that is looked at.
pub(crate) struct Scope<'a> {
    pub store: &'a Store,
    pub config: &'a Config,
    /// The only account, if one was named.
    pub account: Option<&'a Account>,
    /// The only box, if one was named.
    pub box_name: Option<&'a str>,
    /// Describes a box that the store names.
    pub profile: &'a dyn Fn(&str) -> Result<BoxProfile>,
    pub now: DateTime<Utc>,
}

/// One result of `status`, in the shape of the JSON object.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub code: &'static str,
    /// The kind of a problem in the exit-code table; `None` for a notice.
    pub kind: Option<ExitKind>,
    pub message: String,
    /// What to do about it: `` run `…` `` with a command that can be pasted, or a sentence.
    pub remedy: Option<String>,
}

impl Finding {
    /// A problem, or a notice if there is no `kind`. An empty `remedy` is none.
    fn new(
        code: &'static str,
        kind: Option<ExitKind>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            kind,
            message: message.into(),
            remedy: Some(remedy.into()).filter(|remedy| !remedy.is_empty()),
        }
    }
}

/// `message; remedy`
impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.message)?;
        self.remedy
            .iter()
            .try_for_each(|remedy| write!(to, "; {remedy}"))
    }
}

/// Problems, which need the user, and notices, which do not, each in the order in which they were found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    pub problems: Vec<Finding>,
    pub hints: Vec<Finding>,
}

impl Findings {
    /// Adds a problem, or a notice if there is no `kind`. An empty `remedy` is none.
    fn add(
        &mut self,
        code: &'static str,
        kind: Option<ExitKind>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(Finding::new(code, kind, message, remedy));
    }

    pub(crate) fn push(&mut self, finding: impl Into<Option<Finding>>) {
        let Some(finding) = finding.into() else {
            return;
        };
        let list = match finding.kind {
            Some(_) => &mut self.problems,
            None => &mut self.hints,
        };
        list.push(finding);
    }

    pub(crate) fn store_unusable(&mut self, message: String) {
        self.add("store_unusable", Some(ExitKind::Internal), message, "");
    }

    /// The first problem with one of these codes.
    pub(crate) fn of(&self, codes: &[&str]) -> Option<&Finding> {
        self.problems.iter().find(|it| codes.contains(&it.code))
    }

    /// A config or store that cannot be read at all.
    pub(crate) fn fatal(&self) -> Option<&Finding> {
        self.of(&["config_unusable", "store_unusable"])
    }

    /// The exit code's kind with `--check`: that of a config, a store or a key that cannot be used, otherwise the common kind of
    /// all problems.
    pub(crate) fn common_kind(&self) -> Option<ExitKind> {
        let key = || self.of(&["store_key_missing", "store_key_wrong"]);
        if let Some(decides) = self.fatal().or_else(key) {
            return decides.kind;
        }
        let first = self.problems.first()?.kind;
        let is_common = self.problems.iter().all(|it| it.kind == first);
        first.filter(|_| is_common).or(Some(ExitKind::Partial))
    }
}
