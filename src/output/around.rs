//! Texts that are printed as they are: scripts, manual pages, calendars.

use std::io::{self, Write};

use serde::Serialize;

use crate::ui::Output;
use crate::ui::table::OutputStyle;

/// `completions`
#[derive(Debug, Serialize)]
pub(crate) struct ScriptView {
    pub script: &'static str,
}

impl Output for ScriptView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self.script.as_bytes())
    }
}

/// What a completion script reads: one candidate a line.
#[derive(Debug, Serialize)]
pub(crate) struct CandidatesView {
    pub lines: Vec<String>,
}

impl Output for CandidatesView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        self.lines
            .iter()
            .try_for_each(|line| writeln!(to, "{line}"))
    }
}

/// `man`
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ManView {
    /// a page in roff
    Page(String),
    /// files that were written
    Written(Vec<String>),
}

impl Output for ManView {
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
