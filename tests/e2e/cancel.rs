//! `cancel`: done only when the row shows it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    ANA, Home, START, Sandbox, Scenario, day, logged_in, side_by_side, wait_for, with,
};

/// A class that Ana has booked, and its reservation.
fn ready(more: Value) -> (Sandbox, Home, String, String) {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(more);
    let idres = sandbox.reserve(ANA, &id, 1);
    (sandbox, home, id, idres)
}

fn cancel(home: &Home, more: &str) -> crate::support::Run {
    home.run("cancel --day +3 --time 13:10")
        .args(more)
        .limit(Duration::from_secs(15))
}

fn posts(sandbox: &Sandbox) -> Vec<Value> {
    sandbox
        .sent("/api/cancelBook")
        .iter()
        .map(|e| e["form"].clone())
        .collect()
}

#[test]
fn the_session_and_the_form_of_a_cancellation() {
    let (sandbox, home, id, idres) = ready(json!({}));
    let printed = cancel(&home, "").json();
    assert_eq!(printed["class"]["id"], id.as_str());
    let session = json!({ "kind": "device", "fingerprint": home.fingerprint(ANA, "device") });
    assert_eq!(printed["session"], session);
    assert_eq!(
        posts(&sandbox),
        [json!({ "id": idres, "late": "0", "familyId": "" })]
    );
    assert!(sandbox.reservations(&id).is_empty());
    let printed = cancel(&home, "").ends_json(6);
    assert_eq!(printed["outcome"], "not_booked");
    assert_eq!(posts(&sandbox).len(), 1, "nothing to send");
    assert_eq!(sandbox.counters()["trap_cancels"], 0);
}

#[test]
fn late_is_sent_only_if_accepted_and_needed() {
    let (sandbox, home, id, _) = ready(json!({ "late": true }));
    assert_eq!(cancel(&home, "--dry-run").json()["outcome"], "would_cancel");
    assert!(posts(&sandbox).is_empty());
    let late = |sandbox: &Sandbox| -> Vec<Value> {
        let forms = posts(sandbox).into_iter();
        forms.map(|form| form["late"].clone()).collect()
    };
    cancel(&home, "").ends_json(4);
    assert_eq!(late(&sandbox), ["0"]);
    assert_eq!(sandbox.reservations(&id).len(), 1);
    cancel(&home, "--late").succeeds();
    assert_eq!(late(&sandbox), ["0", "0", "1"]);
    assert!(sandbox.reservations(&id).is_empty());
    let (sandbox, home, ..) = ready(json!({}));
    cancel(&home, "--late").succeeds();
    assert_eq!(late(&sandbox), ["0"]);
}

#[test]
fn a_place_without_a_number_or_of_the_staff_cannot_be_cancelled() {
    let row = json!({ "bookings": [{
        "id": 1, "time": "13:10 - 14:10", "className": "Prueba", "bookState": 1, "idres": null,
    }] });
    let fault = json!({ "path": "/api/bookings", "kind": "json", "body": row, "count": -1 });
    for (class, faults) in [(json!({}), fault), (json!({ "resadmin": true }), json!([]))] {
        let (sandbox, home, ..) = ready(class);
        sandbox.fault(&faults);
        let printed = cancel(&home, "").ends_json(4);
        assert_eq!(printed["outcome"], "refused", "{printed}");
        assert!(posts(&sandbox).is_empty());
    }
}

#[test]
fn answers_that_the_row_does_not_confirm() {
    let late = json!({ "cancelState": "2" });
    for (args, answers, code, outcome) in [
        ("--late", json!([late, late]), 4, json!("refused")),
        ("", json!([{ "cancelState": 1 }]), 4, json!("refused")),
        ("", json!([{}]), 5, Value::Null),
        ("", json!([{ "cancelState": 9 }]), 5, Value::Null),
    ] {
        let (sandbox, home, id, _) = ready(json!({}));
        sandbox.account(&json!({ "email": ANA, "cancel_answers": answers }));
        let printed = cancel(&home, args).ends_json(code);
        assert_eq!(printed["outcome"], outcome, "{answers}: {printed}");
        assert_eq!(posts(&sandbox).len(), answers.as_array().unwrap().len());
        assert_eq!(sandbox.reservations(&id).len(), 1);
    }
}

/// After a response that proves the login, which a refusal does too, `whoami` is not asked.
#[test]
fn a_row_without_the_booking_proves_more_than_the_answer() {
    for (answer, whoami, code, outcome) in [
        (json!({ "cancelState": 1 }), 0, 0, "cancelled"),
        (json!({}), 1, 0, "cancelled"),
        // another process or device has cancelled it a moment before
        (json!({ "cancelState": 3 }), 0, 6, "not_booked"),
    ] {
        let (sandbox, home, ..) = ready(json!({}));
        sandbox.fault(
            &json!({ "path": "/api/cancelBook", "kind": "json", "after": true, "body": answer }),
        );
        let run = cancel(&home, "");
        let printed = if code == 0 {
            run.json()
        } else {
            run.ends_json(code)
        };
        assert_eq!(printed["outcome"], outcome, "{answer}: {printed}");
        assert_eq!(posts(&sandbox).len(), 1, "{answer}");
        assert_eq!(sandbox.sent("/api/whoami").len(), whoami, "{answer}");
    }
}

#[test]
fn a_place_on_the_waiting_list_is_given_up() {
    let (sandbox, home) = logged_in();
    let id =
        sandbox.class(&json!({ "day": day(3), "start": "13:10", "occupied": 12, "waitlist": 0 }));
    sandbox.reserve(ANA, &id, 0);
    let printed = cancel(&home, "").json();
    assert_eq!(printed["outcome"], "cancelled");
    assert_eq!(printed["class"]["state"], "full");
}

#[test]
fn a_booking_is_cancelled_by_its_reservation() {
    for language in ["es", "ca", "en"] {
        let (sandbox, home, id, idres) = ready(json!({}));
        sandbox.config(&json!({ "language": language }));
        let other = sandbox.class(&json!({ "day": day(5), "start": "13:10" }));
        sandbox.reserve(ANA, &other, 1);
        home.run("cancel --reservation 1")
            .fails(6, &["no reservation 1", "aimharder bookings"]);
        home.run("cancel --reservation")
            .arg(&id)
            .fails(6, &["no reservation"]);
        let printed = home
            .run("cancel --dry-run --reservation")
            .arg(&idres)
            .json();
        assert_eq!(printed["outcome"], "would_cancel");
        let printed = home.run("cancel --reservation").arg(&idres).json();
        assert_eq!(printed["outcome"], "cancelled");
        assert_eq!(printed["class"]["id"], id.as_str());
        assert_eq!(sandbox.reservations(&other).len(), 1);
        assert_eq!(sandbox.counters()["trap_cancels"], 0);
    }
}

/// Every way in which a response is lost.
fn losses() -> Vec<Value> {
    let kinds = [
        "drop", "hang", "truncate", "cut", "foreign", "empty", "garbage", "huge", "json",
    ];
    let mut losses: Vec<_> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
    losses.extend([500, 502].map(|status| json!({ "kind": "status", "status": status })));
    losses
}

#[test]
fn lost_answers_are_settled_by_the_row() {
    side_by_side(&losses(), |loss| {
        let (sandbox, home, id, _) = ready(json!({}));
        home.impatient();
        let fault = with(loss, json!({ "path": "/api/cancelBook" }));
        sandbox.fault(&fault);
        cancel(&home, "").fails(5, &[]);
        assert_eq!(sandbox.reservations(&id).len(), 1, "{loss}");
        let looks = sandbox.sent("/api/bookings").len();
        assert_eq!(looks, 3, "{loss}: before it, and twice after it");
        sandbox.fault(&with(&fault, json!({ "after": true })));
        assert_eq!(cancel(&home, "").json()["outcome"], "cancelled", "{loss}");
        assert_eq!(posts(&sandbox).len(), 2, "{loss}");
    });
}

/// The schedule shows no booking to a session that has ended, whatever it showed before.
#[test]
fn a_session_that_ends_between_two_looks_proves_nothing() {
    let (sandbox, home, id, _) = ready(json!({}));
    home.use_real_time();
    sandbox.fault(&json!({ "path": "/api/cancelBook", "kind": "status" }));
    let running = cancel(&home, "")
        .fails_with(5, &["still shows the booking"])
        .spawn();
    wait_for("the first look", || {
        let cancelled = posts(&sandbox).len();
        cancelled == 1 && sandbox.sent("/api/bookings").len() == 2
    });
    sandbox.stale(ANA);
    running.done();
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn unreadable_afterwards_is_unknown() {
    for after in [true, false] {
        let (sandbox, home, ..) = ready(json!({}));
        sandbox.fault(&json!([
            { "path": "/api/cancelBook", "kind": "drop", "after": after },
            { "path": "/api/bookings", "kind": "status", "skip": 1, "count": -1 },
        ]));
        cancel(&home, "").fails(8, &["unknown"]);
        assert_eq!(posts(&sandbox).len(), 1);
    }
}

#[test]
fn a_logout_in_the_middle_is_recovered() {
    let (sandbox, home, id, _) = ready(json!({}));
    sandbox.fault(&json!({ "path": "/api/cancelBook", "kind": "logout" }));
    assert_eq!(cancel(&home, "").json()["outcome"], "cancelled");
    assert!(sandbox.reservations(&id).is_empty());
}

#[test]
fn a_description_must_fit_one_booking() {
    let (sandbox, home, ..) = ready(json!({}));
    cancel(&home, "--class nada").fails(6, &["no class \"nada\""]);
    let other = sandbox.trial(json!({ "name": "Otra" }));
    assert_eq!(cancel(&home, "--dry-run").json()["class"]["name"], "Prueba");
    sandbox.reserve(ANA, &other, 1);
    assert_eq!(cancel(&home, "--class pru").json()["outcome"], "cancelled");
    home.run("cancel")
        .usage(&["aimharder cancel tomorrow", "--reservation"]);
}

#[test]
fn the_only_booking_of_a_day_needs_no_time() {
    let (sandbox, home, id, _) = ready(json!({}));
    let other = sandbox.class(&json!({ "day": day(3), "start": "19:10", "name": "Otra" }));
    home.run("cancel +3 --class otra --dry-run")
        .fails(6, &["no booking"]);
    sandbox.reserve(ANA, &other, 1);
    home.run("cancel +3").fails(
        6,
        &[
            "13:10 Prueba",
            "19:10 Otra",
            "--time, --class or --reservation",
        ],
    );
    let printed = home.run("cancel +3 19:10 otra").json();
    assert_eq!(printed["outcome"], "cancelled");
    let printed = home.run("cancel +3").json();
    assert_eq!(printed["class"]["id"], id.as_str());
    home.run("cancel +3").fails(
        6,
        &["none of the classes on", "is yours", "`aimharder bookings`"],
    );
    home.run("cancel +200")
        .fails(6, &["none of the classes on"]);
}

#[test]
fn a_time_without_a_booking_is_refused() {
    let (sandbox, home, ..) = ready(json!({}));
    for name in ["Uno", "Dos"] {
        sandbox.class(&json!({ "day": day(3), "start": "19:10", "name": name }));
    }
    let refusal = format!(
        "you have no booking at 19:10 on {}; see `aimharder bookings`",
        day(3)
    );
    home.run("cancel +3 19:10").fails(6, &[&refusal]);
    assert!(posts(&sandbox).is_empty());
}

#[test]
fn a_booking_of_a_family_member_is_cancelled() {
    let (sandbox, home, id, _) = ready(json!({}));
    cancel(&home, "--family 70002").fails(6, &["no booking"]);
    home.run("book --day +3 --time 13:10 --family 70002")
        .succeeds();
    assert_eq!(
        cancel(&home, "--family 70002").json()["outcome"],
        "cancelled"
    );
    assert_eq!(
        sandbox.reservations(&id).len(),
        1,
        "the account holder's booking remains"
    );
}

/// The member decided against the class: the store says so, and no weekly rule books it again.
#[test]
fn a_prebooking_whose_booking_is_cancelled_is_cancelled() {
    let (scene, _, id) = Scenario::prebooked(1, &json!({}), "");
    scene.fired(0).is(&[("booked", 1)]);
    let weekday = scene.day.format("%a").to_string().to_lowercase();
    let weekly =
        format!("prebook add --weekly {weekday} --opens 4d@00:00 --time {START} --class WOD");
    scene.command(&weekly).any_stdout().any_stderr().done();
    let booked = scene.stored(id);
    let reservation = booked["reservation_id"].as_str().unwrap();
    scene
        .command("cancel --reservation")
        .arg(reservation)
        .succeeds();
    let stored = scene.stored(id);
    assert_eq!(stored["status"], "cancelled", "{stored}");
    let listed = scene.command("prebook list --all").succeeds().stdout;
    assert!(!listed.contains("waiting list"), "{listed}");
    let skipped = scene.command("prebook skip").arg(scene.day.to_string());
    let skipped = skipped.succeeds();
    assert!(!skipped.stdout.contains("still booked"), "{skipped:?}");
    scene
        .command("prebook skip --remove")
        .arg(scene.day.to_string())
        .succeeds();
    scene.fired(0).is(&[]);
    assert!(scene.sandbox.all_reservations().is_empty());
}
