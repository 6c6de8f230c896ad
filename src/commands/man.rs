//! `man`: manual pages, made from the same definition as the help texts. What clap_mangen knows, then examples, exit status,
//! environment and files in sections of their own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Command, ValueHint};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};
use serde_json::json;

use super::help::Help;
use crate::error::Failure;
use crate::text::similar;
use crate::ui::Ui;

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder man prebook add | man -l -",
        "aimharder man --dir ~/.local/share/man/man1",
    ],
    exit_codes: &[
        (0, "printed or written"),
        (1, "the directory cannot be written"),
        (2, "wrong usage, or no such command"),
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
        let files = write_all(&root, directory)?;
        return ui.print(&json!({ "written": files }), |_| files);
    }
    let mut command = &root;
    for name in &args.command {
        let below = shown(command).find(|sub| sub.get_name() == name);
        command = below.ok_or_else(|| {
            let path = args.command.join(" ");
            let near = similar(name, shown(command).map(Command::get_name));
            let near = near.map_or_else(String::new, |near| format!("did you mean {near:?}? "));
            Failure::usage(format!("no command {path:?}; {near}see `aimharder help`"))
        })?;
    }
    let page = page(command)?;
    ui.print(&json!({ "page": page }), |_| vec![page])
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
    let help = command.get::<Help>();
    let mut text = Vec::new();
    man.render_name_section(&mut text)?;
    synopsis(command).to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    if let Some(help) = help.filter(|help| !help.notes.is_empty()) {
        notes(help.notes).to_writer(&mut text)?;
    }
    man.render_options_section(&mut text)?;
    if shown(command).next().is_some() {
        man.render_subcommands_section(&mut text)?;
    }
    last_sections(command, help).to_writer(&mut text)?;
    let title = man.get_filename();
    let title = title.trim_end_matches(".1").to_uppercase();
    Ok(one_page(&title, &String::from_utf8_lossy(&text)))
}

/// As in `--help`: without the global flags, which are listed below.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let mut roff = Roff::default();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman(usage)]);
    roff
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

fn notes(notes: &str) -> Roff {
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
    roff
}

/// Examples, exit codes, environment, files, and the page of the command above.
fn last_sections(command: &Command, help: Option<&Help>) -> Roff {
    let mut roff = Roff::default();
    if let Some(help) = help {
        roff.control("SH", ["EXAMPLES"]);
        roff.control("nf", []);
        for example in help.examples {
            roff.text([roman(*example)]);
        }
        roff.control("fi", []);
        let codes = help.exit_codes.iter();
        let codes = codes.map(|(code, when)| (code.to_string(), *when));
        section("EXIT STATUS", codes, &mut roff);
    }
    section("ENVIRONMENT", ENVIRONMENT, &mut roff);
    section("FILES", FILES, &mut roff);
    let name = command.get_display_name().unwrap_or("aimharder");
    if let Some((above, _)) = name.rsplit_once('-') {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold(above), roman("(1)")]);
    }
    roff
}

fn section(
    title: &str,
    rows: impl IntoIterator<Item = (impl Into<String>, &'static str)>,
    roff: &mut Roff,
) {
    roff.control("SH", [title]);
    for (name, text) in rows {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(text)]);
    }
}
