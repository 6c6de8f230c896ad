//! `probe`: one request for each read-only endpoint, the facts that hold, and every kind of drift.

use serde_json::{Value, json};

use crate::support::{ANA, Home, Sandbox, day, logged_in, start};

const ENDPOINTS: [&str; 4] = [
    "/api/whoami",
    "/api/bookings",
    "/api/nextBookings",
    "/schedule",
];

fn probed(home: &Home) -> Value {
    home.run("probe").json()
}

fn holds(printed: &Value, name: &str) -> bool {
    let facts = printed["facts"].as_array().unwrap();
    let fact = facts.iter().find(|fact| fact["name"] == name);
    fact.unwrap_or_else(|| panic!("{name}: {printed}"))["holds"]
        .as_bool()
        .unwrap()
}

/// Ana with a class today and a booking of tomorrow, so that there is something to check in every list at every hour.
fn booked() -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    sandbox.class(&json!({ "day": day(0), "start": "23:50", "name": "Prueba" }));
    sandbox.class(&json!({ "day": day(1), "start": "23:50", "name": "Prueba" }));
    home.run("book --day tomorrow --time 23:50").succeeds();
    home.run("boxes --detect").succeeds();
    sandbox.clear_log();
    (sandbox, home)
}

#[test]
fn every_endpoint_is_asked_once_and_nothing_has_changed() {
    let (sandbox, home) = booked();
    let printed = probed(&home);
    for fact in printed["facts"].as_array().unwrap() {
        assert_eq!(fact["holds"], true, "{fact}");
    }
    assert_eq!(printed["unknown_fields"], json!([]));
    assert_eq!(printed["missing_fields"], json!([]));
    assert_eq!(printed["session"]["kind"], "device");
    assert_eq!(sandbox.log().len(), ENDPOINTS.len());
    for path in ENDPOINTS {
        assert_eq!(sandbox.sent(path).len(), 1, "{path}");
    }
    let text = home.run("probe --session background").succeeds().stdout;
    assert!(text.contains("OK") && !text.contains("changed"), "{text}");
}

#[test]
fn new_and_missing_fields_are_named() {
    let (sandbox, home) = booked();
    sandbox.config(&json!({ "drift": { "newField": 1, "coachName": "absent", "boid": "absent" } }));
    let printed = probed(&home);
    let unknown = json!([
        "whoami.newField",
        "schedule.bookings.newField",
        "next_bookings.rows.newField"
    ]);
    assert_eq!(printed["unknown_fields"], unknown);
    let missing = json!(["whoami.roles.boid", "schedule.bookings.coachName"]);
    assert_eq!(printed["missing_fields"], missing);
    assert!(!holds(&printed, "boxes_have_numbers"));
    let text = home.run("probe").succeeds().stdout;
    assert!(text.contains("new fields: whoami.newField, "), "{text}");
    assert!(
        text.contains("missing fields: whoami.roles.boid, "),
        "{text}"
    );
}

#[test]
fn facts_that_no_longer_hold_are_named() {
    let (sandbox, home) = booked();
    for (field, value, facts) in [
        (
            "bookState",
            json!(7),
            &["class_states_are_known", "booking_states_are_known"][..],
        ),
        ("time", json!("half past six"), &[]),
        ("time", json!("18:30 approx"), &[]),
        ("ocupation", json!("many"), &["class_places_are_numbers"]),
        ("day", json!("soon"), &["booking_days_are_dates"]),
    ] {
        sandbox.config(&json!({ "drift": { field: value } }));
        let output = home
            .run("probe --json")
            .any_stdout()
            .any_stderr()
            .unchecked();
        let printed: Value = serde_json::from_str(&output.stdout).unwrap();
        for fact in facts {
            assert!(!holds(&printed, fact), "{field}: {printed}");
        }
        assert!(
            facts.is_empty() == printed["error"].is_object(),
            "{field}: {printed}"
        );
    }
}

/// Nothing was received, so nothing is known to have changed.
#[test]
fn without_a_connection_no_fact_has_changed() {
    let (sandbox, home) = booked();
    drop(sandbox);
    let printed = home.run("probe").status(5).any_stdout();
    let printed = printed
        .stderr_has(&["to see what can be reached: `aimharder status`"])
        .done();
    assert!(!printed.stdout.contains("changed"), "{printed:?}");
    assert_eq!(
        printed.stdout.matches("unknown  ").count(),
        5,
        "{printed:?}"
    );
}

#[test]
fn an_endpoint_that_fails_does_not_keep_the_others_from_being_asked() {
    let (sandbox, home) = booked();
    for (path, fact) in [
        ("/api/bookings", "schedule_is_readable"),
        ("/api/nextBookings", "next_bookings_are_readable"),
        ("/schedule", "box_page_is_readable"),
        ("/api/whoami", "whoami_is_readable"),
    ] {
        for fault in [
            json!({ "path": path, "kind": "status", "status": 503, "count": 1 }),
            json!({ "path": path, "kind": "foreign", "count": 1 }),
            json!({ "path": path, "kind": "json", "body": { "odd": 1 }, "count": 1 }),
            json!({ "path": path, "kind": "cut", "count": 1 }),
        ] {
            sandbox.clear_log();
            sandbox.fault(&fault);
            let printed = home.run("probe").fails_with(5, &[]).json();
            assert!(!holds(&printed, fact), "{fault}: {printed}");
            assert_eq!(printed["error"]["kind"], "unreachable", "{fault}");
            for path in ENDPOINTS {
                assert!(!sandbox.sent(path).is_empty(), "{fault}: {path}");
            }
            sandbox.clear_faults();
        }
    }
}

#[test]
fn without_a_login_the_exit_code_is_3() {
    let (sandbox, home) = start();
    home.run("probe").fails(3, &["no session yet"]);
    home.log_in(ANA, crate::support::ANA_PASSWORD);
    sandbox.kill_one(ANA, &home.fingerprint(ANA, "device"));
    let printed = home.run("probe").fails_with(3, &["aimharder login"]).json();
    assert_eq!(printed["error"]["kind"], "login_required");
}
