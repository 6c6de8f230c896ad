//! Prebookings and weekly rules: added, listed, skipped and removed, in JSON and in text.

use aimharder::model::opening::Opening;
use aimharder::model::prebooking::Progress;
use aimharder::store::Store;
use chrono::NaiveDate;
use chrono_tz::Europe::Madrid;
use serde_json::{Value, json};

use super::{ahead, ids, output_of, settle, with_login};
use crate::support::{ANA, all_at_once};

#[test]
fn added_listed_removed() {
    let home = with_login();
    let day = ahead(5);
    let opens = ahead(1);
    let added = home.run(&format!("prebook add --day {day} --time 18:30 --class '  WOD ' --or '19:30' --or '20:30  Open Box' --waitlist --opens 4d@7:00 --family 70002")).json();
    let offset = aimharder::model::zone::resolve(Madrid, opens.and_hms_opt(7, 0, 0).unwrap());
    let opens_at = offset.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    for (key, value) in [
        ("day", json!(day.to_string())),
        ("class", json!("WOD")),
        (
            "alternatives",
            json!([{"start": "19:30", "class": null}, {"start": "20:30", "class": "Open Box"}]),
        ),
        ("opens", json!("4d@07:00")),
        ("opens_at", json!(opens_at)),
    ] {
        assert_eq!(added["prebookings"][0][key], value, "{key}");
    }
    assert_eq!(home.run("prebook list").json(), added);
    // the same again, whatever its case: changed, not doubled
    let again = format!("prebook add {day} 18:30 wod --watch --family 70002");
    let again = &home.run(&again).json()["prebookings"][0];
    for (key, value) in [
        ("id", json!(1)),
        ("watch", json!(true)),
        ("waitlist", json!(false)),
        ("opens", Value::Null),
        ("opens_at", Value::Null),
    ] {
        assert_eq!(again[key], value, "{key}");
    }
    assert_eq!(home.run("prebook remove 1").json(), json!({"removed": [1]}));
    assert_eq!(home.run("prebook list").json(), json!({"prebookings": []}));
    let error = home.run("prebook remove 1").ends_json(6);
    assert_eq!(error["error"]["kind"], "not_found");
}

#[test]
fn limits_are_stored_shown_and_replaced() {
    let home = with_login();
    let limits = "--coach marta --exclude 'open box' --exclude yoga --lead 90m --once-a-day";
    let one = "prebook add --day +5 --time 18:30";
    let weekly = "prebook add --weekly mon-sun --time 19:30";
    let keys = ["coach", "exclude", "lead", "once_a_day"];
    let shown = |shown: &Value| keys.map(|key| shown[key].clone());
    let stored = [
        json!("marta"),
        json!(["open box", "yoga"]),
        json!("90m"),
        json!(true),
    ];
    // a class of another coach is another class
    let none = [json!("marta"), json!([]), Value::Null, json!(false)];
    for (line, list) in [(one, "prebookings"), (weekly, "rules")] {
        let added = home.run(&format!("{line} {limits}")).json();
        assert_eq!(shown(&added[list][0]), stored, "{line}");
        assert_eq!(shown(&added["prebookings"][0]), stored, "{line}");
        let words = "coach marta; without open box, yoga; at least 90m before it starts; \
                     only if no other class is booked that day";
        let text = output_of(&home, &format!("{line} {limits}"));
        assert!(text.contains(words), "{text}");
        let again = home.run(&format!("{line} --coach marta")).json();
        assert_eq!(shown(&again[list][0]), none, "{line}");
        assert_eq!(shown(&again["prebookings"][0]), none, "{line}");
    }
    assert_eq!(shown(&home.run("prebook rules").json()["rules"][0]), none);
}

#[test]
fn the_opening_rule_in_force() {
    let home = with_login();
    let line = |opens: &str| format!("prebook add --day +6 --time 18:30 --class wod {opens}");
    let shown = |view: Value| view["prebookings"][0]["opens"].clone();
    let store = Store::open(&home.store_path()).unwrap();
    let ana = ANA.parse().unwrap();
    store
        .learn_opening(
            "crossfitdemo",
            &ana,
            "WOD",
            Opening::from_learned_text("4d?").unwrap(),
        )
        .unwrap();
    assert_eq!(shown(home.run(&line("")).json()), "4d?");
    home.run("boxes set crossfitdemo --opens 5d").json();
    assert_eq!(shown(home.run("prebook list").json()), "5d");
    home.config("password_command = \"echo x\"\n[boxes.crossfitdemo]\nopens = \"46h\"\ntimezone = \"Atlantic/Canary\"\n");
    let view = home.run("prebook list").json();
    let canary = aimharder::model::zone::resolve(
        chrono_tz::Atlantic::Canary,
        ahead(6).and_hms_opt(18, 30, 0).unwrap(),
    );
    let opens = canary - chrono::TimeDelta::hours(46);
    assert_eq!(
        view["prebookings"][0]["opens_at"],
        opens.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    );
    assert_eq!(shown(view), "46h");
    assert_eq!(
        shown(home.run(&line("--opens sun@20:00")).json()),
        "sun@20:00"
    );
}

#[test]
fn weekly_rules() {
    let home = with_login();
    let until = ahead(9);
    let every_day = "lunes,Tue,wed,dijous,fri,sáb,sun";
    let added = home
        .run(&format!(
            "prebook add --weekly {every_day} --time 23:59 --class wod --until {until}"
        ))
        .json();
    assert_eq!(
        added["rules"],
        json!([{
            "id": "r1", "account": "ana@example.org", "box": "crossfitdemo",
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "23:59", "class": "wod",
            "alternatives": [], "family": null, "waitlist": false, "watch": false,
            "coach": null, "exclude": [], "lead": null, "once_a_day": false,
            "until": until.to_string(), "opens": null
        }])
    );
    assert_eq!(ids(&added).len(), 10);
    let occurrences = added["prebookings"].as_array().unwrap();
    assert!(occurrences.iter().all(|p| p["rule"] == "r1"));
    assert_eq!(home.run("prebook rules").json()["rules"], added["rules"]);
    assert_eq!(ids(&home.run("prebook list").json()), ids(&added));
    // one removed by hand does not come back
    let first = ids(&added)[0];
    home.run(&format!("prebook remove {first}")).json();
    assert_eq!(ids(&home.run("prebook list").json()), ids(&added)[1..]);
    // days left out take their occurrences back, and give them back
    let skipped = home
        .run(&format!("prebook skip {}..{}", ahead(1), ahead(2)))
        .json();
    assert_eq!(
        skipped["skips"],
        json!([{"from": ahead(1).to_string(), "to": ahead(2).to_string()}])
    );
    assert_eq!(skipped["bookings"], json!([]));
    assert_eq!(skipped["removed"], json!([2, 3]));
    assert_eq!(ids(&home.run("prebook list").json()), ids(&added)[3..]);
    assert_eq!(home.run("prebook skip").json()["skips"], skipped["skips"]);
    let left = home
        .run(&format!("prebook skip {} --remove", ahead(1)))
        .json();
    assert_eq!(
        left["skips"],
        json!([{"from": ahead(2).to_string(), "to": ahead(2).to_string()}])
    );
    assert_eq!(ids(&home.run("prebook list").json()).len(), 8);
    home.run(&format!("prebook skip {} --remove", ahead(1)))
        .ends_json(6);
    // the rule takes its pending occurrences along
    let removed = home.run("prebook remove R1").json();
    assert_eq!(removed["removed"][0], "r1");
    assert_eq!(removed["removed"].as_array().unwrap().len(), 9);
    assert_eq!(
        home.run("prebook list --all").json(),
        json!({"prebookings": []})
    );
    assert_eq!(home.run("prebook rules").json(), json!({"rules": []}));
}

#[test]
fn skips_that_overlap_or_follow_each_other_are_shown_as_one() {
    let home = with_login();
    let range = |from, to| json!({"from": ahead(from).to_string(), "to": ahead(to).to_string()});
    for (from, to) in [(10, 12), (2, 4), (3, 6), (7, 8), (2, 3)] {
        home.run(&format!("prebook skip {}..{}", ahead(from), ahead(to)))
            .succeeds();
    }
    let shown = home.run("prebook skip").json();
    assert_eq!(shown["skips"], json!([range(2, 8), range(10, 12)]));
    let left = home.run(&format!("prebook skip {} --remove", ahead(3)));
    let expected = json!([range(2, 2), range(4, 8), range(10, 12)]);
    assert_eq!(left.json()["skips"], expected);
}

#[test]
fn a_skip_leaves_bookings_alone() {
    let home = with_login();
    home.run("prebook add --weekly mon,tue,wed,thu,fri,sat,sun --time 23:59 --class wod --or '19:30 Open Box'").json();
    settle(&home, 3, Progress::Booked);
    let day = ahead(2);
    let starts = aimharder::model::zone::resolve(Madrid, day.and_hms_opt(19, 30, 0).unwrap());
    let skipped = home.run(&format!("prebook skip {day}")).json();
    assert_eq!(
        skipped["bookings"],
        json!([{
            "id": 3, "account": "ana@example.org", "day": day.to_string(), "start": "19:30", "end": null,
            "starts_at": starts.format("%Y-%m-%dT%H:%M:%S%:z").to_string(), "name": "Open Box",
            "box": "crossfitdemo", "reservation_id": "55501", "state": "booked"
        }])
    );
    assert_eq!(skipped["removed"], json!([]));
    let all = home.run("prebook list --all").json();
    let booked = &all["prebookings"][2];
    assert_eq!(
        (&booked["id"], &booked["status"]),
        (&json!(3), &json!("booked"))
    );
    assert_eq!(
        booked["history"],
        json!([{
            "sent_at": "2026-11-20T18:30:00.012+01:00", "class": "19:30 Open Box (id 1223250)", "outcome": "booked",
            "book_state": 1, "message": null, "clock_offset_ms": -812.4, "lateness_ms": 3.1
        }])
    );
    let words = output_of(&home, "prebook list --all");
    assert!(words.contains("; place in 19:30 Open Box;"), "{words}");
    assert!(
        words.contains("request Fri 20 Nov 18:30:00.012")
            || words.contains("Nov 2026 18:30:00.012"),
        "{words}"
    );
    assert!(
        words.contains(": booked, 3.1 ms after the opening, server clock -812.4 ms"),
        "{words}"
    );
    // the record is deleted, the booking remains
    let words = output_of(&home, "prebook remove 3");
    assert!(
        words.contains("the booking remains; to cancel it: `aimharder cancel --reservation 55501"),
        "{words}"
    );
    assert!(!ids(&home.run("prebook list --all").json()).contains(&3));
    assert_eq!(
        output_of(&home, "prebook skip").lines().count(),
        2,
        "no booking is named any more"
    );
}

#[test]
fn a_prebooking_is_shown_with_its_days() {
    let home = with_login();
    let shown = |day: NaiveDate, form: &str| {
        let this = ahead(0).format("%Y").to_string() == day.format("%Y").to_string();
        let year = if this { "" } else { " %Y" };
        day.format(&format!("{form}{year}")).to_string()
    };
    let (day, opens) = (ahead(6), ahead(2));
    let local = |args: &str| home.run(args).env("TZ", "Europe/Madrid");
    local(&format!(
        "prebook add --day {day} --time 18:30 --class WOD --opens 4d --or 19:30 --waitlist"
    ))
    .prints(&[&format!(
        "ana@example.org, crossfitdemo\n  1  {}  18:30  WOD  opens {} 18:30\n     or 19:30; else the waiting list; opening rule 4d\n",
        shown(day, "%a %e %b"),
        shown(opens, "%a %-d %b")
    )]);
    home.run("boxes set crossfitdemo --timezone Atlantic/Canary")
        .succeeds();
    local("prebook list").prints(&["ana@example.org, crossfitdemo (times in Atlantic/Canary)\n"]);
}

#[test]
fn twenty_processes_materialize_a_rule_once() {
    let home = with_login();
    home.run("prebook add --weekly mon,wed --time 18:30 --class wod")
        .json();
    // deleted from the table, they are not remembered as removed by hand
    let expected = ids(&home.run("prebook list").json()).len();
    home.sql("DELETE FROM prebookings");
    all_at_once((0..20).map(|_| home.run("prebook list").any_stdout()));
    assert_eq!(ids(&home.run("prebook list --all").json()).len(), expected);
}
