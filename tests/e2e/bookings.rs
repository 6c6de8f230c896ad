//! `bookings`: what is booked in all boxes, and what was.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{ANA, BEN, BEN_PASSWORD, day, logged_in, madrid, start, today};

fn row(day: &str, name: &str, gym: &str, reservation: Option<&str>, state: &str) -> Value {
    json!({
        "day": day, "start": "13:10", "end": "14:10", "starts_at": madrid(day, "13:10").to_rfc3339(),
        "name": name, "box": gym, "reservation_id": reservation, "state": state,
    })
}

#[test]
fn all_boxes_unless_one_is_named() {
    let (sandbox, home) = start();
    home.log_in(BEN, BEN_PASSWORD);
    let one = sandbox.class(&json!({ "day": day(5), "start": "13:10", "name": "Uno" }));
    let two = sandbox.class(
        &json!({ "day": day(4), "start": "13:10", "name": "Dos", "box": "boxdos", "occupied": 12 }),
    );
    let first = sandbox.reserve(BEN, &one, 1);
    let second = sandbox.reserve(BEN, &two, 0);
    let printed = home.run("bookings").json();
    let expected = json!([
        row(&day(4), "Dos", "boxdos", Some(&second), "waitlisted"),
        row(&day(5), "Uno", "crossfitdemo", Some(&first), "booked"),
    ]);
    assert_eq!(printed["bookings"], expected);
    assert_eq!(printed["session"]["kind"], "device");
    let printed = home.run("bookings --box boxdos").json();
    assert_eq!(printed["bookings"].as_array().unwrap().len(), 1);
    // a reservation to cancel is looked for in one box
    let cancel = |args: &str| home.run("cancel --reservation").arg(&second).args(args);
    cancel("").fails(6, &["several boxes", "--box"]);
    cancel("--box crossfitdemo").fails(6, &["no reservation"]);
    let printed = cancel("--box boxdos").json();
    assert_eq!(printed["outcome"], "cancelled", "{printed}");
    assert!(sandbox.reservations(&two).is_empty());
}

#[test]
fn bookings_and_history_are_read_in_three_languages() {
    for language in ["es", "ca", "en"] {
        let (sandbox, home) = logged_in();
        sandbox.config(&json!({ "language": language }));
        let ahead = sandbox
            .class(&json!({ "day": day(40), "start": "13:10", "late": true, "name": "Tarde" }));
        sandbox.reserve(ANA, &ahead, 1);
        let past = (today() - chrono::Days::new(40)).to_string();
        let gone = sandbox.class(&json!({ "day": past, "start": "13:10", "name": "Ayer" }));
        sandbox.reserve(ANA, &gone, 1);
        let printed = home.run("bookings --history").json();
        assert_eq!(printed["bookings"][0]["day"], day(40), "{language}");
        let history = row(&past, "Ayer", "crossfitdemo", None, "booked");
        assert_eq!(printed["history"], json!([history]));
        assert_eq!(home.run("bookings").json()["history"], json!([]));
        home.run("cancel --time 13:10 --late --day +40").succeeds();
        let printed = home.run("bookings --history").json();
        let late: Vec<&Value> = printed["history"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|h| h["state"] == "late_cancelled")
            .collect();
        assert_eq!(late.len(), 1, "{printed}");
    }
}

/// Only the history has `late_cancelled`.
#[test]
fn an_upcoming_booking_is_booked_or_waitlisted() {
    let (sandbox, home) = logged_in();
    let row =
        json!({ "day": day(5), "time": "13:10 - 14:10", "className": "Uno", "lateCancel": 1 });
    let body = json!({ "nextClasses": [row], "history": [row] });
    sandbox.fault(&json!({ "path": "/api/nextBookings", "kind": "json", "body": body }));
    let printed = home.run("bookings --history").json();
    assert_eq!(printed["bookings"][0]["state"], "booked", "{printed}");
    assert_eq!(printed["history"][0]["state"], "late_cancelled");
}

#[test]
fn bookings_of_a_family_member_are_listed_apart() {
    let (sandbox, home) = logged_in();
    let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    sandbox.reserve(ANA, &id, 1);
    home.has_no_booking("--family 70002");
    home.run("book --day +3 --family 70002 --id")
        .arg(&id)
        .succeeds();
    let printed = home.run("bookings --family 70002").json();
    assert_eq!(printed["bookings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_day_in_an_unknown_language_is_no_answer() {
    let (sandbox, home) = logged_in();
    let next = json!({ "nextClasses": [{ "id": 1, "day": "Montag, 23. November", "time": "13:10", "className": "A", "bookState": 1 }] });
    sandbox.fault(&json!({ "path": "/api/nextBookings", "kind": "json", "body": next }));
    home.run("bookings").fails(5, &["Montag"]);
}

#[test]
fn prebookings_of_one_time_are_all_in_the_calendar() {
    let (_sandbox, home) = logged_in();
    for class in ["wod", "yoga", ""] {
        home.run("prebook add --opens 1d@00:00 +5 13:10")
            .args(class)
            .any_stdout()
            .any_stderr()
            .done();
    }
    let calendar = home.run("bookings --ics --prebookings").succeeds();
    for id in 1..=3 {
        let line = format!("DESCRIPTION:prebooking {id}");
        assert!(calendar.stdout.contains(&line), "{calendar:?}");
    }
    let uids: BTreeSet<_> = calendar
        .stdout
        .lines()
        .filter(|line| line.starts_with("UID:"))
        .collect();
    assert_eq!(uids.len(), 3, "{calendar:?}");
}
