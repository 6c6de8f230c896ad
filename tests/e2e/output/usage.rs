//! Usage: help, manual pages, bad flags, and the order of checks.

use serde_json::json;

use crate::support::{Home, logged_in};

#[test]
fn each_command_that_acts_as_a_person_says_so_in_its_help() {
    let home = Home::nowhere();
    for command in ["classes", "book", "cancel", "bookings", "boxes"] {
        let help = home.run(command).arg("--help");
        help.prints(&["Acts with the device session"]);
    }
    home.run("help --help").prints(&["Examples:"]);
    home.run("help store -h").prints(&["store encrypt"]);
    assert!(!home.store_path().exists());
}

#[test]
fn wrong_usage_is_a_bare_error() {
    let home = Home::nowhere();
    for args in [
        "",
        "dance",
        "classes --colour",
        "book",
        "book --day mon",
        "book --time 18:30",
        "book --day mon --time 25:00",
        "book --day mon --time 18:30 --id 7",
        "book --day mon --id 7 --class wod",
        "classes --session both",
        "classes --account ana",
        "classes --box a.b",
        "classes -q -v",
        "sessions frob",
        "cancel --reservation 7 --time 18:30",
        "cancel --reservation 7 --class wod",
        "cancel --reservation 7 --day mon",
        "classes --family -1",
        "login a@example.org b@example.org",
        "boxes --detect set x --id 1",
    ] {
        let printed = home.run(args).ends_json(2);
        assert_eq!(
            printed.as_object().unwrap().len(),
            1,
            "a bare error: {printed}"
        );
    }
    assert!(!home.store_path().exists(), "usage comes first");
}

#[test]
fn wrong_usage_is_reported_on_one_line() {
    let home = Home::nowhere();
    for (args, words) in [
        ("prebook", "(add, list, rules, remove, skip, run)"),
        ("notify", "(test); see `aimharder notify --help`"),
        ("boxes frob", "'frob'"),
        (
            "classes --dai mon",
            "tip: a similar argument exists: '--day'",
        ),
        (
            "classes --days x",
            "\"x\" is not a whole number from 1 to 31, for example 7",
        ),
        ("classes --days 32", "from 1 to 31"),
        ("refresh --jobs 0", "from 1 to 64"),
        ("refresh --rate 1e3", "from 0 to 10000"),
        ("boxes set x --id 0", "1 or more"),
    ] {
        home.run(args).fails_with(2, &[words]).json();
    }
    for command in ["book --day mon --id", "cancel --reservation"] {
        for id in ["", " ", "1;2", "é"] {
            home.run(command)
                .arg(id)
                .fails(2, &["is not a number, for example"]);
        }
    }
    assert!(!home.store_path().exists());
}

#[test]
fn a_flag_without_a_value_may_be_repeated() {
    let (_sandbox, home) = logged_in();
    home.run("sessions -q -q --json").json();
    home.run("classes --open --open").succeeds();
    home.run("classes --day mon --day tue").fails(2, &["--day"]);
}

#[test]
fn an_unknown_flag_is_answered_with_the_nearest_flag_or_the_flag_before_it() {
    let home = Home::nowhere();
    for (args, words) in [
        (
            "classes --bx demo",
            "'--bx' found; tip: a similar argument exists: '--box'",
        ),
        (
            "prebook add fri 18:30 --nothing 19:30",
            "'--nothing' found; see `aimharder prebook add --help`",
        ),
        (
            "prebook add fri 18:30 --lead -5m",
            "\"-5m\" is not a flag; if it is the value of --lead, write --lead=-5m",
        ),
        (
            "classes --days -1",
            "if it is the value of --days, write --days=-1",
        ),
        ("boxes set demo --opens -4d", "write --opens=-4d"),
        (
            "prebook add fri -18:30",
            "'-1' found; see `aimharder prebook add --help`",
        ),
    ] {
        let printed = home.run(args).fails(2, &[words]);
        assert!(!printed.stderr.contains("as a value"), "{printed:?}");
    }
    home.run("login ana@example.org --new-device --only background")
        .fails(
            2,
            &["--new-device adds a device session, and --only background logs in none"],
        );
}

#[test]
fn a_password_beside_login_is_not_repeated() {
    let home = Home::nowhere();
    let secret = "Hunter-Zwei";
    for before in [
        "login ana@example.org",
        "login",
        "login --",
        "login ana@example.org --json",
        "login --account",
        "login ana@example.org --only",
        "--account",
        "bookings --json --account",
        "login ana@example.org --pasword-stdn",
    ] {
        let printed = home.run(before).arg(secret).ends(2);
        assert!(!format!("{printed:?}").contains(secret), "{printed:?}");
        let helps = ["ana@example.org", "--only takes", "'--password-stdin'"];
        assert!(
            helps.iter().any(|help| printed.stderr.contains(help)),
            "{printed:?}"
        );
    }
    for flag in ["--password=", "-p", "--"] {
        let login = home.run("login ana@example.org");
        let printed = login.arg(format!("{flag}{secret}")).ends(2);
        assert!(!format!("{printed:?}").contains(secret), "{printed:?}");
    }
    home.run("login").env("AIMHARDER_ACCOUNT", secret).fails(
        2,
        &["AIMHARDER_ACCOUNT", "that is not a valid e-mail address"],
    );
    home.run("login ana@example.org --pasword-stdin")
        .fails(2, &["'--password-stdin'"]);
}

#[test]
fn usage_before_config_before_store_before_account() {
    let (_sandbox, home) = logged_in();
    home.write_config("acount = 1");
    let version = home.ask("PRAGMA user_version");
    home.sql("PRAGMA user_version = 99");
    home.run("book --day mon").usage(&["--time"]);
    home.run("book --day mon --time 18:30 --account x@example.org")
        .fails(2, &["acount"]);
    home.write_config("");
    let existing = home.path().join("exchanges.jsonl");
    std::fs::write(&existing, "").unwrap();
    for (args, words) in [
        ("book --day mon", "--time"),
        ("logout --background", "--yes-delete-background"),
        ("logout --session background", "--yes-delete-background"),
        ("sessions set --auto-refresh on", "which session?"),
        (
            "login a@example.org --account b@example.org",
            "two accounts",
        ),
        (
            "prebook skip 2027-01-06..2026-12-24",
            "2026-12-24..2027-01-06",
        ),
    ] {
        home.run(args).fails(2, &[words]);
    }
    let probe = home.run("probe --record").arg(existing);
    probe.fails(2, &["exists already"]);
    home.run("book --day mon --time 18:30 --account x@example.org")
        .fails(1, &["schema 99"]);
    home.sql(&format!("PRAGMA user_version = {version}"));
    home.run("book --day mon --time 18:30 --account x@example.org --box none")
        .fails(3, &["x@example.org"]);
    home.run("book --day mon --time 18:30 --box none")
        .fails(6, &["none"]);
}

#[test]
fn a_mistyped_store_is_not_made() {
    let home = Home::nowhere();
    let wrong = home.path().join("wrong/x.db");
    for args in [
        "classes",
        "boxes",
        "book --day mon --time 18:30",
        "sessions",
        "refresh",
        "prebook run",
        "prebook list",
        "prebook rules",
        "wod",
        "store backup copy.db",
    ] {
        home.run(args)
            .arg("--store")
            .arg(&wrong)
            .fails(3, &["no store at", "x.db", "aimharder login"]);
        assert!(!wrong.parent().unwrap().exists(), "{args}");
    }
    let listed = home.run("sessions").json();
    assert_eq!(listed, json!({ "sessions": [] }));
}

#[test]
fn automation_without_any_session_names_its_store() {
    let home = Home::nowhere();
    home.run("boxes set crossfitdemo --id 10122").ends(0);
    for command in ["refresh", "prebook run", "prebook run --dry-run"] {
        home.run(command)
            .fails(3, &["no session in the store", "aimharder.db"]);
    }
}

#[test]
fn a_manual_page_describes_every_flag() {
    let home = Home::nowhere();
    for page in ["book", "prebook add"] {
        let text = home.run("man").args(page).succeeds().stdout;
        let lines: Vec<&str> = text.lines().collect();
        let flags = lines
            .windows(2)
            .filter(|pair| pair[0].starts_with("\\fB\\-\\-"));
        let bare: Vec<_> = flags.filter(|pair| pair[1].is_empty()).collect();
        assert!(bare.is_empty(), "{page}: {bare:?}");
        for flag in ["time", "account", "json"] {
            assert!(text.contains(&format!("\\-\\-{flag}")), "{page}: {flag}");
        }
    }
}

#[test]
fn one_page_of_a_command_at_any_depth() {
    let home = Home::nowhere();
    home.run("man").prints(&[".TH AIMHARDER 1", "130"]);
    home.run("man prebook add").prints(&[
        ".TH AIMHARDER\\-PREBOOK\\-ADD 1",
        "mon,wed",
        "EXIT STATUS",
    ]);
    assert!(
        home.run("man book").json()["page"]
            .as_str()
            .unwrap()
            .contains(".SH NAME")
    );
    home.run("man prebook nope").fails(2, &["\"prebook nope\""]);
    home.run("man book --dir x").fails(2, &["--dir"]);
    let file = home.write("file", "");
    home.run("man --dir")
        .arg(file)
        .fails(1, &["cannot write manual pages"]);
}

#[test]
fn help_in_all_its_forms() {
    let home = Home::nowhere();
    for (asked, same) in [
        ("help", "--help"),
        ("help book", "book --help"),
        ("help prebook add", "prebook add --help"),
        ("prebook help add", "prebook add --help"),
    ] {
        let help = home.run(same).succeeds().stdout;
        home.run(asked).stdout(&help).done();
    }
    home.run("help nope").fails(2, &["nope"]);
}
