//! What a box does with a class between the prebooking and its opening: renamed, moved, closed, cancelled, full, or booked
//! by the member meanwhile.

use serde_json::{Value, json};

use crate::support::{ANA, Fired, START, Scenario, outcomes, says, together};

#[test]
fn classes_that_are_no_longer_what_they_were() {
    together(&[
        ("renamed", renamed),
        ("taken off the timetable", gone),
        ("renumbered", renumbered),
        ("renumbered at the last moment", renumbered_late),
        ("closed", closed),
        ("closed until the opening", closed_until_the_opening),
        ("cancelled by the gym", cancelled),
        ("two of one name", several),
        ("two of the same name", same_name),
        ("two of one time, by id", by_id),
        ("by an id that is gone", by_an_id_that_is_gone),
        ("full, an alternative has room", alternative),
        ("full, and so is the alternative", all_full),
        ("full, watched", watched),
        ("booked by hand while it waits", mine_meanwhile),
    ]);
}

fn renamed() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({ "name": "Yoga" }), "");
    let fired = scene.fired_with("--give-up 1s", 6);
    says(fired.only("not_found"), &["13:10 Yoga"]);
    assert_eq!(scene.requests().len(), 0);
    let stored = scene.ends(id, "pending", &[]);
    says(&stored, &["13:10 Yoga"]);
    // back to its name: the next run has it
    scene.patch(&class, &json!({ "name": "WOD" }));
    scene.books(id, &class);
}

/// It is not in the schedule before the opening, and is at the opening.
fn gone() {
    let scene = Scenario::new().opens_in(6);
    let id = scene.add("");
    let run = scene.go("");
    scene.wait_until(-1000);
    let class = scene.class(&json!({}));
    let fired = Fired::of(run, 0);
    fired.is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

fn renumbered() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    scene.patch(&class, &json!({ "id": 7_777_777 }));
    scene.books(id, "7777777");
}

/// The class id that was looked up does not exist any more when booking opens.
fn renumbered_late() {
    let (scene, class, id) = Scenario::prebooked(6, &json!({}), "");
    let run = scene.go("");
    scene.wait_until(-700);
    scene.patch(&class, &json!({ "id": 7_777_777 }));
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.on_time();
    let stored = scene.ends(id, "booked", &["7777777"]);
    assert_eq!(outcomes(&stored), ["refused", "booked"], "{stored}");
}

fn closed() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({ "enabled": false }), "");
    let fired = scene.fired_with("--give-up 1s", 0);
    says(fired.only("closed"), &["not offered"]);
    assert_eq!(scene.requests().len(), 0);
    scene.ends(id, "pending", &[]);
    scene.patch(&class, &json!({ "enabled": true }));
    scene.books(id, &class);
}

fn closed_until_the_opening() {
    let (scene, class, id) = Scenario::prebooked(6, &json!({ "enabled": false }), "");
    let run = scene.go("");
    scene.wait_until(-700);
    scene.patch(&class, &json!({ "enabled": true }));
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

fn cancelled() {
    let (scene, _, id) = Scenario::prebooked(2, &json!({ "cancelled": true }), "");
    let fired = scene.fired(4);
    fired.is(&[("failed", 1)]);
    fired.only("cancelled");
    assert_eq!(scene.requests().len(), 0);
    scene.ends(id, "failed", &[]);
    assert_eq!(scene.fired(0).count("due"), 0, "final");
}

fn several() {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({ "name": "WOD A" }));
    scene.class(&json!({ "name": "WOD B" }));
    let id = scene.add("");
    let fired = scene.fired_with("--give-up 1s", 6);
    let result = fired.only("not_found");
    says(
        result,
        &[
            "several classes fit",
            "WOD A",
            "with --class, --coach or --id",
        ],
    );
    assert!(
        fired.words.contains(": several classes fit on "),
        "{fired:?}"
    );
    assert!(!fired.words.contains("no such class"), "{fired:?}");
    // pasted one after the other, they leave one prebooking
    let remove = format!(
        "`aimharder prebook remove {id} --account {ANA}`, then `aimharder prebook add --day"
    );
    says(result, &[&remove, " --class 'WOD A' --opens "]);
    scene.ends(id, "pending", &[]);
}

/// Two classes with the same name at the same time, chosen in each of the ways.
fn same_name() {
    let scene = Scenario::new().opens_in(1);
    let marta = scene.class(&json!({ "coach": "Marta" }));
    let pablo = scene.class(&json!({ "coach": "Pablo" }));
    let id = scene.add("");
    let fired = scene.fired_with("--give-up 1s", 6);
    says(fired.only("not_found"), &[" --coach Marta "]);
    let id = {
        let remove = scene.command(&format!("prebook remove {id}"));
        remove.succeeds();
        scene.add("--coach pablo")
    };
    scene.books(id, &pablo);
    assert_eq!(scene.sandbox.reservations(&marta).len(), 0);
}

fn by_id() {
    let scene = Scenario::new().opens_in(1);
    let first = scene.class(&json!({}));
    let second = scene.class(&json!({}));
    let id = scene.prebook(&format!("--time {START} --id {second}"));
    scene.books(id, &second);
    assert_eq!(scene.sandbox.reservations(&first).len(), 0);
}

/// The class with that id does not exist any more: another class of that time is not booked in its place.
fn by_an_id_that_is_gone() {
    let scene = Scenario::new().opens_in(1);
    scene.class(&json!({}));
    let id = scene.prebook(&format!("--time {START} --id 777"));
    let fired = scene.fired_with("--give-up 1s", 6);
    says(fired.only("not_found"), &["no class with id 777 at 13:10"]);
    assert_eq!(scene.requests().len(), 0);
    scene.ends(id, "pending", &[]);
}

fn alternative() {
    let scene = Scenario::new().opens_in(2);
    let full = scene.class(&json!({ "occupied": 12 }));
    let other = scene.class(&json!({ "start": "14:10", "name": "Open Box" }));
    let id = scene.add("--waitlist --or 14:10");
    let fired = scene.fired(0);
    fired.only("booked");
    assert!(scene.sandbox.reservations(&full).is_empty());
    let stored = scene.ends(id, "booked", &[&other]);
    assert_eq!(outcomes(&stored), ["full", "booked"], "{stored}");
}

fn all_full() {
    let scene = Scenario::new().opens_in(2);
    scene.class(&json!({ "occupied": 12 }));
    scene.class(&json!({ "occupied": 12, "start": "14:10", "name": "Open Box" }));
    let id = scene.add("--or 14:10");
    let fired = scene.fired(4);
    fired.is(&[("failed", 1)]);
    fired.only("full");
    scene.ends(id, "failed", &[]);
}

fn watched() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({ "occupied": 12 }), "--watch");
    scene.wait_until(0);
    for _ in 0..2 {
        let fired = scene.fired_with("--horizon 1s", 0);
        fired.is(&[("postponed", 1)]);
        fired.only("full");
        scene.ends(id, "pending", &[]);
    }
    let looks = scene.sandbox.sent("/api/bookings").len();
    assert!(looks <= 6, "{looks}: watched no longer than the horizon");
    scene.patch(&class, &json!({ "occupied": 11 }));
    scene.books(id, &class);
}

/// After the last look at the schedule: the refusal "already at that hour" is settled by the row.
fn mine_meanwhile() {
    let (scene, class, id) = Scenario::prebooked(6, &json!({}), "");
    let run = scene.go("");
    scene.wait_until(-900);
    scene.sandbox.reserve(ANA, &class, 1);
    let fired = Fired::of(run, 0);
    fired.only("already_booked");
    scene.ends(id, "booked", &[&class]);
}

#[test]
fn a_class_that_is_listed_twice_or_without_time_is_booked() {
    for quirk in ["twice", "no_time"] {
        let (scene, class, id) = Scenario::prebooked(1, &json!({ "quirks": [quirk] }), "");
        scene.books(id, &class);
        let day = scene.day.to_string();
        let listed: Value = scene.command("classes --day").arg(day).json();
        let classes = listed["classes"].as_array().unwrap();
        let times = classes
            .iter()
            .filter(|listed| listed["id"] == class.as_str())
            .count();
        assert_eq!(times, 1, "{quirk}: {listed}");
    }
}
