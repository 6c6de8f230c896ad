//! `--record`: every exchange is recorded, nothing personal is, and a recording that fails does not change the result.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{
    ANA, ANA_PASSWORD, Home, Scenario, day, logged_in, mode, signal, start, wait_for,
};

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let line = |line| serde_json::from_str(line).expect("a line of JSON");
    text.lines().map(line).collect()
}

fn urls(lines: &[Value]) -> Vec<String> {
    let url = |line: &Value| line["request"]["url"].as_str().unwrap().to_owned();
    lines.iter().map(url).collect()
}

/// What the store and the config know of a person.
fn secrets(home: &Home) -> Vec<String> {
    let columns = "fingerprint, token, cookies".split(", ");
    let mut secrets: Vec<String> = Vec::new();
    for column in columns {
        for kind in ["device", "background"] {
            let query = format!("SELECT {column} FROM sessions WHERE kind = '{kind}'");
            let value = home.ask(&query);
            let parts = value.split(|c: char| !c.is_ascii_alphanumeric());
            // words such as the names of cookies are no secrets
            let is_secret =
                |part: &&str| part.len() > 12 && part.contains(|c: char| c.is_ascii_digit());
            secrets.extend(part_list(parts.filter(is_secret)));
        }
    }
    assert!(secrets.len() > 4, "{secrets:?}");
    secrets.extend(part_list(
        [
            ANA,
            ANA_PASSWORD,
            "ana@",
            "Marta",
            "Jordi",
            "\"Ana\"",
            "69232",
        ]
        .into_iter(),
    ));
    secrets
}

fn part_list<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    parts.map(str::to_owned).collect()
}

#[test]
fn every_command_that_talks_to_the_platform_records_without_personal_data() {
    let (sandbox, home) = start();
    sandbox.trial(json!({}));
    let mut hidden: Vec<String> = Vec::new();
    for (number, (args, path)) in [
        (
            "login ana@example.org --password-stdin --only device",
            "/api/login",
        ),
        ("login ana@example.org --password-stdin", "/setrefresh"),
        ("classes --day +3", "/api/bookings"),
        ("boxes --detect", "/api/whoami"),
        ("book --day +3 --time 13:10", "/api/book"),
        ("bookings", "/api/nextBookings"),
        ("cancel --day +3 --time 13:10", "/api/cancelBook"),
        ("wod", "/"),
        ("refresh --force", "/api/tokenUpdate"),
        ("prebook add --day +3 --time 13:10", ""),
        ("prebook run", "/api/book"),
        ("status --online", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let file = home.path().join(format!("{number}.jsonl"));
        let run = home
            .run(args)
            .stdin(ANA_PASSWORD)
            .arg("--record")
            .arg(&file);
        let output = run.any_stdout().any_stderr().unchecked();
        assert_eq!(output.status, Some(0), "{args}: {output:?}");
        hidden.extend(secrets(&home));
        if path.is_empty() {
            continue;
        }
        assert_eq!(mode(&file), 0o600);
        let recorded = lines(&file);
        let found = urls(&recorded).into_iter().any(|url| {
            let url = url.split('?').next().unwrap_or_default().to_owned();
            url.ends_with(&format!(".com{path}"))
        });
        assert!(found, "{args}: {:?}", urls(&recorded));
        for line in &recorded {
            assert!(line["request"]["method"].is_string(), "{line}");
            assert!(line["response"]["status"].is_number(), "{line}");
        }
    }
    let classes = lines(&home.path().join("2.jsonl"));
    let schedule = |line: &&Value| line["response"]["body"]["bookings"].is_array();
    let rows = classes.iter().find(schedule).expect("a schedule");
    let rows = rows["response"]["body"]["bookings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["coachName"] == "<text 5>");
    assert_eq!(row.expect("a coach")["enabled"], 1);
    hidden.sort();
    hidden.dedup();
    for entry in fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "jsonl") {
            let text = fs::read_to_string(&path).unwrap();
            for secret in &hidden {
                assert!(
                    !text.contains(secret.as_str()),
                    "{secret} in {}: {text}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn a_file_that_exists_or_cannot_be_made_is_refused_before_anything_is_sent() {
    let (sandbox, home) = logged_in();
    let old = home.write("old.jsonl", "mine\n");
    symlink(home.path().join("target"), home.path().join("link")).unwrap();
    for (file, words) in [
        ("old.jsonl", "the file exists already; name a new one"),
        ("link", "the file exists already"),
        (
            "no/folder.jsonl",
            "cannot create the file: no such file or directory",
        ),
        ("old.jsonl/x", "cannot create the file: not a directory"),
    ] {
        for args in [
            "classes",
            "book --day +3 --time 13:10",
            "login --password-stdin",
            "refresh --force",
        ] {
            let run = home.run(args).stdin(ANA_PASSWORD).arg("--record");
            run.arg(home.path().join(file))
                .fails(2, &["--record", words]);
        }
        let run = home.run("classes --record").arg(home.path().join(file));
        let printed = run.fails_with(2, &[words]).json();
        assert_eq!(printed["error"]["kind"], "usage");
    }
    assert!(sandbox.log().is_empty());
    assert_eq!(fs::read_to_string(old).unwrap(), "mine\n");
    for args in [
        "sessions",
        "prebook list",
        "logout",
        "config show",
        "notify test",
    ] {
        let run = home.run(args).args("--record x.jsonl");
        run.usage(&["--record cannot be used with"]);
    }
    home.run("classes --record").usage(&["--record"]);
}

#[test]
fn a_command_that_sends_nothing_leaves_no_file() {
    let (_sandbox, home) = start();
    let file = home.path().join("none.jsonl");
    let run = || home.run("classes --record").arg(&file);
    run().fails(3, &["no session yet"]);
    assert!(!file.exists());
    run().fails(3, &["no session yet"]);
}

#[test]
fn failures_are_recorded_too() {
    let (sandbox, home) = logged_in();
    let file = home.path().join("lost.jsonl");
    sandbox.fault(&json!({ "path": "/api/bookings", "kind": "cut", "count": -1 }));
    let run = home.run("classes --record").arg(&file);
    run.status(5).any_stderr().done();
    let recorded = lines(&file);
    let last = recorded.last().unwrap();
    assert_eq!(last["response"], Value::Null);
    assert!(last["error"].as_str().unwrap().starts_with("no "), "{last}");
}

#[test]
fn while_a_booking_is_fired_the_recording_is_kept_in_memory() {
    let scene = Scenario::new().opens_in(4);
    scene.class(&json!({}));
    scene.add("");
    scene.sandbox.hold("/api/book");
    let file = scene.home.path().join("run.jsonl");
    let run = scene
        .command("prebook run --json --record")
        .arg(&file)
        .any_stdout();
    let running = run.limit(std::time::Duration::from_secs(90)).spawn();
    wait_for("the request", || {
        !scene.sandbox.sent("/api/book").is_empty()
    });
    let before = lines(&file);
    assert!(!urls(&before).iter().any(|url| url.ends_with("/api/book")));
    scene.sandbox.let_go();
    running.done();
    let after = urls(&lines(&file));
    assert!(after.len() > before.len());
    let fired = after.iter().position(|url| url.ends_with("/api/book"));
    assert!(fired.is_some_and(|at| at + 1 < after.len()), "{after:?}");
}

#[test]
fn a_full_disk_is_a_warning_and_never_a_lost_result() {
    let (sandbox, home) = logged_in();
    for minute in 0..100 {
        let start = format!("{:02}:{:02}", 8 + minute / 10, minute % 10);
        sandbox.class(&json!({ "day": day(3), "start": start, "name": "Prueba" }));
    }
    let whole = home.run("classes --days 14").succeeds().stdout;
    let file = home.path().join("full.jsonl");
    let run = home.run("classes --days 14 --record").arg(&file);
    // enough for what this command changes in the store, and not for the recording
    let output = run.after("ulimit -f 96").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), whole);
    let words = format!("the recording {} is incomplete: ", file.display());
    assert!(stderr.contains(&words), "{stderr}");
    assert!(!lines(&file).is_empty());
}

/// The exchanges are kept in memory from a minute before the opening.
#[test]
fn a_prebooking_that_a_signal_ends_is_recorded() {
    let scene = Scenario::new().opens_in(20);
    scene.class(&json!({}));
    scene.add("");
    let reads = || scene.sandbox.sent("/api/bookings").len();
    let before = reads();
    let file = scene.home.path().join("ended.jsonl");
    let run = scene.command("prebook run --record").arg(&file);
    let run = run.any_stdout().any_stderr().status(143).spawn();
    wait_for("the look", || reads() > before);
    // the response is recorded before the next request
    let calls = || scene.sandbox.log().len();
    let at_look = calls();
    wait_for("a later request", || calls() > at_look);
    signal("TERM", run.id());
    run.done();
    let recorded = urls(&lines(&file));
    let is_look = |url: &String| url.contains("/api/bookings");
    assert!(recorded.iter().any(is_look), "{recorded:?}");
}
