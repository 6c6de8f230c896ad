//! Recovery of a session after a logout (`scripting.md`, "Using a session").
//!
//! A logout in the response to an ordinary call may only mean that the login cookie has lapsed. One `setrefresh` may renew it;
//! if it does not, a token update decides whether the session is dead. A dead device session is deleted. A dead background
//! session is kept, marked as expired, and logged in again if its account has a password source.

use std::time::{Duration, Instant};

use super::{ActiveSession, Error, Result, SessionManager};
use crate::clock;
use crate::model::session::SessionKind;
use crate::platform::{self, Jar, Platform};
use crate::store::{SessionRow, Status};

/// How long the lock that firing holds is waited for after a recovery.
const RETAKE_TIMEOUT: Duration = Duration::from_secs(1);

type Ask<'f, T> = dyn FnMut(&Platform, &mut Jar) -> platform::Result<T> + 'f;

impl ActiveSession<'_> {
    pub(super) fn recover_and_repeat<T>(&mut self, ask: &mut Ask<'_, T>) -> Result<T> {
        log::info!("AimHarder reports a logout; recovering the session");
        // recovery needs the lock alone
        let was_firing = self.firing.take().is_some();
        let answer = self.recover_alone(ask);
        if was_firing {
            // without the lock another process may update the token meanwhile; the answer matters more
            let end = self.lock_until().min(clock::steady() + RETAKE_TIMEOUT);
            if let Err(e) = self.hold_for_firing(end) {
                log::info!("the session's lock could not be taken again: {e}");
            }
        }
        answer
    }

    /// Recovers the session under its lock, held alone, and sends the request again after each step.
    fn recover_alone<T>(&mut self, ask: &mut Ask<'_, T>) -> Result<T> {
        let end = self.lock_until();
        // only the token that the logout was reported for is presented under the lock, and no dead one (promise 3)
        let held = loop {
            let seen = self.row.generation;
            let is_same =
                |row: &SessionRow| row.generation == seen && row.status != Status::Expired;
            let (held, row) = self.sessions.lock_while(self.row.clone(), end, is_same)?;
            if let Some(held) = held {
                let has_new_mark = row.update_begun_at != self.row.update_begun_at;
                self.row = row;
                if !has_new_mark {
                    break held;
                }
                // promise 5: the logout was reported before this update, so that the session may be alive
                log::info!("the response to a token update was lost meanwhile");
            } else if row.status == Status::Expired {
                self.replace_row(self.sessions.recover_expired(row, end)?)?;
            } else {
                log::info!("another process has renewed the session");
                self.replace_row(row)?;
            }
            if let Some(answer) = self.ask_again(ask)? {
                return Ok(answer);
            }
        };
        if let Ok(extended) = self.sessions.set_refresh_held(&self.row)? {
            self.replace_row(extended)?;
            if let Some(answer) = self.ask_again(ask)? {
                return Ok(answer);
            }
        }
        let updated = match self.sessions.update_held(&self.row)? {
            Ok(row) => row,
            Err(platform::Error::LoggedOut) => self.sessions.handle_logout(self.row.clone())?,
            Err(e) => return Err(Error::NotRecovered(e)),
        };
        drop(held);
        self.replace_row(updated)?;
        self.ask_again(ask)?.ok_or_else(|| {
            Error::Expired(format!(
                "AimHarder still reports a logout although it accepted the token; run `aimharder login {}`",
                self.row.account
            ))
        })
    }

    /// `None` after another logout.
    fn ask_again<T>(&mut self, ask: &mut Ask<'_, T>) -> Result<Option<T>> {
        match ask(self.sessions.platform, &mut self.jar) {
            Ok(answer) => Ok(Some(answer)),
            Err(platform::Error::LoggedOut) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}

impl SessionManager<'_> {
    /// Ends the use of a dead device session; logs a dead background session in again. The caller holds the session's lock.
    pub(super) fn handle_logout(&self, row: SessionRow) -> Result<SessionRow> {
        match row.kind {
            SessionKind::Device => Err(Error::Expired(format!(
                "AimHarder has ended the device session of {0}; run `aimharder login {0}`",
                row.account
            ))),
            SessionKind::Background => self.log_in_again(&self.read_again(row)?),
        }
    }

    /// Logs in an expired background session again, unless another process does so meanwhile.
    pub(super) fn recover_expired(&self, row: SessionRow, end: Instant) -> Result<SessionRow> {
        let (held, row) = self.lock_while(row, end, |row| row.status == Status::Expired)?;
        match held {
            Some(_held) => self.log_in_again(&row),
            None => Ok(row),
        }
    }
}
