//! A response "logged out": the session is recovered once, deleted, or logged in again.

use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, Home, SOURCE, Sandbox, logged_in};

fn count(sandbox: &Sandbox, path: &str) -> usize {
    sandbox.sent(path).len()
}

/// A dead background session with a password source.
fn dead_background(source: &str) -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    home.config(source);
    sandbox.kill(ANA);
    (sandbox, home)
}

#[test]
fn setrefresh_may_be_enough() {
    for shape in [
        json!({ "logout_shape": 1 }),
        json!({ "logout_shape": "1" }),
        json!({ "logout_shape": true, "logout_401": true }),
    ] {
        let (sandbox, home) = logged_in();
        sandbox.config(&shape);
        sandbox.config(&json!({ "setrefresh_revives": true }));
        sandbox.stale(ANA);
        home.has_no_booking("");
        assert_eq!(count(&sandbox, "/setrefresh"), 1);
        assert_eq!(count(&sandbox, "/api/tokenUpdate"), 0);
    }
}

#[test]
fn a_token_update_decides_whatever_the_tokens_age() {
    for dead in ["data", "logout"] {
        let (sandbox, home) = logged_in();
        sandbox.config(&json!({ "whoami_dead_shape": dead }));
        sandbox.stale(ANA);
        let printed = home.run("classes --day +3").json();
        assert!(printed["classes"].is_array());
        assert_eq!(count(&sandbox, "/setrefresh"), 1, "{dead}");
        assert_eq!(count(&sandbox, "/api/tokenUpdate"), 1, "{dead}");
        home.run("classes --day +3").succeeds();
        assert_eq!(count(&sandbox, "/api/tokenUpdate"), 1, "{dead}: recovered");
    }
}

#[test]
fn logged_out_in_the_middle_of_a_booking() {
    let (sandbox, home) = logged_in();
    let id = sandbox.class(&json!({ "day": crate::support::day(3), "start": "13:10" }));
    sandbox.fault(&json!({ "path": "/api/book", "kind": "logout" }));
    let printed = home.run("book --day +3 --id").arg(&id).json();
    assert_eq!(printed["outcome"], "booked");
    assert_eq!(
        count(&sandbox, "/api/book"),
        2,
        "logout proves that the server did not act"
    );
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn logged_out_again_and_again_ends() {
    let (sandbox, home) = logged_in();
    sandbox.fault(&json!({ "path": "/api/nextBookings", "kind": "logout", "count": -1 }));
    home.run("bookings").fails(
        3,
        &["still reports a logout", "aimharder login ana@example.org"],
    );
    assert!(count(&sandbox, "/api/nextBookings") <= 3);
    assert_eq!(count(&sandbox, "/api/tokenUpdate"), 1);
    assert_eq!(
        home.sessions().len(),
        2,
        "the token update was granted: nothing is dead"
    );
}

#[test]
fn a_dead_device_session_is_deleted() {
    let (sandbox, home) = logged_in();
    home.config(SOURCE);
    let print = home.fingerprint(ANA, "device");
    sandbox.kill_one(ANA, &print);
    home.has_no_booking("--session background");
    home.run("bookings").fails(
        3,
        &[
            "ended the device session of ana@example.org",
            "aimharder login ana@example.org",
        ],
    );
    assert_eq!(
        count(&sandbox, "/api/login"),
        0,
        "device sessions are never logged in by themselves"
    );
    let left = home.sessions();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&left[0]["kind"], &left[0]["status"]),
        (&json!("background"), &json!("active"))
    );
    home.run("bookings")
        .fails(3, &["no device session for ana@example.org"]);
    home.log_in(ANA, ANA_PASSWORD);
    assert_eq!(home.fingerprint(ANA, "device"), print, "kept for ever");
}

#[test]
fn a_dead_background_session_is_logged_in_again_with_its_fingerprint() {
    for command in ["bookings", "refresh --force"] {
        let (sandbox, home) = dead_background(SOURCE);
        let print = home.fingerprint(ANA, "background");
        let run = home.run(command).args("--session background").any_stdout();
        for _ in 0..2 {
            run.clone().done();
        }
        let logins = sandbox.sent("/api/login");
        assert_eq!(logins.len(), 1, "{command}");
        assert_eq!(logins[0]["fingerprint"], print.as_str());
        let background = home.session("background");
        assert_eq!(background["fingerprint"], print.as_str());
        assert_eq!(background["status"], "active");
        assert!(background["last_error"].is_null());
    }
}

#[test]
fn without_a_source_it_is_kept_and_marked() {
    let (sandbox, home) = dead_background("");
    for _ in 0..2 {
        home.run("bookings --session background").fails(
            3,
            &[
                "ended the background session of ana@example.org",
                "password_command",
            ],
        );
    }
    assert_eq!(count(&sandbox, "/api/tokenUpdate"), 1, "known to be dead");
    let background = home.sessions().remove(0);
    assert_eq!(background["kind"], "background");
    assert_eq!(background["status"], "expired");
    assert!(background["last_error"].is_string());
    home.config(SOURCE);
    home.has_no_booking("--session background");
    assert_eq!(home.sessions()[0]["status"], "active");
}

#[test]
fn a_login_by_hand_forgets_the_refused_password() {
    let (sandbox, home) = dead_background(SOURCE);
    sandbox.account(&json!({ "email": ANA, "password": "changed" }));
    home.run("bookings --session background")
        .fails(3, &["refused the login"]);
    sandbox.account(&json!({ "email": ANA, "password": ANA_PASSWORD }));
    home.run("bookings --session background")
        .fails(3, &["tries it again after"]);
    home.run("login --password-stdin")
        .stdin(ANA_PASSWORD)
        .succeeds();
    sandbox.kill(ANA);
    home.has_no_booking("--session background");
}

#[test]
fn a_password_command_that_fails_leaves_it_expired() {
    let (sandbox, home) = dead_background("password_command = \"exit 1\"");
    home.run("bookings --session background")
        .fails(3, &["password command", "failed"]);
    assert_eq!(count(&sandbox, "/api/login"), 0);
    assert_eq!(home.sessions()[0]["status"], "expired");
}

#[test]
fn no_answer_during_recovery_is_unreachable_and_deletes_nothing() {
    let (sandbox, home) = logged_in();
    sandbox.stale(ANA);
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "status" }));
    home.run("bookings")
        .fails(5, &["could not be recovered", "503"]);
    assert_eq!(home.sessions().len(), 2);
    home.has_no_booking("");
}
