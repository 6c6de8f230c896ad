//! Booking requests of prebookings that provably did nothing: no connection, or a session that was logged out.

use serde_json::{Value, json};

use crate::support::{ANA, ANA_PASSWORD, Fired, Gateway, Scenario, outcomes, says, together};

#[test]
fn what_was_not_sent_is_sent_again() {
    together(&[
        ("shut when it opens", shut_at_the_opening),
        ("shut for longer than --give-up", shut_for_good),
        (
            "logged out, with nothing to recover it",
            logged_out_and_alone,
        ),
        ("logged out, recovered late", recovered_late),
        ("logged out, recovered at once", recovered_at_once),
    ]);
}

/// The history, oldest first, without what was early.
fn history(scene: &Scenario, id: i64, status: &str, classes: &[&str]) -> Vec<String> {
    outcomes(&scene.ends(id, status, classes))
}

fn shut_at_the_opening() {
    let scene = Scenario::new().opens_in(4);
    let gateway = Gateway::before(&scene.sandbox, &scene.home);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let run = scene.go("");
    scene.looked_up();
    scene.wait_until(-400);
    gateway.shut(4);
    let fired = Fired::of(run, 0);
    fired.is(&[("booked", 1)]);
    scene.on_time();
    let printed = history(&scene, id, "booked", &[&class]);
    assert_eq!(printed.last().map(String::as_str), Some("booked"));
    assert!(
        printed.iter().any(|outcome| outcome == "not_sent"),
        "{printed:?}"
    );
    assert_eq!(scene.in_time().len(), 1, "what was not sent did not arrive");
}

fn shut_for_good() {
    let scene = Scenario::new().opens_in(4);
    let gateway = Gateway::before(&scene.sandbox, &scene.home);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let run = scene.go("--give-up 1s");
    scene.looked_up();
    scene.wait_until(-400);
    gateway.shut(100_000);
    let fired = Fired::of(run, 5);
    says(fired.only("unreachable"), &["no connection to"]);
    let printed = history(&scene, id, "pending", &[]);
    assert!(printed.len() > 1, "{printed:?}");
    assert!(
        printed.iter().all(|outcome| outcome == "not_sent"),
        "{printed:?}"
    );
    gateway.shut(0);
    scene.books(id, &class);
}

/// The platform answers "logged out" to the booking, which proves that it did nothing.
fn logged_out(scene: &Scenario, more: Value) {
    let mut faults = vec![json!({
        "path": "/api/book", "kind": "logout", "count": -1, "from_ms": scene.opens_ms,
        "until_ms": scene.opens_ms + 3000,
    })];
    faults.push(more);
    scene.sandbox.fault(&faults.into());
}

fn logged_out_and_alone() {
    let scene = Scenario::new().opens_in(3);
    scene.home.config("");
    let class = scene.class(&json!({}));
    let id = scene.add("");
    for path in ["/setrefresh", "/api/tokenUpdate"] {
        let dead =
            json!({ "path": path, "kind": "logout", "count": -1, "from_ms": scene.opens_ms });
        logged_out(&scene, dead);
    }
    let fired = scene.fired(3);
    says(fired.only("login_required"), &["aimharder login"]);
    let printed = history(&scene, id, "pending", &[]);
    assert_eq!(printed, ["failed"], "sent once: only a login helps");
    scene.sandbox.clear_faults();
    scene.log_in(ANA, ANA_PASSWORD);
    scene.books(id, &class);
}

/// Nothing that recovers the session answers for a while.
fn recovered_late() {
    let (scene, class, id) = Scenario::prebooked(3, &json!({}), "");
    let until = scene.opens_ms + 3000;
    for path in ["/setrefresh", "/api/tokenUpdate"] {
        let down = json!({ "path": path, "kind": "status", "count": -1, "from_ms": scene.opens_ms, "until_ms": until });
        logged_out(&scene, down);
    }
    scene.fired(0).is(&[("booked", 1)]);
    scene.on_time();
    let printed = history(&scene, id, "booked", &[&class]);
    assert!(printed.len() > 1, "{printed:?}");
    let (last, before) = printed.split_last().unwrap();
    assert_eq!(last, "booked");
    assert!(
        before.iter().all(|outcome| outcome == "failed"),
        "{printed:?}"
    );
}

/// The request that was answered with a logout counts too.
fn recovered_at_once() {
    let (scene, class, id) = Scenario::prebooked(3, &json!({}), "");
    let opening = scene.opens_ms;
    scene
        .sandbox
        .fault(&json!({ "path": "/api/book", "kind": "logout", "from_ms": opening }));
    let fired = scene.fired(0);
    let sent = scene.requests().len();
    assert_eq!(fired.only("booked")["attempts"], sent);
    let stored = scene.ends(id, "booked", &[&class]);
    assert_eq!(stored["attempts"], sent);
    let printed = outcomes(&stored);
    assert!(printed.ends_with(&["failed".to_owned(), "booked".to_owned()]));
}
