//! `store key | encrypt | decrypt | rekey | backup`.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result};

use super::app::App;
use crate::cli::{BackupArgs, StoreArgs, StoreCommand};
use crate::error::Failure;
use crate::output::{BackupView, StoreKeyView, StoreView};
use crate::store::{self, Conversion, Store};
use crate::ui::Ui;
use crate::{signals, store_key};

/// `app` is opened where the store is needed: a key can be made without.
pub(super) fn run(args: &StoreArgs, app: impl FnOnce() -> Result<App>, ui: &mut Ui) -> Result<()> {
    match &args.command {
        StoreCommand::Key => key(ui),
        StoreCommand::Encrypt => convert(&app()?, false, Store::encrypt, ui),
        StoreCommand::Decrypt(how) if how.forget_logins => {
            convert(&app()?, false, Store::forget_secrets, ui)
        }
        StoreCommand::Decrypt(_) => convert(&app()?, false, Store::decrypt, ui),
        StoreCommand::Rekey => rekey(&app()?, ui),
        StoreCommand::Backup(args) => backup(args, &app()?, ui),
    }
}

fn key(ui: &mut Ui) -> Result<()> {
    let key = store::new_key().context("make a key")?;
    ui.print(&StoreKeyView {
        key: key.expose().to_owned(),
    })
}

const NOT_ENCRYPTED: &str = "the store is not encrypted; run `aimharder store encrypt`";

/// A conversion is whole at any moment, but it is better cleaned up too: signals wait for it.
fn convert(
    app: &App,
    rekeyed: bool,
    how: impl FnOnce(&Store) -> store::Result<Conversion>,
    ui: &mut Ui,
) -> Result<()> {
    let signal_guard = signals::signal_guard("store");
    let done = how(&app.store)?;
    drop(signal_guard);
    if rekeyed && !done.sealed {
        // decrypted meanwhile: the new key is no key of this store, and must not be taken for one
        return Err(Failure::usage(NOT_ENCRYPTED).into());
    }
    ui.print(&StoreView {
        store: app.store.path().to_owned(),
        encrypted: done.sealed,
        changed: done.changed,
        sessions: done.sessions,
        removed: done.removed,
        unclean: done.unclean,
        rekeyed,
    })
}

fn rekey(app: &App, ui: &mut Ui) -> Result<()> {
    if !app.store.is_sealed()? {
        return Err(Failure::usage(NOT_ENCRYPTED).into());
    }
    if io::stdin().is_terminal() {
        let words = "pipe the new key: aimharder store rekey < new.key";
        return Err(Failure::usage(words).into());
    }
    let new = store_key::from_stdin().map_err(Failure::usage)?;
    convert(app, true, |store| store.rekey(&new), ui)
}

fn backup(args: &BackupArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let encrypted = app.store.backup(&args.file)?;
    ui.print(&BackupView {
        backup: args.file.clone(),
        encrypted,
    })
}
