//! Requests of commands that provably never left, because there was no connection: each is sent once more, and none is
//! reported as done. `prebook_unsent` has those of prebookings.

use serde_json::json;

use crate::support::{ANA, Gateway, Home, Run, Sandbox, logged_in};

/// A class three days ahead, and a door that can be shut.
fn ready() -> (Sandbox, Home, Gateway, String) {
    let (sandbox, home) = logged_in();
    let gateway = Gateway::before(&sandbox, &home);
    let id = sandbox.trial(json!({}));
    (sandbox, home, gateway, id)
}

fn command(home: &Home, which: &str) -> Run {
    home.run(&format!("{which} --day +3 --time 13:10"))
}

#[test]
fn a_booking_is_sent_once_more() {
    let (sandbox, home, gateway, id) = ready();
    gateway.shut_after("/api/bookings", 1);
    let printed = command(&home, "book").json();
    assert_eq!(printed["outcome"], "booked", "{printed}");
    assert_eq!(gateway.hung_up(), 1);
    assert_eq!(sandbox.sent("/api/book").len(), 1);
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn a_booking_that_never_leaves_is_unreachable() {
    let (sandbox, home, gateway, id) = ready();
    gateway.shut_after("/api/bookings", 1000);
    let printed = command(&home, "book").fails(5, &["no connection to"]);
    assert!(!printed.stderr.contains("unknown"), "{printed:?}");
    assert_eq!(gateway.hung_up(), 2, "sent, and once more");
    assert!(sandbox.reservations(&id).is_empty());
    gateway.shut(0);
    assert_eq!(command(&home, "book").json()["outcome"], "booked");
}

#[test]
fn a_cancellation_is_sent_once_more() {
    let (sandbox, home, gateway, id) = ready();
    sandbox.reserve(ANA, &id, 1);
    // the schedule is personal: whoami is not asked
    gateway.shut_after("/api/bookings", 1);
    let printed = command(&home, "cancel").json();
    assert_eq!(printed["outcome"], "cancelled", "{printed}");
    assert_eq!(gateway.hung_up(), 1);
    assert_eq!(sandbox.sent("/api/cancelBook").len(), 1);
    assert!(sandbox.reservations(&id).is_empty());
}

#[test]
fn a_cancellation_that_never_leaves_is_unreachable() {
    let (sandbox, home, gateway, id) = ready();
    sandbox.reserve(ANA, &id, 1);
    gateway.shut_after("/api/bookings", 1000);
    let printed = command(&home, "cancel").fails(5, &["no connection to"]);
    assert!(!printed.stderr.contains("unknown"), "{printed:?}");
    assert_eq!(gateway.hung_up(), 2, "sent, and once more");
    assert_eq!(sandbox.reservations(&id).len(), 1);
}
