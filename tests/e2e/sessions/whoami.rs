//! `whoami` is not a condition for booking: the box's own responses show a logout.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{SOURCE, Scenario, logged_in, side_by_side, with};

/// A `whoami` that does not say who is logged in, on a day on which nothing is the member's.
fn failures() -> [Value; 5] {
    [
        json!({ "kind": "status", "status": 503 }),
        json!({ "kind": "status", "status": 404 }),
        json!({ "kind": "hang", "seconds": 30 }),
        json!({ "kind": "json", "body": { "data": null } }),
        json!({ "kind": "json", "body": { "id": 69232, "name": "Ana" } }),
    ]
}

fn always(fault: &Value) -> Value {
    with(fault, json!({ "path": "/api/whoami", "count": -1 }))
}

#[test]
fn book_does_not_depend_on_it() {
    side_by_side(&failures(), |fault| {
        let (sandbox, home) = logged_in();
        home.impatient();
        let id = sandbox.trial(json!({}));
        sandbox.fault(&always(fault));
        sandbox.clear_log();
        let reported = home.run("book --day +3 --time 13:10").json();
        assert_eq!(reported["outcome"], "booked", "{fault}: {reported}");
        assert_eq!(sandbox.reservations(&id).len(), 1);
        assert_eq!(sandbox.sent("/api/whoami").len(), 0, "{fault}");
    });
}

#[test]
fn a_prebooking_does_not_depend_on_it() {
    side_by_side(&failures(), |fault| {
        let scene = Scenario::new().opens_in(2);
        scene.home.config_with(SOURCE, "timeout = \"1s\"");
        let class = scene.class(&json!({}));
        let id = scene.add("");
        scene.sandbox.fault(&always(fault));
        scene.books(id, &class);
        scene.on_time();
    });
}

#[test]
fn a_dry_run_warns_and_cancel_ends() {
    let (sandbox, home) = logged_in();
    home.impatient();
    sandbox.trial(json!({}));
    sandbox.fault(&always(&json!({ "kind": "status", "status": 503 })));
    let dry = home.run("book --dry-run --json --day +3 --time 13:10");
    let output = dry.ends(0);
    assert!(output.stdout.contains("would_book"), "{output:?}");
    assert!(
        output.stderr.contains("could not be verified"),
        "{output:?}"
    );
    home.run("cancel --day +3 --time 13:10").fails(5, &[]);
}

#[test]
fn classes_are_shown_with_a_warning() {
    let (sandbox, home) = logged_in();
    home.impatient();
    let listed = home.run("classes --day +3").json();
    assert_eq!(listed["login_verified"], true, "{listed}");
    sandbox.fault(&always(&json!({ "kind": "status", "status": 503 })));
    let output = home
        .run("classes --json --day +3")
        .any_stdout()
        .any_stderr()
        .limit(Duration::from_secs(15))
        .done();
    let listed = output.object();
    assert_eq!(listed["login_verified"], false, "{listed}");
    assert!(!listed["classes"].as_array().unwrap().is_empty());
    assert!(
        output.stderr.contains("could not be verified"),
        "{output:?}"
    );
}
