//! Days as the boxes of the sandbox see them.

use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Europe::Madrid;
use chrono_tz::Tz;

/// Today in Madrid. Tests that could meet midnight use days further ahead.
pub(crate) fn today() -> NaiveDate {
    Utc::now().with_timezone(&Madrid).date_naive()
}

/// The date this many days from today: `2026-11-23`.
pub(crate) fn day(ahead: u64) -> String {
    (today() + Days::new(ahead)).to_string()
}

/// A wall clock reading in Madrid as an instant.
pub(crate) fn madrid(day: &str, time: &str) -> DateTime<Tz> {
    let wall = format!("{day}T{time}:00")
        .parse()
        .expect("a day and a time");
    Madrid
        .from_local_datetime(&wall)
        .single()
        .expect("a time that exists once")
}
