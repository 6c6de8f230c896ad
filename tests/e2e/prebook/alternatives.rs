//! Prebookings that change before they are booked: a choice whose class has started or opens much later, a prebooking that
//! is removed at the last moment, a class that is deleted while `book --wait` waits.

use chrono::{Timelike, Utc};
use serde_json::json;

use crate::support::{Fired, START, Scenario, logged_in, madrid, together};

#[test]
fn another_turn() {
    together(&[
        ("the other opens hours later", other_opens_later),
        ("taken back two seconds before", taken_back),
        ("gone while a person waits", gone_while_waiting),
    ]);
}

/// One choice is full and the other is not open yet: the run waits for that opening, and reads the first again then.
fn other_opens_later() {
    let scene = Scenario::new().opens_in(1);
    let full = scene.class(&json!({ "start": "08:10", "occupied": 12, "opens_at_ms": null }));
    scene.class(&json!({ "start": "20:10" }));
    // in the hours before the first opened
    let first = madrid(&scene.day.to_string(), "08:10");
    let hours = (first.to_utc() - Utc::now()).num_hours() + 1;
    let add = scene.command("prebook add --time 8:10 --class WOD --or 20:10 --day");
    let add = add
        .arg(scene.day.to_string())
        .args(&format!("--opens {hours}h"));
    let printed = add.any_stderr().json();
    let id = printed["prebookings"][0]["id"].as_i64().unwrap();
    let fired = scene.fired(0);
    let result = fired.only("too_early");
    assert!(result["opens_at"].is_string(), "{result}");
    assert_eq!(scene.requests().len(), 1, "only the first was asked for");
    scene.ends(id, "pending", &[]);
    scene.patch(&full, &json!({ "occupied": 5 }));
    scene.books(id, &full);
}

fn taken_back() {
    let (scene, _, id) = Scenario::prebooked(6, &json!({}), "");
    let run = scene.go("");
    scene.looked_up();
    scene.wait_until(-2500);
    let remove = scene.command(&format!("prebook remove {id}"));
    remove.succeeds();
    let fired = Fired::of(run, 0);
    assert_eq!(fired.count("due"), 0, "{fired:?}");
    assert!(scene.requests().is_empty(), "it was removed");
    assert_eq!(scene.sandbox.counters()["books"], 0);
}

fn gone_while_waiting() {
    let (sandbox, home) = logged_in();
    let opens = Utc::now().with_nanosecond(0).unwrap() + chrono::TimeDelta::seconds(6);
    let wall = opens.with_timezone(&chrono_tz::Europe::Madrid);
    let day = (wall.date_naive() + chrono::Days::new(2)).to_string();
    let class = json!({ "day": day, "start": START, "name": "WOD", "opens_at_ms": opens.timestamp_millis() });
    sandbox.class(&class);
    let rule = format!("2d@{}", wall.format("%H:%M:%S"));
    home.run("boxes set crossfitdemo --opens")
        .arg(rule)
        .succeeds();
    let wait = home
        .run(&format!("book --wait --time {START} --class WOD --day"))
        .arg(&day);
    // there when it is asked for, and never again
    sandbox.fault(&json!({
        "path": "/api/bookings", "kind": "json", "skip": 1, "count": -1, "body": { "bookings": [] },
    }));
    let printed = wait
        .arg("--json")
        .any_stderr()
        .any_stdout()
        .status(6)
        .done();
    assert!(printed.stdout.contains("not_found"), "{printed:?}");
    assert!(sandbox.sent("/api/book").is_empty());
    let listed = home.run("bookings").json();
    assert_eq!(listed["bookings"], json!([]));
}
