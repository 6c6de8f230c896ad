//! Openings on odd days and in other zones. Machine and server are taken to that moment; the
//! expected instant is written down by hand, in UTC, and by the box's own clock.

use std::thread;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::support::{Fired, Scenario, outcomes, real_ms, together};

/// A class, its box's rule, and when booking opens.
#[derive(Clone, Copy, Debug)]
struct Case {
    zone: &'static str,
    rule: &'static str,
    class: (&'static str, &'static str),
    opens: &'static str,
    shown: &'static str,
}

const fn case(
    zone: &'static str,
    rule: &'static str,
    class: (&'static str, &'static str),
    opens: &'static str,
    shown: &'static str,
) -> Case {
    Case {
        zone,
        rule,
        class,
        opens,
        shown,
    }
}

#[rustfmt::skip]
const CASES: [Case; 13] = [
    // the night that has no 02:30
    case("Europe/Madrid", "4d", ("2027-04-01", "02:30"), "2027-03-28T01:00:00Z", "2027-03-28T03:00:00+02:00"),
    // the night that has 02:30 twice: the first
    case("Europe/Madrid", "4d", ("2027-11-04", "02:30"), "2027-10-31T00:30:00Z", "2027-10-31T02:30:00+02:00"),
    // days are counted on the wall, hours as they pass
    case("Europe/Madrid", "4d", ("2027-11-02", "08:00"), "2027-10-29T06:00:00Z", "2027-10-29T08:00:00+02:00"),
    case("Europe/Madrid", "46h", ("2027-11-01", "08:00"), "2027-10-30T09:00:00Z", "2027-10-30T11:00:00+02:00"),
    case("Europe/Madrid", "4d", ("2028-03-04", "18:30"), "2028-02-29T17:30:00Z", "2028-02-29T18:30:00+01:00"),
    case("Europe/Madrid", "2d@07:00", ("2028-02-29", "18:35"), "2028-02-27T06:00:00Z", "2028-02-27T07:00:00+01:00"),
    case("Europe/Madrid", "sun@20:00", ("2028-03-05", "10:10"), "2028-02-27T19:00:00Z", "2028-02-27T20:00:00+01:00"),
    case("America/New_York", "4d", ("2027-03-18", "02:30"), "2027-03-14T07:00:00Z", "2027-03-14T03:00:00-04:00"),
    case("America/New_York", "1d@21:30", ("2026-12-24", "06:10"), "2026-12-24T02:30:00Z", "2026-12-23T21:30:00-05:00"),
    case("Asia/Tokyo", "2d@07:00", ("2026-12-31", "06:10"), "2026-12-28T22:00:00Z", "2026-12-29T07:00:00+09:00"),
    case("Asia/Tokyo", "0d@00:00", ("2027-01-01", "10:10"), "2026-12-31T15:00:00Z", "2027-01-01T00:00:00+09:00"),
    case("Atlantic/Canary", "4d", ("2027-04-01", "01:30"), "2027-03-28T01:00:00Z", "2027-03-28T02:00:00+01:00"),
    case("Atlantic/Canary", "4d@00:00", ("2027-07-10", "18:30"), "2027-07-05T23:00:00Z", "2027-07-06T00:00:00+01:00"),
];

pub(crate) fn unix_ms(at: &str) -> i64 {
    at.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
}

/// A scenario in which that instant is this number of seconds away.
pub(crate) fn shortly_before(at: &str, seconds: i64) -> Scenario {
    let mut scene = Scenario::at((unix_ms(at) - real_ms()) / 1000 - seconds);
    scene.opens_ms = unix_ms(at);
    scene
}

pub(crate) fn to_time(scene: &mut Scenario, at: &str, seconds: i64) {
    scene.clocks((unix_ms(at) - real_ms()) / 1000 - seconds);
    scene.opens_ms = unix_ms(at);
}

/// The box's zone and rule, on both sides.
fn in_box(scene: &mut Scenario, zone: &str, rule: &str) {
    scene.zone = zone.parse::<Tz>().unwrap();
    let gym = json!({ "name": "crossfitdemo", "timezone": zone, "opens": rule });
    scene.sandbox.gym(&gym);
    let set = format!("boxes set crossfitdemo --timezone {zone} --opens {rule}");
    scene.command(&set).succeeds();
}

pub(crate) fn add(scene: &Scenario, day: &str, time: &str) -> Value {
    let add = format!("prebook add --day {day} --time {time} --class WOD");
    let printed = scene.command(&add).any_stderr().json();
    printed["prebookings"][0].clone()
}

fn plays(case: &Case) {
    let mut scene = shortly_before(case.opens, 6);
    in_box(&mut scene, case.zone, case.rule);
    let (day, start) = case.class;
    let class = scene.class(&json!({ "day": day, "start": start, "opens_at_ms": null }));
    let added = add(&scene, day, start);
    assert_eq!(added["opens_at"], case.shown, "{added}");
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    assert_eq!(fired.only("booked")["opens_at"], case.shown, "{fired:?}");
    scene.on_time();
    scene.ends(added["id"].as_i64().unwrap(), "booked", &[&class]);
}

#[test]
fn odd_nights_and_other_zones() {
    let failed: Vec<&Case> = thread::scope(|scope| {
        let running: Vec<_> = CASES
            .iter()
            .map(|case| (case, scope.spawn(|| plays(case))))
            .collect();
        together(&[
            ("hours, named by a refusal", moved_by_hours),
            ("an alternative that opens later", later_alternative),
        ]);
        let ended = running.into_iter().map(|(case, it)| (case, it.join()));
        ended
            .filter_map(|(case, end)| end.is_err().then_some(case))
            .collect()
    });
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The rule is a minute too early; the refusal names the instant, and the run moves there.
fn moved_by_hours() {
    let at = "2027-01-11T16:30:00Z"; // 17:30 in Madrid
    let mut scene = shortly_before(at, 8);
    in_box(&mut scene, "Europe/Madrid", "46h");
    let class = json!({ "day": "2027-01-13", "start": "15:30", "opens_at_ms": null });
    let class = scene.class(&class);
    let wrong = "prebook add --day 2027-01-13 --time 15:30 --class WOD --opens 2d@17:29:55";
    let printed = scene.command(wrong).any_stderr().json();
    let id = printed["prebookings"][0]["id"].as_i64().unwrap();
    let fired = Fired::of(scene.go("--give-up 500ms"), 0);
    // of two results of a prebooking, the later one is printed
    fired.is(&[("booked", 1)]);
    let opens_at = &fired.only("booked")["opens_at"];
    assert_eq!(*opens_at, "2027-01-11T17:30:00+01:00", "{fired:?}");
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

/// The first opened an hour ago and is full; the alternative has its own opening.
fn later_alternative() {
    let at = "2027-01-11T17:30:00Z"; // 18:30 in Madrid
    let mut scene = shortly_before(at, 5);
    in_box(&mut scene, "Europe/Madrid", "4d");
    let (day, full) = ("2027-01-15", 12);
    scene.class(&json!({ "day": day, "start": "17:20", "opens_at_ms": null, "occupied": full }));
    let other =
        scene.class(&json!({ "day": day, "start": "18:30", "opens_at_ms": null, "name": "Yoga" }));
    let add = "prebook add --day 2027-01-15 --time 17:20 --class WOD --or";
    let printed = scene.command(add).arg("18:30 yoga").any_stderr().json();
    let id = printed["prebookings"][0]["id"].as_i64().unwrap();
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    assert_eq!(
        fired.only("booked")["opens_at"],
        "2027-01-11T18:30:00+01:00"
    );
    scene.on_time();
    let stored = scene.ends(id, "booked", &[&other]);
    assert_eq!(outcomes(&stored), ["full", "booked"], "{stored}");
}
