//! Exit codes and help texts: the reference's table is the program's, every command shows examples that parse.

use std::collections::{BTreeMap, BTreeSet};

use aimharder::cli::Cli;
use aimharder::error::ExitKind;
use clap::{Command, CommandFactory};
use strum::VariantArray as _;

use crate::lines::{invocations, parses};
use crate::text;

/// Code to kind, as the program has it; 0 has no kind.
fn exit_codes() -> BTreeMap<u8, String> {
    let name = |kind: ExitKind| serde_json::to_value(kind).unwrap().as_str().unwrap().into();
    let kinds = ExitKind::VARIANTS
        .iter()
        .map(|kind| (kind.code(), name(*kind)));
    let bare = [0].map(|code| (code, String::new()));
    kinds.chain(bare).collect()
}

/// The rows of a page's table of all exit codes.
fn exit_codes_of(page: &str) -> BTreeMap<u8, String> {
    let page = text(page);
    let (_, table) = page.split_once("| code | `kind` | when |").unwrap();
    let rows = table.lines().skip(2).map_while(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let code = cells.get(1)?.parse::<u8>().ok()?;
        Some((code, cells.get(2)?.trim_matches('`').to_owned()))
    });
    rows.collect()
}

#[test]
fn the_reference_has_the_programs_exit_codes() {
    assert_eq!(exit_codes_of("src/docs/scripting.md"), exit_codes());
}

/// The names that a source gives its variants: `=> "name",`.
fn names_in(source: &str) -> BTreeSet<String> {
    let source = text(source);
    let after = source.split("=> \"").skip(1);
    after
        .filter_map(|rest| Some(rest.split_once("\",")?.0.to_owned()))
        .collect()
}

#[test]
fn the_reference_has_every_outcome() {
    let reference = text("src/docs/scripting.md");
    let outcomes = names_in("src/booking/outcome.rs");
    assert!(outcomes.contains("already_booked"), "{outcomes:?}");
    let is_missing = |name: &&String| !reference.contains(&format!("`{name}`"));
    let missing: Vec<_> = outcomes.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The numbers after "Exit codes:", each before its words.
fn codes_in(help: &str) -> BTreeSet<u8> {
    let (_, printed) = help.split_once("Exit codes:").unwrap_or_default();
    printed
        .split([',', '\n'])
        .filter_map(|part| part.split_whitespace().next()?.parse().ok())
        .collect()
}

#[test]
fn the_main_help_has_all_exit_codes() {
    let help = Cli::command().render_long_help().to_string();
    assert_eq!(codes_in(&help), exit_codes().into_keys().collect());
}

// --- help texts --------------------------------------------------------------------------------------

/// Every command with its path: `sessions set`.
fn commands(command: &Command, above: &str) -> Vec<(String, Command)> {
    command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set())
        .flat_map(|sub| {
            let name = format!("{above} {}", sub.get_name()).trim().to_owned();
            let below = commands(sub, &name);
            std::iter::once((name, sub.clone())).chain(below)
        })
        .collect()
}

#[test]
fn every_command_has_examples_that_parse_and_its_exit_codes() {
    let known: BTreeSet<u8> = exit_codes().into_keys().collect();
    let all = commands(&Cli::command(), "");
    assert!(all.len() >= 12, "{all:?}");
    for (name, command) in all {
        let help = command
            .get_after_long_help()
            .unwrap_or_default()
            .to_string();
        let codes = codes_in(&help);
        assert!(codes.contains(&0), "{name}: no exit codes in its help");
        assert!(codes.is_subset(&known), "{name}: {codes:?}");
        let printed = help.replace("Example: ", "\n");
        let examples: Vec<_> = printed.lines().flat_map(invocations).collect();
        let own = format!("aimharder {name}");
        assert!(
            examples
                .iter()
                .any(|words| words.join(" ").starts_with(&own)),
            "{name}: no example of its own in its help"
        );
        for words in &examples {
            parses(words);
        }
    }
    let first_steps = Cli::command().get_after_long_help().unwrap().to_string();
    let first_steps: Vec<_> = first_steps.lines().flat_map(invocations).collect();
    assert_eq!(first_steps.len(), 3);
    for words in &first_steps {
        parses(words);
    }
}

#[test]
fn the_reference_names_every_flag() {
    let reference = text("src/docs/scripting.md");
    let names: BTreeSet<&str> = reference
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .collect();
    let root = Cli::command();
    let mut all = commands(&root, "");
    all.push((String::new(), root));
    for (name, command) in all {
        for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
            let is_named = names.contains(format!("--{flag}").as_str());
            assert!(is_named, "--{flag} of `{name}` is not in scripting.md");
        }
    }
}

#[test]
fn help_reads_right_at_80_columns() {
    let mut built = Cli::command();
    built.build();
    let mut all = commands(&built, "");
    all.push((String::new(), built));
    for (name, command) in all {
        let below = command
            .get_after_long_help()
            .unwrap_or_default()
            .to_string();
        let shown = command
            .clone()
            .term_width(80)
            .render_long_help()
            .to_string();
        let mut before = "";
        for line in below.lines() {
            let example = line.starts_with("  ") || line.starts_with("Example: ");
            if example {
                assert!(line.chars().count() <= 76, "{name}: too long: {line}");
                assert!(shown.lines().any(|whole| whole == line), "{name}: {line}");
            }
            // clap wraps a paragraph; a break inside it would be a second one
            let goes_on = !before.is_empty() && !before.ends_with(['.', ':']);
            let begins = line.is_empty() || example || line.starts_with("Exit codes:");
            assert!(!goes_on || begins, "{name}: broken by hand before: {line}");
            before = if example { "" } else { line };
        }
    }
}
