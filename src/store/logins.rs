//! New logins. Each replaces the older one of its session.

use chrono::{DateTime, Utc};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::reserve::MAX_ATTEMPTS;
use super::sessions::{COLUMNS, expiry, places, read};
use super::{FormGuard, Result, SessionRow, Store, millis};
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};
use crate::secret::Secret;

/// A login that AimHarder accepted.
#[derive(Debug)]
pub struct NewLogin<'a> {
    /// The account.
    pub account: &'a Account,
    /// The kind. An account has one background session.
    pub kind: SessionKind,
    /// The fingerprint that was sent with the login.
    pub fingerprint: &'a Fingerprint,
    /// The first refresh token (protocol.md §3).
    pub token: Secret,
    /// The cookie jar as JSON.
    pub cookies: Secret,
    /// When it was accepted, by this machine's clock.
    pub now: DateTime<Utc>,
}

impl Store {
    /// Stores a login. It replaces an older one with the same fingerprint, or the background session of the account. The row
    /// keeps its id, and its generation grows.
    pub fn put_login(&self, form: &FormGuard, login: &NewLogin<'_>) -> Result<SessionRow> {
        let [token, cookies] = places(login.account, login.fingerprint);
        let secrets = [(token, &login.token), (cookies, &login.cookies)];
        let row = self.write_secrets(form, MAX_ATTEMPTS, secrets, |db, kept| {
            write_login(db, login, kept)
        })?;
        Ok(SessionRow {
            token: login.token.clone(),
            cookies: login.cookies.clone(),
            ..row
        })
    }
}

/// Runs in the caller's transaction.
fn write_login(
    change: &Connection,
    login: &NewLogin<'_>,
    [token, cookies]: &[ToSqlOutput<'_>; 2],
) -> rusqlite::Result<SessionRow> {
    let values = named_params! {
        ":account": login.account.as_str(), ":kind": login.kind.as_str(), ":print": login.fingerprint.as_str(),
        ":token": token, ":cookies": cookies, ":expires": expiry(&login.token), ":now": millis(login.now),
    };
    let older = format!(
        "UPDATE sessions SET fingerprint = :print, status = 'active', token = :token, cookies = :cookies, \
         token_expires_at = :expires, generation = generation + 1, created_at = :now, used_at = :now, token_updated_at = :now, \
         refreshed_at = NULL, update_begun_at = NULL, last_error = NULL \
         WHERE account = :account AND kind = :kind AND (kind = 'background' OR fingerprint = :print) RETURNING {COLUMNS}"
    );
    let row = match change.query_row(&older, values, read).optional()? {
        Some(row) => row,
        None => change.query_row(
            &format!(
                "INSERT INTO sessions (account, kind, fingerprint, token, cookies, token_expires_at, generation, created_at, \
                 used_at, token_updated_at) VALUES (:account, :kind, :print, :token, :cookies, :expires, 1, :now, :now, :now) \
                 RETURNING {COLUMNS}"
            ),
            values,
            read,
        )?,
    };
    if login.kind == SessionKind::Device {
        change.execute(
            "INSERT INTO devices (account, fingerprint, created_at, used_at) VALUES (?1, ?2, ?3, ?3) \
             ON CONFLICT DO UPDATE SET used_at = excluded.used_at",
            params![login.account.as_str(), login.fingerprint.as_str(), millis(login.now)],
        )?;
    }
    Ok(row)
}
