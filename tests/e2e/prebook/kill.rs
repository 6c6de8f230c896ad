//! Runs that are killed (`kill -9`) around an opening: the next run finds out what was booked, and there is one
//! reservation.

use serde_json::json;

use crate::support::{Fired, Running, Scenario, signal, together, wait_for};

#[test]
fn at_chosen_moments() {
    together(&[
        ("sent, not acted", || hanging(false)),
        ("sent, acted, no answer", || hanging(true)),
        ("answered, not settled", answered),
        ("the dead one had waited for another", claimed_and_dead),
        ("a run that waits takes over", || taken_over(4000)),
        ("a run that waits takes over late", || taken_over(1500)),
        ("INT while it waits", || interrupted("INT", 130)),
        ("TERM while it waits", || interrupted("TERM", 143)),
        ("stopped over the opening", stopped),
        ("stopped while others run", stopped_beside_others),
    ]);
}

/// The next run books it, and the one after that has nothing to do.
fn next_run(scene: &Scenario, id: i64, class: &str) {
    scene.sandbox.clear_faults();
    scene.books(id, class);
    assert_eq!(scene.fired(0).count("due"), 0);
}

/// Kills it when this number of booking requests has reached the platform.
fn kill_after(scene: &Scenario, run: Running, requests: usize) {
    wait_for("the booking request", || scene.in_time().len() >= requests);
    run.kill();
    waits_again(scene, 1);
}

/// Its run was killed, and the store still has the claim: every command shows it as pending.
fn waits_again(scene: &Scenario, id: i64) {
    let status = format!("SELECT status FROM prebookings WHERE id = {id}");
    assert_eq!(scene.home.ask(&status), "executing");
    assert_eq!(scene.stored(id)["status"], "pending");
    let list = scene.command("prebook list").succeeds().stdout;
    assert!(!list.contains("being booked"), "{list}");
    let printed = scene.command("prebook run --dry-run").json();
    assert_eq!(printed["due"], 1, "{printed}");
    let status = scene.command("status --json").any_stderr().any_stdout();
    let printed = status.unchecked().stdout;
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let counts = &printed["prebookings"]["counts"];
    assert_eq!(
        (&counts["pending"], &counts["executing"]),
        (&json!(1), &json!(0)),
        "{printed}"
    );
    let next = printed["prebookings"]["next"].as_array().unwrap();
    assert!(next.iter().any(|coming| coming["id"] == id), "{printed}");
}

fn hanging(acted: bool) {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    scene.sandbox.fault(
        &json!({ "path": "/api/book", "kind": "hang", "after": acted, "from_ms": scene.opens_ms }),
    );
    kill_after(&scene, scene.go(""), 1);
    assert_eq!(scene.sandbox.reservations(&class).len(), usize::from(acted));
    next_run(&scene, id, &class);
    let sent = if acted { 1 } else { 2 };
    assert_eq!(scene.in_time().len(), sent);
}

/// The response has arrived, and the request for the row that follows it hangs.
fn answered() {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    scene.sandbox.fault(
        &json!({ "path": "/api/bookings", "kind": "hang", "count": -1, "from_ms": scene.faults_from_ms() }),
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

/// A run takes over the claims of a killed run, and shares them with other runs.
fn claimed_and_dead() {
    let (scene, class, id) = Scenario::prebooked(4, &json!({}), "");
    let dead = scene.go("");
    scene.claimed(id);
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

/// A run that waits for another opening takes over the claims of a run that is killed this long before the opening.
fn taken_over(before_ms: i64) {
    let (scene, class, id) = Scenario::prebooked(before_ms / 1000 + 4, &json!({}), "");
    let dead = scene.go("");
    scene.claimed(id);
    let other = scene.add_opening(15_000, "--time 15:10 --class WOD");
    let run = scene.go("");
    scene.claimed(other);
    scene.wait_until(-before_ms);
    dead.kill();
    wait_for("the request", || !scene.in_time().is_empty());
    let late = scene.in_time()[0]["server_ms"].as_i64().unwrap() - scene.opens_ms;
    assert!(late < 1000, "{late} ms late");
    wait_for("the result", || scene.stored(id)["status"] == "booked");
    scene.command(&format!("prebook remove {other}")).succeeds();
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}

/// Nothing was sent: the next run books it.
fn interrupted(name: &str, code: i32) {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    let run = scene.command("prebook run").status(code).spawn();
    scene.claimed(id);
    signal(name, run.id());
    run.done();
    assert!(scene.sandbox.reservations(&class).is_empty());
    scene.fired(0).is(&[("booked", 1)]);
    assert_eq!(scene.in_time().len(), 1);
    scene.ends(id, "booked", &[&class]);
}

/// As on a machine that is suspended: the run continues after the opening.
fn stopped() {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    let run = scene.go("");
    scene.claimed(id);
    signal("STOP", run.id());
    scene.wait_until(1500);
    assert!(scene.requests().is_empty());
    signal("CONT", run.id());
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

/// It is alive, so it keeps its claims.
fn stopped_beside_others() {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    let run = scene.go("");
    scene.claimed(id);
    signal("STOP", run.id());
    scene.wait_until(200);
    for _ in 0..2 {
        assert_eq!(scene.fired(0).count("due"), 0);
    }
    assert!(scene.requests().is_empty());
    signal("CONT", run.id());
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
}
