//! A problem is reported when it is new and once when it is over; an outage at the
//! third run in a row. Exit codes and `--json` report it every time.

use std::time::Duration;

use aimharder::model::session::SessionKind;
use serde_json::json;

use crate::support::{ANA, Home, Run, Sandbox, hold, logged_in};

const OUTAGE: &str = "is unavailable";
const LOGGED_OUT: &str = "ended the background session of ana@example.org";
const OVER: &str = "the background session of ana@example.org works again\n";

fn refresh(home: &Home) -> Run {
    home.run("refresh --force --session background")
}

/// The platform answers no token update.
fn down(sandbox: &Sandbox) {
    sandbox.fault(
        &json!({ "path": "/api/tokenUpdate", "kind": "status", "status": 503, "count": -1 }),
    );
}

fn kill(sandbox: &Sandbox, home: &Home) {
    sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
}

/// A run that ends with this status and says nothing.
fn silent(home: &Home, status: i32) {
    refresh(home).status(status).done();
}

/// A run that ends with this status and one line with these words.
fn reports(home: &Home, status: i32, words: &str) {
    refresh(home).fails(status, &[words]);
}

#[test]
fn an_outage_is_reported_at_the_third_run_and_when_it_is_over() {
    let (sandbox, home) = logged_in();
    // one that ends before it is reported is not counted
    down(&sandbox);
    silent(&home, 5);
    silent(&home, 5);
    sandbox.clear_faults();
    silent(&home, 0);
    down(&sandbox);
    silent(&home, 5);
    silent(&home, 5);
    reports(&home, 5, OUTAGE);
    for _ in 0..3 {
        silent(&home, 5);
    }
    sandbox.clear_faults();
    refresh(&home).stderr_has(&[OVER]).done();
    silent(&home, 0);
    // the next outage counts from its own beginning
    down(&sandbox);
    silent(&home, 5);
    silent(&home, 5);
    reports(&home, 5, OUTAGE);
}

#[test]
fn a_lasting_problem_is_reported_once() {
    let (sandbox, home) = logged_in();
    kill(&sandbox, &home);
    reports(&home, 3, LOGGED_OUT);
    for _ in 0..3 {
        silent(&home, 3);
    }
    home.config("password_command = \"echo correct-horse\"");
    refresh(&home).stderr_has(&[OVER]).done();
    silent(&home, 0);
    home.config("");
    kill(&sandbox, &home);
    reports(&home, 3, LOGGED_OUT);
}

/// `refresh --deep` is run once a day, and ordinary refreshes between its runs do not call `setrefresh`.
#[test]
fn a_failed_setrefresh_is_reported_once_and_when_it_works_again() {
    let (sandbox, home) = logged_in();
    let deep = || refresh(&home).arg("--deep");
    sandbox.config(&json!({ "setrefresh_ok": false }));
    deep().fails(5, &["setrefresh failed"]);
    for _ in 0..2 {
        silent(&home, 0);
        deep().status(5).done();
        let report = deep().report(5);
        let words = report.session("background")["error"].as_str().unwrap();
        assert!(words.contains("setrefresh failed"), "{words}");
    }
    sandbox.config(&json!({ "setrefresh_ok": true }));
    silent(&home, 0);
    let over = "setrefresh of the background session of ana@example.org works again\n";
    deep().stderr_has(&[over]).done();
    deep().done();
}

#[test]
fn a_busy_session_has_not_recovered() {
    let (sandbox, home) = logged_in();
    down(&sandbox);
    silent(&home, 5);
    silent(&home, 5);
    reports(&home, 5, OUTAGE);
    let held = hold(&home, ANA, SessionKind::Background);
    silent(&home, 0);
    drop(held);
    silent(&home, 5);
    sandbox.clear_faults();
    refresh(&home).stderr_has(&[OVER]).done();
}

#[test]
fn what_another_process_has_repaired_is_reported_too() {
    let (sandbox, home) = logged_in();
    down(&sandbox);
    silent(&home, 5);
    silent(&home, 5);
    reports(&home, 5, OUTAGE);
    sandbox.clear_faults();
    home.age_tokens(30);
    home.run("bookings --session background").succeeds();
    home.run("refresh --session background")
        .stderr_has(&[OVER])
        .done();
    home.run("refresh --session background").done();
}

#[test]
fn one_line_for_what_many_have_in_common() {
    let (sandbox, home) = logged_in();
    down(&sandbox);
    for words in ["", "", "error: 2 sessions: AimHarder is unavailable", ""] {
        let run = home.run("refresh --force").status(5);
        if words.is_empty() {
            run.done();
        } else {
            let printed = run.stderr_has(&[words]).done();
            assert_eq!(printed.stderr.matches('\n').count(), 1, "{printed:?}");
        }
    }
    sandbox.clear_faults();
    let printed = home
        .run("refresh --force")
        .stderr_has(&[OVER, "the device session of ana@example.org works again\n"])
        .done();
    assert_eq!(printed.stderr.matches('\n').count(), 2);
}

#[test]
fn problems_of_config_and_store_are_reported_every_time() {
    let (_sandbox, home) = logged_in();
    let folder = home
        .path()
        .join(".local/state/aimharder/aimharder.db.locks");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    for _ in 0..2 {
        refresh(&home).fails(1, &["cannot lock", "a folder that can be written"]);
    }
    std::fs::remove_file(&folder).unwrap();
    home.config("accuont = \"ana@example.org\"");
    for _ in 0..2 {
        refresh(&home).fails(2, &["accuont"]);
    }
    home.config("");
    let version = home.ask("PRAGMA user_version");
    home.sql("PRAGMA user_version = 99");
    for _ in 0..2 {
        refresh(&home).fails(1, &["99"]);
    }
    home.sql(&format!("PRAGMA user_version = {version}"));
    silent(&home, 0);
}

#[test]
fn a_hanging_channel_delays_no_other_channel() {
    let (sandbox, home) = logged_in();
    home.config(
        "[[notify]]\ncommand = \"sleep 60\"\n[[notify]]\ncommand = \"cat >> $HOME/received\"\n",
    );
    for kind in ["background", "device"] {
        sandbox.kill_one(ANA, &home.fingerprint(ANA, kind));
    }
    home.run("refresh --force")
        .pauses(10)
        .limit(Duration::from_secs(15)) // a tenth of the real limits
        .status(3)
        .stderr_has(&["[[notify]] 1 (command): "])
        .done();
    let received = std::fs::read_to_string(home.path().join("received")).unwrap();
    assert_eq!(received.lines().count(), 2, "{received}");
}
