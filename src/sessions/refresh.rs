//! Keeping many sessions alive: the token update of every due session, by a few threads, with
//! manners (`scripting.md`, `refresh`).
//!
//! Each session is taken under its own lock, and only if nobody else holds it: a busy session is
//! in good hands. What the platform replaced is stored before that session's next request.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::rate_limit::{Pace, back_off};
use super::update::Updated;
use super::{CLOCK_SLACK, Error, Result, SessionManager, is_old, jar_of};
use crate::clock;
use crate::platform;
use crate::store::{SessionRow, Status};

/// Maximum number of times a request is sent for one session and run.
const MAX_ATTEMPTS: u32 = 3;
/// A login and the `setrefresh` after it.
const LOGIN: u32 = 2;
/// `setrefresh` is called when the last one is older than this.
const DAILY: TimeDelta = TimeDelta::hours(24);

/// How a batch is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// tokens younger than this are left alone; `None`: none is
    pub stale_after: Option<TimeDelta>,
    /// `setrefresh` for every session updated now
    pub deep: bool,
    /// threads at work, 1 or more
    pub jobs: usize,
    /// requests a second over all threads, 0 = no limit
    pub rate: u32,
}

/// What became of one session.
#[derive(Debug)]
pub enum Fate {
    /// its token was updated; a `setrefresh` that failed afterwards is only worth a word
    Updated {
        /// why `setrefresh` failed; `None` when it was done or not due
        warning: Option<platform::Error>,
    },
    /// another process had updated it meanwhile, or the response to an earlier update was lost and
    /// the session still works by its cookies
    Fresh,
    /// another process is at it
    Busy,
    /// the platform has ended it, and it could not be logged in again
    LoggedOut(Error),
    /// the platform had ended it; it was logged in again
    Relogged,
    /// it went wrong otherwise; it stays active, and its row notes why
    Failed(Error),
    /// the batch was stopped before its turn: the address is blocked
    NotTried,
}

/// The work that threads share.
struct Batch<'b> {
    sessions: &'b SessionManager<'b>,
    plan: &'b Plan,
    rows: &'b [SessionRow],
    /// of each row, once it is known
    statuses: Vec<Mutex<Option<Fate>>>,
    began: DateTime<Utc>,
    pace: Pace,
    next: AtomicUsize,
    done: AtomicUsize,
    blocked: AtomicBool,
    any_success: AtomicBool,
    /// the last session could not be reached after all its tries: the next ones get one each
    outage: AtomicBool,
}

impl SessionManager<'_> {
    /// Refresh these sessions. `progress` is called with the number of those done, from any thread.
    /// Fates come in the order of the rows.
    pub fn refresh_all(
        &self,
        rows: &[SessionRow],
        plan: &Plan,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Vec<Fate> {
        let batch = Batch {
            sessions: self,
            plan,
            rows,
            statuses: rows.iter().map(|_| Mutex::new(None)).collect(),
            began: clock::now(),
            pace: Pace::new(plan.rate),
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            any_success: AtomicBool::new(false),
            outage: AtomicBool::new(false),
        };
        batch.run(progress);
        let statuses = batch.statuses.into_iter();
        let statuses =
            statuses.map(|status| status.into_inner().unwrap_or_else(PoisonError::into_inner));
        statuses
            .map(|status| status.unwrap_or(Fate::NotTried))
            .collect()
    }
}

impl Batch<'_> {
    fn run(&self, progress: &(dyn Fn(usize) + Sync)) {
        // the first that is asked about goes alone: when the address is blocked, or the platform is
        // down, the others need not find that out all at once
        while self.step(progress) == Some(false) {}
        let work = || while self.step(progress).is_some() {};
        let threads = self.plan.jobs.clamp(1, self.rows.len().max(1));
        thread::scope(|scope| {
            for _ in 1..threads {
                // a thread that cannot be had leaves its work to the others
                let _ = thread::Builder::new()
                    .stack_size(256 * 1024)
                    .spawn_scoped(scope, work);
            }
            work();
        });
    }

    /// The next session; `None` when there is none left, else whether the platform was asked.
    fn step(&self, progress: &(dyn Fn(usize) + Sync)) -> Option<bool> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let (row, status) = self.rows.get(turn).zip(self.statuses.get(turn))?;
        let found = self.one(row);
        let asked = !matches!(found, Fate::Busy | Fate::Fresh);
        *status.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        progress(self.done.fetch_add(1, Ordering::Relaxed) + 1);
        Some(asked)
    }

    fn one(&self, row: &SessionRow) -> Fate {
        if self.blocked.load(Ordering::Relaxed) {
            return Fate::NotTried;
        }
        let status = self.take(row).unwrap_or_else(Fate::Failed);
        match &status {
            Fate::Failed(Error::Platform(platform::Error::Blocked))
                if !self.any_success.load(Ordering::Relaxed) =>
            {
                self.blocked.store(true, Ordering::Relaxed);
            }
            Fate::Failed(Error::Platform(e)) => {
                self.outage.store(
                    e.is_worth_retry() || e.is_response_lost(),
                    Ordering::Relaxed,
                );
            }
            Fate::Updated { .. } | Fate::Relogged => {
                self.any_success.store(true, Ordering::Relaxed);
                self.outage.store(false, Ordering::Relaxed);
            }
            _ => {}
        }
        status
    }

    fn take(&self, listed: &SessionRow) -> Result<Fate> {
        let locks = &self.sessions.locks;
        let Some(_held) = locks.if_free(&listed.account, &listed.fingerprint)? else {
            return Ok(Fate::Busy);
        };
        let Some(row) = self.sessions.store.session(listed.id)? else {
            return Ok(Fate::Fresh); // forgotten meanwhile: nothing to look after
        };
        if row.status == Status::Expired {
            self.pace.wait_for(LOGIN);
            return Ok(self.log_in_again(&row));
        }
        if !self.is_due(&row, listed) {
            return Ok(Fate::Fresh);
        }
        if let Some(status) = self.resolve(&row)? {
            return Ok(status);
        }
        match self.update(row)? {
            Updated::Now(row) | Updated::Meanwhile(row) => self.extend(row),
            Updated::Failed(row, e)
                if e.is_response_lost() && self.sessions.has_source(&row)? =>
            {
                self.pace.wait_for(LOGIN);
                Ok(match self.sessions.log_in_again(&row) {
                    Ok(_) => Fate::Relogged,
                    Err(_) => Fate::Failed(e.into()),
                })
            }
            Updated::Failed(_, e) => Ok(Fate::Failed(e.into())),
            Updated::Dead(row) => {
                self.pace.wait_for(LOGIN);
                Ok(match self.sessions.handle_logout(&row) {
                    Ok(_) => Fate::Relogged,
                    Err(e) => ended(e),
                })
            }
        }
    }

    /// What is done instead of a token update while an earlier one is uncertain. `None`: nothing is
    /// uncertain, or the session is logged out, so that its token can be presented without a risk.
    fn resolve(&self, row: &SessionRow) -> Result<Option<Fate>> {
        let Some(begun) = row.update_begun_at else {
            return Ok(None);
        };
        if self.sessions.has_source(row)? {
            self.pace.wait_for(LOGIN);
            match self.sessions.log_in_again(row) {
                Ok(_) => return Ok(Some(Fate::Relogged)),
                Err(e @ (Error::Refused(_) | Error::TooManyRefusals(_) | Error::Password(_))) => {
                    log::info!("{e}; the session may still be alive");
                }
                Err(e) => return Ok(Some(Fate::Failed(e))),
            }
        }
        let mut jar = jar_of(row)?; // its own cookies are not kept: this is no use of the session
        let alive = self.tried(|| Ok(self.sessions.platform.whoami(&mut jar).map(drop)))?;
        match alive {
            Ok(()) => {
                let words = format!(
                    "token update: the response to that of {} was lost; the session still works, and its token is \
                     tried again when it is logged out",
                    begun.format("%Y-%m-%d %H:%M UTC")
                );
                self.sessions.store.note_error(row, Some(&words), false)?;
                Ok(Some(Fate::Fresh))
            }
            Err(platform::Error::LoggedOut) => Ok(None),
            Err(e) => Ok(Some(Fate::Failed(e.into()))),
        }
    }

    /// With `--force`, everything that nobody has updated since this batch began.
    fn is_due(&self, row: &SessionRow, listed: &SessionRow) -> bool {
        match self.plan.stale_after {
            Some(age) => is_old(row.token_updated_at, clock::now(), age),
            None => {
                row.generation == listed.generation
                    || is_old(row.token_updated_at, self.began, TimeDelta::zero())
            }
        }
    }

    fn update(&self, row: SessionRow) -> Result<Updated> {
        let sent = self.tried(|| {
            Ok(match self.sessions.update_held(row.clone())? {
                Updated::Failed(_, e) => Err(e),
                done => Ok(done),
            })
        })?;
        Ok(sent.unwrap_or_else(|e| Updated::Failed(row, e)))
    }

    /// A request, sent again with back-off only while it was not served.
    fn tried<T>(
        &self,
        mut send: impl FnMut() -> Result<std::result::Result<T, platform::Error>>,
    ) -> Result<std::result::Result<T, platform::Error>> {
        let tries = if self.outage.load(Ordering::Relaxed) {
            1
        } else {
            MAX_ATTEMPTS
        };
        let mut sent = 0;
        loop {
            self.pace.wait();
            sent += 1;
            let e = match send()? {
                Err(e) if sent < tries && e.is_worth_retry() => e,
                settled => return Ok(settled),
            };
            let asked = asked_patience(&e);
            let Some(wait) = back_off(sent, asked, fastrand::f64()) else {
                return Ok(Err(e));
            };
            self.pace.hold(asked.unwrap_or_default());
            log::info!("{e}; trying again in {:.1} s", wait.as_secs_f64());
            clock::pause(wait);
        }
    }

    /// `setrefresh` once a day, or now with `--deep`.
    fn extend(&self, row: SessionRow) -> Result<Fate> {
        let due = row
            .refreshed_at
            .is_none_or(|at| is_old(at, clock::now(), DAILY));
        if !due && !self.plan.deep {
            return Ok(Fate::Updated { warning: None });
        }
        self.pace.wait();
        match self.sessions.set_refresh_held(row)? {
            (_, None) => Ok(Fate::Updated { warning: None }),
            (_, Some(e)) if self.plan.deep => Ok(Fate::Failed(Error::NotExtended(e))),
            (_, Some(e)) => Ok(Fate::Updated { warning: Some(e) }),
        }
    }

    fn log_in_again(&self, row: &SessionRow) -> Fate {
        match self.sessions.log_in_again(row) {
            Ok(_) => Fate::Relogged,
            Err(e) => ended(e),
        }
    }
}

fn asked_patience(error: &platform::Error) -> Option<Duration> {
    match error {
        platform::Error::Busy { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// A dead session that could not be logged in again: logged out where a person must act, failed
/// where a later try may do.
fn ended(error: Error) -> Fate {
    match error {
        Error::Expired(_) | Error::Refused(_) | Error::TooManyRefusals(_) | Error::Password(_) => {
            Fate::LoggedOut(error)
        }
        other => Fate::Failed(other),
    }
}

/// Tokens whose time lies beyond this are due whatever their age.
pub fn future_after(now: DateTime<Utc>) -> DateTime<Utc> {
    now + CLOCK_SLACK
}
