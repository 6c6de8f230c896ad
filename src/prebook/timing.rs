//! Waiting for the opening, and the preparations before it.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::class::BELIEVED_ALONE;
use super::host_clock::{HostClock, ROUGH};
use super::server_clock::Estimate;
use super::task::{Abort, BookingTask, unix};
use crate::clock;
use crate::error::ExitKind;
use crate::model::instant::shifted;
use crate::sessions;

/// A booking of an earlier execution is looked for from here on. Before, nothing is sent for this opening.
const FIRST_LOOK: TimeDelta = TimeDelta::minutes(2);
/// The session is fresh and its lock held from here on.
const SESSION: TimeDelta = TimeDelta::seconds(60);
/// The class is looked up again.
const LOOK_UP: TimeDelta = TimeDelta::seconds(25);
/// The server's clock is measured from here on …
const MEASURE: TimeDelta = TimeDelta::seconds(16);
/// … until here. Then the connection is opened.
const WARM: TimeDelta = TimeDelta::milliseconds(1500);
/// Requests that are sent before the opening time out by then.
const READY: TimeDelta = TimeDelta::milliseconds(300);
/// A token older than this is updated before the opening: the login cookie may live for 30 minutes only (protocol.md §3).
const TOKEN: TimeDelta = TimeDelta::minutes(15);
/// Interval at which a waiting prebooking checks for cancellation and clock steps.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// A look at the server's clock that is older than this, in seconds, is repeated a minute before the opening.
const LAST_LOOK: f64 = 30.0;
/// If less time than this is left, there is no time for all preparations.
const NEAR: Duration = Duration::from_secs(1);
/// A request by the clock of this machine alone is sent this long after the opening, because it is not repeated: a quartz
/// clock drifts by as much in a quarter of an hour.
const OWN_MARGIN: Duration = Duration::from_millis(50);
/// More threads than this that fire at once share the processors better without spinning.
const SPINNERS: usize = 2;

/// Interval at which a long wait keeps the session alive, for users without `refresh` in cron …
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// … if its token is older than this …
const KEEPALIVE_MIN_TOKEN_AGE: TimeDelta = TimeDelta::minutes(20);
/// … and the opening is further away than this.
const KEEPALIVE_CUTOFF: Duration = Duration::from_secs(3 * 60);
/// The longest wait for a session's lock where there is no opening to wait for.
const LOCK: Duration = Duration::from_secs(5);

impl BookingTask<'_> {
    /// Prepares the first request. Without an opening ahead (overdue, or unknown) only the session.
    pub(super) fn prepare(&mut self, ahead: Option<DateTime<Utc>>) -> Result<(), Abort> {
        self.open_session(ahead)?;
        if ahead.is_some_and(|at| self.is_near(at)) {
            return self.hold_session(Duration::ZERO);
        }
        if let Some(at) = ahead {
            self.look(at, ROUGH);
            self.wait(at, SESSION + TimeDelta::milliseconds(self.stagger))?;
            // The dates that the wait has relied on may have been wrong.
            self.look(at, LAST_LOOK);
            self.wait(at, SESSION)?;
        }
        let end = clock::steady() + self.patience(ahead);
        tolerate(self.live()?.freshen(TOKEN, end))?;
        if let Some(at) = ahead {
            self.wait(at, SESSION)?;
        }
        self.hold_session(self.patience(ahead))
    }

    /// Whether so little time is left that only the class is looked up: every request before the opening makes a late start
    /// later. Meanwhile the clock of this machine counts.
    pub(super) fn is_near(&self, at: DateTime<Utc>) -> bool {
        self.until(at) < NEAR
    }

    /// Looks at the server's clock unless it was measured less than `age` seconds ago. When the opening is near, no longer
    /// than a part of the time that is left.
    pub(super) fn look(&self, at: DateTime<Utc>, age: f64) {
        self.look_within(self.until(at) / 2, age);
    }

    /// How long to wait for the session's lock: half of the time until the opening, or a few seconds after it.
    fn patience(&self, ahead: Option<DateTime<Utc>>) -> Duration {
        match ahead {
            Some(at) => (self.until(at) / 2).min(self.context.sessions.locks.timeout()),
            None => LOCK.min(self.left()),
        }
    }

    /// Keeps other processes from updating the token from now on. If one is updating it, the run goes on without the lock: a
    /// request that meets a logout is repeated after recovery, so it is no reason to miss the opening.
    fn hold_session(&mut self, patience: Duration) -> Result<(), Abort> {
        let end = clock::steady() + patience;
        tolerate(self.live()?.hold_for_firing(end))
    }

    pub(super) fn wait_for_first_look(&mut self, at: DateTime<Utc>) -> Result<(), Abort> {
        self.wait(at, FIRST_LOOK)
    }

    pub(super) fn wait_for_look_up(&mut self, at: DateTime<Utc>) -> Result<(), Abort> {
        // hundreds that open at one instant look up and store what they found one by one
        self.wait(at, LOOK_UP + TimeDelta::milliseconds(self.stagger / 2))
    }

    /// Waits until `lead` before `at`, by the server's clock as far as it is known.
    ///
    /// # Errors
    /// The prebooking was removed or changed, the session has expired, or the server's clock is far behind.
    fn wait(&mut self, at: DateTime<Utc>, lead: TimeDelta) -> Result<(), Abort> {
        loop {
            if self.clock.has_jumped() {
                // the wall clock was stepped or the machine slept: the time left is unknown
                self.look(at, ROUGH);
            }
            if self.tries_own_clock && self.offset() < -BELIEVED_ALONE {
                return Err(Abort::ClockBehind);
            }
            let left = self.until(shifted(at, -lead));
            if left.is_zero() {
                return Ok(());
            }
            self.check_claim()?;
            self.keep_session_alive(at)?;
            clock::pause(self.until(shifted(at, -lead)).min(POLL_INTERVAL));
        }
    }

    /// An opening may be days away, and a login lives for half an hour (protocol.md §3).
    fn keep_session_alive(&mut self, at: DateTime<Utc>) -> Result<(), Abort> {
        if self.until(at) < KEEPALIVE_CUTOFF || clock::steady() < self.next_care {
            return Ok(());
        }
        self.next_care = clock::steady() + KEEPALIVE_INTERVAL;
        // The opening may be further away than when the lock was taken: the clock was measured again, or another opening is
        // waited for. The lock is taken again before the clock is measured for it.
        self.live()?.release_after_firing();
        let end = clock::steady() + LOCK;
        tolerate(self.live()?.freshen(KEEPALIVE_MIN_TOKEN_AGE, end))?;
        // over days two clocks drift apart
        self.look(at, ROUGH);
        Ok(())
    }

    /// Between the look-up and the first request: measures the clock and makes a connection ready. From here on nothing waits
    /// for the store, a lock or a notification.
    pub(super) fn measure_clock(&mut self, at: DateTime<Utc>) -> Result<(), Abort> {
        self.wait(at, MEASURE)?;
        self.hold_session(Duration::ZERO)?;
        let end = clock::steady() + self.until(shifted(at, -WARM));
        self.with_jar(self.until(shifted(at, -READY)), |clock, platform, jar| {
            clock.sharpen(platform, jar, end);
        });
        self.wait(at, WARM)?;
        self.with_jar(self.until(shifted(at, -READY)), HostClock::warm);
        if let Some((_, estimate)) = self.aim_at(at) {
            log::info!(
                "server clock {:+.1} ms from ours, known to {:.1} ms after {} probes, round trip {:.1} ms: aiming {:.1} ms after the opening",
                self.clock.offset().unwrap_or_default() * 1000.0,
                estimate.doubt * 1000.0,
                estimate.samples,
                estimate.round_trip * 1000.0,
                estimate.margin() * 1000.0
            );
        }
        Ok(())
    }

    /// Sleeps until the opening.
    pub(super) fn wait_until_opening(&self, at: DateTime<Utc>) {
        let firing = self.context.firing.fetch_add(1, Ordering::Relaxed);
        match self.aim_at(at) {
            Some((send, _)) => {
                // prebookings of one account and box are requested in the order they were added
                let send = send + Duration::from_micros(150) * self.rank;
                clock::sleep_until(send, firing < SPINNERS && self.rank == 0);
            }
            // without a server clock, this machine's clock is used
            None if self.by_own_clock => {
                clock::sleep_until(clock::steady() + self.until(at) + OWN_MARGIN, false);
            }
            None => clock::sleep_until(clock::steady() + self.until(at), firing < SPINNERS),
        }
        self.context.firing.fetch_sub(1, Ordering::Relaxed);
    }

    fn aim_at(&self, at: DateTime<Utc>) -> Option<(Instant, Estimate)> {
        let aim = || self.clock.aim(unix(at));
        (!self.by_own_clock).then(aim)?
    }
}

/// Ignores an outage or a busy lock, which may be over at the opening.
fn tolerate(result: sessions::Result<()>) -> Result<(), Abort> {
    match result.map_err(Abort::from) {
        Err(Abort::Failed(ExitKind::Unreachable, why)) => {
            log::info!("{why}; going on");
            Ok(())
        }
        other => other,
    }
}
