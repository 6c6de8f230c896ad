//! Ctrl-C and SIGTERM: 130 and 143, nothing half done, and what was done is reported.

mod commands_end;
mod terminal;
mod threads;

use std::io::Read;
use std::time::Duration;

use serde_json::json;

use crate::support::{
    ANA, Home, Run, Running, SOURCE, Sandbox, Scenario, day, logged_in, side_by_side, signal,
    tokens_agree, wait_for,
};

const SIGNALS: [(&str, i32); 4] = [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)];

/// Starts the run, and sends it the signal when one more request for the path has arrived. Answers that were held back come
/// afterwards.
fn signalled(run: Run, sandbox: &Sandbox, path: &str, (name, code): (&str, i32)) -> Running {
    let before = sandbox.sent(path).len();
    let running = run.limit(Duration::from_secs(20)).status(code).spawn();
    wait_for("the request", || sandbox.sent(path).len() > before);
    signal(name, running.id());
    sandbox.let_go();
    running
}

/// Waits until a command of the config has written its number, and a line break, to this file of the home.
fn started(home: &Home, file: &str) -> String {
    let number = || std::fs::read_to_string(home.path().join(file)).unwrap_or_default();
    wait_for("the command", || number().ends_with('\n'));
    number().trim().to_owned()
}

/// Waits for the end of a process; another one may still have to reap it.
fn ends(process: &str) {
    wait_for("the end of the process", || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
        stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    });
}

/// No token update is uncertain, and every stored token is the one that the platform expects.
fn nothing_uncertain(sandbox: &Sandbox, home: &Home) {
    let uncertain = "SELECT count(*) FROM sessions WHERE update_begun_at IS NOT NULL";
    assert_eq!(home.ask(uncertain), "0");
    tokens_agree(sandbox, home);
}

/// The same, and the next refresh updates both.
fn in_step(sandbox: &Sandbox, home: &Home) {
    nothing_uncertain(sandbox, home);
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
}

#[test]
fn in_the_middle_of_a_token_update() {
    side_by_side(&SIGNALS, |how| {
        for jobs in ["1", "4"] {
            let (sandbox, home) = logged_in();
            sandbox.hold("/api/tokenUpdate");
            let run = home.run("refresh --force --rate 0 --jobs").arg(jobs);
            signalled(run, &sandbox, "/api/tokenUpdate", *how).done();
            in_step(&sandbox, &home);
        }
    });
}

#[test]
fn in_the_middle_of_a_setrefresh_or_a_login() {
    side_by_side(&SIGNALS, |how| {
        let (sandbox, home) = logged_in();
        sandbox.hold("/setrefresh");
        let run = home.run("refresh --force --deep");
        signalled(run, &sandbox, "/setrefresh", *how).done();
        in_step(&sandbox, &home);

        home.config(SOURCE);
        sandbox.kill_one(ANA, &home.fingerprint(ANA, "background"));
        sandbox.hold("/api/login");
        let run = home.run("refresh --force --session background");
        signalled(run, &sandbox, "/api/login", *how).done();
        in_step(&sandbox, &home);
        assert_eq!(sandbox.sent("/api/login").len(), 1);
    });
}

/// A signal arrives after the platform has said that a session is dead and before that is stored. It is stored all the same: the
/// next process does not present the token again.
#[test]
fn as_the_platform_says_that_a_session_is_dead() {
    side_by_side(&SIGNALS, |how| {
        for kind in ["device", "background"] {
            let (sandbox, home) = logged_in();
            sandbox.config(&json!({ "latency_after_ms": 300 }));
            sandbox.kill_one(ANA, &home.fingerprint(ANA, kind));
            let run = home.run("refresh --force --session").arg(kind);
            signalled(run, &sandbox, "/api/tokenUpdate", *how).done();
            let left = home.ask(&format!(
                "SELECT status FROM sessions WHERE kind = '{kind}'"
            ));
            let is_kept = kind == "background";
            assert_eq!(left, if is_kept { "expired" } else { "" });
        }
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
        signalled(run, &sandbox, "/api/tokenUpdate", *how).done();
        assert!(began.elapsed() < Duration::from_secs(10));
        home.run("refresh --force").report(0).is(&[("updated", 2)]);
    });
}

/// With `--json` a command that has no result yet prints an error object.
#[test]
fn with_json_an_error_is_printed_if_there_is_no_result() {
    let waits = [
        ("classes", "/api/bookings"),
        ("bookings", "/api/nextBookings"),
        ("refresh --force --session device", "/api/tokenUpdate"),
        ("login --password-stdin", "/api/login"),
        ("book --time 13:10 --day +3 --wait", "/api/bookings"),
    ];
    for (command, path) in waits {
        side_by_side(&SIGNALS, |how| {
            let (sandbox, home) = logged_in();
            sandbox.hold(path);
            let run = home.run(&format!("{command} --json"));
            let run = run.stdin("correct-horse\n").any_stdout().any_stderr();
            let printed = signalled(run, &sandbox, path, *how).json();
            let kind = &printed["error"]["kind"];
            assert_eq!(kind, "interrupted", "{command}: {printed}");
            let keys = printed.as_object().unwrap().len();
            assert_eq!(keys, 1, "{command}: {printed}");
        });
    }
}

/// A signal that arrives while the result is written to a slow reader changes nothing: the object is whole and without an error,
/// and the exit code is that of the result.
#[test]
fn a_result_is_printed_whole() {
    let (sandbox, home) = logged_in();
    for minute in 0..300 {
        let start = format!("{:02}:{:02}", 6 + minute / 60, minute % 60);
        let name = "so long a name ".repeat(30);
        sandbox.class(&json!({ "day": day(3), "start": start, "name": name }));
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    let run = home.run("classes --day +3 --json");
    let mut running = run.command().stdout(writer).spawn().unwrap();
    // a pipe holds less than the answer
    let mut printed = vec![0; 1];
    reader.read_exact(&mut printed).unwrap();
    signal("INT", running.id());
    std::thread::sleep(Duration::from_millis(50)); // only makes the fault likelier
    reader.read_to_end(&mut printed).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(0));
    let printed: serde_json::Value = serde_json::from_slice(&printed).unwrap();
    assert!(printed["classes"].as_array().unwrap().len() >= 300);
    assert!(printed.get("error").is_none());
}

#[test]
fn a_second_signal_changes_nothing() {
    let (sandbox, home) = logged_in();
    sandbox.hold("/api/tokenUpdate");
    let run = home.run("refresh --force --jobs 1").status(130).spawn();
    wait_for("the update", || !sandbox.log().is_empty());
    for _ in 0..3 {
        signal("INT", run.id());
    }
    sandbox.let_go();
    run.done();
    in_step(&sandbox, &home);
}

#[test]
fn what_is_waited_for_is_named() {
    let (sandbox, home) = logged_in();
    sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    sandbox.hold("/api/book");
    let run = home.run("book --time 13:10 --day +3").status(130);
    let run = run.any_stdout().any_stderr().spawn();
    wait_for("the request", || !sandbox.sent("/api/book").is_empty());
    signal("INT", run.id());
    run.says("interrupted; waiting for the end of: booking\n");
    sandbox.let_go();
    run.done();
}

#[test]
fn a_booking_under_way_is_reported_with_an_error() {
    side_by_side(&SIGNALS, |how| {
        for (occupied, outcome, words) in [
            (0, "booked", "interrupted"),
            (12, "full", "interrupted; not booked"),
        ] {
            let (sandbox, home) = logged_in();
            let class = json!({ "day": day(3), "start": "13:10", "occupied": occupied });
            let id = sandbox.class(&class);
            sandbox.hold("/api/book");
            let run = home.run("book --time 13:10 --day +3 --json");
            let run = run.any_stdout().any_stderr();
            let printed = signalled(run, &sandbox, "/api/book", *how).json();
            assert_eq!(printed["outcome"], outcome, "{printed}");
            let message = printed["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(words), "{printed}");
            let is_booked = sandbox.reservations(&id).len() == 1;
            assert_eq!(is_booked, outcome == "booked", "{printed}");
        }
    });
}

/// One class is open already, the other opens later: what was booked is notified at once, and when the
/// run is stopped.
#[test]
fn a_run_that_is_stopped_has_notified_what_it_booked() {
    side_by_side(&SIGNALS, |(name, code)| {
        for json in [false, true] {
            let scene = Scenario::new().opens_in(40);
            scene.class(&json!({}));
            let later = scene.add("");
            let open = json!({ "start": "14:10", "name": "Open", "opens_at_ms": scene.opens_ms - 86_400_000 });
            scene.class(&open);
            let add = scene.command("prebook add --time 14:10 --opens 300h --day");
            add.arg(scene.day.to_string()).ends(0);
            let path = scene.home.path().join("notified");
            let run = scene
                .command("prebook run")
                .args(if json { "--json" } else { "" });
            let mut running = run
                .command()
                .stdout(std::fs::File::create(&path).unwrap())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let printed = || std::fs::read_to_string(&path).unwrap();
            wait_for("the booking", || {
                let booked = "SELECT count(*) FROM prebookings WHERE status = 'booked'";
                scene.home.ask(booked) == "1"
            });
            scene.claimed(later);
            if !json {
                wait_for("its words", || printed().starts_with("booked: 14:10 Open"));
            }
            signal(name, running.id());
            assert_eq!(running.wait().unwrap().code(), Some(*code));
            if json {
                let printed: serde_json::Value = serde_json::from_str(&printed()).unwrap();
                assert_eq!(printed["booked"], 1, "{printed}");
                assert_eq!(printed["results"][0]["outcome"], "booked", "{printed}");
                assert_eq!(printed["error"]["kind"], "interrupted", "{printed}");
            } else {
                assert_eq!(printed().matches("booked").count(), 1, "{}", printed());
            }
        }
    });
}

/// `nohup` ignores hang-ups, and the program must not change that.
#[test]
fn what_was_to_be_ignored_stays_ignored() {
    let (sandbox, home) = logged_in();
    sandbox.hold("/api/tokenUpdate");
    let program = env!("CARGO_BIN_EXE_aimharder");
    let running = std::process::Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" refresh --force", program])
        .env_clear()
        .env("HOME", home.path())
        .spawn();
    let mut running = running.expect("run it");
    wait_for("the update", || !sandbox.log().is_empty());
    signal("HUP", running.id());
    sandbox.let_go();
    assert_eq!(running.wait().expect("its end").code(), Some(0));
    in_step(&sandbox, &home);
}
