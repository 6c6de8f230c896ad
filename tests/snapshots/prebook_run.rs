//! `prebook run`: what it reports of each outcome.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::prebook::add;
use crate::support::{ANA, Home, Run, SOURCE, Sandbox};
use crate::{ana, class, shot, shot_json, world};

/// A run that ends soon whatever it meets.
fn run(home: &Home) -> Run {
    home.run("prebook run --horizon 1s --give-up 100ms")
}

/// An overdue prebooking of a class with these fields.
fn overdue(fields: &Value, args: &str) -> (Sandbox, Home) {
    let (sandbox, home) = ana();
    home.config(SOURCE);
    class(&sandbox, fields);
    add(&home, &format!("--class wod --opens 9d {args}")).succeeds();
    (sandbox, home)
}

#[test]
fn nothing_is_due() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(run(&home)), @"
    exit: 3
    --- stderr
    error: no store at [HOME]/.local/state/aimharder/aimharder.db yet: run `aimharder login`, or name the right one with --store
    ");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"no store at [HOME]/.local/state/aimharder/aimharder.db yet: run `aimharder login`, or name the right one with --store"}
    }
    --- stderr
    error: no store at [HOME]/.local/state/aimharder/aimharder.db yet: run `aimharder login`, or name the right one with --store
    "#);
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(run(&home)), @"exit: 0");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 0
    --- stdout
    {
      "due":0,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":0,
      "results":[]
    }
    "#);
    assert_snapshot!(shot(home.run("prebook run --dry-run")), @"exit: 0");
    assert_snapshot!(shot_json(home.run("prebook run --dry-run")), @r#"
    exit: 0
    --- stdout
    {
      "due":0,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":0,
      "results":[]
    }
    "#);
    assert_snapshot!(shot(run(&home).args("--account ben@example.org")), @"
    exit: 3
    --- stderr
    error: no session for ben@example.org; run `aimharder login ben@example.org`
    ");
}

#[test]
fn a_dry_run_shows_the_plan() {
    let (_sandbox, home) = overdue(&json!({}), "");
    assert_snapshot!(shot(home.run("prebook run --dry-run")), @"
    exit: 0
    --- stdout
    #1  at once, open since [DATE] [TIME] ([TIME] here)  13:10 wod, [DATE] (crossfitdemo)  ana@example.org
    ");
    add(&home, "--class yoga").succeeds();
    assert_snapshot!(shot_json(home.run("prebook run --dry-run")), @r#"
    exit: 0
    --- stdout
    {
      "due":2,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":0,
      "results":[{"id":1,"outcome":"would_book","opens_at":"[INSTANT]","fired_at":null,"attempts":0,"clock_offset_ms":null,"lateness_ms":null,"message":null,"reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 wod","session":null},
        {"id":2,"outcome":"would_book","opens_at":null,"fired_at":null,"attempts":0,"clock_offset_ms":null,"lateness_ms":null,"message":null,"reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 yoga","session":null}
      ]
    }
    "#);
    home.run("prebook remove 1").succeeds();
    assert_snapshot!(shot(home.run("prebook run --dry-run")), @"
    exit: 0
    --- stdout
    #2  at once, opening unknown  13:10 yoga, [DATE] (crossfitdemo)  ana@example.org
    ");
}

#[test]
fn an_overdue_class_is_booked() {
    let (_sandbox, home) = overdue(&json!({}), "");
    assert_snapshot!(shot(run(&home)), @"
    exit: 0
    --- stdout
    booked: 13:10 WOD, [DATE] (crossfitdemo) (reservation 55501)
    ");
    assert_snapshot!(shot(run(&home)), @"exit: 0");
    let (_sandbox, home) = overdue(&json!({}), "");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 0
    --- stdout
    {
      "due":1,
      "booked":1,
      "waitlisted":0,
      "failed":0,
      "postponed":0,
      "results":[{"id":1,"outcome":"booked","opens_at":"[INSTANT]","fired_at":"[INSTANT]","attempts":1,"clock_offset_ms":null,"lateness_ms":null,"message":null,"reservation_id":"55501","account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 WOD","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ]
    }
    "#);
}

#[test]
fn a_class_that_is_booked_already_counts_as_booked() {
    let (sandbox, home) = ana();
    home.config(SOURCE);
    let id = class(&sandbox, &json!({}));
    sandbox.reserve(ANA, &id, 1);
    add(&home, "--class wod --opens 9d").succeeds();
    assert_snapshot!(shot(run(&home)), @"
    exit: 0
    --- stdout
    already booked: 13:10 WOD, [DATE] (crossfitdemo) (reservation 55501)
    ");
}

#[test]
fn a_full_class() {
    let full = json!({ "occupied": 12, "waitlist": 2 });
    let (_sandbox, home) = overdue(&full, "");
    assert_snapshot!(shot(run(&home)), @"
    exit: 4
    --- stderr
    error: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): the class is full (La clase está completa); to take a place that becomes free: `aimharder prebook add --day [DATE] --time 13:10 --class wod --opens 9d --account ana@example.org --box crossfitdemo --watch`
    ");
    assert_snapshot!(shot(home.run("prebook list --all")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      1  [DATE]  13:10  wod  failed
         opening rule 9d; La clase está completa; last request [DATE] [TIME] for 13:10 WOD (id 1223249): full
    ");
    let (_sandbox, home) = overdue(&full, "");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 4
    --- stdout
    {
      "due":1,
      "booked":0,
      "waitlisted":0,
      "failed":1,
      "postponed":0,
      "results":[{"id":1,"outcome":"full","opens_at":"[INSTANT]","fired_at":"[INSTANT]","attempts":1,"clock_offset_ms":null,"lateness_ms":null,"message":"La clase está completa","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 WOD","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ],
      "error":{"kind":"refused",
        "message":"1 of 1 prebookings were not booked: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): the class is full (La clase está completa); to take a place that becomes free: `aimharder prebook add --day [DATE] --time 13:10 --class wod --opens 9d --account ana@example.org --box crossfitdemo --watch`"}
    }
    --- stderr
    error: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): the class is full (La clase está completa); to take a place that becomes free: `aimharder prebook add --day [DATE] --time 13:10 --class wod --opens 9d --account ana@example.org --box crossfitdemo --watch`
    "#);
    let (_sandbox, home) = overdue(&full, "--waitlist");
    assert_snapshot!(shot(run(&home)), @"
    exit: 0
    --- stdout
    on the waiting list: 13:10 WOD, [DATE] (crossfitdemo) (reservation 55501)
    ");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 0
    --- stdout
    {
      "due":0,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":0,
      "results":[]
    }
    "#);
    let (_sandbox, home) = overdue(&full, "--watch");
    assert_snapshot!(shot(run(&home)), @"exit: 0");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 0
    --- stdout
    {
      "due":1,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":1,
      "results":[{"id":1,"outcome":"full","opens_at":"[INSTANT]","fired_at":"[INSTANT]","attempts":1,"clock_offset_ms":null,"lateness_ms":null,"message":"La clase está completa","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 WOD","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ]
    }
    "#);
}

#[test]
fn a_place_on_the_waiting_list_is_looked_at_again() {
    let (sandbox, home) = overdue(&json!({ "occupied": 12, "waitlist": 0 }), "--waitlist");
    run(&home).succeeds();
    let place = sandbox.all_reservations()[0]["idres"].to_string();
    sandbox.patch_reservation(&place, &json!({ "state": 1 }));
    assert_snapshot!(shot(run(&home)), @"
    exit: 0
    --- stdout
    booked: 13:10 WOD, [DATE] (crossfitdemo) (reservation 55501); promoted from the waiting list
    ");
    let (sandbox, home) = overdue(&json!({ "occupied": 12, "waitlist": 0 }), "--waitlist");
    run(&home).succeeds();
    let place = sandbox.all_reservations()[0]["idres"].to_string();
    sandbox.unreserve(&place);
    assert_snapshot!(shot(run(&home)), @"
    exit: 0
    --- stderr
    prebooking 1 of ana@example.org, 13:10 WOD, [DATE] (crossfitdemo): the place on the waiting list is gone; for other classes: `aimharder classes [DATE] --account ana@example.org --box crossfitdemo`
    ");
}

#[test]
fn a_refusal_is_final() {
    let (sandbox, home) = overdue(&json!({}), "");
    sandbox.account(&json!({ "email": ANA, "credit": 0 }));
    assert_snapshot!(shot(run(&home)), @"
    exit: 4
    --- stderr
    error: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): no credit, or your membership does not cover this class (No tienes clases disponibles o tu tarifa no incluye esta clase; the membership covers WOD); for other classes: `aimharder classes [DATE] --account ana@example.org --box crossfitdemo`
    ");
    let (sandbox, home) = overdue(&json!({}), "");
    sandbox.account(&json!({ "email": ANA, "payment_pending": true }));
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 4
    --- stdout
    {
      "due":1,
      "booked":0,
      "waitlisted":0,
      "failed":1,
      "postponed":0,
      "results":[{"id":1,"outcome":"payment_pending","opens_at":"[INSTANT]","fired_at":"[INSTANT]","attempts":1,"clock_offset_ms":null,"lateness_ms":null,"message":"Tienes un pago pendiente","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 WOD","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ],
      "error":{"kind":"refused",
        "message":"1 of 1 prebookings were not booked: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): a payment is pending; settle it with the box (Tienes un pago pendiente); once it is paid: `aimharder prebook add --day [DATE] --time 13:10 --class wod --opens 9d --account ana@example.org --box crossfitdemo`"}
    }
    --- stderr
    error: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): a payment is pending; settle it with the box (Tienes un pago pendiente); once it is paid: `aimharder prebook add --day [DATE] --time 13:10 --class wod --opens 9d --account ana@example.org --box crossfitdemo`
    "#);
    let (_sandbox, home) = overdue(&json!({ "cancelled": true }), "");
    assert_snapshot!(shot(run(&home)), @"
    exit: 4
    --- stderr
    error: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): cancelled by the gym (the gym has cancelled this class); for other classes: `aimharder classes [DATE] --account ana@example.org --box crossfitdemo`
    ");
}

#[test]
fn a_postponed_prebooking_is_tried_again() {
    let (_sandbox, home) = overdue(&json!({ "enabled": false }), "");
    assert_snapshot!(shot(run(&home)), @"exit: 0");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 0
    --- stdout
    {
      "due":1,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":1,
      "results":[{"id":1,"outcome":"closed","opens_at":"[INSTANT]","fired_at":null,"attempts":0,"clock_offset_ms":null,"lateness_ms":null,"message":"this class is not offered for booking","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 WOD","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ]
    }
    "#);
    let (sandbox, home) = ana();
    home.config(SOURCE);
    class(&sandbox, &json!({ "name": "Yoga" }));
    add(&home, "--class wod --opens 9d").succeeds();
    assert_snapshot!(shot(run(&home)), @r#"
    exit: 6
    --- stderr
    error: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): no such class (no class "wod" at 13:10 on [DATE]; at that time: 13:10 Yoga); it stays pending and is tried again; for other classes: `aimharder classes [DATE] --account ana@example.org --box crossfitdemo`
    "#);
    assert_snapshot!(shot(run(&home)), @"exit: 6");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 6
    --- stdout
    {
      "due":1,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":1,
      "results":[{"id":1,"outcome":"not_found","opens_at":"[INSTANT]","fired_at":null,"attempts":0,"clock_offset_ms":null,"lateness_ms":null,"message":"no class \"wod\" at 13:10 on [DATE]; at that time: 13:10 Yoga","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 wod","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ],
      "error":{"kind":"not_found",
        "message":"1 of 1 prebookings were not booked: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): no such class (no class \"wod\" at 13:10 on [DATE]; at that time: 13:10 Yoga); it stays pending and is tried again; for other classes: `aimharder classes [DATE] --account ana@example.org --box crossfitdemo`"}
    }
    "#);
    assert_snapshot!(shot(home.run("prebook list")), @r#"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      1  [DATE]  13:10  wod  open since [DATE] 13:10
         opening rule 9d; no class "wod" at 13:10 on [DATE]; at that time: 13:10 Yoga
    "#);
}

#[test]
fn an_outage_differs_from_a_lost_login() {
    let (sandbox, home) = overdue(&json!({}), "");
    sandbox.fault(&json!({ "path": "/api/*", "kind": "status", "status": 503, "count": -1 }));
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 5
    --- stdout
    {
      "due":1,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":1,
      "results":[{"id":1,"outcome":"unreachable","opens_at":"[INSTANT]","fired_at":null,"attempts":0,"clock_offset_ms":null,"lateness_ms":null,"message":"AimHarder is unavailable (HTTP 503)","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 wod","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ],
      "error":{"kind":"unreachable",
        "message":"1 of 1 prebookings were not booked: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): AimHarder could not be reached (AimHarder is unavailable (HTTP 503)); it stays pending and is tried again"}
    }
    "#);
    sandbox.clear_faults();
    home.config("");
    sandbox.kill(ANA);
    assert_snapshot!(shot(run(&home)), @"
    exit: 3
    --- stderr
    error: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): login required (AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again); it stays pending and is tried again
    ");
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 3
    --- stdout
    {
      "due":1,
      "booked":0,
      "waitlisted":0,
      "failed":0,
      "postponed":1,
      "results":[{"id":1,"outcome":"login_required","opens_at":"[INSTANT]","fired_at":null,"attempts":0,"clock_offset_ms":null,"lateness_ms":null,"message":"AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 wod","session":null}
      ],
      "error":{"kind":"login_required",
        "message":"1 of 1 prebookings were not booked: prebooking 1 of ana@example.org, 13:10 wod, [DATE] (crossfitdemo): login required (AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again); it stays pending and is tried again"}
    }
    "#);
}

#[test]
fn several_outcomes_are_partial() {
    let (sandbox, home) = overdue(&json!({}), "");
    class(
        &sandbox,
        &json!({ "name": "Yoga", "start": "19:10", "occupied": 12 }),
    );
    add(&home, "--opens 9d --class nothing").succeeds();
    assert_snapshot!(shot_json(run(&home)), @r#"
    exit: 7
    --- stdout
    {
      "due":2,
      "booked":1,
      "waitlisted":0,
      "failed":0,
      "postponed":1,
      "results":[{"id":1,"outcome":"booked","opens_at":"[INSTANT]","fired_at":"[INSTANT]","attempts":1,"clock_offset_ms":null,"lateness_ms":null,"message":null,"reservation_id":"55501","account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 WOD","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}},
        {"id":2,"outcome":"not_found","opens_at":"[INSTANT]","fired_at":null,"attempts":0,"clock_offset_ms":null,"lateness_ms":null,"message":"no class \"nothing\" at 13:10 on [DATE]; at that time: 13:10 WOD","reservation_id":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","class":"13:10 nothing","session":{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9"}}
      ],
      "error":{"kind":"partial",
        "message":"1 of 2 prebookings were not booked: prebooking 2 of ana@example.org, 13:10 nothing, [DATE] (crossfitdemo): no such class (no class \"nothing\" at 13:10 on [DATE]; at that time: 13:10 WOD); it stays pending and is tried again; for other classes: `aimharder classes [DATE] --account ana@example.org --box crossfitdemo`"}
    }
    --- stderr
    error: prebooking 2 of ana@example.org, 13:10 nothing, [DATE] (crossfitdemo): no such class (no class "nothing" at 13:10 on [DATE]; at that time: 13:10 WOD); it stays pending and is tried again; for other classes: `aimharder classes [DATE] --account ana@example.org --box crossfitdemo`
    "#);
}
