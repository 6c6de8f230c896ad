//! The instants that rules mean, over clock changes, leap days and zones.

use super::{date, rows, time, utc};
use crate::model::opening::Rule;
use crate::model::zone::parse_zone;
use chrono_tz::Tz;

/// An opening rule, the zone of the box, day and start of the class, and the opening.
const OPENINGS: &str = "
4d          Europe/Madrid    2026-11-24 18:30 2026-11-20T18:30:00+01:00
# protocol.md §6: the clocks change in between
4d          Europe/Madrid    2026-10-28 08:00 2026-10-24T08:00:00+02:00
4d@07:00    Europe/Madrid    2026-10-28 08:00 2026-10-24T07:00:00+02:00
4d@07:00:30 Europe/Madrid    2026-11-24 18:30 2026-11-20T07:00:30+01:00
0d@00:00    Europe/Madrid    2026-11-24 18:30 2026-11-24T00:00:00+01:00
# hours that pass: 96 h are an hour off the wall over each change
96h         Europe/Madrid    2026-10-28 08:00 2026-10-24T09:00:00+02:00
96h         Europe/Madrid    2027-03-30 08:00 2027-03-26T07:00:00+01:00
46h         Europe/Madrid    2026-11-24 18:30 2026-11-22T20:30:00+01:00
# the night into summer: 02:30 is not there
4d@02:30    Europe/Madrid    2027-04-01 18:30 2027-03-28T03:00:00+02:00
sun@02:30   Europe/Madrid    2027-04-01 18:30 2027-03-28T03:00:00+02:00
# the night into winter: the first 02:30
1d@02:30    Europe/Madrid    2026-10-26 18:30 2026-10-25T02:30:00+02:00
# a class in that night itself: it starts at the first 02:30
1h          Europe/Madrid    2026-10-25 02:30 2026-10-25T01:30:00+02:00
1h          Europe/Madrid    2027-03-28 02:30 2027-03-28T01:00:00+01:00
# 29 February
1d          Europe/Madrid    2028-03-01 10:00 2028-02-29T10:00:00+01:00
1d          Europe/Madrid    2027-03-01 10:00 2027-02-28T10:00:00+01:00
366d        Europe/Madrid    2029-03-01 10:00 2028-02-29T10:00:00+01:00
# whole weeks: the Sunday before, seven days before for a Sunday class
sun@20:00   Europe/Madrid    2026-11-23 18:30 2026-11-22T20:00:00+01:00
sun@20:00   Europe/Madrid    2026-11-28 18:30 2026-11-22T20:00:00+01:00
sun@20:00   Europe/Madrid    2026-11-29 21:00 2026-11-22T20:00:00+01:00
mon@00:00   Europe/Madrid    2026-11-29 10:00 2026-11-23T00:00:00+01:00
4d          America/New_York 2027-03-16 06:00 2027-03-12T06:00:00-05:00
48h         America/New_York 2026-11-02 06:00 2026-10-31T07:00:00-04:00
4d          Asia/Tokyo       2026-10-28 08:00 2026-10-24T08:00:00+09:00
4d          Atlantic/Canary  2026-10-28 08:00 2026-10-24T08:00:00+01:00
1d@01:30    Atlantic/Canary  2027-03-29 08:00 2027-03-28T02:00:00+01:00
4d@22:00    America/Caracas  2026-11-24 18:30 2026-11-20T22:00:00-04:00
72h         Europe/Berlin    2027-03-29 18:30 2027-03-26T17:30:00+01:00
";

#[test]
fn opening_instants() {
    for [rule, zone, day, start, expected] in rows(OPENINGS) {
        let rule: Rule = rule.parse().unwrap();
        let tz = parse_zone(zone).unwrap();
        let instant = rule.opens_at(date(day), time(start), tz);
        assert_eq!(
            instant.to_rfc3339(),
            expected,
            "{rule} {zone} {day} {start}"
        );
    }
    let protocol = "4d".parse::<Rule>().unwrap();
    let instant = protocol.opens_at(date("2026-10-28"), time("08:00"), Tz::Europe__Madrid);
    assert_eq!(instant, utc("2026-10-24T06:00:00Z"));
}
