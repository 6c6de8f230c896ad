//! `boxes`: what is known of a gym, what is set, and by whom.

use serde_json::{Value, json};

use crate::support::{ANA, BEN, BEN_PASSWORD, day, logged_in, madrid, start};

#[test]
fn a_box_that_was_set_is_listed_and_can_be_removed() {
    let (_sandbox, home) = logged_in();
    home.run("boxes set foo --opens 4d")
        .any_stdout()
        .stderr_has(&["aimharder boxes remove foo"])
        .done();
    let names = |home: &crate::support::Home| {
        let printed = home.run("boxes").json();
        let boxes = printed["boxes"].as_array().unwrap().clone();
        let names = boxes
            .iter()
            .map(|found| found["box"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&home), ["crossfitdemo", "foo"]);
    home.run("boxes set foo --opens none").prints(&["unknown"]);
    assert_eq!(
        home.run("boxes remove foo").json(),
        json!({ "removed": "foo" })
    );
    assert_eq!(names(&home), ["crossfitdemo"]);
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
    let printed = home.run("boxes").json();
    assert!(sandbox.log().is_empty());
    assert_eq!(printed["boxes"].as_array().unwrap().len(), 2, "{printed}");
    let printed = home.run("boxes --account").arg(ANA).json();
    assert_eq!(printed["boxes"].as_array().unwrap().len(), 1, "{printed}");
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
        ("boxes", &["WOD", "Yoga"][..]),
        ("boxes --account ana@example.org", &["WOD", "Yoga"]),
        ("boxes --account ben@example.org", &["Yoga"]),
    ] {
        let printed = home.run(args).json();
        let boxes = printed["boxes"].as_array().unwrap();
        let demo = boxes
            .iter()
            .find(|row| row["box"] == "crossfitdemo")
            .unwrap();
        let rules = demo["class_rules"].as_array().unwrap();
        let classes: Vec<_> = rules
            .iter()
            .map(|rule| rule["class"].as_str().unwrap())
            .collect();
        assert_eq!(classes, expected, "{args}");
    }
}

#[test]
fn settings_that_have_no_effect_or_look_wrong_are_answered() {
    let (_sandbox, home) = logged_in();
    home.run("boxes set demo2 --id 10122")
        .any_stdout()
        .stderr_has(&[
            "box crossfitdemo has that number too, and only one of them can have it; see `aimharder boxes`",
        ])
        .done();
    home.run("boxes set crossfitdemo --id 10123 --opens 4d")
        .any_stdout()
        .done();
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
            .any_stdout()
            .stderr_has(&[&words])
            .done();
    }
    home.run("boxes set crossfitdemo --opens 4d --class wod")
        .any_stdout()
        .done();
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
fn a_new_membership_is_found() {
    let (sandbox, home) = logged_in();
    sandbox.account(&json!({ "email": ANA, "boxes": ["crossfitdemo", "boxdos"] }));
    let printed = home.run("boxes --detect").json();
    assert_eq!(printed["boxes"].as_array().unwrap().len(), 2);
    let printed = home.run("boxes --box boxdos").json();
    assert_eq!(printed["boxes"][0]["box"], "boxdos");
    home.run("boxes --box nowhere").fails(6, &["nowhere"]);
}

#[test]
fn no_box_at_all() {
    let (sandbox, home) = logged_in();
    sandbox.account(&json!({ "email": ANA, "boxes": [] }));
    home.run("boxes --detect")
        .fails(6, &["names no box for ana@example.org"]);
}

#[test]
fn the_order_of_opening_rules() {
    let (_sandbox, home) = logged_in();
    let opens = || {
        let printed = home.run("boxes").json();
        (
            printed["boxes"][0]["opens"].clone(),
            printed["boxes"][0]["opens_source"].clone(),
        )
    };
    home.run("boxes set crossfitdemo --opens sun@20:00")
        .prints(&["crossfitdemo: Europe/Madrid, booking opens sun@20:00\n"]);
    assert_eq!(opens(), (json!("sun@20:00"), json!("set")));
    home.config("[boxes.crossfitdemo]\nopens = \"46h\"\ntimezone = \"Europe/Berlin\"");
    assert_eq!(opens(), (json!("46h"), json!("config")));
    assert_eq!(
        home.run("boxes").json()["boxes"][0]["timezone"],
        "Europe/Berlin"
    );
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
    let printed = home.run("boxes").json();
    let rule = |class, opens, source| json!({ "class": class, "account": null, "opens": opens, "source": source });
    assert_eq!(
        printed["boxes"][0]["class_rules"],
        json!([rule("yoga", "46h", "config"), rule("OPEN BÓX", "6d", "set")])
    );
    home.run("boxes").prints(&[
        "crossfitdemo: booking of OPEN BÓX opens 6d\n",
        "crossfitdemo: booking of yoga opens 46h (config)\n",
    ]);
    let opens = |more: &[&str]| {
        let mut add = home.run("prebook add --day +9 --time 18:30");
        for word in more {
            add = add.arg(word);
        }
        add.any_stderr().json()["prebookings"][0]["opens"].clone()
    };
    assert_eq!(opens(&["--class", "Open Box Elite"]), "6d");
    assert_eq!(opens(&["--class", "hatha yoga"]), "46h");
    assert_eq!(opens(&["--class", "open"]), "4d@07:00");
    assert_eq!(opens(&[]), "4d@07:00");
    assert_eq!(opens(&["--class", "yoga", "--opens", "1d"]), "1d");
    home.run("boxes set crossfitdemo --opens none --class")
        .arg("open box")
        .prints(&["booking of open box opens 4d@07:00\n"]);
    assert_eq!(
        home.run("boxes").json()["boxes"][0]["class_rules"],
        json!([rule("yoga", "46h", "config")])
    );
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
        let classes = printed["classes"].as_array().unwrap().clone().into_iter();
        let ours = |class: &Value| class["name"].as_str().unwrap().contains("Prueba");
        let shown = classes.filter(ours).map(|class| {
            json!([
                class["name"],
                class["state"],
                class["opens_guess"],
                class["opens_at"]
            ])
        });
        shown.collect::<Vec<_>>()
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
        ("otherbox --opens 4x", "4x"),
        ("otherbox --timezone Mars/Base", "Mars/Base"),
        ("otherbox --id 0", "0"),
        ("otherbox --opens 0h", "0h"),
        ("otherbox", "--id"),
        ("otherbox --class wod", "--opens"),
        ("otherbox --opens 4d --class", "--class"),
        ("other.box --id 7", "first part of its address"),
        ("-box --id 7", "-b"),
    ] {
        home.run("boxes set").args(args).usage(&[words]);
    }
}

#[test]
fn the_host_that_the_platform_names_is_used() {
    let (sandbox, home) = start();
    sandbox.gym(&json!({ "name": "boxdos", "centre_url": "https://Dos-Box.aimharder.com/" }));
    home.log_in(BEN, BEN_PASSWORD);
    sandbox.clear_log();
    home.run("classes --day +3 --box dos-box").prints(&["Yoga"]);
    assert_eq!(
        sandbox.sent("/api/bookings")[0]["host"],
        "dos-box.aimharder.com"
    );
}

#[test]
fn a_host_outside_the_domain_is_not_called() {
    let (sandbox, home) = start();
    sandbox.gym(&json!({ "name": "crossfitdemo", "centre_url": "crossfitdemo.evil.example" }));
    home.log_in(ANA, crate::support::ANA_PASSWORD);
    home.run("classes --day +3").succeeds();
    let hosts: Vec<Value> = sandbox.log().iter().map(|e| e["host"].clone()).collect();
    assert!(
        hosts
            .iter()
            .all(|host| host.as_str().unwrap().ends_with("aimharder.com")),
        "{hosts:?}"
    );
}

#[test]
fn an_unknown_box_number_is_asked_for_once() {
    let (sandbox, home) = logged_in();
    home.sql("UPDATE boxes SET id = NULL");
    for _ in 0..2 {
        home.run("classes --day +3").succeeds();
    }
    assert_eq!(sandbox.sent("/schedule").len(), 1);
    assert_eq!(home.run("boxes").json()["boxes"][0]["id"], 10122);
}
