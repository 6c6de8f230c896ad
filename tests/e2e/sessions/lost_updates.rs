//! Token updates whose response was lost: the replaced token is not presented again while the session
//! works by its cookies. The sandbox ends a session whose replaced token is presented, and every test
//! here ends with its check that none was, unless it says otherwise.

use std::time::Duration;

use serde_json::{Value, json};

use aimharder::model::session::SessionKind;

use crate::book::wait::Opening;
use crate::store::encryption::{KEY, encrypted, has_key};
use crate::support::{
    ANA, ANA_PASSWORD, Home, Run, SOURCE, Sandbox, Scenario, all_at_once, hold, logged_in,
    side_by_side, tokens_agree, wait_for, with,
};

const UPDATE: &str = "/api/tokenUpdate";
const KINDS: [&str; 2] = ["device", "background"];

/// Every way in which a response is lost after the platform has replaced the token.
fn losses() -> [Value; 9] {
    [
        json!({ "kind": "drop" }),
        json!({ "kind": "cut" }),
        json!({ "kind": "hang" }),
        json!({ "kind": "garbage" }),
        json!({ "kind": "empty" }),
        json!({ "kind": "truncate" }),
        json!({ "kind": "status", "status": 500 }),
        json!({ "kind": "status", "status": 502 }),
        json!({ "kind": "status", "status": 504 }),
    ]
}

fn lose(sandbox: &Sandbox, loss: &Value) {
    sandbox.fault(&with(loss, json!({ "path": UPDATE, "after": true })));
}

/// A login of both kinds with a short time-out; `lines` go into the config.
fn patient(lines: &str) -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    home.config_with(lines, "timeout = \"1s\"");
    (sandbox, home)
}

/// The same after a refresh that lost its response.
fn uncertain(kind: &str) -> (Sandbox, Home) {
    let (sandbox, home) = patient("");
    lose(&sandbox, &json!({ "kind": "drop" }));
    refresh(&home, kind).report(5).is(&[("failed", 1)]);
    (sandbox, home)
}

fn refresh(home: &Home, kind: &str) -> Run {
    home.run("refresh --force --session").arg(kind)
}

fn classes(home: &Home, kind: &str) -> Run {
    home.run("classes --day +3 --session")
        .arg(kind)
        .any_stdout()
        .limit(Duration::from_secs(20))
}

fn updates(sandbox: &Sandbox) -> usize {
    sandbox.sent(UPDATE).len()
}

fn is_marked(home: &Home, kind: &str) -> bool {
    let begun = format!("SELECT update_begun_at FROM sessions WHERE kind = '{kind}'");
    !home.ask(&begun).is_empty()
}

/// The session works, and the store has the platform's token.
fn is_well(sandbox: &Sandbox, home: &Home, kind: &str) {
    refresh(home, kind).any_stderr().done();
    tokens_agree(sandbox, home);
    assert!(home.session(kind)["last_error"].is_null());
    assert!(!is_marked(home, kind));
}

#[test]
fn without_a_password_source_refresh_fails_and_does_not_repeat_it() {
    side_by_side(&losses(), |loss| {
        for kind in KINDS {
            let (sandbox, home) = patient("");
            lose(&sandbox, loss);
            let report = refresh(&home, kind).report(5);
            report.is(&[("failed", 1)]).silent();
            assert_eq!(updates(&sandbox), 1, "{kind} {loss}");
            let words = home.session(kind)["last_error"].to_string();
            assert!(words.contains("token update: "), "{words}");
            // the session still works, and stays as it is
            for _ in 0..2 {
                let report = refresh(&home, kind).report(0);
                report.is(&[("fresh", 1)]).silent();
                let words = home.session(kind)["last_error"].to_string();
                assert!(words.contains("was lost"), "{words}");
            }
            home.age_tokens(60);
            classes(&home, kind).done();
            assert_eq!(updates(&sandbox), 1, "{kind} {loss}");
            assert_eq!(home.session(kind)["status"], "active");
        }
    });
}

#[test]
fn with_a_password_source_the_background_session_is_logged_in_again_at_once() {
    side_by_side(&losses(), |loss| {
        let (sandbox, home) = patient(SOURCE);
        lose(&sandbox, loss);
        let report = refresh(&home, "background").report(0);
        report.is(&[("relogged", 1)]).silent();
        assert_eq!(updates(&sandbox), 1, "{loss}");
        assert_eq!(sandbox.sent("/api/login").len(), 1);
        is_well(&sandbox, &home, "background");
    });
}

#[test]
fn a_device_session_is_never_logged_in_by_refresh() {
    let (sandbox, home) = patient(SOURCE);
    lose(&sandbox, &json!({ "kind": "drop" }));
    refresh(&home, "device").report(5).is(&[("failed", 1)]);
    refresh(&home, "device").report(0).is(&[("fresh", 1)]);
    assert!(sandbox.sent("/api/login").is_empty());
}

#[test]
fn a_later_refresh_logs_an_uncertain_background_session_in_again() {
    let (sandbox, home) = uncertain("background");
    home.config(SOURCE);
    let report = refresh(&home, "background").report(0);
    report.is(&[("relogged", 1)]).silent();
    assert_eq!(updates(&sandbox), 1);
    is_well(&sandbox, &home, "background");

    // the same in an encrypted store
    let (sandbox, home) = logged_in();
    encrypted(&home);
    let key = home.path().join("key");
    home.config(&format!(
        "[store]\nkey_command = [\"cat\", \"{}\"]",
        key.display()
    ));
    lose(&sandbox, &json!({ "kind": "drop" }));
    refresh(&home, "background").report(5).is(&[("failed", 1)]);
    refresh(&home, "background").report(0).is(&[("fresh", 1)]);
    assert!(is_marked(&home, "background"));
    has_key(&home, KEY);
    let report = refresh(&home, "background").report(0);
    report.is(&[("relogged", 1)]).silent();
    assert_eq!(updates(&sandbox), 1);
    assert!(!is_marked(&home, "background"));
}

#[test]
fn a_refused_password_leaves_an_uncertain_session_alive() {
    let (sandbox, home) = uncertain("background");
    home.config("password_command = \"echo old-password\"");
    for _ in 0..2 {
        refresh(&home, "background").report(0).is(&[("fresh", 1)]);
    }
    assert_eq!(sandbox.sent("/api/login").len(), 1);
    assert!(is_marked(&home, "background"));
    classes(&home, "background").done();
}

#[test]
fn a_login_that_fails_after_the_loss_leaves_the_session_uncertain() {
    let (sandbox, home) = patient(SOURCE);
    lose(&sandbox, &json!({ "kind": "drop" }));
    sandbox.fault(&json!({ "path": "/api/login", "kind": "status" }));
    refresh(&home, "background").report(5).is(&[("failed", 1)]);
    assert!(is_marked(&home, "background"));
    classes(&home, "background").done();
    refresh(&home, "background")
        .report(0)
        .is(&[("relogged", 1)]);
    assert_eq!(updates(&sandbox), 1);
}

#[test]
fn a_logout_lets_the_old_token_decide() {
    // the request was lost on its way to the platform: the old token is still good
    for kind in KINDS {
        let (sandbox, home) = patient("");
        sandbox.fault(&json!({ "path": UPDATE, "kind": "drop" }));
        refresh(&home, kind).report(5).is(&[("failed", 1)]);
        sandbox.stale(ANA);
        refresh(&home, kind).report(0).is(&[("updated", 1)]);
        assert_eq!(updates(&sandbox), 2);
        is_well(&sandbox, &home, kind);
    }
    // the response was lost: the session cannot be saved
    for kind in KINDS {
        let (mut sandbox, home) = uncertain(kind);
        sandbox.allow_replays();
        sandbox.stale(ANA);
        refresh(&home, kind).report(3).is(&[("logged_out", 1)]);
        assert_eq!(updates(&sandbox), 2);
    }
}

#[test]
fn without_a_response_from_whoami_refresh_fails() {
    for kind in KINDS {
        let (sandbox, home) = uncertain(kind);
        sandbox.fault(&json!({ "path": "/api/whoami", "kind": "status", "count": -1 }));
        let report = refresh(&home, kind).report(5);
        report.is(&[("failed", 1)]).silent();
        assert_eq!(sandbox.sent("/api/whoami").len(), 3, "503 is retried");
        assert_eq!(updates(&sandbox), 1);
        assert!(is_marked(&home, kind));
    }
}

#[test]
fn a_command_that_loses_the_response_continues_with_the_cookies() {
    side_by_side(&losses(), |loss| {
        for kind in KINDS {
            let (sandbox, home) = patient("");
            home.age_tokens(60);
            lose(&sandbox, loss);
            for _ in 0..3 {
                classes(&home, kind).done();
            }
            assert_eq!(updates(&sandbox), 1, "{kind} {loss}");
            refresh(&home, kind).report(0).is(&[("fresh", 1)]);
        }
    });
}

#[test]
fn a_command_that_meets_a_logout_tries_the_old_token() {
    for kind in KINDS {
        let (sandbox, home) = patient("");
        home.age_tokens(60);
        sandbox.fault(&json!({ "path": UPDATE, "kind": "drop" }));
        classes(&home, kind).done();
        sandbox.stale(ANA);
        home.run("bookings --session").arg(kind).succeeds();
        is_well(&sandbox, &home, kind);
    }
}

/// What was reported before another process lost the response to its update says nothing about the token.
#[test]
fn a_logout_from_before_a_lost_update_does_not_free_the_old_token() {
    let (sandbox, home) = logged_in();
    sandbox.fault(&json!({ "path": "/api/nextBookings", "kind": "logout" }));
    let held = hold(&home, ANA, SessionKind::Device);
    let run = home.run("bookings -v").stdout("nothing booked\n");
    let running = run.any_stderr().spawn();
    running.says("recovering the session");
    home.sql("UPDATE sessions SET update_begun_at = token_updated_at WHERE kind = 'device'");
    drop(held);
    running.done();
    assert!(sandbox.sent("/setrefresh").is_empty());
    assert!(sandbox.sent(UPDATE).is_empty());
}

/// An update with the old token gets no connection: an earlier update stays uncertain.
#[test]
fn an_uncertain_update_stays_so_until_the_platform_has_decided() {
    let (sandbox, home) = uncertain("background");
    sandbox.stale(ANA);
    sandbox.fault(&json!({ "path": UPDATE, "kind": "status", "count": -1 }));
    refresh(&home, "background").report(5).is(&[("failed", 1)]);
    assert!(is_marked(&home, "background"));
}

#[test]
fn a_request_that_was_not_served_leaves_nothing_uncertain() {
    for status in [403, 429, 503] {
        let (sandbox, home) = patient("");
        let fault = json!({ "path": UPDATE, "kind": "status", "status": status, "count": -1 });
        sandbox.fault(&fault);
        refresh(&home, "device").report(5).is(&[("failed", 1)]);
        assert!(!is_marked(&home, "device"), "{status}");
        sandbox.clear_faults();
        refresh(&home, "device").report(0).is(&[("updated", 1)]);
    }
}

#[test]
fn an_update_whose_process_was_killed_is_not_repeated() {
    for kind in KINDS {
        let (sandbox, home) = patient("");
        sandbox.fault(&json!({ "path": UPDATE, "kind": "hang", "after": true }));
        let running = refresh(&home, kind).spawn();
        wait_for("the update", || updates(&sandbox) > 0);
        running.kill();
        classes(&home, kind).done();
        refresh(&home, kind).report(0).is(&[("fresh", 1)]);
        assert_eq!(updates(&sandbox), 1);
    }
}

#[test]
fn a_login_ends_the_uncertainty() {
    for kind in KINDS {
        let (sandbox, home) = uncertain(kind);
        home.log_in(ANA, ANA_PASSWORD);
        is_well(&sandbox, &home, kind);
    }
}

#[test]
fn a_lost_setrefresh_leaves_the_token_certain() {
    let (sandbox, home) = patient("");
    sandbox.fault(&json!({ "path": "/setrefresh", "kind": "drop", "after": true }));
    refresh(&home, "device")
        .args("--deep")
        .report(5)
        .is(&[("failed", 1)]);
    assert!(!is_marked(&home, "device"));
    is_well(&sandbox, &home, "device");
}

/// With a stale token they wait for its update, with a fresh one the responses to their calls are the logout.
#[test]
fn eight_processes_on_a_dead_session_send_one_update_and_one_login() {
    for (lines, code) in [("", 3), (SOURCE, 0)] {
        for age in [60, 0] {
            let (sandbox, home) = patient(lines);
            home.age_tokens(age);
            sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
            sandbox.config(&json!({ "latency_ms": 100 }));
            let run = home.run("bookings --session background").any_stdout();
            let run = run.any_stderr().status(code);
            all_at_once((0..8).map(|_| run.clone()));
            assert_eq!(updates(&sandbox), 1);
            let logins = sandbox.sent("/api/login").len();
            assert_eq!(logins, usize::from(!lines.is_empty()));
        }
    }
}

/// Each of them updates the token before the opening.
#[test]
fn a_booking_at_its_opening_continues_with_the_cookies() {
    let (scene, class, id) = Scenario::prebooked(6, &json!({}), "");
    scene.home.age_tokens(60);
    lose(&scene.sandbox, &json!({ "kind": "drop" }));
    scene.books(id, &class);
    assert_eq!(updates(&scene.sandbox), 1);

    let (sandbox, home) = logged_in();
    let opening = Opening::after(4);
    let class = opening.class(&sandbox, &home, &json!({}));
    home.age_tokens(60);
    lose(&sandbox, &json!({ "kind": "drop" }));
    opening.wait(&home).ends(0);
    assert_eq!(sandbox.reservations(&class).len(), 1);
    assert_eq!(updates(&sandbox), 1);
}
