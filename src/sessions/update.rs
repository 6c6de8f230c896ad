//! Token updates and `setrefresh`, each under the session's lock.
//!
//! The platform logs a session out when a replaced token is presented again (`protocol.md`, section 3). A process that gets the
//! lock therefore reads the row again, and a process that waits for it uses the token that another one got.
//!
//! An update whose response was lost may have replaced the token. It leaves `update_begun_at` set, and while that is set the
//! token is presented only after a logout was reported, because nothing can be lost any more then.
//! [`fresh_enough`](SessionManager::fresh_enough) holds to this for commands, [`refresh`](super::refresh) for `refresh`.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::{ActiveSession, Error, Result, SessionManager, is_old, jar_of, lock, token_of};
use crate::platform;
use crate::store::{SessionRow, Status};
use crate::{clock, signals};

/// How often a process that waits for a lock reads the row again.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

impl SessionManager<'_> {
    /// Returns the row with a token younger than `age`, updating it unless another process does so meanwhile. Without a
    /// response, or after one was lost, the session is used as it is. A session that expires while this waits for its lock is
    /// logged in again; its token is not presented.
    pub(super) fn fresh_enough(
        &self,
        row: SessionRow,
        age: TimeDelta,
        end: Instant,
    ) -> Result<SessionRow> {
        if !is_old(row.token_updated_at, clock::now(), age) {
            return Ok(row);
        }
        let (held, row) = self.lock_while(row, end, |row| {
            row.status == Status::Active && is_old(row.token_updated_at, clock::now(), age)
        })?;
        let Some(_held) = held else {
            if row.status == Status::Expired {
                return self.recover_expired(row, end);
            }
            log::info!("another process has updated the token");
            return Ok(row);
        };
        if let Some(begun) = row.update_begun_at {
            log::info!(
                "the response to the token update of {begun} was lost; continuing with the cookies"
            );
            return Ok(row);
        }
        match self.update_held(&row)? {
            Ok(row) => Ok(row),
            Err(platform::Error::LoggedOut) => self.handle_logout(row),
            Err(e) => {
                // no warning: the command may succeed, and `refresh` reports a problem that persists
                log::info!("the token could not be updated ({e}); continuing with the present one");
                self.read_again(row)
            }
        }
    }

    /// Takes the session's lock alone, waiting for it until `end` at most, and reads the row again under it. As soon as the
    /// row is no longer `wanted`, it is returned without the lock: the process that holds the lock may be doing the same, or
    /// may fire with the session for some time.
    pub(super) fn lock_while(
        &self,
        mut row: SessionRow,
        end: Instant,
        wanted: impl Fn(&SessionRow) -> bool,
    ) -> Result<(Option<lock::Held>, SessionRow)> {
        let began = clock::steady();
        loop {
            let slice = end
                .saturating_duration_since(clock::steady())
                .min(POLL_INTERVAL);
            let tried = self.locks.alone(&row.account, &row.fingerprint, slice);
            row = self.read_again(row)?;
            if !wanted(&row) {
                return Ok((None, row));
            }
            match tried {
                Ok(held) => return Ok((Some(held), row)),
                Err(Error::LockBusy { .. }) if signals::must_stop() => {
                    return Err(platform::Error::Interrupted.into());
                }
                Err(Error::LockBusy { .. }) if clock::steady() < end => {}
                Err(Error::LockBusy { holder, .. }) => {
                    let waited = clock::since(began);
                    return Err(Error::LockBusy { holder, waited });
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// The row as the store has it now. What was read before the lock was taken may be out of date.
    pub(super) fn read_again(&self, row: SessionRow) -> Result<SessionRow> {
        let (account, kind) = (row.account, row.kind);
        self.store
            .session(row.id)?
            .ok_or(Error::None { account, kind })
    }

    /// Updates the token. The caller holds the lock and has read the row under it; if an earlier update is uncertain, it has
    /// also seen a logout.
    ///
    /// Returns the row with the new token, or with that of another process. After [`platform::Error::LoggedOut`] the session
    /// is dead, which the store has recorded; after any other error the old token is still in place.
    pub(super) fn update_held(&self, row: &SessionRow) -> Result<platform::Result<SessionRow>> {
        let _guard = signals::signal_guard("token update");
        let token = token_of(row)?;
        let mut jar = jar_of(row)?;
        let codec = self.store.hold_codec()?;
        self.store.begin_update(row, clock::now())?;
        let print = row.fingerprint.as_str();
        match self.platform.token_update(&mut jar, &token, print) {
            Ok(new) => {
                self.store
                    .finish_update(&codec, row, &new, &jar.to_json(), clock::now())?;
                log::info!(
                    "token of the {} session {} updated",
                    row.kind,
                    row.fingerprint.short()
                );
                Ok(Ok(self.read_again(row.clone())?))
            }
            // recorded before a signal can end the process: the token must not be presented again
            Err(platform::Error::LoggedOut) => {
                self.store.end_session(row)?;
                Ok(Err(platform::Error::LoggedOut))
            }
            Err(e @ platform::Error::Interrupted) => {
                // not sent: the row is as it was before
                let unmarked = row.update_begun_at.is_none();
                self.store
                    .fail_update(row, row.last_error.as_deref(), unmarked)?;
                Err(e.into())
            }
            Err(e) => {
                // an earlier update stays uncertain, whatever this one ends with
                let is_settled = row.update_begun_at.is_none() && !e.is_response_lost();
                let error = format!("token update: {e}");
                self.store.fail_update(row, Some(&error), is_settled)?;
                Ok(Err(e))
            }
        }
    }

    /// Prolongs the login by `setrefresh`. The caller holds the lock.
    pub(super) fn set_refresh_held(
        &self,
        row: &SessionRow,
    ) -> Result<platform::Result<SessionRow>> {
        let _guard = signals::signal_guard("setrefresh");
        let token = token_of(row)?;
        let mut jar = jar_of(row)?;
        let codec = self.store.hold_codec()?;
        self.store.make_room(row)?;
        let print = row.fingerprint.as_str();
        match self.platform.set_refresh(&mut jar, &token, print) {
            Ok(new) => {
                self.store
                    .finish_set_refresh(&codec, row, &new, &jar.to_json(), clock::now())?;
                Ok(Ok(self.read_again(row.clone())?))
            }
            Err(e @ platform::Error::Interrupted) => Err(e.into()),
            Err(e) => {
                self.store.note_error(row, &format!("setrefresh: {e}"))?;
                Ok(Err(e))
            }
        }
    }
}

impl ActiveSession<'_> {
    /// Updates the token if it is older than `age`: before something important, or during a long wait. If the session's lock
    /// is not free by `end`, the present token is used, as after a missing response: the process that holds it is updating the
    /// token, or did so before it began to fire.
    ///
    /// # Errors
    /// A dead session that cannot be recovered.
    pub fn freshen(&mut self, age: TimeDelta, end: Instant) -> Result<()> {
        let row = self.sessions.read_again(self.row.clone())?;
        match self.sessions.fresh_enough(row, age, end) {
            Err(e @ Error::LockBusy { .. }) => {
                log::info!("{e}; continuing with the present token");
                Ok(())
            }
            fresh => self.replace_row(fresh?),
        }
    }
}
