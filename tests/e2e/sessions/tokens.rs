//! Tokens: updated before use when stale, by one process at a time, and a newer one is never replaced by an older one.

use serde_json::json;

use crate::support::{ANA, Home, Sandbox, all_at_once, logged_in, tokens_agree, wait_for};

fn updates(sandbox: &Sandbox) -> usize {
    sandbox.sent("/api/tokenUpdate").len()
}

fn look(home: &Home) -> crate::support::Run {
    home.run("classes --day +3").any_stdout()
}

#[test]
fn older_than_25_minutes_is_updated_first() {
    let (sandbox, home) = logged_in();
    home.age_tokens(24);
    look(&home).done();
    assert_eq!(updates(&sandbox), 0);
    home.age_tokens(2);
    look(&home).done();
    let paths: Vec<_> = sandbox.log().iter().map(|e| e["path"].clone()).collect();
    assert!(paths.contains(&json!("/api/tokenUpdate")));
    assert_eq!(updates(&sandbox), 1);
    look(&home).done();
    assert_eq!(updates(&sandbox), 1);
    let device = home.session("device");
    assert_eq!(device["token_update_count"], 1);
    assert!(device["token_age_seconds"].as_i64().unwrap() < 60);
    let stored = home.ask("SELECT token FROM sessions WHERE kind = 'device'");
    let print = home.fingerprint(ANA, "device");
    assert_eq!(sandbox.session(ANA, &print)["token"], stored.as_str());
}

#[test]
fn a_time_in_the_future_counts_as_old() {
    let (sandbox, home) = logged_in();
    home.age_tokens(-4);
    look(&home).done();
    assert_eq!(
        updates(&sandbox),
        0,
        "four minutes may be a clock's inexactness"
    );
    home.age_tokens(-2);
    look(&home).done();
    assert_eq!(updates(&sandbox), 1);
}

#[test]
fn without_an_answer_the_token_at_hand_is_used() {
    for (fault, lost) in [
        ("status", false),
        ("foreign", false),
        ("empty", true),
        ("truncate", true),
        ("json", false),
        ("drop", true),
        ("garbage", true),
    ] {
        let (sandbox, home) = logged_in();
        home.age_tokens(60);
        sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": fault }));
        look(&home).done();
        let device = home.session("device");
        let words = device["last_error"].as_str().unwrap();
        assert!(words.starts_with("token update"), "{fault}: {words}");
        look(&home).done();
        let device = home.session("device");
        // after a lost response the token is not presented again, else the next success clears it
        assert_eq!(device["last_error"].is_null(), !lost, "{fault}");
        assert_eq!(updates(&sandbox), if lost { 1 } else { 2 }, "{fault}");
    }
}

#[test]
fn twenty_processes_recover_from_a_lapsed_cookie_without_a_replay() {
    let (sandbox, home) = logged_in();
    sandbox.stale(ANA);
    all_at_once((0..20).map(|_| home.run("bookings").stdout("nothing booked\n")));
    assert_eq!(updates(&sandbox), 1);
    assert_eq!(sandbox.counters()["replayed_tokens"], 0);
}

/// The next request is sent only when the new token is on disk.
#[test]
fn what_the_server_replaced_is_stored_before_anything_else_is_sent() {
    for args in [
        "classes --day +3",
        "refresh --force --deep --session device",
    ] {
        let (sandbox, home) = logged_in();
        home.age_tokens(60);
        let later = json!({ "path": "/*", "kind": "hang", "skip": 1, "count": -1 });
        sandbox.fault(&later);
        let running = home.run(args).spawn();
        wait_for("the second request", || sandbox.log().len() > 1);
        assert_eq!(updates(&sandbox), 1, "{args}");
        running.kill();
        tokens_agree(&sandbox, &home);
    }
}

#[test]
fn a_newer_token_never_yields_to_an_older_one() {
    let (sandbox, home) = logged_in();
    let generation = || home.ask("SELECT generation FROM sessions WHERE kind = 'device'");
    let before: i64 = generation().parse().unwrap();
    // the row changes while a call is under way: its cookies are not written over the newer row
    sandbox.hold("/api/bookings");
    let running = look(&home).spawn();
    wait_for("the call", || !sandbox.sent("/api/bookings").is_empty());
    home.sql(
        "UPDATE sessions SET generation = generation + 1, cookies = 'newer' WHERE kind = 'device'",
    );
    sandbox.let_go();
    running.done();
    assert_eq!(generation().parse::<i64>().unwrap(), before + 1);
    let cookies = home.ask("SELECT cookies FROM sessions WHERE kind = 'device'");
    assert_eq!(cookies, "newer");
}

/// Nor does one that another process has stored while the update was under way.
#[test]
fn a_token_that_comes_late_is_not_written_over_a_newer_one() {
    let (sandbox, home) = logged_in();
    let newer = format!("69232|1999999999|{}", "e".repeat(32));
    sandbox.hold("/api/tokenUpdate");
    let running = home.run("refresh --force --session device").spawn();
    wait_for("the update", || updates(&sandbox) > 0);
    home.sql(&format!(
        "UPDATE sessions SET generation = generation + 1, token = '{newer}' WHERE kind = 'device'"
    ));
    sandbox.let_go();
    running.done();
    let stored = home.ask("SELECT token FROM sessions WHERE kind = 'device'");
    assert_eq!(stored, newer);
}
