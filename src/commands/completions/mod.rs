//! `completions`: the completion script of a shell; and the hidden `__complete`, which the scripts (`completions/`) call at
//! every TAB.
//!
//! clap's engine finds the candidates in the command line's own definition; values come from the store, which is only read. An
//! error gives fewer candidates and no message, because a prompt is not the place for one. clap's own scripts are not
//! used: in bash they break at words with `@` or spaces.

mod line;
mod values;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Command, ValueEnum};
use clap_complete::engine::{self, CompletionCandidate};
use serde::Serialize;

use super::app::store_path;
use super::args::GlobalArgs;
use super::help::{Help, code};
use crate::clock;
use crate::store::Store;
use crate::ui::table::OutputStyle;
use crate::ui::{Output, Ui};
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
    ui.print(&Script {
        script: match args.shell {
            Shell::Bash => include_str!("../../../completions/aimharder.bash"),
            Shell::Zsh => include_str!("../../../completions/_aimharder"),
            Shell::Fish => include_str!("../../../completions/aimharder.fish"),
        },
    })
}

/// `root` is the definition of the command line.
pub(crate) fn complete(
    args: &CompleteArgs,
    root: Command,
    global: &GlobalArgs,
    ui: &mut Ui,
) -> Result<()> {
    let typed = Typed::read(args);
    let named = typed.value_of("--store").map(PathBuf::from);
    let path = store_path(named.as_deref().or(global.store.as_deref()));
    let store = path.ok().and_then(|path| Store::open_to_read(&path).ok());
    ui.print(&Candidates {
        lines: typed.candidates(root, store),
    })
}

#[derive(Debug, Serialize)]
struct Script {
    script: &'static str,
}

impl Output for Script {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self.script.as_bytes())
    }
}

#[derive(Debug, Serialize)]
struct Candidates {
    lines: Vec<String>,
}

impl Output for Candidates {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        self.lines
            .iter()
            .try_for_each(|line| writeln!(to, "{line}"))
    }
}

/// A command line up to the cursor.
#[derive(Debug)]
struct Typed {
    /// the program's name first, the unfinished word last
    words: Vec<OsString>,
    /// bash replaces a part of a word only, and quotes nothing
    line: Option<Line>,
}

impl Typed {
    fn read(args: &CompleteArgs) -> Self {
        let line = match (args.shell, args.words.as_slice()) {
            (Shell::Bash, [breaks, line]) => Some(Line::read(
                &line.to_string_lossy(),
                &breaks.to_string_lossy(),
            )),
            _ => None,
        };
        let words = line.as_ref().map_or_else(
            || args.words.clone(),
            |line| line.words.iter().map(OsString::from).collect(),
        );
        Self { words, line }
    }

    /// The value of a flag before the cursor: `--box NAME` or `--box=NAME`.
    fn value_of(&self, flag: &str) -> Option<String> {
        let texts: Vec<_> = self.before().map(OsStr::to_string_lossy).collect();
        let apart = texts.windows(2).rev().find(|pair| pair[0] == flag);
        if let Some(pair) = apart {
            return Some(pair[1].to_string());
        }
        let joined = |word: &str| Some(word.strip_prefix(flag)?.strip_prefix('=')?.to_owned());
        texts.iter().rev().find_map(|word| joined(word))
    }

    /// The finished words.
    fn before(&self) -> impl Iterator<Item = &OsStr> {
        let finished = self.words.len().saturating_sub(1);
        self.words.iter().take(finished).map(OsString::as_os_str)
    }

    fn has(&self, word: &str) -> bool {
        self.before().any(|w| w == word)
    }

    /// One candidate a line, in the shell's own form: for bash the text that replaces what bash takes for the current
    /// word, for others the word, and an explanation after a tab.
    fn candidates(&self, root: Command, store: Option<Store>) -> Vec<String> {
        let Some(current) = self.words.last() else {
            return Vec::new();
        };
        let today = clock::now().date_naive();
        let mut root = values::with_values(root, self, store, today);
        let at = self.words.len() - 1;
        let found = engine::complete(&mut root, self.words.clone(), at, Some(Path::new(".")));
        let mut found = found.unwrap_or_default();
        // for an empty word, flags would hide the commands and values
        let is_flag =
            |one: &CompletionCandidate| one.get_value().as_encoded_bytes().starts_with(b"-");
        if current.is_empty() && !found.iter().all(is_flag) {
            found.retain(|one| !is_flag(one));
        }
        found.iter().filter_map(|one| self.shown(one)).collect()
    }

    fn shown(&self, one: &CompletionCandidate) -> Option<String> {
        let value = one
            .get_value()
            .to_str()
            .filter(|value| !value.contains(['\n', '\t']))?;
        if let Some(line) = &self.line {
            return line.replacement(value);
        }
        let help = one.get_help().map(ToString::to_string).unwrap_or_default();
        match help.lines().next() {
            Some(help) if !help.is_empty() => Some(format!("{value}\t{help}")),
            _ => Some(value.to_owned()),
        }
    }
}
