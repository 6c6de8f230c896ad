//! How a command ends if its output cannot be written: closed pipes, a full disk. No colour off a terminal.

use std::process::Stdio;

use serde_json::json;

use crate::support::{cases, logged_in};

#[test]
fn a_closed_pipe_is_no_error() {
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
fn on_a_full_disk_the_error_says_whether_the_command_succeeded() {
    const LOST: &str =
        "error: the command succeeded, but its result cannot be written: no space left on device";
    let (sandbox, home) = logged_in();
    home.use_real_time();
    sandbox.trial(json!({ "name": "Full", "occupied": 12 }));
    sandbox.trial(json!({ "name": "Free", "start": "13:20" }));
    let full = std::fs::File::options().write(true).open("/dev/full");
    let full = full.unwrap();
    let table = format!(
        "
        sessions => 1 {LOST}
        --help => 1 {LOST}
        book --help => 1 {LOST}
        help book => 1 {LOST}
        --version => 1 {LOST}
        classes --day +3 => 1 {LOST}
        book --day +3 --time 13:20 --dry-run => 1 {LOST}
        book --day +3 --time 13:10 --json => 4 error: not booked: Full
        cancel --day +3 --time 13:20 --json => 6 error: not cancelled: Free
        book --day +3 --time 13:20 => 1 {LOST}
        "
    );
    for (args, end) in cases(&table) {
        let (code, words) = end.split_once(' ').unwrap();
        let mut command = home.run(args).command();
        let command = command.stdout(full.try_clone().unwrap());
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), code.parse().ok(), "{args}: {said}");
        let is_one_line = said.matches('\n').count() == 1;
        assert!(said.starts_with(words) && is_one_line, "{args}: {said}");
    }
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
