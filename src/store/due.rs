//! The sessions that `refresh` updates, and those among them that are due. `refresh` runs every quarter of an hour with up to
//! 100,000 sessions, so the conditions are written such that indexes answer them.

use chrono::{DateTime, Utc};
use rusqlite::types::Value;
use rusqlite::{ParamsFromIter, params_from_iter};

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

impl DueQuery<'_> {
    /// The condition of the selected sessions, and its values: active sessions with automatic refresh, and expired background
    /// sessions, which may be recovered. `more` is a further condition, with the instants of its question marks.
    fn condition(
        &self,
        more: &str,
        instants: &[DateTime<Utc>],
    ) -> (String, ParamsFromIter<Vec<Value>>) {
        let mut sql = format!(
            "{more} AND auto_refresh = 1 AND (kind = 'background' OR (status = 'active' AND created_at > ?))"
        );
        let instants = instants.iter().chain([&self.devices_since]);
        let mut values: Vec<Value> = instants.map(|at| millis(*at).into()).collect();
        for (column, value) in [
            ("account", self.account.map(Account::as_str)),
            ("kind", self.kind.map(SessionKind::as_str)),
            ("fingerprint", self.fingerprint.map(Fingerprint::as_str)),
        ] {
            if let Some(value) = value {
                sql = format!("{sql} AND {column} = ?");
                values.push(value.to_owned().into());
            }
        }
        (sql, params_from_iter(values))
    }
}

impl Store {
    /// The number of selected sessions, due or not.
    pub fn count_refreshed(&self, query: &DueQuery<'_>) -> Result<usize> {
        let (condition, values) = query.condition("true", &[]);
        self.count(&format!("sessions WHERE {condition}"), values)
    }

    /// The selected sessions that are due, oldest token first. Expired background sessions are always due, because a password
    /// source may recover them, and so are sessions whose `setrefresh` failed after `login`.
    pub fn due(&self, query: &DueQuery<'_>) -> Result<Vec<SessionRow>> {
        let (stale, future) = (query.stale_before, query.future_after);
        let old = "status = 'active' AND token_updated_at < ?";
        let ahead = "status = 'active' AND token_updated_at > ? AND token_updated_at >= ?";
        let mut rows = self.selected(query, old, &[stale])?;
        rows.extend(self.selected(query, ahead, &[future, stale])?);
        rows.extend(self.selected(query, "status = 'expired'", &[])?);
        // `+` keeps the index of the token's age out of it: the one of the failed ones is empty almost always
        let fresh = "set_refresh_failed = 1 AND refreshed_at IS NULL AND status = 'active' \
                     AND +token_updated_at >= ? AND +token_updated_at <= ?";
        let (condition, values) = query.condition(fresh, &[stale, future]);
        rows.extend(self.sessions_where(&condition, values)?);
        Ok(rows)
    }

    /// The selected sessions that are not due.
    pub fn fresh(&self, query: &DueQuery<'_>) -> Result<Vec<SessionRow>> {
        let fresh = "status = 'active' AND token_updated_at >= ? AND token_updated_at <= ?";
        self.selected(query, fresh, &[query.stale_before, query.future_after])
    }

    fn selected(
        &self,
        query: &DueQuery<'_>,
        more: &str,
        instants: &[DateTime<Utc>],
    ) -> Result<Vec<SessionRow>> {
        let (condition, values) = query.condition(more, instants);
        self.sessions_where(
            &format!("{condition} ORDER BY token_updated_at, id"),
            values,
        )
    }
}
