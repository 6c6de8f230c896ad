//! `refresh`: updates the token of every due session, on a few threads (`scripting.md`, "refresh").
//!
//! Each session is updated under its own lock, and only if the lock is free: another process that holds it looks after the
//! session. What the platform replaced is stored before the session's next request.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;

use super::rate_limit::{RateLimit, back_off};
use super::{Error, Result, SessionManager, is_old, jar_of};
use crate::clock;
use crate::platform;
use crate::store::{SessionRow, Status};

/// The limit on the time of a run. Requests begin early enough to time out before it; a login that has begun may end later.
const RUN_LIMIT: Duration = Duration::from_secs(12 * 60);
/// Maximum number of times a request is sent for one session and run.
const MAX_ATTEMPTS: u32 = 3;
/// The requests of a login: the login itself and the `setrefresh` after it.
const LOGIN_REQUESTS: u32 = 2;
/// After this number of failures in a row, `setrefresh` is left to the next run.
const MAX_SET_REFRESH_FAILURES: usize = 3;
/// `setrefresh` is due when the last one is older than this.
const SET_REFRESH_INTERVAL: TimeDelta = TimeDelta::hours(24);

/// What a refresh did with a session.
#[derive(Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Refreshed {
    /// The token was updated. The error is that of the `setrefresh` after it.
    Updated(Option<Error>),
    /// Another process had updated the token, or the response to an earlier update was lost and the session still works by its
    /// cookies.
    Fresh,
    /// Another process holds the session's lock.
    Busy,
    /// The platform has ended the session, and it could not be logged in again.
    LoggedOut(Error),
    /// The session was logged in again.
    Relogged,
    /// The session stays active. The error is in its row, unless the run had no time left for the session.
    Failed(Error),
}

impl Refreshed {
    fn failed(error: impl Into<Error>) -> Self {
        Self::Failed(error.into())
    }

    /// A login that was tried because the session is dead. It is logged out where a user must act, and failed where a later
    /// run may succeed.
    fn login(granted: Result<SessionRow>) -> Self {
        match granted {
            Ok(_) => Self::Relogged,
            Err(e @ (Error::Expired(_) | Error::Refused(_))) => Self::LoggedOut(e),
            Err(e) => Self::Failed(e),
        }
    }
}

/// The work that the threads share.
struct Batch<'b> {
    sessions: &'b SessionManager<'b>,
    /// Calls `setrefresh` for every session that is updated.
    deep: bool,
    rows: &'b [SessionRow],
    /// One per row.
    results: Vec<OnceLock<Refreshed>>,
    rate: RateLimit,
    next: AtomicUsize,
    done: AtomicUsize,
    /// The platform does not serve this network address: the remaining sessions are not tried.
    blocked: AtomicBool,
    any_success: AtomicBool,
    /// The last session failed because of an outage: the next ones get one attempt each.
    outage: AtomicBool,
    /// The number of `setrefresh` calls in a row that failed because of an outage: their pauses and timeouts must not take the time
    /// of the token updates.
    set_refresh_failures: AtomicUsize,
}

impl SessionManager<'_> {
    /// Refreshes these sessions on a number of threads, and returns their results in the same order. `deep` calls `setrefresh`
    /// for every session that is updated; `rate` is the number of requests per second over all threads, 0 = no limit.
    /// `progress` is called from any thread with the number of sessions that are done.
    pub fn refresh_all(
        &self,
        rows: &[SessionRow],
        deep: bool,
        threads: usize,
        rate: u32,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Vec<Refreshed> {
        let last_request = RUN_LIMIT.saturating_sub(self.config.server.timeout.min(RUN_LIMIT / 2));
        let rate = RateLimit::new(rate, clock::steady() + last_request);
        let batch = Batch::new(self, rows, deep, rate);
        batch.run(threads, progress);
        let results = batch.results.into_iter();
        results
            .map(|result| result.into_inner().unwrap_or_else(blocked))
            .collect()
    }
}

/// The result of a session that was not tried.
fn blocked() -> Refreshed {
    Refreshed::failed(platform::Error::Blocked)
}

impl<'b> Batch<'b> {
    fn new(
        sessions: &'b SessionManager<'b>,
        rows: &'b [SessionRow],
        deep: bool,
        rate: RateLimit,
    ) -> Self {
        Self {
            sessions,
            deep,
            rows,
            results: rows.iter().map(|_| OnceLock::new()).collect(),
            rate,
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            any_success: AtomicBool::new(false),
            outage: AtomicBool::new(false),
            set_refresh_failures: AtomicUsize::new(0),
        }
    }

    fn run(&self, threads: usize, progress: &(dyn Fn(usize) + Sync)) {
        // the first request is sent alone: if the address is blocked or the platform is down, it is the only one
        while self.step(progress) == Some(false) {}
        let work = || while self.step(progress).is_some() {};
        thread::scope(|scope| {
            for _ in 1..threads.min(self.rows.len()) {
                // without this thread the others do its work
                let _ = thread::Builder::new()
                    .stack_size(256 * 1024)
                    .spawn_scoped(scope, work);
            }
            work();
        });
    }

    /// Refreshes the next session. Returns `None` if there is none, else whether a request was sent.
    fn step(&self, progress: &(dyn Fn(usize) + Sync)) -> Option<bool> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let (row, result) = self.rows.get(turn).zip(self.results.get(turn))?;
        let refreshed = self.one(row);
        let asked = !matches!(refreshed, Refreshed::Busy | Refreshed::Fresh);
        let _ = result.set(refreshed);
        progress(self.done.fetch_add(1, Ordering::Relaxed) + 1);
        Some(asked)
    }

    fn one(&self, row: &SessionRow) -> Refreshed {
        if self.blocked.load(Ordering::Relaxed) {
            return blocked();
        }
        if self.rate.ends_within(Duration::ZERO) {
            return Refreshed::Failed(Error::RunLimit);
        }
        let refreshed = self.refresh(row).unwrap_or_else(Refreshed::failed);
        match &refreshed {
            Refreshed::Failed(Error::Platform(platform::Error::Blocked))
                if !self.any_success.load(Ordering::Relaxed) =>
            {
                self.blocked.store(true, Ordering::Relaxed);
            }
            Refreshed::Failed(Error::Platform(e)) => {
                let is_outage = e.is_worth_retry() || e.is_response_lost();
                self.outage.store(is_outage, Ordering::Relaxed);
            }
            Refreshed::Updated(_) | Refreshed::Relogged => {
                self.any_success.store(true, Ordering::Relaxed);
                self.outage.store(false, Ordering::Relaxed);
            }
            _ => {}
        }
        refreshed
    }

    fn refresh(&self, listed: &SessionRow) -> Result<Refreshed> {
        let locks = &self.sessions.locks;
        let Some(_held) = locks.if_free(&listed.account, &listed.fingerprint)? else {
            return Ok(Refreshed::Busy);
        };
        let Some(row) = self.sessions.store.session(listed.id)? else {
            return Ok(Refreshed::Fresh); // deleted meanwhile
        };
        if row.status == Status::Expired {
            self.rate.wait(LOGIN_REQUESTS)?;
            return Ok(Refreshed::login(self.sessions.log_in_again(&row)));
        }
        if row.token_updated_at != listed.token_updated_at {
            return Ok(Refreshed::Fresh); // by another process, since the sessions were listed
        }
        if let Some(refreshed) = self.resolve(&row)? {
            return Ok(refreshed);
        }
        match self.attempts(self.outage.load(Ordering::Relaxed), || {
            self.sessions.update_held(&row)
        })? {
            Ok(row) => self.extend(&row),
            Err(platform::Error::LoggedOut) => {
                // the session is dead, which is handled after the run's end too
                let _ = self.rate.wait(LOGIN_REQUESTS);
                Ok(Refreshed::login(self.sessions.handle_logout(row)))
            }
            Err(e) if e.is_response_lost() && self.sessions.has_source(&row)? => {
                if self.rate.wait(LOGIN_REQUESTS).is_err() {
                    return Ok(Refreshed::failed(e));
                }
                Ok(match self.sessions.log_in_again(&row) {
                    Ok(_) => Refreshed::Relogged,
                    Err(stored @ Error::Store(_)) => Refreshed::failed(stored),
                    Err(_) => Refreshed::failed(e), // kept in `last_error`
                })
            }
            Err(e) => Ok(Refreshed::failed(e)),
        }
    }

    /// What is done instead of a token update while an earlier one is uncertain. Returns `None` if none is, or if the session
    /// is logged out, so that presenting its token risks nothing.
    fn resolve(&self, row: &SessionRow) -> Result<Option<Refreshed>> {
        let Some(begun) = row.update_begun_at else {
            return Ok(None);
        };
        let mut refused = String::new();
        if self.sessions.has_source(row)? {
            self.rate.wait(LOGIN_REQUESTS)?;
            match self.sessions.log_in_again(row) {
                Ok(_) => return Ok(Some(Refreshed::Relogged)),
                Err(e @ Error::Refused(_)) => {
                    log::info!("{e}; the session may still be alive");
                    refused = format!("; {e}");
                }
                Err(e) => return Ok(Some(Refreshed::failed(e))),
            }
        }
        let mut jar = jar_of(row)?; // its cookies are not stored: this is not a use of the session
        match self.attempts(self.outage.load(Ordering::Relaxed), || {
            Ok(self.sessions.platform.whoami(&mut jar).map(drop))
        })? {
            Ok(()) => {
                let words = format!(
                    "token update: the response to that of {} was lost; the session still works, and its token is \
                     tried again when it is logged out{refused}",
                    begun.format("%Y-%m-%d %H:%M UTC")
                );
                self.sessions.store.note_error(row, &words)?;
                Ok(Some(Refreshed::Fresh))
            }
            Err(platform::Error::LoggedOut) => Ok(None),
            Err(e) => Ok(Some(Refreshed::failed(e))),
        }
    }

    /// Sends a request, and again with back-off while it was not served; once only `in_outage`.
    fn attempts<T>(
        &self,
        in_outage: bool,
        mut send: impl FnMut() -> Result<platform::Result<T>>,
    ) -> Result<platform::Result<T>> {
        let attempts = if in_outage { 1 } else { MAX_ATTEMPTS };
        let mut sent = 0;
        let mut last = None;
        loop {
            match (self.rate.wait(1), last.take()) {
                (Err(_), Some(e)) => return Ok(Err(e)),
                (waited, _) => waited?,
            }
            sent += 1;
            let e = match send()? {
                Err(e) if sent < attempts && e.is_worth_retry() => e,
                settled => return Ok(settled),
            };
            let asked = e.retry_after();
            let wait = back_off(sent, asked, fastrand::f64());
            let Some(wait) = wait.filter(|wait| !self.rate.ends_within(*wait)) else {
                return Ok(Err(e));
            };
            self.rate.hold(asked.unwrap_or_default());
            log::info!("{e}; trying again in {:.1} s", wait.as_secs_f64());
            clock::pause(wait);
            last = Some(e);
        }
    }

    /// Calls `setrefresh` if it is due, or for `--deep`.
    fn extend(&self, row: &SessionRow) -> Result<Refreshed> {
        let due = row
            .refreshed_at
            .is_none_or(|at| is_old(at, clock::now(), SET_REFRESH_INTERVAL));
        if !due && !self.deep {
            return Ok(Refreshed::Updated(None));
        }
        let failures = self.set_refresh_failures.load(Ordering::Relaxed);
        if failures >= MAX_SET_REFRESH_FAILURES && !self.deep {
            return Ok(Refreshed::Updated(None)); // left to the next run
        }
        let extended = match self.attempts(failures > 0, || self.sessions.set_refresh_held(row)) {
            // the token was updated, and the next run calls it
            Err(Error::RunLimit) if !self.deep => return Ok(Refreshed::Updated(None)),
            extended => extended?,
        };
        let failed = extended.err();
        let is_outage = |e: &platform::Error| e.is_worth_retry() || e.is_response_lost();
        if failed.as_ref().is_some_and(is_outage) {
            self.set_refresh_failures.fetch_add(1, Ordering::Relaxed);
        } else {
            self.set_refresh_failures.store(0, Ordering::Relaxed);
        }
        Ok(match failed.map(Error::NotExtended) {
            Some(e) if self.deep => Refreshed::Failed(e),
            error => Refreshed::Updated(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::clock::simulated::{self as machine, Simulated};
    use crate::config::Config;
    use crate::model::session::SessionRef;
    use crate::platform::{Jar, Platform, simulated as server};
    use crate::secret::Secret;
    use crate::sessions::lock::Locks;
    use crate::store::Store;

    /// Calls `check` with a store that has this number of background sessions.
    fn with_sessions(number: u32, check: impl FnOnce(&SessionManager<'_>, &[SessionRow])) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store/s.db");
        let (store, config) = (Store::open(&path).unwrap(), Config::default());
        let log_in = |number: u32| {
            let account = format!("m{number}@example.org").parse().unwrap();
            let session = SessionRef::background(&account, "salt");
            let token = Secret::new("69232|1896731601|03485f300f1a53a7e34143a0af9d2592");
            let (codec, cookies) = (store.hold_codec().unwrap(), Jar::default().to_json());
            let row = store.put_login(&codec, &account, &session, token, cookies, clock::now());
            row.unwrap()
        };
        let rows: Vec<SessionRow> = (0..number).map(log_in).collect();
        let sessions = SessionManager {
            store: &store,
            platform: &Platform::new(config.server.clone(), String::new()),
            config: &config,
            locks: Locks::beside(&path, "test"),
        };
        check(&sessions, &rows);
    }

    /// No response comes to any request, so that each takes its whole timeout.
    #[test]
    fn a_run_ends_within_twelve_minutes() {
        with_sessions(60, |sessions, rows| {
            let sent = Rc::new(Cell::new(0));
            let counter = Rc::clone(&sent);
            machine::install(Some(Simulated::at(1_796_115_600.0)));
            server::install(Some(Box::new(move |_| {
                counter.set(counter.get() + 1);
                None
            })));
            let began = clock::steady();
            let results = sessions.refresh_all(rows, false, 1, 10, &|_| ());
            let took = clock::since(began);
            server::install(None);
            machine::install(None);

            assert!(took <= RUN_LIMIT, "{took:?}");
            assert_eq!(sent.get(), 47, "each takes 15 s");
            let in_time =
                |result: &&Refreshed| matches!(result, Refreshed::Failed(Error::Platform(_)));
            assert_eq!(results.iter().filter(in_time).count(), 47);
            let too_late =
                |result: &Refreshed| matches!(result, Refreshed::Failed(Error::RunLimit));
            assert!(results[47..].iter().all(too_late));
        });
    }

    #[test]
    fn a_setrefresh_after_the_end_of_the_run_is_left_to_the_next_one() {
        with_sessions(1, |sessions, rows| {
            let extend = |deep| {
                let rate = RateLimit::new(0, clock::steady());
                let batch = Batch::new(sessions, &[], deep, rate);
                batch.extend(&rows[0])
            };
            assert!(matches!(extend(false), Ok(Refreshed::Updated(None))));
            assert!(matches!(extend(true), Err(Error::RunLimit)));
        });
    }
}
