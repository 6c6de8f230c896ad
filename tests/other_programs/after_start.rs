//! Prebookings whose class has started by the time of the next run: the machine's clock is three days ahead.

use chrono::Utc;
use serde_json::json;

use crate::support::{ANA, Scenario, madrid, outcomes, says, together, wait_for};

#[test]
fn a_class_that_has_started() {
    together(&[
        ("never found", expired),
        (
            "a waiting place, while the platform is down",
            started_unseen,
        ),
        ("still waiting when it starts", never_promoted),
        ("killed after the booking", || started(true)),
        ("killed before the booking", || started(false)),
        ("killed, then down, then started", killed_then_started),
        ("the first has started, the other not", first_has_started),
    ]);
}

/// It was prebooked in time and never booked: reported as final.
fn expired() {
    let scene = Scenario::new().opens_in(1);
    scene.notify();
    let id = scene.add("");
    scene.fired_with("--give-up 1s", 6).only("not_found");
    let mut later = scene;
    later.clocks(3 * 86_400);
    let fired = later.fired(4);
    fired.is(&[("failed", 1)]);
    fired.only("expired");
    let stored = later.ends(id, "expired", &[]);
    says(&stored, &["started"]);
    assert_eq!(later.fired(0).count("due"), 0);
    let events = later.lines("events");
    assert_eq!(events[1]["event"], "failed", "{events:?}");
}

/// The member may have been promoted: the message does not deny it.
fn started_unseen() {
    let (mut scene, class, id) = Scenario::queued();
    scene.sandbox.reserve(ANA, &class, 1);
    scene.clocks(3 * 86_400);
    scene.sandbox.down();
    let fired = scene.fired(4);
    fired.is(&[("failed", 1)]);
    says(fired.only("expired"), &["the class has started", "unknown"]);
    assert_eq!(scene.stored(id)["status"], "expired");
}

/// No run executed it before the class started: its result is reported all the same.
fn started(acted: bool) {
    let mut scene = Scenario::new().opens_in(2);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    scene.sandbox.fault(
        &json!({ "path": "/api/book", "kind": "hang", "after": acted, "from_ms": scene.opens_ms }),
    );
    let run = scene.go("");
    wait_for("the request", || !scene.in_time().is_empty());
    run.kill();
    scene.sandbox.clear_faults();
    scene.clocks(3 * 86_400);
    if acted {
        scene.fired(0).is(&[("booked", 1)]);
        scene.ends(id, "booked", &[&class]);
    } else {
        scene.fired(4).only("expired");
        scene.ends(id, "expired", &[]);
    }
}

/// The next run cannot read the row, and the class has started when a run can.
fn killed_then_started() {
    let mut scene = Scenario::new().opens_in(2);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let lost =
        json!({ "path": "/api/book", "kind": "hang", "after": true, "from_ms": scene.opens_ms });
    scene.sandbox.fault(&lost);
    let run = scene.go("");
    wait_for("the booking", || {
        !scene.sandbox.reservations(&class).is_empty()
    });
    run.kill();
    scene.sandbox.clear_faults();
    scene.sandbox.down();
    scene.fired_with("--give-up 200ms", 5).only("unreachable");
    scene.sandbox.clear_faults();
    scene.clocks(3 * 86_400);
    scene.fired(0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}

fn never_promoted() {
    let (mut scene, _, id) = Scenario::queued();
    scene.clocks(3 * 86_400);
    let fired = scene.fired(4);
    fired.is(&[("failed", 1)]);
    says(fired.only("expired"), &["waiting list"]);
    assert_eq!(scene.stored(id)["status"], "expired");
}

fn first_has_started() {
    let mut scene = Scenario::new().opens_in(1);
    scene.class(&json!({}));
    let other = scene.class(&json!({ "start": "14:10" }));
    let id = scene.add("--or 14:10");
    let half_past = madrid(&scene.day.to_string(), "13:30");
    scene.clocks((half_past.to_utc() - Utc::now()).num_seconds());
    scene.fired(0).is(&[("booked", 1)]);
    let stored = scene.ends(id, "booked", &[&other]);
    assert_eq!(
        outcomes(&stored),
        ["booked"],
        "nothing was asked for the first"
    );
}
