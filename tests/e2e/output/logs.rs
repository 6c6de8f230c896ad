//! Logs: `-v` logs the steps of a run in plain sentences, `-vv` adds every request; under systemd
//! there are priorities instead of time stamps.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{Home, day, logged_in};

/// The lines of `-v` without their time stamps, which every line must have.
fn messages(stderr: &str) -> Vec<&str> {
    let printed = stderr.lines().map(|line| {
        let (stamp, words) = line.split_once(' ').expect("a stamp and words");
        let digits = stamp.bytes().filter(u8::is_ascii_digit).count();
        assert!(stamp.len() == 12 && digits == 9, "no time stamp: {line}");
        words
    });
    printed.collect()
}

/// Fails unless these texts are logged in this order.
fn logs_in_order(stderr: &str, expected: &[&str]) {
    let messages = messages(stderr);
    let mut left = messages.iter();
    for words in expected {
        assert!(
            left.any(|line| line.contains(words)),
            "{words:?} is missing or out of order:\n{stderr}"
        );
    }
}

#[test]
fn verbose_logs_name_files_requests_answers_and_decisions() {
    let (sandbox, home) = logged_in();
    let on = day(3);
    sandbox.class(&json!({ "day": on, "start": "13:10", "name": "Prueba" }));
    let which = format!("--day {on} --time 13:10 -v");
    let beginning = [
        "config ",
        "store ",
        "using the device session",
        "box crossfitdemo (10122), Europe/Madrid",
        &format!("the schedule of {on} has"),
    ];

    let printed = home.run(&format!("book {which}")).ends(0);
    logs_in_order(&printed.stderr, &beginning);
    logs_in_order(
        &printed.stderr,
        &[
            "asking to book 13:10 Prueba",
            "AimHarder answered: booked (bookState 1)",
            "1 booked",
        ],
    );

    let printed = home.run(&format!("book {which}")).ends(0);
    logs_in_order(
        &printed.stderr,
        &["decided from the schedule, nothing sent"],
    );

    let printed = home.run(&format!("cancel {which}")).ends(0);
    logs_in_order(
        &printed.stderr,
        &[
            "asking to cancel reservation",
            "AimHarder answered: done (cancelState 1)",
            "0 booked",
        ],
    );

    let printed = home.run("bookings -v").ends(0);
    logs_in_order(
        &printed.stderr,
        &["AimHarder names 0 bookings", "asking whoami"],
    );
}

#[test]
fn twice_adds_each_request_with_its_size_and_time() {
    let (_sandbox, home) = logged_in();
    let printed = home.run("classes -vv").ends(0);
    let requests: Vec<_> = messages(&printed.stderr)
        .into_iter()
        .filter(|line| line.starts_with("GET "))
        .collect();
    assert!(!requests.is_empty(), "{}", printed.stderr);
    for request in requests {
        assert!(
            request.contains("crossfitdemo.aimharder.com/api/") || request.contains("/whoami"),
            "{request}"
        );
        assert!(request.contains("→ 200, "), "{request}");
        assert!(
            request.contains(" bytes, ") && request.ends_with(" ms"),
            "{request}"
        );
    }
    let quiet = home.run("classes").succeeds();
    assert_eq!(quiet.stderr, "");
}

/// Runs a command with a file as standard error, which `JOURNAL_STREAM` names or not, and returns the text of the file.
fn into_a_file(home: &Home, args: &str, named: bool) -> String {
    let path = home.path().join("stderr");
    let file = File::create(&path).unwrap();
    let found = file.metadata().unwrap();
    let inode = if named { found.ino() } else { found.ino() + 1 };
    let ended = Command::new(env!("CARGO_BIN_EXE_aimharder"))
        .args(args.split_whitespace())
        .env_clear()
        .env("HOME", home.path())
        .env("JOURNAL_STREAM", format!("{}:{inode}", found.dev()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .status();
    ended.expect("run it");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_journal_gets_priorities_and_no_time_stamps() {
    let (sandbox, home) = logged_in();
    let printed = into_a_file(&home, "classes -vv", true);
    let priority = |line: &str| line.get(..3).map(str::to_owned);
    assert!(
        printed
            .lines()
            .all(|line| matches!(priority(line).as_deref(), Some("<6>" | "<7>"))),
        "{printed}"
    );
    assert!(printed.contains("<6>using the device session"), "{printed}");
    assert!(printed.contains("<7>GET "), "{printed}");

    let printed = into_a_file(&home, "book --day +3 --time 03:33", true);
    assert!(
        printed.starts_with("<3>error: no class at 03:33"),
        "{printed}"
    );
    assert_eq!(printed.lines().count(), 1, "{printed}");

    // standard error is not the journal
    let printed = into_a_file(&home, "book --day +3 --time 03:33", false);
    assert!(printed.starts_with("error: no class at 03:33"), "{printed}");
    drop(sandbox);
}

#[test]
fn an_unreachable_platform_is_one_line_of_its_priority() {
    let (sandbox, home) = logged_in();
    drop(sandbox);
    let printed = into_a_file(&home, "classes", true);
    assert!(
        printed.starts_with("<3>error: no connection to"),
        "{printed}"
    );
    let printed = into_a_file(&home, "refresh --force -v", true);
    let lines: Vec<_> = printed.lines().collect();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("<6>") && line.contains("trying again in")),
        "{printed}"
    );
    assert!(lines.iter().all(|line| line.starts_with('<')), "{printed}");
}
