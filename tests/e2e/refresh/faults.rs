//! Every fault of the sandbox during `refresh`, once and permanently: the exit code is right, at most three attempts are
//! made, the session is kept, and the next success clears `last_error`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    ANA, Home, Run, SOURCE, Sandbox, crowd, logged_in, side_by_side, tokens_agree, with,
};

/// Whether the request with a fault was served.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Served {
    /// It was not, and is sent again.
    No,
    /// It may have been: its response was lost.
    Perhaps,
    /// There is a response, which is not the expected one.
    Answered,
}

/// Every fault.
fn faults() -> Vec<(Value, Served)> {
    use Served::{Answered, No, Perhaps};
    let json = |body: Value| json!({ "kind": "json", "body": body });
    let mut faults = vec![
        (json!({ "kind": "json" }), Answered),
        (json(json!({})), Answered),
        (json(json!({ "newToken": "x" })), Perhaps),
        (json(json!({ "error": { "code": 504 } })), Perhaps),
        (json(json!({ "error": { "code": 503 } })), No),
        (json!({ "kind": "retry_after", "seconds": 1 }), No),
    ];
    for (kinds, served) in [
        ("foreign huge", Answered),
        ("empty truncate cut drop garbage hang trickle", Perhaps),
    ] {
        faults.extend(
            kinds
                .split(' ')
                .map(|kind| (json!({ "kind": kind }), served)),
        );
    }
    for (statuses, served) in [
        (&[302, 400, 403, 404][..], Answered),
        (&[429, 503], No),
        (&[500, 502, 504], Perhaps),
    ] {
        let status = |status| (json!({ "kind": "status", "status": status }), served);
        faults.extend(statuses.iter().map(status));
    }
    faults
}

/// Ana is logged in, and one path has this fault for this number of requests.
fn faulty(fault: &Value, path: &str, count: i64) -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    home.impatient_with(fault);
    put(&sandbox, fault, path, count);
    (sandbox, home)
}

fn put(sandbox: &Sandbox, fault: &Value, path: &str, count: i64) {
    sandbox.fault(&with(fault, json!({ "path": path, "count": count })));
}

fn refresh(home: &Home) -> Run {
    let limit = Duration::from_secs(30);
    home.run("refresh --force --session background")
        .limit(limit)
}

fn tries(sandbox: &Sandbox) -> usize {
    sandbox.sent("/api/tokenUpdate").len()
}

/// The next refresh succeeds.
fn then_all_is_well(sandbox: &Sandbox, home: &Home) {
    sandbox.clear_faults();
    refresh(home).any_stderr().done();
    let row = home.session("background");
    assert_eq!(row["status"], "active");
    assert!(row["last_error"].is_null(), "{row}");
    tokens_agree(sandbox, home);
}

#[test]
fn a_token_update_that_fails_once_or_always() {
    for chunk in once_and_always().chunks(16) {
        side_by_side(chunk, |(fault, served, count)| {
            let (sandbox, home) = faulty(fault, "/api/tokenUpdate", *count);
            let (status, outcome, expected) = match (served, count) {
                (Served::No, 1) => (0, "updated", 2),
                (Served::No, _) => (5, "failed", 3),
                _ => (5, "failed", 1),
            };
            refresh(&home).report(status).is(&[(outcome, 1)]).silent();
            assert_eq!(tries(&sandbox), expected, "{fault}");
            let row = home.session("background");
            assert_eq!(row["status"], "active", "{fault}");
            if status == 5 {
                let words = row["last_error"].as_str().unwrap();
                assert!(words.starts_with("token update: "), "{words}");
                assert!(!words.contains(char::is_control), "{words:?}");
            }
            after(*served, &sandbox, &home);
        });
    }
}

/// Every fault, for one request and for all.
fn once_and_always() -> Vec<(Value, Served, i64)> {
    let twice =
        |(fault, served): (Value, Served)| [1, -1].map(|count| (fault.clone(), served, count));
    faults().into_iter().flat_map(twice).collect()
}

/// An update that may have been served is not repeated while the session works by its cookies.
fn after(served: Served, sandbox: &Sandbox, home: &Home) {
    if served == Served::Perhaps {
        sandbox.clear_faults();
        home.config("");
        refresh(home).report(0).is(&[("fresh", 1)]);
        assert_eq!(tries(sandbox), 1);
        sandbox.stale(ANA);
    }
    then_all_is_well(sandbox, home);
}

#[test]
fn two_failures_are_outlasted_three_are_not() {
    side_by_side(&[(2, 0), (3, 5)], |&(count, status)| {
        let (sandbox, home) = faulty(&json!({ "kind": "status" }), "/api/tokenUpdate", count);
        refresh(&home).status(status).done();
        assert_eq!(tries(&sandbox), 3);
    });
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let gap = |seconds: u64| {
        let fault = json!({ "kind": "retry_after", "seconds": seconds });
        let (sandbox, home) = faulty(&fault, "/api/tokenUpdate", 1);
        let status = if seconds > 30 { 5 } else { 0 };
        refresh(&home).status(status).done();
        let sent = sandbox.sent("/api/tokenUpdate");
        let at = |n: usize| sent.get(n).map(|e| e["arrived_us"].as_i64().unwrap());
        at(1).map(|second| second - at(0).unwrap())
    };
    side_by_side(&[2, 31], |&seconds| {
        let gap = gap(seconds);
        // a machine that waits longer than a run has time for is asked by the next run
        assert_eq!(gap.is_some(), seconds == 2);
        assert!(gap.is_none_or(|gap| gap >= 2_000_000), "{gap:?}");
    });
}

#[test]
fn in_an_outage_the_others_get_one_try_each() {
    let (sandbox, home) = crowd(3);
    let outage = json!({ "kind": "status" });
    put(&sandbox, &outage, "/api/tokenUpdate", -1);
    home.run("refresh --force --jobs 1 --rate 0")
        .report(5)
        .is(&[("failed", 6)]);
    assert_eq!(tries(&sandbox), 3 + 5);
    // setrefresh has an outage of its own, which does not keep the tokens from being updated
    sandbox.clear_faults();
    sandbox.clear_log();
    put(&sandbox, &outage, "/setrefresh", -1);
    home.run("refresh --force --deep --jobs 1 --rate 0")
        .report(5)
        .is(&[("failed", 6)]);
    assert_eq!(tries(&sandbox), 6);
    assert_eq!(sandbox.sent("/setrefresh").len(), 3 + 5);
}

#[test]
fn a_blocked_address_stops_the_batch_with_one_clear_message() {
    let (sandbox, home) = crowd(3);
    let fault = json!({ "kind": "status", "status": 403 });
    put(&sandbox, &fault, "/api/tokenUpdate", -1);
    for run in 1..=4 {
        sandbox.clear_log();
        let report = home.run("refresh --force").report(5);
        report.is(&[("failed", 6)]);
        assert_eq!(tries(&sandbox), 1, "the others are not asked");
        let message = report.printed["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("403") && message.contains("`proxy`"),
            "{message}"
        );
        let lines = report.words.matches('\n').count();
        assert_eq!(lines, usize::from(run == 3), "{}", report.words);
        assert_eq!(report.words.contains("`proxy`"), run == 3);
    }
    sandbox.clear_faults();
    let printed = home.run("refresh --force").any_stderr().done();
    assert_eq!(printed.stderr.matches("works again").count(), 6);
    // one in the middle of a batch is that session's own trouble
    sandbox.fault(&json!({
        "path": "/api/tokenUpdate", "kind": "status", "status": 403, "skip": 2,
    }));
    home.run("refresh --force --jobs 1")
        .report(7)
        .is(&[("failed", 1), ("updated", 5)]);
}

#[test]
fn setrefresh_in_every_way() {
    let twice =
        |(fault, served): (Value, Served)| [false, true].map(|deep| (fault.clone(), served, deep));
    let logout = (json!({ "kind": "logout" }), Served::Answered);
    let all = faults().into_iter().chain([logout]);
    let cases: Vec<_> = all.flat_map(twice).collect();
    for chunk in cases.chunks(16) {
        side_by_side(chunk, |(fault, served, deep)| {
            let (sandbox, home) = faulty(fault, "/setrefresh", -1);
            home.sql("UPDATE sessions SET refreshed_at = refreshed_at - 90000000");
            let run = refresh(&home).args(if *deep { "--deep" } else { "" });
            let report = run.report(if *deep { 5 } else { 0 });
            assert_eq!(report.words.contains("setrefresh failed"), *deep);
            let outcome = if *deep { "failed" } else { "updated" };
            report.is(&[(outcome, 1)]);
            // `setrefresh` answers with a page: a code inside JSON says nothing there
            let is_repeated = *served == Served::No && fault["kind"] != "json";
            let expected = if is_repeated { 3 } else { 1 };
            assert_eq!(sandbox.sent("/setrefresh").len(), expected, "{fault}");
            let words = report.session("background")["error"].as_str().unwrap();
            assert!(words.contains("setrefresh failed"), "{words}");
            let row = home.session("background");
            let error = row["last_error"].as_str().unwrap();
            assert!(error.starts_with("setrefresh: "), "{row}");
            assert_eq!(row["token_update_count"], 1, "{row}");
            assert_eq!(row["refresh_count"], 1, "{row}");
            then_all_is_well(&sandbox, &home);
            assert_eq!(home.session("background")["refresh_count"], 2, "{fault}");
        });
    }
}

#[test]
fn the_login_of_a_dead_session_in_every_way() {
    for chunk in once_and_always().chunks(16) {
        side_by_side(chunk, |(fault, _, count)| {
            let (sandbox, home) = faulty(fault, "/api/login", *count);
            put(&sandbox, fault, "/", *count);
            home.config_with(SOURCE, "timeout = \"1s\"");
            sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
            let report = refresh(&home).report(5);
            report.is(&[("failed", 1)]).silent();
            assert!(sandbox.sent("/api/login").len() <= 1, "never repeated");
            assert!(sandbox.sent("/").len() <= 1, "never repeated");
            let row = home.session("background");
            assert_eq!(row["status"], "expired", "{fault}");
            assert!(row["last_error"].is_string());
            then_all_is_well(&sandbox, &home);
            assert_eq!(sandbox.counters()["logins_refused"], 0);
        });
    }
}
