//! `store key | encrypt | decrypt | rekey | backup`.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result};

use super::app::App;
use crate::cli::{StoreArgs, StoreCommand};
use crate::exit::Failure;
use crate::output::{BackupView, Out, StoreKeyView, StoreView};
use crate::store::{self, Conversion};
use crate::{interrupt, store_key};

pub(super) fn run(args: &StoreArgs, app: &App, out: &mut Out) -> Result<()> {
    let done = match &args.command {
        StoreCommand::Key => return key(out),
        StoreCommand::Backup(backup) => {
            app.store.backup(&backup.file)?;
            return out.show(&BackupView {
                backup: backup.file.clone(),
                encrypted: app.store.is_sealed()?,
            });
        }
        StoreCommand::Encrypt => shielded(|| app.store.encrypt())?,
        StoreCommand::Decrypt(how) if how.forget_logins => shielded(|| app.store.forget_secrets())?,
        StoreCommand::Decrypt(_) => shielded(|| app.store.decrypt())?,
        StoreCommand::Rekey => rekey(app)?,
    };
    out.show(&view(done, app))
}

fn key(out: &mut Out) -> Result<()> {
    let key = store::new_key().context("make a key")?;
    out.show(&StoreKeyView {
        key: key.expose().to_owned(),
    })
}

fn rekey(app: &App) -> Result<Conversion> {
    if !app.store.is_sealed()? {
        let words = "the store is not encrypted; run `aimharder store encrypt`";
        return Err(Failure::usage(words).into());
    }
    if io::stdin().is_terminal() {
        let words = "pipe the new key: aimharder store rekey < new.key";
        return Err(Failure::usage(words).into());
    }
    let new = store_key::from_stdin().map_err(Failure::usage)?;
    Ok(shielded(|| app.store.rekey(&new))?)
}

/// A conversion is whole at any moment, but it is better cleaned up too.
fn shielded(convert: impl FnOnce() -> store::Result<Conversion>) -> store::Result<Conversion> {
    let _shield = interrupt::shield();
    convert()
}

fn view(done: Conversion, app: &App) -> StoreView {
    StoreView {
        store: app.store.path().to_owned(),
        encrypted: done.sealed,
        changed: done.changed,
        sessions: done.sessions,
        removed: done.removed,
        unclean: done.unclean,
    }
}
