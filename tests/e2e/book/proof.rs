//! A booking or a cancellation is reported as done only when the schedule row shows it, whatever the response says.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ANA, Home, Run, Sandbox, logged_in, outcomes, says, side_by_side};
use crate::support::{Fired, Scenario, together};

fn ready(more: Value) -> (Sandbox, Home, String) {
    let (sandbox, home) = logged_in();
    home.impatient();
    let id = sandbox.trial(more);
    (sandbox, home, id)
}

fn command(home: &Home, which: &str) -> Run {
    home.run(&format!("{which} --day +3 --time 13:10"))
        .limit(Duration::from_secs(15))
}

/// A schedule in which the class has this `bookState`.
fn row(id: &str, state: &Value) -> Value {
    let mine = if state.is_null() {
        Value::Null
    } else {
        json!("55501")
    };
    json!({ "bookings": [{
        "id": id, "time": "13:10 - 14:10", "className": "Prueba", "bookState": state, "idres": mine,
    }] })
}

/// Responses that say "booked" without an action of the platform.
fn claims() -> [Value; 4] {
    [
        json!({ "bookState": 1 }),
        json!({ "bookState": true }),
        json!({ "bookState": "1" }),
        json!({ "bookState": 1, "id": "1" }),
    ]
}

#[test]
fn booked_without_a_row_that_shows_it_is_unknown() {
    side_by_side(&claims(), |claim| {
        let (sandbox, home, id) = ready(json!({ "book_answers": [claim] }));
        command(&home, "book").fails(8, &["does not show", "aimharder bookings"]);
        assert_eq!(sandbox.sent("/api/book").len(), 1, "{claim}");
        assert_eq!(
            sandbox.sent("/api/bookings").len(),
            3,
            "{claim}: read twice"
        );
        assert!(sandbox.reservations(&id).is_empty());
    });
}

#[test]
fn a_row_that_shows_the_booking_a_second_later_proves_it() {
    for answer in [json!({ "bookState": 1, "id": "55501" }), json!({})] {
        let (sandbox, home, id) = ready(json!({}));
        sandbox.fault(&json!([
            { "path": "/api/book", "kind": "json", "after": true, "body": answer },
            { "path": "/api/bookings", "kind": "json", "skip": 1, "body": row(&id, &Value::Null) },
        ]));
        let reported = command(&home, "book").json();
        assert_eq!(reported["outcome"], "booked", "{answer}: {reported}");
        assert_eq!(reported["reservation_id"], "55501");
        assert_eq!(sandbox.sent("/api/book").len(), 1);
    }
}

#[test]
fn booked_while_the_schedule_is_unreadable_is_unknown() {
    let (sandbox, home, id) = ready(json!({}));
    sandbox.fault(&json!({ "path": "/api/bookings", "kind": "status", "skip": 1, "count": -1 }));
    command(&home, "book").fails(8, &["unknown"]);
    assert_eq!(sandbox.reservations(&id).len(), 1);
    sandbox.clear_faults();
    let reported = command(&home, "book").json();
    assert_eq!(reported["outcome"], "already_booked");
}

#[test]
fn a_response_that_proves_nothing_is_unreachable() {
    let answers = [
        json!({}),
        json!({ "error": { "code": 503 } }),
        json!({ "error": { "code": 500, "message": "Internal Server Error" } }),
        json!({ "error": { "code": 7, "message": "try later" } }),
    ];
    side_by_side(&answers, |answer| {
        let (sandbox, home, _) = ready(json!({ "book_answers": [answer] }));
        command(&home, "book").fails(5, &["not booked"]);
        assert_eq!(sandbox.sent("/api/book").len(), 1, "{answer}");
    });
    let faults = [
        json!({ "path": "/api/book", "kind": "foreign" }),
        json!({ "path": "/api/book", "kind": "status", "status": 401, "body": "" }),
    ];
    side_by_side(&faults, |fault| {
        let (sandbox, home, _) = ready(json!({}));
        sandbox.fault(fault);
        command(&home, "book").fails(5, &["not booked"]);
        assert_eq!(sandbox.sent("/api/book").len(), 1, "{fault}");
    });
}

/// If nothing else has proven the login, `whoami` is asked before the request, and for each of two rows without a booking.
#[test]
fn only_an_answer_that_proves_something_proves_the_login() {
    for (answer, code, whoami) in [(json!({}), 5, 3), (json!({ "bookState": 1 }), 8, 2)] {
        let (sandbox, home, _) = ready(json!({ "book_answers": [answer] }));
        sandbox.fault(&json!({ "path": "/api/whoami", "kind": "status" }));
        command(&home, "book").fails(code, &[]);
        assert_eq!(sandbox.sent("/api/whoami").len(), whoami, "{answer}");
    }
}

#[test]
fn a_place_on_the_waiting_list_is_proven_by_the_row() {
    let (sandbox, home, id) = ready(json!({
        "occupied": 12, "waitlist": 0, "book_answers": [{ "bookState": -1 }, { "bookState": 1 }],
    }));
    command(&home, "book")
        .arg("--waitlist")
        .fails(8, &["does not show"]);
    assert_eq!(sandbox.sent("/api/book").len(), 2);
    assert!(sandbox.reservations(&id).is_empty());
}

#[test]
fn a_row_that_shows_the_cancellation_a_second_later_proves_it() {
    for answer in [json!({ "cancelState": 1 }), json!({})] {
        let (sandbox, home, id) = ready(json!({}));
        sandbox.reserve(ANA, &id, 1);
        sandbox.fault(&json!([
            { "path": "/api/cancelBook", "kind": "json", "after": true, "body": answer },
            { "path": "/api/bookings", "kind": "json", "skip": 1, "body": row(&id, &json!(1)) },
        ]));
        let reported = command(&home, "cancel").json();
        assert_eq!(reported["outcome"], "cancelled", "{answer}: {reported}");
        assert_eq!(sandbox.sent("/api/cancelBook").len(), 1);
    }
}

#[test]
fn openings() {
    together(&[
        (
            "shown by the row when the next run looks",
            shown_to_a_later_run,
        ),
        ("shown by the row a second later", shown_a_second_later),
    ]);
}

fn shown_to_a_later_run() {
    let (scene, class, id) =
        Scenario::prebooked(3, &json!({ "book_answers": [{ "bookState": true }] }), "");
    let fired = scene.fired(8);
    says(fired.only("unknown_outcome"), &["does not show"]);
    let stored = scene.ends(id, "pending", &[]);
    assert_eq!(
        outcomes(&stored),
        ["unproven"],
        "not sent again in that run"
    );
    scene.sandbox.reserve(ANA, &class, 1);
    scene.sandbox.clear_log();
    scene.fired(0).is(&[("booked", 1)]);
    assert_eq!(scene.requests().len(), 0, "booked already");
    scene.ends(id, "booked", &[&class]);
}

fn shown_a_second_later() {
    let (scene, class, id) = Scenario::prebooked(4, &json!({}), "");
    let run = scene.go("");
    scene.looked_up();
    let mut unshown = row(&class, &Value::Null);
    unshown["bookings"][0]["className"] = "WOD".into();
    scene.sandbox.fault(&json!({
        "path": "/api/bookings", "kind": "json", "from_ms": scene.faults_from_ms(), "body": unshown,
    }));
    Fired::of(run, 0).is(&[("booked", 1)]);
    let stored = scene.ends(id, "booked", &[&class]);
    assert_eq!(outcomes(&stored), ["booked"]);
}

/// "Booked" is the answer, and the row shows a place on the waiting list.
#[test]
fn the_row_takes_precedence_over_the_response() {
    let (sandbox, home, id) = ready(json!({ "occupied": 12, "waitlist": 0 }));
    sandbox.fault(&json!({
        "path": "/api/book", "kind": "json", "after": true, "skip": 1, "body": { "bookState": 1, "id": "55501" },
    }));
    let printed = home.run("book --day +3 --time 13:10 --waitlist").json();
    assert_eq!(printed["outcome"], "waitlisted", "{printed}");
    assert_eq!(printed["class"]["state"], "waitlisted");
    assert_eq!(sandbox.reservations(&id)[0]["state"], 0);
}

/// The class is not in the schedule after the request: the outcome is unknown.
#[test]
fn a_class_that_vanishes_is_unknown() {
    for (path, command) in [("/api/book", "book"), ("/api/cancelBook", "cancel")] {
        let (sandbox, home, id) = ready(json!({}));
        if command == "cancel" {
            sandbox.reserve(ANA, &id, 1);
        }
        let empty = json!({ "bookings": [] });
        sandbox.fault(&json!([
            { "path": path, "kind": "drop" },
            { "path": "/api/bookings", "kind": "json", "skip": 1, "count": -1, "body": empty },
        ]));
        let run = home.run(&format!("{command} --day +3 --time 13:10"));
        run.fails(
            8,
            &["unknown", "no longer in the schedule", "aimharder bookings"],
        );
        assert_eq!(sandbox.sent(path).len(), 1);
    }
}

/// The session has ended when the request arrives, and only a login recovers it: the platform did nothing.
#[test]
fn without_a_login_in_the_middle() {
    for (path, command) in [("/api/book", "book"), ("/api/cancelBook", "cancel")] {
        let (sandbox, home, id) = ready(json!({}));
        if command == "cancel" {
            sandbox.reserve(ANA, &id, 1);
        }
        let before = sandbox.reservations(&id);
        let dead = |path: &str| json!({ "path": path, "kind": "logout", "count": -1 });
        sandbox.fault(&json!([
            dead(path),
            dead("/setrefresh"),
            dead("/api/tokenUpdate")
        ]));
        let run = home.run(&format!("{command} --day +3 --time 13:10"));
        run.fails(3, &["aimharder login"]);
        assert_eq!(sandbox.reservations(&id), before);
    }
}
