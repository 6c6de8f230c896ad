//! `refresh` of sessions that the platform has ended: exit codes by outcome, recovery with the account's own password only,
//! and few refused logins.

use serde_json::json;

use crate::support::{ANA, BEN, BEN_PASSWORD, Home, SOURCE, Sandbox, logged_in};

fn logins(sandbox: &Sandbox) -> usize {
    sandbox.sent("/api/login").len() + sandbox.sent("/").len()
}

fn kill_background(sandbox: &Sandbox, home: &Home, account: &str) {
    sandbox.kill_one(account, &home.fingerprint(account, "background"));
}

#[test]
fn a_dead_device_session_is_deleted_and_reported_once() {
    let (sandbox, home) = logged_in();
    sandbox.kill_one(ANA, &home.fingerprint(ANA, "device"));
    home.run("refresh --force --session device")
        .fails(3, &["device session of ana@example.org", "aimharder login"]);
    assert_eq!(home.sessions().len(), 1);
    home.run("refresh --force").done();
    assert_eq!(
        logins(&sandbox),
        0,
        "devices are not logged in by themselves"
    );
}

#[test]
fn without_a_source_it_stays_logged_out_and_asks_nothing() {
    let (sandbox, home) = logged_in();
    kill_background(&sandbox, &home, ANA);
    home.run("refresh --force --session background").fails(
        3,
        &["background session of ana@example.org", "password_command"],
    );
    sandbox.clear_log();
    for _ in 0..3 {
        // reported once in text; the exit code and the object report it every time
        home.run("refresh --session background").status(3).done();
        let report = home.run("refresh --session background").report(3);
        report.is(&[("logged_out", 1)]).silent();
        let words = report.session("background")["error"].as_str().unwrap();
        assert!(words.contains("password_command"), "{words}");
    }
    assert!(sandbox.log().is_empty(), "known to be dead");
    let row = home.session("background");
    assert_eq!(
        (&row["status"], &row["protected"]),
        (&json!("expired"), &json!(true))
    );
    assert!(row["last_error"].is_string());

    home.config(SOURCE);
    home.run("refresh --session background")
        .stderr_has(&["the background session of ana@example.org works again"])
        .done();
    home.run("refresh --force").done();
    assert_eq!(home.session("background")["status"], "active");
    assert_eq!(logins(&sandbox), 1);
}

#[test]
fn a_session_without_auto_refresh_is_not_recovered() {
    let (sandbox, home) = logged_in();
    home.config(SOURCE);
    kill_background(&sandbox, &home, ANA);
    home.sql("UPDATE sessions SET status = 'expired', auto_refresh = 0 WHERE kind = 'background'");
    home.run("refresh --force").report(0).is(&[("updated", 1)]);
    assert_eq!(logins(&sandbox), 0);
}

#[test]
fn a_refused_password_waits_for_its_source_to_change() {
    let (sandbox, home) = logged_in();
    home.config("password_command = \"echo old-password\"");
    kill_background(&sandbox, &home, ANA);
    home.run("refresh --force --session background")
        .fails(3, &["refused the login of ana@example.org"]);
    for _ in 0..3 {
        home.run("refresh").status(3).done();
    }
    assert_eq!(logins(&sandbox), 1);
    let words = home.session("background")["last_error"].to_string();
    assert!(words.contains("automation tries it again after"), "{words}");
    // of two sources with different passwords, such as those of a crontab and of a unit, neither is sent again
    for password in ["older-password", "old-password", "older-password"] {
        home.config(&format!("password_command = \"echo {password}\""));
        home.run("refresh").status(3).done();
    }
    assert_eq!(logins(&sandbox), 2);
    home.config(SOURCE);
    home.run("refresh").stderr_has(&["works again"]).done();
    assert_eq!(logins(&sandbox), 3);
}

#[test]
fn a_refused_password_is_tried_again_after_a_day() {
    let (sandbox, home) = logged_in();
    home.config(SOURCE);
    kill_background(&sandbox, &home, ANA);
    // correct passwords are sometimes refused to scripts
    let error = json!({ "error": { "code": 401, "message": "LOGIN_ERROR_LOGIN" } });
    sandbox.fault(&json!({ "path": "/api/login", "kind": "json", "body": error, "status": 401 }));
    home.run("refresh --force").report(7);
    home.sql("UPDATE accounts SET refused_at = refused_at - 86340000");
    home.run("refresh").report(3);
    assert_eq!(logins(&sandbox), 1);
    let refused = |home: &Home| {
        let status = home.run("status --offline").any_stderr().json();
        status["accounts"][0]["password_refused"].clone()
    };
    assert_eq!(refused(&home), true);
    home.sql("UPDATE accounts SET refused_at = refused_at - 60000");
    assert_eq!(refused(&home), false, "it is sent again");
    home.run("refresh")
        .report(0)
        .is(&[("relogged", 1), ("fresh", 1)]);
    let left = "SELECT count(*) FROM accounts WHERE refused_at NOT NULL OR refused_hash NOT NULL";
    assert_eq!(home.ask(left), "0");
}

#[test]
fn a_lock_out_does_not_count_against_the_password() {
    let (sandbox, home) = logged_in();
    home.config(SOURCE);
    kill_background(&sandbox, &home, ANA);
    sandbox.config(&json!({ "lock_after": 1 }));
    home.run("login ana@example.org --only device --password-stdin")
        .stdin("wrong")
        .fails(3, &["locked"]);
    home.sql("UPDATE accounts SET locked_at = NULL");
    sandbox.clear_log();
    let report = home.run("refresh --force --session background").report(3);
    report.is(&[("logged_out", 1)]);
    assert_eq!(logins(&sandbox), 1);
    // no password is sent for half an hour, another one neither
    for source in [SOURCE, "password_command = \"echo another\""] {
        home.config(source);
        let report = home.run("refresh --session background").report(3);
        let words = report.session("background")["error"].as_str().unwrap();
        assert!(words.contains("automation logs in again after"), "{words}");
    }
    assert_eq!(logins(&sandbox), 1);
    home.config(SOURCE);
    let status = home.run("status --offline").any_stderr().json();
    assert_eq!(status["accounts"][0]["password_refused"], false);
    let remedy = status["problems"][0]["remedy"].as_str().unwrap();
    let words = "automation logs in again after ";
    assert!(remedy.starts_with(words), "{status}");
    sandbox.config(&json!({ "lock_after": 0 }));
    home.sql("UPDATE accounts SET locked_at = locked_at - 1800000");
    home.run("refresh --session background")
        .report(0)
        .is(&[("relogged", 1)]);
    assert_eq!(home.ask("SELECT count(locked_at) FROM accounts"), "0");
}

#[test]
fn a_person_logs_in_during_the_pause() {
    let (sandbox, home) = logged_in();
    home.config(SOURCE);
    kill_background(&sandbox, &home, ANA);
    sandbox.config(&json!({ "lock_after": 1 }));
    home.config("password_command = \"echo wrong\"");
    home.run("refresh --force --session background").report(3);
    sandbox.config(&json!({ "lock_after": 0 }));
    home.config(SOURCE);
    home.run("refresh --session background").report(3);
    home.run("login ana@example.org").succeeds();
    home.run("refresh").report(0).is(&[("fresh", 2)]);
}

#[test]
fn at_most_five_refusals_are_sent() {
    let (sandbox, home) = logged_in();
    kill_background(&sandbox, &home, ANA);
    for n in 0..7 {
        home.config(&format!("password_command = \"echo wrong-{n}\""));
        let report = home.run("refresh --force --session background").report(3);
        report.is(&[("logged_out", 1)]);
        let words = report.session("background")["error"].as_str().unwrap();
        assert_eq!(
            words.contains("the next login is possible at"),
            n >= 5,
            "{words}"
        );
    }
    assert_eq!(logins(&sandbox), 5);
    home.config(SOURCE);
    home.run("refresh").status(3).done();
    assert_eq!(logins(&sandbox), 5, "the right one has to wait, too");
    home.sql("UPDATE refusals SET at = at - 16 * 60000");
    home.run("refresh").stderr_has(&["works again"]).done();
}

#[test]
fn one_accounts_password_is_never_sent_for_another() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    sandbox.clear_log();
    for (source, recovered) in [
        (
            "account = \"ana@example.org\"\npassword_command = \"echo correct-horse\"",
            ANA,
        ),
        (
            "[accounts.\"ben@example.org\"]\npassword_command = \"echo battery-staple\"",
            BEN,
        ),
        // no account is named and there are two: the top-level command is for neither
        (SOURCE, ""),
    ] {
        for account in [ANA, BEN] {
            kill_background(&sandbox, &home, account);
        }
        home.write_config(&format!("{source}\n{}", sandbox.config));
        sandbox.clear_log();
        let variable = if recovered == BEN {
            ""
        } else {
            "correct-horse"
        };
        let refresh = home.run("refresh --force --session background");
        let refresh = refresh.env("AIMHARDER_PASSWORD", variable);
        let report = refresh.report(if recovered.is_empty() { 3 } else { 7 });
        let relogged = u64::from(!recovered.is_empty());
        report.is(&[("relogged", relogged), ("logged_out", 2 - relogged)]);
        for login in sandbox.sent("/api/login") {
            assert_eq!(
                login["fingerprint"],
                home.fingerprint(recovered, "background").as_str()
            );
            assert_eq!(login["status"], 200, "{login}");
        }
        assert_eq!(logins(&sandbox) as u64, relogged);
    }
}

#[test]
fn exit_codes_by_outcome() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    home.impatient();
    // some logged out, the others well
    sandbox.kill(BEN);
    home.run("refresh --force")
        .report(7)
        .is(&[("logged_out", 2), ("updated", 2)]);
    // all that is looked at logged out
    home.run("refresh --account ben@example.org")
        .report(3)
        .is(&[("logged_out", 1)]);
    // fresh ones do not count
    home.run("refresh")
        .report(3)
        .is(&[("logged_out", 1), ("fresh", 2)]);
    // logged out and failed: all of it, for different reasons
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "foreign", "count": 2 }));
    home.run("refresh --force")
        .report(7)
        .is(&[("logged_out", 1), ("failed", 2)]);
    // failed, all alike
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "foreign", "count": 2 }));
    home.run("refresh --force --account ana@example.org")
        .report(5)
        .is(&[("failed", 2)]);
    // one failed, one well
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "foreign", "count": 1 }));
    home.run("refresh --force --account ana@example.org")
        .report(7)
        .is(&[("failed", 1), ("updated", 1)]);
}
