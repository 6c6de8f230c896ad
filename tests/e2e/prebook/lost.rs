//! After a booking request whose response was lost, no other class is requested in the same run.

use serde_json::{Value, json};

use crate::support::{ANA, Scenario, says, with};

/// The first request at the opening is lost before the platform acts, and the next one meets this response.
fn lost_then(scene: &Scenario, refusal: &Value) -> String {
    let class = scene.class(&json!({}));
    scene.sandbox.fault(&json!([
        { "path": "/api/book", "kind": "drop", "from_ms": scene.opens_ms },
        { "path": "/api/book", "kind": "json", "body": refusal, "from_ms": scene.opens_ms },
    ]));
    class
}

#[test]
fn a_refusal_after_a_lost_response_leads_to_no_alternative() {
    for refusal in [
        json!({ "bookState": -1 }),
        json!({ "bookState": -2 }),
        json!({ "bookState": -12, "errorMssgLang": "NOPUEDESRESERVAMISMAHORA" }),
        json!({ "bookState": -12, "errorMssg": "Hoy no" }),
    ] {
        let scene = Scenario::new().opens_in(2);
        let first = lost_then(&scene, &refusal);
        let other = scene.class(&json!({ "start": "14:10", "opens_at_ms": null }));
        let id = scene.add("--or 14:10");
        let fired = scene.fired(8);
        says(fired.only("unknown_outcome"), &["lost", "refused"]);
        let asked: Vec<Value> = scene
            .in_time()
            .iter()
            .map(|sent| sent["form"]["id"].clone())
            .collect();
        assert_eq!(asked, [first.as_str(), first.as_str()], "{refusal}");
        scene.ends(id, "pending", &[]);
        // it was served late, and a later run finds it
        scene.sandbox.reserve(ANA, &first, 1);
        scene.books(id, &first);
        assert!(scene.sandbox.reservations(&other).is_empty());
    }
}

#[test]
fn a_later_run_tries_the_alternative() {
    let scene = Scenario::new().opens_in(2);
    let first = lost_then(&scene, &json!({ "bookState": -1 }));
    let other = scene.class(&json!({ "start": "14:10", "opens_at_ms": null }));
    let id = scene.add("--or 14:10");
    scene.fired(8).only("unknown_outcome");
    scene.patch(&first, &json!({ "occupied": 12 }));
    scene.books(id, &other);
}

#[test]
fn the_waiting_list_of_the_same_class_is_requested() {
    let scene = Scenario::new().opens_in(2);
    let class = scene.class(&json!({ "occupied": 12, "waitlist": 0 }));
    scene
        .sandbox
        .fault(&json!({ "path": "/api/book", "kind": "drop", "from_ms": scene.opens_ms }));
    scene.class(&json!({ "start": "14:10", "opens_at_ms": null }));
    let id = scene.add("--waitlist --or 14:10");
    scene.fired(0).is(&[("waitlisted", 1)]);
    scene.ends(id, "waitlisted", &[&class]);
}

/// The schedule of a lapsed login shows nothing of the member: a retry does not take it for "not booked".
#[test]
fn a_retry_believes_a_row_only_with_a_login_known_to_work() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    let always = |path: &str, fault: &Value| {
        let always = json!({ "path": path, "count": -1, "from_ms": scene.opens_ms });
        scene.sandbox.fault(&with(fault, always));
    };
    always("/api/book", &json!({ "kind": "drop", "after": true }));
    let empty = json!({ "bookings": [], "timetable": [], "day": "" });
    always("/api/bookings", &json!({ "kind": "json", "body": empty }));
    scene.fired_with("--give-up 1s", 8).only("unknown_outcome");
    let sent = scene.requests().len();
    scene.sandbox.clear_faults();
    scene.sandbox.stale(ANA);
    always("/api/whoami", &json!({ "kind": "status", "status": 503 }));
    scene.fired_with("--give-up 1s", 5).only("unreachable");
    assert_eq!(scene.requests().len(), sent, "nothing is sent again");
    scene.sandbox.clear_faults();
    scene.fired(0).is(&[("booked", 1)]);
    assert_eq!(scene.requests().len(), sent);
    scene.ends(id, "booked", &[&class]);
}
