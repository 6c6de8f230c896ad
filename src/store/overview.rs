//! The store as `status` looks at it: its health, and facts that only an overview wants. Reads only.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use super::prebookings::read_shot;
use super::{At, Result, Shot, Store};
use crate::model::account::Account;

impl Store {
    /// The schema of this store: the one this program writes, or it would not be open.
    pub fn schema(&self) -> usize {
        super::open::VERSION
    }

    /// Look through the whole file for damage: `None` when it is sound, else the first thing found.
    pub fn damage(&self) -> Result<Option<String>> {
        let found: rusqlite::Result<String> =
            self.db()
                .query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        let found = found.at(self.path())?;
        Ok((found != "ok").then(|| found.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    /// Which boxes each account has, by account and box.
    pub fn account_boxes(&self) -> Result<Vec<(Account, String)>> {
        let db = self.db();
        let mut query = db
            .prepare("SELECT account, box FROM account_boxes ORDER BY account, box")
            .at(self.path())?;
        let rows = query
            .query_map([], |row| Ok((Account::stored(row.get(0)?), row.get(1)?)))
            .at(self.path())?;
        rows.collect::<rusqlite::Result<_>>().at(self.path())
    }

    /// How many prebookings there are, by status.
    pub fn prebooking_counts(&self, account: Option<&Account>) -> Result<BTreeMap<String, usize>> {
        let db = self.db();
        let mut query = db
            .prepare(
                "SELECT status, count(*) FROM prebookings WHERE ?1 IS NULL OR account = ?1 GROUP BY status",
            )
            .at(self.path())?;
        let rows = query
            .query_map([account.map(Account::as_str)], |row| {
                let count: i64 = row.get(1)?;
                Ok((row.get(0)?, usize::try_from(count).unwrap_or_default()))
            })
            .at(self.path())?;
        rows.collect::<rusqlite::Result<_>>().at(self.path())
    }

    /// The booking request of a prebooking that was sent last.
    pub fn last_shot(&self, account: Option<&Account>) -> Result<Option<Shot>> {
        let sql = "SELECT sent_at, shots.class, outcome, book_state, shots.message, clock_offset_ms, lateness_ms FROM shots \
                   JOIN prebookings ON prebookings.id = shots.prebooking \
                   WHERE ?1 IS NULL OR account = ?1 ORDER BY shots.id DESC LIMIT 1";
        self.db()
            .query_row(sql, params![account.map(Account::as_str)], read_shot)
            .optional()
            .at(self.path())
    }
}
