//! Clocks that are wrong or are set while a run waits, and openings that are not when the rule says.

use chrono::{DateTime, Days, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use crate::support::{ANA, START, Scenario, outcomes, says, side_by_side, together};

const DAY_MS: i64 = 86_400_000;

#[test]
fn clocks_and_rules_that_are_wrong() {
    together(&[
        ("server 2.7 s ahead", || skewed(2700)),
        ("server ten minutes ahead", || skewed(600_000)),
        ("server ten seconds behind", behind),
        ("two seconds later than the rule says", two_seconds_later),
        ("later than --give-up", much_later),
        ("days later, as the refusal says", || days_later("both")),
        ("days later, by the text alone", || days_later("text")),
        ("days later, by the key alone", || days_later("key")),
    ]);
}

#[test]
fn wrong_dates() {
    let hour = 3600;
    let cases = [
        (json!({ "date_shift_s": -hour, "count": 1 }), ""),
        (json!({ "date_shift_s": hour, "count": 2, "skip": 1 }), ""),
        (json!({ "date_shift_s": -hour, "count": -1 }), ""),
        // found to be wrong only while the run waits
        (json!({ "date_shift_s": -hour, "count": -1, "skip": 4 }), ""),
        (json!({ "date_shift_s": hour, "count": -1 }), "--give-up 1s"),
        (
            json!({ "date": "Thu, 31 Dec +262142 23:59:59 GMT", "count": -1 }),
            "",
        ),
        (
            json!({ "date": "Thu, 01 Jan 1970 00:00:00 GMT", "count": -1 }),
            "",
        ),
        (
            json!({ "date": "Sun, 01 Nov 2026 10:00:00 GMT", "count": -1 }),
            "",
        ),
        (json!({ "date": "", "count": -1 }), ""),
    ];
    side_by_side(&cases, |(fault, args)| dates(fault.clone(), args));
}

/// The class is booked at its opening by the clock of this machine, which is right.
fn dates(mut fault: Value, args: &str) {
    let (scene, class, id) = Scenario::prebooked(8, &json!({}), "");
    fault["path"] = "*".into();
    fault["kind"] = "date".into();
    scene.sandbox.fault(&fault);
    scene.fired_with(args, 0).is(&[("booked", 1)]);
    scene.on_time();
    let last = scene.requests().pop().unwrap();
    let late = last["server_ms"].as_i64().unwrap() - scene.opens_ms;
    assert!(late < 1500, "{late} ms late with {fault}");
    scene.ends(id, "booked", &[&class]);
}

/// The offset and the server's time of the deciding request are reported, as precisely as a `Date` in seconds and a busy machine
/// allow.
#[allow(clippy::cast_precision_loss)] // a few minutes in milliseconds
fn skewed(ms: i64) {
    let mut scene = Scenario::new();
    scene.server_ahead(ms);
    let scene = scene.opens_in(6);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let fired = scene.fired(0);
    let result = fired.only("booked");
    let printed = result["clock_offset_ms"].as_f64().expect("an offset");
    assert!((printed - ms as f64).abs() < 1000.0, "{result}");
    let arrived = scene.requests().last().unwrap()["server_ms"].as_i64();
    let fired_at = DateTime::parse_from_rfc3339(result["fired_at"].as_str().unwrap());
    let wrong = fired_at.unwrap().timestamp_millis() - arrived.unwrap();
    assert!(wrong.abs() < 2000, "{wrong}: {result}");
    scene.aimed();
    scene.ends(id, "booked", &[&class]);
}

/// By the machine's clock it is overdue: a first request is too early, the next is sent at the opening.
fn behind() {
    let mut scene = Scenario::new();
    scene.server_ahead(-10_000);
    let scene = scene.opens_in(3);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    scene.fired_with("--give-up 2s", 0).is(&[("booked", 1)]);
    scene.on_time();
    let early = scene.requests().len() - scene.in_time().len();
    assert!(early <= 3, "{early} early requests");
    scene.ends(id, "booked", &[&class]);
}

fn two_seconds_later() {
    let scene = Scenario::new().opens_in(5);
    let class = scene.class(&json!({ "opens_at_ms": scene.opens_ms + 2000 }));
    let id = scene.add("");
    let fired = scene.fired(0);
    let result = fired.only("booked");
    let attempts = result["attempts"].as_u64().unwrap();
    assert!((2..200).contains(&attempts), "{result}");
    let stored = scene.ends(id, "booked", &[&class]);
    let history = stored["history"].as_array().unwrap();
    assert_eq!(history.len() as u64, attempts, "{stored}");
    assert_eq!(history[0]["outcome"], "too_early", "{stored}");
    assert_eq!(outcomes(&stored), ["booked"], "{stored}");
}

/// On the same day: the rule may be right, and the gym late. Each run tries again.
fn much_later() {
    let scene = Scenario::new().opens_in(2);
    // a text would state another day if the minute passes midnight
    scene.sandbox.config(&json!({ "refusal_shape": "key" }));
    let class = scene.class(&json!({ "opens_at_ms": scene.opens_ms + 60_000 }));
    let id = scene.add("");
    let fired = scene.fired_with("--give-up 1s", 0);
    fired.only("too_early");
    let stored = scene.ends(id, "pending", &[]);
    assert!(stored["attempts"].as_u64() > Some(1), "{stored}");
    scene.patch(&class, &json!({ "opens_at_ms": scene.opens_ms }));
    scene.books(id, &class);
}

/// The rule says two days; the refusal says one.
fn days_later(shape: &str) {
    let scene = Scenario::new().opens_in(2);
    scene.sandbox.config(&json!({ "refusal_shape": shape }));
    scene
        .sandbox
        .gym(&json!({ "name": "crossfitdemo", "opens": "1d" }));
    scene.class(&json!({ "opens_at_ms": null }));
    let id = scene.add("");
    let fired = scene.fired_with("--give-up 2s", 0);
    let result = fired.only("too_early");
    let stored = scene.ends(id, "pending", &[]);
    if shape == "key" {
        // a key alone gives no day: repeated until --give-up
        assert!(result["attempts"].as_u64() > Some(1), "{result}");
        return;
    }
    assert_eq!(outcomes(&stored).len(), 0, "{stored}");
    let tomorrow = (scene.day - chrono::Days::new(1)).to_string();
    let opens = stored["opens_at"].as_str().unwrap();
    assert!(
        opens.starts_with(&format!("{tomorrow}T{START}:00")),
        "{stored}"
    );
    says(&stored, &["1"]);
    assert_eq!(scene.fired(0).count("due"), 0, "moved to tomorrow");
}

/// The class was yesterday by the clock of this machine.
#[test]
fn a_prebooking_expires_only_by_the_clock_of_the_server() {
    let (scene, class, id) = Scenario::prebooked(1, &json!({}), "");
    let day = scene.day - Days::new(3);
    let opens = scene.opens_ms - 3 * DAY_MS;
    scene.patch(&class, &json!({ "day": day, "opens_at_ms": opens }));
    scene.home.sql(&format!(
        "UPDATE prebookings SET day = '{day}' WHERE id = {id}"
    ));
    let no_date = json!({ "path": "*", "kind": "date", "date": "", "count": -1 });
    scene.sandbox.fault(&no_date);
    let fired = scene.fired(5);
    let words = ["has started by this machine's clock", "could not be read"];
    says(fired.only("unreachable"), &words);
    scene.sandbox.clear_faults();
    let behind = |days: i64| scene.sandbox.config(&json!({ "skew_ms": -days * DAY_MS }));
    behind(4);
    let fired = scene.fired(0);
    says(
        fired.only("too_early"),
        &["not open yet by the server's clock"],
    );
    assert!(scene.requests().is_empty());
    behind(2);
    let booked = scene.books(id, &class);
    // and the same if an earlier run may have booked it, and has not
    behind(0);
    let reservation = booked["reservation_id"].as_str().unwrap();
    scene.sandbox.unreserve(reservation);
    scene.home.sql("UPDATE prebookings SET status = 'pending'");
    says(scene.fired(4).only("expired"), &["the class has started"]);
    assert_eq!(scene.requests().len(), 1);
}

/// A rule in days gives no hour. It is midday at the box, so that the guess is on this day.
#[test]
fn a_booking_before_the_guessed_hour_names_the_better_rule() {
    let scene = Scenario::new();
    let east = 12 - i64::from(Utc::now().hour());
    let set = format!("boxes set crossfitdemo --timezone Etc/GMT{:+}", -east);
    scene.home.run(&set).succeeds();
    let guess = Utc::now().naive_utc() + TimeDelta::hours(east + 1);
    let (day, start) = (guess.date() + Days::new(2), guess.format("%H:%M"));
    let class = json!({ "day": day, "start": start.to_string(), "opens_at_ms": null });
    scene.class(&class);
    scene.home.sql(&format!(
        "INSERT INTO class_rules VALUES ('crossfitdemo', 'WOD', 'wod', '{ANA}', '2d?')"
    ));
    let add = format!("prebook add --day {day} --time {start} --class WOD");
    scene.command(&add).any_stderr().json();
    let fired = scene.fired(0);
    let words = [
        "already, 2 days before the class",
        "`aimharder boxes set --help`",
    ];
    says(fired.only("booked"), &words);
}
