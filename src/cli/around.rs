//! `completions`, `man`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// Print the completion script of a shell
///
/// It completes commands and flags, and what this machine's store knows: accounts, boxes, names of classes seen lately,
/// fingerprints, prebookings, rules and their reservations. Nothing is asked of AimHarder while completing.
#[derive(Debug, Args)]
#[command(after_help = "\
Where the scripts belong:
  bash: ~/.local/share/bash-completion/completions/aimharder
  zsh:  _aimharder, in a folder of $fpath
  fish: ~/.config/fish/completions/aimharder.fish

Examples:
  aimharder completions bash > aimharder
  aimharder completions fish > ~/.config/fish/completions/aimharder.fish

Exit codes: 0 printed, 2 usage")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// What completion scripts call: prints candidates, never an error
#[derive(Debug, Args)]
pub(crate) struct CompleteArgs {
    /// The shell that asks
    pub shell: Shell,
    /// bash: its word breaks and the line up to the cursor; others: the words, the last one unfinished
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

/// Print a manual page, of the program or of one command
///
/// `aimharder man | man -l -` reads it. With --dir all pages are written as files, one for every command.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder man prebook add | man -l -
  aimharder man --dir ~/.local/share/man/man1

Exit codes: 0 printed or written, 1 the folder cannot be written, 2 usage, 6 no such command")]
pub(crate) struct ManArgs {
    /// The command, for example: prebook add
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write all pages into this folder; it is made when it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "command", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}
