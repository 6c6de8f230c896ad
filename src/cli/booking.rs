//! `boxes`, `classes`, `bookings`, `book`, `cancel`.

use chrono::NaiveTime;
use chrono_tz::Tz;
use clap::{ArgGroup, Args, Subcommand};

use crate::commands::args::{DayArg, box_name, family, id, number};
use crate::commands::help::{Help, code};
use crate::model::opening::Rule;
use crate::model::time;
use crate::model::zone;

/// Show the account's gyms ("boxes"), or set what is known of one
#[derive(Debug, Args)]
#[command(after_long_help = BOXES_HELP, add = BOXES_HELP)]
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
#[command(after_long_help = BOX_SET_HELP, add = BOX_SET_HELP)]
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
#[command(after_long_help = CLASSES_HELP, add = CLASSES_HELP)]
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
#[command(after_long_help = BOOKINGS_HELP, add = BOOKINGS_HELP)]
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
#[command(group = ArgGroup::new("which").required(true).args(["time", "id"]), after_long_help = BOOK_HELP, add = BOOK_HELP)]
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
#[command(group = ArgGroup::new("which").required(true).args(["day", "reservation"]), after_long_help = CANCEL_HELP, add = CANCEL_HELP)]
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

const BOXES_HELP: Help = Help {
    notes: "\
Acts with the device session unless --session says otherwise.",
    examples: &[
        "aimharder boxes --detect",
        "aimharder boxes set crossfitdemo --opens 4d@07:00",
    ],
    exit_codes: &[
        (0, "shown"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        code::UNREACHABLE,
        (6, "not found"),
    ],
};

const BOX_SET_HELP: Help = Help {
    notes: "\
A RULE says when booking opens: 4d (same wall-clock time, four days before), 4d@07:00, 46h (hours that pass), sun@20:00 (the last Sunday 20:00 before the class's day).",
    examples: &["aimharder boxes set boxdos --timezone Atlantic/Canary --opens 4d"],
    exit_codes: &[(0, "done"), code::UNUSABLE_STORE, code::USAGE],
};

const CLASSES_HELP: Help = Help {
    notes: "\
DAY is today, tomorrow, mon…sun (the next one, today included), +3, 2026-11-23 or 20261123.

Acts with the device session unless --session says otherwise.",
    examples: &[
        "aimharder classes --day tomorrow",
        "aimharder classes --days 7 --class wod --open --json",
    ],
    exit_codes: &[
        (0, "shown (also when nothing fits)"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        code::UNREACHABLE,
        (6, "no such box"),
    ],
};

const BOOKINGS_HELP: Help = Help {
    notes: "\
Acts with the device session unless --session says otherwise.",
    examples: &[
        "aimharder bookings",
        "aimharder bookings --history --json",
        "aimharder bookings --ics > gym.ics",
    ],
    exit_codes: &[
        (0, "shown"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        code::UNREACHABLE,
        (6, "no such box"),
    ],
};

const BOOK_HELP: Help = Help {
    notes: "\
Acts with the device session unless --session says otherwise.",
    examples: &[
        "aimharder book --day mon --time 18:30 --class wod",
        "aimharder book --day 2026-11-23 --time 18:30 --waitlist --json",
        "aimharder book --day 2026-11-30 --time 18:30 --prebook",
        "aimharder book --day fri --time 18:30 --wait",
    ],
    exit_codes: &[
        (0, "booked, queued, already mine or prebooked"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        (4, "refused (full, no credit, limit, …)"),
        (5, "unreachable and not booked"),
        (6, "no such class or several"),
        (8, "outcome unknown"),
        (9, "not open yet"),
        code::INTERRUPTED,
    ],
};

const CANCEL_HELP: Help = Help {
    notes: "\
Acts with the device session unless --session says otherwise.",
    examples: &[
        "aimharder cancel --day mon --time 18:30",
        "aimharder cancel --reservation 55501 --late",
    ],
    exit_codes: &[
        (0, "cancelled"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        (4, "refused or a late cancellation that --late would accept"),
        (5, "unreachable and not cancelled"),
        (6, "not booked or not found"),
        (8, "outcome unknown"),
    ],
};
