//! Ctrl-C and SIGTERM in a refresh: 130 and 143, and nothing half done.

use std::time::Duration;

use serde_json::json;

use crate::support::{ANA, Home, Run, Sandbox, logged_in, side_by_side, signal, wait_for};

const SIGNALS: [(&str, i32); 2] = [("INT", 130), ("TERM", 143)];

/// Interrupted after this many requests for the path have come in; nothing may be said.
fn interrupted(
    run: Run,
    sandbox: &Sandbox,
    (path, after): (&str, usize),
    (name, code): (&str, i32),
) {
    let running = run.limit(Duration::from_secs(20)).status(code).spawn();
    wait_for("the request", || sandbox.sent(path).len() >= after);
    signal(name, running.id());
    running.done();
}

/// What the store has is what the platform wants next.
fn in_step(sandbox: &Sandbox, home: &Home) {
    for kind in ["device", "background"] {
        let print = home.fingerprint(ANA, kind);
        let token = home.ask(&format!("SELECT token FROM sessions WHERE kind = '{kind}'"));
        assert_eq!(sandbox.session(ANA, &print)["token"], token.unwrap());
    }
    assert_eq!(
        home.ask("SELECT count(*) FROM sessions WHERE update_begun_at IS NOT NULL"),
        Some("0".to_owned())
    );
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
}

#[test]
fn in_the_middle_of_a_token_update() {
    side_by_side(&SIGNALS, |how| {
        for jobs in ["1", "4"] {
            let (sandbox, home) = logged_in();
            sandbox.config(&json!({ "latency_after_ms": 300 }));
            let run = home.run("refresh --force --rate 0 --jobs").arg(jobs);
            interrupted(run, &sandbox, ("/api/tokenUpdate", 1), *how);
            in_step(&sandbox, &home);
        }
    });
}

#[test]
fn in_the_middle_of_a_setrefresh_or_a_login() {
    side_by_side(&SIGNALS, |how| {
        let (sandbox, home) = logged_in();
        sandbox.config(&json!({ "latency_after_ms": 300 }));
        let run = home.run("refresh --force --deep");
        interrupted(run, &sandbox, ("/setrefresh", 1), *how);
        in_step(&sandbox, &home);

        home.config("password_command = \"echo correct-horse\"");
        sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
        let run = home.run("refresh --force --session background");
        interrupted(run, &sandbox, ("/api/login", 1), *how);
        in_step(&sandbox, &home);
        assert_eq!(sandbox.sent("/api/login").len(), 1);
    });
}

#[test]
fn between_two_tries_it_ends_at_once() {
    side_by_side(&SIGNALS, |how| {
        let (sandbox, home) = logged_in();
        let patience = json!({ "path": "/api/tokenUpdate", "kind": "retry_after", "seconds": 20 });
        sandbox.fault(&patience);
        let began = std::time::Instant::now();
        let run = home.run("refresh --force --session device");
        interrupted(run, &sandbox, ("/api/tokenUpdate", 1), *how);
        assert!(began.elapsed() < Duration::from_secs(10));
        home.run("refresh --force").report(0).is(&[("updated", 2)]);
    });
}

#[test]
fn a_second_signal_changes_nothing() {
    let (sandbox, home) = logged_in();
    sandbox.config(&json!({ "latency_after_ms": 500 }));
    let running = home
        .run("refresh --force --jobs 1")
        .status(130)
        .limit(Duration::from_secs(20))
        .spawn();
    wait_for("the update", || !sandbox.log().is_empty());
    for _ in 0..3 {
        signal("INT", running.id());
    }
    running.done();
    in_step(&sandbox, &home);
}
