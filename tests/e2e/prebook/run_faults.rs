//! `prebook run` with an unknown box, a locked session, a fingerprint, or an account.

use std::time::{Duration, Instant};

use aimharder::model::session::SessionKind;
use serde_json::{Value, json};

use crate::support::{ANA, BEN, BEN_PASSWORD, Fired, Home, Run, Sandbox, hold, logged_in, with};

/// A class three days ahead with free places, and a prebooking of Ana's for it.
pub(crate) fn prebook_class(sandbox: &Sandbox, home: &Home, start: &str) -> String {
    let class = class(sandbox, start, &json!({}));
    prebook(home, &format!("--time {start}"));
    class
}

pub(crate) fn class(sandbox: &Sandbox, start: &str, more: &Value) -> String {
    let class = json!({ "start": start, "name": "Deseo", "capacity": 12, "occupied": 0 });
    sandbox.trial(with(&class, more.clone()))
}

pub(crate) fn prebook(home: &Home, how: &str) {
    home.run("prebook add --opens 7d --day +3")
        .args(how)
        .ends(0);
}

/// The object of a run that must end with this status; its text is reported once, and checked apart.
pub(crate) fn results(run: Run, status: i32) -> (Value, String) {
    let fired = Fired::of(run.arg("--json").any_stderr().spawn(), status);
    (fired.printed, fired.words)
}

pub(crate) fn outcomes(printed: &Value) -> Vec<&str> {
    let all = printed["results"].as_array().unwrap();
    let mut all: Vec<_> = all
        .iter()
        .map(|r| (r["id"].as_i64(), r["outcome"].as_str().unwrap()))
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

pub(crate) fn stored(home: &Home, what: &str) -> String {
    home.ask(&format!("SELECT {what} FROM prebookings WHERE id = 1"))
}

#[test]
fn an_unknown_box_is_not_found() {
    for spoil in [
        "UPDATE prebookings SET box = 'nowhere'",
        "UPDATE boxes SET timezone = 'Mars/Olympus' WHERE name = 'crossfitdemo'",
    ] {
        let (sandbox, home) = logged_in();
        prebook_class(&sandbox, &home, "14:10");
        home.sql(spoil);
        let (printed, words) = results(home.run("prebook run"), 6);
        assert_eq!(
            (&printed["due"], &printed["postponed"]),
            (&json!(1), &json!(1)),
            "{printed}"
        );
        assert_eq!(outcomes(&printed), ["not_found"]);
        assert_eq!(printed["error"]["kind"], "not_found");
        assert!(
            words.starts_with("error: prebooking 1 of ana@example.org"),
            "{words}"
        );
        // reported once, counted every time
        let (printed, words) = results(home.run("prebook run"), 6);
        assert_eq!(
            (outcomes(&printed), words.as_str()),
            (vec!["not_found"], ""),
            "{printed}"
        );
        assert_eq!(stored(&home, "status"), "pending");
        home.sql("UPDATE prebookings SET day = '2026-01-05'");
        let (printed, _) = results(home.run("prebook run"), 4);
        assert_eq!(outcomes(&printed), ["expired"], "{printed}");
        assert_eq!(stored(&home, "status"), "expired");
        assert!(sandbox.sent("/api/book").is_empty());
    }
}

/// Firing needs the lock, because the session has lapsed and must be recovered.
#[test]
fn a_lock_is_waited_for_within_give_up() {
    let (sandbox, home) = logged_in();
    let class = prebook_class(&sandbox, &home, "14:10");
    sandbox.stale(ANA);
    let held = hold(&home, ANA, SessionKind::Background);
    let run = home
        .run("prebook run --give-up 30s --json")
        .pauses(5)
        .any_stdout()
        .spawn();
    std::thread::sleep(Duration::from_secs(3)); // twice as long as a person's command waits
    drop(held);
    let printed = run.json();
    assert_eq!(outcomes(&printed), ["booked"], "{printed}");
    assert_eq!(sandbox.reservations(&class).len(), 1);
}

#[test]
fn a_lock_is_waited_for_no_longer_than_give_up() {
    let (sandbox, home) = logged_in();
    prebook_class(&sandbox, &home, "14:10");
    sandbox.stale(ANA);
    let _held = hold(&home, ANA, SessionKind::Background);
    let began = Instant::now();
    let (printed, _) = results(home.run("prebook run --give-up 2s"), 5);
    assert_eq!(outcomes(&printed), ["unreachable"], "{printed}");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert!(
        printed["results"][0]["message"]
            .as_str()
            .unwrap()
            .contains("in use by a test"),
        "{printed}"
    );
}

#[test]
fn one_device_session_acts_for_its_owner() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    prebook(&home, "--account ana@example.org --time 14:10");
    prebook(
        &home,
        "--account ben@example.org --box crossfitdemo --time 14:10",
    );
    let class = class(&sandbox, "14:10", &json!({}));
    let print = home.fingerprint(ANA, "device");
    let run = || home.run("prebook run --fingerprint").arg(&print[..8]);
    home.run("prebook run --fingerprint zzzzzz")
        .fails(6, &["begins with", "zzzzzz"]);
    home.run("prebook run --fingerprint zzz").usage(&["zzz"]);
    let printed = run().args("--dry-run").json();
    assert_eq!(outcomes(&printed), ["would_book"]);
    let printed = run().json();
    assert_eq!(outcomes(&printed), ["booked"], "{printed}");
    let session = &printed["results"][0]["session"];
    assert_eq!(
        (&session["kind"], &session["fingerprint"]),
        (&json!("device"), &json!(print))
    );
    let mine = sandbox.reservations(&class);
    assert_eq!((mine.len(), &mine[0]["account"]), (1, &json!(ANA)));
    // the others are none of its business: the next run without it books them
    let (printed, _) = results(home.run("prebook run"), 0);
    assert_eq!(outcomes(&printed), ["booked"], "{printed}");
}

#[test]
fn an_account_that_nothing_is_known_of() {
    let (sandbox, home) = logged_in();
    for args in ["", "--dry-run"] {
        let run = home
            .run("prebook run --account unknown@example.org")
            .args(args);
        run.fails(
            3,
            &["no session for unknown@example.org", "aimharder login"],
        );
    }
    // known by a prebooking alone: that one needs a login
    prebook_class(&sandbox, &home, "14:10");
    home.sql("UPDATE prebookings SET account = 'carla@example.org'");
    let (printed, _) = results(home.run("prebook run --account carla@example.org"), 3);
    assert_eq!(outcomes(&printed), ["login_required"], "{printed}");
}
