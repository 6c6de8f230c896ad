//! When booking opens: `4d`, `4d@07:00`, `46h`, `sun@20:00` (protocol.md §6, "When booking opens").
//!
//! Written independently of the product's rules, so that the two check each other.

use chrono::{Datelike, Duration, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;

use crate::clock;

/// A box's opening rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    /// Days before on the box's calendar, at the class's own wall time or at a fixed one.
    Days(u32, Option<NaiveTime>),
    /// Elapsed hours.
    Hours(u32),
    /// The last such weekday and time before the class's day.
    Weekly(Weekday, NaiveTime),
}

/// How far ahead booking opens, as written in the refusal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Notice {
    Days(i64),
    Hours(i64),
}

impl Rule {
    /// Parses a rule.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, time) = match text.trim().split_once('@') {
            Some((head, time)) => (head, Some(parse_time(time)?)),
            None => (text.trim(), None),
        };
        if let Some(days) = head.strip_suffix('d') {
            return Some(Self::Days(days.parse().ok().filter(|n| *n <= 366)?, time));
        }
        if let Some(hours) = head.strip_suffix('h') {
            let hours = hours.parse().ok().filter(|n| (1..=9000).contains(n))?;
            return time.is_none().then_some(Self::Hours(hours));
        }
        Some(Self::Weekly(head.parse().ok()?, time?))
    }

    /// The opening instant, unix milliseconds, of a class at that wall time.
    pub(crate) fn opens_ms(self, start: NaiveDateTime, zone: Tz) -> i64 {
        match self {
            Self::Hours(hours) => clock::instant_ms(start, zone) - i64::from(hours) * 3_600_000,
            Self::Days(days, time) => {
                let day = start.date() - Duration::days(i64::from(days));
                clock::instant_ms(day.and_time(time.unwrap_or(start.time())), zone)
            }
            Self::Weekly(weekday, time) => {
                let since = start.weekday().days_since(weekday);
                let back = if since == 0 { 7 } else { since };
                let day = start.date() - Duration::days(i64::from(back));
                clock::instant_ms(day.and_time(time), zone)
            }
        }
    }

    /// The notice in the refusal.
    pub(crate) fn notice(self, start: NaiveDateTime, zone: Tz) -> Notice {
        match self {
            Self::Hours(hours) => Notice::Hours(i64::from(hours)),
            Self::Days(days, _) => Notice::Days(i64::from(days)),
            Self::Weekly(..) => notice_between(self.opens_ms(start, zone), start, zone),
        }
    }
}

/// The notice for an opening given as an instant: calendar days, or hours within one day.
pub(crate) fn notice_between(opens_ms: i64, start: NaiveDateTime, zone: Tz) -> Notice {
    let days = (start.date() - clock::wall(opens_ms, zone).date()).num_days();
    if days >= 1 {
        return Notice::Days(days);
    }
    let hours = (clock::instant_ms(start, zone) - opens_ms)
        .max(0)
        .div_euclid(3_600_000);
    Notice::Hours(hours.max(1))
}

/// `07:00` or `07:00:30`.
pub(crate) fn parse_time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    NaiveTime::parse_from_str(text, "%H:%M:%S")
        .or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
        .ok()
}
