//! What is refused, with which code and words, what is warned of, and what every help says.

use aimharder::model::session::SessionKind;
use serde_json::json;

use super::{ahead, ids, log_in, refused, with_login, without_login};
use crate::support::{ANA, BEN, Home, cases, store_session, today};

#[test]
fn bad_input() {
    let home = with_login();
    let (yesterday, too_far) = (today() - chrono::Days::new(1), ahead(367));
    let table = format!(
        r#"
        prebook add --time 18:30 => for example: `aimharder prebook add mon 18:30 wod
        prebook add --day mon => for example: `aimharder prebook add mon 18:30 wod
        prebook add --weekly mon => for example: `aimharder prebook add --weekly mon,wed --time 18:30 --class wod
        prebook add --weekly '' --time 18:30 => is not a weekday; use mon,wed
        prebook add --weekly mon,someday --time 18:30 => "someday" is not a weekday; use mon,wed
        prebook add --weekly mon --day mon --time 18:30 => cannot be used with
        prebook add --day mon --until 2027-01-01 --time 18:30 => cannot be used with
        prebook add --until 2027-01-01 --time 18:30 => --weekly
        prebook add --day mon --time 18:30 --waitlist --watch => cannot be used with
        prebook add --day mon --time 1860 => is not a valid time; use 18:30
        prebook add --day someday --time 18:30 => is not a valid day; use today, fri, +3 or 2026-11-23
        prebook add --day 2027-02-29 --time 18:30 => is not in the calendar
        prebook add --day mon --time 18:30 --opens 4 => use 4d, 4d@07:00, 46h or sun@20:00
        prebook add --day mon --time 18:30 --opens 4d? => has a question mark
        prebook add --day mon --time 18:30 --or wod => 19:30 Open Box
        prebook add --day mon --time 18:30 --class ' ' => for example wod
        prebook add --day mon --time 18:30 --family ana => for example 70002
        prebook add --day {yesterday} --time 18:30 => has started
        prebook add --day today --time 0:00 => use for example 2
        prebook add --day {too_far} --time 18:30 => is more than a year ahead
        prebook add --day +2 --time 18:30 --lead 3d => is within its lead of 3d; use a later day or a shorter --lead
        prebook add --day +2 --time 18:30 --lead 90 => "90" has no unit; use 90s or 90m
        prebook add --day +2 --time 18:30 --coach '' => for example
        prebook add --day +2 --time 18:30 --exclude '' => for example wod
        prebook add --weekly mon --time 18:30 --until {yesterday} => would end before it begins; use for example --until 2
        prebook remove => required
        prebook remove seven => is neither a prebooking nor a rule, for example 7 or r1
        prebook skip 2027-01-06..2026-12-24 => ends before it begins; use 2026-12-24..2027-01-06
        prebook skip 2020-12-24..2021-01-06 => is over; for example: `aimharder prebook skip 20
        prebook skip 2026-12-24.. => use today, fri, +3 or 2026-11-23, or a range: 2026-12-24..2027-01-06
        prebook skip --remove => required
        prebook run --horizon 16 => use 16s or 16m
        prebook run --horizon 0 => use 15s or 15m
        "#
    );
    for (line, words) in cases(&table) {
        let printed = refused(&home, line, 2);
        assert!(printed.contains(words), "{line}: {printed}");
    }
    assert_eq!(
        home.run("prebook list --all").json(),
        json!({"prebookings": []})
    );
    assert_eq!(home.run("prebook rules").json(), json!({"rules": []}));
}

#[test]
fn what_is_not_there() {
    let home = with_login();
    home.run("prebook add --day +3 --time 18:30").json();
    for line in [
        "prebook remove 7",
        "prebook remove r1",
        "prebook remove 1 7",
        "prebook skip +3 --remove",
        "prebook remove 1 --account ben@example.org",
        "prebook add --day +3 --time 18:30 --box nowhere",
    ] {
        refused(&home, line, 6);
    }
    assert_eq!(
        ids(&home.run("prebook list").json()),
        [1],
        "removed are all or none"
    );
    assert_eq!(
        home.run("prebook list --account ben@example.org").json(),
        json!({"prebookings": []})
    );
}

#[test]
fn accounts_and_boxes() {
    let home = without_login();
    assert!(refused(&home, "prebook add --day +3 --time 18:30", 3).contains("aimharder login"));
    refused(&home, "prebook skip", 3);
    assert_eq!(home.run("prebook list").json(), json!({"prebookings": []}));
    home.config("account = \"ana@example.org\"\npassword_command = \"echo x\"\n[accounts.\"ben@example.org\"]\npassword_command = \"echo y\"\n");
    log_in(&home, ANA, &["crossfitdemo"]);
    log_in(&home, BEN, &["crossfitdemo", "otherbox"]);
    home.run("prebook add --day +3 --time 18:30").json();
    refused(
        &home,
        "prebook add --day +3 --time 18:30 --account ben@example.org",
        6,
    );
    home.run("prebook add --day +3 --time 18:30 --account Ben@Example.org --box otherbox")
        .json();
    home.run("prebook add --weekly mon --time 18:30 --account ben@example.org --box otherbox")
        .json();
    // the config's account does not narrow what is listed
    let listed = ids(&home.run("prebook list").json());
    assert!(listed.contains(&1) && listed.contains(&2), "{listed:?}");
    assert_eq!(
        ids(&home.run("prebook list --account ana@example.org").json()),
        [1]
    );
    assert_eq!(
        home.run("prebook rules").json()["rules"][0]["account"],
        "ben@example.org"
    );
    assert_eq!(
        home.run("prebook rules --account ana@example.org").json(),
        json!({"rules": []})
    );
    assert_eq!(
        ids(&home.run("prebook list --box crossfitdemo").json()),
        [1]
    );
}

#[test]
fn warned_of_logins_that_will_be_missed() {
    let home = without_login();
    home.config(
        "account = \"ana@example.org\"\nbox = \"crossfitdemo\"\n[boxes.crossfitdemo]\nid = 10122\n",
    );
    let add = "prebook add --day +3 --time 18:30";
    // without a session the account and the box are known, so it is stored
    let said = |home: &Home| {
        let output = home.run(add).any_stdout().any_stderr().done();
        assert!(!output.stdout.is_empty());
        output.stderr
    };
    assert!(said(&home).contains("ana@example.org has no background session"));
    store_session(&home, ANA, SessionKind::Background);
    assert!(said(&home).contains("cannot be renewed automatically"));
    home.config("account = \"ana@example.org\"\nbox = \"crossfitdemo\"\npassword_command = \"false\"\n[boxes.crossfitdemo]\nid = 10122\n");
    assert_eq!(said(&home), "");
    assert_eq!(ids(&home.run("prebook list").json()), [1]);
}
