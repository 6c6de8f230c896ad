//! What `status` reads: the condition of the file, and counts.

use std::collections::BTreeMap;

use rusqlite::params;

use super::prebookings::read_attempt;
use super::{At, Attempt, Result, Store};
use crate::model::account::Account;

impl Store {
    /// Checks the whole file for damage, and returns the first that is found.
    pub fn damage(&self) -> Result<Option<String>> {
        let found: rusqlite::Result<String> =
            self.db()
                .query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        let found = found.at(self.path())?;
        Ok((found != "ok").then(|| found.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    /// The boxes of each account, by account and box.
    pub fn account_boxes(&self) -> Result<Vec<(Account, String)>> {
        self.list(
            "SELECT account, box FROM account_boxes ORDER BY account, box",
            [],
            |row| Ok((Account::stored(row.get(0)?), row.get(1)?)),
        )
    }

    /// The number of prebookings by status.
    pub fn prebooking_counts(&self, account: Option<&Account>) -> Result<BTreeMap<String, usize>> {
        self.list("SELECT status, count(*) FROM prebookings WHERE ?1 IS NULL OR account = ?1 GROUP BY status", [account.map(Account::as_str)], |row| {
                let count: i64 = row.get(1)?;
                Ok((row.get(0)?, usize::try_from(count).unwrap_or_default()))
            })
    }

    /// The booking request that was sent last, and the id of its prebooking.
    pub fn last_attempt(&self, account: Option<&Account>) -> Result<Option<(i64, Attempt)>> {
        let sql = "SELECT sent_at, shots.class, outcome, book_state, shots.message, clock_offset_ms, lateness_ms, prebooking FROM shots \
                   JOIN prebookings ON prebookings.id = shots.prebooking \
                   WHERE ?1 IS NULL OR account = ?1 ORDER BY shots.id DESC LIMIT 1";
        self.find(sql, params![account.map(Account::as_str)], |row| {
            Ok((row.get(7)?, read_attempt(row)?))
        })
    }
}
