//! Limits on what a prebooking books: lead, once a day, coach, excluded names, one class id, one box.

use serde_json::json;

use crate::support::{ANA, Fired, SOURCE, Scenario, says, wait_for};

/// The config's lead reaches further than any class of the scenario.
fn set_lead(scene: &Scenario) {
    scene
        .home
        .config(&format!("{SOURCE}\n[boxes.crossfitdemo]\nlead = '30d'"));
}

#[test]
fn no_place_is_taken_within_the_lead() {
    let (scene, _, id) = Scenario::prebooked(1, &json!({}), "");
    set_lead(&scene);
    let fired = scene.fired(0);
    fired.is(&[("failed", 1)]);
    fired.only("too_late");
    assert!(fired.words.contains("lead"), "{fired:?}");
    assert!(scene.requests().is_empty());
    scene.ends(id, "expired", &[]);
    let list = scene.home.run("prebook list --all");
    let list = list.stdout_has(&["expired", "the class starts within its lead"]);
    assert!(!list.done().stdout.contains("has started"));
}

#[test]
fn the_lead_of_a_prebooking_takes_precedence_over_that_of_its_box() {
    let (scene, class, id) = Scenario::prebooked(1, &json!({}), "--lead 1h");
    set_lead(&scene);
    scene.books(id, &class);
}

#[test]
fn no_waiting_list_is_joined_once_the_lead_is_reached() {
    let scene = Scenario::new().opens_in(3);
    scene.class(&json!({ "occupied": 12, "waitlist": 0 }));
    let start = scene.day.and_hms_opt(13, 10, 0).unwrap();
    let start = start.and_local_timezone(scene.zone).unwrap();
    let lead = (start.timestamp_millis() - scene.opens_ms) / 1000 - 2;
    // the alternative is missing, which is repeated until --give-up
    let id = scene.add(&format!("--waitlist --or 16:20 --lead {lead}s"));
    let fired = scene.fired_with("--give-up 4s", 6);
    fired.is(&[("postponed", 1)]);
    scene.ends(id, "pending", &[]);
}

/// A prebooking with a place on a waiting list, whose class starts within the lead now.
fn waiting(class: &serde_json::Value) -> (Scenario, i64, String) {
    let scene = Scenario::new().opens_in(1);
    let class = scene.class(class);
    let id = scene.add("--waitlist");
    scene.fired(0).is(&[("waitlisted", 1)]);
    set_lead(&scene);
    (scene, id, class)
}

#[test]
fn a_place_on_a_waiting_list_is_given_up_within_the_lead() {
    let (scene, id, _) = waiting(&json!({ "occupied": 12, "waitlist": 0 }));
    let fired = scene.fired(0);
    let result = fired.only("too_late");
    says(result, &["given up"]);
    assert_eq!(result["reservation_id"], json!(null));
    let sent = scene.sandbox.sent("/api/cancelBook");
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0]["form"]["late"], "0", "{sent:?}");
    scene.ends(id, "expired", &[]);
    scene.fired(0).is(&[]);
}

#[test]
fn a_place_that_cannot_be_given_up_is_reported_and_left() {
    let (scene, id, class) =
        waiting(&json!({ "occupied": 12, "waitlist": 0, "cancel_refused": true }));
    let fired = scene.fired(4);
    fired.is(&[("postponed", 1)]);
    says(fired.only("refused"), &["could not be given up"]);
    assert!(fired.words.contains("AimHarder refused it"), "{fired:?}");
    scene.ends(id, "waitlisted", &[&class]);
    let again = scene.fired(0);
    assert_eq!(again.words, "", "{again:?}");
    assert_eq!(scene.sandbox.sent("/api/cancelBook").len(), 1);
    scene.ends(id, "waitlisted", &[&class]);
}

#[test]
fn a_place_that_is_not_given_up_in_an_outage_is_given_up_by_the_next_run() {
    let (scene, id, class) = waiting(&json!({ "occupied": 12, "waitlist": 0 }));
    let lost = json!({ "path": "/api/cancelBook", "kind": "drop" });
    scene.sandbox.fault(&lost);
    let fired = scene.fired(5);
    says(
        fired.only("unreachable"),
        &["giving up the place", "failed"],
    );
    scene.ends(id, "waitlisted", &[&class]);
    says(scene.fired(0).only("too_late"), &["given up"]);
    scene.ends(id, "expired", &[]);
}

#[test]
fn the_place_of_a_removed_prebooking_is_not_given_up() {
    let (scene, id, class) = waiting(&json!({ "occupied": 12, "waitlist": 0 }));
    let reads = || scene.sandbox.sent("/api/bookings").len();
    let before = reads();
    scene.sandbox.hold("/api/bookings");
    let run = scene.go("");
    wait_for("the look", || reads() > before);
    let remove = scene.command(&format!("prebook remove {id}"));
    remove.ends(0);
    scene.sandbox.let_go();
    Fired::of(run, 0).is(&[]);
    assert!(scene.sandbox.sent("/api/cancelBook").is_empty());
    assert_eq!(scene.sandbox.reservations(&class).len(), 1);
}

#[test]
fn once_a_day_books_nothing_beside_another_class() {
    let scene = Scenario::new().opens_in(1);
    let class = scene.class(&json!({}));
    let other = scene.class(&json!({ "start": "15:10", "name": "Yoga" }));
    let reservation = scene.sandbox.reserve(ANA, &other, 1);
    let id = scene.add("--once-a-day");
    let fired = scene.fired(0);
    says(
        fired.only("limit_reached"),
        &["another class is booked that day"],
    );
    assert!(scene.requests().is_empty());
    scene.ends(id, "pending", &[&other]);
    scene.sandbox.unreserve(&reservation);
    scene.books(id, &class);
}

#[test]
fn two_prebookings_once_a_day_book_one_class_at_one_opening() {
    let scene = Scenario::new().opens_in(4);
    scene.class(&json!({}));
    scene.class(&json!({ "start": "15:10" }));
    scene.add("--once-a-day");
    scene.prebook("--time 15:10 --class WOD --once-a-day");
    let fired = scene.fired(0);
    fired.is(&[("booked", 1), ("postponed", 1)]);
    assert_eq!(scene.sandbox.all_reservations().len(), 1);
}

#[test]
fn a_class_that_is_too_early_does_not_keep_another_of_its_day_from_being_booked() {
    let scene = Scenario::new().opens_in(3);
    scene.class(&json!({ "opens_at_ms": scene.opens_ms + 60_000 }));
    let other = scene.class(&json!({ "start": "15:10" }));
    scene.add("--once-a-day");
    let id = scene.prebook("--time 15:10 --class WOD --once-a-day");
    let fired = scene.fired_with("--give-up 4s", 0);
    fired.is(&[("booked", 1), ("postponed", 1)]);
    scene.ends(id, "booked", &[&other]);
}

/// Each of two runs has one of the prebookings.
#[test]
fn once_a_day_holds_for_runs_side_by_side() {
    let scene = Scenario::new().opens_in(6);
    let class = scene.class(&json!({}));
    scene.class(&json!({ "start": "15:10" }));
    let id = scene.add("");
    let first = scene.go("");
    scene.claimed(id);
    scene.prebook("--time 15:10 --class WOD --once-a-day");
    let runs = [first, scene.go("")].map(|run| Fired::of(run, 0));
    let booked: u64 = runs.iter().map(|run| run.count("booked")).sum();
    assert_eq!(booked, 1, "{runs:?}");
    scene.ends(id, "booked", &[&class]);
}

/// The schedule of the second was read before the first was booked, and the first does not have the flag.
#[test]
fn once_a_day_sees_what_another_prebooking_of_the_run_has_just_booked() {
    let scene = Scenario::new().opens_in(3);
    let first = scene.class(&json!({}));
    scene.class(&json!({ "start": "15:10", "opens_at_ms": scene.opens_ms + 3000 }));
    let id = scene.add("");
    scene.add_opening(3000, "--time 15:10 --class WOD --once-a-day");
    let fired = scene.fired(0);
    fired.is(&[("booked", 1), ("postponed", 1)]);
    scene.ends(id, "booked", &[&first]);
}

#[test]
fn once_a_day_is_booked_by_the_same_run_if_the_other_is_not() {
    let scene = Scenario::new().opens_in(3);
    let class = scene.class(&json!({}));
    scene.class(&json!({ "start": "15:10", "occupied": 12 }));
    let once = scene.add("--once-a-day");
    scene.prebook("--time 15:10 --class WOD");
    scene.fired(7).is(&[("booked", 1), ("failed", 1)]);
    scene.ends(once, "booked", &[&class]);
}

/// A prebooking without the flag that opens later the same day does not hold it up.
#[test]
fn once_a_day_is_requested_at_its_own_opening() {
    let scene = Scenario::new().opens_in(3);
    let class = scene.class(&json!({}));
    let opens_ms = scene.opens_ms + 4000;
    let later = scene.class(&json!({ "start": "15:10", "opens_at_ms": opens_ms }));
    scene.add_opening(4000, "--time 15:10 --class WOD");
    let id = scene.add("--once-a-day");
    scene.fired(0).is(&[("booked", 2)]);
    scene.ends(id, "booked", &[&class, &later]);
    assert!(scene.in_time()[0]["server_ms"].as_i64() < Some(opens_ms));
}

#[test]
fn once_a_day_joins_no_waiting_list_beside_another_class() {
    let scene = Scenario::new().opens_in(3);
    scene.class(&json!({ "occupied": 12, "waitlist": 0 }));
    let other = scene.class(&json!({ "start": "15:10", "opens_at_ms": scene.opens_ms + 2000 }));
    // the alternative is missing, which is repeated until --give-up
    scene.add("--once-a-day --waitlist --or 16:20");
    let id = scene.add_opening(2000, "--time 15:10 --class WOD");
    let fired = scene.fired_with("--give-up 5s", 0);
    fired.is(&[("booked", 1), ("postponed", 1)]);
    scene.ends(id, "booked", &[&other]);
}

#[test]
fn once_a_day_counts_the_places_at_other_boxes() {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({}));
    let elsewhere = scene.prebook("--time 09:00 --class WOD");
    scene.home.sql(&format!(
        "UPDATE prebookings SET status = 'booked', box = 'other' WHERE id = {elsewhere}"
    ));
    scene.add("--once-a-day");
    let fired = scene.fired(0);
    fired.only("limit_reached");
    assert!(scene.requests().is_empty());
}

#[test]
fn excluded_classes_are_not_booked() {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({ "name": "WOD Kids" }));
    let adults = scene.class(&json!({ "name": "WOD Adults" }));
    let id = scene.add("--exclude kids --exclude teens");
    scene.books(id, &adults);
    let excluded = scene.add("--exclude wod --waitlist");
    assert_eq!(excluded, id + 1);
    let fired = scene.fired_with("--give-up 1s", 6);
    says(fired.only("not_found"), &["not excluded"]);
}

#[test]
fn a_run_with_a_box_takes_its_prebookings_only() {
    let (scene, class, id) = Scenario::prebooked(1, &json!({}), "");
    let unknown = ["no box \"other\" is known (known: crossfitdemo)"];
    for run in [
        "prebook run --box other",
        "prebook run --dry-run --box other",
    ] {
        scene.command(run).fails(6, &unknown);
    }
    scene
        .command("boxes set other --id 77")
        .any_stderr()
        .ends(0);
    scene.fired_with("--box other", 0).is(&[]);
    assert!(scene.requests().is_empty());
    let plan = scene.command("prebook run --dry-run --box other").json();
    assert_eq!(plan["due"], 0, "{plan}");
    scene
        .fired_with("--box crossfitdemo", 0)
        .is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}
