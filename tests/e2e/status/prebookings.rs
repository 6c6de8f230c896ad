//! `status`: prebookings that no run can book, and problems that end with a login.

use chrono::{DateTime, FixedOffset};
use serde_json::json;

use crate::status::well;
use crate::support::{ANA, ANA_PASSWORD, Home, day};

fn add(home: &Home, time: &str) {
    home.run("prebook add --class WOD --opens 9d --time")
        .arg(time)
        .args("--day +3")
        .ends(0);
}

fn run(home: &Home, exit: i32) {
    home.run("prebook run --give-up 0s").ends(exit);
}

#[test]
fn a_prebooking_that_every_run_fails_to_book_is_a_problem() {
    let (sandbox, home) = well();
    sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "WOD", "capacity": 12 }));
    add(&home, "13:10");
    run(&home, 0);
    add(&home, "04:45");
    run(&home, 6);
    let report = home.status("--check").ends_json(6);
    let problem = &report["problems"][0];
    assert_eq!(problem["code"], "prebooking_failing", "{report}");
    assert_eq!(problem["kind"], "not_found");
    let message = problem["message"].as_str().unwrap();
    assert!(
        message.starts_with("the last run could not book prebooking 2: no class"),
        "{message}"
    );
    // the last request was sent for the other one
    let prebookings = &report["prebookings"];
    let last = &prebookings["last_request"];
    assert_eq!(last["prebooking"], 1);
    for at in [&last["sent_at"], &prebookings["next"][0]["tried_at"]] {
        let at: DateTime<FixedOffset> = at.as_str().unwrap().parse().unwrap();
        let of_box = at.with_timezone(&chrono_tz::Europe::Madrid);
        assert_eq!(at.to_string(), of_box.fixed_offset().to_string());
    }
    home.status("--offline").prints(&[
        "run `aimharder prebook remove 2`",
        " ago, for prebooking 1: booked",
    ]);
    // an outage is reported after the first run that has it
    sandbox.down();
    run(&home, 5);
    let report = home.status("--check").ends_json(5);
    assert_eq!(
        report["problems"][0]["code"], "prebooking_failing",
        "{report}"
    );
    // booking it ends the problem
    sandbox.clear_faults();
    sandbox.class(&json!({ "day": day(3), "start": "04:45", "name": "WOD", "capacity": 12 }));
    run(&home, 0);
    home.status("--check").done();
}

#[test]
fn a_login_ends_the_problem_of_a_lost_login() {
    let (sandbox, home) = well();
    home.config("account = \"ana@example.org\"");
    add(&home, "13:10");
    sandbox.kill(ANA);
    home.age_tokens(60);
    home.run("refresh").status(3).any_stderr().done();
    run(&home, 3);
    let report = home.status("--check").ends_json(3);
    let problems = report["problems"].as_array().unwrap();
    let codes: Vec<_> = problems
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["session_expired", "prebooking_failing"], "{report}");
    let printed = home.status("--offline").ends(0).stdout;
    assert_eq!(printed.matches("aimharder login").count(), 1, "{printed}");
    home.log_in(ANA, ANA_PASSWORD);
    home.status("--check").done();
    let report = home.status("--offline").json();
    let sessions = report["accounts"][0]["sessions"].as_array().unwrap();
    assert!(
        sessions.iter().all(|it| it["standing"].is_null()),
        "{report}"
    );
}

#[test]
fn a_session_that_works_again_has_no_outage() {
    let (sandbox, home) = well();
    sandbox.fault(
        &json!({ "path": "/api/tokenUpdate", "kind": "status", "status": 503, "count": -1 }),
    );
    for _ in 0..3 {
        home.sql("UPDATE sessions SET token_updated_at = token_updated_at - 1800000 WHERE kind = 'background'");
        home.run("refresh --session background")
            .status(5)
            .any_stderr()
            .done();
    }
    home.status("--check")
        .stdout_has(&["could not reach AimHarder"])
        .fails(5, &["1 problem, see above"]);
    sandbox.clear_faults();
    home.run("classes --session background --day +1").succeeds();
    home.status("--check").done();
}

#[test]
fn an_unreadable_prebooking_is_named_and_can_be_removed() {
    let (_sandbox, home) = well();
    add(&home, "13:10");
    add(&home, "14:10");
    home.sql("UPDATE prebookings SET opens = 'soon' WHERE id = 2");
    let words = "(prebooking 2; `aimharder prebook remove 2` removes it)";
    let report = home.status("--check").ends_json(1);
    let message = report["problems"][0]["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    home.run("prebook remove 2 --account ben@example.org")
        .fails(6, &["no prebooking 2"]);
    home.run("prebook remove 2 --account ana@example.org")
        .prints(&["removed 2, which could not be read"]);
    let printed = home.run("prebook list").json();
    assert_eq!(printed["prebookings"][0]["id"], 1, "{printed}");
}

#[test]
fn an_unreadable_settled_prebooking_does_not_matter_to_status() {
    let (sandbox, home) = well();
    sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "WOD", "capacity": 12 }));
    add(&home, "13:10");
    run(&home, 0);
    home.sql("UPDATE prebookings SET opens = 'soon'");
    let report = home.status("").json();
    assert_eq!(report["well"], true, "{report}");
    let last = &report["prebookings"]["last_request"];
    assert_eq!(last["prebooking"], 1, "{report}");
}

#[test]
fn an_expired_prebooking_whose_class_has_not_started_is_a_problem() {
    let (sandbox, home) = well();
    sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "WOD", "capacity": 12 }));
    add(&home, "13:10");
    let expire = |at: &str| {
        home.sql(&format!(
            "UPDATE prebookings SET status = 'expired', tried_at = (unixepoch() + {at}) * 1000"
        ));
    };
    // a prebooking with a lead expires before its class starts
    expire("60");
    assert_eq!(home.status("").any_stderr().json()["well"], true);
    expire("30 * 86400");
    let report = home.status("--check").ends_json(1);
    let problem = &report["problems"][0];
    assert_eq!(problem["code"], "prebooking_expired", "{report}");
    let message = problem["message"].as_str().unwrap();
    assert!(
        message.starts_with("prebooking 1 expired under a wrong clock"),
        "{message}"
    );
    run(&home, 0);
    assert_eq!(
        home.run("prebook list --all").json()["prebookings"][0]["status"],
        "booked"
    );
    assert_eq!(
        home.status("--check").any_stderr().json()["problems"],
        json!([])
    );
}
