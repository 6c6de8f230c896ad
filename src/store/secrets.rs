//! Secrets on their way into the store and out of it: in plain text, or encrypted if the store is ([`super::seal`]). No other
//! module needs to know which.
//!
//! The type of a stored value says what it is: text is plain, a blob is encrypted. Other processes may convert the store or
//! change its key. A secret is therefore read in one transaction with the salt, and written only while [`FormGuard`] keeps
//! conversions waiting. A process that has the platform replace a token takes the guard before the request, so that without
//! the key nothing is sent, and stores the new token in the form that the guard keeps.

use std::fs::File;
use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};

use super::keyring::seal_row;
use super::open::form_lock;
use super::reserve::write_repeatedly;
use super::seal::{Place, Sealer};
use super::{At, Error, Result, Store};
use crate::secret::Secret;

/// Keeps the form of the stored secrets as it is: conversions wait until it is dropped. It has the key of an encrypted store.
#[derive(Debug)]
#[must_use]
pub struct FormGuard {
    sealer: Option<Arc<Sealer>>,
    _lock: File,
}

impl Store {
    /// Reads the key if the secrets are encrypted, and keeps it.
    ///
    /// # Errors
    /// The secrets are encrypted, and the key is not available or does not fit.
    pub fn ready(&self) -> Result<()> {
        self.sealer(self.seal_row()?).map(drop)
    }

    /// Keeps the form of the secrets as it is while the guard lives.
    ///
    /// # Errors
    /// The key is not available, or a conversion does not end. No request that replaces a secret may be sent then.
    pub fn hold_form(&self) -> Result<FormGuard> {
        self.ready()?; // before the lock, because a key command may be slow
        let lock = form_lock(self.path())?;
        Ok(FormGuard {
            sealer: self.sealer(self.seal_row()?)?,
            _lock: lock,
        })
    }

    /// Writes secrets in one transaction, in the form that the guard keeps. `attempts` is how often a write that finds no room
    /// is repeated.
    pub(super) fn write_secrets<T, const N: usize>(
        &self,
        form: &FormGuard,
        attempts: u32,
        secrets: [(Place<'_>, &Secret); N],
        write: impl Fn(&Connection, &[ToSqlOutput<'_>; N]) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut values = secrets.map(|(_, secret)| ToSqlOutput::Borrowed(secret.expose().into()));
        if let Some(sealer) = &form.sealer {
            for (value, (place, secret)) in values.iter_mut().zip(secrets) {
                *value = ToSqlOutput::Owned(Value::Blob(self.seal(sealer, place, secret)?));
            }
        }
        let once = |db: &Connection| {
            let change = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
            let done = write(&change, &values)?;
            change.commit()?;
            Ok(done)
        };
        write_repeatedly(&self.db(), attempts, once).at(self.path())
    }

    /// The first row of a query, and what opens its secrets. `None` if there is no row.
    pub(super) fn find_secrets<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<(T, Option<Arc<Sealer>>)>> {
        let snapshot = |db: &Connection| {
            let snapshot = db.unchecked_transaction()?;
            let row = snapshot.prepare_cached(sql)?.query_row(values, read);
            Ok((row.optional()?, seal_row(&snapshot)?))
        };
        let (row, seal) = snapshot(&self.db()).at(self.path())?;
        row.map(|row| Ok((row, self.sealer(seal)?))).transpose()
    }

    /// A stored value as a secret.
    pub(super) fn open_secret(
        &self,
        sealer: Option<&Sealer>,
        place: Place<'_>,
        value: Value,
    ) -> Result<Secret> {
        let opened = match (value, sealer) {
            (Value::Text(text), _) => Some(Secret::new(text)),
            (Value::Blob(sealed), Some(sealer)) => sealer.open(place, &sealed),
            _ => None,
        };
        opened.ok_or_else(|| {
            Error::Unusable(format!(
                "the {} of {} in the store {} cannot be decrypted although the key fits: it is damaged, or was moved there from \
                 another session; put a copy back, or log in again after `aimharder store decrypt --forget-logins`",
                place.column,
                place.account,
                self.path().display()
            ))
        })
    }

    pub(super) fn seal(
        &self,
        sealer: &Sealer,
        place: Place<'_>,
        secret: &Secret,
    ) -> Result<Vec<u8>> {
        let sealed = sealer.seal(place, secret.expose());
        sealed.ok_or_else(|| self.no_random())
    }

    pub(super) fn no_random(&self) -> Error {
        Error::Unusable(format!(
            "secrets of the store {} cannot be encrypted: the system supplies no random numbers",
            self.path().display()
        ))
    }
}
