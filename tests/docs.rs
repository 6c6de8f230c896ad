//! What is written for people must stay true: README, CHANGELOG, the commented config, help texts and scripts are compared
//! with the program. Starts nothing and talks to nobody.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may, as tests do

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aimharder::cli::Cli;
use aimharder::config::{Channel, Config, Event, Server};
use aimharder::exit::Kind;
use clap::{Command, CommandFactory, Parser};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

// --- exit codes ------------------------------------------------------------------------------------

const KINDS: [Kind; 9] = [
    Kind::Internal,
    Kind::Usage,
    Kind::LoginRequired,
    Kind::Refused,
    Kind::Unreachable,
    Kind::NotFound,
    Kind::Partial,
    Kind::UnknownOutcome,
    Kind::TooEarly,
];

/// A new kind does not compile here until it is thought of above and in the README.
fn is_listed(kind: Kind) -> bool {
    match kind {
        Kind::Internal
        | Kind::Usage
        | Kind::LoginRequired
        | Kind::Refused
        | Kind::Unreachable
        | Kind::NotFound
        | Kind::Partial
        | Kind::UnknownOutcome
        | Kind::TooEarly => KINDS.contains(&kind),
    }
}

/// Code to kind, as the program has it; 0 and 130 have no kind.
fn exit_codes() -> BTreeMap<u8, String> {
    assert!(KINDS.into_iter().all(is_listed));
    let name = |kind: Kind| serde_json::to_value(kind).unwrap().as_str().unwrap().into();
    let kinds = KINDS.map(|kind| (kind.code(), name(kind)));
    let bare = [0, 130].map(|code| (code, String::new()));
    kinds.into_iter().chain(bare).collect()
}

#[test]
fn the_readme_has_the_programs_exit_codes() {
    let readme = text("README.md");
    let rows = readme.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let code = cells.get(1)?.parse::<u8>().ok()?;
        Some((code, cells.get(2)?.trim_matches('`').to_owned()))
    });
    assert_eq!(rows.collect::<BTreeMap<_, _>>(), exit_codes());
}

/// The numbers after "Exit codes:", each before its words.
fn told_codes(help: &str) -> BTreeSet<u8> {
    let (_, told) = help.split_once("Exit codes:").unwrap_or_default();
    told.split([',', '\n'])
        .filter_map(|part| part.split_whitespace().next()?.parse().ok())
        .collect()
}

#[test]
fn the_main_help_has_all_exit_codes() {
    let help = Cli::command().render_long_help().to_string();
    assert_eq!(told_codes(&help), exit_codes().into_keys().collect());
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
        let help = command.get_after_help().unwrap_or_default().to_string();
        let codes = told_codes(&help);
        assert!(codes.contains(&0), "{name}: no exit codes in its help");
        assert!(codes.is_subset(&known), "{name}: {codes:?}");
        let told = help.replace("Example: ", "\n");
        let examples: Vec<_> = told.lines().flat_map(invocations).collect();
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
    let first_steps = Cli::command().get_after_help().unwrap().to_string();
    let first_steps: Vec<_> = first_steps.lines().flat_map(invocations).collect();
    assert_eq!(first_steps.len(), 3);
    for words in &first_steps {
        parses(words);
    }
}

#[test]
fn help_reads_right_at_80_columns() {
    let mut built = Cli::command();
    built.build();
    let mut all = commands(&built, "");
    all.push((String::new(), built));
    for (name, command) in all {
        let below = command.get_after_help().unwrap_or_default().to_string();
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

// --- command lines -----------------------------------------------------------------------------------

/// The invocations of `aimharder` in one line of shell, or of a help text whose remarks stand two spaces away.
fn invocations(line: &str) -> Vec<Vec<String>> {
    let code = line.trim().split(" #").next().unwrap_or_default();
    let code = code.split("  ").next().unwrap_or_default();
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut inside = false;
    let mut first = true;
    for word in words(code) {
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

/// Words as a shell sees them, as far as quotes go.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn parses(words: &[String]) {
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
fn command_lines_in_the_readme_parse() {
    let readme = text("README.md");
    let fenced = readme.split("```").skip(1).step_by(2);
    let lines: Vec<_> = fenced.flat_map(str::lines).flat_map(invocations).collect();
    assert!(lines.len() >= 10, "{lines:?}");
    for words in &lines {
        parses(words);
    }
    let named: BTreeSet<_> = lines.iter().filter_map(|words| words.get(1)).collect();
    for sub in ["login", "classes", "book", "bookings", "cancel", "boxes"] {
        assert!(named.iter().any(|word| *word == sub), "{sub} is not shown");
    }
}

// --- messages, links, files ----------------------------------------------------------------------------

/// All source texts with string continuations joined, as the compiler sees them.
fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap().path();
        if entry.is_dir() {
            sources(&entry, into);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&entry).unwrap();
            for (n, part) in text.split("\\\n").enumerate() {
                into.push_str(if n == 0 { part } else { part.trim_start() });
            }
        }
    }
}

#[test]
fn messages_that_the_readme_explains_exist() {
    let readme = text("README.md");
    let (_, table) = readme.split_once("| message has |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut code = String::new();
    sources(&path("src"), &mut code);
    let mut seen = 0;
    for row in rows {
        let cell = row.split('|').nth(1).unwrap();
        for message in cell.split('`').skip(1).step_by(2) {
            // words in capitals stand for a value
            for part in message.split("EMAIL").map(str::trim) {
                assert!(code.contains(part), "no message has {part:?}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn links_lead_to_files() {
    for page in ["README.md", "CHANGELOG.md"] {
        let page = text(page);
        let links = page
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("https://")) {
            assert!(path(link).exists(), "{link}");
        }
    }
}

#[test]
fn the_changelog_knows_this_version() {
    let heading = format!("\n## [{}] - ", env!("CARGO_PKG_VERSION"));
    assert!(text("CHANGELOG.md").contains(&heading), "no {heading:?}");
}

#[test]
fn scripts_can_be_run() {
    let mut scripts = vec![
        path(".ci/run"),
        path(".ci/package"),
        path(".ci/package-test"),
        path("fuzz/run"),
    ];
    for folder in ["examples", "systemd", "systemd/debian"] {
        let files = fs::read_dir(path(folder)).unwrap();
        scripts.extend(files.map(|file| file.unwrap().path()).filter(|file| {
            file.is_file() && fs::read_to_string(file).is_ok_and(|text| text.starts_with("#!"))
        }));
    }
    assert!(scripts.len() >= 15, "{scripts:?}");
    for script in scripts {
        let mode = fs::metadata(&script).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{}: mode {mode:o}", script.display());
    }
}

// --- the config ------------------------------------------------------------------------------------------

/// The commented config with every setting in force, but for the lines that begin with one of these.
fn in_force(but: &[&str]) -> String {
    let text = text("examples/config.toml");
    let lines = text.lines().map(|line| {
        let setting = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()));
        setting.unwrap_or(line)
    });
    let kept = lines.filter(|line| !but.iter().any(|start| line.starts_with(start)));
    kept.collect::<Vec<_>>().join("\n")
}

fn config(text: &str) -> Result<Config, String> {
    Config::parse(text, &path("examples/config.toml")).map_err(|e| e.to_string())
}

#[test]
fn the_example_config_changes_nothing_as_it_stands() {
    let file = path("examples/config.toml");
    let plain = Config {
        path: Some(file.clone()),
        ..Config::default()
    };
    assert_eq!(Config::load(&file).unwrap(), plain);
}

#[test]
fn every_setting_of_the_example_config_can_be_used() {
    let by_address = config(&in_force(&["proxy"])).unwrap();
    let by_proxy = config(&in_force(&["connect_to"])).unwrap();
    let both = config(&in_force(&[])).unwrap_err();
    assert!(both.contains("does not go together with proxy"), "{both}");

    assert!(by_proxy.server.proxy.is_some());
    assert_eq!(
        by_address.background_salt,
        Config::default().background_salt
    );
    let default = Server {
        connect_to: by_address.server.connect_to,
        ca_file: by_address.server.ca_file.clone(),
        ..Server::default()
    };
    assert_eq!(
        by_address.server, default,
        "a default is shown that is none"
    );
    assert_eq!(by_address.notify[0].on, Event::ALL);
    let channels = by_address.notify.iter().map(|notify| match notify.channel {
        Channel::Command(_) => 1,
        Channel::Discord(_) => 2,
        Channel::Ntfy(_) => 3,
        Channel::Telegram { .. } => 4,
        Channel::Webhook(_) => 5,
    });
    assert_eq!(channels.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn the_example_config_has_every_setting_there_is() {
    let whole = in_force(&[]);
    let sections = [
        "nope = 1",
        "[accounts.\"a@example.org\"]\nnope = 1",
        "[boxes.demo]\nnope = 1",
        "[[notify]]\nnope = 1",
        "[[notify]]\ntelegram = { nope = 1 }",
        "[ping]\nnope = 1",
        "[server]\nnope = 1",
        "[store]\nnope = 1",
    ];
    for section in sections {
        let told = config(section).unwrap_err();
        let (_, known) = told.split_once("unknown key, known are ").unwrap();
        for key in known.split(", ") {
            let ways = ["\nKEY = ", "\n[KEY", "\n[[KEY]]", "{ KEY = ", ", KEY = "];
            let shown = ways
                .iter()
                .any(|way| whole.contains(&way.replace("KEY", key)));
            assert!(shown, "{key} is not in the example config");
        }
    }
}
