//! Refused logins: recognised, counted, never repeated.

use serde_json::{Value, json};

use crate::support::{
    ANA, ANA_PASSWORD, BEN_PASSWORD, Home, Run, Sandbox, all_at_once, logged_in, start,
};

fn wrong(home: &Home, password: &str) -> Run {
    home.login("").stdin(password)
}

fn attempts(sandbox: &Sandbox) -> u64 {
    let counters = sandbox.counters();
    counters["logins_refused"].as_u64().unwrap()
}

#[test]
fn every_shape_of_a_refusal_is_one_and_is_not_repeated() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "lock_after": 0 }));
    let mut sent = 0;
    let mut is_one = |switches: Value| {
        sandbox.config(&switches);
        let printed = wrong(&home, "wrong").ends_json(3);
        let message = printed["error"]["message"].to_string();
        let words = "refused the login of ana@example.org";
        assert!(message.contains(words), "{switches}: {message}");
        sent += 1;
        assert_eq!(attempts(&sandbox), sent, "{switches}");
        assert!(home.sessions().is_empty());
        home.sql("DELETE FROM refusals");
    };
    for language in ["es", "ca", "en"] {
        for shape in ["401", "200_error", "200_authok_false"] {
            is_one(json!({ "login_failure_shape": shape, "language": language }));
        }
    }
    // the flow that worked last is remembered, and none has: the form is tried because there is no JSON login
    for language in ["es", "ca", "en"] {
        is_one(json!({ "json_login": false, "language": language }));
    }
}

#[test]
fn a_locked_account_is_reported_as_such() {
    for json_login in [true, false] {
        let (sandbox, home) = start();
        sandbox.config(&json!({ "lock_after": 1, "json_login": json_login }));
        wrong(&home, "wrong").fails(3, &["locked for a while"]);
        wrong(&home, ANA_PASSWORD).fails(3, &["locked for a while"]);
    }
}

#[test]
fn five_refusals_in_a_quarter_of_an_hour_are_sent() {
    let (sandbox, home) = start();
    home.run("sessions").succeeds();
    home.sql("INSERT INTO refusals VALUES ('ana@example.org', 1000)");
    for _ in 0..5 {
        wrong(&home, "wrong").fails(3, &["wrong e-mail or password"]);
    }
    assert_eq!(
        home.ask("SELECT count(*) FROM refusals"),
        "5",
        "an old one is deleted"
    );
    sandbox.clear_log();
    wrong(&home, ANA_PASSWORD).fails(
        3,
        &[
            "5 logins of ana@example.org were refused",
            "the next login is possible at",
        ],
    );
    assert!(sandbox.log().is_empty(), "the sixth was not sent");
    home.run("login ben@example.org --password-stdin --only device")
        .stdin(BEN_PASSWORD)
        .succeeds();
    // only the oldest of the five must have passed
    home.sql("UPDATE refusals SET at = at - 15 * 60 * 1000 WHERE rowid = (SELECT min(rowid) FROM refusals)");
    wrong(&home, "wrong").fails(3, &["wrong e-mail"]);
    wrong(&home, ANA_PASSWORD).fails(3, &["5 logins"]);
    assert_eq!(attempts(&sandbox), 6);
    home.sql("UPDATE refusals SET at = at - 15 * 60 * 1000");
    wrong(&home, ANA_PASSWORD).succeeds();
    assert_eq!(attempts(&sandbox), 6);
}

#[test]
fn both_logins_of_a_run_count_as_one_refusal() {
    let (sandbox, home) = start();
    wrong(&home, "wrong").fails(3, &[]);
    assert_eq!(home.ask("SELECT count(*) FROM refusals"), "1");
    assert_eq!(sandbox.log().len(), 1);
    // the device login is granted and the background one refused: one as well
    let error = json!({ "error": { "code": 401, "message": "LOGIN_ERROR_LOGIN" } });
    sandbox.fault(
        &json!({ "path": "/api/login", "kind": "json", "body": error, "status": 401, "skip": 1 }),
    );
    home.sql("DELETE FROM refusals");
    let printed = wrong(&home, ANA_PASSWORD).ends_json(7);
    assert_eq!(printed["sessions"][1]["status"], "failed");
    assert_eq!(home.sessions().len(), 1);
    assert_eq!(home.sessions()[0]["kind"], "device");
    assert_eq!(home.ask("SELECT count(*) FROM refusals"), "1");
}

#[test]
fn many_processes_do_not_overrun_the_limit() {
    let (sandbox, home) = start();
    let runs = (0..12).map(|_| wrong(&home, "wrong").status(3).any_stderr());
    all_at_once(runs);
    assert_eq!(attempts(&sandbox), 5);
}

#[test]
fn the_refused_login_leaves_the_old_session_alone() {
    let (_sandbox, home) = logged_in();
    wrong(&home, "wrong").fails(3, &[]);
    assert_eq!(home.sessions().len(), 2);
    assert!(!home.fingerprint(ANA, "device").is_empty());
    home.has_no_booking("");
}
