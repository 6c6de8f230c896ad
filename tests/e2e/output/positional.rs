//! Day, time and class as positional arguments of `classes`, `book`, `cancel` and `prebook add`.

use serde_json::json;

use crate::support::{Home, cases, day, logged_in};

#[test]
fn positions_and_flags_mean_the_same() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({ "name": "Open Box" }));
    sandbox.trial(json!({ "name": "Yoga" }));
    let date = day(3);
    let compact = date.replace('-', "");
    for args in [
        &format!("{date} 13:10 open"),
        "+3 13.10 open box",
        &format!("{compact} 1310 OPEN"),
        "--day +3 13:10 open box",
        "--time 13:10 +3 open",
        "--class open +3 13:10",
        "--day +3 --time 13:10 open",
    ] {
        let printed = home.run("book --dry-run").args(args).json();
        assert_eq!(printed["class"]["id"], id.as_str(), "{args}");
    }
    let quoted = home.run("book --dry-run").arg("+3 13:10 open box").json();
    assert_eq!(quoted["class"]["id"], id.as_str());
    let listed = home.run("classes").arg(&date).json();
    assert_eq!(listed, home.run("classes --day").arg(&date).json());
    home.run("book +3 13:10 open").succeeds();
    let cancelled = home.run("cancel +3 13:10 open").json();
    assert_eq!(cancelled["outcome"], "cancelled");
    let added = home.run("prebook add +3 13:10 open box").any_stderr();
    let added = added.json();
    assert_eq!(added["prebookings"][0]["class"], "open box");
    assert_eq!(added["prebookings"][0]["day"], date);
    let weekly = home.run("prebook add --weekly L-X 07:00 wod");
    let weekly = weekly.any_stderr().json();
    assert_eq!(weekly["rules"][0]["weekdays"], json!(["mon", "tue", "wed"]));
    assert_eq!(weekly["rules"][0]["class"], "wod");
}

#[test]
fn a_value_given_both_ways_is_refused() {
    let home = Home::nowhere();
    for command in ["book", "cancel", "prebook add"] {
        let table = r#"
            fri 18:30 wod --day mon => the day is given twice, as "fri" and by --day mon
            fri 18:30 wod --time 19:30 => the time is given twice, as "18:30" and by --time 19:30
            fri 18:30 open box --class yoga => the class is given twice, as "open box" and by --class yoga
        "#;
        for (args, words) in cases(table) {
            home.run(command).args(args).fails(2, &[words]);
        }
    }
    for (args, words) in [
        ("classes fri --day mon", &["'[DAY]'", "'--day <DAY>'"][..]),
        ("book fri 18:30 --id 7", &["time 18:30", "--id 7"]),
        ("book fri 18:30 wod --id 7", &["\"wod\"", "--id 7"]),
        ("cancel fri --reservation 7", &["'[DAY]'", "'--reservation"]),
        (
            "prebook add fri 18:30 --weekly mon",
            &["\"fri\"", "--weekly mon"],
        ),
        ("prebook add fri 18:30 wod --id 7", &["\"wod\"", "--id 7"]),
        (
            "prebook add --weekly mon --time 18:30 --id 7",
            &["--weekly", "--id"],
        ),
    ] {
        home.run(args).fails(2, words);
    }
}

#[test]
fn unusable_values_say_what_is_expected() {
    let home = Home::nowhere();
    for command in ["book", "cancel", "prebook add"] {
        let table = r#"
            frida 18:30 => "frida" is not a valid day; use today, fri, +3 or 2026-11-23
            '' 18:30 => "" is not a valid day
            2027-02-29 18:30 => is not in the calendar
            18:30 fri => "18:30" is a time, and the day comes first: DAY TIME [CLASS]
            mon,wed 18:30 => "mon,wed" is more than one day; for a class every week: `aimharder prebook add --weekly mon,wed
            mon-fri 7:00 open box => "mon-fri" is more than one day; for a class every week: `aimharder prebook add --weekly mon-fri --time 07:00 --class 'open box'`
            fri wod => "wod" is not a valid time; use 18:30 or 7:00
            fri '' => "" is not a valid time
            fri 18:30 '' => "" is not a valid class name
        "#;
        for (args, words) in cases(table) {
            home.run(command).args(args).fails(2, &[words]);
        }
    }
    for (args, words) in [
        (
            "book",
            "which day? use DAY or --day, for example: `aimharder book tomorrow 18:30 wod`",
        ),
        ("book fri", "use TIME or --time"),
        ("prebook add", "use DAY, --day or --weekly"),
        ("prebook add fri", "use TIME or --time"),
        ("classes frida", "\"frida\" is not a valid day"),
    ] {
        home.run(args).fails(2, &[words]);
    }
    assert!(!home.store_path().exists(), "usage comes first");
}
