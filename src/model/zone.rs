//! Zone names, and conversion of a box's wall times to instants (promise 10).

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::text::quote;

/// Minutes that a zone change skips at most (Pacific/Apia, 2011).
const MAX_GAP: i64 = 24 * 60;

/// Returns the zone with this IANA name. Case is ignored.
pub fn parse_zone(input: &str) -> Result<Tz, String> {
    let name = input.trim();
    TZ_VARIANTS
        .iter()
        .copied()
        .find(|tz| tz.name().eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            format!(
                "unknown time zone {}; use an IANA name such as Europe/Madrid",
                quote(name)
            )
        })
}

/// Returns the instant at which a wall clock in `tz` shows `wall`: the first if it does so twice, the end of the gap if it never
/// does.
pub fn resolve(tz: Tz, wall: NaiveDateTime) -> DateTime<Tz> {
    match tz.from_local_datetime(&wall) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant,
        LocalResult::None => after_gap(tz, wall),
    }
}

/// The first whole minute after `wall` that the clock shows.
fn after_gap(tz: Tz, wall: NaiveDateTime) -> DateTime<Tz> {
    let minute = wall.with_nanosecond(0).and_then(|wall| wall.with_second(0));
    let mut later =
        (1..=MAX_GAP).filter_map(|by| minute?.checked_add_signed(TimeDelta::minutes(by)));
    let shown = later.find_map(|wall| tz.from_local_datetime(&wall).earliest());
    shown.unwrap_or_else(|| tz.from_utc_datetime(&wall))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;

    #[test]
    fn zones() {
        for (input, expected) in [
            ("Europe/Madrid", Tz::Europe__Madrid),
            (" atlantic/canary ", Tz::Atlantic__Canary),
            (
                "America/Argentina/Buenos_Aires",
                Tz::America__Argentina__Buenos_Aires,
            ),
            ("utc", Tz::UTC),
        ] {
            assert_eq!(parse_zone(input), Ok(expected), "{input:?}");
        }
        for input in [
            "",
            "Madrid",
            "Europe/Barcelona",
            "+01:00",
            "Europe/Madrid/",
            "Europe\nMadrid",
        ] {
            let error = parse_zone(input).unwrap_err();
            assert!(
                error.starts_with("unknown time zone ") && !error.contains('\n'),
                "{error}"
            );
        }
    }

    /// A zone, a wall time, and its instant.
    const WALL_TIMES: &str = "
Europe/Madrid       2026-11-23T18:30:00 2026-11-23T18:30:00+01:00
# into summer: 02:00 becomes 03:00
Europe/Madrid       2027-03-28T01:59:59 2027-03-28T01:59:59+01:00
Europe/Madrid       2027-03-28T02:00:00 2027-03-28T03:00:00+02:00
Europe/Madrid       2027-03-28T02:30:00 2027-03-28T03:00:00+02:00
Europe/Madrid       2027-03-28T02:59:59 2027-03-28T03:00:00+02:00
Europe/Madrid       2027-03-28T03:00:00 2027-03-28T03:00:00+02:00
# into winter: 02:30 twice
Europe/Madrid       2026-10-25T02:30:00 2026-10-25T02:30:00+02:00
Europe/Madrid       2026-10-25T03:00:00 2026-10-25T03:00:00+01:00
Atlantic/Canary     2027-03-28T01:30:00 2027-03-28T02:00:00+01:00
America/New_York    2027-03-14T02:30:00 2027-03-14T03:00:00-04:00
America/New_York    2026-11-01T01:30:00 2026-11-01T01:30:00-04:00
Asia/Tokyo          2027-03-28T02:30:00 2027-03-28T02:30:00+09:00
# gaps at midnight
America/Santiago    2026-09-06T00:00:00 2026-09-06T01:00:00-03:00
Asia/Beirut         2026-03-29T00:30:00 2026-03-29T01:00:00+03:00
# Caracas went half an hour forward on 2016-05-01
America/Caracas     2016-05-01T02:45:00 2016-05-01T03:00:00-04:00
Australia/Lord_Howe 2026-10-04T02:10:00 2026-10-04T02:30:00+11:00
# Samoa had no 2011-12-30
Pacific/Apia        2011-12-30T00:00:00 2011-12-31T00:00:00+14:00
Pacific/Apia        2011-12-30T12:00:00 2011-12-31T00:00:00+14:00
Pacific/Apia        2011-12-30T23:59:59 2011-12-31T00:00:00+14:00
Pacific/Apia        2011-12-29T23:59:59 2011-12-29T23:59:59-10:00
";

    #[test]
    fn wall_times() {
        let is_row = |row: &&str| !row.is_empty() && !row.starts_with('#');
        for row in WALL_TIMES.lines().filter(is_row) {
            let row: Vec<_> = row.split_whitespace().collect();
            let [zone, time, expected] = row[..] else {
                panic!("{row:?}");
            };
            let instant = resolve(parse_zone(zone).unwrap(), time.parse().unwrap());
            assert_eq!(instant.to_rfc3339(), expected, "{zone} {time}");
        }
    }

    proptest! {
        #[test]
        fn never_before_the_wall_time(zone in 0..TZ_VARIANTS.len(), day in 0u64..36_000, second in 0u32..86_400) {
            let day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + Days::new(day);
            let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
            let asked = day.and_time(time);
            let shown = resolve(TZ_VARIANTS[zone], asked).naive_local();
            prop_assert!(shown >= asked && shown - asked <= TimeDelta::hours(24));
        }

        #[test]
        fn any_zone_name(input in "(?s).{0,30}") {
            let _ = parse_zone(&input);
        }
    }
}
