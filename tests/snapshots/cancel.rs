//! `cancel`: every outcome.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{ANA, Home, Run, Sandbox};
use crate::{START, ana, class, shot, shot_json};

fn cancel(home: &Home, args: &str) -> Run {
    home.run("cancel --day +3").args(args)
}

fn booked(fields: &Value) -> (Sandbox, Home, String) {
    let (sandbox, home) = ana();
    let id = class(&sandbox, fields);
    let reservation = sandbox.reserve(ANA, &id, 1);
    (sandbox, home, reservation)
}

#[test]
fn a_booking_is_cancelled() {
    let (_sandbox, home, _) = booked(&json!({}));
    assert_snapshot!(shot(cancel(&home, "--dry-run")), @"
    exit: 0
    --- stdout
    would cancel: WOD, [DATE], 13:10; whether this would cost the credit is not known in advance
    ");
    assert_snapshot!(shot_json(cancel(&home, "--dry-run")), @r#"
    exit: 0
    --- stdout
    {
      "outcome":"would_cancel",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":9,"capacity":12,"waiting":null,"state":"booked","reservation_id":"55501","opens_at":null},
      "message":"whether this would cost the credit is not known in advance",
      "cancel_state":null,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    assert_snapshot!(shot(cancel(&home, "--time 13:10 --class wod")), @"
    exit: 0
    --- stdout
    cancelled: WOD, [DATE], 13:10
    ");
    assert_snapshot!(shot(cancel(&home, "--time 13:10")), @"
    exit: 6
    --- stderr
    error: not cancelled: WOD, [DATE], 13:10: you have no booking there; see `aimharder bookings`
    ");
    assert_snapshot!(shot_json(cancel(&home, "--time 13:10")), @r#"
    exit: 6
    --- stdout
    {
      "outcome":"not_booked",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"open","reservation_id":null,"opens_at":null},
      "message":null,
      "cancel_state":null,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"not_found",
        "message":"not cancelled: WOD, [DATE], 13:10: you have no booking there; see `aimharder bookings`"}
    }
    --- stderr
    error: not cancelled: WOD, [DATE], 13:10: you have no booking there; see `aimharder bookings`
    "#);
    assert_snapshot!(shot(cancel(&home, "--time 14:10")), @"
    exit: 6
    --- stderr
    error: no class at 14:10 on [DATE]; nearest: 13:10 WOD
    ");
    let (_sandbox, home, reservation) = booked(&json!({}));
    assert_snapshot!(shot_json(home.run("cancel --reservation").arg(reservation)), @r#"
    exit: 0
    --- stdout
    {
      "outcome":"cancelled",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"open","reservation_id":null,"opens_at":null},
      "message":null,
      "cancel_state":1,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    assert_snapshot!(shot(home.run("cancel --reservation 1")), @"
    exit: 6
    --- stderr
    error: you have no reservation 1; see `aimharder bookings`
    ");
}

#[test]
fn a_late_cancellation_needs_a_flag() {
    let (_sandbox, home, _) = booked(&json!({ "late": true }));
    assert_snapshot!(shot(cancel(&home, "")), @"
    exit: 4
    --- stderr
    error: not cancelled: WOD, [DATE], 13:10: cancelling now would cost the credit; to accept that: `aimharder cancel --reservation 55501 --late`
    ");
    assert_snapshot!(shot_json(cancel(&home, "")), @r#"
    exit: 4
    --- stdout
    {
      "outcome":"late_cancellation",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":9,"capacity":12,"waiting":null,"state":"booked","reservation_id":"55501","opens_at":null},
      "message":null,
      "cancel_state":2,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"refused",
        "message":"not cancelled: WOD, [DATE], 13:10: cancelling now would cost the credit; to accept that: `aimharder cancel --reservation 55501 --late`"}
    }
    --- stderr
    error: not cancelled: WOD, [DATE], 13:10: cancelling now would cost the credit; to accept that: `aimharder cancel --reservation 55501 --late`
    "#);
    assert_snapshot!(shot(cancel(&home, "--late")), @"
    exit: 0
    --- stdout
    cancelled: WOD, [DATE], 13:10
    ");
}

#[test]
fn a_cancellation_is_refused() {
    let (_sandbox, home, _) = booked(&json!({ "cancel_refused": true }));
    assert_snapshot!(shot(cancel(&home, "")), @"
    exit: 4
    --- stderr
    error: not cancelled: WOD, [DATE], 13:10: AimHarder refused the cancellation; see `aimharder bookings`
    ");
    assert_snapshot!(shot_json(cancel(&home, "")), @r#"
    exit: 4
    --- stdout
    {
      "outcome":"refused",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":9,"capacity":12,"waiting":null,"state":"booked","reservation_id":"55501","opens_at":null},
      "message":null,
      "cancel_state":3,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"refused",
        "message":"not cancelled: WOD, [DATE], 13:10: AimHarder refused the cancellation; see `aimharder bookings`"}
    }
    --- stderr
    error: not cancelled: WOD, [DATE], 13:10: AimHarder refused the cancellation; see `aimharder bookings`
    "#);
}

#[test]
fn one_of_several_bookings_must_be_named() {
    let (sandbox, home, _) = booked(&json!({}));
    let other = class(&sandbox, &json!({ "start": "14:10", "name": "Yoga" }));
    sandbox.reserve(ANA, &other, 0);
    assert_snapshot!(shot(cancel(&home, "")), @"
    exit: 6
    --- stderr
    error: several of your bookings fit on [DATE]: 13:10 WOD (reservation 55501), 14:10 Yoga (reservation 55502); choose one with --time, --class or --reservation, for example: `aimharder cancel --reservation 55501`
    ");
    assert_snapshot!(shot(cancel(&home, "--time 14:10")), @"
    exit: 0
    --- stdout
    cancelled: Yoga, [DATE], 14:10
    ");
    assert_eq!(START, "13:10");
}
