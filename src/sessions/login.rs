//! Logins: by the command `login`, and again by automation for a background session that is dead.
//!
//! Repeated wrong passwords lock an account (`protocol.md`, section 2a). Logins of one account therefore follow each other, at
//! most five that are refused are sent within 15 minutes, a refusal is never repeated on the other flow, and automation pauses
//! after a refusal or a lock-out ([`refused`]).

use std::thread;

use chrono::{DateTime, Local, TimeDelta, Utc};

use super::{Error, Result, SessionManager, refused};
use crate::config::LoginFlow;
use crate::model::account::Account;
use crate::model::instant::shifted;
use crate::model::session::{SessionKind, SessionRef};
use crate::password::{self, PasswordSource};
use crate::platform::{self, KnownBox, LoginError};
use crate::secret::Secret;
use crate::store::{CodecGuard, SessionRow};
use crate::{clock, signals};

/// Number of login attempts of one account that may be refused within [`REFUSAL_WINDOW`] (`scripting.md`, "Refused logins").
const MAX_REFUSALS: usize = 5;
const REFUSAL_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// A login that AimHarder accepted, already stored.
#[derive(Debug)]
pub struct Granted {
    /// The stored session.
    pub row: SessionRow,
    /// The boxes that the response names.
    pub boxes: Vec<KnownBox>,
    /// Why the `setrefresh` that followed failed.
    pub warning: Option<String>,
}

impl SessionManager<'_> {
    /// Logs in, and stores the session in place of an older one. `unattended` says whether automation would read the password
    /// from the same source. Once the login is stored, `then` runs on another thread while `setrefresh` is called.
    ///
    /// # Errors
    /// [`Error::Refused`], or no usable response.
    pub fn log_in(
        &self,
        account: &Account,
        session: &SessionRef,
        password: &Secret,
        unattended: bool,
        then: impl Fn() + Sync,
    ) -> Result<Granted> {
        let (print, timeout) = (&session.fingerprint, self.locks.timeout());
        let _held = self.locks.alone(account, print, timeout)?;
        self.log_in_held(account, session, password, unattended, then)
    }

    fn log_in_held(
        &self,
        account: &Account,
        session: &SessionRef,
        password: &Secret,
        unattended: bool,
        then: impl Fn() + Sync,
    ) -> Result<Granted> {
        let one_at_a_time = self.locks.logins(account, self.locks.timeout())?;
        self.check_refusals(account)?;
        let codec = self.store.hold_codec()?;
        let guard = signals::signal_guard("login");
        // the login replaces the one that is stored with this fingerprint
        if let Some(old) = self.store.session_of(account, &session.fingerprint)? {
            self.store.make_room(&old)?;
        }
        let (row, boxes) = self.send_login(&codec, account, session, password, unattended)?;
        drop(one_at_a_time);
        let refreshed = thread::scope(|scope| {
            let started = thread::Builder::new().spawn_scoped(scope, &then);
            let done = self.set_refresh_held(&row);
            // After a signal `then` may wait for the end of the program, which this guard would prevent.
            drop(guard);
            if started.is_err() {
                then();
            }
            done
        })?;
        let (row, warning) = match refreshed {
            Ok(row) => (row, None),
            Err(e) => {
                let retry = "the next refresh tries it again";
                let warning = format!("logged in, but setrefresh failed ({e}); {retry}");
                (row, Some(warning))
            }
        };
        Ok(Granted {
            row,
            boxes,
            warning,
        })
    }

    fn check_refusals(&self, account: &Account) -> Result<()> {
        match self.attempts_left(account, clock::now())? {
            Ok(_) => Ok(()),
            Err(free) => Err(Error::Refused(format!(
                "{MAX_REFUSALS} logins of {account} were refused within {} minutes; to keep AimHarder from locking the account, \
                 the next login is possible at {}",
                REFUSAL_WINDOW.num_minutes(),
                free.with_timezone(&Local).format("%H:%M:%S")
            ))),
        }
    }

    /// The number of login attempts that may be sent now, or else when the next one may be.
    fn attempts_left(
        &self,
        account: &Account,
        now: DateTime<Utc>,
    ) -> Result<std::result::Result<usize, DateTime<Utc>>> {
        let refusals = self.store.refusals(account, now, REFUSAL_WINDOW)?;
        let oldest = refusals.len().checked_sub(MAX_REFUSALS);
        Ok(match oldest.and_then(|n| refusals.get(n)) {
            Some(oldest) => Err(shifted(*oldest, REFUSAL_WINDOW)),
            None => Ok(MAX_REFUSALS - refusals.len()),
        })
    }

    /// Sends the login by one flow or both, and stores it if it is accepted.
    fn send_login(
        &self,
        codec: &CodecGuard,
        account: &Account,
        session: &SessionRef,
        password: &Secret,
        unattended: bool,
    ) -> Result<(SessionRow, Vec<KnownBox>)> {
        let mut not_there = Vec::new();
        for flow in self.flows(account)? {
            let (email, print) = (account.as_str(), session.fingerprint.as_str());
            match self.platform.log_in(flow, email, password, print) {
                Ok((jar, token, boxes)) => {
                    let (cookies, now) = (jar.to_json(), clock::now());
                    let row = self
                        .store
                        .put_login(codec, account, session, token, cookies, now)?;
                    self.store.login_worked(account, &flow.to_string())?;
                    log::info!(
                        "{} session of {account} logged in ({flow} flow)",
                        session.kind
                    );
                    return Ok((row, boxes));
                }
                Err(LoginError::NotThere(words)) => {
                    log::info!("{words}");
                    not_there.push(words);
                }
                Err(LoginError::Refused { message, locked }) => {
                    return Err(self.refused(account, password, unattended, &message, locked)?);
                }
                Err(LoginError::Without(what)) => {
                    return Err(no_login(&format!(
                        "AimHarder accepted the login but gave no {what}"
                    )));
                }
                Err(LoginError::Failed(platform::Error::LoggedOut)) => {
                    return Err(no_login("AimHarder answered the login with \"logged out\""));
                }
                Err(LoginError::Failed(e)) => return Err(e.into()),
            }
        }
        Err(no_login(&format!(
            "no login was possible: {}",
            not_there.join(", and ")
        )))
    }

    /// The flows in the order in which they are tried: the one that worked last comes first.
    fn flows(&self, account: &Account) -> Result<Vec<LoginFlow>> {
        if let Some(only) = self.config.server.login {
            return Ok(vec![only]);
        }
        let worked = self.store.login_flow(account)?;
        Ok(match worked.and_then(|flow| flow.parse().ok()) {
            Some(LoginFlow::Form) => vec![LoginFlow::Form, LoginFlow::Json],
            Some(LoginFlow::Json) | None => vec![LoginFlow::Json, LoginFlow::Form],
        })
    }

    fn refused(
        &self,
        account: &Account,
        password: &Secret,
        unattended: bool,
        message: &str,
        locked: bool,
    ) -> Result<Error> {
        let now = clock::now();
        self.store.login_refused(account, now, locked)?;
        if unattended && !locked {
            let earlier = self.store.refused_passwords(account)?;
            if let Some(refused) = refused::remember(earlier, password, now) {
                self.store.set_refused_passwords(account, &refused)?;
            }
        }
        let left = match self.attempts_left(account, now)? {
            Ok(1) => "1 login attempt left".to_owned(),
            Ok(left) => format!("{left} login attempts left"),
            Err(free) => format!(
                "no login attempts left until {}",
                free.with_timezone(&Local).format("%H:%M:%S")
            ),
        };
        let advice = if locked {
            "the account is locked for a while"
        } else if unattended {
            "correct the password at its source, or run `aimharder login` with --password-stdin"
        } else {
            "check both on AimHarder's web page before the next login"
        };
        Ok(Error::Refused(format!(
            "AimHarder refused the login of {account}: {message} ({left}); {advice}"
        )))
    }

    /// Whether automation may log this session in: a background session whose account has a password source.
    pub(super) fn has_source(&self, row: &SessionRow) -> Result<bool> {
        let only = self.is_only_account(&row.account)?;
        let source = password::unattended(self.config, &row.account, only);
        Ok(row.kind == SessionKind::Background && source.is_some())
    }

    /// Logs a dead background session in again with its own fingerprint, if its account has a
    /// password source whose password may be tried now. The caller holds the session's lock.
    pub(super) fn log_in_again(&self, row: &SessionRow) -> Result<SessionRow> {
        match self.try_again(row) {
            Ok(granted) => {
                log::info!(
                    "the background session of {} was logged in again",
                    row.account
                );
                Ok(granted.row)
            }
            Err(e) if e.is_interrupted() => Err(e),
            Err(e) => {
                // an uncertain token update stays uncertain without a new login
                self.store.note_error(row, &e.to_string())?;
                Err(e)
            }
        }
    }

    fn try_again(&self, row: &SessionRow) -> Result<Granted> {
        let account = &row.account;
        let only = self.is_only_account(account)?;
        let Some(source) = password::unattended(self.config, account, only) else {
            let another = password::of_another(self.config, account, only);
            let another = another.map_or_else(String::new, |words| format!(" ({words})"));
            return Err(Error::Expired(format!(
                "AimHarder has ended the background session of {account}; run `aimharder login {account}`, \
                 or set a password_command so that automation logs in again{another}"
            )));
        };
        let password = self.password_to_try(account, &source)?;
        self.log_in_held(account, &SessionRef::from(row), &password, true, || ())
    }

    /// Reads the password of a source, unless automation pauses after a lock-out or a refusal of this password.
    fn password_to_try(&self, account: &Account, source: &PasswordSource) -> Result<Secret> {
        let local = |at: DateTime<Utc>| at.with_timezone(&Local).format("%Y-%m-%d %H:%M");
        let check_lock_out = || match refused::lock_out_end(
            self.store.locked_at(account)?,
            clock::now(),
        ) {
            Some(end) => Err(Error::Refused(format!(
                "AimHarder has locked {account} after too many login attempts; automation logs in again after {}; \
                 to try now, run `aimharder login {account}`",
                local(end)
            ))),
            None => Ok(()),
        };
        check_lock_out()?;
        let password = source.read(account).map_err(|e| {
            if signals::must_stop() {
                platform::Error::Interrupted.into()
            } else {
                Error::Refused(e.message)
            }
        })?;
        // a source may take a minute, in which another login was refused
        check_lock_out()?;
        let now = clock::now();
        if let Some(refused) = self.store.refused_passwords(account)?
            && let Some(end) = refused::pause_end(refused.at, refused::REFUSAL_PAUSE, now)
            && refused::contains(&refused, &password)
        {
            return Err(Error::Refused(format!(
                "AimHarder refused this password of {account}; automation tries it again after {}; correct it at its source \
                 or run `aimharder login {account}`",
                local(end)
            )));
        }
        Ok(password)
    }
}

fn no_login(words: &str) -> Error {
    Error::NoLogin(format!("{words}; try again later"))
}
