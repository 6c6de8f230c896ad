//! `store key | encrypt | decrypt | rekey | backup`: encryption of the stored logins, and copies of the store.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueHint};
use serde::Serialize;
use serde_json::json;

use super::app::App;
use super::help::{Help, code};
use super::plural;
use crate::error::{ExitKind, Failure};
use crate::store::{self, Conversion, Store};
use crate::ui::table::{OutputStyle, Style, unbroken};
use crate::ui::{Output, Ui};
use crate::{process, signals};

const WRONG_KEY: (u8, &str) = (1, "unusable store, or wrong key");
const NO_KEY: (u8, &str) = (2, "wrong usage or config, or no key available");
const NOT_PURGED: (u8, &str) = (
    7,
    "done, but plain text remains until the next command removes it",
);
const NOT_ENCRYPTED: &str = "the store is not encrypted; run `aimharder store encrypt`";

/// Encrypt the logins in the store, or copy the store
///
/// The sessions of an encrypted store cannot be used without its key. The key comes from the systemd credential aimharder-key, or
/// from key_command under [store] in the config.
#[derive(Debug, Args)]
#[command(arg_required_else_help = false, after_long_help = HELP, add = HELP)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

impl StoreArgs {
    pub(crate) fn is_backup(&self) -> bool {
        matches!(self.command, StoreCommand::Backup { .. })
    }
}

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder store key | pass insert --multiline aimharder-store-key",
        "aimharder store encrypt",
        "aimharder store backup aimharder-copy.db",
    ],
    exit_codes: &[(0, "done, or already so"), WRONG_KEY, NO_KEY, NOT_PURGED],
};

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Print a new key: 64 random hex digits
    #[command(after_long_help = KEY_HELP, add = KEY_HELP)]
    Key,
    /// Encrypt tokens and cookies with the key
    ///
    /// No plain text remains in free pages of the store, in its log, or in the copies that upgrades made beside it.
    /// Other processes with the same config may run at the same time.
    #[command(after_long_help = ENCRYPT_HELP, add = ENCRYPT_HELP)]
    Encrypt,
    /// Store tokens and cookies as plain text again
    #[command(after_long_help = DECRYPT_HELP, add = DECRYPT_HELP)]
    Decrypt {
        /// Delete tokens and cookies without the key; keep all else
        #[arg(long)]
        forget_logins: bool,
    },
    /// Change the key: read the new one from standard input
    ///
    /// The old key comes from its usual source. Change that source afterwards: until then, other commands report a wrong
    /// key and change nothing.
    #[command(after_long_help = REKEY_HELP, add = REKEY_HELP)]
    Rekey,
    /// Copy the store to a new file while other processes use it
    ///
    /// An encrypted store is copied as it is. A token in a copy is valid until the next refresh replaces it.
    #[command(after_long_help = BACKUP_HELP, add = BACKUP_HELP)]
    Backup {
        /// New file, created with mode 0600
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

const KEY_HELP: Help = Help {
    notes: "",
    examples: &["aimharder store key | pass insert --multiline aimharder-store-key"],
    exit_codes: &[
        (0, "printed"),
        (1, "no random numbers available"),
        code::USAGE,
    ],
};
const ENCRYPT_HELP: Help = Help {
    notes: "",
    examples: &["aimharder store encrypt"],
    exit_codes: &[
        (0, "encrypted, or already so"),
        WRONG_KEY,
        NO_KEY,
        NOT_PURGED,
    ],
};
const DECRYPT_HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder store decrypt",
        "aimharder store decrypt --forget-logins    # the key is lost",
    ],
    exit_codes: &[(0, "plain text, or already so"), WRONG_KEY, NO_KEY],
};
const REKEY_HELP: Help = Help {
    notes: "",
    examples: &["aimharder store rekey < new.key"],
    exit_codes: &[
        (0, "changed"),
        WRONG_KEY,
        (
            2,
            "wrong usage or config, not encrypted, or no key available",
        ),
        NOT_PURGED,
    ],
};
const BACKUP_HELP: Help = Help {
    notes: "",
    examples: &["aimharder store backup aimharder-copy.db"],
    exit_codes: &[
        (0, "copied"),
        (1, "unusable store, or the file cannot be written"),
        (2, "wrong usage or config, or the file exists"),
    ],
};

/// `app` opens the store; `store key` works without one.
pub(crate) fn run(args: &StoreArgs, app: impl FnOnce() -> Result<App>, ui: &mut Ui) -> Result<()> {
    match &args.command {
        StoreCommand::Key => key(ui),
        StoreCommand::Encrypt => convert(&app()?, Store::encrypt, ui),
        StoreCommand::Decrypt {
            forget_logins: true,
        } => convert(&app()?, Store::forget_secrets, ui),
        StoreCommand::Decrypt { .. } => convert(&app()?, Store::decrypt, ui),
        StoreCommand::Rekey => rekey(&app()?, ui),
        StoreCommand::Backup { file } => backup(file, &app()?, ui),
    }
}

fn key(ui: &mut Ui) -> Result<()> {
    let key = store::new_key().context("make a key")?;
    ui.print_result(&json!({ "key": key.expose() }), |_| {
        vec![key.expose().to_owned()]
    })
}

/// Converts the store. Signals wait, so that the plain text is removed from the file in the same run.
fn convert(
    app: &App,
    how: impl FnOnce(&Store) -> store::Result<Conversion>,
    ui: &mut Ui,
) -> Result<()> {
    let signal_guard = signals::signal_guard("store");
    let done = how(&app.store)?;
    drop(signal_guard);
    if done.is_rekeyed && !done.encrypted {
        // another process has decrypted it meanwhile: the new key is not this store's key
        bail!(Failure::usage(NOT_ENCRYPTED));
    }
    ui.print(&done)
}

fn rekey(app: &App, ui: &mut Ui) -> Result<()> {
    if !app.store.is_encrypted()? {
        bail!(Failure::usage(NOT_ENCRYPTED));
    }
    if io::stdin().is_terminal() {
        bail!(Failure::usage(
            "the new key is read from standard input; run `aimharder store rekey < new.key`",
        ));
    }
    let new = process::first_line(io::stdin().lock()).map_err(|why| {
        Failure::usage(format!(
            "cannot read the new key from standard input: {why}"
        ))
    })?;
    convert(app, |store| store.rekey(&new), ui)
}

fn backup(file: &Path, app: &App, ui: &mut Ui) -> Result<()> {
    let encrypted = app.store.backup(file)?;
    ui.print(&Backup {
        file,
        encrypted,
        has_logins: app.store.has_sessions()?,
    })
}

impl Output for Conversion {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let store = unbroken(&self.store);
        let sessions = plural(self.sessions, "session");
        let (state, advice) = match (self.encrypted, self.changed) {
            (true, true) if self.is_rekeyed => (
                format!("has the new key ({sessions})"),
                "make key_command or the credential supply the new key: the old one no longer fits",
            ),
            (true, true) => (
                format!("is encrypted ({sessions})"),
                "keep a copy of the key: without it these logins are lost",
            ),
            (true, false) => ("is already encrypted with this key".to_owned(), ""),
            (false, true) => (format!("is no longer encrypted ({sessions})"), ""),
            (false, false) => ("is not encrypted".to_owned(), ""),
        };
        style.write_notes(&[format!("{store} {state}")], 0, Style::Plain, to)?;
        style.write_notes(&[advice.to_owned()], 0, Style::Plain, to)?;
        let removed = self.removed.iter();
        let mut removed =
            removed.map(|copy| format!("deleted the earlier copy {}", unbroken(copy)));
        removed.try_for_each(|line| style.write_notes(&[line], 0, Style::Plain, to))
    }

    fn failure(&self) -> Option<Failure> {
        let why = self.unclean.as_ref()?;
        let message = format!(
            "done, but plain text may remain in free pages, in the log or in copies: {why}; \
             the next aimharder command removes it"
        );
        Some(Failure::new(ExitKind::Partial, message))
    }

    fn has_side_effects(&self) -> bool {
        self.changed
    }
}

#[derive(Debug, Serialize)]
struct Backup<'b> {
    #[serde(rename = "backup")]
    file: &'b Path,
    encrypted: bool,
    #[serde(skip)]
    has_logins: bool,
}

impl Output for Backup<'_> {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let how = match (self.encrypted, self.has_logins) {
            (true, _) => "; its logins are encrypted",
            (false, true) => "; its logins are in plain text",
            (false, false) => "",
        };
        let line = format!("copied to {}{how}", unbroken(self.file));
        style.write_notes(&[line], 0, Style::Plain, to)
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}
