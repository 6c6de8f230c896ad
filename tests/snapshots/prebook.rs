//! `prebook add`, `list`, `rules`, `remove`, `skip`.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{ANA, BEN, BEN_PASSWORD, Home, Run, SOURCE, day};
use crate::{START, ana, class, shot, shot_json, world};

/// `prebook add` of the class in three days.
pub(crate) fn add(home: &Home, args: &str) -> Run {
    home.run("prebook add --day +3")
        .args("--time")
        .arg(START)
        .args(args)
        .any_stderr()
}

#[test]
fn a_prebooking_is_stored_and_listed() {
    let (sandbox, home) = ana();
    home.config_with(SOURCE, "");
    assert_snapshot!(shot(home.run("prebook list")), @"
    exit: 0
    --- stdout
    no pending prebookings; to add one: `aimharder prebook add mon 18:30`
    ");
    assert_snapshot!(shot_json(home.run("prebook list")), @r#"
    exit: 0
    --- stdout
    {
      "prebookings":[]
    }
    "#);
    assert_snapshot!(shot(home.run("prebook list --all")), @"
    exit: 0
    --- stdout
    no prebookings
    ");
    assert_snapshot!(shot(add(&home, "")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      1  [DATE]  13:10  any class  opening unknown

    if the opening is unknown, every run tries once; to set it, for example: `aimharder boxes set crossfitdemo --opens 4d`
    the classes of that day are not published yet
    --- stderr
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    ");
    assert_snapshot!(shot(add(&home, "--class wod --opens 9d --waitlist --family 70002 --or").arg("19:30 yoga")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      2  [DATE]  13:10  wod  open since [DATE] 13:10
         or 19:30 yoga; else the waiting list; for family member 70002; opening rule 9d
    the classes of that day are not published yet
    --- stderr
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    ");
    assert_snapshot!(shot_json(add(&home, "--class wod --opens 1d@07:00 --watch --or").arg("19:30")), @r#"
    exit: 0
    --- stdout
    {
      "prebookings":[{"id":3,"rule":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"wod","alternatives":[{"start":"19:30","class":null}],"family":null,"waitlist":false,"watch":true,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":"1d@07:00","opens_at":"[INSTANT]","status":"pending","attempts":0,"message":null,"reservation_id":null}
      ],
      "schedule":{"class":null,
        "message":"no class \"wod\" at 13:10 on [DATE]; no classes are published for that day"},
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    --- stderr
    warning: [DATE] 13:10 is prebooked already, as prebooking 1 (any class, crossfitdemo): `aimharder prebook remove 1 --account ana@example.org`
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    "#);
    assert_snapshot!(shot(home.run("prebook list")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      1  [DATE]  13:10  any class  opening unknown
      2  [DATE]  13:10  wod        open since [DATE] 13:10
         or 19:30 yoga; else the waiting list; for family member 70002; opening rule 9d
      3  [DATE]  13:10  wod        opens [DATE] 07:00
         or 19:30; else watched until it starts; opening rule 1d@07:00

    if the opening is unknown, every run tries once; to set it, for example: `aimharder boxes set crossfitdemo --opens 4d`
    ");
    assert_snapshot!(shot_json(home.run("prebook list")), @r#"
    exit: 0
    --- stdout
    {
      "prebookings":[{"id":1,"rule":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":null,"alternatives":[],"family":null,"waitlist":false,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":null,"opens_at":null,"status":"pending","attempts":0,"message":null,"reservation_id":null},
        {"id":2,"rule":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"wod","alternatives":[{"start":"19:30","class":"yoga"}],"family":"70002","waitlist":true,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":"9d","opens_at":"[INSTANT]","status":"pending","attempts":0,"message":null,"reservation_id":null},
        {"id":3,"rule":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"wod","alternatives":[{"start":"19:30","class":null}],"family":null,"waitlist":false,"watch":true,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":"1d@07:00","opens_at":"[INSTANT]","status":"pending","attempts":0,"message":null,"reservation_id":null}
      ]
    }
    "#);
    class(&sandbox, &json!({}));
    home.run("prebook remove 1").succeeds();
    home.run("prebook run").succeeds();
    assert_snapshot!(shot(home.run("prebook list")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      3  [DATE]  13:10  wod  opens [DATE] 07:00
         or 19:30; else watched until it starts; opening rule 1d@07:00
    ");
    assert_snapshot!(shot(home.run("prebook list --all")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      2  [DATE]  13:10  wod  booked
         or 19:30 yoga; else the waiting list; for family member 70002; opening rule 9d; reservation 55501; last request [DATE] [TIME] for 13:10 WOD (id 1223249): booked
      3  [DATE]  13:10  wod  opens [DATE] 07:00
         or 19:30; else watched until it starts; opening rule 1d@07:00
    ");
    assert_snapshot!(shot_json(home.run("prebook list --all")), @r#"
    exit: 0
    --- stdout
    {
      "prebookings":[{"id":2,"rule":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"wod","alternatives":[{"start":"19:30","class":"yoga"}],"family":"70002","waitlist":true,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":"9d","opens_at":"[INSTANT]","status":"booked","attempts":1,"message":null,"reservation_id":"55501","history":[{"sent_at":"[INSTANT]","class":"13:10 WOD (id 1223249)","outcome":"booked","book_state":1,"message":null,"clock_offset_ms":null,"lateness_ms":null}]},
        {"id":3,"rule":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"wod","alternatives":[{"start":"19:30","class":null}],"family":null,"waitlist":false,"watch":true,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":"1d@07:00","opens_at":"[INSTANT]","status":"pending","attempts":0,"message":null,"reservation_id":null,"history":[]}
      ]
    }
    "#);
    assert_snapshot!(shot(home.run("prebook list --box elsewhere")), @"
    exit: 0
    --- stdout
    no pending prebookings; to add one: `aimharder prebook add mon 18:30 --box elsewhere`
    ");
}

#[test]
fn prebookings_are_grouped_by_account_and_box() {
    let (_sandbox, home) = world();
    home.log_in(BEN, BEN_PASSWORD);
    home.config(&format!("account = \"{BEN}\"\n{SOURCE}"));
    assert_snapshot!(shot(add(&home, "--class wod")), @"
    exit: 6
    --- stderr
    error: ben@example.org has several boxes (boxdos, crossfitdemo): choose one with --box, or set `box` in the config
    ");
    home.run("boxes set boxdos --opens 9d@07:00").succeeds();
    add(&home, "--class wod --box boxdos").succeeds();
    add(&home, "--class yoga --box crossfitdemo").succeeds();
    assert_snapshot!(shot(home.run("prebook list")), @"
    exit: 0
    --- stdout
    ben@example.org, boxdos (times in Europe/Madrid)
      1  [DATE]  13:10  wod  open since [DATE] 07:00
         opening rule 9d@07:00

    ben@example.org, crossfitdemo (times in Europe/Madrid)
      2  [DATE]  13:10  yoga  opening unknown

    if the opening is unknown, every run tries once; to set it, for example: `aimharder boxes set crossfitdemo --opens 4d`
    ");
}

#[test]
fn a_prebooking_warns_of_what_a_run_will_miss() {
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(add(&home, "--class wod")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      1  [DATE]  13:10  wod  opening unknown

    if the opening is unknown, every run tries once; to set it, for example: `aimharder boxes set crossfitdemo --opens 4d`
    the classes of that day are not published yet
    --- stderr
    warning: if the background session of ana@example.org expires, it cannot be renewed automatically; set password_command in the config
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    ");
    home.run("logout --background --yes-delete-background")
        .ends(0);
    assert_snapshot!(shot(add(&home, "--class wod")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      1  [DATE]  13:10  wod  opening unknown

    if the opening is unknown, every run tries once; to set it, for example: `aimharder boxes set crossfitdemo --opens 4d`
    the classes of that day are not published yet
    --- stderr
    warning: ana@example.org has no background session, which `prebook run` needs; run `aimharder login ana@example.org --only background`
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    ");
    assert_snapshot!(shot_json(add(&home, "--class wod")), @r#"
    exit: 0
    --- stdout
    {
      "prebookings":[{"id":1,"rule":null,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"wod","alternatives":[],"family":null,"waitlist":false,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":null,"opens_at":null,"status":"pending","attempts":0,"message":null,"reservation_id":null}
      ],
      "schedule":{"class":null,
        "message":"no class \"wod\" at 13:10 on [DATE]; no classes are published for that day"},
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    --- stderr
    warning: ana@example.org has no background session, which `prebook run` needs; run `aimharder login ana@example.org --only background`
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    "#);
}

#[test]
fn a_prebooking_is_refused() {
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("prebook add --time 18:30")), @"
    exit: 2
    --- stderr
    error: which day? use DAY, --day or --weekly, for example: `aimharder prebook add mon 18:30 wod`, or `aimharder prebook add --weekly mon,wed --time 18:30 --class wod`
    ");
    assert_snapshot!(shot(home.run("prebook add --day tomorrow")), @"
    exit: 2
    --- stderr
    error: at what time does the class start? use TIME or --time, for example: `aimharder prebook add mon 18:30 wod`
    ");
    assert_snapshot!(shot(home.run("prebook add --day tomorrow --time 18:30 --watch --waitlist")), @"
    exit: 2
    --- stderr
    error: the argument '--watch' cannot be used with '--waitlist'; see `aimharder prebook add --help`
    ");
    assert_snapshot!(shot(home.run("prebook add --day tomorrow --time 18:30 --or 25:00")), @r#"
    exit: 2
    --- stderr
    error: invalid value '25:00' for '--or <TIME [CLASS]>': "25:00" is not a valid time; use 18:30 or 7:00, or with a class: '19:30 Open Box'
    "#);
    assert_snapshot!(shot(home.run("prebook add --weekly someday --time 18:30")), @r#"
    exit: 2
    --- stderr
    error: invalid value 'someday' for '--weekly <DAYS>': "someday" is not a weekday; use mon,wed or mon-fri
    "#);
    assert_snapshot!(shot(home.run("prebook add --day 2020-01-01 --time 18:30")).split(" (it is").next().unwrap(), @"
    exit: 2
    --- stderr
    error: the class on [DATE] at 18:30 has started
    ");
    assert_snapshot!(shot(home.run("prebook add --day 2099-01-05 --time 18:30")), @"
    exit: 2
    --- stderr
    error: [DATE] is more than a year ahead; use for example [DATE], or --weekly mon for every week
    ");
    assert_snapshot!(shot(home.run("prebook add --weekly mon --until 2020-01-01 --time 18:30")), @"
    exit: 2
    --- stderr
    error: a rule until [DATE] would end before it begins; use for example --until [DATE]
    ");
    assert_snapshot!(shot(home.run("prebook add --day tomorrow --time 18:30 --box elsewhere")), @r#"
    exit: 6
    --- stderr
    error: no box "elsewhere" is known for ana@example.org (known: crossfitdemo); run `aimharder boxes --detect` if it is new
    "#);
    let (_sandbox, home) = world();
    assert_snapshot!(shot(add(&home, "")), @"
    exit: 3
    --- stderr
    error: no session yet: run `aimharder login` first
    ");
    assert_snapshot!(shot_json(add(&home, "")), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"no session yet: run `aimharder login` first"}
    }
    --- stderr
    error: no session yet: run `aimharder login` first
    "#);
    assert_snapshot!(shot(add(&home, "--account").arg(ANA)), @"
    exit: 6
    --- stderr
    error: no box is known for ana@example.org: run `aimharder boxes --detect --account ana@example.org`
    ");
}

#[test]
fn a_weekly_rule_is_stored_and_listed() {
    let (_sandbox, home) = ana();
    home.config(SOURCE);
    assert_snapshot!(shot(home.run("prebook rules")), @"
    exit: 0
    --- stdout
    no weekly rules; to add one: `aimharder prebook add --weekly mon,wed --time 18:30`
    ");
    assert_snapshot!(shot_json(home.run("prebook rules")), @r#"
    exit: 0
    --- stdout
    {
      "rules":[]
    }
    "#);
    let weekly = "prebook add --weekly mon --time 23:59 --class wod --waitlist";
    assert_snapshot!(shot(home.run(weekly)), @"
    exit: 0
    --- stdout
    rule r1 stored: every mon at 23:59 wod; else the waiting list
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      1  [DATE]  23:59  wod  opening unknown
         rule r1
      2  [DATE]  23:59  wod  opening unknown
         rule r1

    if the opening is unknown, every run tries once; to set it, for example: `aimharder boxes set crossfitdemo --opens 4d`
    the classes of that day are not published yet
    --- stderr
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    ");
    assert_snapshot!(shot_json(home.run(weekly)), @r#"
    exit: 0
    --- stdout
    {
      "prebookings":[{"id":1,"rule":"r1","account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"23:59","class":"wod","alternatives":[],"family":null,"waitlist":true,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":null,"opens_at":null,"status":"pending","attempts":0,"message":null,"reservation_id":null},
        {"id":2,"rule":"r1","account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"23:59","class":"wod","alternatives":[],"family":null,"waitlist":true,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"class_id":null,"opens":null,"opens_at":null,"status":"pending","attempts":0,"message":null,"reservation_id":null}
      ],
      "rules":[{"id":"r1","account":"ana@example.org","box":"crossfitdemo","weekdays":["mon"],"start":"23:59","class":"wod","alternatives":[],"family":null,"waitlist":true,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"until":null,"opens":null}
      ],
      "schedule":{"class":null,
        "message":"no class \"wod\" at 23:59 on [DATE]; no classes are published for that day"},
      "session":{"kind":"device",
        "fingerprint":"[FP]"}
    }
    --- stderr
    warning: nothing runs `prebook run`: add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    "#);
    let over = "prebook add --weekly mon,wed --time 07:00 --until 2099-01-01 --opens 2d@07:00";
    home.run(over).ends(0);
    assert_snapshot!(shot(home.run("prebook rules")), @"
    exit: 0
    --- stdout
    ana@example.org, crossfitdemo (times in Europe/Madrid)
      r1  mon      23:59  wod
          else the waiting list
      r2  mon,wed  07:00  any class  until [DATE]
          opening rule 2d@07:00
    ");
    assert_snapshot!(shot_json(home.run("prebook rules")), @r#"
    exit: 0
    --- stdout
    {
      "rules":[{"id":"r1","account":"ana@example.org","box":"crossfitdemo","weekdays":["mon"],"start":"23:59","class":"wod","alternatives":[],"family":null,"waitlist":true,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"until":null,"opens":null},
        {"id":"r2","account":"ana@example.org","box":"crossfitdemo","weekdays":["mon","wed"],"start":"07:00","class":null,"alternatives":[],"family":null,"waitlist":false,"watch":false,"coach":null,"exclude":[],"lead":null,"once_a_day":false,"until":"[DATE]","opens":"2d@07:00"}
      ]
    }
    "#);
}

#[test]
fn prebookings_and_rules_are_removed() {
    let (sandbox, home) = ana();
    home.config(SOURCE);
    class(&sandbox, &json!({}));
    add(&home, "--class wod --opens 9d").succeeds();
    home.run("prebook run").succeeds();
    add(&home, "--class yoga").succeeds();
    let weekly = "prebook add --weekly mon --time 23:59 --class wod";
    home.run(weekly).ends(0);
    assert_snapshot!(shot(home.run("prebook remove 99 1")), @"
    exit: 6
    --- stderr
    error: no prebooking 99, so nothing was removed; see `aimharder prebook list --all`
    ");
    assert_snapshot!(shot_json(home.run("prebook remove r9")), @r#"
    exit: 6
    --- stdout
    {
      "error":{"kind":"not_found",
        "message":"no weekly rule r9, so nothing was removed; see `aimharder prebook rules`"}
    }
    --- stderr
    error: no weekly rule r9, so nothing was removed; see `aimharder prebook rules`
    "#);
    assert_snapshot!(shot(home.run("prebook remove x")), @r#"
    exit: 2
    --- stderr
    error: invalid value 'x' for '<ID|rID>...': "x" is neither a prebooking nor a rule, for example 7 or r1
    "#);
    assert_snapshot!(shot(home.run("prebook remove 2 --account").arg(BEN)), @"
    exit: 6
    --- stderr
    error: no prebooking 2, so nothing was removed; see `aimharder prebook list --all --account ben@example.org`
    ");
    assert_snapshot!(shot(home.run("prebook remove 1 2")), @"
    exit: 0
    --- stdout
    removed 1: [DATE] 13:10 wod, crossfitdemo
      the booking remains; to cancel it: `aimharder cancel --reservation 55501 --account ana@example.org`
    removed 2: [DATE] 13:10 yoga, crossfitdemo
    ");
    assert_snapshot!(shot(home.run("prebook remove 3")), @"
    exit: 0
    --- stdout
    removed 3: [DATE] 23:59 wod, crossfitdemo
    ");
    assert_snapshot!(shot_json(home.run("prebook remove r1")), @r#"
    exit: 0
    --- stdout
    {
      "removed":["r1",
        4
      ]
    }
    "#);
    home.run(weekly).ends(0);
    assert_snapshot!(shot(home.run("prebook remove r2")), @"
    exit: 0
    --- stdout
    removed rule r2
    removed 5: [DATE] 23:59 wod, crossfitdemo
    removed 6: [DATE] 23:59 wod, crossfitdemo
    ");
}

#[test]
fn days_are_skipped() {
    let (sandbox, home) = ana();
    home.config(SOURCE);
    assert_snapshot!(shot(home.run("prebook skip")), @"
    exit: 0
    --- stdout
    ana@example.org: no skips; weekly rules book every day
    ");
    assert_snapshot!(shot_json(home.run("prebook skip")), @r#"
    exit: 0
    --- stdout
    {
      "skips":[],
      "bookings":[],
      "removed":[],
      "restored":[]
    }
    "#);
    class(&sandbox, &json!({}));
    add(&home, "--class wod --opens 9d").succeeds();
    home.run("prebook run").succeeds();
    home.run("prebook add --weekly mon --time 23:59 --class wod")
        .ends(0);
    let days = format!("{}..{}", day(0), day(6));
    assert_snapshot!(shot(home.run("prebook skip").arg(&days)), @"
    exit: 0
    --- stdout
    ana@example.org: weekly rules book nothing on
      [DATE] – [DATE]
    removed prebooking 2: [DATE] 23:59 wod, crossfitdemo
    still booked: [DATE] 13:10 WOD, crossfitdemo
      the booking remains; to cancel it: `aimharder cancel --reservation 55501 --account ana@example.org`
    ");
    assert_snapshot!(shot(home.run("prebook skip")), @"
    exit: 0
    --- stdout
    ana@example.org: weekly rules book nothing on
      [DATE] – [DATE]
    still booked: [DATE] 13:10 WOD, crossfitdemo
      the booking remains; to cancel it: `aimharder cancel --reservation 55501 --account ana@example.org`
    ");
    assert_snapshot!(shot_json(home.run("prebook skip")), @r#"
    exit: 0
    --- stdout
    {
      "skips":[{"from":"[DATE]","to":"[DATE]"}
      ],
      "bookings":[{"id":1,"account":"ana@example.org","day":"[DATE]","start":"13:10","end":null,"starts_at":"[INSTANT]","name":"WOD","box":"crossfitdemo","reservation_id":"55501","state":"booked"}
      ],
      "removed":[],
      "restored":[]
    }
    "#);
    assert_snapshot!(shot(home.run("prebook skip --remove").arg(&days)), @"
    exit: 0
    --- stdout
    ana@example.org: no skips; weekly rules book every day
    prebooked again: 4: [DATE] 23:59 wod, crossfitdemo
    ");
    assert_snapshot!(shot_json(home.run("prebook skip").arg(&days)), @r#"
    exit: 0
    --- stdout
    {
      "skips":[{"from":"[DATE]","to":"[DATE]"}
      ],
      "bookings":[{"id":1,"account":"ana@example.org","day":"[DATE]","start":"13:10","end":null,"starts_at":"[INSTANT]","name":"WOD","box":"crossfitdemo","reservation_id":"55501","state":"booked"}
      ],
      "removed":[4
      ],
      "restored":[]
    }
    "#);
    assert_snapshot!(shot_json(home.run("prebook skip --remove").arg(&days)), @r#"
    exit: 0
    --- stdout
    {
      "skips":[],
      "bookings":[],
      "removed":[],
      "restored":[5
      ]
    }
    "#);
    assert_snapshot!(shot(home.run("prebook skip --remove").arg(&days)), @"
    exit: 6
    --- stderr
    error: [DATE]..[DATE] is not skipped; see `aimharder prebook skip`
    ");
    assert_snapshot!(shot(home.run("prebook skip").arg(day(20))), @"
    exit: 0
    --- stdout
    ana@example.org: weekly rules book nothing on
      [DATE]
    ");
    assert_snapshot!(shot(home.run("prebook skip 2020-01-01")), @"
    exit: 2
    --- stderr
    error: [DATE] is over; for example: `aimharder prebook skip [DATE]..[DATE]`
    ");
    assert_snapshot!(shot(home.run("prebook skip").arg(format!("{}..{}", day(6), day(2)))), @r#"
    exit: 2
    --- stderr
    error: invalid value '[DATE]..[DATE]' for '[FROM[..TO]]': "[DATE]..[DATE]" ends before it begins; use [DATE]..[DATE]
    "#);
    assert_snapshot!(shot(home.run("prebook skip someday")), @r#"
    exit: 2
    --- stderr
    error: invalid value 'someday' for '[FROM[..TO]]': "someday" is not a valid day; use today, fri, +3 or [DATE], or a range: [DATE]..[DATE]
    "#);
}
