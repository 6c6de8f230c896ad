//! The sessions that `refresh` updates, and those among them that are due. `refresh` runs every quarter of an hour with up to
//! 100,000 sessions, so the conditions are written such that indexes answer them.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;

use super::sessions::{COLUMNS, read};
use super::{Result, SessionRow, Store, millis};
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};

/// A selection of sessions for `refresh`.
#[derive(Debug, Clone)]
pub struct DueQuery<'a> {
    /// The account; `None` selects all.
    pub account: Option<&'a Account>,
    /// The kind; `None` selects both.
    pub kind: Option<SessionKind>,
    /// One session by its whole fingerprint.
    pub fingerprint: Option<&'a Fingerprint>,
    /// Device sessions created before this are not refreshed.
    pub devices_since: DateTime<Utc>,
    /// Tokens updated before this are due.
    pub stale_before: DateTime<Utc>,
    /// Tokens updated after this, which a wrong clock wrote, are due too.
    pub future_after: DateTime<Utc>,
}

/// Conditions and their values, in the order of their question marks.
struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl DueQuery<'_> {
    /// Active sessions with automatic refresh, and expired background sessions, which may be recovered.
    fn selected(&self) -> Filter {
        let mut filter = Filter {
            sql: "auto_refresh = 1 AND (kind = 'background' OR (status = 'active' AND created_at > ?))".to_owned(),
            values: vec![millis(self.devices_since).into()],
        };
        if let Some(account) = self.account {
            filter.and("account = ?", account.as_str().to_owned());
        }
        if let Some(kind) = self.kind {
            filter.and("kind = ?", kind.as_str().to_owned());
        }
        if let Some(print) = self.fingerprint {
            filter.and("fingerprint = ?", print.as_str().to_owned());
        }
        filter
    }
}

impl Filter {
    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(value.into());
    }
}

impl Store {
    /// The number of selected sessions, due or not.
    pub fn count_refreshed(&self, query: &DueQuery<'_>) -> Result<usize> {
        let filter = query.selected();
        let sql = format!("SELECT count(*) FROM sessions WHERE {}", filter.sql);
        let values = rusqlite::params_from_iter(filter.values);
        let count: Option<i64> = self.find(&sql, values, |row| row.get(0))?;
        Ok(count.map_or(0, |count| usize::try_from(count).unwrap_or_default()))
    }

    /// The selected sessions that are due, oldest token first. Expired background sessions are always due, because a password
    /// source may recover them.
    pub fn due(&self, query: &DueQuery<'_>) -> Result<Vec<SessionRow>> {
        let mut old = query.selected();
        old.and(
            "status = 'active' AND token_updated_at < ?",
            millis(query.stale_before),
        );
        let mut ahead = query.selected();
        ahead.and(
            "status = 'active' AND token_updated_at > ?",
            millis(query.future_after),
        );
        ahead.and("token_updated_at >= ?", millis(query.stale_before));
        let mut dead = query.selected();
        dead.sql.push_str(" AND status = 'expired'");
        let mut rows = self.rows_where(old)?;
        rows.extend(self.rows_where(ahead)?);
        rows.extend(self.rows_where(dead)?);
        Ok(rows)
    }

    /// The selected sessions that are not due.
    pub fn fresh(&self, query: &DueQuery<'_>) -> Result<Vec<SessionRow>> {
        let mut filter = query.selected();
        filter.and(
            "status = 'active' AND token_updated_at >= ?",
            millis(query.stale_before),
        );
        filter.and("token_updated_at <= ?", millis(query.future_after));
        self.rows_where(filter)
    }

    fn rows_where(&self, filter: Filter) -> Result<Vec<SessionRow>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sessions WHERE {} ORDER BY token_updated_at, id",
            filter.sql
        );
        self.list(&sql, rusqlite::params_from_iter(filter.values), read)
    }
}
