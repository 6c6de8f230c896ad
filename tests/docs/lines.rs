//! Command lines in the README and the chapters: found as a shell finds them, and understood by the program.

use std::collections::BTreeSet;

use aimharder::cli::Cli;
use clap::Parser;

use crate::{PAGES, text};

/// The invocations of `aimharder` in one line of shell, or of a help text whose remarks are two spaces away. None if its quotes
/// are not closed.
pub(crate) fn invocations(line: &str) -> Vec<Vec<String>> {
    let code = line.trim().split(" #").next().unwrap_or_default();
    let code = code.split("  ").next().unwrap_or_default();
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut inside = false;
    let mut first = true;
    for word in shlex::split(code).unwrap_or_default() {
        match word.trim_end_matches(';') {
            "|" | "&&" | "||" | "if" | "then" | "!" | "do" => (inside, first) = (false, true),
            ">" | ">>" | "2>" | "<" => inside = false,
            "aimharder" if first => {
                found.push(vec!["aimharder".to_owned()]);
                (inside, first) = (true, false);
            }
            bare => {
                first = false;
                if let Some(words) = found.last_mut().filter(|_| inside) {
                    words.push(bare.to_owned());
                }
            }
        }
        if word.ends_with(';') {
            (inside, first) = (false, true);
        }
    }
    found
}

pub(crate) fn parses(words: &[String]) {
    if let Err(e) = Cli::try_parse_from(words) {
        panic!("{}: {e}", words.join(" "));
    }
}

#[test]
fn the_splitter_finds_invocations() {
    let table = [
        ("aimharder sessions   # all", vec!["aimharder sessions"]),
        (
            "pass show aimharder | aimharder login a@b.c",
            vec!["aimharder login a@b.c"],
        ),
        (
            "if aimharder book --id 1 > out.json; then",
            vec!["aimharder book --id 1"],
        ),
        (
            "aimharder boxes; aimharder classes | jq .",
            vec!["aimharder boxes", "aimharder classes"],
        ),
        (
            "aimharder classes --class 'Open Box'",
            vec!["aimharder classes --class Open Box"],
        ),
        ("cargo test", vec![]),
    ];
    for (line, expected) in table {
        let found: Vec<String> = invocations(line)
            .iter()
            .map(|words| words.join(" "))
            .collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn command_lines_in_the_pages_parse() {
    let mut lines = Vec::new();
    for page in PAGES {
        let page = text(page);
        let fenced = page.split("```").skip(1).step_by(2);
        let typed = fenced.flat_map(str::lines);
        let typed = typed.map(|line| line.strip_prefix("$ ").unwrap_or(line));
        lines.extend(typed.flat_map(invocations));
    }
    assert!(lines.len() >= 20, "{lines:?}");
    for words in &lines {
        parses(words);
    }
    let named: BTreeSet<_> = lines.iter().filter_map(|words| words.get(1)).collect();
    for sub in ["login", "classes", "book", "bookings", "cancel", "boxes"] {
        assert!(named.iter().any(|word| *word == sub), "{sub} is not shown");
    }
}
