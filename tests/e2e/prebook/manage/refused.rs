//! What is refused, with which code and words, what is warned of, and what every help says.

use aimharder::model::session::SessionKind;
use chrono::Days;
use chrono_tz::Europe::Madrid;
use serde_json::json;

use super::home::{Home, ahead, ids, now, text};

#[test]
fn bad_input() {
    let home = Home::of_ana();
    let yesterday = now().with_timezone(&Madrid).date_naive() - Days::new(1);
    for (line, says) in [
        (
            "prebook add --time 18:30",
            "for example: `aimharder prebook add mon 18:30 wod",
        ),
        (
            "prebook add --day mon",
            "for example: `aimharder prebook add mon 18:30 wod",
        ),
        (
            "prebook add --weekly mon",
            "for example: `aimharder prebook add --weekly mon,wed --time 18:30 --class wod",
        ),
        (
            "prebook add --weekly '' --time 18:30",
            "is not a weekday; use mon,wed",
        ),
        (
            "prebook add --weekly mon,someday --time 18:30",
            "\"someday\" is not a weekday; use mon,wed",
        ),
        (
            "prebook add --weekly mon --day mon --time 18:30",
            "cannot be used with",
        ),
        (
            "prebook add --day mon --until 2027-01-01 --time 18:30",
            "cannot be used with",
        ),
        ("prebook add --until 2027-01-01 --time 18:30", "--weekly"),
        (
            "prebook add --day mon --time 18:30 --waitlist --watch",
            "cannot be used with",
        ),
        (
            "prebook add --day mon --time 1860",
            "is not a valid time; use 18:30",
        ),
        (
            "prebook add --day someday --time 18:30",
            "is not a valid day; use today, fri, +3 or 2026-11-23",
        ),
        (
            "prebook add --day 2027-02-29 --time 18:30",
            "is not in the calendar",
        ),
        (
            "prebook add --day mon --time 18:30 --opens 4",
            "use 4d, 4d@07:00, 46h or sun@20:00",
        ),
        (
            "prebook add --day mon --time 18:30 --opens 4d?",
            "has a question mark",
        ),
        (
            "prebook add --day mon --time 18:30 --or wod",
            "19:30 Open Box",
        ),
        (
            "prebook add --day mon --time 18:30 --class ' '",
            "for example wod",
        ),
        (
            "prebook add --day mon --time 18:30 --family ana",
            "for example 70002",
        ),
        (
            &format!("prebook add --day {yesterday} --time 18:30"),
            "has started",
        ),
        ("prebook add --day today --time 0:00", "use for example 2"),
        (
            &format!("prebook add --day {} --time 18:30", ahead(367)),
            "is more than a year ahead",
        ),
        (
            "prebook add --day +2 --time 18:30 --lead 3d",
            "is within its lead of 3d; use a later day or a shorter --lead",
        ),
        (
            "prebook add --day +2 --time 18:30 --lead 90",
            "\"90\" has no unit; use 90s or 90m",
        ),
        (
            "prebook add --day +2 --time 18:30 --coach ''",
            "for example",
        ),
        (
            "prebook add --day +2 --time 18:30 --exclude ''",
            "for example wod",
        ),
        (
            &format!("prebook add --weekly mon --time 18:30 --until {yesterday}"),
            "would end before it begins; use for example --until 2",
        ),
        ("prebook remove", "required"),
        (
            "prebook remove seven",
            "is neither a prebooking nor a rule, for example 7 or r1",
        ),
        (
            "prebook skip 2027-01-06..2026-12-24",
            "ends before it begins; use 2026-12-24..2027-01-06",
        ),
        (
            "prebook skip 2020-12-24..2021-01-06",
            "is over; for example: `aimharder prebook skip 20",
        ),
        (
            "prebook skip 2026-12-24..",
            "use today, fri, +3 or 2026-11-23, or a range: 2026-12-24..2027-01-06",
        ),
        ("prebook skip --remove", "required"),
        ("prebook run --horizon 16", "use 16s or 16m"),
        ("prebook run --horizon 0", "use 15s or 15m"),
    ] {
        let said = home.refused(line, 2);
        assert!(said.contains(says), "{line}: {said}");
    }
    assert_eq!(
        home.json("prebook list --all", 0),
        json!({"prebookings": []})
    );
    assert_eq!(home.json("prebook rules", 0), json!({"rules": []}));
}

#[test]
fn what_is_not_there() {
    let home = Home::of_ana();
    home.json("prebook add --day +3 --time 18:30", 0);
    for line in [
        "prebook remove 7",
        "prebook remove r1",
        "prebook remove 1 7",
        "prebook skip +3 --remove",
        "prebook remove 1 --account ben@example.org",
        "prebook add --day +3 --time 18:30 --box nowhere",
    ] {
        home.refused(line, 6);
    }
    assert_eq!(
        ids(&home.json("prebook list", 0)),
        [1],
        "removed are all or none"
    );
    assert_eq!(
        home.json("prebook list --account ben@example.org", 0),
        json!({"prebookings": []})
    );
}

#[test]
fn accounts_and_boxes() {
    let home = Home::empty();
    assert!(
        home.refused("prebook add --day +3 --time 18:30", 3)
            .contains("aimharder login")
    );
    home.refused("prebook skip", 3);
    assert_eq!(home.json("prebook list", 0), json!({"prebookings": []}));
    home.config("account = \"ana@example.org\"\npassword_command = \"echo x\"\n[accounts.\"ben@example.org\"]\npassword_command = \"echo y\"\n");
    home.login("ana@example.org", &["crossfitdemo"]);
    home.login("ben@example.org", &["crossfitdemo", "otherbox"]);
    home.json("prebook add --day +3 --time 18:30", 0);
    home.refused(
        "prebook add --day +3 --time 18:30 --account ben@example.org",
        6,
    );
    home.json(
        "prebook add --day +3 --time 18:30 --account Ben@Example.org --box otherbox",
        0,
    );
    home.json(
        "prebook add --weekly mon --time 18:30 --account ben@example.org --box otherbox",
        0,
    );
    // the config's account does not narrow what is listed
    let listed = ids(&home.json("prebook list", 0));
    assert!(listed.contains(&1) && listed.contains(&2), "{listed:?}");
    assert_eq!(
        ids(&home.json("prebook list --account ana@example.org", 0)),
        [1]
    );
    assert_eq!(
        home.json("prebook rules", 0)["rules"][0]["account"],
        "ben@example.org"
    );
    assert_eq!(
        home.json("prebook rules --account ana@example.org", 0),
        json!({"rules": []})
    );
    assert_eq!(ids(&home.json("prebook list --box crossfitdemo", 0)), [1]);
}

#[test]
fn warned_of_logins_that_will_be_missed() {
    let home = Home::empty();
    home.config(
        "account = \"ana@example.org\"\nbox = \"crossfitdemo\"\n[boxes.crossfitdemo]\nid = 10122\n",
    );
    let add = "prebook add --day +3 --time 18:30";
    // no session at all: the account and the box are known, so it is stored
    let said = |home: &Home| {
        let out = home.run(add);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
        assert!(!out.stdout.is_empty());
        text(&out.stderr)
    };
    assert!(said(&home).contains("ana@example.org has no background session"));
    home.session(&"ana@example.org".parse().unwrap(), SessionKind::Background);
    assert!(said(&home).contains("no password source"));
    home.config("account = \"ana@example.org\"\nbox = \"crossfitdemo\"\npassword_command = \"false\"\n[boxes.crossfitdemo]\nid = 10122\n");
    assert_eq!(said(&home), "");
    assert_eq!(ids(&home.json("prebook list", 0)), [1]);
}

#[test]
fn every_help_names_an_example_and_the_exit_codes() {
    let home = Home::empty();
    for command in ["", "add", "list", "rules", "remove", "skip", "run"] {
        let help = home.human(&format!("prebook {command} --help"));
        assert!(
            help.contains("Exit codes:\n  0 ") && help.contains("Example"),
            "{command}: {help}"
        );
        assert!(
            help.contains(&format!("  aimharder prebook {command}"))
                || help.contains("Example: aimharder prebook"),
            "{command}"
        );
    }
}
