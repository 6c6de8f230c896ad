//! Conversion of the whole store: encryption, decryption, change of the key.
//!
//! The values and the table `seal` change in one transaction, under the conversion lock. Whatever happens, the store is wholly
//! in plain text, or wholly encrypted with one key. `secure_delete` overwrites the old values in that transaction. What
//! earlier transactions left in free pages, in the log, and in copies that migrations made is removed after it ([`super::purge`]).

use std::path::PathBuf;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::accounts::hash_of;
use super::keyring::{another_key, no_key};
use super::open::{busy, conversion_lock};
use super::seal::{Place, Sealer, new_salt};
use super::sessions::places;
use super::{At, Error, Result, Store};
use crate::model::account::Account;
use crate::model::session::Fingerprint;
use crate::secret::Secret;

/// The last error of a background session whose secrets were deleted because their key is lost.
const KEY_LOST: &str = "it was encrypted with a key that is lost";

const NO_NEW_KEY: &str = "the new key on standard input must be 64 hex digits (`aimharder store key` makes one), and it is not; \
     nothing was changed";

/// The result of a conversion.
#[derive(Debug, Serialize)]
pub struct Conversion {
    /// Whether secrets are encrypted now.
    pub encrypted: bool,
    /// Whether the conversion changed anything.
    pub changed: bool,
    /// The number of sessions.
    pub sessions: usize,
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
        self.ready()?;
        let key = self.key()?;
        let sealer = self.new_sealer(&key)?;
        // with a source that makes a new key each time, the secrets could never be decrypted
        if self.key()? != key {
            return Err(another_key());
        }
        let _lock = conversion_lock(self.path())?;
        if self.sealer(self.seal_row()?)?.is_some() {
            return self.finish(false);
        }
        self.convert(None, Some(&sealer))?;
        self.finish(true)
    }

    /// Stores all secrets as plain text again.
    ///
    /// # Errors
    /// The key is not available, or does not fit.
    pub fn decrypt(&self) -> Result<Conversion> {
        self.ready()?; // before the lock, because a key command may be slow
        let _lock = conversion_lock(self.path())?;
        let Some(sealer) = self.sealer(self.seal_row()?)? else {
            return self.finish(false);
        };
        self.convert(Some(&sealer), None)?;
        self.finish(true)
    }

    /// Encrypts all secrets with another key.
    ///
    /// # Errors
    /// The old key is not available, or the new one is not valid.
    pub fn rekey(&self, key: &Secret) -> Result<Conversion> {
        self.ready()?;
        let _lock = conversion_lock(self.path())?;
        let Some(old) = self.sealer(self.seal_row()?)? else {
            return self.finish(false);
        };
        let new = self.new_sealer(key).map_err(|e| match e {
            Error::Key(_) => Error::Key(NO_NEW_KEY.to_owned()),
            other => other,
        })?;
        self.convert(Some(&old), Some(&new))?;
        self.finish(true)
    }

    /// Deletes all secrets without the key, and ends encryption. Background sessions are kept and marked expired, device
    /// sessions are deleted, and everything that is not a secret is kept.
    pub fn forget_secrets(&self) -> Result<Conversion> {
        let _lock = conversion_lock(self.path())?;
        if self.seal_row()?.is_none() {
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
        self.finish(true)
    }

    fn new_sealer(&self, key: &Secret) -> Result<Sealer> {
        let salt = new_salt().map_err(|_| self.no_random())?;
        Sealer::new(key, &salt).ok_or_else(no_key)
    }

    /// Converts every secret from one form to another; `None` is plain text. The caller holds the conversion lock.
    fn convert(&self, from: Option<&Sealer>, to: Option<&Sealer>) -> Result<()> {
        let pragma = |on: bool| self.db().pragma_update(None, "secure_delete", on);
        pragma(true).at(self.path())?;
        let converted = self.transact_or(|change| {
            self.convert_sessions(change, from, to)?;
            self.convert_accounts(change, from, to)?;
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

    fn convert_sessions(
        &self,
        change: &Connection,
        from: Option<&Sealer>,
        to: Option<&Sealer>,
    ) -> Result<()> {
        let ids: Vec<i64> = column(change, "SELECT id FROM sessions").at(self.path())?;
        for id in ids {
            let (account, print, token, cookies) = change
                .prepare_cached(
                    "SELECT account, fingerprint, token, cookies FROM sessions WHERE id = ?1",
                )
                .and_then(|mut query| {
                    query.query_row([id], |row| {
                        let account = Account::stored(row.get(0)?);
                        Ok((
                            account,
                            Fingerprint::stored(row.get(1)?),
                            row.get(2)?,
                            row.get(3)?,
                        ))
                    })
                })
                .at(self.path())?;
            let [tokens, jars] = places(&account, &print);
            let token = self.converted(tokens, token, from, to)?;
            let cookies = self.converted(jars, cookies, from, to)?;
            change
                .prepare_cached("UPDATE sessions SET token = ?1, cookies = ?2 WHERE id = ?3")
                .and_then(|mut update| update.execute(params![token, cookies, id]))
                .at(self.path())?;
        }
        Ok(())
    }

    fn convert_accounts(
        &self,
        change: &Connection,
        from: Option<&Sealer>,
        to: Option<&Sealer>,
    ) -> Result<()> {
        let sql = "SELECT email FROM accounts WHERE refused_hash IS NOT NULL";
        let emails: Vec<String> = column(change, sql).at(self.path())?;
        for email in emails {
            let sql = "SELECT refused_hash FROM accounts WHERE email = ?1";
            let hash = change
                .query_row(sql, [&email], |row| row.get(0))
                .at(self.path())?;
            let hash = self.converted(hash_of(&email), hash, from, to)?;
            let sql = "UPDATE accounts SET refused_hash = ?1 WHERE email = ?2";
            change.execute(sql, params![hash, email]).at(self.path())?;
        }
        Ok(())
    }

    /// The same value in its new form.
    fn converted(
        &self,
        place: Place<'_>,
        value: Value,
        from: Option<&Sealer>,
        to: Option<&Sealer>,
    ) -> Result<Value> {
        let secret = self.open_secret(from, place, value)?;
        match to {
            None => Ok(Value::Text(secret.expose().to_owned())),
            Some(to) => self.seal(to, place, &secret).map(Value::Blob),
        }
    }

    /// Removes old values after a conversion, and returns the result of both.
    fn finish(&self, changed: bool) -> Result<Conversion> {
        let count = "SELECT count(*) FROM sessions";
        let sessions: Option<i64> = self.find(count, [], |row| row.get(0))?;
        let (removed, unclean) = match self.clean(busy()) {
            Ok(removed) => (removed, None),
            Err(why) => (Vec::new(), Some(why.to_string())),
        };
        Ok(Conversion {
            encrypted: self.is_sealed()?,
            changed,
            sessions: usize::try_from(sessions.unwrap_or_default()).unwrap_or_default(),
            removed,
            unclean,
        })
    }
}

fn column<T: rusqlite::types::FromSql>(db: &Connection, sql: &str) -> rusqlite::Result<Vec<T>> {
    db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}
