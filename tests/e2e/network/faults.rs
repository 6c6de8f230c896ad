//! Every fault of the sandbox on every endpoint that commands use: the exit code is right, the time bounded, nothing
//! panics, no fault is taken for a success, and nothing reaches the terminal unfiltered.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ANA, Home, Sandbox, logged_in, side_by_side, start, tokens_agree, with};

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

fn every_fault(path: &str, check: impl Fn(&Sandbox, &Home, &Value) + Sync) {
    side_by_side(&faults(), |fault| {
        let (sandbox, home) = logged_in();
        home.impatient();
        sandbox.fault(&with(fault, json!({ "path": path, "count": -1 })));
        check(&sandbox, &home, fault);
    });
}

/// One run that must fail with this code within a few seconds.
fn fails(home: &Home, args: &str, code: i32, fault: &Value) {
    let limit = Duration::from_secs(20);
    let output = home.run(args).limit(limit).unchecked();
    assert_eq!(output.status, Some(code), "{args}, {fault}: {output:?}");
    let lines = output.stderr.lines();
    let errors = lines.filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{args} under {fault}: {output:?}");
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
fn every_fault_of_the_schedule_is_unreachable() {
    every_fault("/api/bookings", |sandbox, home, fault| {
        fails(home, "classes --day +3", 5, fault);
        fails(home, "book --day +3 --time 13:10", 5, fault);
        fails(home, "cancel --day +3 --time 13:10", 5, fault);
        assert!(sandbox.sent("/api/book").is_empty());
        assert_eq!(home.sessions().len(), 2);
    });
}

#[test]
fn every_fault_of_whoami_is_unreachable() {
    every_fault("/api/whoami", |_, home, fault| {
        fails(home, "cancel --day +3 --time 07:00", 5, fault);
        fails(home, "boxes --detect", 5, fault);
        assert_eq!(home.sessions().len(), 2);
    });
}

#[test]
fn every_fault_of_the_next_bookings_is_unreachable() {
    every_fault("/api/nextBookings", |_, home, fault| {
        fails(home, "bookings", 5, fault);
        fails(home, "cancel --reservation 55501", 5, fault);
        assert_eq!(home.sessions().len(), 2);
    });
}

#[test]
fn no_fault_of_a_booking_request_books() {
    every_fault("/api/book", |sandbox, home, fault| {
        let id = sandbox.trial(json!({}));
        let refusal = fault["body"]["error"].is_string();
        let code = if refusal { 4 } else { 5 };
        fails(home, "book +3 13:10 prueba", code, fault);
        assert_eq!(sandbox.sent("/api/book").len(), 1);
        assert!(sandbox.reservations(&id).is_empty());
    });
}

#[test]
fn no_fault_of_a_cancellation_cancels() {
    every_fault("/api/cancelBook", |sandbox, home, fault| {
        let id = sandbox.trial(json!({}));
        sandbox.reserve(ANA, &id, 1);
        let refusal = fault["body"]["error"].is_string();
        let code = if refusal { 4 } else { 5 };
        fails(home, "cancel +3 13:10 prueba", code, fault);
        assert_eq!(sandbox.reservations(&id).len(), 1);
    });
}

#[test]
fn no_fault_of_a_token_update_changes_the_token() {
    every_fault("/api/tokenUpdate", |sandbox, home, _| {
        home.age_tokens(60);
        home.run("bookings")
            .stdout("nothing booked\n")
            .any_stderr()
            .done();
        tokens_agree(sandbox, home);
        sandbox.clear_faults();
        home.has_no_booking("");
    });
}

#[test]
fn no_fault_of_a_login_stores_a_session() {
    for path in ["/api/login", "/"] {
        side_by_side(&faults(), |fault| {
            let (sandbox, home) = start();
            home.impatient();
            sandbox
                .config(&json!({ "json_login": path == "/api/login", "form_login": path == "/" }));
            sandbox.fault(&with(fault, json!({ "path": path, "count": -1 })));
            let output = home.login("").limit(Duration::from_secs(20)).unchecked();
            let refusal = path == "/api/login" && fault["body"]["error"].is_string();
            let status = if refusal { 3 } else { 5 };
            assert_eq!(output.status, Some(status), "{fault}: {output:?}");
            let odd = |c: char| c.is_control() && c != '\n';
            assert!(!output.stderr.contains(odd), "{output:?}");
            assert!(home.sessions().is_empty());
            let counted = home.ask("SELECT count(*) FROM refusals");
            assert_eq!(counted, u8::from(refusal).to_string(), "{fault}");
        });
    }
}

#[test]
fn a_fault_of_setrefresh_is_a_warning() {
    side_by_side(&faults(), |fault| {
        let (sandbox, home) = start();
        home.impatient_with(fault);
        sandbox.fault(&with(fault, json!({ "path": "/setrefresh", "count": -1 })));
        home.login("").warns(&["setrefresh failed"]);
        home.has_no_booking("");
    });
}
