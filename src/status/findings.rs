//! What there is to say about the facts: problems, which need somebody, and hints, which do not. When each is so stands in
//! `judge`, its words in `output/status/words`.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use super::schedule::{By, Job};
use crate::alerts::OUTAGE_RUNS;
use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::session::SessionKind;

/// A machine's clock that is further off than this shifts tokens' ages and runs' horizons.
const CLOCK: TimeDelta = TimeDelta::seconds(30);

/// One thing that somebody should know. Problems come before hints, in the order of `scripting.md`: config, store, logins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Finding {
    ConfigUnusable(String),
    ConfigWritable(PathBuf, u32),
    /// it has secrets in it
    ConfigReadable(PathBuf, u32),
    StoreUnusable(String),
    StoreDamaged(PathBuf, String),
    /// it is encrypted
    NoKey(PathBuf),
    KeyLacking(String),
    KeyWrong(PathBuf),
    KeySilent,
    DiskFull(PathBuf, u64),
    NoLogin(Option<Account>),
    NoBackground {
        account: Account,
        needed: bool,
    },
    Expired {
        account: Account,
        kind: SessionKind,
        heals: bool,
        refused: bool,
    },
    TokenOver(Account, SessionKind),
    Stale(Account, SessionKind, TimeDelta),
    Standing(Account, SessionKind, ExitKind, String),
    Outage(Account, SessionKind, i64),
    LastError(Account, SessionKind, String),
    OldDevice(Account),
    NotRefreshed(Account, SessionKind),
    NoPasswordSource(Account),
    /// `kept`: something unknown does it all the same
    NotScheduled {
        job: Job,
        kept: bool,
        only: Option<Account>,
        program: PathBuf,
    },
    Inactive {
        job: Job,
        by: By,
        unit: String,
    },
    /// a crontab's line runs it too rarely
    Rare(Job, String),
    OtherStore(Job),
    NoLinger,
    Silent(&'static str),
    Overdue(i64, DateTime<Tz>),
    OpeningUnknown(String),
    Unreachable(String, String),
    ClockOff(String, TimeDelta),
}

impl Finding {
    /// Its name in JSON.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::ConfigUnusable(_) => "config_unusable",
            Self::ConfigWritable(..) => "config_writable",
            Self::ConfigReadable(..) => "config_readable",
            Self::StoreUnusable(_) => "store_unusable",
            Self::StoreDamaged(..) => "store_damaged",
            Self::NoKey(_) | Self::KeyLacking(_) => "store_key_missing",
            Self::KeyWrong(_) => "store_key_wrong",
            Self::KeySilent => "store_key_silent",
            Self::DiskFull(..) => "disk_full",
            Self::NoLogin(_) => "no_login",
            Self::NoBackground { .. } => "no_background_session",
            Self::Expired { .. } => "session_expired",
            Self::TokenOver(..) => "token_expired",
            Self::Stale(..) => "token_stale",
            Self::Standing(..) => "refresh_failing",
            Self::Outage(..) => "outage",
            Self::LastError(..) => "last_error",
            Self::OldDevice(..) => "device_session_old",
            Self::NotRefreshed(..) => "auto_refresh_off",
            Self::NoPasswordSource(_) => "no_password_source",
            Self::NotScheduled { .. } => "not_scheduled",
            Self::Inactive { .. } => "timer_inactive",
            Self::Rare(..) => "scheduled_rarely",
            Self::OtherStore(_) => "timer_of_other_store",
            Self::NoLinger => "no_linger",
            Self::Silent(_) => "tool_silent",
            Self::Overdue(..) => "prebooking_overdue",
            Self::OpeningUnknown(_) => "opening_unknown",
            Self::Unreachable(..) => "unreachable",
            Self::ClockOff(..) => "clock_off",
        }
    }

    /// The kind of a problem, by the exit-code table; `None` for a hint.
    pub(crate) fn problem(&self) -> Option<ExitKind> {
        match self {
            Self::ConfigUnusable(_)
            | Self::ConfigWritable(..)
            | Self::NoKey(_)
            | Self::KeyLacking(_) => Some(ExitKind::Usage),
            Self::StoreUnusable(_)
            | Self::KeyWrong(_)
            | Self::StoreDamaged(..)
            | Self::DiskFull(..) => Some(ExitKind::Internal),
            Self::NoLogin(_) | Self::Expired { .. } | Self::TokenOver(..) | Self::Stale(..) => {
                Some(ExitKind::LoginRequired)
            }
            Self::NoBackground { needed, .. } => needed.then_some(ExitKind::LoginRequired),
            Self::Standing(_, _, kind, _) => Some(*kind),
            Self::Outage(_, _, runs) => (*runs >= OUTAGE_RUNS).then_some(ExitKind::Unreachable),
            Self::NotScheduled { kept, .. } => (!kept).then_some(ExitKind::NotFound),
            Self::Inactive { .. } | Self::Rare(..) | Self::Overdue(..) => Some(ExitKind::NotFound),
            Self::Unreachable(..) => Some(ExitKind::Unreachable),
            Self::ClockOff(_, by) => (by.abs() > CLOCK).then_some(ExitKind::Internal),
            Self::ConfigReadable(..)
            | Self::LastError(..)
            | Self::OldDevice(..)
            | Self::NotRefreshed(..)
            | Self::NoPasswordSource(_)
            | Self::OtherStore(_)
            | Self::NoLinger
            | Self::Silent(_)
            | Self::KeySilent
            | Self::OpeningUnknown(_) => None,
        }
    }
}

/// The code of `status --check`: 2 and 1 for a config and a store that cannot be used, whatever else there is; else that of
/// the problems when it is one, and 7 when they are of several kinds.
pub(crate) fn verdict(findings: &[Finding]) -> Option<ExitKind> {
    let broken = findings.iter().find_map(|finding| match finding {
        Finding::ConfigUnusable(_)
        | Finding::StoreUnusable(_)
        | Finding::NoKey(_)
        | Finding::KeyLacking(_)
        | Finding::KeyWrong(_) => finding.problem(),
        _ => None,
    });
    let mut kinds: Vec<ExitKind> = findings.iter().filter_map(Finding::problem).collect();
    kinds.sort_unstable();
    kinds.dedup();
    broken.or(match kinds.as_slice() {
        [] => None,
        [one] => Some(*one),
        _ => Some(ExitKind::Partial),
    })
}
