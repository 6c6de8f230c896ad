//! Several runs that are killed (`kill -9`) at random moments around the opening, with random faults: there are never two
//! reservations, and a last run without faults settles the prebookings.
#![allow(clippy::print_stderr)] // seeds are shown when a test fails

use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::{Fired, Running, START, Scenario};

/// Runs, also several at once, are killed at random moments around the opening, while responses are slow, lost or refused at random.
#[test]
fn at_random_moments() {
    let given = std::env::var("AIMHARDER_TEST_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("AIMHARDER_TEST_SEED={seed}");
    thread::scope(|scope| {
        for salt in 0..6 {
            scope.spawn(move || die(&mut Rng::with_seed(seed + salt)));
        }
    });
}

fn random_fault(rng: &mut Rng, opens_ms: i64) -> Value {
    let kinds = ["hang", "drop", "status", "cut", "logout"];
    let until = opens_ms + rng.i64(200..1500);
    json!({
        "path": if rng.bool() { "/api/book" } else { "/api/*" },
        "kind": kinds[rng.usize(..kinds.len())], "seconds": 1, "count": -1,
        "after": rng.bool(), "from_ms": opens_ms - rng.i64(0..500), "until_ms": until,
    })
}

/// Two prebookings: one class, and a class with an alternative. Whether they have free places changes.
fn die(rng: &mut Rng) {
    let mut scene = Scenario::new().opens_in(2);
    let class = scene.class(&json!({ "start": START }));
    let id = scene.add("");
    let first = scene.class(&json!({ "start": "15:10", "occupied": 12 }));
    let other = scene.class(&json!({ "start": "16:10" }));
    let either = scene.prebook("--time 15:10 --class WOD --or 16:10 --watch");
    if rng.u8(..4) > 0 {
        let fault = random_fault(rng, scene.opens_ms);
        if fault["kind"] == "logout" {
            // after a logout the token of an update that a death interrupted is tried, although it may be replaced
            scene.sandbox.allow_replays();
        }
        scene.sandbox.fault(&fault);
    }
    let latency = rng.i64(0..60);
    scene
        .sandbox
        .config(&json!({ "latency_ms": latency, "latency_after_ms": latency }));
    let room = |rng: &mut Rng, class: &str| {
        let occupied = if rng.bool() { 12 } else { 5 };
        scene.patch(class, &json!({ "occupied": occupied }));
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
    scene.patch(&other, &json!({ "occupied": 5 }));
    Fired::of(scene.go(""), 0);
    let had = if held(&first) == 1 { first } else { other };
    scene.ends(id, "booked", &[&class, &had]);
    scene.ends(either, "booked", &[&class, &had]);
    assert_eq!(scene.fired(0).count("due"), 0);
}
