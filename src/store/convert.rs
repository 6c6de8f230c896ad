//! Sealing the whole store, opening it again, changing its key.
//!
//! The values and the table `seal` change in one transaction: whatever happens, the store is wholly
//! plain, or wholly sealed with one key. What the transaction leaves behind (old values in free pages,
//! in the log, in copies that migrations left) is cleaned away after it ([`super::purge`]).

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::accounts::hash_of;
use super::keyring::{another_key, no_key, seal_row};
use super::open::{busy, conversion_lock};
use super::seal::{Place, Sealer};
use super::sessions::places;
use super::{At, Error, Result, Store, immediate};
use crate::model::account::Account;
use crate::model::session::Fingerprint;
use crate::secret::Secret;

/// How many sessions are held in memory at a time.
const PORTION: i64 = 256;

/// The last error of a background session whose secrets were forgotten with their key.
const GIVEN_UP: &str = "it was encrypted with a key that is lost";

const NO_NEW_KEY: &str = "the new key on standard input must be 64 hex digits (`aimharder store key` makes one), and it is not; \
     nothing was changed";

/// What a conversion has done.
#[derive(Debug)]
pub struct Conversion {
    /// whether secrets are encrypted now
    pub sealed: bool,
    /// it was not so before
    pub changed: bool,
    /// how many sessions there are
    pub sessions: usize,
    /// copies with old values that were deleted
    pub removed: Vec<PathBuf>,
    /// why old values may still stand in free pages, in the log or in copies
    pub unclean: Option<String>,
}

impl Store {
    /// Seals all secrets with the key of the source.
    ///
    /// # Errors
    /// No key, or one that does not fit a store that is sealed already. Nothing is changed then.
    pub fn encrypt(&self) -> Result<Conversion> {
        self.ready()?;
        let key = self.key()?;
        let sealer = self.new_sealer(&key)?;
        // a source that makes a key up would lock everything away for ever
        if self.key()? != key {
            return Err(another_key());
        }
        let _alone = conversion_lock(self.path())?;
        if self.sealed_with()?.is_some() {
            return self.done(false);
        }
        self.convert(None, Some(&sealer))?;
        self.done(true)
    }

    /// Stores all secrets as plain text again.
    ///
    /// # Errors
    /// The key is not available, or does not fit.
    pub fn decrypt(&self) -> Result<Conversion> {
        self.ready()?; // the key command may take its time, so it runs before the lock is taken
        let _alone = conversion_lock(self.path())?;
        let Some(sealer) = self.sealed_with()? else {
            return self.done(false);
        };
        self.convert(Some(&sealer), None)?;
        self.done(true)
    }

    /// Seals all secrets with another key.
    ///
    /// # Errors
    /// The old key is not available, or the new one is not valid.
    pub fn rekey(&self, key: &Secret) -> Result<Conversion> {
        self.ready()?;
        let _alone = conversion_lock(self.path())?;
        let Some(old) = self.sealed_with()? else {
            return self.done(false);
        };
        let new = self.new_sealer(key).map_err(|e| match e {
            Error::Key(_) => Error::Key(NO_NEW_KEY.to_owned()),
            other => other,
        })?;
        self.convert(Some(&old), Some(&new))?;
        self.done(true)
    }

    /// Deletes all secrets without the key, and makes the store plain. Background sessions stay and are marked expired,
    /// device sessions are deleted, and everything that is not a secret stays.
    pub fn forget_secrets(&self) -> Result<Conversion> {
        let _alone = conversion_lock(self.path())?;
        if self.seal_row()?.is_none() {
            return self.done(false);
        }
        let forget = |db: &mut Connection| {
            let change = immediate(db)?;
            change.execute(
                "UPDATE sessions SET token = '', cookies = '[]', token_expires_at = NULL, status = 'expired', \
                 generation = generation + 1, update_begun_at = NULL, last_error = ?1 WHERE kind = 'background'",
                [GIVEN_UP],
            )?;
            change.execute_batch(
                "DELETE FROM sessions WHERE kind = 'device'; \
                 UPDATE accounts SET refused_salt = NULL, refused_hash = NULL, refused_at = NULL; DELETE FROM seal;",
            )?;
            change.commit()
        };
        forget(&mut self.db()).at(self.path())?;
        self.done(true)
    }

    fn new_sealer(&self, key: &Secret) -> Result<Sealer> {
        let sealer = Sealer::fresh(key).map_err(|_| self.no_random())?;
        sealer.ok_or_else(no_key)
    }

    pub(super) fn sealed_with(&self) -> Result<Option<Arc<Sealer>>> {
        match self.seal_row()? {
            None => Ok(None),
            Some(row) => self.sealer(&row.salt), // it does not change while this process has the lock
        }
    }

    pub(super) fn convert(&self, from: Option<&Sealer>, to: Option<&Sealer>) -> Result<()> {
        let mut db = self.db();
        let change = immediate(&mut db).at(self.path())?;
        let salt = seal_row(&change).at(self.path())?.map(|row| row.salt);
        if salt.as_deref() != from.map(Sealer::salt) {
            return Err(self.restless());
        }
        let way = Way {
            store: self,
            from,
            to,
        };
        way.sessions(&change)?;
        way.accounts(&change)?;
        way.seal(&change)?;
        change.commit().at(self.path())
    }

    /// Cleans up after a conversion, and returns what it did.
    fn done(&self, changed: bool) -> Result<Conversion> {
        let count = "SELECT count(*) FROM sessions";
        let sessions: i64 = self
            .db()
            .query_row(count, [], |row| row.get(0))
            .at(self.path())?;
        let (removed, unclean) = match self.clean(busy()) {
            Ok(removed) => (removed, None),
            Err(why) => (Vec::new(), Some(why.to_string())),
        };
        Ok(Conversion {
            sealed: self.is_sealed()?,
            changed,
            sessions: usize::try_from(sessions).unwrap_or(0),
            removed,
            unclean,
        })
    }
}

/// From which form to which; `None` is plain.
struct Way<'w> {
    store: &'w Store,
    from: Option<&'w Sealer>,
    to: Option<&'w Sealer>,
}

impl Way<'_> {
    fn sessions(&self, change: &Connection) -> Result<()> {
        let mut last = i64::MIN;
        loop {
            let portion = portion(change, last).at(self.store.path())?;
            let Some((id, ..)) = portion.last() else {
                return Ok(());
            };
            last = *id;
            for (id, account, fingerprint, token, cookies) in portion {
                let [tokens, jars] = places(&account, &fingerprint);
                let values = params![self.value(tokens, token)?, self.value(jars, cookies)?, id];
                change
                    .prepare_cached("UPDATE sessions SET token = ?1, cookies = ?2 WHERE id = ?3")
                    .and_then(|mut update| update.execute(values))
                    .at(self.store.path())?;
            }
        }
    }

    fn accounts(&self, change: &Connection) -> Result<()> {
        let mut email = String::new();
        loop {
            let next: Option<(String, Value)> = change
                .query_row(
                    "SELECT email, refused_hash FROM accounts WHERE email > ?1 AND refused_hash IS NOT NULL \
                     ORDER BY email LIMIT 1",
                    [&email],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
                .at(self.store.path())?;
            let Some((next, hash)) = next else {
                return Ok(());
            };
            email = next;
            let hash = self.value(hash_of(&email), hash)?;
            change
                .execute(
                    "UPDATE accounts SET refused_hash = ?1 WHERE email = ?2",
                    params![hash, email],
                )
                .at(self.store.path())?;
        }
    }

    fn seal(&self, change: &Connection) -> Result<()> {
        change
            .execute("DELETE FROM seal", [])
            .at(self.store.path())?;
        let Some(to) = self.to else {
            return Ok(());
        };
        let proof = to.proof().map_err(|_| self.store.no_random())?;
        change
            .execute(
                "INSERT INTO seal (one, salt, proof, unclean) VALUES (1, ?1, ?2, 1)",
                params![to.salt(), proof],
            )
            .at(self.store.path())?;
        Ok(())
    }

    /// The same value in its new form.
    fn value(&self, place: Place<'_>, value: Value) -> Result<Value> {
        let opened = match (value, self.from) {
            (Value::Text(text), _) => Some(Secret::new(text)),
            (Value::Blob(sealed), Some(from)) => from.open(place, &sealed).ok(),
            _ => None,
        };
        let opened = opened.ok_or_else(|| self.store.unopened(place))?;
        let Some(to) = self.to else {
            return Ok(Value::Text(opened.expose().to_owned()));
        };
        let sealed = to.seal(place, opened.expose());
        sealed.map(Value::Blob).map_err(|_| self.store.no_random())
    }
}

type Stored = (i64, Account, Fingerprint, Value, Value);

fn portion(change: &Connection, after: i64) -> rusqlite::Result<Vec<Stored>> {
    let mut query = change.prepare_cached(
        "SELECT id, account, fingerprint, token, cookies FROM sessions WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let rows = query.query_map(params![after, PORTION], |row| {
        let (account, print) = (
            Account::stored(row.get(1)?),
            Fingerprint::stored(row.get(2)?),
        );
        Ok((row.get(0)?, account, print, row.get(3)?, row.get(4)?))
    })?;
    rows.collect()
}
