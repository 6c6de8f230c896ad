//! The ordinary course: what is printed, stored, kept as history and notified.

use serde_json::{Value, json};

use crate::support::{ANA, SOURCE, START, Scenario, outcomes, shown, together};

#[test]
fn from_prebook_add_to_the_notification() {
    together(&[
        ("booked, with a notice", booked_with_a_notice),
        ("a notice that fails", failing_notice),
        ("what is waited for, on a terminal", watched),
        ("book --prebook", book_or_prebook),
        ("a weekly rule", weekly),
        ("a dry run sends nothing", dry_run),
        ("reported once", reported_once),
        ("texts for a phone", short_texts),
        ("an outage is reported at the third run", outage_reported),
    ]);
}

fn booked_with_a_notice() {
    let scene = Scenario::new().opens_in(4);
    scene.notify();
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    assert_eq!(fired.words, "");
    scene.on_time();
    let result = fired.only("booked");
    let stored = scene.ends(id, "booked", &[&class]);
    assert_eq!(result["opens_at"], stored["opens_at"]);
    assert_eq!(result["attempts"], stored["attempts"]);
    assert_eq!(stored["attempts"], scene.requests().len(), "{stored}");
    // a rule is shown without seconds if they are zero
    let rule = scene.rule.strip_suffix(":00").unwrap_or(&scene.rule);
    assert_eq!(stored["opens"], rule);
    let fired_at = result["fired_at"].as_str().unwrap();
    assert_eq!(fired_at.len(), "2026-11-20T18:30:00.004+01:00".len());
    assert_eq!(outcomes(&stored), ["booked"], "{stored}");
    let last = stored["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["book_state"], 1, "{stored}");

    let events = scene.lines("events");
    let [event] = events.as_slice() else {
        panic!("one event: {events:?}");
    };
    for (key, value) in [
        ("event", json!("booked")),
        ("account", json!(ANA)),
        ("box", json!("crossfitdemo")),
        ("prebooking_id", json!(id)),
        ("class", json!("WOD")),
        ("day", json!(scene.day.to_string())),
        ("start", json!(START)),
        ("outcome", json!("booked")),
        ("reservation_id", stored["reservation_id"].clone()),
    ] {
        assert_eq!(event[key], value, "{key} in {event}");
    }
    let text = format!("Booked: WOD, {} {START}", scene.day.format("%a %-d %b"));
    assert_eq!(event["message"], text, "no id, no account, no box");
    // in the box's zone, as all of its instants are
    let offset = |instant: &serde_json::Value| instant.as_str().unwrap()[19..].to_owned();
    assert_eq!(
        offset(&event["time"]),
        offset(&result["opens_at"]),
        "{event}"
    );
    assert_ne!(offset(&event["time"]), "+00:00", "{event}");
    // it was stored before it was notified
    let seen = &scene.lines("seen")[0]["prebookings"][0];
    assert_eq!(seen["status"], "booked", "{seen}");
    assert_eq!(seen["reservation_id"], stored["reservation_id"]);
}

/// It is a warning and not a failure of the run.
fn watched() {
    let scene = Scenario::new().opens_in(6);
    scene.class(&json!({}));
    scene.add("");
    let said = shown(&scene.home, 100, &[], "prebook run");
    let waits = format!("waiting for {START} WOD of ");
    assert!(said.starts_with(&waits), "{said}");
    assert_eq!(said.matches("booked").count(), 1, "{said}");
}

fn failing_notice() {
    let scene = Scenario::new().opens_in(2);
    let lines = format!("{SOURCE}\n[[notify]]\ncommand = \"exit 9\"");
    scene.home.config(&lines);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    assert!(fired.words.starts_with("warning: "), "{fired:?}");
    scene.ends(id, "booked", &[&class]);
}

fn book_or_prebook() {
    let scene = Scenario::new().opens_in(3);
    let class = scene.class(&json!({}));
    let set = format!("boxes set crossfitdemo --opens {}", scene.rule);
    scene.command(&set).succeeds();
    let book = |code| {
        let book = scene.command(&format!("book --prebook --time {START} --class WOD --day"));
        book.arg(scene.day.to_string()).ends_json(code)
    };
    let first = book(0);
    assert_eq!(first["outcome"], "prebooked", "{first}");
    let id = first["prebooking_id"].as_i64().expect("a number");
    assert_eq!(first["reservation_id"], Value::Null);
    assert_eq!(first["session"]["kind"], "device");
    let again = book(0);
    assert_eq!(again["outcome"], "prebooked", "{again}");
    assert_eq!(again["prebooking_id"], id, "{again}");
    assert_eq!(scene.stored(id)["opens_at"], first["opens_at"]);
    scene.fired(0).is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
    // it is open now: mine already, and another one is just booked
    assert_eq!(book(0)["outcome"], "already_booked");
    scene.class(&json!({ "start": "14:10" }));
    let other = scene.command("book --prebook --time 14:10 --day");
    let other = other.arg(scene.day.to_string()).json();
    assert_eq!(other["outcome"], "booked", "{other}");
    assert_eq!(other["prebooking_id"], Value::Null, "{other}");
}

/// Its occurrence of that day is booked; those of later weeks wait, a day left out is left out.
fn weekly() {
    let scene = Scenario::new().opens_in(3);
    let class = scene.class(&json!({}));
    let later = scene.day + chrono::Days::new(7);
    scene.class(&json!({ "day": later }));
    let weekday = scene.day.format("%a").to_string().to_lowercase();
    let add = format!(
        "prebook add --weekly {weekday} --time {START} --class wod --opens {}",
        scene.rule
    );
    let printed = scene.command(&add).any_stderr().json();
    assert_eq!(printed["rules"][0]["id"], "r1", "{printed}");
    let id = printed["prebookings"][0]["id"].as_i64().unwrap();
    scene.command(&format!("prebook skip {later}")).succeeds();
    scene.fired(0).is(&[("booked", 1)]);
    scene.on_time();
    let stored = scene.ends(id, "booked", &[&class]);
    assert_eq!(stored["rule"], "r1", "{stored}");
    let left = scene.command("prebook list").json();
    assert_eq!(left["prebookings"], json!([]), "{left}");
}

fn dry_run() {
    let (scene, _, id) = Scenario::prebooked(300, &json!({}), "");
    scene.sandbox.clear_log();
    let run = scene.command("prebook run --dry-run");
    run.clone().prints(&["13:10 WOD", ANA]);
    let printed = run.json();
    assert_eq!(printed["due"], 1, "{printed}");
    let result = &printed["results"][0];
    assert_eq!(result["outcome"], "would_book", "{printed}");
    assert_eq!(
        (&result["id"], &result["attempts"]),
        (&json!(id), &json!(0))
    );
    let short = scene.command("prebook run --dry-run --horizon 1m").json();
    assert_eq!(short["due"], 0, "{short}");
    // one that opens beyond the horizon is nothing to do
    scene.command("prebook run --horizon 1m").done();
    assert_eq!(scene.sandbox.log().len(), 0, "no network");
    scene.ends(id, "pending", &[]);
}

/// A problem that persists is reported and notified when it is new.
fn reported_once() {
    let scene = Scenario::new().opens_in(1);
    scene.notify();
    let class = scene.class(&json!({ "name": "Yoga" }));
    let id = scene.add("");
    let run = || scene.command("prebook run --give-up 1s");
    let first = run().fails(6, &["13:10", "Yoga", "stays pending"]);
    assert!(first.stderr.contains(ANA), "{first:?}");
    for _ in 0..2 {
        run().status(6).done();
    }
    let events = scene.lines("events");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["event"], "postponed", "{events:?}");
    assert_eq!(events[0]["outcome"], "not_found", "{events:?}");
    scene.patch(&class, &json!({ "name": "WOD" }));
    run().prints(&["booked"]);
    let events = scene.lines("events");
    assert_eq!(events[1]["event"], "booked", "{events:?}");
    scene.ends(id, "booked", &[&class]);
}

/// One line without ids, in the member's words.
fn short_texts() {
    for (flag, code, text) in [
        (
            "",
            4,
            "Not booked: Pilates, {day} 13:10 – the class is full",
        ),
        (
            "--waitlist",
            0,
            "Not booked: Pilates, {day} 13:10 – full, you are on the waiting list",
        ),
    ] {
        let scene = Scenario::new().opens_in(1);
        scene.notify();
        scene.class(&json!({ "name": "Pilates", "occupied": 12, "waitlist": 0 }));
        scene.prebook(&format!("--time 13:10 --class pilates {flag}"));
        let run = scene.command("prebook run");
        run.ends(code);
        let day = scene.day.format("%a %-d %b").to_string();
        let events = scene.lines("events");
        assert_eq!(
            events[0]["message"],
            text.replace("{day}", &day),
            "{events:?}"
        );
    }
}

fn outage_reported() {
    let (scene, class, id) = Scenario::prebooked(1, &json!({}), "");
    scene.sandbox.down();
    for nth in 1..=4 {
        let run = scene.command("prebook run --give-up 200ms");
        if nth == 3 {
            run.fails(5, &["13:10 WOD"]);
        } else {
            run.status(5).done();
        }
    }
    scene.sandbox.clear_faults();
    scene.books(id, &class);
}
