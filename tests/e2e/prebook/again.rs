//! A later attempt after an earlier one: a class that may have been booked, a class that the box has cancelled, a class
//! that is not enabled yet.

use serde_json::json;

use crate::support::{ANA, Running, Scenario, together, wait_for};

#[test]
fn tries_after_tries() {
    together(&[
        ("killed, then out of reach, then well", killed_then_down),
        ("mine, but cancelled by the gym", mine_but_cancelled),
        ("mine, under the number of another class", mine_but_another),
        ("full, and the other one closed", full_and_closed),
        ("closed, and the other one full", closed_and_full),
        ("out of reach when it is to queue", queue_out_of_reach),
        (
            "a waiting place out of reach, and again",
            place_out_of_reach,
        ),
    ]);
}

fn kill_when_acted(scene: &Scenario, run: Running, class: &str) {
    wait_for("the booking", || {
        !scene.sandbox.reservations(class).is_empty()
    });
    run.kill();
    assert_eq!(scene.stored(1)["status"], "pending");
    scene.sandbox.clear_faults();
}

/// A killed run has booked the alternative. The next run cannot read the schedule, and then the first choice has a free place
/// again.
fn killed_then_down() {
    let scene = Scenario::new().opens_in(2);
    let full = scene.class(&json!({ "occupied": 12 }));
    let other = scene.class(&json!({ "start": "14:10", "name": "Open Box" }));
    let id = scene.add("--or 14:10");
    let lost = json!({ "path": "/api/book", "kind": "hang", "after": true, "skip": 1, "from_ms": scene.opens_ms });
    scene.sandbox.fault(&lost);
    kill_when_acted(&scene, scene.go(""), &other);
    scene.sandbox.down();
    scene.fired_with("--give-up 200ms", 5).only("unreachable");
    scene.sandbox.clear_faults();
    scene.patch(&full, &json!({ "occupied": 5 }));
    scene.books(id, &other);
}

/// Both were full. The member booked the first by hand, and the box cancelled that class.
fn mine_but_cancelled() {
    let scene = Scenario::new().opens_in(1);
    let first = scene.class(&json!({ "occupied": 12 }));
    let other = scene.class(&json!({ "start": "14:10", "occupied": 12 }));
    let id = scene.add("--or 14:10 --watch");
    scene.wait_until(0);
    scene.fired_with("--horizon 1s", 0).is(&[("postponed", 1)]);
    scene.sandbox.reserve(ANA, &first, 1);
    let cancelled = json!({ "cancelled": true });
    scene.patch(&first, &cancelled);
    scene.patch(&other, &json!({ "occupied": 5 }));
    scene.fired(0).is(&[("booked", 1)]);
    assert_eq!(scene.stored(id)["status"], "booked");
    assert_eq!(scene.sandbox.reservations(&other).len(), 1);
}

/// A request was lost. Then the box gave the class id to another class, which was booked by hand.
fn mine_but_another() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    scene
        .sandbox
        .fault(&json!({ "path": "/api/book", "kind": "drop", "count": -1 }));
    scene.fired_with("--give-up 1s", 5).only("unreachable");
    scene.sandbox.clear_faults();
    scene.patch(&class, &json!({ "start": "18:10", "name": "Yoga" }));
    scene.sandbox.reserve(ANA, &class, 1);
    let rebuilt = scene.class(&json!({}));
    scene.fired(0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class, &rebuilt]);
}

/// A choice that is not enabled yet may still be booked, wherever it is among the choices.
fn one_is_closed(full: &str, closed: &str) {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({ "start": full, "occupied": 12 }));
    let other = scene.class(&json!({ "start": closed, "enabled": false }));
    let id = scene.add("--or 14:10");
    let fired = scene.fired_with("--give-up 1s", 0);
    fired.only("closed");
    scene.patch(&other, &json!({ "enabled": true }));
    scene.books(id, &other);
}

fn full_and_closed() {
    one_is_closed("13:10", "14:10");
}

fn closed_and_full() {
    one_is_closed("14:10", "13:10");
}

/// Both are full, and the request for the waiting list of the first gets no response: the message names that class.
fn queue_out_of_reach() {
    let scene = Scenario::new().opens_in(1);
    let full = json!({ "occupied": 12, "waitlist": 2 });
    let first = scene.class(&full);
    scene.class(&json!({ "start": "14:10", "occupied": 12, "waitlist": 2 }));
    let id = scene.add("--or 14:10 --waitlist");
    let down = json!({ "path": "/api/book", "kind": "status", "count": -1, "skip": 2, "from_ms": scene.opens_ms });
    scene.sandbox.fault(&down);
    let fired = scene.fired_with("--give-up 1s", 5);
    assert_eq!(fired.only("unreachable")["class"], "13:10 WOD", "{fired:?}");
    scene.sandbox.clear_faults();
    scene.fired(0).is(&[("waitlisted", 1)]);
    scene.ends(id, "waitlisted", &[&first]);
}

/// An outage of three consecutive runs is reported, one of three runs on three days is not; its end is reported once.
fn place_out_of_reach() {
    let (scene, class, id) = Scenario::queued();
    let run = || scene.command("prebook run");
    for _ in 0..3 {
        scene.sandbox.down();
        run().status(5).done();
        scene.sandbox.clear_faults();
        run().done();
    }
    scene.sandbox.down();
    run().status(5).done();
    run().status(5).done();
    run().fails(5, &["13:10 WOD"]);
    scene.sandbox.clear_faults();
    run().stderr_has(&["over"]).done();
    run().done();
    // gone from the schedule: reported when it is new
    scene.sandbox.delete_class(&class);
    run().fails(6, &["13:10 WOD", "no longer"]);
    run().status(6).done();
    assert_eq!(scene.stored(id)["status"], "waitlisted");
}

/// The refusal of a class that no rule names states the day of the opening: from 00:00 of it on, each run tries.
#[test]
fn a_refusal_without_a_rule_moves_the_prebooking_to_the_start_of_the_day() {
    for class in ["", "--class wo"] {
        let scene = Scenario::new().opens_in(1);
        let day = scene.day + chrono::Days::new(2);
        let opens = scene.opens_ms + 2 * 86_400_000;
        scene.class(&json!({ "day": day, "start": "13:10", "opens_at_ms": opens }));
        let add = format!("prebook add --day {day} --time 13:10 {class}");
        let id = scene.command(&add).any_stderr().json()["prebookings"][0]["id"].clone();
        scene.fired(0).is(&[("postponed", 1)]);
        let moved = format!("SELECT moved_to FROM prebookings WHERE id = {id}");
        let moved: i64 = scene.home.ask(&moved).parse().unwrap();
        let wall = chrono::DateTime::from_timestamp_millis(moved).unwrap();
        let wall = wall.with_timezone(&scene.zone);
        assert_eq!(wall.format("%H:%M").to_string(), "00:00", "{class}");
        let stored = scene.stored(id.as_i64().unwrap());
        assert_eq!(stored["opens"], "2d?", "{stored}");
        let guess = stored["opens_at"].as_str().unwrap();
        assert!(guess.contains("T13:10:00"), "{stored}");
    }
}
