//! Which sessions a refresh looks after, and which of them are due. Asked every quarter of an
//! hour of stores with up to 100,000 sessions: the questions are worded so that indexes answer them.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;

use super::sessions::{COLUMNS, read};
use super::{Result, SessionRow, Store, millis};
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};

/// Which sessions a refresh looks at.
#[derive(Debug, Clone)]
pub struct DueQuery<'a> {
    /// one account's sessions; `None`: all accounts'
    pub account: Option<&'a Account>,
    /// sessions of one kind; `None`: of both
    pub kind: Option<SessionKind>,
    /// one session, by its whole fingerprint
    pub fingerprint: Option<&'a Fingerprint>,
    /// device sessions created before this are left alone
    pub devices_since: DateTime<Utc>,
    /// tokens updated before this are due …
    pub stale_before: DateTime<Utc>,
    /// … and so are those whose time lies beyond this: no clock was ever that far ahead honestly
    pub future_after: DateTime<Utc>,
}

/// Conditions and their values, in the order of their question marks.
struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl DueQuery<'_> {
    /// Active sessions that automation refreshes, and dead background sessions that it may recover.
    fn looked_after(&self) -> Filter {
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
    /// How many sessions a refresh looks after, due or not.
    pub fn count_refreshed(&self, query: &DueQuery<'_>) -> Result<usize> {
        let filter = query.looked_after();
        let sql = format!("SELECT count(*) FROM sessions WHERE {}", filter.sql);
        let values = rusqlite::params_from_iter(filter.values);
        let count: Option<i64> = self.find(&sql, values, |row| row.get(0))?;
        Ok(count.map_or(0, |count| usize::try_from(count).unwrap_or_default()))
    }

    /// The sessions that a refresh has to act on, oldest token first. Expired background sessions are always due, because a
    /// password source may recover them.
    pub fn due(&self, query: &DueQuery<'_>) -> Result<Vec<SessionRow>> {
        let mut old = query.looked_after();
        old.and(
            "status = 'active' AND token_updated_at < ?",
            millis(query.stale_before),
        );
        let mut ahead = query.looked_after();
        ahead.and(
            "status = 'active' AND token_updated_at > ?",
            millis(query.future_after),
        );
        ahead.and("token_updated_at >= ?", millis(query.stale_before));
        let mut dead = query.looked_after();
        dead.sql.push_str(" AND status = 'expired'");
        let mut rows = self.rows_where(old)?;
        rows.extend(self.rows_where(ahead)?);
        rows.extend(self.rows_where(dead)?);
        Ok(rows)
    }

    /// The sessions a refresh looks after and finds fresh.
    pub fn fresh(&self, query: &DueQuery<'_>) -> Result<Vec<SessionRow>> {
        let mut filter = query.looked_after();
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
