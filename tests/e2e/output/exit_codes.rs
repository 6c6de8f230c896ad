//! How a run ends that is not listened to: closed pipes, a full disk, interruptions; and no colour off a terminal.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::support::{ANA, day, logged_in, signal, wait_for};

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let (_sandbox, home) = logged_in();
    for args in [
        "classes --days 7",
        "classes --days 7 --json",
        "sessions",
        "bookings --json",
        "--help",
        "login --help",
        "--version",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.run(args).command();
        let output = command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{args}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args}");
    }
}

#[test]
fn a_full_disk_is_not_a_quiet_end() {
    let (_sandbox, home) = logged_in();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    for args in [
        "sessions",
        "--help",
        "book --help",
        "help book",
        "--version",
    ] {
        let mut command = home.run(args).command();
        let output = command
            .stdout(full.try_clone().unwrap())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{args}");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "error: the result cannot be written: no space left on device\n",
            "{args}"
        );
    }
}

#[test]
fn interrupted_it_ends_with_130_and_nothing_half_done() {
    let (sandbox, home) = logged_in();
    sandbox.fault(&json!({ "path": "/api/bookings", "kind": "hang" }));
    let running = home
        .run("classes")
        .status(130)
        .limit(Duration::from_secs(10))
        .spawn();
    wait_for("the request", || !sandbox.sent("/api/bookings").is_empty());
    signal("INT", running.id());
    running.done();
}

#[test]
fn interrupted_while_booking_it_settles_first() {
    let (sandbox, home) = logged_in();
    let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    sandbox.hold("/api/book");
    // the signal comes while the request is out; the answer is waited for and the class is booked
    let running = home
        .run("book --time 13:10 --day +3")
        .status(130)
        .any_stdout()
        .spawn();
    wait_for("the request", || !sandbox.sent("/api/book").is_empty());
    signal("INT", running.id());
    sandbox.let_go();
    running.done();
    assert_eq!(sandbox.reservations(&id).len(), 1);
    let printed = home.run("book --time 13:10 --day +3").json();
    assert_eq!(printed["outcome"], "already_booked");
    assert_eq!(home.run("sessions").json()["sessions"][0]["account"], ANA);
}

#[test]
fn colour_never_off_a_terminal() {
    let (_sandbox, home) = logged_in();
    for variable in ["CLICOLOR_FORCE", "FORCE_COLOR"] {
        home.run("classes --day +3")
            .env(variable, "1")
            .env("TERM", "xterm-256color")
            .succeeds();
        home.run("--help").env(variable, "1").succeeds();
    }
}
