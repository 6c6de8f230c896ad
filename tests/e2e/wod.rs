//! `wod`: workouts that the box published, whatever their posts look like.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::support::{day, logged_in};

fn post(id: u64, label: &str, when: &str, record: &str) -> Value {
    json!({ "id": id, "wodClass": "WOD", "day": label, "when": when, "recordDate": record,
        "TIPOWODs": [{ "title": format!("Post {id}"), "type": 2, "timecap": 12, "notes": "<p>AMRAP<br>de 12</p>" }],
        "ejerRate": [{ "ejerName": "Row", "tipoWOD": 0, "valor1": "500", "formaReg": 2 }] })
}

#[test]
fn the_workout_of_today_takes_two_requests() {
    let (sandbox, home) = logged_in();
    sandbox.clear_log();
    let shown = home.run("wod").json();
    assert_eq!(shown["box"], "crossfitdemo");
    assert_eq!(shown["session"]["kind"], "device");
    let workouts = shown["workouts"].as_array().unwrap();
    assert_eq!(workouts.len(), 1, "{shown}");
    let workout = &workouts[0];
    assert_eq!(workout["day"], day(0));
    assert_eq!(
        (&workout["title"], &workout["type"]),
        (&json!("Fran"), &json!("for_time"))
    );
    assert_eq!(
        (&workout["class"], &workout["time_cap"]),
        (&json!("WOD"), &json!("10"))
    );
    let fran = &workout["blocks"][0];
    assert_eq!(fran["text"], "Por tiempo\nEscala si hace falta");
    assert_eq!(fran["exercises"][0]["prescription"], "21-15-9 reps, 43 kg");
    assert_eq!(workout["blocks"][1]["exercises"][0]["name"], "Plank");
    assert_eq!(sandbox.sent("/").len(), 1);
    assert_eq!(sandbox.sent("/api/activity").len(), 1);
    // the pinned post is the only one whose day is not clear
    assert_eq!(sandbox.sent("/api/activity/workout").len(), 1);
    let text = home.run("wod tomorrow").succeeds().stdout;
    assert!(text.contains("Fran (for time, time cap 10)"), "{text}");
    assert!(text.contains("Thruster: 21-15-9 reps, 43 kg"), "{text}");
}

#[test]
fn a_box_without_workouts_shows_none() {
    let (sandbox, home) = logged_in();
    sandbox.gym(&json!({ "name": "crossfitdemo", "workouts": [] }));
    home.run("wod").stdout("no workout is published\n").done();
    assert_eq!(home.run("wod --days 3").json()["workouts"], json!([]));
}

#[test]
fn older_pages_and_details_are_read_as_far_as_needed() {
    let (sandbox, home) = logged_in();
    let today: NaiveDate = day(0).parse().unwrap();
    let back = |days: u64| today - Days::new(days);
    let mut posts = vec![
        // pinned, without a date, and for another day than its date says
        post(100, "1 Ene", "2056-01-01", "2020-01-01"),
        post(101, "", "", &back(5).to_string()),
        post(102, "31 Feb", "soon", "never"),
    ];
    posts.extend((0..30).map(|n| {
        let day = back(n);
        post(n, "", &day.format("%d/%m/%Y").to_string(), &day.to_string())
    }));
    sandbox.gym(&json!({ "name": "crossfitdemo", "workouts": posts }));
    sandbox.clear_log();
    let shown = home.run(&format!("wod {}", back(5))).json();
    let titles: Vec<&Value> = shown["workouts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| &w["title"])
        .collect();
    assert_eq!(titles, ["Post 101", "Post 5"]);
    assert_eq!(sandbox.sent("/api/activity").len(), 1);
    let shown = home.run(&format!("wod {}", back(12))).json();
    assert_eq!(shown["workouts"][0]["title"], "Post 12");
}

#[test]
fn bad_answers_and_arguments_end_with_an_error() {
    let (sandbox, home) = logged_in();
    home.run("wod someday")
        .any_stderr()
        .usage(&["is not a valid day"]);
    home.run("wod --days 15").any_stderr().usage(&["--days"]);
    for (path, kind) in [
        ("/", "empty"),
        ("/api/activity", "empty"),
        ("/api/activity", "foreign"),
        ("/api/activity", "huge"),
        ("/api/activity", "garbage"),
    ] {
        sandbox.fault(&json!({ "path": path, "kind": kind, "count": 1 }));
        home.run("wod").any_stderr().status(5).done();
        sandbox.clear_faults();
    }
}
