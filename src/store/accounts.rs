//! What is known of an account besides its logins: the login flow that worked, refused logins,
//! the password that was refused, and the fingerprints of its devices.

use chrono::{DateTime, Duration, Utc};
use rusqlite::{OptionalExtension, params};

use super::seal::Place;
use super::secrets::Loss;
use super::{At, Result, Store, instant, millis};
use crate::model::account::Account;
use crate::model::session::Fingerprint;
use crate::secret::Secret;

/// A refused password as a slow salted hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPassword {
    /// random bytes, new for each refused password
    pub salt: Vec<u8>,
    /// in hex
    pub hash: Secret,
}

/// Where the hash of an account's refused password stands.
pub(super) fn hash_of(account: &str) -> Place<'_> {
    Place {
        column: "refused_hash",
        account,
        fingerprint: "",
    }
}

impl Store {
    /// The login flow that worked last (`json` or `form`).
    pub fn login_flow(&self, account: &Account) -> Result<Option<String>> {
        let flow: Option<Option<String>> = self
            .db()
            .query_row(
                "SELECT login_flow FROM accounts WHERE email = ?1",
                [account.as_str()],
                |row| row.get(0),
            )
            .optional()
            .at(self.path())?;
        Ok(flow.flatten())
    }

    /// A login worked by this flow: remembered, and a refused password is forgotten.
    pub fn login_worked(&self, account: &Account, flow: &str) -> Result<()> {
        self.db()
            .execute(
                "INSERT INTO accounts (email, login_flow) VALUES (?1, ?2) ON CONFLICT DO UPDATE \
                 SET login_flow = excluded.login_flow, refused_salt = NULL, refused_hash = NULL",
                params![account.as_str(), flow],
            )
            .at(self.path())?;
        Ok(())
    }

    /// Count a refused login.
    pub fn login_refused(&self, account: &Account, now: DateTime<Utc>) -> Result<()> {
        self.db()
            .execute(
                "INSERT INTO refusals (account, at) VALUES (?1, ?2)",
                params![account.as_str(), millis(now)],
            )
            .at(self.path())?;
        Ok(())
    }

    /// Refusals within `window` before `now`, oldest first. Older ones are of no use, and those
    /// that lie in the future were written by a clock that was wrong: neither counts.
    pub fn refusals(
        &self,
        account: &Account,
        now: DateTime<Utc>,
        window: Duration,
    ) -> Result<Vec<DateTime<Utc>>> {
        let db = self.db();
        let mut query = db
            .prepare(
                "SELECT at FROM refusals WHERE account = ?1 AND at > ?2 AND at <= ?3 ORDER BY at",
            )
            .at(self.path())?;
        let rows = query
            .query_map(
                params![account.as_str(), millis(now - window), millis(now)],
                |row| row.get(0).map(instant),
            )
            .at(self.path())?;
        rows.collect::<rusqlite::Result<_>>().at(self.path())
    }

    /// The password source's answer that AimHarder refused.
    pub fn refused_password(&self, account: &Account) -> Result<Option<RefusedPassword>> {
        let sql = "SELECT refused_salt, refused_hash, (SELECT salt FROM seal) FROM accounts \
                   WHERE email = ?1 AND refused_hash IS NOT NULL";
        loop {
            let found = self
                .db()
                .query_row(sql, [account.as_str()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
                })
                .optional()
                .at(self.path())?;
            let Some((salt, hash, seal)) = found else {
                return Ok(None);
            };
            if let Some(hash) = self.unseal(hash_of(account.as_str()), hash, seal.as_deref())? {
                return Ok(Some(RefusedPassword { salt, hash }));
            }
            // another process has sealed the store anew in between
        }
    }

    /// Keep the refused password's hash, in place of an earlier one, so that nothing unattended tries it again.
    pub fn remember_refused(&self, account: &Account, refused: &RefusedPassword) -> Result<()> {
        let secret = [(hash_of(account.as_str()), &refused.hash)];
        self.keep(Loss::Bearable, secret, |db, [hash]| {
            db.execute(
                "INSERT INTO accounts (email, refused_salt, refused_hash) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET refused_salt = excluded.refused_salt, refused_hash = excluded.refused_hash",
                params![account.as_str(), refused.salt, hash],
            )
        })?;
        Ok(())
    }

    /// The fingerprint of the account's device on this machine that was used last.
    pub fn this_device(&self, account: &Account) -> Result<Option<Fingerprint>> {
        self.db()
            .query_row(
                "SELECT d.fingerprint FROM devices d LEFT JOIN sessions s USING (account, fingerprint) \
                 WHERE d.account = ?1 ORDER BY s.id IS NULL, coalesce(s.used_at, d.used_at) DESC LIMIT 1",
                [account.as_str()],
                |row| row.get(0).map(Fingerprint::stored),
            )
            .optional()
            .at(self.path())
    }
}
