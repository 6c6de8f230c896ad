//! Command lines, crontabs, recordings, and the lines of a workout.

use std::ffi::OsString;

use aimharder::cli::Cli;
use aimharder::diagnostics::crontab_minutes;
use aimharder::platform::recorded;
use serde_json::{Value, json};

use super::{DOMAIN, HOST, one_line, shown};

const MINUTES_OF_WEEK: u32 = 7 * 24 * 60;

/// The command line as it was understood.
fn read(words: &[&str]) -> Option<String> {
    let words = ["aimharder"].iter().chain(words).map(OsString::from);
    match Cli::read(words) {
        Ok(cli) => Some(format!("{cli:?}")),
        Err(error) => {
            error.to_string().lines().for_each(|line| {
                assert!(!line.contains('\u{1b}'), "controls a terminal: {line:?}");
            });
            None
        }
    }
}

/// A command and its arguments, on a line each. Positional arguments mean the same as flags.
pub fn positional(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace('\0', "");
    let words: Vec<&str> = text.split('\n').collect();
    let Some(by_position) = read(&words) else {
        return;
    };
    let command = match words[0] {
        "book" | "cancel" => &words[..1],
        _ => return,
    };
    // one argument may have several words
    let parts = words[1..].iter().flat_map(|word| word.split_whitespace());
    let parts: Vec<&str> = parts.collect();
    let [day, time, class @ ..] = &parts[..] else {
        return;
    };
    if words.iter().chain(&parts).any(|word| word.starts_with('-')) {
        return;
    }
    let class = class.join(" ");
    let flags = ["--day", day, "--time", time, "--class", &class];
    let flags = if class.is_empty() {
        &flags[..4]
    } else {
        &flags
    };
    let by_flags = read(&[command, flags].concat());
    assert_eq!(by_flags, Some(by_position), "{words:?}");
}

pub fn crontab(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let entries = crontab_minutes(&text);
    // the shell takes quotes and backslashes inside a word away
    let words = text.replace(['\'', '"', '\\'], "");
    assert!(entries.len() <= words.matches("aimharder").count());
    for minutes in entries {
        let is_sorted = minutes.is_sorted_by(|one, next| one < next);
        assert!(is_sorted && minutes.iter().all(|at| *at < MINUTES_OF_WEEK));
    }
}

/// A recorded response has no address and no long number.
pub fn recording(data: &[u8]) {
    let recorded = recorded::anonymized(data, DOMAIN).to_string();
    assert!(!recorded.contains('@'), "an address: {recorded}");
    let mut numbers = recorded.split(|c: char| !c.is_ascii_digit());
    let text = String::from_utf8_lossy(data);
    let long = numbers.find(|digits| digits.len() > 8 && text.contains(*digits));
    assert_eq!(long, None, "a number: {recorded}");
}

/// The notes of a workout.
pub fn notes(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let block = json!({ "title": text, "notes": text, "notes2": text, "timecap": text });
    let rate = json!({ "ejerName": text, "valor1": [text], "notes": text });
    let page = json!({ "elements": [{ "TIPOWODs": [block], "ejerRate": [rate] }] });
    let body = Value::to_string(&page);
    let answer = recorded::Response::new(HOST, 200, body.as_bytes());
    let (posts, _) = recorded::activity(&answer).expect("a list");
    let block = &posts[0].blocks[0];
    block.text.lines().for_each(shown);
    let texts = [&block.title, &block.time_cap].into_iter().flatten();
    texts.for_each(|text| one_line(text));
    for exercise in &block.exercises {
        shown(&exercise.name);
        exercise.prescription.iter().for_each(|text| shown(text));
    }
}
