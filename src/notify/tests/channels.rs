//! The bytes that each channel receives for one booking.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::config::Event;

/// The request that a channel sends to a server's path.
fn received(channel: &str, path: &str) -> Request {
    let (url, requests) = server(&[OK]);
    let channel = format!("{channel} = \"{url}{path}\"");
    assert_eq!(reported(&channel, LIMIT), None);
    let request = requests.recv().unwrap();
    assert_eq!(request.line(), format!("POST {path} HTTP/1.1"));
    request
}

#[test]
fn a_webhook_gets_the_event() {
    let request = received("webhook", "/hook?k=1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("cookie"), None);
    assert_eq!(request.json(), event());
}

#[test]
fn discord_gets_a_sentence_that_mentions_no_user() {
    let request = received("discord", "/api/webhooks/1/s");
    let expected = json!({"content": SENTENCE, "allowed_mentions": {"parse": []}});
    assert_eq!(request.json(), expected);
}

#[test]
fn ntfy_gets_text_and_headers() {
    let request = received("ntfy", "/topic");
    assert_eq!(request.body, SENTENCE);
    let expected = [
        ("title", "aimharder"),
        ("priority", "default"),
        ("tags", "white_check_mark"),
        ("content-type", "text/plain; charset=utf-8"),
    ];
    for (name, value) in expected {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
}

#[test]
fn what_is_not_a_token_of_a_bot_is_not_sent() {
    let telegram = |token: &str| {
        let channel = format!("telegram = {{ token_command = {token}, chat = \"@gym\" }}");
        reported(&channel, LIMIT).unwrap()
    };
    for token in [r#""echo a/../b""#, r#"["echo", "1 2"]"#, r#""true""#] {
        let no_token = "token_command did not print a bot's token";
        assert_eq!(telegram(token), no_token, "{token}");
    }
    let failed = "token_command failed (exit status: 3)";
    assert_eq!(telegram(r#""echo 123:x; exit 3""#), failed);
}

#[test]
fn a_command_gets_the_event_and_its_facts() {
    let dir = tempfile::tempdir().unwrap();
    let to = |name: &str| dir.path().join(name).display().to_string();
    let (line, facts) = (to("line"), to("facts"));
    let script = format!("cat > {line}; env > {facts}; echo chatter");
    assert_eq!(reported(&format!("command = {script:?}"), LIMIT), None);
    let line = std::fs::read_to_string(line).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.ends_with("}\n"));
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), event());
    let facts = std::fs::read_to_string(facts).unwrap();
    let expected = [
        "EVENT=booked",
        "TIME=2026-11-18T11:06:40+00:00",
        "ACCOUNT=ana@example.org",
        "BOX=crossfitdemo",
        "PREBOOKING_ID=7",
        "CLASS=WOD",
        "DAY=2026-11-23",
        "START=18:30",
        "OUTCOME=booked",
        "RESERVATION_ID=55501",
        &format!("TEXT={SENTENCE}"),
        &format!("MESSAGE={SENTENCE}"),
    ];
    for fact in expected {
        assert!(facts.contains(&format!("AIMHARDER_{fact}\n")), "{fact}");
    }
}

#[test]
fn a_command_that_fails_or_never_reads() {
    let list = |words: &str| reported(&format!("command = {words}"), LIMIT);
    assert_eq!(list(r#"["true"]"#), None);
    let failed = Some("it failed (exit status: 4)".to_owned());
    assert_eq!(list(r#"["sh", "-c", "exit 4"]"#), failed);
    let missing = Some("cannot run it: no such file or directory".to_owned());
    assert_eq!(list(r#"["/nonexistent/hunter2"]"#), missing);
}

#[test]
fn a_command_that_hangs_is_killed_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("alive");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let held = fifo.clone();
    // reads to the end of the pipe: until no process has it open for writing
    let watch = thread::spawn(move || std::fs::read(held).unwrap());
    let script = format!("exec > {}; (sleep 60; echo late) & wait", fifo.display());
    let begun = Instant::now();
    let error = reported(&format!("command = {script:?}"), Duration::from_secs(1));
    assert_eq!(error.as_deref(), Some("killed after 1 s"));
    assert_eq!(watch.join().unwrap(), b"");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn only_what_a_channel_wants_in_the_order_of_events() {
    let (url, requests) = server(&[OK]);
    let config = config(&format!(
        "[[notify]]\non = [\"failed\", \"booked\"]\nwebhook = \"{url}/some\"\n\
         [[notify]]\non = [\"recovered\"]\nwebhook = \"{url}/none\"\n\
         [[notify]]\nwebhook = \"{url}/all\"\n"
    ));
    let events = [Event::Booked, Event::Postponed, Event::Failed];
    let reports = tell_all(&config, &events.map(notice), LIMIT);
    let numbers: Vec<usize> = reports.iter().map(|report| report.number).collect();
    assert_eq!(numbers, [1, 3]);
    assert!(reports.iter().all(|report| report.error.is_none()));
    let seen: Vec<Request> = requests.try_iter().collect();
    let at = |path: &str| -> Vec<String> {
        let there = seen.iter().filter(|r| r.line().contains(path));
        there
            .map(|r| r.json()["event"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(at("/some"), ["booked", "failed"]);
    assert_eq!(at("/all"), ["booked", "postponed", "failed"]);
    assert_eq!(seen.len(), 5);
}
