//! `classes`: states and filters.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{ANA, BEN, BEN_PASSWORD, day};
use crate::{ana, class, shot, shot_json, world};

#[test]
fn classes_are_shown_with_their_states() {
    let (sandbox, home) = ana();
    let classes = |args: &str| home.run("classes --day +3").args(args);
    assert_snapshot!(shot(classes("")), @"
    exit: 0
    --- stdout
    [DATE]
      no classes published
    ");
    assert_snapshot!(shot_json(classes("")), @r#"
    exit: 0
    --- stdout
    {
      "box":"crossfitdemo",
      "timezone":"Europe/Madrid",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "login_verified":true,
      "classes":[]
    }
    "#);
    class(&sandbox, &json!({ "start": "07:00" }));
    class(
        &sandbox,
        &json!({ "start": "08:00", "name": "Gimnàstics Avançat", "occupied": 12, "waitlist": -1 }),
    );
    class(
        &sandbox,
        &json!({ "start": "09:00", "name": "Halterofilia", "occupied": 12, "waitlist": 3 }),
    );
    class(
        &sandbox,
        &json!({ "start": "10:00", "enabled": false, "coach": "Jordi" }),
    );
    class(&sandbox, &json!({ "start": "11:00", "cancelled": true }));
    let mine = class(&sandbox, &json!({ "start": "12:00" }));
    sandbox.reserve(ANA, &mine, 1);
    let queued = class(&sandbox, &json!({ "occupied": 12, "waitlist": 0 }));
    sandbox.reserve(ANA, &queued, 0);
    assert_snapshot!(shot(classes("")), @"
    exit: 0
    --- stdout
    [DATE]
      07:00–08:00  WOD                  8/12             4 free          Marta  id 1223249
      08:00–09:00  Gimnàstics Avançat  12/12             full            Marta  id 1223250
      09:00–10:00  Halterofilia        12/12 +3 waiting  full            Marta  id 1223251
      10:00–11:00  WOD                  8/12             closed          Jordi  id 1223252
      11:00–12:00  WOD                  8/12             cancelled       Marta  id 1223253
      12:00–13:00  WOD                  9/12             * booked        Marta  id 1223254
      13:10–14:10  WOD                 12/12 +1 waiting  * waiting list  Marta  id 1223255
    ");
    assert_snapshot!(shot_json(classes("")), @r#"
    exit: 0
    --- stdout
    {
      "box":"crossfitdemo",
      "timezone":"Europe/Madrid",
      "session":{"kind":"device",
        "fingerprint":"[FP]"},
      "login_verified":true,
      "classes":[{"id":"1223249","day":"[DATE]","start":"07:00","end":"08:00","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"open","reservation_id":null,"opens_at":null},
        {"id":"1223250","day":"[DATE]","start":"08:00","end":"09:00","starts_at":"[INSTANT]","name":"Gimnàstics Avançat","coach":"Marta","address":"C/ Mayor 1","occupied":12,"capacity":12,"waiting":null,"state":"full","reservation_id":null,"opens_at":null},
        {"id":"1223251","day":"[DATE]","start":"09:00","end":"10:00","starts_at":"[INSTANT]","name":"Halterofilia","coach":"Marta","address":"C/ Mayor 1","occupied":12,"capacity":12,"waiting":3,"state":"full","reservation_id":null,"opens_at":null},
        {"id":"1223252","day":"[DATE]","start":"10:00","end":"11:00","starts_at":"[INSTANT]","name":"WOD","coach":"Jordi","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"closed","reservation_id":null,"opens_at":null},
        {"id":"1223253","day":"[DATE]","start":"11:00","end":"12:00","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":8,"capacity":12,"waiting":null,"state":"cancelled","reservation_id":null,"opens_at":null},
        {"id":"1223254","day":"[DATE]","start":"12:00","end":"13:00","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":9,"capacity":12,"waiting":null,"state":"booked","reservation_id":"55501","opens_at":null},
        {"id":"1223255","day":"[DATE]","start":"13:10","end":"14:10","starts_at":"[INSTANT]","name":"WOD","coach":"Marta","address":"C/ Mayor 1","occupied":12,"capacity":12,"waiting":1,"state":"waitlisted","reservation_id":"55502","opens_at":null}
      ]
    }
    "#);
    assert_snapshot!(shot(classes("--open")), @"
    exit: 0
    --- stdout
    [DATE]
      07:00–08:00  WOD   8/12  4 free  Marta  id 1223249
    ");
    assert_snapshot!(shot(classes("--class halter")), @"
    exit: 0
    --- stdout
    [DATE]
      09:00–10:00  Halterofilia  12/12 +3 waiting  full  Marta  id 1223251
    ");
    assert_snapshot!(shot(classes("--coach jordi")), @"
    exit: 0
    --- stdout
    [DATE]
      10:00–11:00  WOD   8/12  closed  Jordi  id 1223252
    ");
    assert_snapshot!(shot(classes("--class nothing")), @"
    exit: 0
    --- stdout
    no class fits
    ");
    class(&sandbox, &json!({ "day": day(4) }));
    assert_snapshot!(shot(classes("--days 2")), @"
    exit: 0
    --- stdout
    [DATE]
      07:00–08:00  WOD                  8/12             4 free          Marta  id 1223249
      08:00–09:00  Gimnàstics Avançat  12/12             full            Marta  id 1223250
      09:00–10:00  Halterofilia        12/12 +3 waiting  full            Marta  id 1223251
      10:00–11:00  WOD                  8/12             closed          Jordi  id 1223252
      11:00–12:00  WOD                  8/12             cancelled       Marta  id 1223253
      12:00–13:00  WOD                  9/12             * booked        Marta  id 1223254
      13:10–14:10  WOD                 12/12 +1 waiting  * waiting list  Marta  id 1223255

    [DATE]
      13:10–14:10  WOD                  8/12             4 free          Marta  id 1223256
    ");
    let set = home.run("boxes set crossfitdemo --opens 1d").any_stdout();
    set.any_stderr().done();
    assert_snapshot!(shot(classes("--class wod")), @"
    exit: 0
    --- stdout
    [DATE]
      07:00–08:00  WOD   8/12             opens [DATE] 07:00  Marta  id 1223249
      10:00–11:00  WOD   8/12             closed                 Jordi  id 1223252
      11:00–12:00  WOD   8/12             cancelled              Marta  id 1223253
      12:00–13:00  WOD   9/12             * booked               Marta  id 1223254
      13:10–14:10  WOD  12/12 +1 waiting  * waiting list         Marta  id 1223255
    ");
}

#[test]
fn classes_need_a_session_and_one_box() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(home.run("classes")), @"
    exit: 3
    --- stderr
    error: no session yet: run `aimharder login` first
    ");
    assert_snapshot!(shot_json(home.run("classes")), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"no session yet: run `aimharder login` first"}
    }
    --- stderr
    error: no session yet: run `aimharder login` first
    "#);
    home.log_in(BEN, BEN_PASSWORD);
    assert_snapshot!(shot(home.run("classes")), @"
    exit: 6
    --- stderr
    error: ben@example.org has several boxes (boxdos, crossfitdemo): choose one with --box, or set `box` in the config
    ");
    assert_snapshot!(shot(home.run("classes --box boxdoz")), @r#"
    exit: 6
    --- stderr
    error: no box "boxdoz" is known for ben@example.org (known: boxdos, crossfitdemo); run `aimharder boxes --detect` if it is new
    "#);
    let (_sandbox, home) = ana();
    home.log_in(BEN, BEN_PASSWORD);
    assert_snapshot!(shot(home.run("classes")), @"
    exit: 6
    --- stderr
    error: several accounts have sessions here (ana@example.org, ben@example.org): choose one with --account, or set `account` in the config
    ");
    assert_snapshot!(shot_json(home.run("classes --account no@example.org")), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"no device session for no@example.org; run `aimharder login no@example.org`"}
    }
    --- stderr
    error: no device session for no@example.org; run `aimharder login no@example.org`
    "#);
}
