//! Flags that every command has, and values that several commands take.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::NaiveDate;
use clap::{ArgAction, Args, ValueHint};

use crate::model::account::Account;
use crate::model::day;
use crate::model::session::{SHORTEST_PREFIX, SessionKind};
use crate::model::time::parse_duration;
use crate::text::quote;

/// The flags that every command has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global flags")]
pub struct GlobalArgs {
    /// Config file, TOML [env: AIMHARDER_CONFIG] [default: $XDG_CONFIG_HOME/aimharder/config.toml]
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Store, SQLite [env: AIMHARDER_STORE] [default: $XDG_STATE_HOME/aimharder/aimharder.db]
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub store: Option<PathBuf>,
    /// Account [env: AIMHARDER_ACCOUNT] [default: the config's, or the only one in the store]
    #[arg(long, value_name = "EMAIL", global = true)]
    pub account: Option<Account>,
    /// Box (gym) [env: AIMHARDER_BOX] [default: the config's, or the account's only box]
    #[arg(long = "box", value_name = "NAME", global = true, value_parser = box_name)]
    pub gym: Option<String>,
    /// Kind of session that acts [default: stated by each command]
    #[arg(long, value_name = "KIND", global = true)]
    pub session: Option<SessionKind>,
    /// One device session, by its fingerprint or at least its first 6 characters
    #[arg(long, value_name = "FP", global = true, value_parser = fingerprint)]
    pub fingerprint: Option<String>,
    /// Longest wait for a session that another process uses; 0s does not wait [default: 30s]
    #[arg(long, value_name = "DURATION", global = true, value_parser = parse_duration)]
    pub lock_timeout: Option<Duration>,
    /// Print one JSON object on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Log errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log what is done; twice: log requests too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// The environment variables that supplied one of these values.
    #[arg(skip)]
    pub from_environment: Vec<&'static str>,
}

/// A day as it was written. Its form is checked when the command line is parsed; which day it is depends on the calendar of
/// the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DayArg(String);

impl FromStr for DayArg {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        day::parse_day(raw, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default())
            .map(|_| Self(raw.to_owned()))
    }
}

impl DayArg {
    pub(crate) fn today() -> Self {
        Self("today".into())
    }

    /// The day, seen from `today` on the box's calendar.
    ///
    /// # Errors
    /// None in practice: the form was checked before.
    pub(crate) fn on(&self, today: NaiveDate) -> Result<NaiveDate, String> {
        day::parse_day(&self.0, today)
    }
}

pub(crate) fn box_name(raw: &str) -> Result<String, String> {
    let name = raw.trim().to_lowercase();
    if crate::model::label::is_label(&name) {
        Ok(name)
    } else {
        Err("a box name is the first part of its address, for example crossfitdemo".into())
    }
}

fn fingerprint(raw: &str) -> Result<String, String> {
    let is_plain = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if raw.chars().count() >= SHORTEST_PREFIX && is_plain {
        Ok(raw.to_owned())
    } else {
        Err(format!(
            "use at least {SHORTEST_PREFIX} characters of a fingerprint; see `aimharder sessions`"
        ))
    }
}

/// A family member's number.
pub(crate) fn family(raw: &str) -> Result<String, String> {
    let is_number = !raw.is_empty() && raw.len() <= 18 && raw.bytes().all(|b| b.is_ascii_digit());
    is_number
        .then(|| raw.to_owned())
        .ok_or_else(|| "a family member is named by a number, for example 70002".into())
}

/// The number that AimHarder gives a class or a reservation.
pub(crate) fn id(raw: &str) -> Result<String, String> {
    let id = raw.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !id.is_empty() && id.len() <= 40 && id.chars().all(is_plain) {
        Ok(id.to_owned())
    } else {
        Err(format!(
            "{} is not a number, for example 1223249",
            quote(raw)
        ))
    }
}

/// A whole number between two bounds, both included.
pub(crate) fn number<N: TryFrom<i64>>(raw: &str, low: i64, high: i64) -> Result<N, String> {
    let read = raw.trim().parse::<i64>().ok();
    let fits = read.filter(|n| (low..=high).contains(n));
    fits.and_then(|n| N::try_from(n).ok()).ok_or_else(|| {
        let bounds = if high == i64::MAX {
            format!("{low} or more")
        } else {
            format!("from {low} to {high}")
        };
        let example = high.min(low + 6);
        format!(
            "{} is not a whole number {bounds}, for example {example}",
            quote(raw)
        )
    })
}

/// The forms of a day, for help texts.
pub(crate) const DAY_HELP: &str = "\
DAY is today, tomorrow, a weekday such as mon (the next one, today included), +3, 2026-11-23, 20261123 or 23/11.";
