//! `book`: every outcome with its exit code, and what is never sent.

mod lost;
mod proof;
pub(crate) mod wait;
mod wait_long;
mod which;

use serde_json::{Value, json};

use crate::support::{ANA, Home, Sandbox, day, logged_in, madrid, with};

pub(crate) fn book(home: &Home, more: &str) -> crate::support::Run {
    home.run("book --day +3 --time 13:10").args(more)
}

pub(crate) fn posts(sandbox: &Sandbox) -> usize {
    sandbox.sent("/api/book").len()
}

#[test]
fn the_session_and_the_form_of_a_booking() {
    let (sandbox, home) = logged_in();
    let id = sandbox.trial(json!({ "occupied": 3 }));
    let printed = book(&home, "").json();
    let session = json!({ "kind": "device", "fingerprint": home.fingerprint(ANA, "device") });
    assert_eq!(printed["session"], session);
    let class = &printed["class"];
    assert_eq!((&class["id"], &class["day"]), (&json!(id), &json!(day(3))));
    assert_eq!(class["starts_at"], madrid(&day(3), "13:10").to_rfc3339());
    let sent = sandbox.sent("/api/book");
    let form = json!({ "id": id, "day": day(3).replace('-', ""), "insist": "0", "familyId": "" });
    assert_eq!(sent[0]["form"], form);
}

#[test]
fn mine_already_sends_nothing() {
    for (state, outcome) in [(1, "already_booked"), (0, "waitlisted")] {
        let (sandbox, home) = logged_in();
        let id = sandbox.trial(json!({}));
        let idres = sandbox.reserve(ANA, &id, state);
        for more in ["", "--waitlist", "--dry-run"] {
            let printed = book(&home, more).json();
            assert_eq!(printed["outcome"], outcome);
            assert_eq!(printed["reservation_id"], idres.as_str());
        }
        assert_eq!(posts(&sandbox), 0);
        assert_eq!(sandbox.counters()["double_books"], 0);
    }
}

#[test]
fn cancelled_and_closed_are_decided_from_the_schedule() {
    for switch in ["cancelled", "resadmin", "hidden"] {
        let (sandbox, home) = logged_in();
        sandbox.trial(json!({ switch: true }));
        let printed = |more| book(&home, more).ends_json(4);
        let real = printed("");
        assert_eq!(real["outcome"], "closed", "{switch}");
        assert!(real["message"].is_string(), "{real}");
        for more in ["--dry-run", "--wait"] {
            let same = printed(more);
            assert_eq!(same["outcome"], real["outcome"], "{switch} {more}");
            assert_eq!(same["message"], real["message"], "{switch} {more}");
        }
        assert_eq!(posts(&sandbox), 0);
    }
    let (sandbox, home) = logged_in();
    sandbox.trial(json!({ "enabled": false }));
    for more in ["", " --dry-run"] {
        let printed = book(&home, more).ends_json(4);
        assert_eq!(printed["outcome"], "closed", "{more}");
    }
}

#[test]
fn every_refusal_of_the_platform() {
    let table = [
        (
            json!({ "payment_pending": true }),
            json!({}),
            "payment_pending",
            -5,
        ),
        (json!({ "credit": 0 }), json!({}), "no_credit", -2),
        (json!({ "daily_limit": 0 }), json!({}), "limit_reached", -8),
        (json!({ "class_limit": 0 }), json!({}), "limit_reached", -9),
        (
            json!({ "contracted_limit": 0 }),
            json!({}),
            "limit_reached",
            -12,
        ),
        (
            json!({}),
            json!({ "closes_before_ms": 10 * 86_400_000_i64 }),
            "too_late",
            -7,
        ),
        (json!({}), json!({ "occupied": 12 }), "full", -1),
        (
            json!({ "book_answers": [{ "bookState": -77, "errorMssg": "No <b>hoy</b>" }] }),
            json!({}),
            "refused",
            -77,
        ),
    ];
    let (sandbox, home) = logged_in();
    let willing = json!({
        "email": ANA, "payment_pending": false, "credit": null, "daily_limit": null, "class_limit": null,
        "contracted_limit": null, "book_answers": [],
    });
    for language in ["es", "ca", "en"] {
        sandbox.config(&json!({ "language": language }));
        for (account, more, outcome, state) in &table {
            sandbox.account(&with(&willing, account.clone()));
            let id = sandbox.trial(more.clone());
            sandbox.clear_log();
            let printed = book(&home, "").ends_json(4);
            assert_eq!(printed["outcome"], *outcome, "{printed}");
            assert_eq!(printed["book_state"], *state);
            assert_eq!(printed["reservation_id"], Value::Null);
            assert_eq!(posts(&sandbox), 1);
            assert!(sandbox.reservations(&id).is_empty());
            sandbox.delete_class(&id);
        }
    }
}

#[test]
fn covered_classes_and_limits_are_named() {
    let (sandbox, home) = logged_in();
    sandbox.trial(json!({ "name": "Pilates", "included": false }));
    sandbox.account(&json!({ "email": ANA, "credit": 0 }));
    let warning =
        "warning: your membership may not cover Pilates; of this day's classes it covers ";
    let run = book(&home, "").status(4).stderr_has(&[warning]).json();
    let message = run["message"].as_str().unwrap();
    assert!(message.contains("; the membership covers "), "{message}");
    assert!(message.contains("Pilates"), "{message}");
    book(&home, "--dry-run").stderr_has(&[warning]).succeeds();
    sandbox.account(&json!({ "email": ANA, "credit": null, "daily_limit": 0 }));
    book(&home, "")
        .status(4)
        .stderr_has(&["at most 0 bookings of this class a day"])
        .done();
}

#[test]
fn a_refusals_text_is_passed_on_clean() {
    let (sandbox, home) = logged_in();
    let text = "No\u{1b}[31m <b>hoy</b>\nerror: fake &lt;i&gt;";
    sandbox.account(
        &json!({ "email": ANA, "book_answers": [{ "bookState": -77, "errorMssg": text }] }),
    );
    sandbox.trial(json!({}));
    book(&home, "").fails(4, &["not booked: Prueba", "No hoy error: fake"]);
}

/// The object of a booking ten days ahead that comes too early.
fn too_early(home: &Home) -> Value {
    let run = home.run("book --time 13:10 --day +10").status(9);
    let printed = run.any_stderr().json();
    assert_eq!(printed["outcome"], "too_early");
    printed
}

#[test]
fn too_early_is_learned_and_says_when() {
    for language in ["es", "ca", "en"] {
        let (sandbox, home) = logged_in();
        sandbox.config(&json!({ "language": language }));
        sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "4d" }));
        sandbox.class(&json!({ "day": day(10), "start": "13:10" }));
        let printed = too_early(&home);
        assert_eq!(printed["book_state"], -12);
        assert_eq!(printed["opens_at"], madrid(&day(6), "13:10").to_rfc3339());
        let boxes = home.run("boxes").json();
        let learned = json!([
            { "class": "WOD", "account": ANA, "opens": "4d?", "source": "learned" }
        ]);
        assert_eq!(boxes["boxes"][0]["class_rules"], learned, "{language}");
        assert_eq!(boxes["boxes"][0]["opens"], json!(null));
        home.run("boxes")
            .prints(&["WOD opens 4d? (learned from a refusal)"]);
        home.run("boxes set crossfitdemo --opens 4d@07:00")
            .succeeds();
        let printed = too_early(&home);
        assert_eq!(
            printed["opens_at"],
            madrid(&day(6), "07:00").to_rfc3339(),
            "a set rule wins"
        );
    }
}

/// Between now and a refused rule that was too early.
#[test]
fn a_new_rule_replaces_the_opening_that_a_refusal_stated() {
    let (sandbox, home) = logged_in();
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "4d" }));
    sandbox.class(&json!({ "day": day(10), "start": "13:10" }));
    home.run("boxes set crossfitdemo --opens 20d").succeeds();
    home.run("book --time 13:10 --day +10 --prebook").ends(0);
    let opens_at = || home.run("prebook list").json()["prebookings"][0]["opens_at"].clone();
    assert_eq!(opens_at(), madrid(&day(6), "13:10").to_rfc3339());
    // that of another class does not
    home.run("boxes set crossfitdemo --opens 9d --class yoga")
        .succeeds();
    assert_eq!(opens_at(), madrid(&day(6), "13:10").to_rfc3339());
    home.run("boxes set crossfitdemo --opens 4d@03:30")
        .succeeds();
    assert_eq!(opens_at(), madrid(&day(6), "03:30").to_rfc3339());
}

#[test]
fn hours_are_learned_too() {
    for shape in ["both", "text"] {
        let (sandbox, home) = logged_in();
        sandbox.config(&json!({ "refusal_shape": shape, "refusal_text_key": "message" }));
        sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "46h" }));
        sandbox.class(&json!({ "day": day(10), "start": "13:10" }));
        too_early(&home);
        let boxes = home.run("boxes").json();
        assert_eq!(boxes["boxes"][0]["class_rules"][0]["opens"], "46h");
    }
}

#[test]
fn by_key_alone_it_is_too_early_as_well() {
    let (sandbox, home) = logged_in();
    sandbox.config(&json!({ "refusal_shape": "key" }));
    sandbox.gym(&json!({ "name": "crossfitdemo", "opens": "4d" }));
    sandbox.class(&json!({ "day": day(10), "start": "13:10" }));
    let printed = home.run("book --time 13:10 --day +10").ends_json(9);
    assert_eq!(printed["opens_at"], Value::Null, "unknown opening");
}

#[test]
fn another_class_at_that_time_is_refused() {
    let (sandbox, home) = logged_in();
    let other = sandbox.trial(json!({ "name": "Otra" }));
    let wanted = sandbox.trial(json!({}));
    sandbox.reserve(ANA, &other, 1);
    let printed = book(&home, "--class prueba").ends_json(4);
    assert_eq!(printed["outcome"], "same_time");
    let printed = book(&home, "--class prueba --dry-run").ends_json(4);
    assert_eq!(printed["outcome"], "same_time");
    // booked by hand between our look and our request
    sandbox.delete_class(&other);
    let answer = json!({ "bookState": -12, "errorMssgLang": "NOPUEDESRESERVAMISMAHORA" });
    sandbox.patch_class(&wanted, &json!({ "book_answers": [answer] }));
    sandbox.fault(
        &json!({ "path": "/api/bookings", "kind": "json", "body": schedule_without(&wanted) }),
    );
    sandbox.reserve(ANA, &wanted, 1);
    let printed = book(&home, "--class prueba").json();
    assert_eq!(printed["outcome"], "already_booked");
    assert_eq!(sandbox.reservations(&wanted).len(), 1);
}

/// A schedule that has the class without a booking of the member.
fn schedule_without(id: &str) -> Value {
    json!({ "bookings": [{ "id": id, "time": "13:10 - 14:10", "className": "Prueba" }] })
}

#[test]
fn zero_and_nothing_are_settled_by_the_row() {
    for answer in [
        json!({}),
        json!({ "bookState": 0, "id": "1" }),
        json!({ "bookState": "0" }),
    ] {
        for (row, outcome, status) in [
            (Some(1), "booked", 0),
            (Some(0), "waitlisted", 0),
            (None, "", 5),
        ] {
            let (sandbox, home) = logged_in();
            let id = sandbox.trial(json!({ "book_answers": [answer] }));
            if let Some(state) = row {
                sandbox.fault(&json!({ "path": "/api/bookings", "kind": "json", "body": schedule_without(&id) }));
                sandbox.reserve(ANA, &id, state);
            }
            let printed = book(&home, "").ends_json(status);
            assert_eq!(
                printed["outcome"].as_str().unwrap_or_default(),
                outcome,
                "{answer} {row:?}"
            );
            assert_eq!(posts(&sandbox), 1);
        }
    }
}
