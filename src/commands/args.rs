//! Flags that every command has, and values that several commands take.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use clap::{ArgAction, Args, ValueHint};

use crate::model::account::Account;
use crate::model::day;
use crate::model::prebooking::class_name;
use crate::model::session::{MIN_PREFIX_LEN, SessionKind};
use crate::model::time::{parse_duration, parse_time};
use crate::model::weekly::parse_weekdays;
use crate::text::{append_flag, quote};

/// The flags that every command has.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global flags", mut_args(|arg| arg.global(true).hide_short_help(true)))]
pub struct GlobalArgs {
    /// Config file, TOML [env: AIMHARDER_CONFIG] [default: $XDG_CONFIG_HOME/aimharder/config.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Store, SQLite [env: AIMHARDER_STORE] [default: $XDG_STATE_HOME/aimharder/aimharder.db]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub store: Option<PathBuf>,
    /// Use the store and the config of the installed service, as its user if called by root
    #[arg(long)]
    pub system: bool,
    /// Account [env: AIMHARDER_ACCOUNT] [default: the config's, or the only one in the store]
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<Account>,
    /// Box (gym) [env: AIMHARDER_BOX] [default: the config's, or the account's only box]
    #[arg(long = "box", value_name = "NAME", value_parser = box_name)]
    pub gym: Option<String>,
    /// Kind of session that acts [default: stated by each command]
    #[arg(long, value_name = "KIND")]
    pub session: Option<SessionKind>,
    /// One device session, by its fingerprint or at least its first 6 characters
    #[arg(long, value_name = "FP", value_parser = fingerprint)]
    pub fingerprint: Option<String>,
    /// Longest wait for a session that another process uses; 0s does not wait [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = lock_timeout)]
    pub lock_timeout: Option<Duration>,
    /// Record the exchanges with AimHarder, without personal data, in a new file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
    /// Print one JSON object on standard output
    #[arg(long)]
    pub json: bool,
    /// Log errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log what is done; twice: log requests too
    #[arg(short, long, action = ArgAction::Count)]
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

/// The class that `book`, `cancel` and `prebook add` act on, by position or by flags.
#[derive(Debug, Args)]
pub(crate) struct ClassArgs {
    /// Day of the class, for example fri
    #[arg(value_name = "DAY")]
    day_word: Option<String>,
    /// Start of the class, for example 18:30
    #[arg(value_name = "TIME")]
    time_word: Option<String>,
    /// Name of the class, or a part of it
    #[arg(value_name = "CLASS")]
    class_words: Vec<String>,
    /// Same as DAY
    #[arg(
        long,
        value_name = "DAY",
        allow_hyphen_values = true,
        hide_short_help = true
    )]
    pub day: Option<DayArg>,
    /// Same as TIME
    #[arg(long, value_name = "TIME", value_parser = parse_time, hide_short_help = true)]
    pub time: Option<NaiveTime>,
    /// Same as CLASS
    #[arg(long = "class", value_name = "NAME", value_parser = class_name, hide_short_help = true)]
    pub class: Option<String>,
}

impl ClassArgs {
    /// The day that was given, or today.
    pub(crate) fn day(&self) -> DayArg {
        self.day.clone().unwrap_or_else(DayArg::today)
    }

    /// Moves the positional arguments to where the flags put their values, so that the fields are the class. A flag may take
    /// the place of a positional argument (`--day fri 18:30`). `no_day` and `no_class` are flags given on this command line
    /// that leave no place for a day or a class name.
    ///
    /// # Errors
    /// A value that is not valid, or that is given both ways: the message names both.
    pub(crate) fn settle(
        &mut self,
        no_day: Option<&str>,
        no_class: Option<&str>,
    ) -> Result<(), String> {
        let words = [self.day_word.take(), self.time_word.take()];
        let words = words
            .into_iter()
            .flatten()
            .chain(self.class_words.drain(..));
        // an empty argument is kept, to be refused
        let words: Vec<String> = words
            .flat_map(|word| match word.split_whitespace().collect::<Vec<_>>() {
                parts if parts.is_empty() => vec![word],
                parts => parts.into_iter().map(str::to_owned).collect(),
            })
            .collect();
        let mut words = words.as_slice();
        let given = self.day.as_ref().map(|DayArg(day)| format!("--day {day}"));
        let given = given.or(no_day.map(str::to_owned));
        if let Some((word, rest)) = words.split_first() {
            match (word.parse(), given) {
                (Ok(_), Some(flag)) => return Err(given_twice("day", word, &flag)),
                (Ok(day), None) => (self.day, words) = (Some(day), rest),
                (Err(_), Some(_)) => {}
                (Err(_), None) if parse_time(word).is_ok() => {
                    return Err(format!(
                        "{} is a time, and the day comes first: DAY TIME [CLASS], for example fri {word}",
                        quote(word)
                    ));
                }
                (Err(_), None) if parse_weekdays(word).is_ok() => {
                    return Err(self.more_than_one_day(word, rest));
                }
                (Err(why), None) => return Err(why),
            }
        }
        if let Some((word, rest)) = words.split_first() {
            match (parse_time(word), self.time) {
                (Ok(_), Some(time)) => {
                    let flag = format!("--time {}", time.format("%H:%M"));
                    return Err(given_twice("time", word, &flag));
                }
                (Ok(time), None) => (self.time, words) = (Some(time), rest),
                (Err(_), Some(_)) => {}
                (Err(why), None) => return Err(why),
            }
        }
        if !words.is_empty() {
            let name = words.join(" ");
            let flag = self.class.as_ref().map(|class| format!("--class {class}"));
            if let Some(flag) = flag.or(no_class.map(str::to_owned)) {
                return Err(given_twice("class", &name, &flag));
            }
            self.class = Some(class_name(&name)?);
        }
        Ok(())
    }

    /// Suggests a weekly rule for the weekdays that `word` lists, with the time and the class that are given.
    fn more_than_one_day(&self, word: &str, rest: &[String]) -> String {
        let given = rest
            .split_first()
            .map(|(time, rest)| (parse_time(time), rest));
        let (time, rest) = match given {
            Some((Ok(time), rest)) => (Some(time), rest),
            _ => (self.time, rest),
        };
        let time = time.map_or_else(
            || "18:30".to_owned(),
            |time| time.format("%H:%M").to_string(),
        );
        let mut command = format!("aimharder prebook add --weekly {word} --time {time}");
        let class = Some(rest.join(" ")).filter(|class| !class.is_empty());
        if let Some(class) = class.as_ref().or(self.class.as_ref()) {
            append_flag(&mut command, "--class", class);
        }
        let word = quote(word);
        format!("{word} is more than one day; for a class every week: `{command}`")
    }
}

/// The timeout for a lock. A bare `0` needs no unit.
fn lock_timeout(raw: &str) -> Result<Duration, String> {
    match raw.trim() {
        "0" => Ok(Duration::ZERO),
        raw => parse_duration(raw),
    }
}

fn given_twice(what: &str, word: &str, flag: &str) -> String {
    let word = quote(word);
    format!("the {what} is given twice, as {word} and by {flag}; leave one of them out")
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
    if raw.chars().count() >= MIN_PREFIX_LEN && is_plain {
        Ok(raw.to_owned())
    } else {
        Err(format!(
            "use at least {MIN_PREFIX_LEN} characters of a fingerprint; see `aimharder sessions`"
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

/// The name of a coach, or a part of it.
pub(crate) fn coach(raw: &str) -> Result<String, String> {
    class_name(raw).map_err(|_| {
        format!(
            "{} is not a valid name of a coach; use a name or a part of one, for example marta",
            quote(raw)
        )
    })
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
