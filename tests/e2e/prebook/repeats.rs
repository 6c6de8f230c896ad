//! Until `--give-up` every response that does not prove an end is repeated, and a prebooking that was removed or changed
//! is not requested again.

use serde_json::{Value, json};

use crate::support::{Fired, START, Scenario, day, outcomes, side_by_side, wait_for};

#[test]
fn a_class_that_appears_after_its_opening_is_booked() {
    for fields in [
        json!({ "appears_after_ms": 200 }),
        json!({ "enabled_after_ms": 700 }),
    ] {
        let (scene, class, id) = Scenario::prebooked(2, &fields, "");
        scene.books(id, &class);
        let late = scene.in_time()[0]["server_ms"].as_i64().unwrap() - scene.opens_ms;
        assert!(late < 1600, "{fields}: {late} ms");
    }
}

#[test]
fn a_response_that_explains_nothing_is_repeated() {
    let answers = [
        json!({ "bookState": -12 }),
        json!({ "bookState": -30 }),
        json!({ "error": { "code": 503, "message": "Service Unavailable" } }),
        json!({ "error": { "code": 7 } }),
    ];
    side_by_side(&answers, |answer| {
        let (scene, class, id) =
            Scenario::prebooked(2, &json!({ "book_answers": [answer, answer, answer] }), "");
        scene.books(id, &class);
    });
}

/// The class has no opening rule. It was full, so booking has opened.
#[test]
fn a_request_for_the_waiting_list_is_repeated_whatever_is_known_of_the_opening() {
    let scene = Scenario::new().opens_in(0);
    let answers = json!([{ "bookState": -1 }, { "bookState": -12 }, { "bookState": -12 }]);
    let class = scene.class(
        &json!({ "occupied": 12, "waitlist": 2, "book_answers": answers, "opens_at_ms": null }),
    );
    let add = format!(
        "prebook add --day {} --time {START} --class WOD --waitlist",
        scene.day
    );
    let added = scene.command(&add).any_stderr().json();
    let id = added["prebookings"][0]["id"].as_i64().unwrap();
    scene.fired(0).is(&[("waitlisted", 1)]);
    let stored = scene.ends(id, "waitlisted", &[&class]);
    assert_eq!(outcomes(&stored).len(), 4, "{stored}");
    let history = stored["history"].as_array().unwrap();
    assert!(
        history.iter().all(|it| it["lateness_ms"].is_null()),
        "{stored}"
    );
}

#[test]
fn a_definite_refusal_is_not_repeated() {
    let answers = [
        json!({ "bookState": -1 }),
        json!({ "bookState": -9 }),
        json!({ "bookState": -12, "errorMssg": "Hoy no" }),
        json!({ "bookState": -12, "errorMssgLang": "HASSUPERADOLIMITCONTR" }),
    ];
    side_by_side(&answers, |answer| {
        let (scene, _, id) =
            Scenario::prebooked(2, &json!({ "book_answers": [answer, answer] }), "");
        scene.fired(4).is(&[("failed", 1)]);
        assert_eq!(scene.requests().len(), 1, "{answer}");
        scene.ends(id, "failed", &[]);
    });
}

#[test]
fn a_class_that_stays_missing_is_looked_up_until_give_up() {
    let scene = Scenario::new().opens_in(2);
    let id = scene.add("");
    let fired = scene.fired_with("--give-up 3s", 6);
    fired.only("not_found");
    let looks = scene.sandbox.sent("/api/bookings").len();
    assert!((4..30).contains(&looks), "{looks} looks");
    scene.ends(id, "pending", &[]);
}

#[test]
fn the_next_choice_is_tried_after_three_seconds() {
    let scene = Scenario::new().opens_in(2);
    let other = scene.class(&json!({ "start": "14:10", "opens_at_ms": null }));
    let id = scene.add("--or 14:10");
    scene.fired(0).is(&[("booked", 1)]);
    let late = scene.requests()[0]["server_ms"].as_i64().unwrap() - scene.opens_ms;
    assert!((2900..8000).contains(&late), "{late} ms");
    scene.ends(id, "booked", &[&other]);
}

#[test]
fn the_next_choice_is_tried_at_once_if_a_class_is_reserved_or_hidden() {
    side_by_side(&["resadmin", "hidden"], |switch| {
        let scene = Scenario::new().opens_in(2);
        scene.class(&json!({ *switch: true }));
        let other = scene.class(&json!({ "start": "14:10" }));
        let id = scene.add("--or 14:10");
        scene.fired(0).is(&[("booked", 1)]);
        let late = scene.requests()[0]["server_ms"].as_i64().unwrap() - scene.opens_ms;
        assert!(late < 2500, "{switch}: {late} ms");
        scene.ends(id, "booked", &[&other]);
    });
}

#[test]
fn the_first_choice_is_looked_up_again_after_the_others() {
    let scene = Scenario::new().opens_in(2);
    let first = scene.class(&json!({ "appears_after_ms": 5000 }));
    scene.class(&json!({ "start": "14:10", "opens_at_ms": null, "occupied": 12 }));
    let id = scene.add("--or 14:10");
    scene.books(id, &first);
}

/// The last choice opens an hour later. Each of the others is left for the other one before its class appears.
#[test]
fn all_choices_that_are_open_are_looked_up_while_a_later_one_is_not() {
    side_by_side(&["13:10", "14:10"], |start| {
        let scene = Scenario::new().opens_in(2);
        let class = scene.class(&json!({ "start": start, "appears_after_ms": 8000 }));
        let later =
            json!({ "start": "15:10", "name": "Yoga", "opens_at_ms": scene.opens_ms + 3_600_000 });
        scene.class(&later);
        let set = format!("boxes set crossfitdemo --opens {}", scene.rule);
        scene.command(&set).succeeds();
        let day = scene.day.to_string();
        let later = scene.rule_at(3_600_000);
        let set = format!("boxes set crossfitdemo --class yoga --opens {later}");
        scene.command(&set).succeeds();
        let add = scene
            .command("prebook add --time 13:10 --or 14:10 --day")
            .arg(&day);
        let added = add.args("--or").arg("15:10 Yoga").any_stderr().json();
        let id = added["prebookings"][0]["id"].as_i64().unwrap();
        scene.books(id, &class);
    });
}

/// A run that is refused as too early, again and again.
fn repeating(scene: &Scenario) -> crate::support::Running {
    let run = scene.go("");
    wait_for("some repeats", || scene.requests().len() > 3);
    run
}

fn never_opens() -> (Scenario, i64) {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({ "opens_at_ms": scene.opens_ms + 12_000 }));
    let id = scene.add("");
    (scene, id)
}

fn is_not_requested_again(scene: &Scenario, run: crate::support::Running) {
    let sent = scene.requests().len();
    let fired = Fired::of(run, 0);
    assert_eq!(fired.count("booked"), 0, "{fired:?}");
    let more = scene.requests().len() - sent;
    assert!(more <= 1, "{more} requests after the change");
    assert!(scene.sandbox.all_reservations().is_empty());
}

#[test]
fn a_prebooking_removed_during_repeats_is_not_requested_again() {
    let (scene, id) = never_opens();
    // until the booking is settled, cookies are kept in memory
    let cookie = json!({ "Set-Cookie": "extra=kept4ever; Path=/" });
    scene
        .sandbox
        .fault(&json!({ "path": "/api/book", "kind": "date", "headers": cookie, "count": -1 }));
    let run = repeating(&scene);
    scene.command(&format!("prebook remove {id}")).succeeds();
    is_not_requested_again(&scene, run);
    let stored = "SELECT cookies FROM sessions WHERE kind = 'background'";
    let cookies = scene.home.ask(stored);
    assert!(cookies.contains("kept4ever"), "{cookies}");
}

#[test]
fn a_day_skipped_during_repeats_is_not_requested_again() {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({ "opens_at_ms": scene.opens_ms + 12_000 }));
    let weekday = scene.day.format("%a").to_string().to_lowercase();
    let add = scene.command("prebook add --time").arg(START);
    let add = add.args("--class WOD --weekly").arg(weekday);
    let rule = scene.rule.clone();
    add.args("--opens").arg(rule).ends(0);
    let run = repeating(&scene);
    let skip = scene.command("prebook skip").arg(scene.day.to_string());
    skip.succeeds();
    is_not_requested_again(&scene, run);
}

/// The changed prebooking opens tomorrow. The requests for what it was before stay in its history.
#[test]
fn a_prebooking_changed_during_repeats_is_not_requested_as_it_was() {
    let (scene, id) = never_opens();
    let run = repeating(&scene);
    let change = format!("prebook add --time {START} --class WOD --opens 1d --day");
    let change = scene.command(&change).arg(scene.day.to_string());
    let changed = change.any_stderr().json();
    assert_eq!(changed["prebookings"][0]["id"], id, "{changed}");
    is_not_requested_again(&scene, run);
    let stored = scene.ends(id, "pending", &[]);
    let sent = scene.requests().len();
    assert_eq!(stored["attempts"], sent, "{stored}");
    assert_eq!(stored["history"].as_array().unwrap().len(), sent);
}

#[test]
fn a_missing_class_removed_during_repeats_is_not_looked_up_again() {
    let scene = Scenario::new().opens_in(1);
    let id = scene.add("");
    let run = scene.go("");
    wait_for("some looks", || {
        scene.sandbox.sent("/api/bookings").len() > 3
    });
    scene.command(&format!("prebook remove {id}")).succeeds();
    let looks = scene.sandbox.sent("/api/bookings").len();
    Fired::of(run, 0);
    assert!(scene.sandbox.sent("/api/bookings").len() <= looks + 1);
}

/// The requests that threads of a run send to a box that fails.
fn looks(fault: &Value, args: &str) -> usize {
    let scene = Scenario::new();
    for start in ["07:00", "09:30", "19:30"] {
        let add = scene.command("prebook add --opens 30d --class WOD --day");
        add.arg(day(10)).args("--time").arg(start).ends(0);
    }
    scene.sandbox.fault(fault);
    scene.sandbox.clear_log();
    let fired = scene.fired_with(args, 5);
    fired.is(&[("postponed", 3)]);
    scene.sandbox.sent("/api/bookings").len()
}

#[test]
fn threads_share_one_look_at_a_box_that_fails() {
    let sent = looks(
        &json!({ "path": "/api/bookings", "kind": "status", "count": -1 }),
        "--give-up 6s",
    );
    assert!(sent <= 14, "{sent} requests in 6 s");
}

#[test]
fn retry_after_is_respected() {
    let sent = looks(
        &json!({ "path": "/api/bookings", "kind": "retry_after", "seconds": 600, "count": -1 }),
        "--give-up 6s",
    );
    assert!(sent <= 3, "{sent} requests");
}

/// The pause counts from the response, for which the server takes a second, and it is longer than the look at the row.
#[test]
fn a_short_retry_after_is_waited_for() {
    let scene = Scenario::new().opens_in(2);
    scene.class(&json!({}));
    scene.add("");
    scene.sandbox.fault(
        &json!({ "path": "/api/book", "kind": "retry_after", "seconds": 5, "from_ms": scene.opens_ms }),
    );
    let run = scene.go("");
    wait_for("the class looked up", || {
        !scene.sandbox.sent("/api/bookings").is_empty()
    });
    scene.sandbox.config(&json!({ "latency_after_ms": 1000 }));
    Fired::of(run, 0).is(&[("booked", 1)]);
    let sent = scene.in_time();
    let at = |index: usize| sent[index]["server_ms"].as_i64().unwrap();
    assert!(at(1) - at(0) >= 5900, "{sent:?}");
}

/// The store of a run whose clock was ahead: the class had started then, and has not now.
#[test]
fn a_prebooking_that_expired_under_a_wrong_clock_is_reopened() {
    let (scene, class, id) = Scenario::prebooked(1, &json!({}), "");
    let ahead = scene.opens_ms + 30 * 86_400_000;
    scene.home.sql(&format!(
        "UPDATE prebookings SET status = 'expired', tried_at = {ahead} WHERE id = {id}"
    ));
    scene.wait_until(0);
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}

#[test]
fn an_expired_prebooking_whose_class_was_added_again_stops_no_run() {
    let scene = Scenario::new().opens_in(1);
    let class = scene.class(&json!({}));
    let expired = scene.add("");
    scene.home.sql(&format!(
        "UPDATE prebookings SET status = 'expired' WHERE id = {expired}"
    ));
    let id = scene.add("");
    scene.wait_until(0);
    scene.books(id, &class);
    assert_eq!(scene.stored(expired)["status"], "expired");
}
