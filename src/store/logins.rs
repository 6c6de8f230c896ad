//! New logins. Each replaces the older one of its session.

use chrono::{DateTime, Utc};
use rusqlite::{named_params, params};

use super::reserve::MAX_ATTEMPTS;
use super::sessions::{COLUMNS, expiry, places, read};
use super::{CodecGuard, Result, SessionRow, Store, millis};
use crate::model::account::Account;
use crate::model::session::{SessionKind, SessionRef};
use crate::secret::Secret;

impl Store {
    /// Stores a login that AimHarder accepted at `now`, with its first refresh token (protocol.md §3) and its cookie jar as
    /// JSON. It replaces an older one with the same fingerprint, or the background session of the account. The row keeps its
    /// id, and its generation grows.
    pub fn put_login(
        &self,
        codec: &CodecGuard,
        account: &Account,
        session: &SessionRef,
        token: Secret,
        cookies: Secret,
        now: DateTime<Utc>,
    ) -> Result<SessionRow> {
        let [token_place, cookies_place] = places(account, &session.fingerprint);
        let secrets = [(token_place, &token), (cookies_place, &cookies)];
        let sql = format!(
            "INSERT INTO sessions (account, kind, fingerprint, token, cookies, token_expires_at, generation, created_at, used_at, \
             token_updated_at) VALUES (:account, :kind, :print, :token, :cookies, :expires, 1, :now, :now, :now) \
             ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, status = 'active', token = excluded.token, \
             cookies = excluded.cookies, token_expires_at = excluded.token_expires_at, generation = generation + 1, \
             created_at = excluded.created_at, used_at = excluded.used_at, token_updated_at = excluded.token_updated_at, \
             refreshed_at = NULL, update_begun_at = NULL, last_error = NULL RETURNING {COLUMNS}"
        );
        let row = self.write_secrets(codec, MAX_ATTEMPTS, secrets, |db, [kept, jar]| {
            let values = named_params! {
                ":account": account.as_str(), ":kind": session.kind.as_str(), ":print": session.fingerprint.as_str(),
                ":token": kept, ":cookies": jar, ":expires": expiry(&token), ":now": millis(now),
            };
            let row = db.query_row(&sql, values, read)?;
            if row.kind == SessionKind::Device {
                db.execute(
                    "INSERT INTO devices (account, fingerprint, created_at, used_at) VALUES (?1, ?2, ?3, ?3) \
                     ON CONFLICT DO UPDATE SET used_at = excluded.used_at",
                    params![account.as_str(), session.fingerprint.as_str(), millis(now)],
                )?;
            }
            Ok(row)
        })?;
        Ok(SessionRow {
            token,
            cookies,
            ..row
        })
    }
}
