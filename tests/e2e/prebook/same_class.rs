//! Two prebookings for one class: it is requested once.

use serde_json::{Value, json};

use crate::support::{Scenario, says};

/// Both end as booked, with one request, and the second notification says that the class was booked already.
fn is_requested_once(scene: &Scenario, class: &str, ids: [i64; 2]) {
    let fired = scene.fired(0);
    fired.is(&[("booked", 2)]);
    let mut outcomes = ids.map(|id| fired.outcome(id).to_owned());
    outcomes.sort();
    assert_eq!(outcomes, ["already_booked", "booked"], "{fired:?}");
    let requests = scene.in_time();
    let of_class: Vec<&Value> = requests
        .iter()
        .filter(|request| request["form"]["id"] == class)
        .collect();
    assert_eq!(of_class.len(), 1, "{requests:#?}");
    for id in ids {
        scene.ends(id, "booked", &[class]);
    }
    let events = scene.lines("events");
    let second = events
        .iter()
        .find(|event| event["outcome"] == "already_booked");
    says(second.unwrap(), &["already booked"]);
}

#[test]
fn two_descriptions_of_a_class_are_one_request() {
    let scene = Scenario::new().opens_in(3);
    scene.notify();
    let class = scene.class(&json!({}));
    let ids = [
        scene.add(""),
        scene.prebook(&format!("--time 13:10 --id {class}")),
    ];
    is_requested_once(&scene, &class, ids);
}

#[test]
fn the_alternative_of_one_that_is_the_first_choice_of_another_is_one_request() {
    let scene = Scenario::new().opens_in(3);
    scene.notify();
    scene.class(&json!({ "start": "15:10", "occupied": 12 }));
    let class = scene.class(&json!({}));
    let ids = [
        scene.prebook("--time 15:10 --class WOD --or 13:10"),
        scene.add(""),
    ];
    is_requested_once(&scene, &class, ids);
}

#[test]
fn a_class_whose_outcome_is_unknown_is_not_requested_by_another() {
    let scene = Scenario::new().opens_in(3);
    let class = scene.class(&json!({ "book_answers": [{ "bookState": 1 }] }));
    scene.add("");
    scene.prebook(&format!("--time 13:10 --id {class}"));
    scene.fired(8).is(&[("postponed", 2)]);
    assert_eq!(scene.in_time().len(), 1);
    assert!(scene.sandbox.reservations(&class).is_empty());
}
