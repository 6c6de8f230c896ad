//! `completions`: the completion script of a shell; and the hidden `__complete`, which the scripts (`completions/`) call at
//! every TAB.
//!
//! clap's engine finds the candidates in the command line's own definition; values come from the store, which is only read. An
//! error gives fewer candidates and no message, because a prompt is not the place for one. clap's own scripts are not
//! used: in bash they break at words with `@` or spaces.

mod line;
mod values;

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Command, ValueEnum};
use clap_complete::engine::{self, CompletionCandidate};
use serde_json::json;

use super::app::store_path;
use super::args::GlobalArgs;
use super::help::{Help, code};
use crate::store::Store;
use crate::ui::Ui;
use line::Line;

const HELP: Help = Help {
    notes: "\
Where the scripts belong:
  bash: ~/.local/share/bash-completion/completions/aimharder
  zsh:  _aimharder, in a directory of $fpath
  fish: ~/.config/fish/completions/aimharder.fish",
    examples: &[
        "aimharder completions bash > aimharder",
        "aimharder completions fish > ~/.config/fish/completions/aimharder.fish",
    ],
    exit_codes: &[(0, "printed"), code::USAGE],
};

/// Print the completion script of a shell
///
/// The script completes commands, flags, and what the store contains: accounts, boxes, names of classes, fingerprints,
/// prebookings, weekly rules and reservations. Completing uses no network.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct CompletionsArgs {
    /// Shell
    shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Print completion candidates; called by the completion scripts
#[derive(Debug, Args)]
pub(crate) struct CompleteArgs {
    /// Shell
    shell: Shell,
    /// For bash: its word breaks, then the line up to the cursor. Otherwise: the words, the last one unfinished
    #[arg(last = true)]
    words: Vec<OsString>,
}

pub(crate) fn run(args: &CompletionsArgs, ui: &mut Ui) -> Result<()> {
    let text = match args.shell {
        Shell::Bash => include_str!("../../../completions/aimharder.bash"),
        Shell::Zsh => include_str!("../../../completions/_aimharder"),
        Shell::Fish => include_str!("../../../completions/aimharder.fish"),
    };
    ui.print(&json!({ "script": text }), |_| vec![text.to_owned()])
}

/// `root` is the definition of the command line.
pub(crate) fn complete(
    args: &CompleteArgs,
    root: Command,
    global: &GlobalArgs,
    ui: &mut Ui,
) -> Result<()> {
    let words = args.words.iter().map(|word| word.to_string_lossy());
    let words: Vec<String> = words.map(Cow::into_owned).collect();
    let line = match (args.shell, words.as_slice()) {
        (Shell::Bash, [breaks, line]) => Line::read(line, breaks),
        _ => Line::of(words),
    };
    let named = line.value_of("--store").map(PathBuf::from);
    let path = store_path(named.as_deref().or(global.store.as_deref()));
    let store = path.ok().and_then(|path| Store::open_to_read(&path).ok());
    let candidates = candidates(&line, args.shell, root, store);
    ui.print(&json!({ "candidates": candidates }), |_| candidates)
}

/// One candidate a line, in the shell's own form: for bash the text that replaces what bash takes for the current word, for
/// others the word, and an explanation after a tab.
fn candidates(line: &Line, shell: Shell, root: Command, store: Option<Store>) -> Vec<String> {
    let Some((current, before)) = line.words.split_last() else {
        return Vec::new();
    };
    let mut root = values::with_values(root, line, store);
    let words = line.words.iter().map(OsString::from).collect();
    let found = engine::complete(&mut root, words, before.len(), Some(Path::new(".")));
    let mut found = found.unwrap_or_default();
    // for an empty word, flags would hide the commands and values
    let is_flag = |one: &CompletionCandidate| one.get_value().as_encoded_bytes().starts_with(b"-");
    if current.is_empty() && !found.iter().all(is_flag) {
        found.retain(|one| !is_flag(one));
    }
    let shown = |one: &CompletionCandidate| {
        let value = one.get_value().to_str()?;
        if value.contains(['\n', '\t']) {
            return None;
        }
        if shell == Shell::Bash {
            return line.replacement(value);
        }
        let help = one.get_help().map(ToString::to_string).unwrap_or_default();
        match help.lines().next() {
            Some(help) if !help.is_empty() => Some(format!("{value}\t{help}")),
            _ => Some(value.to_owned()),
        }
    };
    found.iter().filter_map(shown).collect()
}
