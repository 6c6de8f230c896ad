//! The requests of `refresh`: their rate, parallel jobs, and `setrefresh` once a day.

use serde_json::{Value, json};

use crate::support::{ANA, Home, Sandbox, crowd, logged_in, real_ms};

/// Milliseconds from `begun` to the arrival of each request.
fn arrivals(log: &[Value], begun: i64) -> Vec<i64> {
    let at = log.iter().map(|entry| &entry["arrived_us"]);
    at.map(|us| us.as_i64().unwrap() / 1000 - begun).collect()
}

fn prolonged(sandbox: &Sandbox) -> usize {
    sandbox.sent("/setrefresh").len()
}

/// Moves the last `setrefresh` into the past.
fn age_prolonging(home: &Home, hours: i64) {
    let by = hours * 3_600_000;
    home.sql(&format!(
        "UPDATE sessions SET refreshed_at = refreshed_at - {by}"
    ));
}

#[test]
fn a_rate_is_kept_over_all_threads_and_kinds_of_requests() {
    let (sandbox, home) = crowd(3);
    let begun = real_ms();
    home.run("refresh --force --deep --jobs 8 --rate 20").done();
    let log = sandbox.log();
    assert_eq!(log.len(), 12, "six updates, six setrefreshes");
    // a delay by the machine only makes requests later
    let at = arrivals(&log, begun);
    assert!(at[9] >= 9 * 50 && at[11] >= 11 * 50, "{at:?}");
}

#[test]
fn logins_count_in_the_rate() {
    let (sandbox, home) = crowd(3);
    let sources: Vec<String> = (1..=3)
        .map(|n| {
            format!("[accounts.\"m{n}@example.org\"]\npassword_command = \"echo password-{n}\"\n")
        })
        .collect();
    home.write_config(&format!("{}{}", sources.concat(), sandbox.config));
    for n in 1..=3 {
        sandbox.kill(&format!("m{n}@example.org"));
    }
    sandbox.clear_log();
    let begun = real_ms();
    home.run("refresh --force --session background --jobs 3 --rate 20")
        .report(0)
        .is(&[("relogged", 3)])
        .silent();
    let log = sandbox.log();
    assert_eq!(log.len(), 9, "an update, a login, a setrefresh for each");
    // the last login's setrefresh follows it at once: its turn was waited for before
    let at = arrivals(&log, begun);
    assert!(at[8] >= 7 * 50, "{at:?}");
}

#[test]
fn without_a_rate_jobs_decide_how_many_at_a_time() {
    let (sandbox, home) = crowd(3);
    sandbox.config(&json!({ "latency_after_ms": 150 }));
    for (jobs, at_least, at_most) in [("1", 750, i64::MAX), ("6", 0, 700)] {
        sandbox.clear_log();
        home.run("refresh --force --rate 0 --jobs").arg(jobs).done();
        let at = arrivals(&sandbox.log(), 0);
        assert_eq!(at.len(), 6);
        let took = at[5] - at[0];
        assert!(took >= at_least && took < at_most, "{jobs} jobs: {at:?}");
    }
}

#[test]
fn setrefresh_once_a_day() {
    let (sandbox, home) = logged_in();
    for (age, times) in [(0, 0), (23, 0), (2, 2), (0, 2)] {
        age_prolonging(&home, age);
        home.run("refresh --force").done();
        assert_eq!(prolonged(&sandbox), times);
    }
    for session in home.sessions() {
        assert_eq!(session["refresh_count"], 2, "the login's own included");
        assert_eq!(session["token_update_count"], 4);
        assert!(session["refreshed_at"].is_string());
    }
    home.sql("UPDATE sessions SET refreshed_at = NULL");
    home.run("refresh --force").done();
    assert_eq!(prolonged(&sandbox), 4);
}

#[test]
fn deep_prolongs_all_that_are_updated_now() {
    let (sandbox, home) = logged_in();
    home.run("refresh --deep").report(0).is(&[("fresh", 2)]);
    assert_eq!(prolonged(&sandbox), 0, "nothing was updated");
    for _ in 0..2 {
        home.run("refresh --deep --force")
            .report(0)
            .is(&[("updated", 2)])
            .silent();
    }
    assert_eq!(prolonged(&sandbox), 4);
    let counts: Vec<_> = home
        .sessions()
        .iter()
        .map(|s| s["refresh_count"].clone())
        .collect();
    assert_eq!(json!(counts), json!([3, 3]));
    assert_eq!(
        sandbox.session(ANA, "bg-")["setrefreshes"],
        3,
        "as the platform counts them"
    );
}
