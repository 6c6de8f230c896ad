//! Fifty processes at once on stale sessions: one update per session, no replaced token presented (which the sandbox
//! checks), one reservation, no error.

use serde_json::json;

use crate::support::{ANA, Home, Run, Running, Sandbox, all_at_once, day, logged_in};

/// The number of token updates of each session.
fn updates(sandbox: &Sandbox, home: &Home) -> [usize; 2] {
    let sent = sandbox.sent("/api/tokenUpdate");
    ["device", "background"].map(|kind| {
        let print = home.fingerprint(ANA, kind);
        sent.iter()
            .filter(|entry| entry["fingerprint"] == print.as_str())
            .count()
    })
}

#[test]
fn fifty_processes_on_stale_sessions() {
    let (sandbox, home) = logged_in();
    home.use_real_time();
    let wanted = sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "Quiero" }));
    let unwanted = sandbox.class(&json!({ "day": day(3), "start": "15:10", "name": "No quiero" }));
    sandbox.reserve(ANA, &unwanted, 1);
    sandbox.config(&json!({ "latency_ms": 20, "rotate_cookie": true }));
    home.age_tokens(60);
    let runs = (0..50).map(|n| match n % 5 {
        0 => home.run("classes --day +3"),
        1 | 2 => home.run("refresh"),
        3 => home.run("book --day +3 --time 13:10 --class quiero"),
        // cancelled already for the later ones: 6
        _ => home.run("cancel --day +3 --time 15:10"),
    });
    let running: Vec<_> = runs.map(Run::spawn).collect();
    let outputs = running.into_iter().map(Running::unchecked);
    for (n, output) in outputs.enumerate() {
        let status = output.status.unwrap_or(-1);
        assert!(status == 0 || n % 5 == 4 && status == 6, "{n}: {output:?}");
        if matches!(n % 5, 0..=2) {
            assert_eq!(output.stderr, "", "{n}");
        }
    }
    assert_eq!(updates(&sandbox, &home), [1, 1]);
    let mine = sandbox.reservations(&wanted);
    assert_eq!(mine.len(), 1);
    assert!(sandbox.reservations(&unwanted).is_empty());
    for session in home.sessions() {
        assert_eq!(session["status"], "active");
        assert!(session["last_error"].is_null(), "{session}");
    }
}

#[test]
fn forced_updates_go_one_after_the_other() {
    let (sandbox, home) = logged_in();
    home.use_real_time();
    sandbox.config(&json!({ "latency_ms": 10 }));
    all_at_once((0..12).map(|n| match n % 4 {
        0 => home.run("bookings").any_stdout(),
        _ => home.run("refresh --force --rate 0"),
    }));
    for times in updates(&sandbox, &home) {
        assert!((1..=9).contains(&times), "{times}");
    }
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
}

#[test]
fn twenty_refreshes_of_a_dead_session_log_in_once() {
    let (sandbox, home) = logged_in();
    home.use_real_time();
    home.config("password_command = \"echo correct-horse\"");
    sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
    home.age_tokens(60);
    sandbox.config(&json!({ "latency_ms": 20 }));
    all_at_once((0..20).map(|n| match n % 4 {
        0 => home.run("bookings --session background").any_stdout(),
        _ => home.run("refresh"),
    }));
    assert_eq!(sandbox.sent("/api/login").len(), 1);
    assert_eq!(updates(&sandbox, &home), [1, 1]);
}
