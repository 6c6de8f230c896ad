//! `prebook add` of a class that exists already, as a prebooking or in a weekly rule: what was replaced is reported, and
//! classes that differ are kept apart.

use aimharder::model::prebooking::Progress;
use chrono::NaiveDate;
use serde_json::Value;

use super::{ahead, ids, output_of, refused, settle, with_login};
use crate::support::Home;

fn weekday(day: NaiveDate) -> String {
    day.format("%a").to_string().to_lowercase()
}

/// Standard output and standard error of a success.
fn both(home: &Home, line: &str) -> (String, String) {
    let output = home.run(line).ends(0);
    (output.stdout, output.stderr)
}

#[test]
fn an_occurrence_added_by_hand_leaves_its_rule_and_says_so() {
    let home = with_login();
    let day = ahead(3);
    output_of(
        &home,
        &format!(
            "prebook add --weekly {} --time 18:30 --class wod",
            weekday(day)
        ),
    );
    let add = format!("prebook add {day} 18:30 wod");
    let said = output_of(&home, &format!("{add} --waitlist"));
    let note = "prebooking 1 is no longer an occurrence of rule r1: changes and removal of r1 leave it as it is\n";
    assert!(said.contains(note), "{said}");
    assert!(
        said.contains("prebooking 1 existed and is changed; before: no options\n"),
        "{said}"
    );
    assert_eq!(
        home.run("prebook list").json()["prebookings"][0]["rule"],
        Value::Null
    );
    // it is its own already
    let said = output_of(&home, &format!("{add} --waitlist"));
    assert!(
        !said.contains("rule r1") && !said.contains("changed"),
        "{said}"
    );
    // a day for which the rule has made nothing so far
    let far = day + chrono::Days::new(28);
    let said = output_of(&home, &format!("prebook add {far} 18:30 wod"));
    let note =
        format!("{far} is a day of rule r1, which books nothing more than prebooking 3 then\n");
    assert!(said.contains(&note), "{said}");
}

#[test]
fn replaced_settings_are_reported() {
    let home = with_login();
    let day = ahead(3);
    output_of(
        &home,
        &format!("prebook add {day} 18:30 wod --or 19:30 --opens 4d"),
    );
    home.sql("UPDATE prebookings SET message = 'a refusal'");
    let message = || home.run("prebook list").json()["prebookings"][0]["message"].clone();
    output_of(
        &home,
        &format!("prebook add {day} 18:30 wod --or 19:30 --opens 4d"),
    );
    assert_eq!(message(), "a refusal");
    let said = output_of(&home, &format!("prebook add {day} 18:30 WOD --watch"));
    let note = "prebooking 1 existed and is changed; before: or 19:30, opening rule 4d\n";
    assert!(said.contains(note), "{said}");
    assert_eq!(message(), Value::Null, "it was about the earlier settings");
    let weekly = format!("prebook add --weekly {} --time 20:00", weekday(day));
    let said = output_of(&home, &format!("{weekly} --until {}", ahead(9)));
    assert!(!said.contains("changed"), "{said}");
    let said = output_of(&home, &format!("{weekly} --once-a-day"));
    let note = format!(
        "rule r1 existed and is changed; before: no options, until {}\n",
        ahead(9)
    );
    assert!(said.contains(&note), "{said}");
}

#[test]
fn classes_that_exist_are_not_added_by_a_rule_and_are_named() {
    let home = with_login();
    let (day, later) = (ahead(3), ahead(10));
    for day in [day, later] {
        output_of(&home, &format!("prebook add {day} 18:30 wod"));
    }
    settle(&home, 2, Progress::Booked);
    let weekly = format!(
        "prebook add --weekly {} --time 18:30 --class wod",
        weekday(day)
    );
    let said = output_of(&home, &weekly);
    let form = |day: NaiveDate| {
        let is_this_year = day.format("%Y").to_string() == ahead(0).format("%Y").to_string();
        day.format(if is_this_year {
            "%a %-d %b"
        } else {
            "%a %-d %b %Y"
        })
        .to_string()
    };
    let note = format!(
        "{} is prebooked already, as prebooking 1, {} is booked already, as prebooking 2\n",
        form(day),
        form(later)
    );
    assert!(said.contains(&note), "{said}");
    assert!(!said.contains("no occurrence"), "{said}");
    // an end before the first class
    let said = output_of(
        &home,
        &format!(
            "prebook add --weekly {} --time 20:30 --until {}",
            weekday(day),
            ahead(1)
        ),
    );
    assert!(said.contains("\nno occurrence is pending yet\n"), "{said}");
}

/// A class that was prebooked again after it was booked is one booking.
#[test]
fn a_booking_of_two_prebookings_is_shown_once() {
    let home = with_login();
    let day = ahead(3);
    for id in 1..=2 {
        output_of(&home, &format!("prebook add {day} 18:30 wod --lead {id}m"));
        settle(&home, id, Progress::Booked);
        if id == 1 {
            // of the same class, so that it is not reported as a conflict
            home.sql("UPDATE prebookings SET start = '19:00'");
        }
    }
    let skipped = home.run(&format!("prebook skip {day}")).json();
    assert_eq!(
        skipped["bookings"].as_array().unwrap().len(),
        1,
        "{skipped}"
    );
}

#[test]
fn the_lead_of_the_config_is_shown() {
    let home = with_login();
    home.config("password_command = [\"echo\", \"secret\"]\n[boxes.crossfitdemo]\nlead = \"100h\"");
    let said = refused(&home, &format!("prebook add {} 18:30 wod", ahead(3)), 2);
    assert!(
        said.contains(", which is within its lead of 4 d (config); use a later day"),
        "{said}"
    );
    let add = format!("prebook add {} 18:30 wod", ahead(6));
    let said = output_of(&home, &add);
    assert!(
        said.contains("\n     at least 4 d (config) before it starts\n"),
        "{said}"
    );
    assert_eq!(
        home.run("prebook list").json()["prebookings"][0]["lead"],
        Value::Null
    );
    let said = output_of(&home, &format!("{add} --lead 30m"));
    assert!(
        said.contains("\n     at least 30m before it starts\n"),
        "{said}"
    );
    home.config("lead = \"90m\"");
    let said = refused(&home, "prebook list", 2);
    assert!(
        said.contains("lead: unknown key, which belongs to [boxes.NAME]; known keys are account"),
        "{said}"
    );
}

/// Two classes with one name at one time are two classes.
#[test]
fn prebookings_that_differ_by_coach_or_id_are_kept_apart() {
    let home = with_login();
    let day = ahead(3);
    let mut all = Vec::new();
    for (n, class) in [
        "wod --coach marta",
        "wod --coach pablo",
        "--id 1223249",
        "--id 1223250",
    ]
    .into_iter()
    .enumerate()
    {
        let add = format!("prebook add {day} 18:30 {class}");
        let (said, warned) = both(&home, &add);
        assert!(!said.contains("changed"), "{said}");
        assert_eq!(warned.contains("is prebooked already"), n > 0, "{warned}");
        let id = i64::try_from(n + 1).unwrap();
        all.push(id);
        let (again, _) = both(&home, &format!("{add} --json"));
        assert_eq!(ids(&serde_json::from_str(&again).unwrap()), [id]);
    }
    assert_eq!(ids(&home.run("prebook list").json()), all);
    // the same for weekly rules
    let weekly = |coach: &str| {
        let day = weekday(ahead(5));
        both(
            &home,
            &format!("prebook add --weekly {day} --time 19:30 --class wod {coach}"),
        )
    };
    assert!(weekly("--coach marta").0.starts_with("rule r1 stored"));
    let (said, _) = weekly("--coach pablo");
    assert!(
        said.starts_with("rule r2 stored") && !said.contains("no occurrence"),
        "{said}"
    );
    // any coach: the classes are prebooked by the other rules
    let (_, warned) = weekly("");
    assert!(
        warned.contains("the classes of rule r3 are prebooked already by rule r1"),
        "{warned}"
    );
}
