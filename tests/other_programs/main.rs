//! Tests that need programs beside Rust and a C compiler: shells, another clock, another reader of calendars, checkers of
//! manual pages and of units. `.ci/programs` lists them with their Debian packages; one that is missing fails its test.
//!
//! ```sh
//! cargo test --features other-programs --test other_programs
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, unused_imports)] // shared with `tests/e2e`, which uses the rest
#[path = "../e2e/support/mod.rs"]
mod support;

mod after_start;
mod calendar;
#[path = "../e2e/campaign/mod.rs"]
mod campaign;
mod clocks;
mod completions_shells;
mod log_folding;
mod manual;
mod prebook_guess;
mod prebook_zones;
mod scripts_busy;
mod units;

use std::process::{Command, Stdio};

const PROGRAMS: &str = include_str!("../../.ci/programs");

/// A program of the list, once it is known to be installed.
///
/// # Panics
///
/// If it is missing: the message names the Debian package.
fn program(name: &str) -> Command {
    let line = PROGRAMS
        .lines()
        .find(|line| line.split_whitespace().next() == Some(name));
    let package = line.and_then(|line| line.split_whitespace().nth(1));
    let package = package.unwrap_or_else(|| panic!("{name} is not listed in .ci/programs"));
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", name])
        .stdout(Stdio::null())
        .status();
    assert!(
        found.expect("sh").success(),
        "{name} is missing: install the Debian package {package}"
    );
    Command::new(name)
}

#[test]
fn every_listed_program_is_installed() {
    for line in PROGRAMS.lines().filter(|line| !line.starts_with('#')) {
        program(line.split_whitespace().next().expect("a program"));
    }
}
