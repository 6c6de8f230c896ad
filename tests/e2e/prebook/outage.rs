//! An opening during an outage: the schedule is unreachable, the response is lost, the platform is down from the opening
//! on, or the session ends just before it.

use std::time::{Duration, Instant};

use aimharder::model::session::SessionKind;
use serde_json::{Value, json};

use crate::support::{
    ANA, ANA_PASSWORD, Fired, Running, SOURCE, Scenario, hold, outcomes, says, side_by_side,
    together, wait_for, with,
};

#[test]
fn sessions_and_platforms_that_fail() {
    together(&[
        ("recovered with the password", recovered),
        ("recovered when the login answers", recovered_late),
        ("no password source", not_recovered),
        ("a password that is refused", wrong_password),
        ("lapsed, the token is good", lapsed),
        ("no schedule until the opening", || {
            no_schedule(&json!({ "path": "/api/bookings", "kind": "status" }));
        }),
        ("nothing at all until the opening", || {
            no_schedule(&json!({ "path": "*", "kind": "drop" }));
        }),
        ("503 for five seconds", || outage("status", 503, 5000)),
        ("429 for two seconds", || outage("retry_after", 429, 2000)),
        ("403 for two seconds", || outage("status", 403, 2000)),
        ("an outage page", || outage("foreign", 200, 2000)),
        ("dropped connections", || outage("drop", 200, 2000)),
        ("down for longer than --give-up", down),
    ]);
}

#[test]
fn answers_that_are_lost() {
    together(&[
        ("acted, then dropped", || lost("drop", true)),
        ("dropped before acting", || lost("drop", false)),
        ("acted, then hanging", || lost("hang", true)),
        ("hanging before acting", || lost("hang", false)),
        ("acted, cut in half", || lost("cut", true)),
        ("acted, garbage", || lost("garbage", true)),
        ("acted, an outage page", || lost("foreign", true)),
        ("acted, empty", || lost("empty", true)),
        ("acted, and the schedule unreadable", || {
            let down = json!({ "kind": "status" });
            unreadable(&json!({ "kind": "drop", "after": true }), &down, "unknown");
        }),
        ("acted, and gone from the schedule", || {
            let empty = json!({ "bookings": [], "timetable": [], "day": "" });
            let empty = json!({ "kind": "json", "body": empty });
            let words = "no longer in the schedule";
            unreadable(&json!({ "kind": "drop", "after": true }), &empty, words);
        }),
        ("booked, then the schedule unreadable", || {
            let down = json!({ "kind": "status" });
            unreadable(&json!({ "kind": "date", "headers": {} }), &down, "unknown");
        }),
        ("an answer that proves nothing", proves_nothing),
        ("served late, and met by the repeat", served_late),
    ]);
}

/// A run that has looked the class up and waits for the opening.
fn waiting(scene: &Scenario) -> Running {
    let run = scene.go("");
    scene.looked_up();
    run
}

fn fault(scene: &Scenario, fault: &Value) {
    scene.sandbox.fault(fault);
}

fn recovered() {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    let run = waiting(&scene);
    scene.sandbox.kill(ANA);
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

/// A token whose update was answered with a logout is not presented again, however often the login fails.
fn recovered_late() {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    let run = waiting(&scene);
    scene.sandbox.kill(ANA);
    fault(
        &scene,
        &json!({ "path": "/api/login", "kind": "drop", "count": 2 }),
    );
    Fired::of(run, 0).is(&[("booked", 1)]);
    assert_eq!(scene.sandbox.sent("/api/tokenUpdate").len(), 1);
    scene.ends(id, "booked", &[&class]);
}

fn not_recovered() {
    let scene = Scenario::new().opens_in(5);
    scene.home.config("");
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let run = waiting(&scene);
    scene.sandbox.kill(ANA);
    let fired = Fired::of(run, 3);
    says(fired.only("login_required"), &["aimharder login"]);
    scene.ends(id, "pending", &[]);
    // the next run finds it as it was, and after a login it books
    scene.fired(3).only("login_required");
    scene.log_in(ANA, ANA_PASSWORD);
    scene.books(id, &class);
}

/// Sent once, and not again by later runs: refusals lock accounts.
fn wrong_password() {
    let scene = Scenario::new().opens_in(5);
    let source = "password_command = \"echo wrong\"";
    scene.home.config(source);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let run = waiting(&scene);
    scene.sandbox.kill(ANA);
    Fired::of(run, 3).only("login_required");
    scene.fired(3).only("login_required");
    let logins = scene.sandbox.sent("/api/login").len();
    assert_eq!(logins, 1);
    scene.ends(id, "pending", &[]);
    scene.home.config(SOURCE);
    scene.books(id, &class);
}

fn lapsed() {
    let scene = Scenario::new().opens_in(5);
    scene.home.config("");
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let run = waiting(&scene);
    scene.sandbox.stale(ANA);
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

fn no_schedule(down: &Value) {
    let (scene, class, id) = Scenario::prebooked(3, &json!({}), "");
    let until = json!({ "count": -1, "until_ms": scene.opens_ms + 300 });
    fault(&scene, &with(down, until));
    scene.fired(0).is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

/// From the opening on, for this time, every request meets this fault.
fn outage(kind: &str, status: u16, lasts: i64) {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    let (from, until) = (scene.opens_ms, scene.opens_ms + lasts);
    let bad = json!({
        "path": "*", "kind": kind, "status": status, "count": -1, "from_ms": from, "until_ms": until,
    });
    fault(&scene, &bad);
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    assert!(fired.only("booked")["attempts"].as_u64() > Some(0));
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

fn down() {
    let (scene, class, id) = Scenario::prebooked(4, &json!({}), "");
    fault(
        &scene,
        &json!({ "path": "*", "kind": "status", "count": -1, "from_ms": scene.opens_ms }),
    );
    // a 503 proves nothing, and the row cannot be read: the outcome is unknown
    let fired = scene.fired_with("--give-up 2s", 8);
    fired.only("unknown_outcome");
    scene.ends(id, "pending", &[]);
    let fired = scene.fired_with("--give-up 1s", 5);
    assert!(
        fired.only("unreachable")["opens_at"].is_string(),
        "{fired:?}"
    );
    scene.ends(id, "pending", &[]);
    scene.sandbox.clear_faults();
    scene.books(id, &class);
}

/// The first response is lost. The row decides, and the request is sent again if it was not served.
fn lost(kind: &str, acted: bool) {
    let scene = Scenario::new().opens_in(2);
    scene.home.config_with(SOURCE, "timeout = \"1s\"");
    let class = scene.class(&json!({}));
    let id = scene.add("");
    fault(
        &scene,
        &json!({ "path": "/api/book", "kind": kind, "after": acted, "seconds": 3, "from_ms": scene.opens_ms }),
    );
    let fired = scene.fired(0);
    let result = fired.only("booked");
    let sent = if acted { 1 } else { 2 };
    assert_eq!(scene.in_time().len(), sent, "{result}");
    assert_eq!(result["attempts"], scene.requests().len(), "{result}");
    let stored = scene.ends(id, "booked", &[&class]);
    assert_eq!(stored["attempts"], result["attempts"], "{stored}");
    assert_eq!(outcomes(&stored)[0], "lost", "{stored}");
}

/// Its outcome is unknown until a later run, and it is not sent again.
fn unreadable(response: &Value, schedule: &Value, words: &str) {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    let from = json!({ "count": -1, "from_ms": scene.faults_from_ms() });
    let at = |path: &str| with(&from, json!({ "path": path }));
    fault(&scene, &with(&at("/api/book"), response.clone()));
    fault(&scene, &with(&at("/api/bookings"), schedule.clone()));
    let fired = scene.fired_with("--give-up 1s", 8);
    says(fired.only("unknown_outcome"), &[words]);
    scene.ends(id, "pending", &[&class]);
    scene.sandbox.clear_faults();
    scene.fired(0).only("already_booked");
    assert_eq!(scene.in_time().len(), 1);
    scene.ends(id, "booked", &[&class]);
}

/// The first request is served after the row was read and before the second request, which finds the class full because of it.
/// The alternative would be a second booking.
fn served_late() {
    let scene = Scenario::new().opens_in(1);
    let class = scene.class(&json!({ "book_answers": [{ "bookState": -1 }] }));
    scene.class(&json!({ "start": "14:10" }));
    let id = scene.add("--or 14:10");
    scene.wait_until(100);
    let unreadable = json!({ "path": "/api/bookings", "kind": "status", "count": -1, "skip": 2 });
    fault(
        &scene,
        &json!([{ "path": "/api/book", "kind": "drop" }, unreadable]),
    );
    let run = scene.go("");
    wait_for("the repeat", || scene.requests().len() == 2);
    scene.sandbox.reserve(ANA, &class, 1);
    scene.sandbox.clear_faults();
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}

fn proves_nothing() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({ "book_answers": [{}, {}] }), "");
    scene.fired(0).is(&[("booked", 1)]);
    assert!(scene.requests().len() >= 3);
    scene.ends(id, "booked", &[&class]);
}

/// A lock that is not free ends the repeats: a run that opens the session, and one whose request shows a logout.
#[test]
fn lock_timeout_ends_the_repeats_from_the_opening_on() {
    side_by_side(&["stale", "logged out"], |state| {
        let (scene, class, id) = Scenario::prebooked(1, &json!({}), "");
        scene.wait_until(0);
        if *state == "stale" {
            scene.home.age_tokens(60);
        } else {
            scene
                .sandbox
                .fault(&json!({ "path": "/api/book", "kind": "logout", "count": -1 }));
        }
        let held = hold(&scene.home, ANA, SessionKind::Background);
        let began = Instant::now();
        let fired = scene.fired_with("--lock-timeout 0s", 5);
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{state}: {:?}",
            began.elapsed()
        );
        says(fired.only("unreachable"), &["in use by a test"]);
        drop(held);
        scene.sandbox.clear_faults();
        scene.books(id, &class);
    });
}
