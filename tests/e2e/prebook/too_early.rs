//! What a list and `status` show of a prebooking whose booking was too early at its opening.

use chrono::{Days, TimeDelta, Utc};
use chrono_tz::Europe::Madrid;
use serde_json::json;

use crate::support::{Scenario, real_ms};

fn is_shown_as_not_open(scene: &Scenario) {
    for command in ["prebook list", "prebook list --all", "status"] {
        let shown = scene.home.run(command).any_stderr().unchecked();
        let text = &shown.stdout;
        assert!(text.contains("was not open "), "{command}: {text}");
        assert!(!text.contains("open since"), "{command}: {text}");
    }
}

/// The hour of a guess passed two minutes ago.
#[test]
fn a_guess_that_was_refused_is_not_shown_as_open() {
    let scene = Scenario::new();
    let guess = Utc::now().with_timezone(&Madrid) - TimeDelta::minutes(2);
    let (day, start) = (guess.date_naive() + Days::new(2), guess.format("%H:%M"));
    let gym = json!({ "name": "crossfitdemo", "opens": "2d" });
    scene.sandbox.gym(&gym);
    scene.class(&json!({
        "day": day, "start": start.to_string(), "opens_at_ms": real_ms() + 3_600_000,
    }));
    let add = format!("prebook add --day {day} --time {start} --class WOD");
    scene.command(&add).any_stderr().json();
    // the run does not wait for the next half hour
    scene.fired_with("--horizon 1s", 0).only("too_early");
    assert_eq!(scene.stored(1)["opens"], "2d?");
    is_shown_as_not_open(&scene);
}

#[test]
fn a_rule_that_was_refused_is_not_shown_as_open() {
    let scene = Scenario::new().opens_in(1);
    // the sandbox would name another number of days in the hour before midnight
    let refusal = json!({
        "bookState": -12, "errorMssgLang": "ERROR_ANTELACION_CLIENTE",
        "errorMssg": "No puedes reservar clases con más de 2 días de antelación",
    });
    scene.class(&json!({ "book_answers": vec![refusal; 1000] }));
    scene.add("");
    scene.fired_with("--give-up 1s", 0).only("too_early");
    is_shown_as_not_open(&scene);
}
