//! `store key | encrypt | decrypt | rekey | backup`: encryption of the stored logins, and copies of the store.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Subcommand, ValueHint};
use serde_json::json;

use super::app::App;
use super::help::{Help, code};
use super::plural;
use crate::error::{ExitKind, Failure};
use crate::store::{self, Conversion, Store};
use crate::ui::Ui;
use crate::ui::table::{Style, unbroken};
use crate::{process, signals};

const WRONG_KEY: (u8, &str) = (1, "unusable store, or wrong key");
const NO_KEY: (u8, &str) = (2, "wrong usage or config, or no key available");
const NOT_PURGED: (u8, &str) = (
    7,
    "done, but plain text remains until the next command removes it",
);
const NOT_ENCRYPTED: &str = "the store is not encrypted; run `aimharder store encrypt`";

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder store key | pass insert --multiline aimharder-store-key",
        "aimharder store encrypt",
        "aimharder store backup aimharder-copy.db",
    ],
    exit_codes: &[(0, "done, or already so"), WRONG_KEY, NO_KEY, NOT_PURGED],
};

/// Encrypt the logins in the store, or copy the store
///
/// The sessions of an encrypted store cannot be used without its key. The key comes from the systemd credential aimharder-key, or
/// from key_command under [store] in the config.
#[derive(Debug, Subcommand)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) enum StoreCommand {
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
        (3, "no store"),
    ],
};

/// `app` opens the store; `store key` works without one.
pub(crate) fn run(
    command: &StoreCommand,
    app: impl FnOnce() -> Result<App>,
    ui: &mut Ui,
) -> Result<()> {
    match command {
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
    ui.print(&json!({ "key": key.expose() }), |_| {
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
    let failure = done.unclean.as_ref().map(|why| {
        let message = format!(
            "done, but plain text may remain in free pages, in the log or in copies: {why}; \
             the next aimharder command removes it"
        );
        Failure::new(ExitKind::Partial, message)
    });
    ui.print_outcome(&done, failure, |style| {
        let lines = conversion(&done);
        let wrap = |line: &String| style.paragraph(line, 0, Style::Plain);
        lines.iter().flat_map(wrap).collect()
    })
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

/// Copies the store. Signals wait, so that no part of a copy is left.
fn backup(file: &Path, app: &App, ui: &mut Ui) -> Result<()> {
    let signal_guard = signals::signal_guard("store");
    let encrypted = app.store.backup(file)?;
    drop(signal_guard);
    let how = match (encrypted, app.store.has_sessions()?) {
        (true, _) => "; its logins are encrypted",
        (false, true) => "; its logins are in plain text",
        (false, false) => "",
    };
    let data = json!({ "backup": file.to_string_lossy(), "encrypted": encrypted });
    ui.print(&data, |style| {
        let line = format!("copied to {}{how}", unbroken(file));
        style.paragraph(&line, 0, Style::Plain)
    })
}

/// What a conversion did, and what to do next.
fn conversion(done: &Conversion) -> Vec<String> {
    let store = unbroken(&done.store);
    let sessions = plural(done.sessions, "session");
    let (state, advice) = match (done.encrypted, done.changed) {
        (true, true) if done.is_rekeyed => (
            format!("has the new key ({sessions})"),
            "make key_command or the credential supply the new key: the old one no longer fits",
        ),
        (true, true) => (
            format!("is encrypted ({sessions})"),
            "keep a copy of the key: without it these logins are lost",
        ),
        (true, false) => ("is already encrypted with this key".to_owned(), ""),
        (false, true) if done.sessions == 0 => (
            "is no longer encrypted, and has no logins".to_owned(),
            "log in with `aimharder login`",
        ),
        (false, true) => (format!("is no longer encrypted ({sessions})"), ""),
        (false, false) => ("is not encrypted".to_owned(), ""),
    };
    let mut lines = vec![format!("{store} {state}"), advice.to_owned()];
    let removed = done.removed.iter();
    lines.extend(removed.map(|copy| format!("deleted the earlier copy {}", unbroken(copy))));
    lines
}
