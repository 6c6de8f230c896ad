//! `boxes`: what is known of a box, what is set, and by which source.

use serde_json::{Value, json};

use crate::support::{ANA, BEN, BEN_PASSWORD, Home, day, logged_in, madrid, start};

/// The boxes that `boxes` lists with these arguments.
fn boxes(home: &Home, args: &str) -> Vec<Value> {
    let printed = home.run("boxes").args(args).json();
    printed["boxes"].as_array().unwrap().clone()
}

#[test]
fn a_box_that_was_set_is_listed_and_can_be_removed() {
    let (_sandbox, home) = logged_in();
    home.run("boxes set foo --opens 4d")
        .warns(&["aimharder boxes remove foo"]);
    let names = || {
        let boxes = boxes(&home, "");
        let names = boxes.iter().map(|found| found["box"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(), ["crossfitdemo", "foo"]);
    let removed = home.run("boxes remove foo").json();
    assert_eq!(removed, json!({ "removed": "foo" }));
    assert_eq!(names(), ["crossfitdemo"]);
    home.run("boxes remove foo")
        .fails(6, &["\"foo\"", "crossfitdemo"]);
    home.run("prebook add --day +3 --time 18:30").ends(0);
    home.run("boxes remove crossfitdemo")
        .fails(2, &["prebookings", "aimharder prebook list"]);
}

#[test]
fn boxes_of_all_accounts_are_listed_without_naming_one() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    sandbox.clear_log();
    assert_eq!(boxes(&home, "").len(), 2);
    assert!(sandbox.log().is_empty());
    assert_eq!(boxes(&home, "--account ana@example.org").len(), 1);
    home.run("boxes --detect").fails(6, &["several accounts"]);
}

#[test]
fn learned_rules_of_another_account_are_not_shown() {
    let (_sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    home.sql(
        "INSERT INTO class_rules VALUES ('crossfitdemo', 'WOD', 'wod', 'ana@example.org', '4d?')",
    );
    home.sql("INSERT INTO class_rules VALUES ('crossfitdemo', 'Yoga', 'yoga', '', '7d')");
    for (args, expected) in [
        ("", &["WOD", "Yoga"][..]),
        ("--account ana@example.org", &["WOD", "Yoga"]),
        ("--account ben@example.org", &["Yoga"]),
    ] {
        let boxes = boxes(&home, args);
        let mut boxes = boxes.iter();
        let demo = boxes.find(|row| row["box"] == "crossfitdemo").unwrap();
        let rules = demo["class_rules"].as_array().unwrap();
        let classes: Vec<_> = rules.iter().map(|rule| &rule["class"]).collect();
        assert_eq!(classes, expected, "{args}");
    }
}

#[test]
fn settings_that_have_no_effect_or_look_wrong_are_answered() {
    let (_sandbox, home) = logged_in();
    home.run("boxes set demo2 --id 10122").warns(&[
        "box crossfitdemo has that number too, and only one of them can have it; see `aimharder boxes`",
    ]);
    home.run("boxes set crossfitdemo --id 10123 --opens 4d")
        .succeeds();
    home.config(
        "[boxes.crossfitdemo]\nopens = \"46h\"\ntimezone = \"Europe/Madrid\"\n\
         [boxes.crossfitdemo.opens_by_class]\nyoga = \"7d\"",
    );
    for (args, keys) in [
        ("--opens 4d", "opens"),
        ("--opens none --timezone Europe/Paris", "timezone, opens"),
        ("--opens 4d --class yoga", "opens_by_class"),
    ] {
        let words = format!(
            "the config takes precedence: {keys} of [boxes.crossfitdemo] is in force, see `aimharder config show`"
        );
        home.run("boxes set crossfitdemo")
            .args(args)
            .warns(&[&words]);
    }
    home.run("boxes set crossfitdemo --opens 4d --class wod")
        .succeeds();
}

#[test]
fn detecting_asks_whoami_then_the_pages() {
    let (sandbox, home) = logged_in();
    home.sql("DELETE FROM account_boxes");
    home.sql("DELETE FROM boxes");
    home.run("classes").fails(6, &["aimharder boxes --detect"]);
    let printed = home.run("boxes --detect").json();
    assert_eq!(printed["boxes"][0]["id"], 10122);
    assert_eq!(
        printed["session"]["fingerprint"],
        home.fingerprint(ANA, "device")
    );
    sandbox.config(&json!({ "whoami_roles": false }));
    home.sql("DELETE FROM account_boxes");
    home.sql("DELETE FROM boxes");
    let printed = home.run("boxes --detect").json();
    assert_eq!(printed["boxes"][0]["box"], "crossfitdemo");
    assert_eq!(printed["boxes"][0]["id"], 10122, "from the box's own page");
}

#[test]
fn memberships_that_come_and_go_are_found() {
    let (sandbox, home) = logged_in();
    sandbox.account(&json!({ "email": ANA, "boxes": ["crossfitdemo", "boxdos"] }));
    assert_eq!(boxes(&home, "--detect").len(), 2);
    assert_eq!(boxes(&home, "--box boxdos")[0]["box"], "boxdos");
    home.run("boxes --box nowhere").fails(6, &["nowhere"]);
    sandbox.account(&json!({ "email": ANA, "boxes": [] }));
    home.run("boxes --detect")
        .fails(6, &["names no box for ana@example.org"]);
}

#[test]
fn the_config_takes_precedence_over_a_setting() {
    let (_sandbox, home) = logged_in();
    let settings = || {
        let demo = boxes(&home, "").remove(0);
        ["opens", "opens_source", "timezone"].map(|key| demo[key].clone())
    };
    home.run("boxes set crossfitdemo --opens sun@20:00")
        .succeeds();
    assert_eq!(settings(), ["sun@20:00", "set", "Europe/Madrid"]);
    home.config("[boxes.crossfitdemo]\nopens = \"46h\"\ntimezone = \"Europe/Berlin\"");
    assert_eq!(settings(), ["46h", "config", "Europe/Berlin"]);
}

#[test]
fn rules_of_single_classes_take_precedence() {
    let (_sandbox, home) = logged_in();
    home.run("boxes set crossfitdemo --opens 4d@07:00")
        .succeeds();
    home.run("boxes set crossfitdemo --opens 7d --class")
        .arg("Open Box")
        .prints(&["booking of Open Box opens 7d\n", "at 18:30 opens on"]);
    // the same class, written differently
    home.run("boxes set crossfitdemo --opens 6d --class")
        .arg("OPEN  BÓX")
        .succeeds();
    home.config("[boxes.crossfitdemo.opens_by_class]\n\"yoga\" = \"46h\"");
    let class_rules = || boxes(&home, "")[0]["class_rules"].clone();
    let rule = |class, opens, source| json!({ "class": class, "account": null, "opens": opens, "source": source });
    let (yoga, open) = (rule("yoga", "46h", "config"), rule("OPEN BÓX", "6d", "set"));
    assert_eq!(class_rules(), json!([yoga, open]));
    home.run("boxes").prints(&[
        "crossfitdemo: booking of OPEN BÓX opens 6d\n",
        "crossfitdemo: booking of yoga opens 46h (config)\n",
    ]);
    for (class, opens) in [
        ("Open Box Elite", "6d"),
        ("hatha yoga", "46h"),
        ("open", "4d@07:00"),
        ("", "4d@07:00"),
        ("yoga --opens 1d", "1d"),
    ] {
        let add = home.run("prebook add +9 18:30").args(class);
        let added = add.any_stderr().json();
        assert_eq!(added["prebookings"][0]["opens"], opens, "{class}");
    }
    home.run("boxes set crossfitdemo --opens none --class")
        .arg("open box")
        .prints(&["booking of open box opens 4d@07:00\n"]);
    assert_eq!(class_rules(), json!([yoga]));
}

#[test]
fn what_is_learned_of_a_class_holds_for_that_class_and_account_only() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "2d" }));
    sandbox.class(&json!({ "day": day(5), "start": "13:10", "name": "Prueba" }));
    sandbox.class(&json!({ "day": day(5), "start": "14:10", "name": "Prueba dos" }));
    home.run("book --day +5 --time 13:10 --account ana@example.org")
        .fails(9, &["not open yet"]);
    let seen = |account: &str| {
        let run = "classes --day +5 --open --box crossfitdemo --account";
        let printed = home.run(run).arg(account).json();
        let classes = printed["classes"].as_array().unwrap().iter();
        let ours = |class: &&Value| class["name"].as_str().unwrap().contains("Prueba");
        let keys = ["name", "state", "opens_guess", "opens_at"];
        let shown = |class: &Value| json!(keys.map(|key| class[key].clone()));
        classes.filter(ours).map(shown).collect::<Vec<_>>()
    };
    let at = madrid(&day(3), "13:10").to_rfc3339();
    let open = |name| json!([name, "open", null, null]);
    // a guess hides no class from --open
    assert_eq!(
        seen(ANA),
        [json!(["Prueba", "not_open", true, at]), open("Prueba dos")]
    );
    assert_eq!(seen(BEN), [open("Prueba"), open("Prueba dos")]);
    let opens = |account: &str, class: &str| {
        let add = "prebook add --day +9 --time 13:10 --box crossfitdemo --account";
        let add = home.run(add).arg(account).arg("--class").arg(class);
        add.any_stderr().json()["prebookings"][0]["opens"].clone()
    };
    assert_eq!(opens(ANA, "prueba"), "2d?");
    assert_eq!(opens(ANA, "prueba dos"), json!(null));
    assert_eq!(opens(BEN, "prueba"), json!(null));
    // a rule that is given hides the class until it opens
    home.run("boxes set crossfitdemo --opens 1d").succeeds();
    assert_eq!(seen(ANA), [] as [Value; 0]);
}

#[test]
fn setting_gives_the_row() {
    let (_sandbox, home) = start();
    let printed = home
        .run("boxes set otherbox --id 7 --timezone Atlantic/Canary --opens 4d@07:00:30")
        .stderr_has(&["no account has the box otherbox"])
        .json();
    // now it is known
    home.run("boxes set otherbox --id 7").succeeds();
    assert_eq!(
        printed,
        json!({
            "box": "otherbox", "id": 7, "name": null, "timezone": "Atlantic/Canary",
            "opens": "4d@07:00:30", "opens_source": "set", "class_rules": [],
        })
    );
    for (args, words) in [
        ("otherbox --opens 0h", "0h"),
        ("otherbox --class wod", "--opens"),
        ("otherbox --opens 4d --class", "--class"),
        ("other.box --id 7", "first part of its address"),
        ("-box --id 7", "-b"),
    ] {
        home.run("boxes set").args(args).usage(&[words]);
    }
}

#[test]
fn the_host_that_the_platform_names_is_used_within_the_domain() {
    let (sandbox, home) = start();
    sandbox.gym(&json!({ "name": "boxdos", "centre_url": "https://Dos-Box.aimharder.com/" }));
    sandbox.gym(&json!({ "name": "crossfitdemo", "centre_url": "crossfitdemo.evil.example" }));
    home.log_in(BEN, BEN_PASSWORD);
    home.run("classes --day +3 --box crossfitdemo").succeeds();
    home.run("classes --day +3 --box dos-box").prints(&["Yoga"]);
    let hosts = sandbox.sent("/api/bookings").into_iter();
    let hosts: Vec<Value> = hosts.map(|sent| sent["host"].clone()).collect();
    assert_eq!(
        hosts,
        ["crossfitdemo.aimharder.com", "dos-box.aimharder.com"]
    );
    for sent in sandbox.log() {
        let host = sent["host"].as_str().unwrap();
        assert!(host.ends_with("aimharder.com"), "{host}");
    }
}

#[test]
fn an_unknown_box_number_is_asked_for_until_it_is_known() {
    let (sandbox, home) = logged_in();
    home.sql("UPDATE boxes SET id = NULL");
    sandbox.config(&json!({ "whoami_roles": false }));
    sandbox.fault(&json!({ "path": "/schedule", "kind": "html", "count": -1 }));
    let detect = home.run("boxes --detect");
    let words = ["number of box crossfitdemo was not found"];
    let printed = detect.stderr_has(&words).succeeds().stdout;
    assert!(printed.contains("crossfitdemo"), "{printed}");
    home.run("classes").fails(5, &[]);
    sandbox.clear_faults();
    sandbox.clear_log();
    for _ in 0..2 {
        home.run("classes --day +3").succeeds();
    }
    assert_eq!(sandbox.sent("/schedule").len(), 1);
    assert_eq!(boxes(&home, "")[0]["id"], 10122);
}
