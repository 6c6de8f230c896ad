//! Only the platform's own words end a session or refuse a password (promise 12). A 401 of something in between, a
//! foreign page or an error object is unreachable and changes nothing.

use serde_json::{Value, json};

use crate::support::{
    ANA, ANA_PASSWORD, Home, SOURCE, Sandbox, Scenario, logged_in, side_by_side, start, with,
};

/// Answers that come from a proxy, a captive portal or maintenance.
fn foreign() -> Vec<Value> {
    vec![
        json!({ "kind": "json", "status": 401, "body": "<h1>401</h1>" }),
        json!({ "kind": "json", "status": 401, "body": "", "headers": { "WWW-Authenticate": "Basic realm=\"x\"" } }),
        json!({ "kind": "empty", "status": 401 }),
        json!({ "kind": "json", "status": 401, "body": {} }),
        json!({ "kind": "json", "status": 401, "body": { "error": { "code": 503 } } }),
        json!({ "kind": "json", "body": { "data": [], "error": { "code": 503 } } }),
        json!({ "kind": "json", "body": { "logout": { "reason": "maintenance" } } }),
        json!({ "kind": "json", "status": 407, "body": "<h1>Proxy</h1>" }),
        json!({ "kind": "json", "body": "<form><input name=user><input name=pw type=password></form>" }),
        json!({ "kind": "foreign" }),
        json!({ "kind": "status", "status": 302, "headers": { "Location": "https://portal.example.org/login" } }),
    ]
}

fn put(sandbox: &Sandbox, fault: &Value, path: &str) {
    sandbox.fault(&with(fault, json!({ "path": path, "count": -1 })));
}

/// Both sessions are as they were, and no password counts as refused.
fn unchanged(home: &Home) {
    let sessions = home.sessions();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session["status"] == "active"));
    let refused = "SELECT (SELECT count(*) FROM refusals) + count(refused_hash) FROM accounts";
    assert_eq!(home.ask(refused), "0");
}

#[test]
fn a_foreign_401_changes_nothing() {
    side_by_side(&foreign(), |fault| {
        let (sandbox, home) = logged_in();
        home.config(SOURCE);
        let id = sandbox.trial(json!({}));
        put(&sandbox, fault, "*");
        home.age_tokens(60);
        for kind in ["device", "background"] {
            for command in [
                "classes --day +3",
                "bookings",
                "boxes --detect",
                "book --day +3 --time 13:10",
                "cancel --day +3 --time 13:10",
            ] {
                let run = home.run(command).args(&format!("--session {kind}"));
                run.fails(5, &[]);
            }
        }
        home.run("refresh --force").status(5).any_stderr().done();
        home.run("login --password-stdin")
            .stdin(ANA_PASSWORD)
            .fails(5, &[]);
        unchanged(&home);
        sandbox.clear_faults();
        home.has_no_booking("");
        home.run("refresh --force")
            .any_stderr()
            .report(0)
            .is(&[("updated", 2)]);
        assert!(sandbox.reservations(&id).is_empty());
        unchanged(&home);
    });
}

/// The platform says that the login has lapsed, and the update that should recover it gets a foreign response.
#[test]
fn a_foreign_answer_to_the_token_update_ends_no_session() {
    side_by_side(&foreign(), |fault| {
        let (sandbox, home) = logged_in();
        home.config(SOURCE);
        sandbox.stale(ANA);
        put(&sandbox, fault, "/api/tokenUpdate");
        home.run("bookings").fails(5, &[]);
        home.run("bookings --session background").fails(5, &[]);
        home.run("refresh --force").status(5).any_stderr().done();
        unchanged(&home);
        assert!(sandbox.sent("/api/login").is_empty());
    });
}

#[test]
fn a_foreign_answer_refuses_no_password() {
    side_by_side(&foreign(), |fault| {
        let (sandbox, home) = logged_in();
        home.config(SOURCE);
        sandbox.kill(ANA);
        home.run("bookings").fails(3, &[]);
        put(&sandbox, fault, "/api/login");
        put(&sandbox, fault, "/");
        for _ in 0..6 {
            home.run("bookings --session background").fails(5, &[]);
        }
        let refused = "SELECT (SELECT count(*) FROM refusals) + count(refused_hash) FROM accounts";
        assert_eq!(home.ask(refused), "0");
        sandbox.clear_faults();
        home.has_no_booking("--session background");
    });
}

#[test]
fn a_foreign_answer_postpones_a_prebooking() {
    let (scene, class, id) = Scenario::prebooked(-60, &json!({}), "");
    put(&scene.sandbox, &foreign()[0], "*");
    scene.command("prebook run --give-up 1s").ends(5);
    unchanged(&scene.home);
    scene.sandbox.clear_faults();
    scene.books(id, &class);
}

/// The login page of the platform's own host, or a redirect to it, is the platform's word.
#[test]
fn the_login_page_is_a_logout() {
    for page in [
        json!({ "kind": "html" }),
        json!({ "kind": "html", "status": 401 }),
        json!({ "kind": "status", "status": 302, "headers": { "Location": "http://login.aimharder.com/" } }),
        json!({ "kind": "status", "status": 302, "headers": { "Location": "/login" } }),
        json!({ "kind": "logout", "status": 401 }),
        json!({ "kind": "logout", "status": 503 }),
    ] {
        let (sandbox, home) = logged_in();
        sandbox.fault(&with(&page, json!({ "path": "/api/nextBookings" })));
        home.has_no_booking("");
        assert_eq!(sandbox.sent("/setrefresh").len(), 1, "{page}");
        sandbox.fault(&with(&page, json!({ "path": "/api/tokenUpdate" })));
        home.run("refresh --force --session device")
            .report(3)
            .is(&[("logged_out", 1)]);
    }
}

/// The box page lacks the box id: `whoami` decides whether the session is dead.
#[test]
fn a_dead_session_with_an_unknown_box_number_is_recovered() {
    for page in [
        json!({ "kind": "html" }),
        json!({ "kind": "foreign" }),
        json!({ "kind": "status", "status": 302, "headers": { "Location": "http://login.aimharder.com/" } }),
    ] {
        for dead in [true, false] {
            let (sandbox, home) = logged_in();
            home.config(SOURCE);
            home.sql("UPDATE boxes SET id = NULL");
            if dead {
                sandbox.kill(ANA);
            } else {
                sandbox.stale(ANA);
            }
            put(&sandbox, &page, "/schedule");
            home.run("classes --day +3 --session background").succeeds();
            let boxes = home.run("boxes").json();
            assert_eq!(boxes["boxes"][0]["id"], 10122, "{page}: by whoami");
            let logins = sandbox.sent("/api/login").len();
            assert_eq!(logins, usize::from(dead), "{page}");
            home.sql("UPDATE boxes SET id = NULL");
            let device = home.run("classes --day +3");
            if dead {
                device.fails(3, &["aimharder login"]);
                assert_eq!(home.sessions().len(), 1);
            } else {
                device.succeeds();
            }
        }
    }
}

#[test]
fn a_prebooking_with_an_unknown_box_number_recovers_the_session() {
    let (scene, class, id) = Scenario::prebooked(-60, &json!({}), "");
    scene.home.sql("UPDATE boxes SET id = NULL");
    scene.sandbox.kill(ANA);
    scene.books(id, &class);
}

/// An unknown number with a live session stays unreachable, and nothing is recovered.
#[test]
fn an_unknown_box_number_ends_no_live_session() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "whoami_roles": false }));
    home.log_in(ANA, ANA_PASSWORD);
    home.sql("UPDATE boxes SET id = NULL");
    sandbox.clear_log();
    put(&sandbox, &json!({ "kind": "html" }), "/schedule");
    home.run("classes").fails(5, &["number"]);
    assert!(sandbox.sent("/api/tokenUpdate").is_empty());
    assert_eq!(home.sessions().len(), 2);
}
