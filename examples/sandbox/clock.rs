//! The clock, `Date` headers, and conversion between instants and wall clocks. The server clock is the real one plus `skew_ms`
//! and is passed as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

/// Real unix microseconds.
pub(crate) fn now_us() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
    }
}

/// Real unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    now_us().div_euclid(1000)
}

/// The instant as UTC; the epoch if it is out of range.
pub(crate) fn utc(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// `Sat, 21 Nov 2026 03:32:16 GMT`: whole seconds, rounded down like the headers of real servers.
pub(crate) fn http_date(ms: i64) -> String {
    utc(ms).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The instant of a wall clock reading: the first of two, or the first that exists after a gap.
pub(crate) fn instant_ms(wall: NaiveDateTime, zone: Tz) -> i64 {
    let mut probe = wall;
    for _ in 0..=(26 * 60) {
        match zone.from_local_datetime(&probe) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                return at.timestamp_millis();
            }
            LocalResult::None => probe += Duration::minutes(1),
        }
    }
    wall.and_utc().timestamp_millis()
}

/// The wall clock of `zone` at an instant.
pub(crate) fn wall(ms: i64, zone: Tz) -> NaiveDateTime {
    utc(ms).with_timezone(&zone).naive_local()
}
