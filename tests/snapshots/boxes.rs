//! `boxes`: list, set, detect, remove.

use insta::assert_snapshot;

use crate::support::{BEN, BEN_PASSWORD};
use crate::{ana, shot, shot_json, world};

#[test]
fn boxes_are_listed_and_set() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(home.run("boxes")), @"
    exit: 3
    --- stderr
    error: no session yet: run `aimharder login` first
    ");
    home.log_in(BEN, BEN_PASSWORD);
    assert_snapshot!(shot(home.run("boxes")), @"
    exit: 0
    --- stdout
    BOX           NAME           ID     TIME ZONE      BOOKING OPENS
    boxdos        Box Dos        10555  Europe/Madrid  unknown
    crossfitdemo  CrossFit Demo  10122  Europe/Madrid  unknown
    ");
    assert_snapshot!(shot_json(home.run("boxes")), @r#"
    exit: 0
    --- stdout
    {
      "boxes":[{"box":"boxdos","id":10555,"name":"Box Dos","timezone":"Europe/Madrid","opens":null,"opens_source":null,"class_rules":[]},
        {"box":"crossfitdemo","id":10122,"name":"CrossFit Demo","timezone":"Europe/Madrid","opens":null,"opens_source":null,"class_rules":[]}
      ]
    }
    "#);
    assert_snapshot!(shot(home.run("boxes --detect")), @"
    exit: 0
    --- stdout
    BOX           NAME           ID     TIME ZONE      BOOKING OPENS
    boxdos        Box Dos        10555  Europe/Madrid  unknown
    crossfitdemo  CrossFit Demo  10122  Europe/Madrid  unknown
    ");
    assert_snapshot!(shot(home.run("boxes set boxdos --opens 4d@07:00")), @"
    exit: 0
    --- stdout
    boxdos: Europe/Madrid, booking opens 4d@07:00
    for example, a class on [DATE] at 18:30 opens on [DATE] at 07:00
    ");
    assert_snapshot!(shot_json(home.run("boxes set boxdos --opens 46h")), @r#"
    exit: 0
    --- stdout
    {
      "box":"boxdos",
      "id":10555,
      "name":"Box Dos",
      "timezone":"Europe/Madrid",
      "opens":"46h",
      "opens_source":"set",
      "class_rules":[]
    }
    "#);
    assert_snapshot!(shot(home.run("boxes set boxdos --timezone Atlantic/Canary --id 10555")), @"
    exit: 0
    --- stdout
    boxdos: Atlantic/Canary, booking opens 46h
    for example, a class on [DATE] at 18:30 opens on [DATE] at 20:30
    ");
    assert_snapshot!(shot(home.run("boxes")), @"
    exit: 0
    --- stdout
    BOX           NAME           ID     TIME ZONE        BOOKING OPENS
    boxdos        Box Dos        10555  Atlantic/Canary  46h
    crossfitdemo  CrossFit Demo  10122  Europe/Madrid    unknown
    ");
    assert_snapshot!(shot(home.run("boxes set boxdos --opens none")), @"
    exit: 0
    --- stdout
    boxdos: Atlantic/Canary, booking opens unknown
    ");
}

#[test]
fn a_box_is_not_set_to_nonsense() {
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("boxes set crossfitdemo")), @"
    exit: 2
    --- stderr
    error: the following required arguments were not provided: <--id <N>|--timezone <TZ>|--opens <RULE>>; see `aimharder boxes set --help`
    ");
    assert_snapshot!(shot(home.run("boxes set crossfitdemo --timezone Madrid")), @r#"
    exit: 2
    --- stderr
    error: invalid value 'Madrid' for '--timezone <TZ>': unknown time zone "Madrid"; use an IANA name such as Europe/Madrid
    "#);
    assert_snapshot!(shot(home.run("boxes set crossfitdemo --opens soon")), @r#"
    exit: 2
    --- stderr
    error: invalid value 'soon' for '--opens <RULE>': "soon" is not an opening rule; use 4d, 4d@07:00, 46h or sun@20:00
    "#);
    assert_snapshot!(shot_json(home.run("boxes set crossfitdemo --id none")), @r#"
    exit: 2
    --- stdout
    {
      "error":{"kind":"usage",
        "message":"invalid value 'none' for '--id <N>': \"none\" is not a whole number 1 or more, for example 7"}
    }
    --- stderr
    error: invalid value 'none' for '--id <N>': "none" is not a whole number 1 or more, for example 7
    "#);
    assert_snapshot!(shot(home.run("boxes set nowhere --opens 4d")), @"
    exit: 0
    --- stdout
    nowhere: Europe/Madrid, booking opens 4d
    for example, a class on [DATE] at 18:30 opens on [DATE] at 18:30
    --- stderr
    no account has the box nowhere so far; if the name is wrong, run `aimharder boxes remove nowhere`
    ");
    assert_snapshot!(shot(home.run("boxes set crossfitdmo --opens 4d@07:00:30")), @"
    exit: 0
    --- stdout
    crossfitdmo: Europe/Madrid, booking opens 4d@[TIME]
    for example, a class on [DATE] at 18:30 opens on [DATE] at [TIME]
    --- stderr
    did you mean crossfitdemo? no account has the box crossfitdmo so far; if the name is wrong, run `aimharder boxes remove crossfitdmo`
    ");
}
