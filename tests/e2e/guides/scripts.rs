//! The scripts in `examples/`, each run unchanged against the sandbox, in success and in failure.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, Home, day, logged_in, script_class, start};

#[test]
fn wrong_calls_get_the_usage_line() {
    let home = Home::nowhere();
    for (script, args) in [
        ("book-first.sh", &["mon"][..]),
        ("book-or-prebook.sh", &["mon"]),
        ("cancel-when-busy.sh", &["nowhere.ics"]),
        ("mail-notice.sh", &[]),
    ] {
        let printed = home.script(script, args);
        printed.is(2, &[&format!("usage: {script} ")]);
        assert!(printed.stdout.is_empty(), "{printed:?}");
    }
}

#[test]
fn book_first_takes_the_first_that_is_available() {
    let (sandbox, home) = logged_in();
    let full = script_class(&sandbox, "13:10", 2);
    let free = script_class(&sandbox, "14:10", 0);
    let later = script_class(&sandbox, "15:10", 0);
    let choices = ["12:34", "13:10 script", "14:10 script", "15:10"];
    let day = day(5);
    let args: Vec<&str> = std::iter::once(day.as_str()).chain(choices).collect();
    home.script("book-first.sh", &args)
        .is(0, &["booked: Script", "is full"]);
    assert_eq!(sandbox.reservations(&full).len(), 0);
    assert_eq!(sandbox.reservations(&free).len(), 1);
    assert_eq!(sandbox.reservations(&later).len(), 0);
}

#[test]
fn book_first_ends_with_the_last_reason_and_stops_where_trying_on_is_no_use() {
    let (sandbox, home) = logged_in();
    script_class(&sandbox, "13:10", 2);
    let free = script_class(&sandbox, "14:10", 0);
    home.script("book-first.sh", &[&day(5), "12:34", "13:10"])
        .is(4, &["is full"]);
    // its answer and every look at the schedule are lost: a second try could be a second booking
    sandbox.fault(&json!({ "path": "/api/book", "kind": "drop", "after": true }));
    sandbox.fault(
        &json!({ "path": "/api/bookings", "kind": "status", "status": 503, "count": -1, "skip": 1 }),
    );
    script_class(&sandbox, "16:10", 0);
    home.script("book-first.sh", &[&day(5), "16:10", "14:10"])
        .is(8, &["unknown"]);
    assert_eq!(sandbox.reservations(&free).len(), 0);
}

#[test]
fn book_or_prebook_leaves_to_prebook_run_what_is_not_available_yet() {
    let (sandbox, home) = logged_in();
    script_class(&sandbox, "13:10", 0);
    script_class(&sandbox, "14:10", 2);
    let early = script_class(&sandbox, "15:10", 0);
    let opens = chrono::Utc::now() + chrono::TimeDelta::hours(2);
    sandbox.patch_class(&early, &json!({ "opens_at_ms": opens.timestamp_millis() }));
    let script = |time: &str| home.script("book-or-prebook.sh", &[&day(5), time, "script"]);
    script("13:10").is(0, &["booked"]);
    script("14:10").is(0, &["full: prebook run tries again"]);
    let queued = script_class(&sandbox, "17:10", 2);
    sandbox.reserve(ANA, &queued, 0);
    script("17:10").is(0, &["on the waiting list already: not booked"]);
    script("15:10").is(0, &["not open yet: stored for prebook run"]);
    sandbox.fault(&json!({ "path": "/api/*", "kind": "status", "status": 503, "count": -1 }));
    script("16:10").is(0, &["AimHarder is unreachable: prebook run tries again"]);
    let printed = home.run("prebook list").json();
    let stored = printed["prebookings"].as_array().unwrap();
    let mut times: Vec<_> = stored
        .iter()
        .map(|p| p["start"].as_str().unwrap())
        .collect();
    times.sort_unstable();
    assert_eq!(times, ["14:10", "15:10", "16:10"], "{printed}");
}

#[test]
fn book_or_prebook_stores_nothing_after_a_refusal() {
    let (sandbox, home) = logged_in();
    script_class(&sandbox, "13:10", 0);
    sandbox.account(&json!({ "email": ANA, "credit": 0 }));
    home.script("book-or-prebook.sh", &[&day(5), "13:10"])
        .is(4, &["credit"]);
    let (_sandbox, without_login) = start();
    without_login
        .script("book-or-prebook.sh", &[&day(5), "13:10"])
        .is(3, &["aimharder login"]);
    for home in [home, without_login] {
        let printed = home.run("prebook list").json();
        assert_eq!(printed["prebookings"], json!([]));
    }
}

#[test]
fn refresh_then_classes() {
    let (sandbox, home) = logged_in();
    script_class(&sandbox, "13:10", 0);
    home.age_tokens(20);
    let args = ["--day", &day(5), "--class", "script"];
    home.script("refresh-then-classes.sh", &args)
        .is(0, &["Script"]);
    assert_eq!(sandbox.sent("/api/tokenUpdate").len(), 1);
    // the update fails, the login at hand still does
    home.age_tokens(20);
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "status", "status": 500 }));
    home.script("refresh-then-classes.sh", &args)
        .is(0, &["Script", "using the sessions as they are"]);
    home.age_tokens(20);
    sandbox.kill(ANA);
    let printed = home.script("refresh-then-classes.sh", &args);
    printed.is(3, &["log in first"]);
    assert!(printed.stdout.is_empty(), "{printed:?}");
}

#[test]
fn the_check_speaks_the_language_of_monitors() {
    let (sandbox, home) = start();
    home.crontab("");
    home.tool("crontab", "cat \"$HOME/crontab\"");
    let crontab = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/crontab");
    let check = |args: &[&str]| home.script("check-aimharder.sh", args);
    check(&[]).is(2, &["AIMHARDER CRITICAL - no account is logged in"]);
    home.log_in(ANA, ANA_PASSWORD);
    check(&[]).is(2, &["AIMHARDER CRITICAL - nothing runs"]);
    fs::copy(crontab, home.path().join("crontab")).unwrap();
    let well = check(&[]);
    well.is(0, &[]);
    assert_eq!(well.stdout, "AIMHARDER OK - no problem\n");
    home.run("prebook add +3 13:10 --opens 1d").ends(0);
    home.sql("UPDATE prebookings SET tried_at = 0, problem = 'unknown_outcome', outage_runs = 0");
    check(&[]).is(2, &["AIMHARDER CRITICAL - the last run could not book"]);
    home.sql("DELETE FROM prebookings");
    sandbox.down();
    check(&["--online"]).is(1, &["AIMHARDER WARNING - "]);
    home.write_config("nonsense = 1\n");
    check(&[]).is(3, &["AIMHARDER UNKNOWN - ", "nonsense"]);
}

#[test]
fn mail_notice_hands_the_event_to_sendmail() {
    let (_sandbox, home) = start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mail-notice.sh");
    let mail = home.path().join("mail");
    let path = format!("{}:/usr/bin:/bin", home.path().join("tools").display());
    home.config(&format!(
        "[[notify]]\ncommand = [{:?}, {ANA:?}]\n",
        script.display().to_string()
    ));
    home.tool(
        "sendmail",
        &format!("echo \"$*\" >{0}; cat >>{0}", mail.display()),
    );
    home.run("notify test").env("PATH", &path).succeeds();
    let sent = fs::read_to_string(&mail).unwrap();
    assert!(
        sent.starts_with(&format!("-i -t\nTo: {ANA}\nSubject: aimharder: ")),
        "{sent}"
    );
    let (_, body) = sent.split_once("\n\n").unwrap();
    assert!(body.len() > 10, "{sent}");

    home.tool("sendmail", "exit 75");
    let run = home.run("notify test").env("PATH", &path);
    run.status(5)
        .stdout_has(&["exit status: 75"])
        .stderr_has(&["not delivered: "])
        .done();
}
