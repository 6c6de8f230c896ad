//! Weekly rules and skipped days, on the box's calendar.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc, Weekday, WeekdaySet};
use serde::Serialize;

use super::day::{parse_weekday, weekday_short};
use super::prebooking::PrebookRequest;
use crate::text::{append_flag, quote};

/// A stored rule; its occurrences become prebookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyRule {
    /// Shown as `r1`.
    pub id: i64,
    /// The request of each occurrence.
    pub request: PrebookRequest,
    /// The days of the week on the box's calendar.
    pub weekdays: WeekdaySet,
    /// The last day, included.
    pub until: Option<NaiveDate>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl WeeklyRule {
    /// The command line that adds this rule with another request, which has no class id.
    pub fn command(&self, request: &PrebookRequest) -> String {
        let days = weekday_names(self.weekdays).join(",");
        let mut line = request.command_on(&format!("--weekly {days}"));
        if let Some(until) = self.until {
            append_flag(&mut line, "--until", &until.to_string());
        }
        line
    }
}

/// Reads one weekday or more from lists and ranges: `mon,wed`, `mon-fri`.
///
/// # Errors
/// A message that quotes what is not a weekday.
pub fn parse_weekdays(raw: &str) -> Result<WeekdaySet, String> {
    let weekday = |word: &str| {
        parse_weekday(word).ok_or_else(|| {
            let word = quote(word.trim());
            format!("{word} is not a weekday; use mon,wed or mon-fri")
        })
    };
    let mut days = WeekdaySet::EMPTY;
    for part in raw.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (weekday(first)?, weekday(last)?);
        days.insert(day);
        while day != last {
            day = day.succ();
            days.insert(day);
        }
    }
    Ok(days)
}

/// The short names of weekdays, Monday first.
pub fn weekday_names(days: WeekdaySet) -> Vec<&'static str> {
    days.iter(Weekday::Mon).map(weekday_short).collect()
}

/// Days of classes on which rules book nothing, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skip {
    /// The first skipped day.
    pub from: NaiveDate,
    /// The last skipped day.
    pub to: NaiveDate,
}

impl Skip {
    /// Whether the day is skipped.
    pub fn contains(&self, day: NaiveDate) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// The parts of this skip without the days of `other`. `None` if they have no day in common.
    pub fn without(&self, other: &Self) -> Option<Vec<Self>> {
        if other.to < self.from || self.to < other.from {
            return None;
        }
        let before = other.from.pred_opt().map(|to| Self { to, ..*self });
        let after = other.to.succ_opt().map(|from| Self { from, ..*self });
        let parts = [before, after].into_iter().flatten();
        Some(parts.filter(|part| part.from <= part.to).collect())
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{}..{}", self.from, self.to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_in_three_languages() {
        for (raw, expected) in [
            ("mon,wed", Some("mon,wed")),
            ("WED, Mon,wed", Some("mon,wed")),
            ("miércoles,dilluns", Some("mon,wed")),
            ("Domingo", Some("sun")),
            ("mon-fri", Some("mon,tue,wed,thu,fri")),
            ("V-D,martes", Some("tue,fri,sat,sun")),
            ("sat - mon", Some("mon,sat,sun")),
            ("X", Some("wed")),
            ("mon-", None),
            ("mon-wed-fri", None),
            ("-", None),
            ("", None),
            ("mon,", None),
            ("mon wed", None),
            ("tomorrow", None),
        ] {
            let read = parse_weekdays(raw)
                .ok()
                .map(|days| weekday_names(days).join(","));
            assert_eq!(read.as_deref(), expected, "{raw:?}");
        }
        assert_eq!(
            parse_weekdays("mon,whenever").unwrap_err(),
            "\"whenever\" is not a weekday; use mon,wed or mon-fri"
        );
    }

    #[test]
    fn days_taken_out_of_a_skip() {
        let day = |d: u32| NaiveDate::from_ymd_opt(2026, 12, d).unwrap();
        let skip = |from: u32, to: u32| Skip {
            from: day(from),
            to: day(to),
        };
        let whole = skip(10, 20);
        for (other, left) in [
            (skip(1, 9), None),
            (skip(21, 30), None),
            (skip(10, 20), Some(vec![])),
            (skip(1, 30), Some(vec![])),
            (skip(15, 15), Some(vec![skip(10, 14), skip(16, 20)])),
            (skip(5, 10), Some(vec![skip(11, 20)])),
            (skip(20, 25), Some(vec![skip(10, 19)])),
        ] {
            assert_eq!(whole.without(&other), left, "{other}");
        }
    }
}
