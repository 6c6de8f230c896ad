//! `--watch`: a run reads the schedule of a full class again until a place is free.

use serde_json::{Value, json};

use crate::support::{Fired, Running, Scenario, wait_for};

/// A full class that has been open for long. Pauses are a hundredth of their length: a look every 1.2 s, for 8.4 s.
fn full() -> (Scenario, String) {
    let mut scene = Scenario::new().opens_in(0);
    scene.envs.push(("AIMHARDER_TEST_PAUSES", "1".into()));
    let class = scene.class(&json!({ "opens_at_ms": null, "occupied": 12 }));
    (scene, class)
}

fn looks(scene: &Scenario) -> usize {
    scene.sandbox.sent("/api/bookings").len()
}

/// A run that has looked at least twice.
fn watching(scene: &Scenario) -> Running {
    scene.wait_until(0);
    let run = scene.go("");
    wait_for("the request", || !scene.requests().is_empty());
    let seen = looks(scene);
    wait_for("two looks", || looks(scene) >= seen + 2);
    run
}

#[test]
fn a_place_that_becomes_free_is_taken_by_the_same_run() {
    let (scene, class) = full();
    let id = scene.add("--watch");
    let run = watching(&scene);
    assert_eq!(scene.stored(id)["status"], "pending");
    assert_eq!(scene.requests().len(), 1, "looks send no requests");
    scene.patch(&class, &json!({ "occupied": 11 }));
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}

#[test]
fn watched_classes_share_one_request_for_their_box() {
    let (scene, _) = full();
    for (start, name) in [("15:10", "Yoga"), ("16:10", "Yoga")] {
        let class = json!({ "start": start, "name": name, "opens_at_ms": null, "occupied": 12 });
        scene.class(&class);
        scene.prebook(&format!("--time {start} --class {name} --watch"));
    }
    scene.add("--watch");
    let run = watching(&scene);
    let seen = looks(&scene);
    Fired::of(run, 0).is(&[("postponed", 3)]);
    let sent = looks(&scene) - seen;
    assert!(
        (2..=14).contains(&sent),
        "{sent} requests of three classes in seven seconds"
    );
}

#[test]
fn a_prebooking_removed_while_it_is_watched_is_not_looked_at_again() {
    let (scene, class) = full();
    let id = scene.add("--watch");
    let run = watching(&scene);
    let remove = format!("prebook remove {id}");
    scene.command(&remove).succeeds();
    scene.patch(&class, &json!({ "occupied": 11 }));
    let seen = looks(&scene);
    Fired::of(run, 0).is(&[("postponed", 1)]);
    assert!(looks(&scene) <= seen + 1);
    assert_eq!(scene.sandbox.all_reservations(), Vec::<Value>::new());
}
