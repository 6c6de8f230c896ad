//! Several runs, accounts and boxes at one instant, one of them without a session.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{ANA, BEN, BEN_PASSWORD, Fired, Running, Scenario, together, wait_for};

#[test]
fn many_at_one_instant() {
    together(&[
        ("five runs at once", five_runs),
        ("accounts and boxes at one instant", accounts_and_boxes),
        ("an account without a session", without_a_session),
        ("a run for one account only", one_account),
        ("changed while it waits", changed),
        ("two openings in one run", two_openings),
        ("a refresh while it is about to fire", left_alone),
    ]);
}

/// Each is settled by one of them, once, with one request.
fn five_runs() {
    let scene = Scenario::new().opens_in(3);
    let starts = ["13:10", "14:10", "15:10", "16:10"];
    let classes = starts.map(|start| scene.class(&json!({ "start": start })));
    let ids = starts.map(|start| scene.prebook(&format!("--class WOD --time {start}")));
    let runs: Vec<Running> = (0..5).map(|_| scene.go("")).collect();
    let fired: Vec<Fired> = runs.into_iter().map(|run| Fired::of(run, 0)).collect();
    let settled: u64 = fired.iter().map(|fired| fired.count("booked")).sum();
    assert_eq!(settled, 4, "{fired:?}");
    let by: BTreeSet<i64> = fired.iter().flat_map(Fired::ids).collect();
    assert_eq!(by, BTreeSet::from(ids));
    assert_eq!(scene.in_time().len(), 4);
    assert_eq!(scene.sandbox.counters()["double_books"], 0);
    let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
    for id in ids {
        scene.ends(id, "booked", &classes);
    }
}

/// Ben is logged in too; his classes differ by the box.
fn with_ben(seconds: i64) -> Scenario {
    let scene = Scenario::new();
    let source = "[accounts.\"ben@example.org\"]\npassword_command = \"echo battery-staple\"";
    scene.home.config(source);
    scene.log_in(BEN, BEN_PASSWORD);
    scene.opens_in(seconds)
}

fn prebook_for(scene: &Scenario, account: &str, gym: &str, start: &str) -> i64 {
    scene.prebook(&format!(
        "--account {account} --box {gym} --class WOD --time {start}"
    ))
}

fn accounts_and_boxes() {
    let scene = with_ben(4);
    let first = scene.class(&json!({}));
    let second = scene.class(&json!({ "start": "14:10" }));
    let other = scene.class(&json!({ "box": "boxdos" }));
    let ids = [
        prebook_for(&scene, ANA, "crossfitdemo", "13:10"),
        prebook_for(&scene, BEN, "boxdos", "13:10"),
        prebook_for(&scene, ANA, "crossfitdemo", "14:10"),
        prebook_for(&scene, BEN, "crossfitdemo", "14:10"),
    ];
    let fired = scene.fired(0);
    fired.is(&[("booked", 4)]);
    assert_eq!(fired.ids(), BTreeSet::from(ids));
    scene.on_time();
    let held = |class: &str| -> Vec<Value> {
        let of = scene.sandbox.reservations(class);
        of.iter().map(|r| r["account"].clone()).collect()
    };
    assert_eq!(held(&first), [json!(ANA)]);
    assert_eq!(held(&other), [json!(BEN)]);
    let mut both = held(&second);
    both.sort_by_key(Value::to_string);
    assert_eq!(both, [json!(ANA), json!(BEN)]);
    for id in ids {
        assert_eq!(scene.stored(id)["status"], "booked");
    }
}

fn without_a_session() {
    let scene = with_ben(3);
    let class = scene.class(&json!({}));
    let bens = prebook_for(&scene, BEN, "crossfitdemo", "13:10");
    let anas = prebook_for(&scene, ANA, "crossfitdemo", "13:10");
    let forget = "logout --background --yes-delete-background --account ben@example.org";
    let warning = "cannot be booked without a background session";
    let printed = scene.command(forget).any_stdout();
    printed.stderr_has(&[warning]).done();
    let fired = scene.fired(7);
    fired.is(&[("booked", 1), ("postponed", 1)]);
    assert_eq!(fired.outcome(bens), "login_required");
    assert_eq!(fired.outcome(anas), "booked");
    scene.on_time();
    scene.ends(anas, "booked", &[&class]);
    assert_eq!(scene.stored(bens)["status"], "pending");
    // by himself there is nothing that succeeded: the plain code
    let alone = scene.fired_with("--account ben@example.org", 3);
    alone.only("login_required");
    scene.log_in(BEN, BEN_PASSWORD);
    scene.fired(0).is(&[("booked", 1)]);
    assert_eq!(scene.stored(bens)["status"], "booked");
}

fn one_account() {
    let scene = with_ben(2);
    let class = scene.class(&json!({}));
    let bens = prebook_for(&scene, BEN, "crossfitdemo", "13:10");
    let anas = prebook_for(&scene, ANA, "crossfitdemo", "13:10");
    let fired = scene.fired_with("--account ana@example.org", 0);
    assert_eq!(fired.ids(), BTreeSet::from([anas]));
    scene.ends(anas, "booked", &[&class]);
    assert_eq!(scene.stored(bens)["status"], "pending");
}

/// By hand, after a run has claimed it: the changed class is booked.
fn changed() {
    let scene = Scenario::new().opens_in(4);
    scene.class(&json!({ "occupied": 12 }));
    let other = scene.class(&json!({ "start": "14:10" }));
    let id = scene.add("");
    let run = scene.go("");
    scene.claimed(id);
    assert_eq!(scene.add("--or 14:10"), id);
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&other]);
}

/// The run looks at its horizon again before it ends: a prebooking that was added meanwhile is booked too.
fn two_openings() {
    let mut scene = Scenario::new().opens_in(2);
    let first = scene.class(&json!({}));
    let one = scene.add("");
    let run = scene.go("");
    scene = scene.opens_in(3);
    let second = scene.class(&json!({ "start": "14:10" }));
    let two = scene.prebook("--class WOD --time 14:10");
    Fired::of(run, 0).is(&[("booked", 2)]);
    scene.ends(one, "booked", &[&first, &second]);
    scene.ends(two, "booked", &[&first, &second]);
}

/// A run that is about to fire keeps other processes from replacing the session's token.
fn left_alone() {
    let (scene, class, id) = Scenario::prebooked(10, &json!({}), "");
    let run = scene.go("");
    wait_for("the session is busy", || {
        scene.home.session("background")["busy"] == true
    });
    scene.sandbox.clear_log();
    let refresh = || scene.command("refresh --force --session background");
    refresh().report(0).is(&[("busy", 1)]);
    assert!(scene.sandbox.sent("/api/tokenUpdate").is_empty());
    Fired::of(run, 0).is(&[("booked", 1)]);
    scene.ends(id, "booked", &[&class]);
    refresh().report(0).is(&[("updated", 1)]);
}
