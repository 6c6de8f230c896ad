//! Pure: which days a rule unfolds into, seen from an instant in a zone.

use super::*;
use crate::model::opening::OpeningRules;

/// The days, seen from `now` in `zone`, without settled days or skips.
fn unfolded(rule: &WeeklyRule, zone: Tz, now: &str) -> Vec<String> {
    let request = &rule.request;
    let opening = request.opening(&request.first, &OpeningRules::default());
    days(rule, zone, opening, &[], &BTreeSet::new(), at(now))
        .iter()
        .map(NaiveDate::to_string)
        .collect()
}

#[test]
fn fourteen_days_from_today_on() {
    let madrid = Tz::Europe__Madrid;
    for (weekdays, start, until, now, expected) in [
        // Saturday 21 November 2026: Sunday 22 … the last day is Friday 4 December
        (
            "mon,wed",
            "18:30",
            None,
            "2026-11-21T09:00:00Z",
            &["2026-11-23", "2026-11-25", "2026-11-30", "2026-12-02"][..],
        ),
        (
            "fri",
            "18:30",
            None,
            "2026-11-21T09:00:00Z",
            &["2026-11-27", "2026-12-04"],
        ),
        // today counts until the class starts, and a fortnight from today is the fifteenth day
        (
            "sat",
            "18:30",
            None,
            "2026-11-21T09:00:00Z",
            &["2026-11-21", "2026-11-28"],
        ),
        (
            "sat",
            "18:30",
            None,
            "2026-11-21T17:29:59Z",
            &["2026-11-21", "2026-11-28"],
        ),
        (
            "sat",
            "18:30",
            None,
            "2026-11-21T17:30:00Z",
            &["2026-11-28"],
        ),
        // the end is included
        (
            "mon,wed",
            "18:30",
            Some("2026-11-25"),
            "2026-11-21T09:00:00Z",
            &["2026-11-23", "2026-11-25"],
        ),
        (
            "mon,wed",
            "18:30",
            Some("2026-11-24"),
            "2026-11-21T09:00:00Z",
            &["2026-11-23"],
        ),
        (
            "mon,wed",
            "18:30",
            Some("2026-11-20"),
            "2026-11-21T09:00:00Z",
            &[],
        ),
        // 23:30 UTC is the next day in Madrid
        (
            "sun",
            "07:00",
            None,
            "2026-11-21T23:30:00Z",
            &["2026-11-22", "2026-11-29"],
        ),
        (
            "sat",
            "07:00",
            None,
            "2026-11-21T23:30:00Z",
            &["2026-11-28", "2026-12-05"],
        ),
        // 29 February
        (
            "tue",
            "18:30",
            None,
            "2028-02-20T09:00:00Z",
            &["2028-02-22", "2028-02-29"],
        ),
    ] {
        let rule = rule(weekdays, start, until, None);
        assert_eq!(
            unfolded(&rule, madrid, now),
            expected,
            "{weekdays} {start} {until:?} at {now}"
        );
    }
}

#[test]
fn both_nights_of_daylight_saving() {
    for (zone, weekdays, start, now, expected) in [
        // 02:30 does not exist on 28 March 2027 in Madrid: the class starts at 03:00 (01:00 UTC)
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2027-03-28T00:59:59Z",
            &["2027-03-28", "2027-04-04"][..],
        ),
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2027-03-28T01:00:00Z",
            &["2027-04-04"],
        ),
        // 02:30 exists twice on 25 October 2026: the first (00:30 UTC) counts
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2026-10-25T00:29:59Z",
            &["2026-10-25", "2026-11-01"],
        ),
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2026-10-25T00:30:00Z",
            &["2026-11-01"],
        ),
        // the calendar is the box's: still Saturday in New York, already Sunday in Tokyo
        (
            Tz::America__New_York,
            "sat",
            "23:00",
            "2026-11-22T03:00:00Z",
            &["2026-11-21", "2026-11-28"],
        ),
        (
            Tz::Asia__Tokyo,
            "sun",
            "07:00",
            "2026-11-21T21:59:59Z",
            &["2026-11-22", "2026-11-29"],
        ),
        (
            Tz::Atlantic__Canary,
            "sun",
            "00:30",
            "2026-11-22T00:00:00Z",
            &["2026-11-22", "2026-11-29"],
        ),
    ] {
        let rule = rule(weekdays, start, None, None);
        assert_eq!(
            unfolded(&rule, zone, now),
            expected,
            "{start} in {zone} at {now}"
        );
    }
}

#[test]
fn further_ones_when_they_open_within_seven_days() {
    let now = "2026-11-21T09:00:00Z";
    for (opens, until, last, count) in [
        // within the fortnight anyway
        ("4d", None, "2026-11-30", 2),
        ("14d", None, "2026-12-07", 3),
        // 20 days before: openings until 28 November 10:00, classes until 18 December
        ("20d@09:59", None, "2026-12-14", 4),
        ("23d@10:00", None, "2026-12-21", 5),
        ("23d@10:01", None, "2026-12-14", 4),
        ("23d@10:00", Some("2026-12-20"), "2026-12-14", 4),
        ("23d@10:00", Some("2026-12-21"), "2026-12-21", 5),
        ("552h", None, "2026-12-14", 4),
        // what has been open for long is not taken all at once
        ("30d", None, "2026-12-21", 5),
        ("60d", None, "2027-01-25", 5),
        ("366d", None, "2027-11-22", 5),
    ] {
        let rule = rule("mon", "18:30", until, Some(opens));
        let days = unfolded(&rule, Tz::Europe__Madrid, now);
        assert_eq!(
            (days.last().unwrap().as_str(), days.len()),
            (last, count),
            "{opens} {until:?}"
        );
    }
}

#[test]
fn the_rule_of_the_box_counts_where_the_weekly_rule_has_none() {
    let box_rule = Opening::given(
        "23d@10:00".parse().unwrap(),
        crate::model::opening::Source::Set,
    );
    let rules = OpeningRules {
        of_box: Some(box_rule),
        by_class: Vec::new(),
    };
    let days_of = |opens| {
        let rule = rule("mon", "18:30", None, opens);
        let opening = rule.request.opening(&rule.request.first, &rules);
        let now = at("2026-11-21T09:00:00Z");
        let settled = BTreeSet::new();
        days(&rule, Tz::Europe__Madrid, opening, &[], &settled, now).len()
    };
    assert_eq!((days_of(None), days_of(Some("4d"))), (5, 2));
}

#[test]
fn left_out() {
    let settled = [day("2026-11-25")].into();
    let rule = rule("mon,wed", "18:30", None, None);
    let skip = |from, to| Skip {
        from: day(from),
        to: day(to),
    };
    for (skips, expected) in [
        (vec![], &["2026-11-23", "2026-11-30", "2026-12-02"][..]),
        (
            vec![skip("2026-11-23", "2026-11-23")],
            &["2026-11-30", "2026-12-02"],
        ),
        // both ends included
        (
            vec![skip("2026-11-24", "2026-11-30")],
            &["2026-11-23", "2026-12-02"],
        ),
        (
            vec![
                skip("2026-11-01", "2026-11-23"),
                skip("2026-12-02", "2027-01-06"),
            ],
            &["2026-11-30"],
        ),
    ] {
        let zone = Tz::Europe__Madrid;
        let days: Vec<_> = days(&rule, zone, None, &skips, &settled, at(NOW))
            .iter()
            .map(NaiveDate::to_string)
            .collect();
        assert_eq!(days, expected, "{skips:?}");
    }
}
