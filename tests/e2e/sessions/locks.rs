//! The lock of a session: a command waits for it up to a timeout, and names the process that holds it.

use std::fs::{self, OpenOptions};
use std::time::Duration;

use aimharder::model::session::SessionKind;
use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, Home, hold, logged_in, mode, side_by_side};

fn locks(home: &Home) -> std::path::PathBuf {
    home.path()
        .join(".local/state/aimharder/aimharder.db.locks")
}

/// In real time: the 30 seconds are documented.
#[test]
fn a_command_waits_30_seconds_and_says_who_holds_it() {
    let (sandbox, home) = logged_in();
    home.age_tokens(60);
    let _held = hold(&home, ANA, SessionKind::Device);
    // all of them at the same time: this test takes as long as the patience does
    let commands = [
        ("bookings", ""),
        ("book --day +3 --time 13:10", ""),
        ("login --password-stdin", ANA_PASSWORD),
    ];
    side_by_side(&commands, |(args, stdin)| {
        let output = home
            .run(args)
            .in_real_time()
            .stdin(stdin)
            .limit(Duration::from_secs(45))
            .fails(
                5,
                &[
                    "in use by a test, process ",
                    &std::process::id().to_string(),
                    "30 s",
                ],
            );
        let waited = output.took.as_secs_f64();
        assert!((29.5..40.0).contains(&waited), "{args} waited {waited} s");
    });
    assert!(sandbox.log().is_empty(), "nothing was sent meanwhile");
}

#[test]
fn lock_timeout_limits_the_wait_of_every_command_that_waits() {
    let (sandbox, home) = logged_in();
    home.age_tokens(60);
    let _device = hold(&home, ANA, SessionKind::Device);
    let _background = hold(&home, ANA, SessionKind::Background);
    let commands = [
        "classes",
        "bookings",
        "book --day +3 --time 13:10",
        "cancel --day +3 --time 13:10",
        "boxes --detect",
        "wod",
        "login --password-stdin",
        "logout",
        "logout --background --yes-delete-background",
    ];
    for args in commands {
        let run = |timeout: &str| {
            let run = home.run(args).in_real_time().args("--lock-timeout");
            run.arg(timeout).stdin(ANA_PASSWORD)
        };
        let output = run("0s").fails(5, &["in use by a test"]);
        assert!(output.took < Duration::from_secs(5), "{args}: {output:?}");
        assert!(output.stderr.contains("--lock-timeout 30s"), "{output:?}");
        let printed = run("0s").fails_with(5, &["in use by a test"]).json();
        assert_eq!(printed["error"]["kind"], "unreachable", "{args}");
        let waits = run("1s").fails_with(5, &["did not become free within 1 s"]);
        let took = waits.done().took;
        assert!(took >= Duration::from_secs(1), "{args} took {took:?}");
    }
    assert!(sandbox.log().is_empty(), "nothing was sent");
    // a busy session is left alone
    let report = home.run("refresh --force --lock-timeout 0").report(0);
    report.is(&[("busy", 2)]);
}

#[test]
fn lock_timeout_is_a_duration_and_for_commands_that_wait() {
    let home = Home::nowhere();
    for (value, words) in [
        ("", "valid duration"),
        ("5", "no unit"),
        ("soon", "valid duration"),
    ] {
        let run = home.run("bookings --lock-timeout").arg(value);
        run.usage(&["--lock-timeout", words]);
    }
    for args in ["sessions", "prebook list", "completions bash", "status"] {
        let run = home.run(args).args("--lock-timeout 1s");
        run.usage(&["waits for no session"]);
    }
}

#[test]
fn a_command_goes_on_as_soon_as_the_lock_is_free() {
    let (sandbox, home) = logged_in();
    home.age_tokens(60);
    let held = hold(&home, ANA, SessionKind::Device);
    let run = home.run("bookings -v").stdout("nothing booked\n");
    let running = run.any_stderr().spawn();
    running.says("using the device session"); // it waits, or is about to
    assert!(sandbox.log().is_empty());
    drop(held);
    let output = running.done();
    assert!(output.took < Duration::from_secs(10), "{output:?}");
    assert_eq!(sandbox.sent("/api/tokenUpdate").len(), 1);
}

#[test]
fn neither_a_young_token_nor_the_other_session_waits_for_a_lock() {
    let (_sandbox, home) = logged_in();
    let _held = hold(&home, ANA, SessionKind::Device);
    for args in ["", "--session background"] {
        let output = home.has_no_booking(args);
        assert!(output.took < Duration::from_secs(10), "{output:?}");
        home.age_tokens(60);
    }
}

#[test]
fn locks_that_cannot_be_made_are_a_clear_error() {
    let (sandbox, home) = logged_in();
    home.age_tokens(60);
    fs::remove_dir_all(locks(&home)).unwrap();
    fs::write(locks(&home), "").unwrap();
    for args in ["refresh", "bookings", "login --password-stdin"] {
        home.run(args).stdin(ANA_PASSWORD).fails(
            1,
            &["cannot lock", "aimharder.db.locks", "with working locks"],
        );
    }
    let report = home.run("refresh").report(1);
    report.is(&[("failed", 2)]);
    assert!(sandbox.log().is_empty());
    // made anew, for its owner only, as soon as it can be
    fs::remove_file(locks(&home)).unwrap();
    home.run("refresh").done();
    assert_eq!(mode(&locks(&home)), 0o700);
    for file in fs::read_dir(locks(&home)).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_lock_dies_with_its_process_and_its_file_may_hold_anything() {
    let (sandbox, home) = logged_in();
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "hang", "count": 1 }));
    let running = home.run("refresh --force --session device").spawn();
    crate::support::wait_for("the update", || !sandbox.log().is_empty());
    running.kill();
    for file in fs::read_dir(locks(&home)).unwrap() {
        let path = file.unwrap().path();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(0).unwrap();
        fs::write(&path, [0xff, 0x1b, b'[', b'm']).unwrap();
    }
    // the update that was cut off is not repeated, and nothing waits for its lock
    home.run("refresh --force")
        .report(0)
        .is(&[("updated", 1), ("fresh", 1)]);
}

#[test]
fn a_long_reader_of_the_store_delays_no_command() {
    // a backup, or a user in the middle of a transaction
    let (sandbox, home) = logged_in();
    let mut other = home.db();
    let reading = other.transaction().unwrap();
    let count = |query: &str| reading.query_row(query, [], |row| row.get::<_, i64>(0));
    assert_eq!(count("SELECT count(*) FROM sessions").unwrap(), 2);
    for _ in 0..3 {
        let output = home.run("refresh --force").done();
        assert!(output.took < Duration::from_secs(10), "{output:?}");
    }
    assert_eq!(sandbox.sent("/api/tokenUpdate").len(), 6);
    assert_eq!(
        count("SELECT sum(token_update_count) FROM sessions").unwrap(),
        0
    );
}
