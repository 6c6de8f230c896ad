//! Deletion of sessions and of old refused logins. A trigger of the database protects the background session; only
//! [`Store::delete_background`] removes the protection.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::params;

use super::{Result, SessionRow, Store, millis};
use crate::model::account::Account;

impl Store {
    /// Deletes a dead device session, unless it has been logged in again meanwhile.
    pub fn delete_dead_device(&self, row: &SessionRow) -> Result<()> {
        self.execute(
            "DELETE FROM sessions WHERE id = ?1 AND generation = ?2 AND kind = 'device'",
            params![row.id, row.generation],
        )?;
        Ok(())
    }

    /// Deletes one device session.
    pub fn delete_device(&self, row: &SessionRow) -> Result<bool> {
        let deleted = self.execute(
            "DELETE FROM sessions WHERE id = ?1 AND kind = 'device'",
            [row.id],
        )?;
        Ok(deleted == 1)
    }

    /// Deletes the protected session. Only for `logout --background --yes-delete-background`.
    pub fn delete_background(&self, row: &SessionRow) -> Result<bool> {
        self.transact(|change| {
            let unprotected = change.execute(
                "UPDATE sessions SET generation = -1 WHERE id = ?1 AND kind = 'background'",
                [row.id],
            )?;
            change.execute(
                "DELETE FROM sessions WHERE id = ?1 AND generation = -1",
                [row.id],
            )?;
            Ok(unprotected == 1)
        })
    }

    /// Deletes refused logins older than a day, which nothing reads any more.
    pub fn delete_old_refusals(&self, now: DateTime<Utc>) -> Result<()> {
        let before = millis(now - TimeDelta::days(1));
        // a deletion waits for other writers even if there is nothing to delete
        let sql = "SELECT EXISTS (SELECT 1 FROM refusals WHERE at < ?1)";
        if self.find(sql, [before], |row| row.get(0))? == Some(true) {
            self.execute("DELETE FROM refusals WHERE at < ?1", [before])?;
        }
        Ok(())
    }

    /// Deletes device sessions created before `before`.
    pub fn prune_devices(&self, account: Option<&Account>, before: DateTime<Utc>) -> Result<usize> {
        self.execute(
                "DELETE FROM sessions WHERE kind = 'device' AND created_at < ?1 AND (?2 IS NULL OR account = ?2)",
                params![millis(before), account.map(Account::as_str)],
            )
    }
}
