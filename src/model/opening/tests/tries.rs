//! When a guess and a rule are tried, and which source wins.

use super::{date, time, utc};
use crate::model::opening::{Learned, Opening, Rule, Source};
use chrono_tz::Tz;

#[test]
fn tries_of_a_guess() {
    let guess = Opening::learned(Learned::Days(4));
    assert_eq!(
        (guess.to_string().as_str(), guess.source),
        ("4d?", Source::Learned)
    );
    for (day, start, now, expected) in [
        (
            "2026-11-24",
            "18:40",
            "2026-11-01T00:00:00Z",
            "2026-11-20T00:00:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-19T22:59:59Z",
            "2026-11-20T00:00:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-19T23:00:00Z",
            "2026-11-20T00:30:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:10:00Z",
            "2026-11-20T18:30:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:30:00Z",
            "2026-11-20T18:40:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:39:59.999Z",
            "2026-11-20T18:40:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:40:00Z",
            "2026-11-20T19:00:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-22T09:00:00Z",
            "2026-11-22T10:30:00+01:00",
        ),
        // half hours that pass, over the night into summer
        (
            "2027-04-01",
            "18:30",
            "2027-03-28T00:45:00Z",
            "2027-03-28T03:00:00+02:00",
        ),
    ] {
        let next = guess.next_half_hour_try(utc(now), date(day), time(start), Tz::Europe__Madrid);
        assert_eq!(
            next.unwrap().to_rfc3339(),
            expected,
            "{day} {start} at {now}"
        );
    }
    let first = guess.first_try(date("2026-09-10"), time("10:00"), Tz::America__Santiago);
    assert_eq!(
        first.to_rfc3339(),
        "2026-09-06T01:00:00-03:00",
        "a midnight that is not there"
    );
}

#[test]
fn a_rule_is_tried_at_its_opening_only() {
    let opening = Opening::given("4d@07:00".parse().unwrap(), Source::Config);
    let (day, start, tz) = (date("2026-11-24"), time("18:30"), Tz::Europe__Madrid);
    let opens = opening.opens_at(day, start, tz);
    assert_eq!(opens.to_rfc3339(), "2026-11-20T07:00:00+01:00");
    assert_eq!(opening.first_try(day, start, tz), opens);
    let next = |now: &str| opening.next_half_hour_try(utc(now), day, start, tz);
    assert_eq!(next("2026-11-20T05:59:59Z"), Some(opens));
    assert_eq!(next("2026-11-20T06:00:00Z"), None);
    let hours = Opening::learned(Learned::Hours(46));
    assert!(!hours.guess && hours.first_try(day, start, tz) == hours.opens_at(day, start, tz));
}

#[test]
fn the_order_of_sources() {
    let rule = |s: &str| Some(s.parse::<Rule>().unwrap());
    let learned = Some(Learned::Days(4));
    for (option, config, set, expected) in [
        (rule("1d"), rule("2d"), rule("3d"), "1d Option"),
        (None, rule("2d"), rule("3d"), "2d Config"),
        (None, None, rule("3d"), "3d Set"),
        (None, None, None, "4d? Learned"),
    ] {
        let opening = Opening::choose(option, config, set, learned).unwrap();
        assert_eq!(format!("{opening} {:?}", opening.source), expected);
    }
    assert_eq!(Opening::choose(None, None, None, None), None);
    assert_eq!(
        serde_json::to_string(&Source::Learned).unwrap(),
        "\"learned\""
    );
}
