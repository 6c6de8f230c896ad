//! Secrets on their way into the store and out of it: in plain text, or encrypted if the store is ([`super::encryption`]). No
//! other module needs to know which.
//!
//! The type of a stored value says what it is: text is plain, a blob is encrypted. Other processes may convert the store or
//! change its key. A secret is therefore read in one transaction with the salt, and written only while [`CodecGuard`] keeps
//! conversions waiting. A process that has the platform replace a token takes the guard before the request, so that without
//! the key nothing is sent, and stores the new token with the codec that the guard keeps.
//!
//! The key is read from its source when it is first needed, once per process and salt, and never while a transaction or a lock
//! is held: it may come from a slow command.

use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior};

use super::encryption::{SecretCodec, SecretPlace};
use super::lock::codec_lock;
use super::reserve::write_repeatedly;
use super::{At, Error, Result, Store};
use crate::secret::Secret;
use crate::store_key::KeySource;

/// Keeps the stored secrets in plain text or encrypted, as they are: conversions wait until it is dropped. It has the key of an
/// encrypted store.
#[derive(Debug)]
#[must_use]
pub struct CodecGuard {
    codec: Option<Arc<SecretCodec>>,
    _lock: File,
}

/// The salt of the store that was read last, and its codec or why there is none.
pub(super) type KnownCodec = Mutex<Option<(Vec<u8>, Result<Arc<SecretCodec>>)>>;

impl Store {
    /// Sets the source of the key.
    #[must_use]
    pub fn with_key_from(mut self, source: Option<KeySource>) -> Self {
        self.key_source = source;
        self
    }

    /// Whether secrets are encrypted.
    pub fn is_encrypted(&self) -> Result<bool> {
        let found = salt_and_proof(&self.db()).at(self.path())?;
        Ok(found.is_some())
    }

    /// Reads the key if the secrets are encrypted, and keeps it.
    ///
    /// # Errors
    /// The secrets are encrypted, and the key is not available or does not fit.
    pub fn ready(&self) -> Result<()> {
        self.codec().map(drop)
    }

    /// Keeps the store from being converted while the guard lives.
    ///
    /// # Errors
    /// The key is not available, or a conversion does not end. No request that replaces a secret may be sent then.
    pub fn hold_codec(&self) -> Result<CodecGuard> {
        self.ready()?; // before the lock, because a key command may be slow
        let lock = codec_lock(self.path())?;
        Ok(CodecGuard {
            codec: self.codec()?,
            _lock: lock,
        })
    }

    /// What decrypts the secrets now. `None` if they are plain text.
    pub(super) fn codec(&self) -> Result<Option<Arc<SecretCodec>>> {
        let found = salt_and_proof(&self.db()).at(self.path())?;
        self.codec_of(found)
    }

    fn codec_of(&self, found: Option<(Vec<u8>, Vec<u8>)>) -> Result<Option<Arc<SecretCodec>>> {
        let Some((salt, proof)) = found else {
            return Ok(None);
        };
        // locked while the source is asked: other threads that need the key wait for it
        let known = self.known_codec.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if let Some((_, codec)) = known.as_ref().filter(|(other, _)| *other == salt) {
            return codec.clone().map(Some);
        }
        let codec = self.fitting(&salt, &proof).map(Arc::new);
        *known = Some((salt, codec.clone()));
        codec.map(Some)
    }

    /// Reads the key, and checks that it fits.
    fn fitting(&self, salt: &[u8], proof: &[u8]) -> Result<SecretCodec> {
        let codec = SecretCodec::new(&self.key()?, salt).ok_or_else(no_key)?;
        if codec.fits(proof) {
            return Ok(codec);
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
        let Some(source) = &self.key_source else {
            return Err(Error::Key(format!(
                "no key is known for the store {}: set key_command under [store] in the config, or give the systemd credential \
                 aimharder-key",
                self.path().display()
            )));
        };
        source().map_err(|e| Error::Key(e.to_string()))
    }

    /// Writes secrets in one transaction, with the codec that the guard keeps. `attempts` is how often a write that finds no room
    /// is repeated.
    pub(super) fn write_secrets<T, const N: usize>(
        &self,
        guard: &CodecGuard,
        attempts: u32,
        secrets: [(SecretPlace<'_>, &Secret); N],
        write: impl Fn(&Connection, &[ToSqlOutput<'_>; N]) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut values = secrets.map(|(_, secret)| ToSqlOutput::Borrowed(secret.expose().into()));
        if let Some(codec) = &guard.codec {
            for (value, (place, secret)) in values.iter_mut().zip(secrets) {
                *value = ToSqlOutput::Owned(Value::Blob(self.encrypted(codec, place, secret)?));
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

    /// The first row of a query, and what decrypts its secrets. `None` if there is no row.
    pub(super) fn find_secrets<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<(T, Option<Arc<SecretCodec>>)>> {
        let snapshot = |db: &Connection| {
            let snapshot = db.unchecked_transaction()?;
            let row = snapshot.prepare_cached(sql)?.query_row(values, read);
            Ok((row.optional()?, salt_and_proof(&snapshot)?))
        };
        let (row, found) = snapshot(&self.db()).at(self.path())?;
        row.map(|row| Ok((row, self.codec_of(found)?))).transpose()
    }

    /// A stored value as a secret.
    pub(super) fn decrypted(
        &self,
        codec: Option<&SecretCodec>,
        place: SecretPlace<'_>,
        value: Value,
    ) -> Result<Secret> {
        let [column, account, _] = place;
        let secret = match (value, codec) {
            (Value::Text(text), _) => Some(Secret::new(text)),
            (Value::Blob(encrypted), Some(codec)) => codec.decrypt(place, &encrypted),
            _ => None,
        };
        secret.ok_or_else(|| {
            Error::Unusable(format!(
                "the {column} of {account} in the store {} cannot be decrypted although the key fits: it is damaged, or was moved there from \
                 another session; put a copy back, or log in again after `aimharder store decrypt --forget-logins`",
                self.path().display()
            ))
        })
    }

    pub(super) fn encrypted(
        &self,
        codec: &SecretCodec,
        place: SecretPlace<'_>,
        secret: &Secret,
    ) -> Result<Vec<u8>> {
        let encrypted = codec.encrypt(place, secret.expose());
        encrypted.ok_or_else(|| self.no_random())
    }

    pub(super) fn no_random(&self) -> Error {
        Error::Unusable(format!(
            "secrets of the store {} cannot be encrypted: the system supplies no random numbers",
            self.path().display()
        ))
    }
}

/// The salt of an encrypted store, and the proof of its key.
pub(super) fn salt_and_proof(db: &Connection) -> rusqlite::Result<Option<(Vec<u8>, Vec<u8>)>> {
    db.prepare_cached("SELECT salt, proof FROM seal")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(super) fn no_key() -> Error {
    Error::Key(
        "the store's key must be 64 hex digits (`aimharder store key` makes one), and its source supplies something else"
            .to_owned(),
    )
}
