//! A place on a waiting list is followed by its reservation id, then by start and name.

use serde_json::json;

use crate::support::{Scenario, says};

/// A prebooking that waits for a class, and its reservation.
fn waiting() -> (Scenario, i64, String, String) {
    let (scene, class, id) = Scenario::queued();
    let reservation = scene.sandbox.reservations(&class)[0]["idres"].to_string();
    (scene, id, class, reservation)
}

fn number(id: &str) -> u64 {
    id.parse().unwrap()
}

#[test]
fn a_lost_place_in_a_class_that_takes_place_is_not_booked() {
    let (scene, id, _, reservation) = waiting();
    let history = &scene.stored(id)["history"];
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(last["outcome"], "waitlisted", "{history}");
    scene.sandbox.unreserve(&reservation);
    let fired = scene.fired(0);
    fired.is(&[("failed", 1)]);
    says(fired.only("not_booked"), &["waiting list", "gone"]);
    scene.ends(id, "cancelled", &[]);
    scene.fired(0).is(&[]);
}

/// The class has another id, another class has its id, and the reservation has another id too.
#[test]
fn a_place_is_found_when_all_ids_change() {
    for state in [0, 1] {
        let (scene, id, class, reservation) = waiting();
        let moved = number(&class) + 5000;
        scene.patch(&class, &json!({ "id": moved }));
        let stranger =
            json!({ "id": number(&class), "day": scene.day, "start": "15:10", "name": "Yoga" });
        scene.sandbox.class(&stranger);
        let change =
            json!({ "idres": number(&reservation) + 7000, "class": moved, "state": state });
        scene.sandbox.patch_reservation(&reservation, &change);
        let fired = scene.fired(0);
        if state == 1 {
            fired.is(&[("booked", 1)]);
            assert_eq!(scene.stored(id)["status"], "booked");
        } else {
            assert_eq!(fired.count("failed"), 0, "{fired:?}");
            assert_eq!(scene.stored(id)["status"], "waitlisted");
        }
    }
}

/// The class was yesterday by the clock of this machine, and is tomorrow by the server's.
#[test]
fn a_place_expires_by_the_clock_of_the_server() {
    let (scene, id, class, _) = waiting();
    let yesterday = (scene.day - chrono::Days::new(3)).to_string();
    scene.patch(&class, &json!({ "day": yesterday }));
    scene.home.sql(&format!(
        "UPDATE prebookings SET day = '{yesterday}' WHERE id = {id}"
    ));
    scene.sandbox.config(&json!({ "skew_ms": -2 * 86_400_000 }));
    scene.fired(0).is(&[]);
    assert_eq!(scene.stored(id)["status"], "waitlisted");
    scene.sandbox.config(&json!({ "skew_ms": 0 }));
    scene.fired(4).only("expired");
    assert_eq!(scene.stored(id)["status"], "expired");
}
