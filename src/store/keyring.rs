//! Is the store sealed, and who has its key?
//!
//! The key is asked for when the first sealed value is met, once per process and salt, and never
//! while a transaction is open: it may come from a command that takes its time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};

use super::seal::Sealer;
use super::{At, Error, Result, Store};
use crate::secret::Secret;
use crate::store_key::KeySource;

/// What a process knows of the key.
#[derive(Default)]
pub(super) struct Keyring {
    source: Option<KeySource>,
    /// the sealer of the salt met last, or why there is none
    known: Mutex<Option<Known>>,
}

struct Known {
    salt: Vec<u8>,
    sealer: std::result::Result<Arc<Sealer>, Error>,
}

/// The row of the table `seal`.
pub(super) struct SealRow {
    pub(super) salt: Vec<u8>,
    pub(super) proof: Vec<u8>,
    pub(super) unclean: i64,
}

impl Store {
    /// Where the key comes from, should the secrets be sealed.
    #[must_use]
    pub fn with_key_from(mut self, source: Option<KeySource>) -> Self {
        self.keyring.source = source;
        self
    }

    /// Are secrets sealed here?
    pub fn is_sealed(&self) -> Result<bool> {
        Ok(self.seal_row()?.is_some())
    }

    pub(super) fn seal_row(&self) -> Result<Option<SealRow>> {
        seal_row(&self.db()).at(self.path())
    }

    /// The sealer of this salt; `None` when it is no longer the store's.
    pub(super) fn sealer(&self, salt: &[u8]) -> Result<Option<Arc<Sealer>>> {
        // held while the source is asked: threads that need the key wait for the one that asks
        let mut known = self
            .keyring
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.salt == salt) {
            return known.sealer.clone().map(Some);
        }
        let Some(row) = self.seal_row()?.filter(|row| row.salt == salt) else {
            return Ok(None);
        };
        let sealer = self.fitting(&row).map(Arc::new);
        *known = Some(Known {
            salt: salt.to_owned(),
            sealer: sealer.clone(),
        });
        sealer.map(Some)
    }

    /// Ask for the key, and see that it fits.
    fn fitting(&self, row: &SealRow) -> Result<Sealer> {
        let sealer = Sealer::new(&self.key()?, &row.salt).ok_or_else(no_key)?;
        if sealer.fits(&row.proof) {
            return Ok(sealer);
        }
        Err(Error::Unusable(format!(
            "the key does not fit the store {}: its logins were sealed with another one, or its key was changed since; \
             let key_command or the credential give that key (nothing was changed). Only when it is lost: give the logins up \
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
        "the store's key must be 64 hex digits (`aimharder store key` makes one), and what its source gives is not"
            .to_owned(),
    )
}

pub(super) fn another_key() -> Error {
    Error::Key(
        "the source of the store's key gives another key every time: let it print one that is kept (nothing was changed)"
            .to_owned(),
    )
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}
