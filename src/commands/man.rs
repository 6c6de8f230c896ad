//! `man`: manual pages, made from the same definition as the help texts. What clap_mangen knows, then examples, exit status,
//! environment and files in sections of their own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command, ValueHint};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};
use serde::Serialize;

use super::help::{Help, code};
use crate::error::Failure;
use crate::text::similar;
use crate::ui::table::OutputStyle;
use crate::ui::{Output, Ui};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder man prebook add | man -l -",
        "aimharder man --dir ~/.local/share/man/man1",
    ],
    exit_codes: &[
        (0, "printed or written"),
        (1, "the directory cannot be written"),
        code::USAGE,
        (6, "no such command"),
    ],
};

const ENVIRONMENT: [(&str, &str); 7] = [
    ("AIMHARDER_CONFIG", "the default of --config"),
    ("AIMHARDER_STORE", "the default of --store"),
    ("AIMHARDER_ACCOUNT", "the default of --account"),
    ("AIMHARDER_BOX", "the default of --box"),
    (
        "AIMHARDER_PASSWORD",
        "the password, if no pipe, command or credential supplies it",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "proxies, unless the config sets `proxy` or `connect_to`",
    ),
    (
        "RUST_LOG, NO_COLOR",
        "what is logged; output without colours",
    ),
];

const FILES: [(&str, &str); 2] = [
    (
        "$XDG_CONFIG_HOME/aimharder/config.toml",
        "config; under systemd in $CONFIGURATION_DIRECTORY",
    ),
    (
        "$XDG_STATE_HOME/aimharder/aimharder.db",
        "sessions, boxes and prebookings; under systemd in $STATE_DIRECTORY",
    ),
];

/// Print the manual page of the program or of one command
///
/// Read it with `aimharder man | man -l -`. With --dir, write the pages of all commands as files.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct ManArgs {
    /// Command, for example: prebook add
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write all pages into this directory, which is created if it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "command", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

/// `root` is the definition of the command line.
pub(crate) fn run(args: &ManArgs, root: Command, ui: &mut Ui) -> Result<()> {
    // `build` adds full names and global flags
    let mut root = root.disable_help_subcommand(true);
    root.build();
    if let Some(directory) = &args.dir {
        return ui.print(&Manual::Written(write_all(&root, directory)?));
    }
    let mut command = &root;
    for name in &args.command {
        let below = shown(command).find(|sub| sub.get_name() == name);
        command = below.ok_or_else(|| {
            let path = args.command.join(" ");
            let near = similar(name, shown(command).map(Command::get_name));
            let near = near.map_or_else(String::new, |near| format!("did you mean {near:?}? "));
            Failure::not_found(format!("no command {path:?}; {near}see `aimharder help`"))
        })?;
    }
    ui.print(&Manual::Page(page(command)?))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Manual {
    /// in roff
    Page(String),
    /// names of files
    Written(Vec<String>),
}

impl Output for Manual {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Page(page) => to.write_all(page.as_bytes()),
            Self::Written(files) => files.iter().try_for_each(|file| writeln!(to, "{file}")),
        }
    }

    fn has_side_effects(&self) -> bool {
        matches!(self, Self::Written(_))
    }
}

fn write_all(root: &Command, directory: &Path) -> Result<Vec<String>> {
    let context = || format!("cannot write manual pages into {}", directory.display());
    fs::create_dir_all(directory).with_context(context)?;
    let mut written = Vec::new();
    let mut commands = vec![root];
    while let Some(command) = commands.pop() {
        commands.extend(shown(command));
        let file = directory.join(Man::new(command.clone()).get_filename());
        fs::write(&file, page(command)?).with_context(context)?;
        written.push(file.display().to_string());
    }
    written.sort();
    Ok(written)
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set())
}

fn page(command: &Command) -> io::Result<String> {
    // a page has what `-h` leaves out too
    let man = Man::new(command.clone().mut_args(|arg| arg.hide_short_help(false)));
    let mut text = Vec::new();
    man.render_name_section(&mut text)?;
    synopsis(command, &mut text)?;
    man.render_description_section(&mut text)?;
    let help = command.get::<Help>();
    if let Some(help) = help {
        notes(help.notes, &mut text)?;
    }
    man.render_options_section(&mut text)?;
    if shown(command).next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(help) = help {
        examples(help, &mut text)?;
        let codes = help.exit_codes.iter();
        let codes: Vec<_> = codes
            .map(|(code, when)| (code.to_string(), *when))
            .collect();
        section("EXIT STATUS", &codes, &mut text)?;
    }
    section("ENVIRONMENT", &ENVIRONMENT, &mut text)?;
    section("FILES", &FILES, &mut text)?;
    see_also(command, &mut text)?;
    let title = man.get_filename();
    let title = title.trim_end_matches(".1").to_uppercase();
    Ok(one_page(&title, &String::from_utf8_lossy(&text)))
}

/// As in `--help`: without the global flags, which are listed below.
fn synopsis(command: &Command, to: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let mut roff = Roff::default();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman(usage)]);
    roff.to_writer(to)
}

/// Each part was rendered as a page of its own: keeps one preamble, and no break beside an empty line.
fn one_page(title: &str, parts: &str) -> String {
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

fn notes(notes: &str, to: &mut Vec<u8>) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    let mut roff = Roff::default();
    for paragraph in notes.split("\n\n") {
        roff.control("PP", []);
        for (n, line) in paragraph.lines().enumerate() {
            // an indented line is a line of a list
            if n > 0 && line.starts_with(' ') {
                roff.control("br", []);
            }
            roff.text([roman(line.trim())]);
        }
    }
    roff.to_writer(to)
}

fn examples(help: &Help, to: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::default();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for example in help.examples {
        roff.text([roman(*example)]);
    }
    roff.control("fi", []);
    roff.to_writer(to)
}

fn section(title: &str, rows: &[(impl AsRef<str>, &str)], to: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::default();
    roff.control("SH", [title]);
    for (name, text) in rows {
        roff.control("TP", []);
        roff.text([bold(name.as_ref())]);
        roff.text([roman(*text)]);
    }
    roff.to_writer(to)
}

/// The page of the command above.
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
