//! The store itself: encrypted or plain, and copies of it.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::error::{ExitKind, Failure};
use crate::ui::Output;
use crate::ui::table::OutputStyle;

/// `store encrypt`, `decrypt`, `rekey`
#[derive(Debug, Serialize)]
pub(crate) struct StoreView {
    pub store: PathBuf,
    pub encrypted: bool,
    /// it was not so before
    pub changed: bool,
    pub sessions: usize,
    /// copies beside it that were deleted
    pub removed: Vec<PathBuf>,
    #[serde(skip)]
    pub unclean: Option<String>,
    /// with another key than before
    #[serde(skip)]
    pub rekeyed: bool,
}

impl Output for StoreView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let (store, sessions) = (self.store.display(), self.sessions);
        match (self.encrypted, self.changed) {
            (true, true) if self.rekeyed => {
                writeln!(to, "{store} has the new key now ({sessions} sessions)")?;
                writeln!(
                    to,
                    "let key_command or the credential give the new key from now on: the old one no longer fits"
                )?;
            }
            (true, true) => {
                writeln!(to, "{store} is encrypted now ({sessions} sessions)")?;
                writeln!(
                    to,
                    "keep a copy of the key: without it these logins are lost"
                )?;
            }
            (true, false) => writeln!(to, "{store} is encrypted already, with this key")?,
            (false, true) => writeln!(to, "{store} is no longer encrypted ({sessions} sessions)")?,
            (false, false) => writeln!(to, "{store} is not encrypted")?,
        }
        for copy in &self.removed {
            writeln!(to, "deleted {}, a copy from before", copy.display())?;
        }
        Ok(())
    }

    fn failure(&self) -> Option<Failure> {
        let why = self.unclean.as_ref()?;
        let words = format!(
            "it is done, but old text may still stand in free pages, in the log or in copies: {why}; \
             the next aimharder command cleans it away"
        );
        Some(Failure::new(ExitKind::Partial, words))
    }

    fn has_side_effects(&self) -> bool {
        self.changed
    }
}

/// `store key`
#[derive(Serialize)]
pub(crate) struct StoreKeyView {
    pub key: String,
}

impl Output for StoreKeyView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{}", self.key)
    }
}

impl std::fmt::Debug for StoreKeyView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreKeyView(…)")
    }
}

/// `store backup`
#[derive(Debug, Serialize)]
pub(crate) struct BackupView {
    pub backup: PathBuf,
    pub encrypted: bool,
}

impl Output for BackupView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let how = if self.encrypted {
            "its logins are encrypted"
        } else {
            "it holds logins in plain text"
        };
        writeln!(to, "copied to {}; {how}", self.backup.display())
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}
