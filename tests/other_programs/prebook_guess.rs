//! A box of which only the day is known (`4d?`): tried every half hour, and the first success shows the rule.

use serde_json::json;

use crate::prebook_zones::{add, shortly_before, to_time, unix_ms};
use crate::support::{Fired, Scenario, real_ms, says, together};

#[test]
fn a_guess() {
    together(&[
        ("a day learned, its hour guessed", half_hours),
        ("a day learned by a run", learned_by_a_run),
        ("a guess on a server that is ahead", guess_counts),
        ("waiting for a guess on a server that is ahead", wait_counts),
        ("a guess that comes late", late_guess),
        ("a run after the half hour", run_after_the_half_hour),
    ]);
}

/// The box opens at 01:00 four days before, and only the day is known. It is tried at 00:00 and at 00:30, for about a second each;
/// a success is reported with the rule to set.
fn half_hours() {
    let mut scene = shortly_before("2027-01-13T22:00:00Z", 10);
    let gym = json!({ "name": "crossfitdemo", "opens": "4d@01:00" });
    scene.sandbox.gym(&gym);
    let class = json!({ "day": "2027-01-18", "start": "15:30", "opens_at_ms": null });
    let class = scene.class(&class);
    let book = "book --day 2027-01-18 --time 15:30 --class WOD --prebook --session background";
    let printed = scene.command(book).any_stderr().json();
    assert_eq!(printed["outcome"], "prebooked", "{printed}");
    let id = printed["prebooking_id"].as_i64().unwrap();
    assert_eq!(scene.stored(id)["opens"], "4d?");
    // an hour before midnight there is nothing to do
    assert_eq!(scene.fired(0).count("due"), 0);
    let mut sent = 0;
    for at in ["2027-01-13T23:00:00Z", "2027-01-13T23:30:00Z"] {
        to_time(&mut scene, at, 2);
        let fired = scene.fired(0);
        fired.is(&[("postponed", 1)]);
        sent += few(&fired);
        assert_eq!(scene.stored(id)["attempts"], sent);
    }
    to_time(&mut scene, "2027-01-14T00:00:00Z", 4);
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    says(
        fired.only("booked"),
        &["aimharder boxes set crossfitdemo --opens 4d@01:00 --class WOD"],
    );
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

/// No rule is known: the first request of the run learns the day, and from 00:00 of that day on the run tries.
fn learned_by_a_run() {
    let mut scene = shortly_before("2027-01-13T21:00:00Z", 0);
    let gym = json!({ "name": "crossfitdemo", "opens": "4d@00:30" });
    scene.sandbox.gym(&gym);
    let class = json!({ "day": "2027-01-18", "start": "15:30", "opens_at_ms": null });
    let class = scene.class(&class);
    let added = add(&scene, "2027-01-18", "15:30");
    assert_eq!(added["opens"], json!(null), "{added}");
    let id = added["id"].as_i64().unwrap();
    scene.fired(0).only("too_early");
    assert_eq!(scene.stored(id)["opens"], "4d?");
    to_time(&mut scene, "2027-01-13T23:00:00Z", 2);
    few(&scene.fired(0));
    to_time(&mut scene, "2027-01-13T23:30:00Z", 4);
    scene.fired(0).is(&[("booked", 1)]);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
}

/// A request that is refused at a guessed instant is repeated only until that instant has certainly passed.
fn few(fired: &Fired) -> i64 {
    let attempts = fired.only("too_early")["attempts"].as_i64().unwrap();
    assert!((1..=8).contains(&attempts), "{fired:?}");
    attempts
}

/// A box of which only the day is known, and a class of 18 January that is prebooked.
fn guessed(scene: &Scenario, opens: &str) -> (String, i64) {
    let gym = json!({ "name": "crossfitdemo", "opens": opens });
    scene.sandbox.gym(&gym);
    let class = json!({ "day": "2027-01-18", "start": "15:30", "opens_at_ms": null });
    let class = scene.class(&class);
    let other = json!({ "day": "2027-01-28", "start": "15:30", "opens_at_ms": null });
    scene.class(&other);
    // asked for another class, the box's refusal names its day
    let book = "book --day 2027-01-28 --time 15:30 --class WOD --session background";
    scene.command(book).ends_json(9);
    let added = add(scene, "2027-01-18", "15:30");
    assert_eq!(added["opens"], "4d?", "{added}");
    (class, added["id"].as_i64().unwrap())
}

/// By the machine's clock it was not midnight yet when the try of midnight was refused.
fn guess_counts() {
    let at = "2027-01-13T23:00:00Z"; // midnight in Madrid
    let ahead = (unix_ms(at) - real_ms()) / 1000 - 11;
    let mut scene = Scenario::at(ahead);
    scene.server_ahead((ahead + 4) * 1000);
    let (_, id) = guessed(&scene, "4d@07:00");
    let fired = scene.fired(0);
    let sent = few(&fired);
    assert_eq!(
        scene.fired(0).count("due"),
        0,
        "the next is due at half past"
    );
    assert_eq!(scene.stored(id)["attempts"], sent);
}

/// The same for `book --wait`: midnight is tried once, and not until the machine's clock shows it.
fn wait_counts() {
    let at = "2027-01-13T23:00:00Z"; // midnight in Madrid
    let ahead = (unix_ms(at) - real_ms()) / 1000 - 16;
    let mut scene = Scenario::at(ahead);
    scene.opens_ms = unix_ms(at);
    scene.server_ahead((ahead + 12) * 1000);
    guessed(&scene, "4d@07:00");
    scene.sandbox.clear_log();
    let run = scene.command("book --wait --day 2027-01-18 --time 15:30 --class WOD");
    let run = run.any_stderr().spawn();
    scene.wait_until(8000);
    run.kill();
    let sent = scene.requests().len();
    assert!((1..=8).contains(&sent), "{sent} requests");
}

/// The machine was off in the morning: that booking is open now does not show since when.
fn late_guess() {
    let scene = shortly_before("2027-01-14T07:10:00Z", -5); // 08:10 in Madrid
    let (class, id) = guessed(&scene, "4d@07:00");
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    let message = &fired.only("booked")["message"];
    assert!(
        !message.to_string().contains("--opens 4d@0"),
        "an unknown rule: {message}"
    );
    says(
        fired.only("booked"),
        &[
            "booking was open at 08:1",
            "4 days before the class; the hour of the opening is unknown",
            "`aimharder boxes set --help`",
        ],
    );
    scene.ends(id, "booked", &[&class]);
}

/// Refused at 06:46; the run after the half hour has it, 15 minutes later, and a person too.
fn run_after_the_half_hour() {
    let mut scene = shortly_before("2027-01-14T05:46:00Z", -5);
    let (class, id) = guessed(&scene, "4d@07:00");
    few(&scene.fired_with("--horizon 1m", 0));
    to_time(&mut scene, "2027-01-14T06:01:00Z", -5);
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    says(
        fired.only("booked"),
        &[
            "booking was open at 07:01 already",
            "aimharder boxes set crossfitdemo --opens 4d@07:00",
        ],
    );
    scene.ends(id, "booked", &[&class]);
    let other = json!({ "day": "2027-01-18", "start": "16:30", "opens_at_ms": null });
    scene.class(&other);
    let book = "book --day 2027-01-18 --time 16:30 --class WOD --session background";
    let printed = scene.command(book).json();
    assert_eq!(printed["outcome"], "booked", "{printed}");
    let words = [
        "booking was open at 07:01 already",
        "the hour of the opening is unknown",
        "`aimharder boxes set --help`",
    ];
    says(&printed, &words);
}
