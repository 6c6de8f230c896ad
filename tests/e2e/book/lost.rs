//! Lost responses to a booking: the row decides, nothing is booked twice, and an unknown outcome is reported as unknown.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ANA, Home, Sandbox, logged_in, side_by_side, unused_address, with};

fn ready() -> (Sandbox, Home, String) {
    let (sandbox, home) = logged_in();
    home.impatient();
    let id = sandbox.trial(json!({}));
    (sandbox, home, id)
}

fn book(home: &Home) -> crate::support::Run {
    home.run("book --day +3 --time 13:10")
        .limit(Duration::from_secs(15))
}

/// Every way in which a response is lost.
fn losses() -> Vec<Value> {
    let kinds = [
        "drop", "hang", "truncate", "cut", "foreign", "empty", "garbage", "huge", "trickle", "json",
    ];
    let mut losses: Vec<Value> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
    let statuses = [403, 404, 429, 500, 502, 503, 504];
    losses.extend(statuses.map(|status| json!({ "kind": "status", "status": status })));
    losses
}

#[test]
fn acted_and_lost_is_booked() {
    side_by_side(&losses(), |loss| {
        let (sandbox, home, id) = ready();
        sandbox.fault(&with(loss, json!({ "path": "/api/book", "after": true })));
        let printed = book(&home).json();
        assert_eq!(printed["outcome"], "booked", "{loss}");
        assert_eq!(printed["reservation_id"], "55501");
        assert_eq!(sandbox.sent("/api/book").len(), 1, "{loss}");
        assert_eq!(sandbox.reservations(&id).len(), 1, "{loss}");
    });
}

#[test]
fn not_acted_and_lost_is_unreachable() {
    side_by_side(&losses(), |loss| {
        let (sandbox, home, id) = ready();
        sandbox.fault(&with(loss, json!({ "path": "/api/book" })));
        book(&home).fails(5, &[]);
        assert_eq!(
            sandbox.sent("/api/book").len(),
            1,
            "{loss}: never blindly again"
        );
        assert!(sandbox.reservations(&id).is_empty());
        assert_eq!(book(&home).json()["outcome"], "booked");
    });
}

#[test]
fn unreadable_afterwards_is_unknown() {
    side_by_side(&["drop", "foreign", "status", "truncate"], |kind| {
        for after in [true, false] {
            let (sandbox, home, id) = ready();
            sandbox.fault(&json!([
                { "path": "/api/book", "kind": "drop", "after": after },
                { "path": "/api/bookings", "kind": kind, "skip": 1, "count": -1 },
            ]));
            book(&home).fails(8, &["unknown", "aimharder bookings"]);
            assert_eq!(sandbox.sent("/api/book").len(), 1);
            sandbox.clear_faults();
            book(&home).succeeds();
            assert_eq!(sandbox.reservations(&id).len(), 1);
        }
    });
}

#[test]
fn the_row_is_read_a_second_time() {
    let (sandbox, home, id) = ready();
    sandbox.fault(&json!([
        { "path": "/api/book", "kind": "drop", "after": true },
        { "path": "/api/bookings", "kind": "status", "skip": 1 },
    ]));
    assert_eq!(book(&home).json()["outcome"], "booked");
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn an_unknown_state_is_unknown() {
    let (sandbox, home, id) = ready();
    sandbox.patch_class(&id, &json!({ "book_answers": [{}] }));
    let row = json!({ "bookings": [{ "id": id, "time": "13:10 - 14:10", "className": "Prueba" }] });
    sandbox.fault(&json!({ "path": "/api/bookings", "kind": "json", "body": row }));
    sandbox.reserve(ANA, &id, 7);
    book(&home).fails(8, &["unknown"]);
}

#[test]
fn a_logout_while_settling_is_recovered() {
    let (sandbox, home, id) = ready();
    sandbox.fault(&json!([
        { "path": "/api/book", "kind": "drop", "after": true },
        { "path": "/api/bookings", "kind": "logout", "skip": 1 },
    ]));
    assert_eq!(book(&home).json()["outcome"], "booked");
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn the_session_dies_while_settling() {
    let (sandbox, home, id) = ready();
    sandbox.fault(&json!([
        { "path": "/api/book", "kind": "drop", "after": true },
        { "path": "/api/bookings", "kind": "logout", "skip": 1, "count": -1 },
        { "path": "/setrefresh", "kind": "logout", "count": -1 },
        { "path": "/api/tokenUpdate", "kind": "logout", "count": -1 },
    ]));
    book(&home).fails(8, &["unknown"]);
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn lost_on_the_waiting_list() {
    let (sandbox, home, id) = ready();
    sandbox.patch_class(&id, &json!({ "occupied": 12, "waitlist": 0 }));
    sandbox.fault(&json!({ "path": "/api/book", "kind": "drop", "skip": 1, "after": true }));
    let printed = book(&home).arg("--waitlist").json();
    assert_eq!(printed["outcome"], "waitlisted");
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn a_refused_connection_is_unreachable() {
    let (sandbox, home, _id) = ready();
    let config = std::fs::read_to_string(home.config_path()).unwrap();
    home.write_config(&config.replace(&sandbox.address().to_string(), &unused_address()));
    for args in [
        "book --day +3 --time 13:10",
        "classes",
        "cancel --day +3 --time 13:10",
        "bookings",
        "boxes --detect",
    ] {
        home.run(args).fails(5, &["no connection to"]);
    }
    home.run("login --password-stdin")
        .stdin("x")
        .fails(5, &["no connection to"]);
    assert_eq!(home.sessions().len(), 2);
}
