//! Every fault of the sandbox on every endpoint that commands use: the right exit code, in bounded
//! time, without a panic, nothing taken for success, nothing forged on the terminal.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ANA, Home, Sandbox, day, logged_in, side_by_side, start};

/// Every kind, and the statuses that matter.
fn faults() -> Vec<Value> {
    let kinds = [
        "foreign",
        "empty",
        "json",
        "huge",
        "retry_after",
        "truncate",
        "cut",
        "drop",
        "garbage",
        "hang",
        "trickle",
    ];
    let mut faults: Vec<Value> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
    for status in [302, 400, 403, 404, 429, 500, 503] {
        faults.push(json!({ "kind": "status", "status": status }));
    }
    for body in [
        json!([]),
        json!({}),
        json!("x"),
        json!(0),
        json!({ "bookings": null }),
        json!({ "bookings": {} }),
        json!({ "nextClasses": 1 }),
        json!({ "data": 1 }),
        json!({ "newToken": "" }),
        json!({ "newToken": { "a": 1 } }),
        json!({ "error": "\u{1b}[31m<b>no</b>\nerror: fake" }),
    ] {
        faults.push(json!({ "kind": "json", "body": body }));
    }
    faults
}

fn every_fault(path: &str, skip: u64, check: impl Fn(&Sandbox, &Home, &Value) + Sync) {
    side_by_side(&faults(), |fault| {
        let (sandbox, home) = logged_in();
        home.impatient();
        let mut fault = fault.clone();
        fault["path"] = path.into();
        fault["skip"] = skip.into();
        fault["count"] = (-1).into();
        sandbox.fault(&fault);
        check(&sandbox, &home, &fault);
    });
}

/// One run that must fail with one of these codes, soon.
fn fails(home: &Home, args: &str, codes: &[i32], fault: &Value) {
    let limit = Duration::from_secs(20);
    let output = home.run(args).limit(limit).unchecked();
    let status = output.status.unwrap_or(-1);
    assert!(codes.contains(&status), "{args} under {fault}: {output:?}");
    let lines = output
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .count();
    assert_eq!(lines, 1, "{args} under {fault}: {output:?}");
    let odd = |c: char| c.is_control() && c != '\n';
    assert!(!output.stderr.contains(odd), "{output:?}");
    assert_eq!(output.stdout, "");
    let bound = Duration::from_secs(12); // a time-out of 1 s, two looks at a row, a busy machine
    assert!(
        output.took < bound,
        "{args} under {fault} took {:?}",
        output.took
    );
}

#[test]
fn the_schedule() {
    every_fault("/api/bookings", 0, |sandbox, home, fault| {
        fails(home, "classes --day +3", &[5], fault);
        fails(home, "book --day +3 --time 13:10", &[5], fault);
        fails(home, "cancel --day +3 --time 13:10", &[5], fault);
        assert!(sandbox.sent("/api/book").is_empty());
        assert_eq!(home.sessions().len(), 2);
    });
}

#[test]
fn whoami() {
    every_fault("/api/whoami", 0, |_, home, fault| {
        fails(home, "cancel --day +3 --time 07:00", &[5], fault);
        fails(home, "boxes --detect", &[5], fault);
        assert_eq!(home.sessions().len(), 2);
    });
}

#[test]
fn next_bookings() {
    every_fault("/api/nextBookings", 0, |_, home, fault| {
        fails(home, "bookings", &[5], fault);
        fails(home, "cancel --reservation 55501", &[5], fault);
        assert_eq!(home.sessions().len(), 2);
    });
}

#[test]
fn booking() {
    every_fault("/api/book", 0, |sandbox, home, fault| {
        let id = sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "Prueba" }));
        let refusal = fault["body"]["error"].is_string();
        let codes: &[i32] = if refusal { &[4] } else { &[5] };
        fails(
            home,
            "book --day +3 --time 13:10 --class prueba",
            codes,
            fault,
        );
        assert_eq!(sandbox.sent("/api/book").len(), 1);
        assert!(sandbox.reservations(&id).is_empty());
    });
}

#[test]
fn cancelling() {
    every_fault("/api/cancelBook", 0, |sandbox, home, fault| {
        let id = sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "Prueba" }));
        sandbox.reserve(ANA, &id, 1);
        let refusal = fault["body"]["error"].is_string();
        let codes: &[i32] = if refusal { &[4] } else { &[5] };
        fails(
            home,
            "cancel --day +3 --time 13:10 --class prueba",
            codes,
            fault,
        );
        assert_eq!(sandbox.reservations(&id).len(), 1);
    });
}

#[test]
fn token_updates() {
    every_fault("/api/tokenUpdate", 0, |sandbox, home, _| {
        let before = home.ask("SELECT token FROM sessions WHERE kind = 'device'");
        home.age_tokens(60);
        home.run("bookings")
            .stdout("nothing booked\n")
            .any_stderr()
            .done();
        assert_eq!(
            home.ask("SELECT token FROM sessions WHERE kind = 'device'"),
            before
        );
        sandbox.clear_faults();
        home.run("bookings").stdout("nothing booked\n").done();
    });
}

#[test]
fn logging_in() {
    for path in ["/api/login", "/"] {
        side_by_side(&faults(), |fault| {
            let (sandbox, home) = start();
            home.impatient();
            sandbox
                .config(&json!({ "json_login": path == "/api/login", "form_login": path == "/" }));
            let mut fault = fault.clone();
            fault["path"] = path.into();
            fault["count"] = (-1).into();
            sandbox.fault(&fault);
            let output = home.login("").limit(Duration::from_secs(20)).unchecked();
            let refusal = path == "/api/login" && fault["body"]["error"].is_string();
            assert_eq!(
                output.status,
                Some(if refusal { 3 } else { 5 }),
                "{fault}: {output:?}"
            );
            assert!(
                !output
                    .stderr
                    .contains(|c: char| c.is_control() && c != '\n'),
                "{output:?}"
            );
            assert!(home.sessions().is_empty());
        });
    }
}

#[test]
fn setrefresh() {
    side_by_side(&faults(), |fault| {
        let (sandbox, home) = start();
        home.impatient_with(fault);
        let mut fault = fault.clone();
        fault["path"] = "/setrefresh".into();
        fault["count"] = (-1).into();
        sandbox.fault(&fault);
        home.login("")
            .any_stdout()
            .stderr_has(&["setrefresh failed"])
            .done();
        home.run("bookings").stdout("nothing booked\n").done();
    });
}
