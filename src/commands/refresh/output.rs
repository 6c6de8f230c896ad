//! The output of `refresh`: nothing if it succeeds without a terminal, the numbers on a terminal.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::Failure;
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};
use crate::sessions::refresh::RefreshStatus;
use crate::ui::Output;
use crate::ui::table::OutputStyle;

/// What a refresh did.
#[derive(Debug, Default, Serialize)]
pub(super) struct RefreshView {
    pub total: usize,
    pub updated: usize,
    pub fresh: usize,
    pub busy: usize,
    pub logged_out: usize,
    pub relogged: usize,
    pub failed: usize,
    pub sessions: Vec<RefreshedSession>,
    #[serde(skip)]
    pub failure: Option<Failure>,
    /// prints a summary, because standard error is a terminal
    #[serde(skip)]
    pub watched: bool,
}

/// What became of one session.
#[derive(Debug, Serialize)]
pub(super) struct RefreshedSession {
    pub account: Account,
    pub kind: SessionKind,
    pub fingerprint: Fingerprint,
    pub outcome: RefreshStatus,
    pub error: Option<String>,
}

impl Output for RefreshView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if !self.watched {
            return Ok(());
        }
        let counts = [
            (self.updated, "updated"),
            (self.fresh, "fresh"),
            (self.busy, "busy"),
            (self.relogged, "logged in again"),
            (self.logged_out, "logged out"),
            (self.failed, "failed"),
        ];
        let reported: Vec<String> = counts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{n} {what}"))
            .collect();
        match self.total {
            0 => writeln!(to, "no session to refresh; run `aimharder login EMAIL`"),
            total => writeln!(
                to,
                "{total} session{}: {}",
                if total == 1 { "" } else { "s" },
                reported.join(", ")
            ),
        }
    }

    fn failure(&self) -> Option<Failure> {
        self.failure.clone()
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}
