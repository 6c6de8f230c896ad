//! Places on waiting lists, from the opening until the class starts: promoted, lost, or still waiting. Each change is
//! stored and reported.

use serde_json::{Value, json};

use crate::support::{ANA, Scenario, says, together};

#[test]
fn places_on_the_waiting_list() {
    together(&[
        ("promoted under another number", promoted_anew),
        ("a place in the alternative", in_the_alternative),
        ("cancelled by the gym", cancelled_by_the_gym),
        ("out of reach", list_unreachable),
    ]);
}

/// A place on the list of a class that was full at the opening.
fn queued() -> (Scenario, String, i64) {
    let scene = Scenario::new().opens_in(1);
    scene.notify();
    let class = scene.class(&json!({ "occupied": 12, "waitlist": 2 }));
    let id = scene.add("--waitlist");
    scene.fired(0).is(&[("waitlisted", 1)]);
    scene.ends(id, "waitlisted", &[&class]);
    // still waiting: nothing to report
    assert_eq!(scene.fired(0).count("due"), 0);
    (scene, class, id)
}

fn events(scene: &Scenario) -> Vec<Value> {
    let events = scene.lines("events");
    events.iter().map(|event| event["event"].clone()).collect()
}

/// The booking has another reservation id than the place, and cancelling needs that one.
fn promoted_anew() {
    let (scene, class, id) = queued();
    let place = scene.sandbox.reservations(&class)[0]["idres"].to_string();
    scene.sandbox.unreserve(&place);
    let booked = scene.sandbox.reserve(ANA, &class, 1);
    assert_ne!(booked, place);
    let fired = scene.fired(0);
    let result = fired.only("booked");
    assert_eq!(result["reservation_id"], booked, "{fired:?}");
    says(result, &["waiting list"]);
    scene.ends(id, "booked", &[&class]);
    assert_eq!(events(&scene), ["waitlisted", "booked"]);
}

/// The message is about the class with the place.
fn in_the_alternative() {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({ "enabled": false }));
    let other = scene.class(&json!({ "start": "14:10", "occupied": 12, "waitlist": 2 }));
    let id = scene.add("--or 14:10 --waitlist");
    scene.fired_with("--give-up 5s", 0).is(&[("waitlisted", 1)]);
    scene.ends(id, "waitlisted", &[&other]);
    let cancelled = json!({ "cancelled": true });
    scene.patch(&other, &cancelled);
    let fired = scene.fired(4);
    assert!(fired.words.contains("14:10 WOD"), "{fired:?}");
    assert!(!fired.words.contains("13:10"), "{fired:?}");
}

fn cancelled_by_the_gym() {
    let (scene, class, id) = queued();
    scene.patch(&class, &json!({ "cancelled": true }));
    let fired = scene.fired(4);
    fired.is(&[("failed", 1)]);
    fired.only("cancelled");
    assert_eq!(scene.stored(id)["status"], "failed");
    assert_eq!(events(&scene), ["waitlisted", "failed"]);
}

fn list_unreachable() {
    let (scene, class, id) = queued();
    scene.sandbox.down();
    let fired = scene.fired(5);
    fired.only("unreachable");
    let stored = scene.ends(id, "waitlisted", &[&class]);
    assert!(stored["message"].is_string(), "{stored}");
    scene.sandbox.clear_faults();
    scene.fired(0).is(&[]);
    assert_eq!(scene.stored(id)["message"], Value::Null);
    scene.sandbox.reserve(ANA, &class, 1);
    scene.books(id, &class);
}
