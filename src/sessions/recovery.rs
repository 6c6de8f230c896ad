//! What happens when a session turns out to be dead (`scripting.md`, "Using a session").
//!
//! "Logged out" as the answer to an ordinary call may only mean that the login cookie has lapsed:
//! one `setrefresh` may revive it, and after that only a token update tells whether the session
//! is dead. A dead device session is deleted; a dead background session is kept, marked, and logged
//! in again when its account has a password source that was not refused before.

use std::time::{Duration, Instant};

use super::update::Updated;
use super::{ActiveSession, Error, SessionManager};
use crate::clock;
use crate::model::session::SessionKind;
use crate::platform::{self, Jar, Platform};
use crate::store::{SessionRow, Status};

/// The share of the lock that firing holds is taken again after healing, unless that takes longer.
const RETAKE: Duration = Duration::from_secs(1);

type Ask<'f, T> = dyn FnMut(&Platform, &mut Jar) -> Result<T, platform::Error> + 'f;

impl ActiveSession<'_> {
    pub(super) fn recover_and_repeat<T>(&mut self, ask: &mut Ask<'_, T>) -> Result<T, Error> {
        log::info!("AimHarder says that this login has lapsed; trying to revive it");
        // our own share of the lock would keep us from healing; others who fire find out by themselves
        let was_firing = self.firing.take().is_some();
        let answer = self.recover_alone(ask)?;
        if was_firing {
            // the answer counts; that others may update the token meanwhile is the lesser evil
            let end = self.lock_until().min(clock::steady() + RETAKE);
            if let Err(e) = self.hold_for_firing(end) {
                log::info!("the session's lock was not had again: {e}");
            }
        }
        Ok(answer)
    }

    fn recover_alone<T>(&mut self, ask: &mut Ask<'_, T>) -> Result<T, Error> {
        let end = self.lock_until();
        // under the lock only the token that the logout was reported for is presented
        let (held, row) = loop {
            let seen = self.row.generation;
            let (held, row) = self
                .sessions
                .lock_while(self.row.clone(), end, |row| row.generation == seen)?;
            if let Some(held) = held {
                break (held, row);
            }
            let row = if row.status == Status::Expired {
                self.sessions.recover_expired(row, end)?
            } else {
                row
            };
            log::info!("another process has renewed the session meanwhile");
            self.replace_row(row)?;
            if let Some(answer) = self.ask_again(ask)? {
                return Ok(answer);
            }
        };
        let (row, failed) = self.sessions.set_refresh_held(row)?;
        if failed.is_none() {
            self.replace_row(row.clone())?;
            if let Some(answer) = self.ask_again(ask)? {
                return Ok(answer);
            }
        }
        let row = self.sessions.decide(row)?;
        drop(held);
        self.replace_row(row)?;
        self.ask_again(ask)?.ok_or_else(|| {
            Error::Expired(format!(
                "AimHarder keeps answering \"logged out\" although the token was accepted; run `aimharder login {}`",
                self.row.account
            ))
        })
    }

    /// `None`: still logged out.
    fn ask_again<T>(&mut self, ask: &mut Ask<'_, T>) -> Result<Option<T>, Error> {
        match ask(self.sessions.platform, &mut self.jar) {
            Ok(answer) => Ok(Some(answer)),
            Err(platform::Error::LoggedOut) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}

impl SessionManager<'_> {
    /// Dead or alive? Only a token update tells, and a lapsed login that has got a new token is alive again.
    fn decide(&self, row: SessionRow) -> Result<SessionRow, Error> {
        match self.update_held(row)? {
            Updated::Now(row) | Updated::Meanwhile(row) => Ok(row),
            Updated::Dead(row) => self.handle_logout(&row),
            Updated::Failed(_, e) => Err(Error::NotRecovered(e)),
        }
    }

    /// A token update said logout: what the store knows of it from now on. The caller holds the session's lock.
    pub(super) fn mark_dead(&self, row: SessionRow) -> Result<SessionRow, Error> {
        match row.kind {
            SessionKind::Device => {
                self.store.delete_dead_device(&row)?;
                Ok(row)
            }
            SessionKind::Background => {
                self.store
                    .expire(&row, "AimHarder has ended this session")?;
                self.read_again(row)
            }
        }
    }

    /// The end of a dead device session, the next life of a background one. The caller holds the session's lock.
    pub fn handle_logout(&self, row: &SessionRow) -> Result<SessionRow, Error> {
        match row.kind {
            SessionKind::Device => Err(Error::Expired(format!(
                "AimHarder has ended the device session of {0}; run `aimharder login {0}`",
                row.account
            ))),
            SessionKind::Background => self.log_in_again(row),
        }
    }

    /// A background session that is known to be dead, met again by a command.
    pub(super) fn recover_expired(
        &self,
        row: SessionRow,
        end: Instant,
    ) -> Result<SessionRow, Error> {
        let (held, row) = self.lock_while(row, end, |row| row.status == Status::Expired)?;
        match held {
            Some(_held) => self.log_in_again(&row),
            None => Ok(row),
        }
    }
}
