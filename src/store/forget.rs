//! Logins that go: dead ones, old ones, and those that a person wants forgotten. The background
//! session is protected by the database itself; one function here knows the way around.

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::{At, Result, SessionRow, Store, immediate, millis};
use crate::model::account::Account;

impl Store {
    /// A dead device session goes, unless somebody has logged it in again meanwhile.
    pub fn delete_dead_device(&self, row: &SessionRow) -> Result<()> {
        self.db()
            .execute(
                "DELETE FROM sessions WHERE id = ?1 AND generation = ?2 AND kind = 'device'",
                params![row.id, row.generation],
            )
            .at(self.path())?;
        Ok(())
    }

    /// Forget one device session on purpose.
    pub fn delete_device(&self, row: &SessionRow) -> Result<bool> {
        let deleted = self
            .db()
            .execute(
                "DELETE FROM sessions WHERE id = ?1 AND kind = 'device'",
                [row.id],
            )
            .at(self.path())?;
        Ok(deleted == 1)
    }

    /// Delete the protected session: only for the command that takes two flags.
    pub fn delete_background(&self, row: &SessionRow) -> Result<bool> {
        let mut db = self.db();
        let change = immediate(&mut db).at(self.path())?;
        let unprotected = change
            .execute(
                "UPDATE sessions SET generation = -1 WHERE id = ?1 AND kind = 'background'",
                [row.id],
            )
            .at(self.path())?;
        change
            .execute(
                "DELETE FROM sessions WHERE id = ?1 AND generation = -1",
                [row.id],
            )
            .at(self.path())?;
        change.commit().at(self.path())?;
        Ok(unprotected == 1)
    }

    /// Delete device sessions created before `before`.
    pub fn prune_devices(&self, account: Option<&Account>, before: DateTime<Utc>) -> Result<usize> {
        self.db()
            .execute(
                "DELETE FROM sessions WHERE kind = 'device' AND created_at < ?1 AND (?2 IS NULL OR account = ?2)",
                params![millis(before), account.map(Account::as_str)],
            )
            .at(self.path())
    }
}
