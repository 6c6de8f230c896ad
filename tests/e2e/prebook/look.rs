//! `prebook add`: what it reports of the schedule, and what it warns of. Neither keeps it from storing.

use std::time::Duration;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::support::{ANA, CRONTAB, Home, Run, SOURCE, Sandbox, day, logged_in, today};

/// Ana with a password source, on a machine with a crontab.
fn automated() -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    home.config(SOURCE);
    home.crontab(CRONTAB);
    (sandbox, home)
}

fn add(home: &Home, args: &str) -> Run {
    let path = format!("{}/tools:/usr/bin:/bin", home.path().display());
    home.run("prebook add").args(args).env("PATH", path)
}

fn asked(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log();
    let paths = log.iter().map(|sent| sent["path"].as_str().unwrap());
    paths.map(str::to_owned).collect()
}

#[test]
fn the_class_is_shown_after_one_request() {
    let (sandbox, home) = automated();
    let id = sandbox.trial(json!({ "name": "WOD", "coach": "Eva" }));
    add(&home, "+3 13:10 wod --opens 1d").prints(&[
        "in the schedule: WOD with Eva, 13:10–14:10, opens ",
        "`aimharder status`",
    ]);
    assert_eq!(asked(&sandbox), ["/api/bookings"]);
    let printed = add(&home, "+3 13:10 wod").json();
    assert_eq!(printed["schedule"]["class"]["id"], id.as_str());
    assert_eq!(printed["schedule"]["message"], Value::Null);
    assert_eq!(printed["session"]["kind"], "device");
    // the background session is enough
    home.run("logout").succeeds();
    let printed = add(&home, "+3 13:10 wod").json();
    assert_eq!(printed["schedule"]["class"]["id"], id.as_str());
    // the first occurrence of a weekly rule
    let date: NaiveDate = day(3).parse().unwrap();
    let weekly = format!("--weekly {} 13:10 --coach eva", date.format("%A"));
    let printed = add(&home, &weekly).any_stderr().json();
    assert_eq!(printed["schedule"]["class"]["id"], id.as_str(), "{printed}");
}

#[test]
fn a_class_that_does_not_fit_is_stored_with_a_warning() {
    let (sandbox, home) = automated();
    add(&home, "+200 13:10 wod").prints(&["the classes of that day are not published yet"]);
    sandbox.trial(json!({ "name": "Yoga" }));
    sandbox.trial(json!({ "name": "Pilates" }));
    add(&home, "+3 13:10 wod").warns(&[
        "warning: no class \"wod\" at 13:10 on ",
        "at that time: 13:10 Pilates, 13:10 Yoga; prebooking 2 is stored all the same",
        "`aimharder prebook remove 2 --account ana@example.org`",
    ]);
    let chosen = format!(
        "`aimharder prebook add --day {} --time 13:10 --class Yoga --lead 30m --account {ANA} --box crossfitdemo`",
        day(3)
    );
    let printed = add(&home, "+3 13:10 --lead 30m")
        .stderr_has(&["several classes fit", "--class, --coach or --id", &chosen])
        .json();
    let message = printed["schedule"]["message"].as_str().unwrap();
    assert!(message.contains(&chosen), "{message}");
    assert_eq!(printed["schedule"]["class"], Value::Null);
    // the first occurrence of a weekly rule
    let date: NaiveDate = day(3).parse().unwrap();
    let weekday = date.format("%a").to_string().to_lowercase();
    add(&home, &format!("--weekly {weekday} 13:10 --family 70002")).warns(&[
        &format!("`aimharder prebook add --weekly {weekday} --time 13:10 --class Yoga "),
        "rule r1 is stored all the same, remove it before adding another: \
             `aimharder prebook remove r1 --account ana@example.org`",
    ]);
    home.run("prebook remove r1").succeeds();
    assert_eq!(home.ask("SELECT count(*) FROM prebookings"), "3");
}

#[test]
fn without_a_response_it_is_stored_within_two_seconds() {
    let (sandbox, home) = automated();
    sandbox.trial(json!({ "name": "WOD" }));
    for (n, fault) in [
        json!({ "kind": "hang" }),
        json!({ "kind": "trickle" }),
        json!({ "kind": "status", "status": 503 }),
        json!({ "kind": "html" }),
        json!({ "kind": "drop" }),
    ]
    .iter_mut()
    .enumerate()
    {
        fault["path"] = json!("/api/bookings");
        fault["count"] = json!(-1);
        sandbox.clear_log();
        sandbox.fault(fault);
        let run = add(&home, &format!("+{} 13:10 wod", n + 3)).any_stdout();
        let out = run.limit(Duration::from_secs(8)).done();
        sandbox.clear_faults();
        assert!(out.took < Duration::from_secs(4), "{fault}: {:?}", out.took);
        assert!(asked(&sandbox).len() <= 1, "{fault}: {:?}", asked(&sandbox));
    }
    assert_eq!(home.ask("SELECT count(*) FROM prebookings"), "5");
}

/// A look is no reason to update a token, to log in, or to delete a session.
#[test]
fn a_dead_session_is_left_alone() {
    let (sandbox, home) = automated();
    sandbox.trial(json!({ "name": "WOD" }));
    home.age_tokens(60);
    sandbox.kill(ANA);
    add(&home, "+3 13:10 wod").succeeds();
    assert!(asked(&sandbox).len() <= 1, "{:?}", asked(&sandbox));
    assert_eq!(home.sessions().len(), 2);
}

#[test]
fn each_lack_is_reported_once_with_its_remedy() {
    let (sandbox, home) = automated();
    sandbox.trial(json!({ "name": "WOD" }));
    home.crontab("*/15 * * * * \"$HOME\"/.cargo/bin/aimharder refresh\n");
    let idle = "warning: nothing runs `prebook run`: add `13,28,43,58 * * * * ";
    let out = add(&home, "+3 13:10 wod")
        .stdout_has(&["in the schedule"])
        .stderr_has(&[idle, " prebook run` with crontab -e"])
        .done();
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    assert!(!out.stdout.contains("aimharder status"), "{}", out.stdout);
    // of another store
    let other = CRONTAB.replace("prebook run", "prebook run --store /tmp/x.db");
    home.crontab(&other);
    add(&home, "+3 13:10 wod").warns(&[idle]);
    home.crontab(CRONTAB);
    home.config("");
    let out = add(&home, "--weekly mon,tue 23:59")
        .any_stdout()
        .any_stderr();
    let stderr = out.done().stderr;
    assert_eq!(
        stderr.matches("cannot be renewed automatically").count(),
        1,
        "{stderr}"
    );
    // a suggestion carries the store that was named
    let store = home.store_path();
    home.run("logout --background --yes-delete-background")
        .ends(0);
    add(&home, "+3 13:10 wod --store")
        .arg(&store)
        .warns(&[&format!(
            "`aimharder login {ANA} --only background --store {}`",
            store.display()
        )]);
}

#[test]
fn a_time_that_is_taken_is_reported() {
    let (sandbox, home) = automated();
    sandbox.trial(json!({ "name": "WOD" }));
    let yoga = sandbox.trial(json!({ "name": "Yoga" }));
    add(&home, "+3 13:10 wod").succeeds();
    add(&home, "+3 13:10 wod").succeeds();
    let date = day(3);
    add(&home, "+3 13:10 yoga").warns(&[&format!(
        "warning: {date} 13:10 is prebooked already, as prebooking 1 (wod, crossfitdemo): \
             `aimharder prebook remove 1 --account {ANA}`"
    )]);
    add(&home, "+3 13:10 yoga --family 70002").succeeds();
    // a place that was cancelled elsewhere is no longer in the schedule
    home.run("prebook remove 2").succeeds();
    home.sql("UPDATE prebookings SET status = 'booked' WHERE id = 1");
    add(&home, "+3 13:10 yoga").succeeds();
    home.run("prebook remove 1 4").ends(0);
    sandbox.reserve(ANA, &yoga, 1);
    let out = add(&home, "+3 13:10 wod").any_stdout();
    let words = format!(
        "you have already booked another class at that time, Yoga, on {date}; see `aimharder bookings`"
    );
    out.stderr_has(&[&words]).done();
    let weekday = today() + chrono::Days::new(3);
    let weekly = format!("--weekly {} 13:10 yoga", weekday.format("%a"));
    let out = add(&home, &weekly).any_stdout();
    out.stderr_has(&[&format!("you have already booked this class, on {date}")])
        .done();
}

#[test]
fn a_weekly_rule_whose_classes_another_rule_has_is_reported() {
    let (_sandbox, home) = automated();
    let first = add(&home, "--weekly mon-fri 13:10 wod").any_stdout();
    first.any_stderr().done();
    let out = add(&home, "--weekly mon 13:10 WOD").stdout_has(&["rule r2 stored"]);
    let words = format!(
        "warning: the classes of rule r2 are prebooked already by rule r1; to use r2 instead: \
         `aimharder prebook remove r1 --account {ANA}`"
    );
    let out = out.stderr_has(&[&words]).done();
    assert!(!out.stdout.contains("due yet"), "{}", out.stdout);
}

#[test]
fn a_rule_of_the_class_that_part_of_its_name_misses_is_a_warning() {
    let (sandbox, home) = automated();
    sandbox.trial(json!({ "name": "Open Box" }));
    home.run("boxes set crossfitdemo --class")
        .arg("open box")
        .args("--opens 1d")
        .succeeds();
    let missed = "warning: booking of \"Open Box\" opens by its own rule 1d, which prebooking 1 does not use";
    add(&home, "+3 13:10 open").warns(&[missed, "its class is \"open\"", "--class \"Open Box\""]);
    home.run("prebook remove 1").succeeds();
    // without a warning
    add(&home, "+3 13:10 open --opens 1d").succeeds();
}
