//! How days and instants are written in text.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::clock;
use crate::model::time::human_age;

/// `Monday 23 November 2026`
pub(crate) fn long_day(day: NaiveDate) -> String {
    day.format("%A %-d %B %Y").to_string()
}

/// `Mon 23 Nov`, with the year if it is not the present one.
pub(crate) fn short_day(day: NaiveDate, zone: Tz, now: DateTime<Utc>) -> String {
    format!("{}{}", day.format("%a %-d %b"), other_year(day, zone, now))
}

/// The same at a fixed width, for tables: `Thu  3 Dec`.
pub(crate) fn table_day(day: NaiveDate, zone: Tz, now: DateTime<Utc>) -> String {
    format!("{}{}", day.format("%a %e %b"), other_year(day, zone, now))
}

fn other_year(day: NaiveDate, zone: Tz, now: DateTime<Utc>) -> String {
    match day.year() {
        year if year == now.with_timezone(&zone).year() => String::new(),
        year => format!(" {year}"),
    }
}

/// `Mon 23 Nov 18:30`, with the year if it is not the present one.
pub(crate) fn moment(at: DateTime<Tz>, now: DateTime<Utc>) -> String {
    let day = short_day(at.date_naive(), at.timezone(), now);
    format!("{day} {}", at.format("%H:%M"))
}

/// `opens Thu 19 Nov 07:00`, with the year if it is not the present one; `opens about …` if the rule is a guess.
pub(crate) fn opens_at(at: Option<DateTime<Tz>>, is_guess: bool) -> String {
    let about = if is_guess { "about " } else { "" };
    at.map_or_else(
        || "not open yet".into(),
        |at| format!("opens {about}{}", moment(at, clock::now())),
    )
}

/// The state of a class whose booking was still too early then: `was not open Thu 19 Nov 07:00`
pub(crate) fn not_open_yet(refused: DateTime<Tz>, now: DateTime<Utc>) -> String {
    format!("was not open {}", moment(refused, now))
}

/// How far a request was from the opening: `3.2 ms after the opening`, `4.0 s before the opening`
pub(crate) fn lateness(ms: f64) -> String {
    let side = if ms < 0.0 { "before" } else { "after" };
    let span = match ms.abs() {
        ms if ms < 1000.0 => format!("{ms:.1} ms"),
        ms if ms < 60_000.0 => format!("{:.1} s", ms / 1000.0),
        #[allow(clippy::cast_possible_truncation)] // a cast from a double saturates
        ms => human_age(TimeDelta::try_milliseconds(ms as i64).unwrap_or(TimeDelta::MAX)),
    };
    format!("{span} {side} the opening")
}
