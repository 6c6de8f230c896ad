//! The store as `sessions` and `status` look at it: what may be shown of a login, the file's health, and counts. Reads only.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::params;
use serde::Serialize;

use super::prebookings::read_attempt;
use super::{At, Attempt, Result, SessionRow, Status, Store};
use crate::model::account::Account;
use crate::model::instant::{maybe_utc, utc};
use crate::model::session::{Fingerprint, SessionKind};

/// What is shown of a login, in JSON by these names (`scripting.md`, "Sessions"). No secrets.
#[derive(Debug, Clone, Serialize)]
pub struct SessionFacts {
    /// a person's or the automation's
    pub kind: SessionKind,
    /// the device it was granted to, whole
    pub fingerprint: Fingerprint,
    /// whether the platform still honours it
    pub status: Status,
    /// the last login
    #[serde(serialize_with = "utc")]
    pub created_at: DateTime<Utc>,
    /// by this machine's clock
    #[serde(serialize_with = "utc")]
    pub token_updated_at: DateTime<Utc>,
    /// negative where a clock was wrong
    pub token_age_seconds: i64,
    /// by the server's clock
    #[serde(serialize_with = "maybe_utc")]
    pub token_expires_at: Option<DateTime<Utc>>,
    /// token updates over all its logins
    pub token_update_count: i64,
    /// whether `refresh` looks after it
    pub auto_refresh: bool,
    /// in words for people; `None` when the last refresh was well
    pub last_error: Option<String>,
}

impl SessionRow {
    /// What is shown of it at this moment.
    pub fn facts(self, now: DateTime<Utc>) -> SessionFacts {
        SessionFacts {
            token_age_seconds: (now - self.token_updated_at).num_seconds(),
            kind: self.kind,
            fingerprint: self.fingerprint,
            status: self.status,
            created_at: self.created_at,
            token_updated_at: self.token_updated_at,
            token_expires_at: self.token_expires_at,
            token_update_count: self.token_update_count,
            auto_refresh: self.auto_refresh,
            last_error: self.last_error,
        }
    }
}

impl Store {
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
        self.list(
            "SELECT account, box FROM account_boxes ORDER BY account, box",
            [],
            |row| Ok((Account::stored(row.get(0)?), row.get(1)?)),
        )
    }

    /// How many prebookings there are, by status.
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
