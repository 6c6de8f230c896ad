//! A machine whose clock is wrong: an hour back, a year ahead, and right again. Nothing is deleted
//! that should live, nothing runs for ever, and ages that make no sense are stale.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::support::{ANA, Fired, Home, Run, Sandbox, Scenario, day, logged_in, together};

fn at(run: Run, offset: &str) -> Run {
    run.faketime(offset).limit(Duration::from_secs(20))
}

fn updates(sandbox: &Sandbox) -> usize {
    sandbox.sent("/api/tokenUpdate").len()
}

fn alive(home: &Home) -> usize {
    let sessions = home.sessions();
    assert!(sessions.iter().all(|s| s["status"] == "active"));
    sessions.len()
}

#[test]
fn an_hour_back_and_right_again() {
    let (sandbox, home) = logged_in();
    at(home.run("refresh"), "-1h")
        .report(0)
        .is(&[("updated", 2)])
        .silent();
    at(home.run("refresh"), "-1h").report(0).is(&[("fresh", 2)]);
    // as it is now, those updates are an hour old
    home.run("refresh").report(0).is(&[("updated", 2)]).silent();
    home.run("refresh").report(0).is(&[("fresh", 2)]);
    assert_eq!((updates(&sandbox), alive(&home)), (4, 2));
}

#[test]
fn a_year_ahead_and_right_again() {
    let (sandbox, home) = logged_in();
    // by this clock the device session is past its seven days: left alone, not deleted
    let report = at(home.run("refresh"), "+1y").report(0);
    report.is(&[("updated", 1)]).silent();
    assert_eq!(report.session("background")["outcome"], "updated");
    assert_eq!(alive(&home), 2);
    at(home.run("bookings"), "+1y")
        .stdout("nothing booked\n")
        .done();
    home.run("refresh").report(0).is(&[("updated", 2)]).silent();
    home.run("refresh").report(0).is(&[("fresh", 2)]);
    assert_eq!((updates(&sandbox), alive(&home)), (4, 2));
    for session in home.sessions() {
        assert!(session["token_age_seconds"].as_i64().unwrap() < 60);
    }
}

#[test]
fn to_and_fro_under_short_lived_cookies() {
    let (sandbox, home) = logged_in();
    sandbox.config(&json!({ "cookie_days": 10, "rotate_cookie": true }));
    for offset in ["+1y", "-1h", "+1y", "-10y", "+20y", "-1h"] {
        at(home.run("refresh --force"), offset).any_stderr().done();
        at(home.run("classes --day +3"), offset).ends(0);
        assert_eq!(alive(&home), 2, "{offset}");
    }
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
}

#[test]
fn the_clock_steps_while_an_answer_is_awaited() {
    // by the wall clock hours pass within a moment; time-outs go by the other one
    let (sandbox, home) = logged_in();
    sandbox.config(&json!({ "latency_ms": 20 }));
    for offset in ["+0 x5000", "-1h x5000"] {
        at(home.run("refresh --force --deep"), offset)
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .done();
        assert_eq!(alive(&home), 2, "{offset}");
    }
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
}

#[test]
fn a_dead_session_is_recovered_whatever_the_time() {
    for offset in ["-1h", "+1y"] {
        let (sandbox, home) = logged_in();
        home.config("password_command = \"echo correct-horse\"");
        sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
        at(home.run("refresh --force --session background"), offset)
            .report(0)
            .is(&[("relogged", 1)]);
        home.run("refresh --force").report(0).is(&[("updated", 2)]);
    }
}

#[test]
fn refusals_of_another_time_lock_no_account() {
    let (sandbox, home) = logged_in();
    sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
    for n in 0..5 {
        home.config(&format!("password_command = \"echo wrong-{n}\""));
        at(home.run("refresh --force --session background"), "+1y").report(3);
    }
    // those lie a year ahead: no reason to wait for a year
    home.config("password_command = \"echo correct-horse\"");
    home.run("refresh --session background")
        .stderr_has(&["works again"])
        .done();
}

#[test]
fn pruning_goes_by_the_clock_that_there_is() {
    let (_sandbox, home) = logged_in();
    let printed = at(home.run("sessions prune"), "-1h").json();
    assert_eq!(printed["deleted"], 0);
    let printed = at(home.run("sessions prune"), "+6d").json();
    assert_eq!(printed["deleted"], 0);
    assert_eq!(alive(&home), 2);
}

#[test]
fn the_clock_may_jump() {
    let (_sandbox, home) = logged_in();
    for offset in ["-1h", "+1h", "+300d"] {
        let run = home.run("classes --day +3").any_stdout().faketime(offset);
        run.any_stderr().done();
        assert_eq!(home.sessions().len(), 2, "{offset}");
    }
}

#[test]
fn a_closed_class_is_refused_before_and_after_it_starts() {
    let (sandbox, home) = logged_in();
    sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "WOD", "enabled": false }));
    for clock in ["+0", "+4d"] {
        for more in ["", " --dry-run"] {
            let book = format!("book --day {} --time 13:10{more}", day(3));
            let run = home.run(&book).faketime(clock).status(4).any_stderr();
            assert_eq!(run.json()["outcome"], "closed", "{clock}{more}");
        }
    }
}

#[test]
fn the_machine_is_set_while_a_run_waits() {
    together(&[
        ("machine set 10 s forward", || stepped(6, "+10", -2500)),
        ("machine set 10 s back", || stepped(6, "-10", -2500)),
        ("set forward at the last moment", || stepped(6, "+10", -200)),
        ("set back at the last moment", || stepped(6, "-10", -200)),
        ("set forward long before", || stepped(27, "+10", -21_000)),
    ]);
}

/// The machine's clock is set `at` milliseconds after the opening (before it: negative).
fn stepped(opens_in: i64, by: &str, at: i64) {
    let scene = Scenario::new().opens_in(opens_in);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let file = scene.home.write("clock", "+0");
    let run = scene.command("prebook run --json").any_stderr();
    let run = run.faketime_by(&file).steady_is_real().spawn();
    scene.looked_up();
    scene.wait_until(at);
    let fresh = scene.home.write("clock.new", by);
    fs::rename(fresh, &file).unwrap();
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.aimed();
    scene.ends(id, "booked", &[&class]);
}

#[test]
fn a_clock_ahead_expires_nothing() {
    let (sandbox, home) = logged_in();
    let class = sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "WOD" }));
    let add = home.run("prebook add --time 13:10 --class WOD --opens 1d --day");
    add.arg(day(3)).ends(0);
    let status = || home.run("prebook list --all").json()["prebookings"][0]["status"].clone();
    let run = home.run("prebook run --json").faketime("+30d");
    let output = run
        .any_stdout()
        .any_stderr()
        .limit(Duration::from_secs(30))
        .unchecked();
    assert_eq!(status(), "pending", "{output:?}");
    assert!(sandbox.reservations(&class).is_empty());
}
