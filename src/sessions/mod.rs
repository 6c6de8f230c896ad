//! The one door to a usable login: pick it by kind, keep its token young, heal it, hand it out.
//!
//! ```text
//! command ── open(kind) ──► Live ── call(|platform, jar| …) ──► answer
//!                             │        └ "logout"? setrefresh, then a token update decides, then once more
//!                             └ token older than 25 minutes? update it first
//! ```
//!
//! Every change of a token happens under the session's lock ([`lock`]), after reading the row
//! again, and is stored before anything else is sent (promises 1–5). This room books
//! nothing.

mod error;
mod gate;
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
use crate::model::session::{Fingerprint, SHORTEST_PREFIX, SessionKind};
use crate::platform::{self, Jar, Platform, Token};
use crate::store::{self, SessionRow, Store};

use error::lock_busy;

pub use error::Error;
pub use login::{Granted, LoginTry};

/// A token older than this is updated before it is used (`scripting.md`, "Using a session").
const TOKEN_AGE: TimeDelta = TimeDelta::minutes(25);
/// A token time further ahead than this was written by a wrong clock, and counts as old.
pub const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);
/// Device sessions older than this are pruned, and no longer refreshed by automation.
pub const DEVICE_LIFE: TimeDelta = TimeDelta::days(7);

/// The result of an operation on a session.
pub type Result<T> = std::result::Result<T, Error>;
/// The answer to one request.
type Answer<T> = std::result::Result<T, platform::Error>;

/// Which session acts. There is no way to ask without saying so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionSelector {
    /// the device session used last, or the background session
    Kind(SessionKind),
    /// a device session, by its whole fingerprint
    Device(Fingerprint),
}

/// All there is to a session besides the session itself.
#[derive(Debug)]
pub struct SessionManager<'a> {
    /// where logins are kept
    pub store: &'a Store,
    /// the way to the servers
    pub platform: &'a Platform,
    /// where passwords come from, and the salt of background fingerprints
    pub config: &'a Config,
    /// who may update which session now
    pub locks: lock::Locks,
}

/// A login in use.
#[derive(Debug)]
pub struct ActiveSession<'a> {
    sessions: &'a SessionManager<'a>,
    row: SessionRow,
    jar: Jar,
    /// held from a minute before firing until settled: `refresh` leaves the session alone
    firing: Option<lock::Held>,
    /// Cookies are stored when firing has ended: until then no call waits for the store.
    defers_cookies: bool,
    /// no lock is waited for beyond this; `None`: each for as long as a person would wait
    deadline: Option<Instant>,
}

impl<'a> SessionManager<'a> {
    /// Open a session for use: found, healed if it was known to be dead, its token young.
    ///
    /// # Errors
    /// No such session, or a dead one that cannot be healed here.
    pub fn open(&'a self, account: &Account, pick: &SessionSelector) -> Result<ActiveSession<'a>> {
        self.open_by(account, pick, clock::steady() + lock::patience())
    }

    /// The same, waiting for the session's lock no longer than until `end`.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn open_by(
        &'a self,
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
        let jar = jar_of(&row)?;
        Ok(ActiveSession {
            sessions: self,
            row,
            jar,
            firing: None,
            defers_cookies: false,
            deadline: None,
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

    /// The one session of these whose fingerprint begins like this.
    ///
    /// # Errors
    /// None, or several.
    pub fn by_prefix(rows: Vec<SessionRow>, prefix: &str) -> Result<SessionRow> {
        debug_assert!(prefix.chars().count() >= SHORTEST_PREFIX);
        let mut fitting: Vec<_> = rows
            .into_iter()
            .filter(|row| row.fingerprint.as_str().starts_with(prefix))
            .collect();
        match (fitting.pop(), fitting.len()) {
            (Some(row), 0) => Ok(row),
            (None, _) => Err(Error::NoSuchFingerprint(format!(
                "no session here has a fingerprint that begins with {prefix:?}; see `aimharder sessions`"
            ))),
            (Some(_), more) => Err(Error::Ambiguous(format!(
                "{} sessions have fingerprints that begin with {prefix:?}; give more of it",
                more + 1
            ))),
        }
    }

    /// Whether an unattended source may belong to this account because there is no other here.
    pub fn is_only_account(&self, account: &Account) -> Result<bool> {
        Ok(self.store.accounts()?.iter().all(|other| other == account))
    }
}

impl ActiveSession<'_> {
    /// The session as the store had it when it was read or written last, secrets included.
    pub fn row(&self) -> &SessionRow {
        &self.row
    }

    /// A copy of its cookies, for requests whose own cookies are not worth keeping.
    pub fn jar(&self) -> Jar {
        self.jar.clone()
    }

    /// Ask the platform something with this login. When it answers that we are logged out (which
    /// proves that it did not act) the session is healed and the same is asked once more.
    ///
    /// # Errors
    /// The platform's, or [`Error::Expired`] for a login that cannot be healed.
    pub fn call<T>(
        &mut self,
        mut ask: impl FnMut(&Platform, &mut Jar) -> std::result::Result<T, platform::Error>,
    ) -> Result<T> {
        let answer = match ask(self.sessions.platform, &mut self.jar) {
            Err(platform::Error::LoggedOut) => self.recover_and_repeat(&mut ask)?,
            other => other?,
        };
        self.keep_cookies();
        Ok(answer)
    }

    /// A box's number, from the box's page. A page without it may mean a dead session: then `whoami` decides, which
    /// usually gives the number too.
    ///
    /// # Errors
    /// Those of [`Self::call`]; the page's own when the session is alive and `whoami` gives no number either.
    pub fn box_id(&mut self, host: &str) -> Result<i64> {
        self.call(|platform, jar| {
            let unknown = match platform.box_id(jar, host) {
                Err(e @ platform::Error::Strange(_)) => e,
                known => return known,
            };
            log::info!("{unknown}; asking whoami");
            let boxes = platform.whoami(jar)?;
            let found = boxes.into_iter().find(|found| found.host == host);
            found.and_then(|found| found.id).ok_or(unknown)
        })
    }

    /// Keep others from updating the session's token while it is fired with (promise 3).
    ///
    /// # Errors
    /// When whoever is updating it does not end by `end`.
    pub fn hold_for_firing(&mut self, end: Instant) -> Result<()> {
        self.defers_cookies = true;
        if self.firing.is_some() {
            return Ok(());
        }
        let (account, print) = (&self.row.account, &self.row.fingerprint);
        let patience = end.saturating_duration_since(clock::steady());
        let held = self.sessions.locks.shared(account, print, patience)?;
        // whoever had it before us may have put a newer token there
        let row = self.sessions.read_again(self.row.clone())?;
        if row.generation != self.row.generation {
            self.replace_row(row)?;
        }
        self.firing = Some(held);
        Ok(())
    }

    /// Fired and settled.
    pub fn release_after_firing(&mut self) {
        if std::mem::take(&mut self.defers_cookies) {
            self.keep_cookies();
        }
        self.firing = None;
    }

    /// From now on wait for no lock beyond this.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Until when a lock is worth waiting for now.
    fn lock_until(&self) -> Instant {
        self.deadline
            .unwrap_or_else(|| clock::steady() + lock::patience())
    }

    /// Write back what the load balancer has set. A cookie not kept is no reason to fail a command
    /// that has its answer.
    fn keep_cookies(&mut self) {
        if self.defers_cookies {
            return;
        }
        let cookies = self.jar.to_json();
        if cookies == self.row.cookies {
            if let Err(e) = self.sessions.store.note_use(&self.row, clock::now()) {
                log::warn!("its use was not noted: {e}");
            }
            return;
        }
        match self
            .sessions
            .store
            .put_cookies(&self.row, &cookies, clock::now())
        {
            Ok(()) => self.row.cookies = cookies,
            Err(e) => log::warn!("cookies not stored: {e}"),
        }
    }

    fn replace_row(&mut self, row: SessionRow) -> Result<()> {
        self.jar = jar_of(&row)?;
        self.row = row;
        Ok(())
    }
}

/// Is an instant of ours older than `age`, or so far ahead that it cannot be true?
fn is_old(at: DateTime<Utc>, now: DateTime<Utc>, age: TimeDelta) -> bool {
    now - at > age || at - now > CLOCK_SLACK
}

fn age_words(row: &SessionRow, now: DateTime<Utc>) -> String {
    crate::model::time::human_age(now - row.token_updated_at)
}

fn token_of(row: &SessionRow) -> Result<Token> {
    Token::parse(row.token.expose()).ok_or_else(|| {
        Error::Expired(format!(
            "the stored token of {}'s {} session is unreadable; run `aimharder login {}`",
            row.account, row.kind, row.account
        ))
    })
}

fn jar_of(row: &SessionRow) -> Result<Jar> {
    Jar::from_json(&row.cookies).map_err(|_| {
        Error::Expired(format!(
            "the stored cookies of {}'s {} session are unreadable; run `aimharder login {}`",
            row.account, row.kind, row.account
        ))
    })
}
