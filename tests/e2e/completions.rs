//! Completion: the scripts, and the candidates that the program lists for them. `tests/other_programs` runs the shells.

use serde_json::json;

use crate::support::{ANA, Home, day, left_by_a_run, logged_in, seen, set_mode};

const SCRIPTS: [(&str, &str); 3] = [
    ("bash", include_str!("../../completions/aimharder.bash")),
    ("zsh", include_str!("../../completions/_aimharder")),
    ("fish", include_str!("../../completions/aimharder.fish")),
];

/// The candidates for the last word of a line, without their explanations.
fn printed(home: &Home, line: &str) -> Vec<String> {
    let complete = home.run("__complete fish -- aimharder").args(line);
    let out = complete.succeeds().stdout;
    let values = out.lines().filter_map(|line| line.split('\t').next());
    values.map(str::to_owned).collect()
}

#[test]
fn scripts_are_those_of_the_folder() {
    let home = Home::nowhere();
    for (shell, script) in SCRIPTS {
        home.run("completions").arg(shell).stdout(script).done();
        assert_eq!(home.run("completions").arg(shell).json()["script"], script);
    }
    home.run("completions tcsh").fails(2, &["bash, zsh, fish"]);
    assert!(!home.store_path().exists());
}

#[test]
fn commands_flags_and_values() {
    let (sandbox, home) = seen();
    let all = printed(&home, "''");
    for command in ["login", "book", "prebook", "completions", "man"] {
        assert!(
            all.iter().any(|printed| printed == command),
            "{command}: {all:?}"
        );
    }
    assert!(
        all.iter().all(|printed| !printed.starts_with(['-', '_'])),
        "{all:?}"
    );
    for (words, expected) in [
        ("preb", &["prebook"][..]),
        ("book --wait", &["--waitlist", "--wait"]),
        ("refresh --session b", &["background"]),
        ("book --class ''", &["Força d'hivern", "Open Box", "WOD"]),
        ("classes --class forca", &["Força d'hivern"]),
        ("prebook add --class=o", &["--class=Open Box"]),
        ("--box elsewhere book --class ''", &[]),
        ("--account ''", &[ANA]),
        ("login ''", &[ANA]),
        ("--box c", &["crossfitdemo"]),
        ("boxes set ''", &["crossfitdemo"]),
        ("book --day to", &["today", "tomorrow"]),
        ("book to", &["today", "tomorrow"]),
        ("classes to", &["today", "tomorrow"]),
        ("prebook add to", &["today", "tomorrow"]),
        ("cancel fri 18:30 w", &["WOD"]),
        ("prebook add fri 18:30 --exclude o", &["Open Box"]),
        ("boxes set x --timezone europe/mad", &["Europe/Madrid"]),
        ("man boo", &["bookings", "book"]),
        ("man prebook re", &["remove"]),
    ] {
        assert_eq!(printed(&home, words), expected, "{words}");
    }
    let device = home.fingerprint(ANA, "device");
    let background = home.fingerprint(ANA, "background");
    assert_eq!(
        printed(&home, "classes --fingerprint ''"),
        [device.as_str()]
    );
    let set = printed(&home, "sessions set --fingerprint bg-");
    assert_eq!(set, [background.as_str()]);
    assert_eq!(sandbox.log().len(), 0, "nothing is asked while completing");
}

#[test]
fn prebookings_and_rules_that_can_be_removed() {
    let (_sandbox, home) = logged_in();
    home.run("prebook add --day +20 --time 18:30 --class wod")
        .ends(0);
    home.run("prebook add --weekly mon --time 18:30").ends(0);
    let ids = printed(&home, "prebook remove ''");
    assert!(
        ids.contains(&"1".to_owned()) && ids.contains(&"r1".to_owned()),
        "{ids:?}"
    );
    let rest = printed(&home, "prebook remove 1 r");
    assert_eq!(rest, ["r1"]);
}

#[test]
fn reservations_of_classes_to_come() {
    let (_sandbox, home) = logged_in();
    for (on, status, reservation) in [
        (&day(20)[..], "booked", "'55501'"),
        // prebooked again after it was booked
        (&day(20), "booked", "'55501'"),
        (&day(21), "waitlisted", "'55502'"),
        ("2026-01-02", "booked", "'55400'"),
        (&day(22), "pending", "NULL"),
        (&day(23), "failed", "'55503'"),
    ] {
        left_by_a_run(&home, on, status, reservation);
    }
    let all = printed(&home, "cancel --reservation ''");
    assert_eq!(all, ["55501", "55502"]);
    let others = "--account ben@example.org cancel --reservation ''";
    assert_eq!(printed(&home, others), [""; 0]);
    home.run("__complete fish -- aimharder cancel --reservation 55501")
        .stdout(&format!("55501\t{} 18:30 WOD\n", day(20)))
        .done();
}

#[test]
fn weekdays_one_after_another() {
    let home = Home::nowhere();
    let all = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let add = |typed: &str| printed(&home, &format!("prebook add --weekly '{typed}'"));
    assert_eq!(add(""), all);
    assert_eq!(add("t"), ["tue", "thu"]);
    assert_eq!(add("mon,t"), ["mon,tue", "mon,thu"]);
    assert_eq!(
        add("mon,tue,wed,thu,fri,sat,"),
        ["mon,tue,wed,thu,fri,sat,sun"]
    );
    assert_eq!(
        printed(&home, "prebook add --weekly=mon,w"),
        ["--weekly=mon,wed"]
    );
}

#[test]
fn errors_give_fewer_candidates_and_create_no_store() {
    let home = Home::nowhere();
    let ask = "book --class ''";
    assert_eq!(printed(&home, ask), [""; 0]);
    assert!(!home.store_path().exists() && !home.store_path().parent().unwrap().exists());
    home.run("__complete bash --").done();
    home.run("__complete zsh").done();
    home.write(".local/state/aimharder/aimharder.db", "no store at all");
    assert_eq!(printed(&home, ask), [""; 0]);

    let (_sandbox, home) = seen();
    assert_eq!(printed(&home, ask).len(), 3);
    set_mode(&home.store_path(), 0o644);
    assert_eq!(
        printed(&home, ask),
        [""; 0],
        "a store that others can read is not used"
    );
    set_mode(&home.store_path(), 0o600);
    home.write_config("not = a config");
    assert_eq!(printed(&home, ask).len(), 3, "no config is needed");
    home.sql("DROP TABLE class_names");
    assert_eq!(printed(&home, ask), [""; 0]);
    assert_eq!(
        printed(&home, "--account ''"),
        [ANA],
        "the rest is still listed"
    );
}

#[test]
fn the_store_named_on_the_line_is_the_one() {
    let (_sandbox, home) = seen();
    let elsewhere = home.path().join("elsewhere.db");
    std::fs::copy(home.store_path(), &elsewhere).unwrap();
    std::fs::remove_file(home.store_path()).unwrap();
    let store = elsewhere.display();
    for flag in [format!("--store {store}"), format!("--store={store}")] {
        let line = format!("{flag} book --class ''");
        assert_eq!(printed(&home, &line).len(), 3, "{flag}");
    }
    assert_eq!(printed(&home, "book --class ''"), [""; 0]);
}

#[test]
fn names_of_classes_are_limited_and_expire() {
    let (sandbox, home) = seen();
    home.sql("UPDATE class_names SET seen = '2020-01-01' WHERE name = 'WOD'");
    home.sql("UPDATE class_names SET seen = '2020-01-01' WHERE name = 'Open Box'");
    for n in 0..70 {
        let start = format!("{:02}:{:02}", 8 + n / 7, n % 7 * 8);
        sandbox.class(&json!({ "day": day(101), "start": start, "name": format!("Class {n}") }));
    }
    home.run("classes --day +101").succeeds();
    let count = "SELECT count(*) FROM class_names";
    assert_eq!(home.ask(count), "60");
    let old = "SELECT count(*) FROM class_names WHERE seen < '2021'";
    assert_eq!(home.ask(old), "0");
    // known names are written again after a week
    let noted = |days: i64| {
        home.sql(&format!(
            "UPDATE class_names SET seen = date('now', '-{days} days')"
        ));
        let before = home.ask("SELECT min(seen) FROM class_names");
        home.run("classes --day +101").succeeds();
        home.ask("SELECT min(seen) FROM class_names") != before
    };
    assert!(!noted(3));
    assert!(noted(9));
}

#[test]
fn looking_leaves_nothing_beside_the_store() {
    let (_sandbox, home) = seen();
    let folder = home.store_path().parent().unwrap().to_owned();
    let names = || {
        let entries = std::fs::read_dir(&folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    assert_eq!(printed(&home, "classes --class o"), ["Open Box"]);
    assert_eq!(names(), before);
    // in use by others, it is read through their log
    let others = home.db();
    others
        .execute(
            "UPDATE class_names SET name = 'Other' WHERE name = 'Open Box'",
            [],
        )
        .unwrap();
    assert_eq!(printed(&home, "classes --class o"), ["Other"]);
    // and a store that another process keeps locked is not waited for
    others
        .execute_batch("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let began = std::time::Instant::now();
    printed(&home, "classes --class o");
    assert!(began.elapsed() < std::time::Duration::from_secs(3));
}
