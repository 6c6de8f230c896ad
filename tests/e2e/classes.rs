//! `classes`: the schedule as `scripting.md` shows it, whatever the platform's rows look like; filters by name; and names
//! that try to forge output.

use serde_json::{Value, json};

use crate::support::{ANA, Home, Sandbox, day, logged_in, madrid, with};

/// A day far ahead, which the sandbox's own timetable does not reach.
const FAR: u64 = 100;

fn class(sandbox: &Sandbox, more: Value) -> String {
    sandbox.trial(with(&json!({ "day": day(FAR) }), more))
}

fn classes(home: &Home, more: &str) -> Vec<Value> {
    let printed = home.run("classes --day +100").args(more).json();
    printed["classes"].as_array().unwrap().clone()
}

#[test]
fn every_quirk_of_the_platform() {
    let (sandbox, home) = logged_in();
    let id = class(&sandbox, json!({ "occupied": 12, "waitlist": 3 }));
    let gone = class(&sandbox, json!({ "start": "15:00", "cancelled": true }));
    for quirk in [
        "strings",
        "missing",
        "dash",
        "start_only",
        "spaces",
        "limit_text",
        "limit_slash",
        "waiting_text",
        "enabled_absent",
        "null_coach",
        "cancelled_string",
        "number_id",
    ] {
        sandbox.config(&json!({ "quirks": [quirk] }));
        let printed = classes(&home, "");
        let missing = quirk == "missing";
        let coach = (quirk != "null_coach").then_some("Marta");
        for (key, value) in [
            ("id", json!(id)),
            ("name", json!("Prueba")),
            ("start", json!("13:10")),
            ("end", json!("14:10")),
            ("state", json!(if missing { "open" } else { "full" })),
            ("capacity", json!((!missing).then_some(12))),
            ("waiting", json!((!missing).then_some(3))),
            ("coach", json!(coach)),
        ] {
            assert_eq!(printed[0][key], value, "{quirk}: {key}");
        }
        assert_eq!(printed[1]["id"], gone.as_str());
        assert_eq!(printed[1]["state"], "cancelled", "{quirk}");
    }
}

#[test]
fn classes_that_only_the_staff_books_are_closed() {
    let (sandbox, home) = logged_in();
    class(&sandbox, json!({ "resadmin": true }));
    class(&sandbox, json!({ "hidden": true }));
    let printed = classes(&home, "");
    let states: Vec<&Value> = printed.iter().map(|class| &class["state"]).collect();
    assert_eq!(states, ["closed", "closed"]);
}

#[test]
fn past_and_not_open() {
    let (sandbox, home) = logged_in();
    class(&sandbox, json!({}));
    let printed = home
        .run("classes --day")
        .arg((crate::support::today() - chrono::Days::new(3)).to_string())
        .json();
    let past = printed["classes"].as_array().unwrap();
    assert!(!past.is_empty() && past.iter().all(|c| c["state"] == "past"));
    home.run("boxes set crossfitdemo --opens 4d@07:00")
        .succeeds();
    let printed = classes(&home, "");
    assert_eq!(printed[0]["state"], "not_open");
    assert_eq!(
        printed[0]["opens_at"],
        madrid(&day(FAR - 4), "07:00").to_rfc3339()
    );
    home.run("classes --day +100").prints(&["opens ", "07:00"]);
    home.run("boxes set crossfitdemo --opens 200d").succeeds();
    assert_eq!(classes(&home, "")[0]["state"], "open");
}

#[test]
fn several_days_and_an_empty_one() {
    let (sandbox, home) = logged_in();
    class(&sandbox, json!({}));
    sandbox.class(&json!({ "day": day(FAR + 2), "start": "07:00" }));
    assert_eq!(classes(&home, "--days 3").len(), 2);
    assert_eq!(sandbox.sent("/api/bookings").len(), 3);
    let shown = home.run("classes --day +100 --days 3").succeeds().stdout;
    assert_eq!(shown.matches("no classes published").count(), 1, "{shown}");
    assert_eq!(classes(&home, "--days 1").len(), 1);
    let printed = home.run("classes --day +101").json();
    assert_eq!(printed["classes"], json!([]));
    home.run("classes --days 0").usage(&["0"]);
}

#[test]
fn seen_by_a_family_member() {
    let (sandbox, home) = logged_in();
    let id = class(&sandbox, json!({}));
    sandbox.reserve(ANA, &id, 1);
    assert_eq!(classes(&home, "")[0]["state"], "booked");
    assert_eq!(classes(&home, "--family 70002")[0]["state"], "open");
    let last = sandbox.sent("/api/bookings").pop().unwrap();
    assert!(last["query"].as_str().unwrap().contains("familyId=70002"));
}

#[test]
fn the_boxs_zone_counts() {
    let (sandbox, home) = logged_in();
    class(&sandbox, json!({}));
    home.run("boxes set crossfitdemo --timezone Atlantic/Canary")
        .succeeds();
    // `+100` would count from the day of the box, which may be another one
    let printed = home.run(&format!("classes --day {}", day(FAR))).json();
    assert_eq!(printed["timezone"], "Atlantic/Canary");
    let madrid = madrid(&day(FAR), "13:10");
    let canary = printed["classes"][0]["starts_at"].as_str().unwrap();
    let canary = chrono::DateTime::parse_from_rfc3339(canary).unwrap();
    assert_eq!((canary.to_utc() - madrid.to_utc()).num_hours(), 1);
}

#[test]
fn a_day_of_which_nothing_can_be_read_is_no_empty_day() {
    let (sandbox, home) = logged_in();
    let day =
        json!({ "bookings": [{ "id": 7, "time": "soon", "className": "WOD", "bookState": null }] });
    for command in ["classes", "book --day today --time 18:30"] {
        sandbox.fault(&json!({ "path": "/api/bookings", "kind": "json", "body": day }));
        home.run(command)
            .fails(5, &["none of them with id and time"]);
    }
}

#[test]
fn a_class_that_is_listed_twice_or_without_a_time_is_one_class() {
    let (sandbox, home) = logged_in();
    let class = json!({ "day": day(3), "start": "13:10", "name": "Prueba", "quirks": ["twice", "no_time"] });
    let id = sandbox.class(&class);
    let mut classes = home.run("classes --class prueba --day +3").json();
    let classes: Vec<Value> = serde_json::from_value(classes["classes"].take()).unwrap();
    let found: Vec<_> = classes
        .iter()
        .map(|class| (&class["id"], &class["start"], &class["end"]))
        .collect();
    assert_eq!(found, [(&json!(id), &json!("13:10"), &json!("14:10"))]);
    let booked = home.run("book --time 13:10 --day +3").json();
    assert_eq!(booked["outcome"], "booked");
}

#[test]
fn what_a_class_is_about_is_shown_if_the_platform_says_so() {
    let (sandbox, home) = logged_in();
    let link = "https://zoom.example/j/1";
    sandbox.class(&json!({
        "day": day(6), "start": "13:10", "name": "Plain", "description": "Trae <b>esterilla</b>\n", "online": link,
    }));
    sandbox.class(&json!({
        "day": day(6), "start": "14:10", "name": "Plain", "online": "javascript:alert(1)",
    }));
    let printed = home.run("classes --day +6 --class plain").json();
    let [first, second] = &printed["classes"].as_array().unwrap()[..] else {
        panic!("two: {printed}")
    };
    assert_eq!(first["description"], "Trae esterilla");
    assert_eq!(
        (&first["online"], &first["address"]),
        (&json!(link), &json!("C/ Mayor 1"))
    );
    assert_eq!(
        (&second["description"], &second["online"]),
        (&Value::Null, &Value::Null)
    );
    let details = format!("    Trae esterilla; {link}; C/ Mayor 1\n");
    home.run("classes --day +6 --class plain -v")
        .any_stderr()
        .prints(&[&details]);
    let short = home.run("classes --day +6 --class plain").succeeds();
    assert!(!short.stdout.contains(link), "{short:?}");
}

#[test]
fn names_match_without_case_and_accents() {
    let (sandbox, home) = logged_in();
    class(&sandbox, json!({ "name": "Gimnàstics Avançat" }));
    class(&sandbox, json!({ "name": "Gimnastics", "start": "15:00" }));
    assert_eq!(
        classes(&home, "--class GIMNASTICS").len(),
        2,
        "an exact match takes precedence only where one class is wanted"
    );
    assert_eq!(classes(&home, "--class avancat").len(), 1);
    assert_eq!(classes(&home, "--class gimn").len(), 2);
    assert_eq!(classes(&home, "--class nada"), Vec::<Value>::new());
}

#[test]
fn nothing_is_forged_by_names() {
    let (sandbox, home) = logged_in();
    let names = [
        "\u{1b}]0;title\u{7}\u{1b}[2JWOD",
        "A\nerror: fake\r\nB",
        "<b>Fuerza</b> &amp; WOD",
        "\u{202e}DOW\u{200b}",
        "<script>alert(1)</script>",
        "&lt;img src=x&gt;&#27;[31m",
        "\u{9b}31mC1",
    ];
    for (n, name) in names.iter().enumerate() {
        class(
            &sandbox,
            json!({ "start": format!("{:02}:00", 8 + n), "name": name, "coach": name }),
        );
    }
    let printed = classes(&home, "");
    assert_eq!(printed.len(), names.len());
    assert_eq!(printed[2]["name"], "Fuerza & WOD");
    for class in &printed {
        let name = class["name"].as_str().unwrap();
        let odd = |c: char| c.is_control() || "\u{202e}\u{200b}".contains(c);
        assert!(!name.contains(odd), "{name:?}");
        assert!(
            !name.contains("<b>") && !name.contains("<script") && !name.contains("<img"),
            "{name}"
        );
    }
    let shown = home.run("classes --day +100").succeeds().stdout;
    assert_eq!(shown.lines().count(), 1 + names.len(), "{shown}");
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\n'),
        "{shown:?}"
    );
    home.run("book --day +100 --time 07:00")
        .fails(6, &["Fuerza & WOD"]);
    home.run("book --day +100 --time 09:00 --dry-run")
        .prints(&["would book: A error: fake B"]);
}

/// `src/model/day/tests.rs` has all names and forms.
#[test]
fn days_in_three_languages() {
    let (sandbox, home) = logged_in();
    for word in ["tomorrow", "lunes", "demà", "+3", "20261123"] {
        home.run("classes --day").arg(word).succeeds();
    }
    assert_eq!(sandbox.sent("/api/bookings").len(), 5);
    for word in ["2026-02-30", "-3"] {
        home.run("classes --day").arg(word).usage(&["--day"]);
    }
}
