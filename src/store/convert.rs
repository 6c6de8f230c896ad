//! Conversion of the whole store: encryption, decryption, change of the key.
//!
//! The values and the row of the table `seal` change in one transaction, under the conversion lock. Whatever happens, the
//! store is wholly in plain text, or wholly encrypted with one key. `secure_delete` overwrites the old values in that
//! transaction. What earlier transactions left in free pages, in the log, and in copies that migrations made is removed
//! after it ([`super::purge`]).

use std::path::PathBuf;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::encryption::{SecretCodec, new_salt};
use super::lock::conversion_lock;
use super::open::busy;
use super::secrets::no_key;
use super::{At, Error, Result, Store};
use crate::secret::Secret;

/// Every column of secrets: its table, its name, and the account and fingerprint that it belongs to.
const ALL: [(&str, &str, &str); 3] = [
    ("sessions", "token", "account, fingerprint"),
    ("sessions", "cookies", "account, fingerprint"),
    ("accounts", "refused_hash", "email, ''"),
];

/// The last error of a background session whose secrets were deleted because their key is lost.
const KEY_LOST: &str = "it was encrypted with a key that is lost";

const NO_NEW_KEY: &str = "the new key on standard input must be 64 hex digits (`aimharder store key` makes one), and it is not; \
     nothing was changed";

/// The result of a conversion.
#[derive(Debug, Serialize)]
pub struct Conversion {
    /// The store.
    pub store: PathBuf,
    /// Whether secrets are encrypted now.
    pub encrypted: bool,
    /// Whether the conversion changed anything.
    pub changed: bool,
    /// The number of sessions whose secrets the store has.
    pub sessions: usize,
    /// Whether another key was asked for.
    #[serde(skip)]
    pub is_rekeyed: bool,
    /// Copies with old values that were deleted.
    pub removed: Vec<PathBuf>,
    /// Why old values may be left in free pages, in the log or in copies.
    #[serde(skip)]
    pub unclean: Option<String>,
}

impl Store {
    /// Encrypts all secrets with the key of the source.
    ///
    /// # Errors
    /// No key, or one that does not fit a store that is encrypted already. Nothing is changed then.
    pub fn encrypt(&self) -> Result<Conversion> {
        let key = self.key()?;
        let codec = self.new_codec(&key)?;
        // with a source that makes a new key each time, the secrets could never be decrypted
        if self.key()? != key {
            return Err(Error::Key(
                "the source of the store's key supplied two different keys; let it supply a stored key (nothing was changed)"
                    .to_owned(),
            ));
        }
        self.convert_if(false, Some(&codec))
    }

    /// Stores all secrets as plain text again.
    ///
    /// # Errors
    /// The key is not available, or does not fit.
    pub fn decrypt(&self) -> Result<Conversion> {
        self.convert_if(true, None)
    }

    /// Encrypts all secrets with another key.
    ///
    /// # Errors
    /// The old key is not available, or the new one is not valid.
    pub fn rekey(&self, key: &Secret) -> Result<Conversion> {
        let codec = self.new_codec(key).map_err(|e| match e {
            Error::Key(_) => Error::Key(NO_NEW_KEY.to_owned()),
            other => other,
        })?;
        self.convert_if(true, Some(&codec))
    }

    /// Converts the store if its secrets are encrypted, or if they are not.
    fn convert_if(&self, is_encrypted: bool, to: Option<&SecretCodec>) -> Result<Conversion> {
        self.ready()?; // before the lock, because a key command may be slow
        let _lock = conversion_lock(self.path())?;
        let from = self.codec()?;
        let is_due = from.is_some() == is_encrypted;
        if is_due {
            self.convert(from.as_deref(), to)?;
        }
        Ok(Conversion {
            is_rekeyed: is_encrypted && to.is_some(),
            ..self.finish(is_due)?
        })
    }

    /// Deletes all secrets without the key, and ends encryption. Background sessions are kept and marked expired, device
    /// sessions are deleted, and everything that is not a secret is kept.
    pub fn forget_secrets(&self) -> Result<Conversion> {
        let _lock = conversion_lock(self.path())?;
        if !self.is_encrypted()? {
            return self.finish(false);
        }
        self.transact(|change| {
            change.execute(
                "UPDATE sessions SET token = '', cookies = '[]', token_expires_at = NULL, status = 'expired', \
                 generation = generation + 1, update_begun_at = NULL, last_error = ?1 WHERE kind = 'background'",
                [KEY_LOST],
            )?;
            change.execute_batch(
                "DELETE FROM sessions WHERE kind = 'device'; \
                 UPDATE accounts SET refused_salt = NULL, refused_hash = NULL, refused_at = NULL; DELETE FROM seal;",
            )
        })?;
        Ok(Conversion {
            sessions: 0,
            ..self.finish(true)?
        })
    }

    fn new_codec(&self, key: &Secret) -> Result<SecretCodec> {
        let salt = new_salt().map_err(|_| self.no_random())?;
        SecretCodec::new(key, &salt).ok_or_else(no_key)
    }

    /// Converts every secret from one form to another; `None` is plain text. The caller holds the conversion lock.
    fn convert(&self, from: Option<&SecretCodec>, to: Option<&SecretCodec>) -> Result<()> {
        let pragma = |on: bool| self.db().pragma_update(None, "secure_delete", on);
        pragma(true).at(self.path())?;
        let converted = self.transact_or(|change| {
            for secrets in ALL {
                self.convert_column(change, secrets, from, to)?;
            }
            change.execute("DELETE FROM seal", []).at(self.path())?;
            let Some(to) = to else {
                return Ok(());
            };
            let proof = to.proof().ok_or_else(|| self.no_random())?;
            let sql = "INSERT INTO seal (one, salt, proof, unclean) VALUES (1, ?1, ?2, 1)";
            let done = change.execute(sql, params![to.salt(), proof]);
            done.map(drop).at(self.path())
        });
        pragma(false).at(self.path())?;
        converted
    }

    fn convert_column(
        &self,
        change: &Connection,
        (table, column, keys): (&str, &str, &str),
        from: Option<&SecretCodec>,
        to: Option<&SecretCodec>,
    ) -> Result<()> {
        let row = format!("({keys}) = (?1, ?2)");
        let list = format!("SELECT {keys} FROM {table} WHERE {column} IS NOT NULL");
        let read = format!("SELECT {column} FROM {table} WHERE {row}");
        let write = format!("UPDATE {table} SET {column} = ?3 WHERE {row}");
        let rows: Vec<(String, String)> = change
            .prepare(&list)
            .and_then(|mut list| {
                list.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .at(self.path())?;
        for (account, fingerprint) in rows {
            let place = [column, &account, &fingerprint];
            let value = change
                .prepare_cached(&read)
                .and_then(|mut read| read.query_row([&account, &fingerprint], |row| row.get(0)))
                .at(self.path())?;
            let secret = self.decrypted(from, place, value)?;
            let value = match to {
                None => Value::Text(secret.expose().to_owned()),
                Some(to) => Value::Blob(self.encrypted(to, place, &secret)?),
            };
            change
                .prepare_cached(&write)
                .and_then(|mut write| write.execute(params![account, fingerprint, value]))
                .at(self.path())?;
        }
        Ok(())
    }

    /// Removes old values after a conversion, and returns the result of both.
    fn finish(&self, changed: bool) -> Result<Conversion> {
        let (removed, unclean) = match self.clean(busy()) {
            Ok(removed) => (removed, None),
            Err(why) => (Vec::new(), Some(why.to_string())),
        };
        Ok(Conversion {
            store: self.path().to_owned(),
            encrypted: self.is_encrypted()?,
            changed,
            is_rekeyed: false,
            sessions: self.count("sessions", [])?,
            removed,
            unclean,
        })
    }
}
