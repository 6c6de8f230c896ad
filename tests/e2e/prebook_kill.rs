//! Runs that are killed (`kill -9`) around an opening, and what the next one makes of it: the truth
//! is found, and there is one reservation.
#![allow(clippy::print_stderr)] // seeds are shown when a test fails

use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::{Fired, Running, Scene, together, wait_for};

#[test]
fn at_chosen_moments() {
    together(&[
        ("before sending", before),
        ("sent, not acted", || hanging(false)),
        ("sent, acted, no answer", || hanging(true)),
        ("answered, not settled", answered),
        ("an alternative was had", alternative),
        ("the dead one had waited for another", claimed_and_dead),
    ]);
}

fn scene(seconds: i64) -> (Scene, String, i64) {
    let scene = Scene::new().opens_in(seconds);
    let class = scene.class(&json!({}));
    let id = scene.add("");
    (scene, class, id)
}

/// The next run books it, and the one after that has nothing to do.
fn next_run(scene: &Scene, id: i64, class: &str) {
    scene.sandbox.clear_faults();
    scene.fired(0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[class]);
    assert_eq!(scene.fired(0).count("due"), 0);
}

/// Kills it when that many booking requests have reached the platform.
fn kill_after(scene: &Scene, run: Running, requests: usize) {
    wait_for("the booking request", || scene.in_time().len() >= requests);
    run.kill();
    let stored = scene.stored(1);
    assert_eq!(stored["status"], "executing", "{stored}");
}

fn before() {
    let (scene, class, id) = scene(3);
    let run = scene.go("");
    wait_for("the claim", || scene.stored(id)["status"] == "executing");
    run.kill();
    assert_eq!(scene.stored(id)["status"], "executing");
    assert!(scene.requests().is_empty());
    next_run(&scene, id, &class);
    scene.on_time();
}

fn hanging(acted: bool) {
    let (scene, class, id) = scene(2);
    scene.sandbox.fault(
        &json!({ "path": "/api/book", "kind": "hang", "after": acted, "from_ms": scene.opens_ms }),
    );
    kill_after(&scene, scene.go(""), 1);
    assert_eq!(scene.sandbox.reservations(&class).len(), usize::from(acted));
    next_run(&scene, id, &class);
    let sent = if acted { 1 } else { 2 };
    assert_eq!(scene.in_time().len(), sent);
}

/// The answer is there, and the look at the row that follows it hangs.
fn answered() {
    let (scene, class, id) = scene(2);
    scene.sandbox.fault(
        &json!({ "path": "/api/bookings", "kind": "hang", "count": -1, "from_ms": scene.opens_ms }),
    );
    let run = scene.go("");
    wait_for("the look at the row", || {
        let looks = scene.sandbox.sent("/api/bookings");
        looks.iter().any(|look| look["fault"] == "hang")
    });
    run.kill();
    assert_eq!(scene.sandbox.reservations(&class).len(), 1);
    next_run(&scene, id, &class);
    assert_eq!(scene.in_time().len(), 1);
}

/// The first was full, the second was had by a run that did not live to write it down; then the
/// first has room again.
fn alternative() {
    let scene = Scene::new().opens_in(2);
    let full = scene.class(&json!({ "occupied": 12 }));
    let other = scene.class(&json!({ "start": "14:10", "name": "Open Box" }));
    let id = scene.add("--or 14:10");
    scene
        .sandbox
        .fault(&json!({ "path": "/api/book", "kind": "hang", "after": true, "skip": 1, "from_ms": scene.opens_ms }));
    kill_after(&scene, scene.go(""), 2);
    scene.sandbox.patch_class(&full, &json!({ "occupied": 5 }));
    next_run(&scene, id, &other);
    assert!(scene.sandbox.reservations(&full).is_empty());
}

/// A run that lives takes over what a dead one had claimed, and shares with others.
fn claimed_and_dead() {
    let (scene, class, id) = scene(4);
    let dead = scene.go("");
    wait_for("the claim", || scene.stored(id)["status"] == "executing");
    dead.kill();
    let runs: Vec<Running> = (0..3).map(|_| scene.go("")).collect();
    let booked: u64 = runs
        .into_iter()
        .map(|run| Fired::of(run, 0).count("booked"))
        .sum();
    assert_eq!(booked, 1);
    assert_eq!(scene.in_time().len(), 1);
    scene.ends(id, "booked", &[&class]);
}

/// Deaths at random moments around the opening, also of several runs at once, under an answer that
/// is slow, lost or refused at random.
#[test]
fn at_random_moments() {
    let given = std::env::var("AIMHARDER_TEST_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("AIMHARDER_TEST_SEED={seed}");
    thread::scope(|scope| {
        for salt in 0..8 {
            scope.spawn(move || die(&mut Rng::with_seed(seed + salt)));
        }
    });
}

fn weather(rng: &mut Rng, opens_ms: i64) -> Value {
    let kinds = ["hang", "drop", "status", "cut", "logout"];
    let until = opens_ms + rng.i64(200..1500);
    json!({
        "path": if rng.bool() { "/api/book" } else { "/api/*" },
        "kind": kinds[rng.usize(..kinds.len())], "seconds": 1, "count": -1,
        "after": rng.bool(), "from_ms": opens_ms - rng.i64(0..500), "until_ms": until,
    })
}

/// Two prebookings: one class, and a class with an alternative. Whether they have room changes.
fn die(rng: &mut Rng) {
    let (scene, class, id) = scene(2);
    let first = scene.class(&json!({ "start": "15:10", "occupied": 12 }));
    let other = scene.class(&json!({ "start": "16:10" }));
    let either = scene.wish("--time 15:10 --class WOD --or 16:10 --watch");
    if rng.u8(..4) > 0 {
        scene.sandbox.fault(&weather(rng, scene.opens_ms));
    }
    let latency = rng.i64(0..60);
    scene
        .sandbox
        .config(&json!({ "latency_ms": latency, "latency_after_ms": latency }));
    let room = |rng: &mut Rng, class: &str| {
        let occupied = if rng.bool() { 12 } else { 5 };
        scene
            .sandbox
            .patch_class(class, &json!({ "occupied": occupied }));
    };
    let held = |class: &str| scene.sandbox.reservations(class).len();
    for _ in 0..rng.u8(2..6) {
        let runs: Vec<Running> = (0..rng.u8(1..4)).map(|_| scene.go("")).collect();
        for run in runs {
            thread::sleep(Duration::from_millis(rng.u64(..900)));
            run.kill();
            room(rng, &first);
            room(rng, &other);
        }
        assert!(held(&class) <= 1);
        assert!(held(&first) + held(&other) <= 1);
    }
    scene.sandbox.clear_faults();
    let config = json!({ "latency_ms": 0, "latency_after_ms": 0 });
    scene.sandbox.config(&config);
    scene.sandbox.patch_class(&other, &json!({ "occupied": 5 }));
    Fired::of(scene.go(""), 0);
    let had = if held(&first) == 1 { first } else { other };
    scene.ends(id, "booked", &[&class, &had]);
    scene.ends(either, "booked", &[&class, &had]);
    assert_eq!(scene.fired(0).count("due"), 0);
}
