//! The opening rules that people write (`4d`, `4d@07:00`, `46h`, `sun@20:00`) and the instants they mean.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Timelike, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::model::day::{parse_weekday, weekday_short};
use crate::model::time::parse_time_with_seconds;
use crate::model::zone::resolve;
use crate::text::quote;

const MAX_DAYS: u16 = 366;
const MAX_HOURS: u16 = 8784;
const FORMS: &str = "use 4d, 4d@07:00, 46h or sun@20:00";

/// When booking of a class opens. Written, stored and shown in its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rule {
    /// A number of days before the day of the class on the box's calendar, at a fixed time or at the time of the class.
    Days {
        /// 0 to 366.
        days: u16,
        /// `None`: the wall-clock time at which the class starts.
        at: Option<NaiveTime>,
    },
    /// A number of hours before the start of the class, 1 to 8784.
    Hours(u16),
    /// The last such weekday and time before the class's day.
    Weekly {
        /// The weekday; seven days before for a class on that weekday.
        day: Weekday,
        /// The box's wall-clock time.
        at: NaiveTime,
    },
}

impl Rule {
    /// A number of days, at the time of the class. `None` if it is too large.
    pub fn days(days: u16) -> Option<Self> {
        (days <= MAX_DAYS).then_some(Self::Days { days, at: None })
    }

    /// A number of hours. `None` if it is out of range.
    pub(super) fn hours(hours: u16) -> Option<Self> {
        (1..=MAX_HOURS)
            .contains(&hours)
            .then_some(Self::Hours(hours))
    }

    /// When booking opens for the class that starts on `day` at `start` by the wall clock of `tz`.
    pub fn opens_at(&self, day: NaiveDate, start: NaiveTime, tz: Tz) -> DateTime<Tz> {
        match *self {
            Self::Days { days, at } => resolve(
                tz,
                days_before(day, days.into()).and_time(at.unwrap_or(start)),
            ),
            Self::Hours(hours) => {
                let starts = resolve(tz, day.and_time(start));
                let earlier = starts.checked_sub_signed(TimeDelta::hours(i64::from(hours)));
                earlier.unwrap_or(starts)
            }
            Self::Weekly { day: weekday, at } => {
                let back = match day.weekday().days_since(weekday) {
                    0 => 7,
                    back => back,
                };
                resolve(tz, days_before(day, back).and_time(at))
            }
        }
    }
}

/// The day that is `days` earlier, or `day` itself if the calendar ends before it.
pub(super) fn days_before(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(u64::from(days)))
        .unwrap_or(day)
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(input: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{} {what}; {FORMS}", quote(input.trim()));
        let word = input.trim().to_ascii_lowercase();
        if word.ends_with('?') {
            return Err(wrong(
                "has a question mark, which marks learned rules; leave it out",
            ));
        }
        let (left, at) = match word.split_once('@') {
            Some((left, at)) => {
                let time = parse_time_with_seconds(at.trim());
                let time = time.map_err(|_| wrong("has no time of day after the @"))?;
                (left.trim_end(), Some(time))
            }
            None => (word.as_str(), None),
        };
        if let Some(day) = parse_weekday(left) {
            let at = at.ok_or_else(|| wrong("needs a time of day"))?;
            return Ok(Self::Weekly { day, at });
        }
        match amount(left) {
            Some((days, "d")) => days
                .filter(|&days| days <= MAX_DAYS)
                .map(|days| Self::Days { days, at })
                .ok_or_else(|| wrong(&format!("has more than {MAX_DAYS} days"))),
            Some((_, "h")) if at.is_some() => Err(wrong(
                "has hours and a time of day; hours are counted from the class",
            )),
            Some((hours, "h")) => hours
                .and_then(Self::hours)
                .ok_or_else(|| wrong(&format!("must have 1 to {MAX_HOURS} hours"))),
            Some((_, "")) => Err(wrong("has no unit")),
            _ => Err(wrong("is not an opening rule")),
        }
    }
}

/// The number in leading ASCII digits and the rest of the text. `None` without digits or if the number is too large.
fn amount(word: &str) -> Option<(Option<u16>, &str)> {
    let end = word
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(word.len());
    let (digits, unit) = word.split_at(end);
    (!digits.is_empty()).then(|| (digits.parse().ok(), unit))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Days { days, at: None } => write!(f, "{days}d"),
            Self::Days { days, at: Some(at) } => write!(f, "{days}d@{}", clock_time(at)),
            Self::Hours(hours) => write!(f, "{hours}h"),
            Self::Weekly { day, at } => write!(f, "{}@{}", weekday_short(day), clock_time(at)),
        }
    }
}

fn clock_time(at: NaiveTime) -> String {
    let form = if at.second() == 0 {
        "%H:%M"
    } else {
        "%H:%M:%S"
    };
    at.format(form).to_string()
}

impl TryFrom<String> for Rule {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        written.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}
