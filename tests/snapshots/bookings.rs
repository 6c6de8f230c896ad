//! `bookings`: text, JSON, history, calendar.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{ANA, day, today};
use crate::{ana, class, shot, shot_json};

#[test]
fn bookings_are_shown() {
    let (sandbox, home) = ana();
    assert_snapshot!(shot(home.run("bookings")), @"
    exit: 0
    --- stdout
    nothing booked
    ");
    assert_snapshot!(shot_json(home.run("bookings")), @r#"
    exit: 0
    --- stdout
    {
      "bookings":[],
      "history":[],
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    assert_snapshot!(shot(home.run("bookings --history")), @"
    exit: 0
    --- stdout
    nothing booked
    ");
    let mine = class(&sandbox, &json!({}));
    sandbox.reserve(ANA, &mine, 1);
    let queued = class(
        &sandbox,
        &json!({ "day": day(5), "start": "14:10", "occupied": 12, "waitlist": 0 }),
    );
    sandbox.reserve(ANA, &queued, 0);
    let past = (today() - chrono::Days::new(3)).to_string();
    let past = class(&sandbox, &json!({ "day": past }));
    sandbox.reserve(ANA, &past, 1);
    assert_snapshot!(shot(home.run("bookings")), @"
    exit: 0
    --- stdout
    [DATE]  13:10  WOD  crossfitdemo  booked        reservation 55501
    [DATE]  14:10  WOD  crossfitdemo  waiting list  reservation 55502
    ");
    assert_snapshot!(shot_json(home.run("bookings")), @r#"
    exit: 0
    --- stdout
    {
      "bookings":[{"day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","box":"crossfitdemo","reservation_id":"55501","state":"booked"},
        {"day":"[DATE]","start":"14:10","end":"15:10","starts_at":"[INSTANT]","name":"WOD","box":"crossfitdemo","reservation_id":"55502","state":"waitlisted"}
      ],
      "history":[],
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    assert_snapshot!(shot(home.run("bookings --history")), @"
    exit: 0
    --- stdout
    [DATE]  13:10  WOD  crossfitdemo  booked        reservation 55501
    [DATE]  14:10  WOD  crossfitdemo  waiting list  reservation 55502

    Past
    [DATE]  13:10  WOD  crossfitdemo  booked
    ");
    assert_snapshot!(shot_json(home.run("bookings --history")), @r#"
    exit: 0
    --- stdout
    {
      "bookings":[{"day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","box":"crossfitdemo","reservation_id":"55501","state":"booked"},
        {"day":"[DATE]","start":"14:10","end":"15:10","starts_at":"[INSTANT]","name":"WOD","box":"crossfitdemo","reservation_id":"55502","state":"waitlisted"}
      ],
      "history":[{"day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","box":"crossfitdemo","reservation_id":null,"state":"booked"}
      ],
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    "#);
    assert_snapshot!(shot(home.run("bookings --ics")).replace('\r', ""), @r"
    exit: 0
    --- stdout
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//aimharder//bookings//EN
    CALSCALE:GREGORIAN
    BEGIN:VEVENT
    DESCRIPTION:reservation 55501
    DTEND:[STAMP]
    DTSTAMP:[STAMP]
    DTSTART:[STAMP]
    LOCATION:CrossFit Demo\, C/ Mayor 1
    STATUS:CONFIRMED
    SUMMARY:WOD
    UID:[UID]@crossfitdemo.aimharder
    END:VEVENT
    BEGIN:VEVENT
    DESCRIPTION:on the waiting list\nreservation 55502
    DTEND:[STAMP]
    DTSTAMP:[STAMP]
    DTSTART:[STAMP]
    LOCATION:CrossFit Demo\, C/ Mayor 1
    STATUS:TENTATIVE
    SUMMARY:WOD
    UID:[UID]@crossfitdemo.aimharder
    END:VEVENT
    END:VCALENDAR
    ");
    assert_snapshot!(shot(home.run("bookings --box elsewhere")), @r#"
    exit: 6
    --- stderr
    error: no box "elsewhere" is known for ana@example.org (known: crossfitdemo); run `aimharder boxes --detect` if it is new
    "#);
}
