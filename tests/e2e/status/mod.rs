//! `status` of a machine without problems, and the requests that it sends.

mod keys;
mod prebookings;
mod problems;
mod read_only;
mod schedule;
mod shown;
mod together;

use std::time::Duration;

use serde_json::json;

use crate::support::{BEN, BEN_PASSWORD, CRONTAB, Home, Sandbox, logged_in, start, wait_for};

pub(crate) const SOURCE: &str =
    "account = \"ana@example.org\"\npassword_command = \"echo correct-horse\"";

/// Ana with both sessions, crontab lines for both jobs, and a password source: `status` finds nothing.
pub(crate) fn well() -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    home.config(SOURCE);
    home.crontab(CRONTAB);
    (sandbox, home)
}

#[test]
fn the_box_is_asked_once_and_only_when_a_person_looks() {
    let (sandbox, home) = well();
    let printed = home.status("").json();
    let server = &printed["server"][0];
    assert!(server["clock_offset_ms"].is_number(), "{printed}");
    assert_eq!(server["reachable"], true);
    // one request to the box, without a login, and none with --check, --offline and --prometheus
    let asked = sandbox.log();
    let paths: Vec<_> = asked.iter().map(|entry| &entry["path"]).collect();
    assert_eq!(paths, ["/api/nextBookings"]);
    assert!(asked[0]["account"].is_null(), "{asked:?}");
    sandbox.clear_log();
    home.status("--check").done();
    home.status("--offline").succeeds();
    home.status("--prometheus").succeeds();
    assert!(sandbox.log().is_empty());
    home.status("--check --online").done();
    assert_eq!(sandbox.log().len(), 1);
}

#[test]
fn status_before_the_first_login_makes_no_store() {
    let home = Home::nowhere();
    home.crontab("");
    home.status("--check --account ben@example.org")
        .stdout_has(&[
            "no session for ben@example.org",
            "aimharder login ben@example.org",
        ])
        .fails(3, &["1 problem, see above"]);
    assert!(!home.store_path().exists());
}

#[test]
fn of_one_account_among_several() {
    let (_sandbox, home) = well();
    home.log_in(BEN, crate::support::BEN_PASSWORD);
    home.sql("UPDATE sessions SET status = 'expired' WHERE account = 'ben@example.org' AND kind = 'background'");
    home.status("--check")
        .stdout_has(&[BEN])
        .fails(3, &["1 problem, see above"]);
    home.status("--check --account ana@example.org").done();
    let printed = home.status("--offline --account ana@example.org").json();
    assert_eq!(printed["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn secrets_of_a_crontab_are_not_printed() {
    let (_sandbox, home) = well();
    home.crontab("*/15 * * * * AIMHARDER_PASSWORD=hunter2 aimharder refresh --store /tmp/hunter2");
    for (args, exit) in [
        ("--offline", 0),
        ("--offline --json", 0),
        ("--prometheus", 0),
        ("--check", 6),
    ] {
        let printed = home.status(args).ends(exit);
        assert!(!printed.stdout.contains("hunter2"), "{}", printed.stdout);
    }
}

#[test]
fn wrong_flags_are_refused() {
    let (_sandbox, home) = start();
    for args in [
        "--prometheus --json",
        "--prometheus --check",
        "--offline --online",
        "--session device",
        "--fingerprint abcdef",
    ] {
        home.status(args).any_stdout().usage(&["error: "]);
    }
    home.login("")
        .env("AIMHARDER_BOX", "crossfitdemo")
        .succeeds();
}

#[test]
fn missing_and_hanging_tools_are_no_error() {
    let (_sandbox, home) = well();
    let printed = home.run("status --offline").env("PATH", "/nowhere").json();
    let (missing, problem) = (&printed["hints"][0], &printed["problems"][0]);
    let message = missing["message"].as_str().unwrap();
    let why = "password_command: \"sh\" is not on the PATH";
    assert!(message.contains(why), "{message}");
    assert_eq!(missing["code"], "command_missing");
    assert_eq!(problem["code"], "not_scheduled");
    let remedy = problem["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("install cron and add `"), "{remedy}");
    home.tool("systemctl", "exec sleep 60");
    let run = home.status("--offline").limit(Duration::from_secs(20));
    let printed = run.json();
    assert_eq!(printed["well"], true, "{printed}");
    assert_eq!(printed["hints"][0]["code"], "tool_silent", "{printed}");
}

/// A network that does not respond costs the timeout of one request.
#[test]
fn the_hosts_of_several_boxes_are_asked_at_the_same_time() {
    let (sandbox, home) = start();
    home.log_in(BEN, BEN_PASSWORD);
    sandbox.clear_log();
    sandbox.hold("/api/nextBookings");
    let run = home.status("--json").any_stdout().spawn();
    wait_for("both requests", || {
        sandbox.sent("/api/nextBookings").len() == 2
    });
    sandbox.let_go();
    let printed = run.json();
    let hosts = printed["server"].as_array().unwrap();
    assert_eq!(hosts.len(), 2, "{printed}");
    assert!(hosts.iter().all(|it| it["reachable"] == true), "{printed}");
}

#[test]
fn an_unreachable_server_and_a_wrong_clock_are_reported() {
    let (sandbox, home) = well();
    let online = |exit: i32| {
        let printed = home.status("--check --online").ends_json(exit);
        printed["problems"][0].clone()
    };
    sandbox.fault(&json!({ "path": "/api/nextBookings", "kind": "status", "status": 403 }));
    let found = online(5);
    assert_eq!(found["code"], "unreachable");
    assert!(
        found["message"].as_str().unwrap().contains("proxy"),
        "{found}"
    );
    sandbox.fault(&json!({ "path": "/api/nextBookings", "kind": "status", "status": 503 }));
    assert_eq!(online(5)["kind"], "unreachable");
    sandbox.config(&json!({ "skew_ms": 10_000 }));
    let printed = home.status("").json();
    assert_eq!(printed["hints"][0]["code"], "clock_off", "{printed}");
    sandbox.config(&json!({ "skew_ms": -120_000 }));
    assert_eq!(online(1)["code"], "clock_off");
    // nothing listens on this port
    home.write_config("[server]\nscheme = \"http\"\nconnect_to = \"127.0.0.1:9\"\n");
    let found = home.status("").json();
    assert_eq!(found["problems"][0]["code"], "unreachable");
    assert_eq!(found["server"][0]["reachable"], false);
}

#[test]
fn sessions_that_another_scheduler_updates_are_no_problem() {
    let (_sandbox, home) = well();
    home.crontab("*/10 * * * * /opt/my-wrapper");
    assert_eq!(home.findings().0, ["not_scheduled"]);
    home.sql("UPDATE sessions SET token_update_count = 2, created_at = created_at - 3 * 3600000");
    assert_eq!(home.findings(), (vec![], vec!["not_scheduled".to_owned()]));
}
