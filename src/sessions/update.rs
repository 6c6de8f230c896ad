//! Token updates and `setrefresh`, each under the session's lock.
//!
//! The platform logs a session out when a replaced token is presented again (protocol.md §3), so
//! whoever holds the lock reads the row again, and whoever waited for it uses what the other got.
//!
//! An update whose response was lost may have replaced the token. It leaves `update_begun_at` set,
//! and as long as it is set the token is presented again only after a logout was reported, because
//! then nothing can be lost any more ([`fresh_enough`](SessionManager::fresh_enough) for commands,
//! [`refresh`](super::refresh) for `refresh`).

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::{
    ActiveSession, Error, Result, SessionManager, is_old, jar_of, lock, lock_busy, token_of,
};

use crate::platform;
use crate::store::{SessionRow, Status};
use crate::{clock, signals};

/// How often a waiter looks whether the holder has done what it waits for.
const SLICE: Duration = Duration::from_millis(200);

/// What became of a token update.
#[derive(Debug)]
pub(super) enum Updated {
    /// we updated it
    Now(SessionRow),
    /// another process had already done so
    Meanwhile(SessionRow),
    /// the platform says that the session is dead, and the store knows it
    Dead(SessionRow),
    /// no usable answer: the old token stands
    Failed(SessionRow, platform::Error),
}

impl SessionManager<'_> {
    /// The row with a token younger than `age`: updated now, unless another process does so while
    /// we wait for the lock. Without a response, or after one was lost, the session is used as it
    /// is. A session that expires while we wait is logged in again; its token is not presented.
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
            log::info!("another process has just updated its token");
            return Ok(row);
        };
        if let Some(begun) = row.update_begun_at {
            log::info!(
                "the response to the token update of {begun} was lost; going on with the cookies"
            );
            return Ok(row);
        }
        match self.update_held(row)? {
            Updated::Now(row) | Updated::Meanwhile(row) => Ok(row),
            Updated::Dead(row) => self.handle_logout(&row),
            Updated::Failed(row, e) => {
                // no warning: the command may well succeed, and a problem that stands is told elsewhere
                log::info!("the token could not be updated ({e}); going on with the one at hand");
                Ok(row)
            }
        }
    }

    /// Hold the session's lock alone, waiting for it until `end` at most, and read the row again
    /// under it. Whoever has it may just be doing what we want (or fire with the session for a
    /// while): as soon as the row is no longer `wanting`, it comes back without the lock.
    pub(super) fn lock_while(
        &self,
        mut row: SessionRow,
        end: Instant,
        wanting: impl Fn(&SessionRow) -> bool,
    ) -> Result<(Option<lock::Held>, SessionRow)> {
        let began = clock::steady();
        loop {
            let slice = end.saturating_duration_since(clock::steady()).min(SLICE);
            let tried = self.locks.alone(&row.account, &row.fingerprint, slice);
            row = self.read_again(row)?;
            if !wanting(&row) {
                return Ok((None, row));
            }
            match tried {
                Ok(held) => return Ok((Some(held), row)),
                Err(lock::LockError::Busy { .. }) if signals::must_stop() => {
                    return Err(platform::Error::Interrupted.into());
                }
                Err(lock::LockError::Busy { .. }) if clock::steady() < end => {}
                Err(lock::LockError::Busy { holder, .. }) => {
                    return Err(lock_busy(&holder, began.elapsed()));
                }
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// The row as it is now; what was read before the lock was had may be out of date.
    pub(super) fn read_again(&self, row: SessionRow) -> Result<SessionRow> {
        let (account, kind) = (row.account, row.kind);
        self.store
            .session(row.id)?
            .ok_or(Error::None { account, kind })
    }

    /// The token update itself. The caller holds the lock and has read the row under it; if an
    /// earlier update is uncertain, it has also seen a logout.
    pub(super) fn update_held(&self, row: SessionRow) -> Result<Updated> {
        let _guard = signals::signal_guard("token update");
        let token = token_of(&row)?;
        let mut jar = jar_of(&row)?;
        self.store.begin_update(&row, clock::now())?;
        match self
            .platform
            .token_update(&mut jar, &token, row.fingerprint.as_str())
        {
            Ok(new) => {
                let new = crate::secret::Secret::new(new.expose());
                let stored = self
                    .store
                    .finish_update(&row, &new, &jar.to_json(), clock::now())?;
                let row = self.read_again(row)?;
                log::info!(
                    "token of the {} session {} updated",
                    row.kind,
                    row.fingerprint.short()
                );
                Ok(if stored {
                    Updated::Now(row)
                } else {
                    Updated::Meanwhile(row)
                })
            }
            // written down before a signal can end us: its token is not to be shown again
            Err(platform::Error::LoggedOut) => Ok(Updated::Dead(self.mark_dead(row)?)),
            Err(e @ platform::Error::Interrupted) => {
                // not sent: the row is as it was before
                let unmarked = row.update_begun_at.is_none();
                self.store
                    .note_error(&row, row.last_error.as_deref(), unmarked)?;
                Err(e.into())
            }
            Err(e) => {
                // an earlier update stays uncertain, whatever this one ended with
                let settled = row.update_begun_at.is_none() && !e.is_response_lost();
                self.store
                    .note_error(&row, Some(&format!("token update: {e}")), settled)?;
                Ok(Updated::Failed(row, e))
            }
        }
    }

    /// `setrefresh`, which prolongs the session. The caller holds the lock.
    pub(super) fn set_refresh_held(
        &self,
        row: SessionRow,
    ) -> Result<(SessionRow, Option<platform::Error>)> {
        let _guard = signals::signal_guard("setrefresh");
        let token = token_of(&row)?;
        let mut jar = jar_of(&row)?;
        self.store.make_room(&row)?;
        match self
            .platform
            .set_refresh(&mut jar, &token, row.fingerprint.as_str())
        {
            Ok(new) => {
                let new = crate::secret::Secret::new(new.expose());
                self.store
                    .finish_refresh(&row, &new, &jar.to_json(), clock::now())?;
                Ok((self.read_again(row)?, None))
            }
            Err(e @ platform::Error::Interrupted) => Err(e.into()),
            Err(e) => {
                self.store
                    .note_error(&row, Some(&format!("setrefresh: {e}")), false)?;
                Ok((row, Some(e)))
            }
        }
    }
}

impl ActiveSession<'_> {
    /// Update the token now if it is older than `age`: before something important, or in a long wait.
    /// Whoever holds the session's lock until `end` is updating it, or fires with it and has done so
    /// before: then, as without an answer, the token at hand has to do.
    ///
    /// # Errors
    /// A dead session that cannot be healed.
    pub fn freshen(&mut self, age: TimeDelta, end: Instant) -> Result<()> {
        let row = self.sessions.read_again(self.row.clone())?;
        match self.sessions.fresh_enough(row, age, end) {
            Err(Error::LockBusy(words)) => {
                log::info!("{words}; going on with the token at hand");
                Ok(())
            }
            fresh => self.replace_row(fresh?),
        }
    }
}
