//! A booking request with an unknown outcome: the row decides, and if it cannot, no outcome is reported.

use serde_json::{Value, json};

use crate::support::{ANA, Fired, Scenario, outcomes, says, together, wait_for, with};

#[test]
fn doubts_at_the_opening() {
    together(&[
        ("never taken, and too late to repeat", never_taken),
        ("an answer and a row of an unknown form", unknown_state),
        ("something else of mine at that hour", same_hour),
        ("a waiting place's class is gone", place_vanished),
        ("a waiting place in an unknown state", place_unknown),
        ("the login ends before the row is read", login_ended),
    ]);
}

/// From the opening on.
fn fault(scene: &Scenario, path: &str, more: &Value) {
    let fault = json!({ "path": path, "count": -1, "from_ms": scene.faults_from_ms() });
    scene.sandbox.fault(&with(&fault, more.clone()));
}

fn empty_day() -> Value {
    json!({ "kind": "json", "body": { "bookings": [], "timetable": [], "day": "" } })
}

fn never_taken() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    fault(&scene, "/api/book", &json!({ "kind": "drop" }));
    let fired = scene.fired_with("--give-up 1s", 5);
    says(
        fired.only("unreachable"),
        &["not booked", "the schedule shows no booking"],
    );
    let stored = scene.ends(id, "pending", &[]);
    let printed = outcomes(&stored);
    assert!(
        printed.iter().all(|outcome| outcome == "lost"),
        "{printed:?}"
    );
    scene.sandbox.clear_faults();
    scene.books(id, &class);
}

fn unknown_state() {
    let (scene, class, id) =
        Scenario::prebooked(5, &json!({ "book_answers": [{ "bookState": 0 }] }), "");
    let run = scene.go("--give-up 1s");
    scene.looked_up();
    let row = json!({ "id": class, "time": "13:10 - 14:10", "className": "WOD", "bookState": 7 });
    let odd = json!({ "kind": "json", "body": { "bookings": [row] } });
    fault(&scene, "/api/bookings", &odd);
    let fired = Fired::of(run, 8);
    says(fired.only("unknown_outcome"), &["an unknown state"]);
    let stored = scene.ends(id, "pending", &[]);
    assert_eq!(outcomes(&stored), ["unproven"]);
    scene.sandbox.clear_faults();
    scene.books(id, &class);
}

/// Another class was booked by hand after the lookup: the request is refused, and the row is not the member's.
fn same_hour() {
    let scene = Scenario::new().opens_in(5);
    scene.class(&json!({}));
    let other = scene.class(&json!({ "name": "Yoga", "opens_at_ms": null }));
    let id = scene.add("");
    let run = scene.go("");
    scene.looked_up();
    scene.sandbox.reserve(ANA, &other, 1);
    let fired = Fired::of(run, 4);
    fired.is(&[("failed", 1)]);
    fired.only("same_time");
    let stored = scene.ends(id, "failed", &[&other]);
    assert_eq!(outcomes(&stored), ["same_hour"]);
}

fn place_vanished() {
    let (scene, class, id) = Scenario::queued();
    fault(&scene, "/api/bookings", &empty_day());
    let fired = scene.fired(6);
    says(fired.only("not_found"), &["no longer in the schedule"]);
    scene.ends(id, "waitlisted", &[&class]);
    scene.sandbox.clear_faults();
    scene.sandbox.reserve(ANA, &class, 1);
    scene.fired(0).is(&[("booked", 1)]);
}

fn place_unknown() {
    let (scene, class, id) = Scenario::queued();
    scene.sandbox.reserve(ANA, &class, 7);
    let fired = scene.fired(5);
    says(fired.only("unreachable"), &["an unknown state"]);
    scene.ends(id, "waitlisted", &[&class]);
}

/// The schedule shows no booking to a login that has ended, whatever the response to the request has shown of it.
fn login_ended() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    scene.sandbox.hold("/api/book");
    let run = scene.go("");
    wait_for("the booking", || {
        scene.sandbox.reservations(&class).len() == 1
    });
    scene.sandbox.stale(ANA);
    scene.sandbox.let_go();
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}
