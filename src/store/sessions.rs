//! Sessions in the store (promises 2, 4 and 5):
//!
//! * a token, its cookies and the generation change in one statement, conditional on the
//!   generation that was read: a newer token never yields to an older one;
//! * one background session per account, by a unique index; only [`Store::delete_background`]
//!   can delete it, the database refuses every other way;
//! * a token update is marked before it is sent, and finds room for its end ([`super::reserve`]).

use chrono::{DateTime, Utc};
use rusqlite::types::ToSql;
use rusqlite::{Row, params};

use super::seal::Place;
use super::{Result, Store, instant, maybe_instant, millis};
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};
use crate::secret::Secret;

/// Whether the platform accepts a session, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The platform accepts it, as far as it is known.
    Active,
    /// A token update reported a logout: the session is dead.
    Expired,
}

/// One stored session.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// The store's number, which is never shown.
    pub id: i64,
    /// The account.
    pub account: Account,
    /// Device or background.
    pub kind: SessionKind,
    /// The device that it was granted to.
    pub fingerprint: Fingerprint,
    /// Whether the platform accepts it.
    pub status: Status,
    /// whether `refresh` looks after it (`sessions set --auto-refresh`)
    pub auto_refresh: bool,
    /// empty in listings
    pub token: Secret,
    /// the cookie jar as JSON; empty in listings
    pub cookies: Secret,
    /// by the server's clock, as the token itself says
    pub token_expires_at: Option<DateTime<Utc>>,
    /// Counts tokens. A write names the generation that was read and does nothing if it is older than the stored one. −1 only
    /// while a background session is deleted.
    pub generation: i64,
    /// the last login: what the age of a device session counts from
    pub created_at: DateTime<Utc>,
    /// when a command last used it; the device session used last acts
    pub used_at: DateTime<Utc>,
    /// by this machine's clock; the login's own token included
    pub token_updated_at: DateTime<Utc>,
    /// token updates over all logins of this row
    pub token_update_count: i64,
    /// the last good `setrefresh`, the login's own included
    pub refreshed_at: Option<DateTime<Utc>>,
    /// good calls of `setrefresh` over all logins of this row, the logins' own included
    pub refresh_count: i64,
    /// a token update was begun then and its end was never written
    pub update_begun_at: Option<DateTime<Utc>>,
    /// in words for people; `None` when the last refresh was well
    pub last_error: Option<String>,
}

/// All but the secrets.
pub(super) const COLUMNS: &str = "id, account, kind, fingerprint, status, auto_refresh, token_expires_at, generation, \
     created_at, used_at, token_updated_at, token_update_count, refreshed_at, refresh_count, update_begun_at, last_error";

/// The positions of token and cookies after [`COLUMNS`].
const SECRETS: [usize; 2] = [16, 17];

impl Store {
    /// All logins, or those of one account: by account, background first, then last used first.
    /// For listings, and so without secrets, which are most of a row: [`Self::session`] has them.
    pub fn sessions(&self, account: Option<&Account>) -> Result<Vec<SessionRow>> {
        let sql =
            format!("SELECT {COLUMNS} FROM sessions WHERE ?1 IS NULL OR account = ?1 ORDER BY id");
        let mut rows: Vec<SessionRow> = self.list(&sql, [account.map(Account::as_str)], read)?;
        // not in SQL: its sorter would carry every row once more
        rows.sort_by(|a, b| {
            let by_account = a.account.cmp(&b.account);
            let background_first = a.kind.as_str().cmp(b.kind.as_str());
            by_account
                .then(background_first)
                .then(b.used_at.cmp(&a.used_at))
        });
        Ok(rows)
    }

    /// The account's background login.
    pub fn background(&self, account: &Account) -> Result<Option<SessionRow>> {
        self.with_secrets(
            "account = ?1 AND kind = 'background'",
            params![account.as_str()],
        )
    }

    /// The account's device login that was used last.
    pub fn last_device(&self, account: &Account) -> Result<Option<SessionRow>> {
        self.with_secrets(
            "account = ?1 AND kind = 'device' ORDER BY used_at DESC, id DESC LIMIT 1",
            params![account.as_str()],
        )
    }

    /// One login by the store's number, with its secrets.
    pub fn session(&self, id: i64) -> Result<Option<SessionRow>> {
        self.with_secrets("id = ?1", params![id])
    }

    /// The login of one device or of the automation, by its whole fingerprint.
    pub fn session_of(&self, account: &Account, print: &Fingerprint) -> Result<Option<SessionRow>> {
        self.with_secrets(
            "account = ?1 AND fingerprint = ?2",
            params![account.as_str(), print.as_str()],
        )
    }

    fn with_secrets(&self, filter: &str, values: &[&dyn ToSql]) -> Result<Option<SessionRow>> {
        let sql = format!("SELECT {COLUMNS}, token, cookies FROM sessions WHERE {filter}");
        let found = self.find_secrets(&sql, values, |row| {
            let [token, cookies] = SECRETS;
            Ok((read(row)?, row.get(token)?, row.get(cookies)?))
        })?;
        let Some(((mut row, token, cookies), sealer)) = found else {
            return Ok(None);
        };
        let [tokens, jars] = places(&row.account, &row.fingerprint);
        let token = self.open_secret(sealer.as_deref(), tokens, token)?;
        let cookies = self.open_secret(sealer.as_deref(), jars, cookies)?;
        (row.token, row.cookies) = (token, cookies);
        Ok(Some(row))
    }

    /// Accounts that have a login here.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        self.list(
            "SELECT DISTINCT account FROM sessions ORDER BY account",
            [],
            |row| row.get(0).map(Account::stored),
        )
    }

    /// Record in words what went wrong with a session; `None` clears it. An update that is known
    /// to have ended (`settled`) is no longer marked as begun.
    pub fn note_error(&self, row: &SessionRow, words: Option<&str>, settled: bool) -> Result<()> {
        self.execute(
                "UPDATE sessions SET last_error = ?1, \
                 update_begun_at = CASE WHEN ?2 THEN NULL ELSE update_begun_at END WHERE id = ?3 AND generation = ?4",
                params![words, settled, row.id, row.generation],
            )?;
        Ok(())
    }

    /// Cookies picked up by an ordinary call. They never overwrite those of a newer token.
    pub fn put_cookies(
        &self,
        row: &SessionRow,
        cookies: &Secret,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let [_, place] = places(&row.account, &row.fingerprint);
        self.write_secrets(
            &self.hold_form()?,
            0,
            [(place, cookies)],
            |db, [cookies]| {
                db.execute(
                "UPDATE sessions SET cookies = ?1, used_at = ?2 WHERE id = ?3 AND generation = ?4",
                params![cookies, millis(now), row.id, row.generation],
            )
            },
        )?;
        Ok(())
    }

    /// Marks a device session as the one used last, after a use without new cookies. Writes only if it was not.
    pub fn note_use(&self, row: &SessionRow, now: DateTime<Utc>) -> Result<()> {
        self.execute(
                "UPDATE sessions SET used_at = ?1 WHERE id = ?2 AND kind = 'device' AND EXISTS (\
                 SELECT 1 FROM sessions AS other WHERE other.account = sessions.account \
                 AND other.kind = 'device' AND other.id <> sessions.id AND other.used_at >= sessions.used_at)",
                params![millis(now), row.id],
            )?;
        Ok(())
    }

    /// Marks a background session as dead after a token update reported a logout.
    pub fn expire(&self, row: &SessionRow, words: &str) -> Result<()> {
        self.execute(
                "UPDATE sessions SET status = 'expired', generation = generation + 1, update_begun_at = NULL, \
                 last_error = ?1 WHERE id = ?2 AND generation = ?3",
                params![words, row.id, row.generation],
            )?;
        Ok(())
    }

    /// Sets whether `refresh` refreshes this session.
    pub fn set_auto_refresh(&self, row: &SessionRow, on: bool) -> Result<()> {
        self.execute(
            "UPDATE sessions SET auto_refresh = ?1 WHERE id = ?2",
            params![on, row.id],
        )?;
        Ok(())
    }
}

/// The places of a session's token and cookies.
pub(super) fn places<'a>(account: &'a Account, fingerprint: &'a Fingerprint) -> [Place<'a>; 2] {
    ["token", "cookies"].map(|column| Place {
        column,
        account: account.as_str(),
        fingerprint: fingerprint.as_str(),
    })
}

/// When a token ends: its second part, in unix seconds (protocol.md §3).
pub(super) fn expiry(token: &Secret) -> Option<i64> {
    let seconds = token.expose().split('|').nth(1)?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0).map(millis)
}

/// By position in [`COLUMNS`], without the secrets: looking each column up by its name shows when a store holds 1,000 sessions.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let kind: String = row.get(2)?;
    let status: String = row.get(4)?;
    let at = |column: usize| instant(row, column);
    let maybe_at = |column: usize| maybe_instant(row, column);
    Ok(SessionRow {
        id: row.get(0)?,
        account: Account::stored(row.get(1)?),
        kind: if kind == "background" {
            SessionKind::Background
        } else {
            SessionKind::Device
        },
        fingerprint: Fingerprint::stored(row.get(3)?),
        status: if status == "active" {
            Status::Active
        } else {
            Status::Expired
        },
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
