//! `book`: every outcome that a response or the schedule decides.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{ANA, Home, Run, Sandbox, with};
use crate::{START, ana, class, shot, shot_json};

fn book(home: &Home, args: &str) -> Run {
    home.run("book --day +3")
        .args("--time")
        .arg(START)
        .args(args)
}

fn ready(fields: &Value) -> (Sandbox, Home) {
    let (sandbox, home) = ana();
    class(&sandbox, fields);
    (sandbox, home)
}

#[test]
fn a_class_is_booked() {
    let (_sandbox, home) = ready(&json!({}));
    assert_snapshot!(shot(book(&home, "--dry-run")), @"
    exit: 0
    --- stdout
    would book: WOD, [DATE], 13:10
    ");
    assert_snapshot!(shot_json(book(&home, "--dry-run")), @r#"
    exit: 0
    --- stdout
    {
      "outcome":"would_book",
      "reservation_id":null,
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"open","reservation_id":null,"opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":null,
      "book_state":null,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 0
    --- stdout
    booked: WOD, [DATE], 13:10 (reservation 55501)
    ");
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 0
    --- stdout
    already booked: WOD, [DATE], 13:10 (reservation 55501)
    ");
    assert_snapshot!(shot_json(book(&home, "")), @r#"
    exit: 0
    --- stdout
    {
      "outcome":"already_booked",
      "reservation_id":"55501",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":9,"capacity":12,"waiting":null,"state":"booked","reservation_id":"55501","opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":null,
      "book_state":null,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    assert_snapshot!(shot(book(&home, "--dry-run")), @"
    exit: 0
    --- stdout
    already booked: WOD, [DATE], 13:10 (reservation 55501)
    ");
    let (_sandbox, home) = ready(&json!({}));
    assert_snapshot!(shot_json(book(&home, "")), @r#"
    exit: 0
    --- stdout
    {
      "outcome":"booked",
      "reservation_id":"55501",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":9,"capacity":12,"waiting":null,"state":"booked","reservation_id":"55501","opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":null,
      "book_state":1,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
}

#[test]
fn a_full_class_has_a_waiting_list() {
    let (_sandbox, home) = ready(&json!({ "occupied": 12, "waitlist": 2 }));
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class is full (La clase está completa); to join its waiting list: `aimharder book --day [DATE] --id 1223249 --waitlist`
    ");
    assert_snapshot!(shot_json(book(&home, "")), @r#"
    exit: 4
    --- stdout
    {
      "outcome":"full",
      "reservation_id":null,
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":12,"capacity":12,"waiting":2,"state":"full","reservation_id":null,"opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":"La clase está completa",
      "book_state":-1,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"refused",
        "message":"not booked: WOD, [DATE], 13:10: the class is full (La clase está completa); to join its waiting list: `aimharder book --day [DATE] --id 1223249 --waitlist`"}
    }
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class is full (La clase está completa); to join its waiting list: `aimharder book --day [DATE] --id 1223249 --waitlist`
    "#);
    assert_snapshot!(shot(book(&home, "--dry-run")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class is full; to join its waiting list: `aimharder book --day [DATE] --id 1223249 --dry-run --waitlist`
    ");
    assert_snapshot!(shot(book(&home, "--waitlist --dry-run")), @"
    exit: 0
    --- stdout
    would book: WOD, [DATE], 13:10; the class is full: a place on its waiting list would be requested
    ");
    assert_snapshot!(shot(book(&home, "--waitlist")), @"
    exit: 0
    --- stdout
    on the waiting list: WOD, [DATE], 13:10 (reservation 55501)
    ");
    assert_snapshot!(shot_json(book(&home, "--waitlist")), @r#"
    exit: 0
    --- stdout
    {
      "outcome":"waitlisted",
      "reservation_id":"55501",
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":12,"capacity":12,"waiting":3,"state":"waitlisted","reservation_id":"55501","opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":null,
      "book_state":null,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    let (_sandbox, home) = ready(&json!({ "occupied": 12, "waitlist": -1 }));
    assert_snapshot!(shot(book(&home, "--waitlist")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class is full (La clase está completa); to take a place that becomes free: `aimharder prebook add --day [DATE] --time 13:10 --class WOD --account ana@example.org --box crossfitdemo --watch`
    ");
}

#[test]
fn a_booking_before_its_opening_is_too_early() {
    let (sandbox, home) = ana();
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "1d" }));
    class(&sandbox, &json!({}));
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 9
    --- stderr
    error: not booked: WOD, [DATE], 13:10: booking is not open yet; it opens about [DATE] 13:10 (No puedes reservar clases con más de 1 días de antelación); to have it booked then: `aimharder prebook add --day [DATE] --time 13:10 --class WOD --account ana@example.org --box crossfitdemo`
    ");
    assert_snapshot!(shot_json(book(&home, "")), @r#"
    exit: 9
    --- stdout
    {
      "outcome":"too_early",
      "reservation_id":null,
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"not_open","reservation_id":null,"opens_at":"[INSTANT]","opens_guess":true},
      "opens_at":"[INSTANT]",
      "prebooking_id":null,
      "message":"No puedes reservar clases con más de 1 días de antelación",
      "book_state":-12,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"too_early",
        "message":"not booked: WOD, [DATE], 13:10: booking is not open yet; it opens about [DATE] 13:10 (No puedes reservar clases con más de 1 días de antelación); to have it booked then: `aimharder prebook add --day [DATE] --time 13:10 --class WOD --account ana@example.org --box crossfitdemo`"}
    }
    --- stderr
    error: not booked: WOD, [DATE], 13:10: booking is not open yet; it opens about [DATE] 13:10 (No puedes reservar clases con más de 1 días de antelación); to have it booked then: `aimharder prebook add --day [DATE] --time 13:10 --class WOD --account ana@example.org --box crossfitdemo`
    "#);
    assert_snapshot!(shot(book(&home, "--prebook --dry-run")), @"
    exit: 0
    --- stdout
    would book: WOD, [DATE], 13:10; booking is not open yet, so it would be prebooked
    ");
    assert_snapshot!(shot(book(&home, "--prebook")), @"
    exit: 0
    --- stdout
    prebooked: WOD, [DATE], 13:10 (prebooking 1), opens about [DATE] 13:10; No puedes reservar clases con más de 1 días de antelación
    --- stderr
    warning: if the background session of ana@example.org expires, it cannot be renewed automatically; set password_command in the config
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    ");
    assert_snapshot!(shot_json(book(&home, "--prebook")), @r#"
    exit: 0
    --- stdout
    {
      "outcome":"prebooked",
      "reservation_id":null,
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"not_open","reservation_id":null,"opens_at":"[INSTANT]","opens_guess":true},
      "opens_at":"[INSTANT]",
      "prebooking_id":1,
      "message":"No puedes reservar clases con más de 1 días de antelación",
      "book_state":-12,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    --- stderr
    warning: if the background session of ana@example.org expires, it cannot be renewed automatically; set password_command in the config
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    "#);
}

#[test]
fn a_refusal_names_its_reason() {
    let (_sandbox, home) = ready(&json!({ "enabled": false }));
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class cannot be booked (this class is not offered for booking); for other classes: `aimharder classes [DATE]`
    ");
    assert_snapshot!(shot_json(book(&home, "")), @r#"
    exit: 4
    --- stdout
    {
      "outcome":"closed",
      "reservation_id":null,
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"closed","reservation_id":null,"opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":"this class is not offered for booking",
      "book_state":null,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"refused",
        "message":"not booked: WOD, [DATE], 13:10: the class cannot be booked (this class is not offered for booking); for other classes: `aimharder classes [DATE]`"}
    }
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class cannot be booked (this class is not offered for booking); for other classes: `aimharder classes [DATE]`
    "#);
    let (_sandbox, home) = ready(&json!({ "cancelled": true }));
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class cannot be booked (the gym has cancelled this class); for other classes: `aimharder classes [DATE]`
    ");
    let (_sandbox, home) = ready(&json!({ "closes_before_ms": 10 * 86_400_000_i64 }));
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: too late: the class is about to start or has started (Ya no puedes reservar esta clase); for other classes: `aimharder classes [DATE]`
    ");
    let (sandbox, home) = ready(&json!({}));
    let refused = |fields: &Value| {
        sandbox.account(&with(fields, json!({ "email": ANA })));
        shot(book(&home, ""))
    };
    assert_snapshot!(refused(&json!({ "credit": 0 })), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: no credit, or your membership does not cover this class (No tienes clases disponibles o tu tarifa no incluye esta clase; the membership covers WOD); for other classes: `aimharder classes [DATE]`
    ");
    assert_snapshot!(refused(&json!({ "credit": null, "payment_pending": true })), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: a payment is pending; settle it with the box (Tienes un pago pendiente); once it is paid: `aimharder book --day [DATE] --id 1223249`
    ");
    assert_snapshot!(refused(&json!({ "payment_pending": false, "daily_limit": 0 })), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: your limit of classes is reached (at most 0 bookings of this class a day); see `aimharder bookings`
    ");
    assert_snapshot!(refused(&json!({ "daily_limit": null, "class_limit": 0 })), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: your limit of classes is reached (Has llegado al límite de clases); see `aimharder bookings`
    ");
    assert_snapshot!(refused(&json!({ "class_limit": null, "contracted_limit": 0 })), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: your limit of classes is reached (Has superado el límite de clases contratadas); see `aimharder bookings`
    ");
    let answer = json!([{ "bookState": -77, "errorMssg": "No <b>hoy</b>" }]);
    assert_snapshot!(refused(&json!({ "contracted_limit": null, "book_answers": answer })), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: AimHarder refused the booking (No hoy); for other classes: `aimharder classes [DATE]`
    ");
    sandbox.account(&json!({ "email": ANA, "credit": 0 }));
    assert_snapshot!(shot_json(book(&home, "")), @r#"
    exit: 4
    --- stdout
    {
      "outcome":"no_credit",
      "reservation_id":null,
      "class":{"id":"1223249","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"open","reservation_id":null,"opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":"No tienes clases disponibles o tu tarifa no incluye esta clase; the membership covers WOD",
      "book_state":-2,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"refused",
        "message":"not booked: WOD, [DATE], 13:10: no credit, or your membership does not cover this class (No tienes clases disponibles o tu tarifa no incluye esta clase; the membership covers WOD); for other classes: `aimharder classes [DATE]`"}
    }
    --- stderr
    error: not booked: WOD, [DATE], 13:10: no credit, or your membership does not cover this class (No tienes clases disponibles o tu tarifa no incluye esta clase; the membership covers WOD); for other classes: `aimharder classes [DATE]`
    "#);
}

#[test]
fn another_class_at_that_time_is_refused() {
    let (sandbox, home) = ana();
    let other = class(&sandbox, &json!({ "name": "Yoga" }));
    class(&sandbox, &json!({}));
    sandbox.reserve(ANA, &other, 1);
    assert_snapshot!(shot(book(&home, "--class wod")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: you have another class at that time (No puedes hacer más de una reserva a la misma hora); see `aimharder bookings`
    ");
    assert_snapshot!(shot_json(book(&home, "--class wod")), @r#"
    exit: 4
    --- stdout
    {
      "outcome":"same_time",
      "reservation_id":null,
      "class":{"id":"1223250","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"open","reservation_id":null,"opens_at":null},
      "opens_at":null,
      "prebooking_id":null,
      "message":"No puedes hacer más de una reserva a la misma hora",
      "book_state":-12,
      "box":"crossfitdemo",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "error":{"kind":"refused",
        "message":"not booked: WOD, [DATE], 13:10: you have another class at that time (No puedes hacer más de una reserva a la misma hora); see `aimharder bookings`"}
    }
    --- stderr
    error: not booked: WOD, [DATE], 13:10: you have another class at that time (No puedes hacer más de una reserva a la misma hora); see `aimharder bookings`
    "#);
}

#[test]
fn a_class_must_be_described_well() {
    let (sandbox, home) = ready(&json!({}));
    assert_snapshot!(shot(book(&home, "--class nothing")), @r#"
    exit: 6
    --- stderr
    error: no class "nothing" at 13:10 on [DATE]; at that time: 13:10 WOD
    "#);
    assert_snapshot!(shot_json(book(&home, "--class nothing")), @r#"
    exit: 6
    --- stdout
    {
      "error":{"kind":"not_found",
        "message":"no class \"nothing\" at 13:10 on [DATE]; at that time: 13:10 WOD"}
    }
    --- stderr
    error: no class "nothing" at 13:10 on [DATE]; at that time: 13:10 WOD
    "#);
    class(&sandbox, &json!({ "name": "Halterofilia" }));
    assert_snapshot!(shot(book(&home, "")), @"
    exit: 6
    --- stderr
    error: several classes fit on [DATE]: 13:10 Halterofilia with Marta (id 1223250), 13:10 WOD with Marta (id 1223249); choose one with --class, --coach or --id, for example: `aimharder book --day [DATE] --time 13:10 --class WOD`
    ");
    assert_snapshot!(shot(book(&home, "--box elsewhere")), @r#"
    exit: 6
    --- stderr
    error: no box "elsewhere" is known for ana@example.org (known: crossfitdemo); run `aimharder boxes --detect` if it is new
    "#);
    assert_snapshot!(shot(home.run("book --day +4").args("--time 13:10")), @"
    exit: 6
    --- stderr
    error: no class at 13:10 on [DATE]; no classes are published for that day
    ");
    assert_snapshot!(shot(home.run("book --day +3")), @"
    exit: 2
    --- stderr
    error: at what time does the class start? use TIME or --time, for example: `aimharder book tomorrow 18:30 wod`
    ");
}

#[test]
fn waiting_ends_at_once_where_there_is_nothing_to_wait_for() {
    let (_sandbox, home) = ready(&json!({}));
    assert_snapshot!(shot(book(&home, "--wait")), @"
    exit: 0
    --- stdout
    booked: WOD, [DATE], 13:10 (reservation 55501)
    ");
    assert_snapshot!(shot(book(&home, "--wait")), @"
    exit: 0
    --- stdout
    already booked: WOD, [DATE], 13:10 (reservation 55501)
    ");
    let (_sandbox, home) = ready(&json!({ "occupied": 12 }));
    assert_snapshot!(shot(book(&home, "--wait")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: the class is full (La clase está completa); to take a place that becomes free: `aimharder prebook add --day [DATE] --time 13:10 --class WOD --account ana@example.org --box crossfitdemo --watch`
    ");
    assert_snapshot!(shot(book(&home, "--wait --prebook")), @"
    exit: 2
    --- stderr
    error: the argument '--wait' cannot be used with '--prebook'; see `aimharder book --help`
    ");
    assert_snapshot!(shot(book(&home, "--wait --dry-run")), @"
    exit: 2
    --- stderr
    error: the argument '--wait' cannot be used with '--dry-run'; see `aimharder book --help`
    ");
    let (sandbox, home) = ready(&json!({}));
    sandbox.account(
        &json!({ "email": ANA, "book_answers": [{ "bookState": -12, "errorMssg": "Todavía no" }] }),
    );
    assert_snapshot!(shot(book(&home, "--wait")), @"
    exit: 4
    --- stderr
    error: not booked: WOD, [DATE], 13:10: AimHarder refused the booking (Todavía no); for other classes: `aimharder classes [DATE]`
    ");
}
