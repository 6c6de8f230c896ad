//! `boxes`, `classes`, `bookings`, `book`, `cancel`.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use clap::{ArgGroup, Args, Subcommand};

use super::{box_name, family, id, number};
use crate::model::opening::Rule;
use crate::model::zone;
use crate::model::{day, time};

/// A day as the user wrote it. Its form is checked when the command line is read; which day it
/// is depends on the box's calendar.
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

    /// The day meant, seen from `today` in the box's zone.
    ///
    /// # Errors
    /// None in practice: the form was checked before.
    pub(crate) fn on(&self, today: NaiveDate) -> Result<NaiveDate, String> {
        day::parse_day(&self.0, today)
    }
}

/// Show the account's gyms ("boxes"), or set what is known of one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder boxes --detect
  aimharder boxes set crossfitdemo --opens 4d@07:00

Acts with the device session unless --session says otherwise.
Exit codes: 0 shown, 3 login required, 5 unreachable, 6 not found, 2 usage, 1 unusable store")]
pub(crate) struct BoxesArgs {
    /// Ask AimHarder which boxes the account has
    #[arg(long)]
    pub detect: bool,
    #[command(subcommand)]
    pub command: Option<BoxesCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BoxesCommand {
    Set(BoxSet),
}

/// Set a box's number, time zone or opening rule
#[derive(Debug, Args)]
#[command(after_help = "\
A RULE says when booking opens: 4d (same wall-clock time, four days before), 4d@07:00, 46h (hours that \
pass), sun@20:00 (the last Sunday 20:00 before the class's day).

Example: aimharder boxes set boxdos --timezone Atlantic/Canary --opens 4d

Exit codes: 0 done, 2 usage, 1 unusable store")]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["id", "timezone", "opens"]))]
pub(crate) struct BoxSet {
    /// The box's name: the first part of its address
    #[arg(value_parser = box_name)]
    pub name: String,
    /// Its number in AimHarder's requests
    #[arg(long, value_name = "N", value_parser = |raw: &str| number::<i64>(raw, 1, i64::MAX))]
    pub id: Option<i64>,
    /// Its time zone, for example Europe/Madrid
    #[arg(long, value_name = "TZ", value_parser = zone::parse_zone)]
    pub timezone: Option<Tz>,
    /// When booking opens, for example 4d@07:00
    #[arg(long, value_name = "RULE")]
    pub opens: Option<Rule>,
}

/// Show the classes of a day, or of several
#[derive(Debug, Args)]
#[command(after_help = "\
DAY is today, tomorrow, mon…sun (the next one, today included), +3, 2026-11-23 or 20261123.

Examples:
  aimharder classes --day tomorrow
  aimharder classes --days 7 --class wod --open --json

Acts with the device session unless --session says otherwise.
Exit codes: 0 shown (also when nothing fits), 3 login required, 5 unreachable, 6 no such box, 2 usage, \
1 unusable store")]
pub(crate) struct ClassesArgs {
    /// First day
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    pub day: Option<DayArg>,
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |raw: &str| number::<u8>(raw, 1, 31))]
    pub days: u8,
    /// Only classes whose name contains this
    #[arg(long = "class", value_name = "NAME")]
    pub class: Option<String>,
    /// Show them as this family member sees them
    #[arg(long, value_name = "ID", value_parser = family)]
    pub family: Option<String>,
    /// Only classes that can be booked now
    #[arg(long)]
    pub open: bool,
}

/// Show what is booked, in all boxes of the account unless --box names one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder bookings
  aimharder bookings --history --json
  aimharder bookings --ics > gym.ics

Acts with the device session unless --session says otherwise.
Exit codes: 0 shown, 3 login required, 5 unreachable, 6 no such box, 2 usage, \
1 unusable store")]
pub(crate) struct BookingsArgs {
    /// Past bookings too
    #[arg(long)]
    pub history: bool,
    /// Write them as an iCalendar file, for calendar programs
    #[arg(long, conflicts_with_all = ["history", "json"])]
    pub ics: bool,
    /// Those of this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    pub family: Option<String>,
}

/// Book a class, and prove it
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["time", "id"]), after_help = "\
Examples:
  aimharder book --day mon --time 18:30 --class wod
  aimharder book --day 2026-11-23 --time 18:30 --waitlist --json
  aimharder book --day 2026-11-30 --time 18:30 --prebook
  aimharder book --day fri --time 18:30 --wait

Acts with the device session unless --session says otherwise.
Exit codes: 0 booked, queued, already mine or prebooked, 4 refused (full, no credit, limit, …), 9 not open yet, \
6 no such class or several, 3 login required, 5 unreachable and not booked, 8 outcome unknown, 2 usage, \
1 unusable store, 130 interrupted")]
#[allow(clippy::struct_excessive_bools)] // flags are what they are
pub(crate) struct BookArgs {
    /// Day of the class: today, tomorrow, mon…sun, +3, 2026-11-23
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    pub day: DayArg,
    /// Start of the class, for example 18:30
    #[arg(long, value_name = "TIME", value_parser = time::parse_time)]
    pub time: Option<NaiveTime>,
    /// Name of the class, or part of it
    #[arg(
        long = "class",
        value_name = "NAME",
        requires = "time",
        conflicts_with = "id"
    )]
    pub class: Option<String>,
    /// Number of the class, as `classes` shows it on 100 columns or more and `classes --json` always
    #[arg(long, value_name = "ID", value_parser = id)]
    pub id: Option<String>,
    /// Book for this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    pub family: Option<String>,
    /// Queue when the class is full
    #[arg(long)]
    pub waitlist: bool,
    /// When booking is not open yet, have `prebook run` book it at the opening
    #[arg(long)]
    pub prebook: bool,
    /// When booking is not open yet, stay and book at the opening instant
    #[arg(long, conflicts_with_all = ["prebook", "dry_run"])]
    pub wait: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
}

/// Cancel a booking, and prove it
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["day", "reservation"]), after_help = "\
Examples:
  aimharder cancel --day mon --time 18:30
  aimharder cancel --reservation 55501 --late

Acts with the device session unless --session says otherwise.
Exit codes: 0 cancelled, 4 refused or a late cancellation that --late would accept, 6 not booked or not \
found, 3 login required, 5 unreachable and not cancelled, 8 outcome unknown, 2 usage, \
1 unusable store")]
pub(crate) struct CancelArgs {
    /// Day of the class: today, tomorrow, mon…sun, +3, 2026-11-23
    #[arg(
        long,
        value_name = "DAY",
        requires = "time",
        allow_hyphen_values = true
    )]
    pub day: Option<DayArg>,
    /// Start of the class, for example 18:30
    #[arg(long, value_name = "TIME", value_parser = time::parse_time, requires = "day", conflicts_with = "reservation")]
    pub time: Option<NaiveTime>,
    /// Name of the class, or part of it
    #[arg(
        long = "class",
        value_name = "NAME",
        requires = "time",
        conflicts_with = "reservation"
    )]
    pub class: Option<String>,
    /// Number of the reservation, as `bookings` shows it
    #[arg(long, value_name = "ID", value_parser = id)]
    pub reservation: Option<String>,
    /// For this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    pub family: Option<String>,
    /// Cancel even when that costs the credit
    #[arg(long)]
    pub late: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
}
