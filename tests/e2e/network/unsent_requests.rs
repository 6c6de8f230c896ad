//! Requests that were provably not sent, because there was no connection: each is sent once more, and none is reported as
//! done. Those of prebookings are in `prebook/unsent.rs`.

use serde_json::json;

use crate::support::{ANA, Gateway, Home, Run, Sandbox, logged_in};

/// A class three days ahead, a gateway that can close connections, and the run of a command. Ana has booked the class if it is
/// `cancel`.
fn ready(which: &str) -> (Sandbox, Home, Gateway, String, Run) {
    let (sandbox, home) = logged_in();
    let gateway = Gateway::before(&sandbox, &home);
    let id = sandbox.trial(json!({}));
    if which == "cancel" {
        sandbox.reserve(ANA, &id, 1);
    }
    let run = home.run(&format!("{which} --day +3 --time 13:10"));
    (sandbox, home, gateway, id, run)
}

#[test]
fn a_request_is_sent_once_more() {
    for (which, path, outcome) in [
        ("book", "/api/book", "booked"),
        ("cancel", "/api/cancelBook", "cancelled"),
    ] {
        let (sandbox, _home, gateway, id, run) = ready(which);
        // for a cancellation the schedule is personal: whoami is not asked
        gateway.shut_after("/api/bookings", 1);
        let printed = run.json();
        assert_eq!(printed["outcome"], outcome, "{printed}");
        assert_eq!(gateway.hung_up(), 1);
        assert_eq!(sandbox.sent(path).len(), 1);
        let is_booked = sandbox.reservations(&id).len() == 1;
        assert_eq!(is_booked, which == "book");
    }
}

#[test]
fn a_request_that_never_leaves_is_unreachable() {
    for which in ["book", "cancel"] {
        let (sandbox, _home, gateway, id, run) = ready(which);
        gateway.shut_after("/api/bookings", 1000);
        let printed = run.clone().fails(5, &["no connection to"]);
        assert!(!printed.stderr.contains("unknown"), "{printed:?}");
        assert_eq!(gateway.hung_up(), 2, "sent, and once more");
        let is_booked = sandbox.reservations(&id).len() == 1;
        assert_eq!(is_booked, which == "cancel");
        gateway.shut(0);
        run.succeeds();
    }
}
