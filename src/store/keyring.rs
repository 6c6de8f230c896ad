//! The key of an encrypted store.
//!
//! The key is read from its source when it is first needed, once per process and salt, and never while a transaction or a lock
//! is held: it may come from a slow command.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::seal::Sealer;
use super::{At, Error, Result, Store};
use crate::secret::Secret;
use crate::store_key::KeySource;

/// What this process knows of the key.
#[derive(Default)]
pub(super) struct Keyring {
    source: Option<KeySource>,
    known: Mutex<Option<Known>>,
}

/// The salt that was met last, and its sealer or why there is none.
type Known = (Vec<u8>, Result<Arc<Sealer>>);

/// The row of the table `seal`, which an encrypted store has.
pub(super) struct SealRow {
    pub(super) salt: Vec<u8>,
    pub(super) proof: Vec<u8>,
    pub(super) unclean: i64,
}

impl Store {
    /// Sets the source of the key.
    #[must_use]
    pub fn with_key_from(mut self, source: Option<KeySource>) -> Self {
        self.keyring.source = source;
        self
    }

    /// Whether secrets are encrypted.
    pub fn is_sealed(&self) -> Result<bool> {
        Ok(self.seal_row()?.is_some())
    }

    pub(super) fn seal_row(&self) -> Result<Option<SealRow>> {
        seal_row(&self.db()).at(self.path())
    }

    /// What opens the secrets of a store with this row. `None` if they are plain text.
    pub(super) fn sealer(&self, row: Option<SealRow>) -> Result<Option<Arc<Sealer>>> {
        let Some(row) = row else {
            return Ok(None);
        };
        // locked while the source is asked: other threads that need the key wait for it
        let known = self.keyring.known.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sealer)) = known.as_ref().filter(|(salt, _)| *salt == row.salt) {
            return sealer.clone().map(Some);
        }
        let sealer = self.fitting(&row).map(Arc::new);
        *known = Some((row.salt, sealer.clone()));
        sealer.map(Some)
    }

    /// Reads the key, and checks that it fits.
    fn fitting(&self, row: &SealRow) -> Result<Sealer> {
        let sealer = Sealer::new(&self.key()?, &row.salt).ok_or_else(no_key)?;
        if sealer.fits(&row.proof) {
            return Ok(sealer);
        }
        Err(Error::Unusable(format!(
            "the key does not fit the store {}: its logins were encrypted with another one, or its key was changed since; \
             let key_command or the credential supply that key (nothing was changed). Only if it is lost: delete the logins \
             with `aimharder store decrypt --forget-logins`, and log in again",
            self.path().display()
        )))
    }

    /// The key, from its source.
    pub(super) fn key(&self) -> Result<Secret> {
        let Some(source) = &self.keyring.source else {
            return Err(Error::Key(format!(
                "no key is known for the store {}: set key_command under [store] in the config, or give the systemd credential \
                 aimharder-key",
                self.path().display()
            )));
        };
        source().map_err(Error::Key)
    }
}

pub(super) fn seal_row(db: &Connection) -> rusqlite::Result<Option<SealRow>> {
    db.prepare_cached("SELECT salt, proof, unclean FROM seal")?
        .query_row([], |row| {
            Ok(SealRow {
                salt: row.get(0)?,
                proof: row.get(1)?,
                unclean: row.get(2)?,
            })
        })
        .optional()
}

pub(super) fn no_key() -> Error {
    Error::Key(
        "the store's key must be 64 hex digits (`aimharder store key` makes one), and its source supplies something else"
            .to_owned(),
    )
}

pub(super) fn another_key() -> Error {
    Error::Key(
        "the source of the store's key supplied two different keys; let it supply a stored key (nothing was changed)"
            .to_owned(),
    )
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}
