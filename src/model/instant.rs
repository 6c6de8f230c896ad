//! Times and instants as JSON shows them, for serde's `serialize_with`: `18:30`, and RFC 3339 with offset in whole seconds. Also
//! arithmetic that does not overflow.

use std::fmt::Display;

use chrono::{DateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use serde::Serializer;

/// The instant `by` later (or earlier), at most the last (or first) one that exists. For instants that a server, a
/// user or a wrong clock supplies: `+` panics on overflow.
pub fn shifted(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by)
        .unwrap_or(if by < TimeDelta::zero() {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
}

/// `18:30`
pub fn hours_minutes<S: Serializer>(time: &NaiveTime, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&time.format("%H:%M"))
}

/// [`hours_minutes`], or `null`.
pub fn maybe_hours_minutes<S: Serializer>(
    time: &Option<NaiveTime>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => hours_minutes(time, to),
        None => to.serialize_none(),
    }
}

/// RFC 3339 with the zone's offset, in seconds.
pub fn instant<Z: TimeZone<Offset: Display>, S: Serializer>(
    at: &DateTime<Z>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Secs, false))
}

/// [`instant`], or `null`.
pub fn maybe_instant<Z: TimeZone<Offset: Display>, S: Serializer>(
    at: &Option<DateTime<Z>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, to),
        None => to.serialize_none(),
    }
}
