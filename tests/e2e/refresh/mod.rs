//! `refresh`: which sessions it updates, which of them are due, and what it reports.

mod alerts;
mod dead;
mod faults;
mod pace;

use aimharder::model::session::SessionKind;
use serde_json::json;

use crate::support::{ANA, BEN, BEN_PASSWORD, Home, Sandbox, hold, logged_in, tokens_agree};

const DAY: i64 = 24 * 3600 * 1000;

fn updates(sandbox: &Sandbox) -> usize {
    sandbox.sent("/api/tokenUpdate").len()
}

/// Moves the creation of the sessions of a kind into the past.
fn age(home: &Home, kind: &str, by: i64) {
    home.sql(&format!(
        "UPDATE sessions SET created_at = created_at - {by} WHERE kind = '{kind}'"
    ));
}

fn two_accounts() -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    sandbox.clear_log();
    (sandbox, home)
}

/// The accounts whose tokens were updated, and how often.
fn updated(sandbox: &Sandbox, account: &str) -> usize {
    let sent = sandbox.sent("/api/tokenUpdate");
    sent.iter()
        .filter(|entry| entry["account"] == account)
        .count()
}

#[test]
fn a_token_is_due_by_its_age() {
    let (sandbox, home) = logged_in();
    home.age_tokens(13);
    home.run("refresh").done();
    home.run("refresh").report(0).is(&[("fresh", 2)]).silent();
    assert!(sandbox.log().is_empty(), "young tokens cost no request");
    home.age_tokens(2);
    home.run("refresh").done();
    for session in home.sessions() {
        assert_eq!(session["token_update_count"], 1);
        assert!(session["token_age_seconds"].as_i64().unwrap() < 60);
    }
    tokens_agree(&sandbox, &home);
    assert_eq!(updates(&sandbox), 2);
    home.age_tokens(50);
    for (limit, expected) in [("1h", 2), ("45m", 4), ("0s", 6), ("3660d", 6)] {
        home.run("refresh --stale-after").arg(limit).done();
        assert_eq!(updates(&sandbox), expected, "{limit}");
    }
}

#[test]
fn wrong_flags_are_usage() {
    let (_sandbox, home) = logged_in();
    for (args, words) in [
        ("--force --stale-after 1h", "cannot be used with"),
        ("--jobs 65", "--jobs"),
        ("--rate -1", "-1"),
        ("--fingerprint abcde", "6"),
        ("--session background --fingerprint abcdef", "device"),
    ] {
        home.run("refresh").args(args).any_stderr().usage(&[words]);
    }
}

#[test]
fn force_ignores_age_but_not_auto_refresh() {
    let (sandbox, home) = logged_in();
    home.run("refresh --force")
        .report(0)
        .is(&[("updated", 2)])
        .silent();
    let print = home.fingerprint(ANA, "device");
    home.run("sessions set --auto-refresh off --fingerprint")
        .arg(&print)
        .succeeds();
    let report = home.run("refresh --force").report(0);
    report.is(&[("updated", 1)]);
    assert_eq!(report.session("background")["outcome"], "updated");
    home.run("sessions set --auto-refresh on --fingerprint")
        .arg(&print)
        .succeeds();
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    assert_eq!(updates(&sandbox), 5);
}

#[test]
fn all_sessions_unless_an_account_a_kind_or_a_device_is_named() {
    let (sandbox, home) = two_accounts();
    home.config("account = \"ana@example.org\"");
    let refresh = |args: &str, count| {
        let report = home.run("refresh --force").args(args).report(0);
        report.is(&[("updated", count)]);
        (updated(&sandbox, ANA), updated(&sandbox, BEN))
    };
    assert_eq!(refresh("", 4), (2, 2));
    assert_eq!(refresh("--account Ben@Example.org", 2), (2, 4));
    home.run("refresh --force")
        .env("AIMHARDER_ACCOUNT", ANA)
        .report(0)
        .is(&[("updated", 2)]);
    assert_eq!(refresh("--session device", 2), (5, 5));
    assert_eq!(
        refresh("--session background --account ana@example.org", 1),
        (6, 5)
    );
    // a device of any account
    let bens = home.fingerprint(BEN, "device");
    assert_eq!(refresh(&format!("--fingerprint {}", &bens[..8]), 1), (6, 6));
    home.run("refresh --fingerprint zzzzzzzz")
        .fails(6, &["zzzzzzzz"]);
    home.run("refresh --account ana@example.org --fingerprint")
        .arg(&bens)
        .fails(6, &["no session here"]);
}

#[test]
fn devices_past_seven_days_are_left_alone_background_never() {
    let (sandbox, home) = logged_in();
    age(&home, "device", 7 * DAY - 3_600_000);
    age(&home, "background", 400 * DAY);
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    age(&home, "device", 3_700_000);
    let report = home.run("refresh --force").report(0);
    report.is(&[("updated", 1)]).silent();
    assert_eq!(report.session("background")["outcome"], "updated");
    assert_eq!(updates(&sandbox), 3);
    assert_eq!(home.sessions().len(), 2, "left alone, not deleted");
    home.has_no_booking("");
}

#[test]
fn a_time_that_cannot_be_is_due() {
    let (sandbox, home) = logged_in();
    home.age_tokens(-4);
    home.run("refresh").report(0).is(&[("fresh", 2)]);
    home.age_tokens(-60 * 24 * 400);
    home.run("refresh").report(0).is(&[("updated", 2)]).silent();
    assert_eq!(updates(&sandbox), 2);
    for session in home.sessions() {
        assert!(session["token_age_seconds"].as_i64().unwrap() >= 0);
    }
}

#[test]
fn a_busy_session_is_left_alone_and_is_no_error() {
    let (sandbox, home) = logged_in();
    let held = hold(&home, ANA, SessionKind::Device);
    let report = home.run("refresh --force").report(0);
    report.is(&[("busy", 1), ("updated", 1)]).silent();
    assert_eq!(report.session("device")["outcome"], "busy");
    let output = home.run("refresh --force --session device").done();
    assert!(output.took.as_secs() < 5, "it does not wait: {output:?}");
    assert_eq!(updates(&sandbox), 1);
    let shown = home.sessions();
    let busy: Vec<_> = shown.iter().map(|s| (&s["kind"], &s["busy"])).collect();
    assert_eq!(
        json!(busy),
        json!([["background", false], ["device", true]])
    );
    drop(held);
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
}

#[test]
fn what_another_has_updated_meanwhile_is_fresh() {
    let (sandbox, home) = logged_in();
    home.age_tokens(60);
    sandbox.config(&json!({ "latency_ms": 300 }));
    // the first is on its way with one session when the second looks
    let args = "refresh --jobs 1 --rate 0";
    let first = home.run(args).spawn();
    crate::support::wait_for("the first request", || updates(&sandbox) > 0);
    home.run(args).report(0).silent();
    first.done();
    home.run(args).report(0).is(&[("fresh", 2)]);
    assert_eq!(updates(&sandbox), 2, "one update per session");
}
