//! Manual pages, made from the same definition as the help texts: what clap_mangen knows, then examples, exit status,
//! environment and files in sections of their own, as readers of manuals look for them.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use super::Cli;

const ENVIRONMENT: [(&str, &str); 6] = [
    ("AIMHARDER_CONFIG", "stands in for --config"),
    ("AIMHARDER_STORE", "stands in for --store"),
    ("AIMHARDER_ACCOUNT", "stands in for --account"),
    ("AIMHARDER_BOX", "stands in for --box"),
    (
        "AIMHARDER_PASSWORD",
        "the password, where no pipe, command or credential delivers it",
    ),
    ("RUST_LOG, NO_COLOR", "what is logged; no colours"),
];

const FILES: [(&str, &str); 2] = [
    (
        "$XDG_CONFIG_HOME/aimharder/config.toml",
        "settings; under systemd in $CONFIGURATION_DIRECTORY",
    ),
    (
        "$XDG_STATE_HOME/aimharder/aimharder.db",
        "sessions, boxes and prebookings; under systemd in $STATE_DIRECTORY",
    ),
];

/// A page and the name of its file: `aimharder-prebook-add.1`.
#[derive(Debug)]
pub(crate) struct Page {
    pub file: String,
    pub text: String,
}

/// The page of one command (of the program without a name). `None`: there is no such command.
pub(crate) fn page(names: &[String]) -> Option<io::Result<Page>> {
    let root = definition();
    let mut command = &root;
    for name in names {
        command = shown(command).find(|sub| sub.get_name() == name)?;
    }
    Some(render(command))
}

/// All pages.
pub(crate) fn pages() -> io::Result<Vec<Page>> {
    let mut pages = Vec::new();
    let root = definition();
    let mut waiting = vec![&root];
    while let Some(command) = waiting.pop() {
        waiting.extend(shown(command));
        pages.push(render(command)?);
    }
    Ok(pages)
}

fn definition() -> Command {
    // its names and the global flags come into being by `build`
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    root
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set())
}

fn render(command: &Command) -> io::Result<Page> {
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_name_section(&mut text)?;
    synopsis(command, &mut text)?;
    man.render_description_section(&mut text)?;
    let told = Told::read(command);
    told.remarks(&mut text)?;
    man.render_options_section(&mut text)?;
    if shown(command).next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    told.examples_and_codes(&mut text)?;
    section("ENVIRONMENT", &ENVIRONMENT, &mut text)?;
    section("FILES", &FILES, &mut text)?;
    see_also(command, &mut text)?;
    let file = man.get_filename();
    let title = file.trim_end_matches(".1").to_uppercase();
    Ok(Page {
        text: tidy(&title, &String::from_utf8_lossy(&text)),
        file,
    })
}

/// As `--help` has it: the flags that every command understands are listed below, not in every synopsis.
fn synopsis(command: &Command, to: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let mut roff = Roff::default();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman(usage)]);
    roff.to_writer(to)
}

/// One title and one preamble, and no break beside an empty line: every part was made as a page of its own.
fn tidy(title: &str, parts: &str) -> String {
    let is_preamble = |line: &&str| line.starts_with(".ie ") || line.starts_with(".el ");
    let preamble: Vec<&str> = parts.lines().take_while(is_preamble).collect();
    let lines = parts.lines().filter(|line| !is_preamble(line));
    let body = lines.map(str::trim_end).collect::<Vec<_>>().join("\n");
    let body = body.replace("\n.br\n\n.br\n", "\n.sp\n");
    format!(
        "{}\n.TH {} 1 \"\" \"aimharder {}\" \"User Commands\"\n{body}\n",
        preamble.join("\n"),
        title.replace('-', "\\-"),
        env!("CARGO_PKG_VERSION"),
    )
}

/// What stands below the help, taken apart.
struct Told {
    remarks: Vec<String>,
    examples: Vec<String>,
    codes: Vec<(String, String)>,
}

impl Told {
    fn read(command: &Command) -> Self {
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        let (before, codes) = help.split_once("Exit codes:").unwrap_or((&help, ""));
        let mut told = Self {
            remarks: Vec::new(),
            examples: Vec::new(),
            codes: exit_codes(codes),
        };
        let mut in_examples = false;
        for line in before.lines() {
            match line.strip_prefix("Example: ") {
                Some(example) => told.examples.push(example.to_owned()),
                None if line.starts_with("Examples:") || line.starts_with("First steps:") => {
                    in_examples = true;
                }
                None if in_examples && line.starts_with("  ") => {
                    told.examples.push(line.trim().to_owned());
                }
                None => {
                    in_examples = false;
                    told.remarks.push(line.to_owned());
                }
            }
        }
        told
    }

    fn remarks(&self, to: &mut Vec<u8>) -> io::Result<()> {
        let mut roff = Roff::default();
        let paragraphs = self.remarks.split(|line| line.trim().is_empty());
        for paragraph in paragraphs.filter(|lines| !lines.is_empty()) {
            roff.control("PP", []);
            for (n, line) in paragraph.iter().enumerate() {
                // an indented line is one of a list
                if n > 0 && line.starts_with(' ') {
                    roff.control("br", []);
                }
                roff.text([roman(line.trim())]);
            }
        }
        if roff == Roff::default() {
            return Ok(());
        }
        roff.to_writer(to)
    }

    fn examples_and_codes(&self, to: &mut Vec<u8>) -> io::Result<()> {
        let mut roff = Roff::default();
        roff.control("SH", ["EXAMPLES"]);
        roff.control("nf", []);
        for example in &self.examples {
            roff.text([roman(example)]);
        }
        roff.control("fi", []);
        roff.to_writer(to)?;
        let codes: Vec<_> = self
            .codes
            .iter()
            .map(|(code, words)| (&**code, &**words))
            .collect();
        section("EXIT STATUS", &codes, to)
    }
}

/// `0 shown, 3 login required (a, b), 2 usage`: a number after a comma begins the next.
fn exit_codes(text: &str) -> Vec<(String, String)> {
    let mut codes: Vec<(String, String)> = Vec::new();
    for part in text
        .split([',', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (head, rest) = part.split_once(' ').unwrap_or((part, ""));
        match codes.last_mut() {
            _ if head.parse::<u8>().is_ok() => codes.push((head.to_owned(), rest.to_owned())),
            Some((_, words)) => *words = format!("{words}, {part}"),
            None => {}
        }
    }
    codes.sort_by_key(|(code, _)| code.parse::<u8>().unwrap_or_default());
    codes
}

fn section(title: &str, rows: &[(&str, &str)], to: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::default();
    roff.control("SH", [title]);
    for (name, words) in rows {
        roff.control("TP", []);
        roff.text([bold(*name)]);
        roff.text([roman(*words)]);
    }
    roff.to_writer(to)
}

/// The command above, or the program's manual.
fn see_also(command: &Command, to: &mut Vec<u8>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or("aimharder");
    let Some((above, _)) = name.rsplit_once('-') else {
        return Ok(());
    };
    let mut roff = Roff::default();
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold(above), roman("(1)")]);
    roff.to_writer(to)
}
