//! The text of commands whose JSON other tests read: every state of a prebooking, rules, skips, past bookings. These tests
//! look for single facts; whole texts are in `tests/snapshots`.

use serde_json::json;

use crate::support::{ANA, Home, Run, conversation, day, logged_in, set_mode, shown};

fn has(run: Run, words: &[&str]) {
    let printed = run.ends(0).stdout;
    for word in words {
        assert!(printed.contains(word), "{word:?} in {printed}");
    }
}

fn prebooked(home: &Home, how: &str) {
    let add = home.run("prebook add --opens 1d").args(how);
    add.ends(0);
}

#[test]
fn every_state_of_a_prebooking() {
    let (_sandbox, home) = logged_in();
    let states = [
        ("booked", "booked"),
        ("waitlisted", "waiting list"),
        ("failed", "failed"),
        ("expired", "started"),
        ("cancelled", "cancelled"),
        ("executing", "being booked"),
    ];
    for (number, (state, _)) in states.iter().enumerate() {
        prebooked(&home, &format!("--day +5 --time 13:{number}0"));
        home.sql(&format!(
            "UPDATE prebookings SET status = '{state}', reservation_id = '5550{number}', owner = '1-dead' \
             WHERE start LIKE '13:{number}0%'"
        ));
    }
    // an executing one without a living owner waits again
    let all = states.map(|(state, words)| if state == "executing" { "13:50" } else { words });
    has(home.run("prebook list --all"), &all);
    let numbers: Vec<String> = (0..6).map(|number| format!("13:{number}0")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    has(home.run("prebook list --all"), &numbers);
    // the booking remains, and the command that cancels it is named
    has(
        home.run("prebook remove 1"),
        &["removed", "--reservation 55500"],
    );
    let skip = home.run(&format!("prebook skip {}", day(5)));
    has(
        skip,
        &["still on the waiting list", "--reservation 55501", ANA],
    );
    let later = format!("prebook skip {}..{}", day(20), day(22));
    has(home.run(&later), &["nothing on", " – "]);
    has(
        home.run("prebook skip --remove").arg(day(5)),
        &["nothing on", " – "],
    );
}

#[test]
fn weekly_rules() {
    let (_sandbox, home) = logged_in();
    let until = day(90);
    home.run("prebook add --weekly mon,wed --time 18:30 --class wod --watch --until")
        .arg(&until)
        .ends(0);
    home.sql("UPDATE rules SET until = '2026-01-05'");
    has(home.run("prebook rules"), &["r1", "over since"]);
    let far = home
        .run("prebook add --weekly tue --time 18:30 --opens 0d@00:00")
        .args("--until")
        .arg(&until);
    has(far, &["rule r2"]);
    let of_another = home.run("prebook remove r2 --account ben@example.org");
    of_another.fails(6, &["no weekly rule r2"]);
    has(
        home.run("prebook remove r2").args("--account").arg(ANA),
        &["removed rule r2"],
    );
}

#[test]
fn the_past() {
    let (sandbox, home) = logged_in();
    let past = |late: u8, state: i64| {
        json!({ "id": 1, "day": "Lunes, 16 de Noviembre de 2026", "time": "18:30 - 19:30", "className": "WOD",
                "bookState": state, "boxName": "CrossFit Demo", "boxDir": "", "assist": 1, "lateCancel": late })
    };
    let printed = json!({ "nextClasses": [], "history": [past(0, 1), past(1, 1), past(0, 0)] });
    sandbox.fault(
        &json!({ "path": "/api/nextBookings", "kind": "json", "count": -1, "body": printed }),
    );
    let words = [
        "nothing booked",
        "Past",
        "18:30",
        "WOD",
        "late",
        "waiting list",
        "booked",
    ];
    has(home.run("bookings --history"), &words);
}

#[test]
fn a_refresh_that_is_watched() {
    let (sandbox, home) = logged_in();
    sandbox.config(&json!({ "latency_after_ms": 1500 }));
    let printed = shown(&home, 80, &[], "refresh --force --jobs 1");
    assert!(printed.contains("1/2"), "progress: {printed:?}");
    assert!(printed.contains("2 updated"), "{printed:?}");
}

#[test]
fn what_status_hints_at() {
    let (_sandbox, home) = logged_in();
    home.sql("UPDATE sessions SET created_at = created_at - 8 * 86400000 WHERE kind = 'device'");
    home.sql("UPDATE sessions SET last_error = 'setrefresh: timed out' WHERE kind = 'background'");
    let status = home.run("status --offline");
    has(status, &["older than 7 days", "setrefresh: timed out"]);
    home.config("[[notify]]\nwebhook = \"https://hooks.example.org/secret\"");
    set_mode(&home.config_path(), 0o644);
    has(home.run("status --offline"), &["chmod 600", "config.toml"]);
}

#[test]
fn errors_are_wrapped_at_words_to_the_terminal() {
    let (_sandbox, home) = logged_in();
    let binary = env!("CARGO_BIN_EXE_aimharder");
    let line = format!("COLUMNS=60 {binary} book --day +3 --time 03:04 --class 'no such class'");
    let (said, code) = conversation(&home, &line, |_, _| {});
    assert_eq!(code, Some(6), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() > 1, "{said}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= 60),
        "{said}"
    );
    assert!(
        said.replace("\r\n", " ").contains("no such class"),
        "{said}"
    );
}

#[test]
fn a_settled_prebooking_keeps_the_opening_rule_it_was_added_with() {
    let (_sandbox, home) = logged_in();
    prebooked(&home, "--day +3 --time 18:30");
    let add = home.run("prebook add --day +4 --time 18:30");
    add.ends(0);
    home.sql("UPDATE prebookings SET status = 'booked'");
    home.run("boxes set crossfitdemo --opens 9d@07:00")
        .succeeds();
    let printed = home.run("prebook list --all").json();
    let list = &printed["prebookings"];
    assert_eq!(list[0]["opens"], "1d", "{printed}");
    assert!(
        list[1]["opens"].is_null(),
        "today's rule of the box: {printed}"
    );
    assert!(list[1]["opens_at"].is_null(), "{printed}");
}
