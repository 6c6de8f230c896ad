//! `status`: several problems at once, hints, and what prebookings need.

use std::fs;

use serde_json::Value;

use crate::status::problems::{home_findings, mode, problem};
use crate::status::well;
use crate::support::CRONTAB;

#[test]
fn problems_of_several_kinds_are_7_and_the_worst_comes_first() {
    let (_sandbox, home) = well();
    problem(&home, "NULL", 5);
    home.crontab("");
    let (problems, _) = home_findings(&home, 7);
    assert_eq!(problems, ["outage", "not_scheduled"]);
    // the exit codes of a config and a store that cannot be used take precedence
    mode(&home, ".local/state/aimharder/aimharder.db", 0o644);
    let (problems, _) = home_findings(&home, 1);
    assert_eq!(problems, ["store_unusable"]);
    home.write_config("acount = 1");
    let (problems, printed) = home_findings(&home, 2);
    assert_eq!(problems, ["config_unusable", "store_unusable"]);
    assert_eq!(printed["config"]["usable"], false);
    home.status("")
        .status(2)
        .any_stderr()
        .prints(&["problem: ", "acount", "schedule", "unusable"]);
}

#[test]
fn hints_are_no_problems() {
    let (_sandbox, home) = well();
    home.config("");
    problem(&home, "NULL", 2);
    home.sql("UPDATE sessions SET auto_refresh = 0 WHERE kind = 'device'");
    let (problems, hints) = home.findings();
    assert_eq!(problems, [""; 0]);
    assert_eq!(hints, ["outage", "auto_refresh_off", "no_password_source"]);
    home.status("--check").done();
    home.status("--offline")
        .prints(&["no problems found\n", "hint: "]);
}

#[test]
fn prebookings_need_a_run_and_a_background_session() {
    let (_sandbox, home) = well();
    home.run("prebook add --time 13:10 --opens 1d --day +3")
        .ends(0);
    assert_eq!(home.findings().0, [""; 0]);
    home.status("--offline")
        .prints(&["prebookings", "13:10  any class", "opens in "]);
    home.crontab("*/15 * * * * ~/.cargo/bin/aimharder refresh");
    assert_eq!(home.findings().0, ["not_scheduled"]);
    home.crontab(
        "*/15 * * * * ~/.cargo/bin/aimharder refresh\n@hourly ~/.cargo/bin/aimharder prebook run",
    );
    assert_eq!(home.findings().0, ["scheduled_rarely"]);
    home.crontab(CRONTAB);
    home.sql("INSERT INTO shots (prebooking, sent_at, class, outcome, lateness_ms) VALUES (1, 1700000000000, 'x', 'too_early', 1.5)");
    home.status("--offline")
        .prints(&["ago, for prebooking 1: too early, 1.5 ms after the opening\n"]);
    home.run("logout --background --yes-delete-background")
        .warns(&[
            "the prebookings and weekly rules of ana@example.org are kept",
            "--only background",
        ]);
    assert_eq!(home.findings().0, ["no_background_session"]);
}

#[test]
fn an_opening_that_no_run_has_tried() {
    let (_sandbox, home) = well();
    home.run("prebook add --time 13:10 --opens 9d --day +3")
        .ends(0);
    assert_eq!(home.findings().0, [""; 0], "added just now");
    home.sql("UPDATE prebookings SET created_at = created_at - 3600000");
    let (problems, printed) = home_findings(&home, 6);
    assert_eq!(problems, ["prebooking_overdue"]);
    assert_eq!(printed["prebookings"]["next_opening_at"], Value::Null);
    home.sql("UPDATE prebookings SET opens = NULL");
    assert_eq!(home.findings().1, ["opening_unknown"]);
}

#[test]
fn a_damaged_store_is_a_problem() {
    let (_sandbox, home) = well();
    let folder = home.store_path();
    home.db()
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let mut bytes = fs::read(&folder).unwrap();
    let page = 4096;
    for byte in bytes.iter_mut().skip(page).take(8 * page) {
        *byte = 0xA5;
    }
    fs::write(&folder, bytes).unwrap();
    let printed = home.status("--check").ends_json(1);
    let code = printed["problems"][0]["code"].as_str().unwrap();
    assert!(
        ["store_unusable", "store_damaged"].contains(&code),
        "{printed}"
    );
}
