//! `prebook run` that stops early, or that follows a run that did: a store that fails, a killed run with a claim, and the
//! dead-man pings.

use serde_json::json;

use crate::notify::server::server;
use crate::prebook::run_faults::{outcomes, prebook, prebook_class, results, stored};
use crate::support::{ANA, Home, Sandbox, logged_in, today, wait_for};

/// The result of one cannot be stored. Those of the others are stored, and all are printed.
#[test]
fn a_store_that_fails_for_one() {
    let (sandbox, home) = logged_in();
    prebook_class(&sandbox, &home, "14:10");
    prebook_class(&sandbox, &home, "15:10");
    home.db().execute_batch(
        "CREATE TRIGGER broken BEFORE UPDATE OF status ON prebookings WHEN NEW.id = 1 AND NEW.status = 'booked' \
         BEGIN SELECT RAISE(ABORT, 'as a test has it'); END",
    ).unwrap();
    let (printed, words) = results(home.run("prebook run"), 1);
    assert_eq!(outcomes(&printed), ["booked", "booked"], "{printed}");
    assert!(words.contains("as a test has it"), "{words}");
    assert_eq!(printed["error"]["kind"], "internal", "{printed}");
    assert_eq!(
        home.ask("SELECT status FROM prebookings WHERE id = 2"),
        "booked"
    );
    // the next run finds the class in the schedule, and asks for nothing
    home.sql("DROP TRIGGER broken");
    sandbox.clear_log();
    let (printed, _) = results(home.run("prebook run"), 0);
    assert_eq!(outcomes(&printed), ["already_booked"], "{printed}");
    assert!(sandbox.sent("/api/book").is_empty());
}

/// A run was killed while it had the claim, and the class has started since.
#[test]
fn an_orphan_whose_class_has_started() {
    let yesterday = (today() - chrono::Days::new(1)).to_string();
    let orphan = |home: &Home, class: &str| {
        home.sql(&format!(
            "UPDATE prebookings SET day = '{yesterday}', status = 'executing', owner = '1-dead', class_id = {class}"
        ));
    };
    let held = |sandbox: &Sandbox| {
        sandbox.class(&json!({ "day": yesterday, "start": "14:10", "name": "Deseo", "capacity": 9, "occupied": 0 }))
    };

    let (sandbox, home) = logged_in();
    prebook(&home, "--time 14:10");
    sandbox.reserve(ANA, &held(&sandbox), 1);
    orphan(&home, "NULL");
    let (printed, _) = results(home.run("prebook run"), 0);
    assert_eq!(outcomes(&printed), ["already_booked"], "{printed}");
    assert_eq!(stored(&home, "status"), "booked");
    assert!(!stored(&home, "reservation_id").is_empty());

    // moved and renamed since it was requested: it is found by its id
    let (sandbox, home) = logged_in();
    prebook(&home, "--time 14:10 --class deseo");
    let class = held(&sandbox);
    sandbox.reserve(ANA, &class, 1);
    sandbox.patch_class(&class, &json!({ "start": "14:25", "name": "Otra cosa" }));
    orphan(&home, &format!("'{class}'"));
    let (printed, _) = results(home.run("prebook run"), 0);
    assert_eq!(outcomes(&printed), ["already_booked"], "{printed}");

    let (sandbox, home) = logged_in();
    prebook(&home, "--time 14:10");
    held(&sandbox);
    orphan(&home, "NULL");
    let (printed, _) = results(home.run("prebook run"), 4);
    assert_eq!(outcomes(&printed), ["expired"], "{printed}");

    // the schedule is unreadable: the outcome stays unknown
    let (sandbox, home) = logged_in();
    prebook(&home, "--time 14:10");
    orphan(&home, "NULL");
    sandbox.fault(&json!({ "path": "/api/bookings", "kind": "status", "count": -1 }));
    let (printed, _) = results(home.run("prebook run --give-up 1s"), 4);
    let message = printed["results"][0]["message"].as_str().unwrap();
    assert!(message.contains("unknown"), "{printed}");
}

/// The next run knows which class was requested.
#[test]
fn what_is_about_to_be_booked_is_written_down_first() {
    let (sandbox, home) = logged_in();
    let class = prebook_class(&sandbox, &home, "14:10");
    sandbox.fault(&json!({ "path": "/api/book", "kind": "hang", "after": true, "seconds": 20 }));
    let run = home.run("prebook run").spawn();
    wait_for("the request", || !sandbox.reservations(&class).is_empty());
    run.kill();
    assert_eq!(stored(&home, "class_id"), class);
    assert_eq!(stored(&home, "status"), "executing");
    sandbox.patch_class(&class, &json!({ "start": "14:25", "name": "Otra cosa" }));
    sandbox.clear_log();
    let (printed, _) = results(home.run("prebook run"), 0);
    assert_eq!(outcomes(&printed), ["already_booked"], "{printed}");
    assert!(sandbox.sent("/api/book").is_empty());
    assert_eq!(sandbox.reservations(&class).len(), 1);
}

#[test]
fn a_run_that_breaks_off_pings_its_failure() {
    let (sandbox, home) = logged_in();
    let (url, received) = server();
    home.config(&format!("[ping]\nprebook = \"{url}/ok\""));
    prebook_class(&sandbox, &home, "14:10");
    home.db().execute_batch(
        "CREATE TRIGGER broken BEFORE UPDATE ON prebookings BEGIN SELECT RAISE(ABORT, 'as a test has it'); END",
    ).unwrap();
    home.run("prebook run").fails(1, &["as a test has it"]);
    home.sql("DROP TRIGGER broken");
    home.run("prebook run").succeeds();
    let calls = received.try_iter().map(|(line, _)| line);
    let calls: Vec<String> = calls.map(|line| line.replace(" HTTP/1.1", "")).collect();
    let expected = [
        "GET /ok/start",
        "POST /ok/fail",
        "GET /ok/start",
        "POST /ok",
    ];
    assert_eq!(calls, expected);
}
