//! `prebook add | list | rules | remove | skip | run`.

use std::str::FromStr;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use clap::{Args, Subcommand};

use crate::commands::args::{DayArg, family};
use crate::commands::help::{Help, code};
use crate::model::day;
use crate::model::opening::Rule;
use crate::model::prebooking::{Choice, PrebookId, class_name};
use crate::model::time;
use crate::model::weekly::{Skip, Weekdays};
use crate::text::quote;

const ADD: &str = "aimharder prebook add --day mon --time 18:30 --class wod";
const ADD_WEEKLY: &str = "aimharder prebook add --weekly mon,wed --time 18:30 --class wod";

/// Have classes booked at the instant booking opens
///
/// `add` says which classes, `run` books them: have it started every 15 minutes by cron or a timer.
#[derive(Debug, Args)]
#[command(arg_required_else_help = false)]
#[command(after_long_help = PREBOOK_HELP, add = PREBOOK_HELP)]
pub(crate) struct PrebookArgs {
    #[command(subcommand)]
    pub command: PrebookCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrebookCommand {
    Add(PrebookAdd),
    List(PrebookList),
    Rules(PrebookRules),
    Remove(PrebookRemove),
    Skip(PrebookSkip),
    Run(PrebookRunArgs),
}

impl PrebookArgs {
    /// What clap cannot check by itself.
    ///
    /// # Errors
    /// Says what is wrong, with an example of the right form.
    pub(super) fn check(&self) -> Result<(), String> {
        match &self.command {
            PrebookCommand::Add(add) => add.when().map(|_| ()),
            _ => Ok(()),
        }
    }
}

/// Prebook a class, or the same class every week
///
/// Nothing is asked of AimHarder: a class that is not in the schedule yet will do, and one whose
/// booking is open already is booked by the next run. Adding the same again changes what is there.
#[derive(Debug, Args)]
#[command(
    override_usage = "aimharder prebook add (--day DAY | --weekly DAYS) --time TIME [OPTIONS]",
    after_long_help = PREBOOK_ADD_HELP, add = PREBOOK_ADD_HELP
)]
pub(crate) struct PrebookAdd {
    /// Day of the class: today, tomorrow, mon…sun, +3, 2026-11-23
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    pub day: Option<DayArg>,
    /// Every week on these days, for example mon,wed
    #[arg(long, value_name = "DAYS", conflicts_with = "day")]
    pub weekly: Option<Weekdays>,
    /// Start of the class, for example 18:30
    #[arg(long, value_name = "TIME", value_parser = time::parse_time)]
    pub time: Option<NaiveTime>,
    /// Name of the class, or part of it
    #[arg(long = "class", value_name = "NAME", value_parser = class_name)]
    pub class: Option<String>,
    /// A class that would do when those before are not to be had (repeatable, tried in order)
    #[arg(long = "or", value_name = "TIME [CLASS]")]
    pub alternatives: Vec<Choice>,
    /// When none was to be had, queue for the first that was full
    #[arg(long, conflicts_with = "watch")]
    pub waitlist: bool,
    /// When none was to be had, try again until the class starts
    #[arg(long)]
    pub watch: bool,
    /// When booking opens, if not by the box's rule, for example 4d@07:00
    #[arg(long, value_name = "RULE")]
    pub opens: Option<Rule>,
    /// Last day of the weekly rule, included
    #[arg(
        long,
        value_name = "DATE",
        requires = "weekly",
        conflicts_with = "day",
        allow_hyphen_values = true
    )]
    pub until: Option<DayArg>,
    /// Book for this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    pub family: Option<String>,
}

/// Which days a wish is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When<'a> {
    Once(&'a DayArg),
    Weekly(&'a Weekdays),
}

impl PrebookAdd {
    /// The days and the start, which clap cannot ask for by an example.
    ///
    /// # Errors
    /// Says what is missing, with an example of the right form.
    pub(crate) fn when(&self) -> Result<(When<'_>, NaiveTime), String> {
        let (when, example) = match (&self.weekly, &self.day) {
            (Some(days), _) => (When::Weekly(days), ADD_WEEKLY),
            (None, Some(day)) => (When::Once(day), ADD),
            (None, None) => {
                return Err(format!(
                    "which day? name one with --day, or weekdays with --weekly; for example: {ADD}, or: {ADD_WEEKLY}"
                ));
            }
        };
        let start = self.time.ok_or_else(|| {
            format!(
                "at what time does the class start? name it with --time; for example: {example}"
            )
        })?;
        Ok((when, start))
    }
}

/// Show the prebookings that wait for their opening
#[derive(Debug, Args)]
#[command(after_long_help = PREBOOK_LIST_HELP, add = PREBOOK_LIST_HELP)]
pub(crate) struct PrebookList {
    /// Those that are settled too, with what was sent and what came back
    #[arg(long)]
    pub all: bool,
}

/// Show the weekly rules
#[derive(Debug, Args)]
#[command(after_long_help = PREBOOK_RULES_HELP, add = PREBOOK_RULES_HELP)]
pub(crate) struct PrebookRules {}

/// Remove prebookings or weekly rules; what is booked stays booked
///
/// A rule takes its pending occurrences along. An occurrence that is removed by itself does not come back.
#[derive(Debug, Args)]
#[command(after_long_help = PREBOOK_REMOVE_HELP, add = PREBOOK_REMOVE_HELP)]
pub(crate) struct PrebookRemove {
    /// Numbers as `prebook list` and `prebook rules` show them
    #[arg(value_name = "ID|rID", required = true)]
    pub ids: Vec<PrebookId>,
}

/// Leave days out: weekly rules book no class on them
///
/// Prebookings made by hand, and what is booked already, are left alone. Without a date: show the days left out.
#[derive(Debug, Args)]
#[command(after_long_help = PREBOOK_SKIP_HELP, add = PREBOOK_SKIP_HELP)]
pub(crate) struct PrebookSkip {
    /// One day, or the first and the last: 2026-12-24..2027-01-06
    #[arg(value_name = "FROM[..TO]")]
    pub days: Option<SkipArg>,
    /// Book on these days again
    #[arg(long, requires = "days")]
    pub remove: bool,
}

/// A day or a range of days as the user wrote it; which days they are depends on the box's calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkipArg {
    from: DayArg,
    to: Option<String>,
}

impl FromStr for SkipArg {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        let (from, to) = match raw.split_once("..") {
            Some((from, to)) => (from, Some(to)),
            None => (raw, None),
        };
        let form = |why| format!("{why}, or a range: 2026-12-24..2027-01-06");
        to.map(DayArg::from_str).transpose().map_err(form)?;
        Ok(Self {
            from: from.parse().map_err(form)?,
            to: to.map(str::to_owned),
        })
    }
}

impl SkipArg {
    /// The days meant, seen from `today` in the box's zone; a weekday as the end is the first one
    /// from the beginning on.
    ///
    /// # Errors
    /// A range that ends before it begins.
    pub(crate) fn on(&self, today: NaiveDate) -> Result<Skip, String> {
        let from = self.from.on(today)?;
        let Some(to) = &self.to else {
            return Ok(Skip { from, to: from });
        };
        let seen_from = if day::parse_weekday(to).is_some() {
            from
        } else {
            today
        };
        let to = day::parse_day(to, seen_from)?;
        if to < from {
            return Err(format!(
                "{} runs backwards, for example {to}..{from}",
                quote(&format!("{from}..{to}"))
            ));
        }
        Ok(Skip { from, to })
    }
}

/// Book what opens soon, each class at its opening instant
///
/// For cron or a timer every 15 minutes. Takes every prebooking that opens within the horizon, is overdue, or
/// whose opening is not known; ends when nothing is left that it has not tried. Runs may overlap: they share
/// the work and never book twice. Silent with nothing due.
#[derive(Debug, Args)]
#[command(after_long_help = PREBOOK_RUN_HELP, add = PREBOOK_RUN_HELP)]
pub(crate) struct PrebookRunArgs {
    /// Take what opens within this time
    #[arg(long, value_name = "TIME", default_value = "16m", value_parser = time::parse_duration)]
    pub horizon: Duration,
    /// How long to go on asking when booking is not open at its instant, or AimHarder does not answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time::parse_duration)]
    pub give_up: Duration,
    /// Only show what would be done, and when
    #[arg(long)]
    pub dry_run: bool,
}

const PREBOOK_HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook add --day 2026-11-23 --time 18:30 --or '19:30 wod'",
        "aimharder prebook add --weekly mon,wed --time 18:30 --class wod",
        "aimharder prebook list",
        "aimharder prebook run",
    ],
    exit_codes: &[
        (0, "done"),
        code::USAGE,
        (3, "no account"),
        (6, "not found or ambiguous"),
    ],
};

const PREBOOK_ADD_HELP: Help = Help {
    notes: "\
DAY is today, tomorrow, mon…sun (the next one, today included), +3, 2026-11-23 or 20261123.
A RULE says when booking opens: 4d (same wall-clock time, four days before), 4d@07:00, 46h (hours that pass), sun@20:00 (the last Sunday 20:00 before the class's day); without one, the box's rule counts.
A weekly rule's classes of the next 14 days become prebookings by themselves; `prebook skip` leaves days out.",
    examples: &[
        "aimharder prebook add --day 2026-11-23 --time 18:30 --class wod --waitlist",
        "aimharder prebook add --day fri --time 18:30 --or '19:30 wod' --or 20:30",
        "aimharder prebook add --weekly mon,wed --time 18:30 --until 2026-12-18",
    ],
    exit_codes: &[
        (0, "stored"),
        code::UNUSABLE_STORE,
        (2, "usage (also a class that has started)"),
        (3, "no account"),
        (6, "no such box or several"),
    ],
};

const PREBOOK_LIST_HELP: Help = Help {
    notes: "\
Shows all accounts unless --account names one.",
    examples: &[
        "aimharder prebook list",
        "aimharder prebook list --all --json",
    ],
    exit_codes: &[(0, "shown"), code::UNUSABLE_STORE, code::USAGE],
};

const PREBOOK_RULES_HELP: Help = Help {
    notes: "\
Shows all accounts unless --account names one.",
    examples: &["aimharder prebook rules"],
    exit_codes: &[(0, "shown"), code::UNUSABLE_STORE, code::USAGE],
};

const PREBOOK_REMOVE_HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook remove 7",
        "aimharder prebook remove r1 12 13",
    ],
    exit_codes: &[
        (0, "removed"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (6, "one of them is not there (then none is removed)"),
    ],
};

const PREBOOK_SKIP_HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook skip 2026-12-24..2027-01-06",
        "aimharder prebook skip tomorrow",
        "aimharder prebook skip 2027-01-05..2027-01-06 --remove",
    ],
    exit_codes: &[
        (0, "done"),
        code::UNUSABLE_STORE,
        (2, "usage (also a range that runs backwards)"),
        (3, "no account"),
        (
            6,
            "--remove of days that are not left out, or several accounts",
        ),
    ],
};

const PREBOOK_RUN_HELP: Help = Help {
    notes: "\
Acts for all accounts unless --account names one, with the background sessions unless --session says otherwise.",
    examples: &[
        "aimharder prebook run",
        "aimharder prebook run --dry-run",
        "*/15 * * * * aimharder prebook run          (a crontab line)",
    ],
    exit_codes: &[
        (
            0,
            "all booked, queued or waiting for a later run, or nothing due",
        ),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        (4, "refused"),
        code::UNREACHABLE,
        (6, "no such class"),
        (7, "several of these or some succeeded"),
        (8, "outcome unknown"),
        code::INTERRUPTED,
    ],
};
