//! What `--help` shows below the flags, as data: the manual pages have the same in sections of their own.

use clap::builder::{CommandExt, StyledStr};

/// Notes, examples and exit codes of one command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Help {
    /// Paragraphs and lists, one line each.
    pub notes: &'static str,
    /// Command lines.
    pub examples: &'static [&'static str],
    /// Each code and when the command ends with it.
    pub exit_codes: &'static [(u8, &'static str)],
}

impl CommandExt for Help {}

impl From<Help> for StyledStr {
    fn from(help: Help) -> Self {
        let mut parts = Vec::new();
        if !help.notes.is_empty() {
            parts.push(help.notes.to_owned());
        }
        let examples = help.examples.iter().map(|line| format!("\n  {line}"));
        parts.push(format!("Examples:{}", examples.collect::<String>()));
        let codes = help.exit_codes.iter();
        let codes = codes.map(|(code, when)| format!("\n  {code:<3}  {when}"));
        parts.push(format!("Exit codes:{}", codes.collect::<String>()));
        parts.join("\n\n").into()
    }
}

/// Exit codes that mean the same in several commands.
pub(crate) mod code {
    pub(crate) const UNUSABLE_STORE: (u8, &str) = (1, "unusable store");
    pub(crate) const USAGE: (u8, &str) = (2, "wrong usage or config");
    pub(crate) const LOGIN_REQUIRED: (u8, &str) = (3, "login required");
    pub(crate) const UNREACHABLE: (u8, &str) =
        (5, "AimHarder unreachable, or a session lock not acquired");
    pub(crate) const INTERRUPTED: (u8, &str) = (130, "interrupted by Ctrl-C (143 by SIGTERM)");
}
