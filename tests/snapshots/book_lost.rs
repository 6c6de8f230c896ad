//! `book` and `cancel` when the response is lost or the session is gone.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{ANA, Home, Sandbox};
use crate::{START, ana, class, shot, shot_json};

fn run(home: &Home, command: &str) -> crate::support::Run {
    home.run(command).args("--day +3").args("--time").arg(START)
}

fn ready(booked: bool) -> (Sandbox, Home) {
    let (sandbox, home) = ana();
    let id = class(&sandbox, &json!({}));
    if booked {
        sandbox.reserve(ANA, &id, 1);
    }
    (sandbox, home)
}

#[test]
fn a_lost_booking_is_settled_by_the_row() {
    let (sandbox, home) = ready(false);
    sandbox.fault(&json!({ "path": "/api/book", "kind": "drop", "after": true }));
    assert_snapshot!(shot(run(&home, "book")), @"
    exit: 0
    --- stdout
    booked: WOD, [DATE], 13:10 (reservation 55501)
    ");
    let (sandbox, home) = ready(false);
    sandbox.fault(&json!({ "path": "/api/book", "kind": "drop" }));
    assert_snapshot!(shot(run(&home, "book")), @"
    exit: 5
    --- stderr
    error: not booked: no complete response from crossfitdemo.aimharder.com: the connection was closed too early; the schedule shows no booking; try again
    ");
    let (sandbox, home) = ready(false);
    sandbox.fault(&json!([
        { "path": "/api/book", "kind": "drop" },
        { "path": "/api/bookings", "kind": "status", "skip": 1, "count": -1 },
    ]));
    assert_snapshot!(shot_json(run(&home, "book")), @r#"
    exit: 8
    --- stdout
    {
      "error":{"kind":"unknown_outcome",
        "message":"the request was sent, but what came of it is unknown: AimHarder is unavailable (HTTP 503); look at `aimharder bookings` before trying again"}
    }
    --- stderr
    error: the request was sent, but what came of it is unknown: AimHarder is unavailable (HTTP 503); look at `aimharder bookings` before trying again
    "#);
    let (sandbox, home) = ready(false);
    sandbox.account(&json!({ "email": ANA, "book_answers": [{ "bookState": 1, "id": "1" }] }));
    assert_snapshot!(shot(run(&home, "book")), @r#"
    exit: 8
    --- stderr
    error: AimHarder answered "booked", but the schedule does not show the booking; look at `aimharder bookings` before trying again
    "#);
    sandbox.account(&json!({ "email": ANA, "book_answers": [{}] }));
    assert_snapshot!(shot_json(run(&home, "book")), @r#"
    exit: 5
    --- stdout
    {
      "error":{"kind":"unreachable",
        "message":"not booked: AimHarder's answer proves nothing; the schedule shows no booking; try again"}
    }
    --- stderr
    error: not booked: AimHarder's answer proves nothing; the schedule shows no booking; try again
    "#);
}

#[test]
fn a_lost_cancellation_is_settled_by_the_row() {
    let (sandbox, home) = ready(true);
    sandbox.fault(&json!({ "path": "/api/cancelBook", "kind": "drop", "after": true }));
    assert_snapshot!(shot(run(&home, "cancel")), @"
    exit: 0
    --- stdout
    cancelled: WOD, [DATE], 13:10
    ");
    let (sandbox, home) = ready(true);
    sandbox.fault(&json!({ "path": "/api/cancelBook", "kind": "drop" }));
    assert_snapshot!(shot(run(&home, "cancel")), @"
    exit: 5
    --- stderr
    error: not cancelled: no complete response from crossfitdemo.aimharder.com: the connection was closed too early; the schedule still shows the booking; try again
    ");
    let (sandbox, home) = ready(true);
    sandbox.fault(&json!([
        { "path": "/api/cancelBook", "kind": "drop" },
        { "path": "/api/bookings", "kind": "status", "skip": 1, "count": -1 },
    ]));
    assert_snapshot!(shot_json(run(&home, "cancel")), @r#"
    exit: 8
    --- stdout
    {
      "error":{"kind":"unknown_outcome",
        "message":"the request was sent, but what came of it is unknown: AimHarder is unavailable (HTTP 503); look at `aimharder bookings` before trying again"}
    }
    --- stderr
    error: the request was sent, but what came of it is unknown: AimHarder is unavailable (HTTP 503); look at `aimharder bookings` before trying again
    "#);
}

#[test]
fn an_outage_differs_from_a_lost_login() {
    let (sandbox, home) = ready(false);
    sandbox.fault(&json!({ "path": "*", "kind": "status", "count": -1 }));
    assert_snapshot!(shot(run(&home, "book")), @"
    exit: 5
    --- stderr
    error: AimHarder is unavailable (HTTP 503); try again later
    ");
    assert_snapshot!(shot_json(run(&home, "cancel")), @r#"
    exit: 5
    --- stdout
    {
      "error":{"kind":"unreachable",
        "message":"AimHarder is unavailable (HTTP 503); try again later"}
    }
    --- stderr
    error: AimHarder is unavailable (HTTP 503); try again later
    "#);
    assert_snapshot!(shot(home.run("classes")), @"
    exit: 5
    --- stderr
    error: AimHarder is unavailable (HTTP 503); try again later
    ");
    assert_snapshot!(shot_json(home.run("bookings")), @r#"
    exit: 5
    --- stdout
    {
      "error":{"kind":"unreachable",
        "message":"AimHarder is unavailable (HTTP 503); try again later"}
    }
    --- stderr
    error: AimHarder is unavailable (HTTP 503); try again later
    "#);
    sandbox.clear_faults();
    sandbox.kill(ANA);
    assert_snapshot!(shot(run(&home, "book")), @"
    exit: 3
    --- stderr
    error: AimHarder has ended the device session of ana@example.org; run `aimharder login ana@example.org`
    ");
    assert_snapshot!(shot_json(run(&home, "book")), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"no device session for ana@example.org; run `aimharder login ana@example.org`"}
    }
    --- stderr
    error: no device session for ana@example.org; run `aimharder login ana@example.org`
    "#);
}
