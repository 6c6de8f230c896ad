//! `book`: for whom, which class, and what is decided without a request.

use crate::book::{book, posts};
use crate::support::{ANA, Home, day, logged_in, madrid};
use serde_json::{Value, json};

#[test]
fn a_waiting_list_is_joined_only_if_the_class_is_full() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({ "occupied": 12, "waitlist": 2 }));
    book(&home, "").fails(4, &["full", "--waitlist"]);
    sandbox.clear_log();
    let printed = book(&home, "--waitlist").json();
    assert_eq!(printed["outcome"], "waitlisted");
    assert_eq!(printed["class"]["state"], "waitlisted");
    assert_eq!(printed["class"]["waiting"], 3);
    let insist: Vec<_> = sandbox
        .sent("/api/book")
        .iter()
        .map(|e| e["form"]["insist"].clone())
        .collect();
    assert_eq!(insist, ["0", "1"]);
    assert_eq!(sandbox.reservations(&id).len(), 1);
    let (sandbox, home) = logged_in();
    sandbox.trial(json!({ "occupied": 2, "waitlist": 0 }));
    assert_eq!(book(&home, "--waitlist").json()["outcome"], "booked");
    assert_eq!(posts(&sandbox), 1);
    let (sandbox, home) = logged_in();
    sandbox.trial(json!({ "occupied": 12 }));
    let printed = book(&home, "--waitlist").ends_json(4);
    assert_eq!(printed["outcome"], "full", "there is no list");
}

#[test]
fn a_rehearsal_sends_nothing() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({}));
    let printed = book(&home, "--dry-run").json();
    assert_eq!(printed["outcome"], "would_book");
    sandbox.patch_class(&id, &json!({ "occupied": 12 }));
    for flag in ["", "--waitlist"] {
        let printed = book(&home, "--dry-run").args(flag).ends_json(4);
        assert_eq!(printed["outcome"], "full", "{flag}");
        let message = printed["message"].as_str().unwrap();
        assert!(message.contains("no waiting list"), "{printed}");
    }
    sandbox.patch_class(&id, &json!({ "waitlist": 0 }));
    let printed = book(&home, "--dry-run --waitlist").json();
    assert_eq!(printed["outcome"], "would_book");
    let message = printed["message"].as_str().unwrap();
    assert!(
        message.contains("waiting list would be requested"),
        "{printed}"
    );
    sandbox.patch_class(&id, &json!({ "occupied": 1 }));
    home.run("boxes set crossfitdemo --opens 1d").succeeds();
    let printed = book(&home, "--dry-run").ends_json(9);
    assert_eq!(printed["outcome"], "too_early");
    assert_eq!(printed["opens_at"], madrid(&day(2), "13:10").to_rfc3339());
    assert_eq!(posts(&sandbox), 0);
}

#[test]
fn a_description_must_fit_one_class() {
    let (sandbox, home) = logged_in();
    let one = sandbox.trial(json!({ "name": "Gimnàstics Avançat" }));
    let two = sandbox.trial(json!({ "name": "Gimnastics" }));
    book(&home, "").fails(
        6,
        &["several classes", &one, &two, "--class, --coach or --id"],
    );
    book(&home, "--class nada").fails(6, &["no class \"nada\" at 13:10"]);
    home.run("book --day +3 --time 13:11")
        .fails(6, &["no class at 13:11", "13:10 Gimnastics"]);
    let printed = home.run("book --day +3 --time 13:11").ends_json(6);
    let message = printed["error"]["message"].as_str().unwrap();
    assert!(
        !message.contains("(id "),
        "ids mean nothing on a phone: {message}"
    );
    assert_eq!(message.matches(", ").count(), 2, "three classes: {message}");
    home.run("book --day +3 --id 1")
        .fails(6, &["no class with id 1"]);
    home.run("book --day +200 --time 13:10")
        .fails(6, &["no classes are published"]);
    let printed = book(&home, "--class gimnastics --dry-run").json();
    assert_eq!(
        printed["class"]["id"],
        two.as_str(),
        "an exact match takes precedence over a substring"
    );
    let printed = book(&home, "--class AVANCAT --dry-run").json();
    assert_eq!(printed["class"]["id"], one.as_str());
    let printed = home.run("book --day +3 --id").arg(&one).json();
    assert_eq!(printed["class"]["name"], "Gimnàstics Avançat");
}

#[test]
fn classes_of_one_name_and_time_are_chosen_by_coach_or_id() {
    let (sandbox, home) = logged_in();
    let first = sandbox.trial(json!({ "name": "WOD", "coach": "Marta Pérez" }));
    let second = sandbox.trial(json!({ "name": "WOD", "coach": "Pablo" }));
    let listed =
        format!("13:10 WOD with Marta Pérez (id {first}), 13:10 WOD with Pablo (id {second})");
    let next = format!(
        "`aimharder book --day {} --time 13:10 --class WOD --coach 'Marta Pérez' --waitlist --dry-run`",
        day(3)
    );
    book(&home, "--class wod --waitlist --dry-run").fails(6, &[&listed, &next]);
    for (flags, id) in [
        ("--coach PEREZ", &first),
        ("--coach pablo --class wod", &second),
    ] {
        let printed = book(&home, flags).arg("--dry-run").json();
        assert_eq!(printed["class"]["id"], id.as_str(), "{flags}");
    }
    book(&home, "--coach eva").fails(6, &["no class at 13:10 with coach \"eva\"", &listed]);
    let by_id = |id: &str| home.run("book --day +3 --dry-run --id").arg(id);
    let printed = by_id(&second).json();
    assert_eq!(printed["class"]["coach"], "Pablo");
    by_id(&second)
        .args("--coach marta")
        .fails(6, &["with coach \"marta\""]);
    // the same coach twice: only the id is left
    sandbox.patch_class(&first, &json!({ "coach": "Pablo" }));
    let next = format!("`aimharder book --day {} --id {first}`", day(3));
    book(&home, "").fails(6, &[&next]);
}

#[test]
fn a_class_is_booked_for_a_family_member() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({}));
    let printed = book(&home, "--family 70002").json();
    assert_eq!(printed["outcome"], "booked");
    assert_eq!(sandbox.reservations(&id)[0]["family"], "70002");
    assert_eq!(
        book(&home, "").json()["outcome"],
        "booked",
        "mine is another"
    );
    book(&home, "--family Eva").usage(&["named by a number"]);
}

#[test]
fn twenty_at_once_book_one_place() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({}));
    crate::support::all_at_once((0..20).map(|_| book(&home, "").any_stdout()));
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn numbers_may_be_strings() {
    let (sandbox, home) = logged_in();
    sandbox.config(&json!({ "quirks": ["strings", "number_id", "missing", "dash", "spaces"] }));
    sandbox.trial(json!({}));
    let printed = book(&home, "").json();
    assert_eq!(printed["outcome"], "booked");
    assert_eq!(printed["book_state"], 1);
    assert_eq!(printed["reservation_id"], "55501");
}

#[test]
fn a_guessed_opening_is_shown_as_one_and_deleted_when_wrong() {
    let (sandbox, home) = logged_in();
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "2d" }));
    sandbox.trial(json!({}));
    book(&home, "").fails(9, &["; it opens about "]);
    book(&home, "--prebook")
        .any_stderr()
        .prints(&["), opens about "]);
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "20d" }));
    let words = "booked Prueba before its learned opening (2d?): the rule is deleted";
    book(&home, "-v").stderr_has(&[words]).succeeds();
    assert_eq!(class_rules(&home), json!([]));
}

#[test]
fn a_prebooking_of_book_keeps_the_coach() {
    let (sandbox, home) = logged_in();
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "2d" }));
    sandbox.trial(json!({ "coach": "Eva" }));
    book(&home, "--coach eva --prebook").ends(0);
    let printed = home.run("prebook list").json();
    assert_eq!(printed["prebookings"][0]["coach"], "eva");
}

/// The same of a run, here by a rule of the prebooking's own.
#[test]
fn a_run_that_books_before_the_learned_opening_deletes_the_rule() {
    let (sandbox, home) = logged_in();
    sandbox.trial(json!({}));
    learn(&home, "2d?");
    home.run("prebook add --day +3 --time 13:10 --opens 20d")
        .ends(0);
    assert_eq!(class_rules(&home)[0]["opens"], "2d?");
    home.run("prebook run").ends(0);
    assert_eq!(class_rules(&home), json!([]));
}

/// A booking has not failed if the store cannot save the rule that is learned from it.
#[test]
fn what_cannot_be_learned_takes_nothing_from_a_booking() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({}));
    learn(&home, "2d?");
    home.sql(
        "CREATE TRIGGER broken BEFORE DELETE ON class_rules BEGIN SELECT RAISE(ABORT, 'as a test has it'); END",
    );
    let printed = book(&home, "").stderr_has(&["as a test has it"]).json();
    assert_eq!(printed["outcome"], "booked", "{printed}");
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn a_guess_without_a_timed_request_has_no_lateness() {
    let (sandbox, home) = logged_in();
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "2d" }));
    sandbox.trial(json!({}));
    learn(&home, "3d?");
    home.run("prebook add --day +3 --time 13:10 --class prueba")
        .ends(0);
    // shortly before midnight the run would wait for the day that the refusal names
    home.run("prebook run --horizon 1s").ends(0);
    let printed = home.run("prebook list --all").json();
    let shot = &printed["prebookings"][0]["history"][0];
    assert_eq!(shot["outcome"], "too_early", "{printed}");
    assert_eq!(shot["lateness_ms"], json!(null), "{printed}");
}

/// Stores a rule as a refusal of the class makes it.
fn learn(home: &Home, rule: &str) {
    home.sql(&format!(
        "INSERT INTO class_rules VALUES ('crossfitdemo', 'Prueba', 'prueba', '{ANA}', '{rule}')"
    ));
}

fn class_rules(home: &Home) -> Value {
    home.run("boxes").json()["boxes"][0]["class_rules"].clone()
}

#[test]
fn many_classes_that_fit_are_not_all_listed() {
    let (sandbox, home) = logged_in();
    for n in 0..15 {
        sandbox.trial(json!({ "name": format!("Prueba {n}") }));
    }
    book(&home, "--class prueba").fails(6, &["Prueba 0", "and 3 more"]);
    let run = home.run("cancel --day +3 --time 13:10 --class prueba");
    run.fails(6, &["aimharder bookings"]);
    assert!(sandbox.sent("/api/book").is_empty());
}

#[test]
fn a_prebooking_is_rehearsed() {
    let (sandbox, home) = logged_in();
    sandbox.trial(json!({}));
    home.run("boxes set crossfitdemo --opens 1d").succeeds();
    let printed = book(&home, "--prebook --dry-run").json();
    assert_eq!(printed["outcome"], "would_book", "{printed}");
    assert_eq!(printed["prebooking_id"], Value::Null);
    assert!(printed["opens_at"].is_string(), "{printed}");
    assert!(printed["message"].as_str().unwrap().contains("prebooked"));
    assert!(sandbox.sent("/api/book").is_empty());
    let listed = home.run("prebook list --all").json();
    assert_eq!(listed["prebookings"], json!([]));
    // without --prebook it is too early
    let printed = book(&home, "--dry-run").ends_json(9);
    assert_eq!(printed["outcome"], "too_early");
}
