//! Session management: selects a session, updates its token when it is stale, and recovers from logouts. All calls that need a
//! login go through this module.
//!
//! ```text
//! command ── SessionManager::open(kind) ──► ActiveSession ── call(|platform, jar| …) ──► response
//!                    │                                         └ logout: setrefresh, then a token update, then again
//!                    └ token older than 25 minutes: token update first
//! ```
//!
//! A token changes only under the session's lock ([`lock`]), after the row was read again, and is stored before anything else is
//! sent (promises 1–5).

mod error;
pub mod lock;
mod login;
mod rate_limit;
mod recovery;
pub mod refresh;
mod refused;
mod update;

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock;
use crate::config::Config;
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};
use crate::platform::{self, Jar, Platform, parse_token};
use crate::secret::Secret;
use crate::store::{self, SessionRow, Store};

pub use crate::model::session::SessionRef;
pub use error::Error;
pub use login::Granted;
pub use refused::{is_held_back, lock_out_end};

/// A token older than this is updated before it is used (`scripting.md`, "Using a session").
const TOKEN_AGE: TimeDelta = TimeDelta::minutes(25);
/// A token whose time is further in the future than this was written with a wrong clock, and counts as stale.
pub const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);
/// Device sessions older than this are pruned and not refreshed.
pub const DEVICE_LIFE: TimeDelta = TimeDelta::days(7);

/// The result of an operation on a session.
pub type Result<T> = std::result::Result<T, Error>;

/// Which session acts. The caller always names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionSelector {
    /// The device session used last, or the background session.
    Kind(SessionKind),
    /// A device session, by its whole fingerprint.
    Device(Fingerprint),
}

/// What the operations on sessions need.
#[derive(Debug, Clone)]
pub struct SessionManager<'a> {
    /// The sessions.
    pub store: &'a Store,
    /// The requests.
    pub platform: &'a Platform,
    /// Password sources and the salt of background fingerprints.
    pub config: &'a Config,
    /// The locks of the sessions.
    pub locks: lock::Locks,
}

/// A session in use.
#[derive(Debug)]
pub struct ActiveSession<'a> {
    sessions: SessionManager<'a>,
    row: SessionRow,
    jar: Jar,
    /// A logout is answered by recovering the session.
    recovers: bool,
    /// Held from a minute before firing until settled: `refresh` leaves the session alone.
    firing: Option<lock::Held>,
    /// Cookies are stored when firing has ended: until then no call waits for the store.
    defers_cookies: bool,
    /// No lock is waited for beyond this. `None`: each is waited for as in a command of a user.
    deadline: Option<Instant>,
    /// A response in this process has shown that the login works.
    has_shown_login: bool,
}

impl Drop for ActiveSession<'_> {
    fn drop(&mut self) {
        self.release_after_firing();
    }
}

impl<'a> SessionManager<'a> {
    /// Opens a session: finds it, recovers it if it is expired, and updates its token if that is stale.
    ///
    /// # Errors
    /// There is no such session, or it is dead and cannot be recovered.
    pub fn open(&self, account: &Account, pick: &SessionSelector) -> Result<ActiveSession<'a>> {
        self.open_by(account, pick, clock::steady() + self.locks.timeout())
    }

    /// Does the same as [`Self::open`], and waits for the session's lock until `end` at most.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn open_by(
        &self,
        account: &Account,
        pick: &SessionSelector,
        end: Instant,
    ) -> Result<ActiveSession<'a>> {
        let mut row = self.find(account, pick)?;
        let now = clock::now();
        log::info!(
            "using the {} session {} of {account}, token {} old",
            row.kind,
            row.fingerprint.short(),
            age_words(&row, now)
        );
        if row.status == store::Status::Expired {
            row = self.recover_expired(row, end)?;
        } else {
            row = self.fresh_enough(row, TOKEN_AGE, end)?;
        }
        self.active(row, true)
    }

    /// Opens a session as it is stored: its token is not updated, and it is not recovered after a logout.
    ///
    /// # Errors
    /// There is no such session, or its row cannot be read.
    pub fn as_stored(
        &self,
        account: &Account,
        pick: &SessionSelector,
    ) -> Result<ActiveSession<'a>> {
        self.active(self.find(account, pick)?, false)
    }

    fn active(&self, row: SessionRow, recovers: bool) -> Result<ActiveSession<'a>> {
        Ok(ActiveSession {
            sessions: self.clone(),
            jar: jar_of(&row)?,
            row,
            recovers,
            firing: None,
            defers_cookies: false,
            deadline: None,
            has_shown_login: false,
        })
    }

    fn find(&self, account: &Account, pick: &SessionSelector) -> Result<SessionRow> {
        let (found, kind) = match pick {
            SessionSelector::Kind(SessionKind::Background) => {
                (self.store.background(account)?, SessionKind::Background)
            }
            SessionSelector::Kind(SessionKind::Device) => {
                (self.store.last_device(account)?, SessionKind::Device)
            }
            SessionSelector::Device(print) => {
                (self.store.session_of(account, print)?, SessionKind::Device)
            }
        };
        found.ok_or_else(|| Error::None {
            account: account.clone(),
            kind,
        })
    }

    /// The only one of these sessions whose fingerprint has this prefix.
    ///
    /// # Errors
    /// None, or several.
    pub fn by_prefix(mut rows: Vec<SessionRow>, prefix: &str) -> Result<SessionRow> {
        rows.retain(|row| row.fingerprint.as_str().starts_with(prefix));
        let found = rows.len();
        match rows.pop() {
            Some(row) if found == 1 => Ok(row),
            Some(_) => Err(Error::NotFound(format!(
                "{found} sessions have fingerprints that begin with {prefix:?}; use a longer prefix"
            ))),
            None => Err(Error::NotFound(format!(
                "no session here has a fingerprint that begins with {prefix:?}; see `aimharder sessions`"
            ))),
        }
    }

    /// Whether this is the only account in the store, to which password sources without an account belong.
    pub fn is_only_account(&self, account: &Account) -> Result<bool> {
        Ok(self.store.accounts()?.iter().all(|other| other == account))
    }
}

impl ActiveSession<'_> {
    /// The row as it was read or written last, with its secrets.
    pub fn row(&self) -> &SessionRow {
        &self.row
    }

    /// A copy of its cookies, for requests whose cookies are not stored.
    pub fn jar(&self) -> Jar {
        self.jar.clone()
    }

    /// Sends a request with this session. If the response is a logout, the server did not act on the request: the session is
    /// recovered and the request is sent once more.
    ///
    /// # Errors
    /// Those of the platform, or [`Error::Expired`] if the session cannot be recovered.
    pub fn call<T>(
        &mut self,
        mut ask: impl FnMut(&Platform, &mut Jar) -> platform::Result<T>,
    ) -> Result<T> {
        let answer = match ask(self.sessions.platform, &mut self.jar) {
            Err(platform::Error::LoggedOut) if self.recovers => {
                self.recover_and_repeat(&mut ask)?
            }
            other => other?,
        };
        self.keep_cookies();
        Ok(answer)
    }

    /// A box's id, from the box's page. A page without it may mean a dead session: then `whoami` decides, which usually has
    /// the id too.
    ///
    /// # Errors
    /// Those of [`Self::call`]; that of the page if the session is alive and `whoami` does not have the id either.
    pub fn box_id(&mut self, host: &str) -> Result<i64> {
        self.call(|platform, jar| {
            let unknown = match platform.box_id(jar, host) {
                Err(e @ platform::Error::Strange(_)) => e,
                known => return known,
            };
            log::info!("{unknown}; asking whoami");
            let boxes = platform.whoami(jar)?;
            let found = boxes
                .into_iter()
                .find(|found| found.host.as_deref() == Some(host));
            found.and_then(|found| found.id).ok_or(unknown)
        })
    }

    /// Keeps other processes from updating the session's token until it has fired (promise 3).
    ///
    /// # Errors
    /// Another process holds the lock until `end`.
    pub fn hold_for_firing(&mut self, end: Instant) -> Result<()> {
        if !std::mem::replace(&mut self.defers_cookies, true) {
            self.sessions.platform.hold_recording();
        }
        if self.firing.is_some() {
            return Ok(());
        }
        let (account, print) = (&self.row.account, &self.row.fingerprint);
        let patience = end.saturating_duration_since(clock::steady());
        let held = self.sessions.locks.shared(account, print, patience)?;
        // the process that held it before may have stored a newer token
        let row = self.sessions.read_again(self.row.clone())?;
        if row.generation != self.row.generation {
            self.replace_row(row)?;
        }
        self.firing = Some(held);
        Ok(())
    }

    /// Ends what [`Self::hold_for_firing`] began, after the booking is settled.
    pub fn release_after_firing(&mut self) {
        if std::mem::take(&mut self.defers_cookies) {
            self.keep_cookies();
            self.sessions.platform.write_recording();
        }
        self.firing = None;
    }

    /// Whether a response has shown that the login works: a personal row, or a response other than a
    /// logout to a request that needs a login.
    pub fn has_shown_login(&self) -> bool {
        self.has_shown_login
    }

    /// Records that a response has shown that the login works.
    pub fn note_login(&mut self) {
        self.has_shown_login = true;
    }

    /// From here on the login has to be shown again: what is read next decides what a request ended with.
    pub fn forget_login(&mut self) {
        self.has_shown_login = false;
    }

    /// Sets the instant beyond which no lock is waited for.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// The instant until which a lock is waited for.
    fn lock_until(&self) -> Instant {
        self.deadline
            .unwrap_or_else(|| clock::steady() + self.sessions.locks.timeout())
    }

    /// Stores the cookies of the last response. A failure is a warning, because the command has its response.
    fn keep_cookies(&mut self) {
        if self.defers_cookies {
            return;
        }
        let cookies = self.jar.to_json();
        if cookies == self.row.cookies {
            if let Err(e) = self.sessions.store.note_use(&self.row, clock::now()) {
                log::warn!("the use of the session could not be stored: {e}");
            }
            return;
        }
        match self
            .sessions
            .store
            .put_cookies(&self.row, &cookies, clock::now())
        {
            Ok(()) => self.row.cookies = cookies,
            Err(e) => log::warn!("the cookies could not be stored: {e}"),
        }
    }

    fn replace_row(&mut self, row: SessionRow) -> Result<()> {
        self.jar = jar_of(&row)?;
        self.row = row;
        Ok(())
    }
}

/// Whether an instant of this machine's clock is older than `age`, or too far in the future to be true.
fn is_old(at: DateTime<Utc>, now: DateTime<Utc>, age: TimeDelta) -> bool {
    now - at > age || at - now > CLOCK_SLACK
}

fn age_words(row: &SessionRow, now: DateTime<Utc>) -> String {
    crate::model::time::human_age(now - row.token_updated_at)
}

fn token_of(row: &SessionRow) -> Result<Secret> {
    parse_token(row.token.expose()).ok_or_else(|| unreadable(row, "token", "is"))
}

fn jar_of(row: &SessionRow) -> Result<Jar> {
    Jar::from_json(&row.cookies).map_err(|_| unreadable(row, "cookies", "are"))
}

fn unreadable(row: &SessionRow, what: &str, verb: &str) -> Error {
    Error::Expired(format!(
        "the stored {what} of {}'s {} session {verb} unreadable; run `aimharder login {}`",
        row.account, row.kind, row.account
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::lock::Locks;

    /// Another process stores a newer token before this one holds the lock for firing (promise 3).
    #[test]
    fn the_row_is_read_again_under_the_lock_for_firing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store/s.db");
        let (store, config) = (Store::open(&path).unwrap(), Config::default());
        let account: Account = "ana@example.org".parse().unwrap();
        let session = SessionRef::background(&account, "salt");
        let log_in = |digit: &str| {
            let token = format!("69232|1896731601|{}", digit.repeat(32));
            let (codec, cookies) = (store.hold_codec().unwrap(), Jar::default().to_json());
            let token = Secret::new(token);
            let row = store.put_login(&codec, &account, &session, token, cookies, clock::now());
            row.unwrap().token
        };
        let old = log_in("0");
        let sessions = SessionManager {
            store: &store,
            platform: &Platform::new(config.server.clone(), String::new()),
            config: &config,
            locks: Locks::beside(&path, "test"),
        };
        let pick = SessionSelector::Kind(SessionKind::Background);
        let mut live = sessions.open(&account, &pick).unwrap();
        let new = log_in("1");
        assert!(live.row().token == old);
        live.hold_for_firing(clock::steady()).unwrap();
        assert!(live.row().token == new);
    }
}
