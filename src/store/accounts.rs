//! What is stored of an account besides its sessions: the login flow that worked last, refused logins, the refused
//! passwords, the last lock-out, and the fingerprints of its devices.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::params;

use super::encryption::SecretPlace;
use super::{Result, Store, instant, maybe_instant, millis};
use crate::model::account::Account;
use crate::model::session::Fingerprint;
use crate::secret::Secret;

/// Passwords that AimHarder refused, as slow salted hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPasswords {
    /// Random bytes.
    pub salt: Vec<u8>,
    /// In hex digits, the last refusal last.
    pub hashes: Vec<Secret>,
    /// When the last one was refused.
    pub at: DateTime<Utc>,
}

/// The column of an account's refused passwords.
pub(super) fn hash_of(account: &str) -> SecretPlace<'_> {
    ["refused_hash", account, ""]
}

impl Store {
    /// The login flow that worked last (`json` or `form`).
    pub fn login_flow(&self, account: &Account) -> Result<Option<String>> {
        let flow: Option<Option<String>> = self.find(
            "SELECT login_flow FROM accounts WHERE email = ?1",
            [account.as_str()],
            |row| row.get(0),
        )?;
        Ok(flow.flatten())
    }

    /// Stores the flow of a login that succeeded, and deletes the refused passwords and the lock-out.
    pub fn login_worked(&self, account: &Account, flow: &str) -> Result<()> {
        let sql = "INSERT INTO accounts (email, login_flow) VALUES (?1, ?2) ON CONFLICT DO UPDATE \
                   SET login_flow = excluded.login_flow, refused_salt = NULL, refused_hash = NULL, refused_at = NULL, \
                   locked_at = NULL";
        self.execute(sql, params![account.as_str(), flow])
    }

    /// Counts a refused login, and deletes those older than a day, which nothing reads any more. A lock-out says nothing about
    /// the password and is stored by its time alone.
    pub fn login_refused(
        &self,
        account: &Account,
        now: DateTime<Utc>,
        is_lock_out: bool,
    ) -> Result<()> {
        self.transact(|change| {
            let values = params![account.as_str(), millis(now)];
            change.execute("INSERT INTO refusals (account, at) VALUES (?1, ?2)", values)?;
            let old = millis(now - TimeDelta::days(1));
            change.execute("DELETE FROM refusals WHERE at < ?1", [old])?;
            if is_lock_out {
                change.execute(
                    "INSERT INTO accounts (email, locked_at) VALUES (?1, ?2) ON CONFLICT DO UPDATE \
                     SET locked_at = excluded.locked_at",
                    values,
                )?;
            }
            Ok(())
        })
    }

    /// When AimHarder last reported a lock-out. `None` after a login that succeeded.
    pub fn locked_at(&self, account: &Account) -> Result<Option<DateTime<Utc>>> {
        let at = self.find(
            "SELECT locked_at FROM accounts WHERE email = ?1",
            [account.as_str()],
            |row| maybe_instant(row, 0),
        )?;
        Ok(at.flatten())
    }

    /// Refusals within `window` before `now`, oldest first. Those in the future were written by a wrong clock and do not
    /// count.
    pub fn refusals(
        &self,
        account: &Account,
        now: DateTime<Utc>,
        window: TimeDelta,
    ) -> Result<Vec<DateTime<Utc>>> {
        self.list(
            "SELECT at FROM refusals WHERE account = ?1 AND at > ?2 AND at <= ?3 ORDER BY at",
            params![account.as_str(), millis(now - window), millis(now)],
            |row| instant(row, 0),
        )
    }

    /// The last passwords of the account's password sources that AimHarder refused. One that was stored before schema 5 has no
    /// time, and is not held back.
    pub fn refused_passwords(&self, account: &Account) -> Result<Option<RefusedPasswords>> {
        let sql = "SELECT refused_salt, refused_hash, refused_at FROM accounts WHERE email = ?1 AND refused_at IS NOT NULL";
        let found = self.find_secrets(sql, [account.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, instant(row, 2)?))
        })?;
        let Some(((salt, stored, at), codec)) = found else {
            return Ok(None);
        };
        let stored = self.decrypted(codec.as_deref(), hash_of(account.as_str()), stored)?;
        let hashes = stored.expose().split(' ').map(Secret::new).collect();
        Ok(Some(RefusedPasswords { salt, hashes, at }))
    }

    /// Stores refused passwords, replacing those stored.
    pub fn set_refused_passwords(
        &self,
        account: &Account,
        refused: &RefusedPasswords,
    ) -> Result<()> {
        let hashes: Vec<_> = refused.hashes.iter().map(Secret::expose).collect();
        let hashes = Secret::new(hashes.join(" "));
        let secret = [(hash_of(account.as_str()), &hashes)];
        self.write_secrets(&self.hold_codec()?, 0, secret, |db, [hash]| {
            db.execute(
                "INSERT INTO accounts (email, refused_salt, refused_hash, refused_at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO UPDATE SET refused_salt = excluded.refused_salt, refused_hash = excluded.refused_hash, \
                 refused_at = excluded.refused_at",
                params![account.as_str(), refused.salt, hash, millis(refused.at)],
            )
        })?;
        Ok(())
    }

    /// The fingerprint of the account's device on this machine that was used last.
    pub fn this_device(&self, account: &Account) -> Result<Option<Fingerprint>> {
        let sql = "SELECT d.fingerprint FROM devices d LEFT JOIN sessions s USING (account, fingerprint) \
                   WHERE d.account = ?1 ORDER BY s.id IS NULL, coalesce(s.used_at, d.used_at) DESC LIMIT 1";
        self.find(sql, [account.as_str()], |row| {
            row.get(0).map(Fingerprint::stored)
        })
    }
}
