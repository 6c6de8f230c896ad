//! Sealing the whole store, opening it again, changing its key.
//!
//! The values and the table `seal` change in one transaction: whatever happens, the store is wholly
//! plain, or wholly sealed with one key. What the transaction leaves behind (old values in free pages,
//! in the log, in copies that migrations left) is cleaned away after it. A process that dies before it
//! has done so leaves a mark, `unclean`, and the next one does it ([`Store::tidy`]).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::accounts::hash_of;
use super::open::{BUSY, conversion_lock, conversion_lock_if_free};
use super::seal::{Place, Sealer};
use super::secrets::{no_key, seal_row};
use super::sessions::places;
use super::{At, Result, Store, immediate};
use crate::model::account::Account;
use crate::model::session::Fingerprint;
use crate::secret::Secret;

/// How many sessions are held in memory at a time.
const PORTION: i64 = 256;

/// How long a command waits that only tidies up behind another.
const HASTE: Duration = Duration::from_millis(100);

/// What stands in a background session that was given up with its key.
const GIVEN_UP: &str = "its login was sealed with a key that is lost";

/// What a conversion has done.
#[derive(Debug)]
pub struct Conversion {
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
    /// Seal all secrets with the key of the source.
    ///
    /// # Errors
    /// No key, or one that does not fit a store that is sealed already. Then nothing was changed.
    pub fn encrypt(&self) -> Result<Conversion> {
        let _alone = conversion_lock(self.path())?;
        if let Some(row) = self.seal_row()? {
            self.sealer(&row.salt)?;
            return self.done(false);
        }
        let sealer = self.new_sealer(&self.key()?)?;
        self.convert(None, Some(&sealer))?;
        self.done(true)
    }

    /// Store all secrets as plain text again.
    ///
    /// # Errors
    /// The key is not to be had, or does not fit.
    pub fn decrypt(&self) -> Result<Conversion> {
        let _alone = conversion_lock(self.path())?;
        let Some(sealer) = self.sealed_with()? else {
            return self.done(false);
        };
        self.convert(Some(&sealer), None)?;
        self.done(true)
    }

    /// Seal all secrets with another key.
    ///
    /// # Errors
    /// The store is not sealed, the old key is not to be had, or the new one is none.
    pub fn rekey(&self, key: &Secret) -> Result<Conversion> {
        let _alone = conversion_lock(self.path())?;
        let Some(old) = self.sealed_with()? else {
            return self.done(false);
        };
        self.convert(Some(&old), Some(&self.new_sealer(key)?))?;
        self.done(true)
    }

    /// Without the key: forget all secrets, and be plain again. Background sessions stay and are known
    /// to be dead, device sessions go; everything that is no secret stays.
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
                 UPDATE accounts SET refused_salt = NULL, refused_hash = NULL; DELETE FROM seal;",
            )?;
            change.commit()
        };
        forget(&mut self.db()).at(self.path())?;
        self.done(true)
    }

    /// Finish what a process that died, or had no key, has left undone. Mostly there is nothing, and
    /// this is one short question. What cannot be done now is left to the next process.
    pub fn tidy(&self) -> Result<()> {
        let left = self.seal_row()?.filter(|row| row.unclean > 0);
        if left.is_none() {
            return Ok(());
        }
        let Some(_alone) = conversion_lock_if_free(self.path())? else {
            return Ok(());
        };
        if self.has_plain_text()? {
            let Some(sealer) = self.sealed_with()? else {
                return Ok(());
            };
            self.convert(Some(&sealer), Some(&sealer))?;
        }
        self.clean(HASTE)?;
        log::info!(
            "what was left in plain text in {} is gone",
            self.path().display()
        );
        Ok(())
    }

    fn new_sealer(&self, key: &Secret) -> Result<Sealer> {
        let sealer = Sealer::fresh(key).map_err(|_| self.no_random())?;
        sealer.ok_or_else(no_key)
    }

    fn sealed_with(&self) -> Result<Option<std::sync::Arc<Sealer>>> {
        match self.seal_row()? {
            None => Ok(None),
            Some(row) => self.sealer(&row.salt), // nobody changes it while we hold the lock
        }
    }

    fn convert(&self, from: Option<&Sealer>, to: Option<&Sealer>) -> Result<()> {
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

    fn has_plain_text(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sessions WHERE 'text' IN (typeof(token), typeof(cookies))) \
                   OR EXISTS (SELECT 1 FROM accounts WHERE typeof(refused_hash) = 'text')";
        self.db()
            .query_row(sql, [], |row| row.get(0))
            .at(self.path())
    }

    /// Clean up after a conversion that is done, and tell what came of it.
    fn done(&self, changed: bool) -> Result<Conversion> {
        let count = "SELECT count(*) FROM sessions";
        let sessions: i64 = self
            .db()
            .query_row(count, [], |row| row.get(0))
            .at(self.path())?;
        let (removed, unclean) = match self.clean(BUSY) {
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

    /// Take the old values out of everything that is not a row: copies, free pages, the log.
    fn clean(&self, patience: Duration) -> Result<Vec<PathBuf>> {
        let Some(row) = self.seal_row()?.filter(|row| row.unclean > 0) else {
            return Ok(Vec::new());
        };
        let removed = self.remove_copies()?;
        let db = self.db();
        db.busy_timeout(patience).at(self.path())?;
        let rewritten = rewrite(&db);
        db.busy_timeout(BUSY).at(self.path())?;
        if !rewritten.at(self.path())? {
            return Err(super::Error::Unusable(format!(
                "another process has been reading the store {} for long",
                self.path().display()
            )));
        }
        db.execute(
            "UPDATE seal SET unclean = 0 WHERE unclean = ?1",
            [row.unclean],
        )
        .at(self.path())?;
        Ok(removed)
    }

    /// Copies that migrations have left beside the store are from before.
    fn remove_copies(&self) -> Result<Vec<PathBuf>> {
        let name = self
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let ours = format!("{name}.schema");
        let folder = self
            .path()
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(std::path::Path::new("."));
        let cannot = |e: std::io::Error| {
            let folder = folder.display();
            super::Error::Unusable(format!("cannot delete the old copies in {folder}: {e}"))
        };
        let mut removed = Vec::new();
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(&ours) && name.contains(".bak") {
                fs::remove_file(&path).map_err(cannot)?;
                removed.push(path);
            }
        }
        Ok(removed)
    }
}

/// Write every page anew, from rows alone, and cut the file to their number. That, like everything
/// before, is still in the log until the log is folded and cut too. `false`: a reader is in the way.
fn rewrite(db: &Connection) -> rusqlite::Result<bool> {
    db.execute_batch("VACUUM")?;
    let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(!busy)
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
