//! Sessions in the store (promises 2, 4 and 5):
//!
//! * a token, its cookies and the generation change in one statement, conditional on the
//!   generation that was read: a newer token never yields to an older one;
//! * an account has one background session, by a unique index; only [`Store::delete_background`]
//!   deletes it, and a trigger refuses every other deletion;
//! * a token update is marked before it is sent, and room for its result is reserved ([`super::reserve`]).

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::types::ToSql;
use rusqlite::{Params, Row, params};
use serde::Serialize;

use super::encryption::SecretPlace;
use super::{Result, Store, instant, maybe_instant, millis, unreadable};
use crate::model::account::Account;
use crate::model::instant;
use crate::model::session::{Fingerprint, SessionKind, SessionRef};
use crate::secret::Secret;

/// Whether the platform accepts a session, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Status {
    /// The platform accepts it, as far as it is known.
    Active,
    /// A token update reported a logout: the session is dead.
    Expired,
}

/// One stored session. Its JSON, without secrets, is shown by `sessions` and `status` (`scripting.md`, "Sessions").
#[derive(Debug, Clone, Serialize)]
pub struct SessionRow {
    /// The store's number, which is never shown.
    #[serde(skip)]
    pub id: i64,
    /// The account.
    pub account: Account,
    /// Device or background.
    pub kind: SessionKind,
    /// The device that it was granted to.
    pub fingerprint: Fingerprint,
    /// Whether the platform accepts it.
    pub status: Status,
    /// Whether `refresh` refreshes it (`sessions set --auto-refresh`).
    pub auto_refresh: bool,
    /// Empty in listings.
    #[serde(skip)]
    pub token: Secret,
    /// The cookie jar as JSON; empty in listings.
    #[serde(skip)]
    pub cookies: Secret,
    /// By the server's clock, as the token itself says.
    #[serde(serialize_with = "instant::maybe_instant")]
    pub token_expires_at: Option<DateTime<Utc>>,
    /// Counts tokens. A write names the generation that was read and does nothing if it is older than the stored one. −1 only
    /// while a background session is deleted.
    #[serde(skip)]
    pub generation: i64,
    /// The last login, from which the age of a device session counts.
    #[serde(serialize_with = "instant::instant")]
    pub created_at: DateTime<Utc>,
    /// When a command last used it. Commands use the device session that was used last.
    #[serde(skip)]
    pub used_at: DateTime<Utc>,
    /// By this machine's clock; the login's own token included.
    #[serde(serialize_with = "instant::instant")]
    pub token_updated_at: DateTime<Utc>,
    /// Token updates over all logins of this row.
    pub token_update_count: i64,
    /// The last `setrefresh` that succeeded, the login's own included.
    #[serde(serialize_with = "instant::maybe_instant")]
    pub refreshed_at: Option<DateTime<Utc>>,
    /// The number of calls of `setrefresh` that succeeded, over all logins of this row.
    pub refresh_count: i64,
    /// When a token update began whose end is not known.
    #[serde(skip)]
    pub update_begun_at: Option<DateTime<Utc>>,
    /// For people; `None` if the last refresh succeeded.
    pub last_error: Option<String>,
}

impl SessionRow {
    /// The age of the token; negative if a clock was wrong.
    pub fn token_age(&self, now: DateTime<Utc>) -> TimeDelta {
        now - self.token_updated_at
    }
}

impl From<&SessionRow> for SessionRef {
    fn from(row: &SessionRow) -> Self {
        Self {
            kind: row.kind,
            fingerprint: row.fingerprint.clone(),
        }
    }
}

/// All but the secrets.
pub(super) const COLUMNS: &str = "id, account, kind, fingerprint, status, auto_refresh, token_expires_at, generation, \
     created_at, used_at, token_updated_at, token_update_count, refreshed_at, refresh_count, update_begun_at, last_error";

impl Store {
    /// All sessions, or those of one account: by account, background first, then the one used last. They are without secrets,
    /// which are most of a row.
    pub fn sessions(&self, account: Option<&Account>) -> Result<Vec<SessionRow>> {
        let of_account = "?1 IS NULL OR account = ?1 ORDER BY id";
        let mut rows = self.sessions_where(of_account, [account.map(Account::as_str)])?;
        // not in SQL, whose sorter would copy every row
        rows.sort_by(|a, b| {
            let by_account = a.account.cmp(&b.account);
            let background_first = a.kind.as_str().cmp(b.kind.as_str());
            by_account
                .then(background_first)
                .then(b.used_at.cmp(&a.used_at))
        });
        Ok(rows)
    }

    /// The sessions of a condition, without secrets.
    pub(super) fn sessions_where(
        &self,
        condition: &str,
        values: impl Params,
    ) -> Result<Vec<SessionRow>> {
        let sql = format!("SELECT {COLUMNS} FROM sessions WHERE {condition}");
        self.list(&sql, values, read)
    }

    /// The account's background session.
    pub fn background(&self, account: &Account) -> Result<Option<SessionRow>> {
        self.with_secrets(
            "account = ?1 AND kind = 'background'",
            params![account.as_str()],
        )
    }

    /// The account's device session that was used last.
    pub fn last_device(&self, account: &Account) -> Result<Option<SessionRow>> {
        self.with_secrets(
            "account = ?1 AND kind = 'device' ORDER BY used_at DESC, id DESC LIMIT 1",
            params![account.as_str()],
        )
    }

    /// One session by the store's number.
    pub fn session(&self, id: i64) -> Result<Option<SessionRow>> {
        self.with_secrets("id = ?1", params![id])
    }

    /// One session by its whole fingerprint.
    pub fn session_of(&self, account: &Account, print: &Fingerprint) -> Result<Option<SessionRow>> {
        self.with_secrets(
            "account = ?1 AND fingerprint = ?2",
            params![account.as_str(), print.as_str()],
        )
    }

    fn with_secrets(&self, filter: &str, values: &[&dyn ToSql]) -> Result<Option<SessionRow>> {
        let sql = format!("SELECT {COLUMNS}, token, cookies FROM sessions WHERE {filter}");
        let found = self.find_secrets(&sql, values, |row| {
            Ok((read(row)?, row.get("token")?, row.get("cookies")?))
        })?;
        let Some(((mut row, token, cookies), codec)) = found else {
            return Ok(None);
        };
        let [tokens, jars] = places(&row.account, &row.fingerprint);
        let token = self.decrypted(codec.as_deref(), tokens, token)?;
        let cookies = self.decrypted(codec.as_deref(), jars, cookies)?;
        (row.token, row.cookies) = (token, cookies);
        Ok(Some(row))
    }

    /// Whether there is any session. (With 100,000 of them, listing their accounts takes 16 ms.)
    pub fn has_sessions(&self) -> Result<bool> {
        let found = self.find("SELECT 1 FROM sessions LIMIT 1", [], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// Accounts that have a session.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        self.list(
            "SELECT DISTINCT account FROM sessions ORDER BY account",
            [],
            |row| row.get(0).map(Account::stored),
        )
    }

    /// Stores the last error of a session.
    pub fn note_error(&self, row: &SessionRow, error: &str) -> Result<()> {
        self.execute(
            "UPDATE sessions SET last_error = ?1 WHERE id = ?2 AND generation = ?3",
            params![error, row.id, row.generation],
        )
    }

    /// Stores the cookies of an ordinary call. They never replace those of a newer token.
    pub fn put_cookies(
        &self,
        row: &SessionRow,
        cookies: &Secret,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let [_, place] = places(&row.account, &row.fingerprint);
        let codec = self.hold_codec()?;
        let sql =
            "UPDATE sessions SET cookies = ?1, used_at = ?2 WHERE id = ?3 AND generation = ?4";
        self.write_secrets(&codec, 0, [(place, cookies)], |db, [jar]| {
            db.execute(sql, params![jar, millis(now), row.id, row.generation])
        })?;
        Ok(())
    }

    /// Marks a device session as the one used last, after a use without new cookies. Writes only if it was not.
    pub fn note_use(&self, row: &SessionRow, now: DateTime<Utc>) -> Result<()> {
        let sql = "UPDATE sessions SET used_at = ?1 WHERE id = ?2 AND kind = 'device' AND EXISTS (\
                   SELECT 1 FROM sessions AS other WHERE other.account = sessions.account \
                   AND other.kind = 'device' AND other.id <> sessions.id AND other.used_at >= sessions.used_at)";
        self.execute(sql, params![millis(now), row.id])
    }

    /// Stores that a token update reported a logout, unless the session has been logged in again meanwhile: a device session is
    /// deleted, a background session is marked as expired.
    pub fn end_session(&self, row: &SessionRow) -> Result<()> {
        let sql = match row.kind {
            SessionKind::Device => "DELETE FROM sessions WHERE id = ?1 AND generation = ?2",
            SessionKind::Background => {
                "UPDATE sessions SET status = 'expired', generation = generation + 1, update_begun_at = NULL, \
                 last_error = 'AimHarder has ended this session' WHERE id = ?1 AND generation = ?2"
            }
        };
        self.execute(sql, params![row.id, row.generation])
    }

    /// Sets whether `refresh` refreshes this session.
    pub fn set_auto_refresh(&self, row: &SessionRow, on: bool) -> Result<()> {
        self.execute(
            "UPDATE sessions SET auto_refresh = ?1 WHERE id = ?2",
            params![on, row.id],
        )
    }

    /// Deletes one device session.
    pub fn delete_device(&self, row: &SessionRow) -> Result<bool> {
        self.changes(
            "DELETE FROM sessions WHERE id = ?1 AND kind = 'device'",
            [row.id],
        )
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

    /// Deletes device sessions created before `before`.
    pub fn prune_devices(&self, account: Option<&Account>, before: DateTime<Utc>) -> Result<usize> {
        let sql = "DELETE FROM sessions WHERE kind = 'device' AND created_at < ?1 AND (?2 IS NULL OR account = ?2)";
        self.count_changes(sql, params![millis(before), account.map(Account::as_str)])
    }
}

/// The places of a session's token and cookies.
pub(super) fn places<'a>(
    account: &'a Account,
    fingerprint: &'a Fingerprint,
) -> [SecretPlace<'a>; 2] {
    ["token", "cookies"].map(|column| [column, account.as_str(), fingerprint.as_str()])
}

/// When a token expires: its second part, in Unix seconds (protocol.md §3).
pub(super) fn expiry(token: &Secret) -> Option<i64> {
    let seconds = token.expose().split('|').nth(1)?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0).map(millis)
}

/// Reads a row by the positions in [`COLUMNS`], without the secrets. With 1,000 sessions it is measurable that columns are not
/// looked up by name.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let at = |column: usize| instant(row, column);
    let maybe_at = |column: usize| maybe_instant(row, column);
    Ok(SessionRow {
        id: row.get(0)?,
        account: Account::stored(row.get(1)?),
        kind: name(row, 2)?,
        fingerprint: Fingerprint::stored(row.get(3)?),
        status: name(row, 4)?,
        auto_refresh: row.get(5)?,
        token: Secret::new(""),
        cookies: Secret::new(""),
        token_expires_at: maybe_at(6)?,
        generation: row.get(7)?,
        created_at: at(8)?,
        used_at: at(9)?,
        token_updated_at: at(10)?,
        token_update_count: row.get(11)?,
        refreshed_at: maybe_at(12)?,
        refresh_count: row.get(13)?,
        update_begun_at: maybe_at(14)?,
        last_error: row.get(15)?,
    })
}

/// A value of an enum by its name in a column.
fn name<T: FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let name = row.get_ref(column)?.as_str()?;
    name.parse()
        .map_err(|_| unreadable(format!("{name:?} in column {column}")))
}
