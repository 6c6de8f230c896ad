//! Waiting for the instant, and being ready when it comes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::fire::{Job, Stop};
use crate::clock;
use crate::exit::Kind;

/// Session fresh and held from here on.
const SESSION: TimeDelta = TimeDelta::seconds(60);
/// The class is looked up again.
const LOOK_UP: TimeDelta = TimeDelta::seconds(25);
/// The server's clock is measured from here on …
const MEASURE: TimeDelta = TimeDelta::seconds(16);
/// … until here: then the connection is warmed.
const WARM: TimeDelta = TimeDelta::milliseconds(1500);
/// Whatever was begun before the opening has ended by then, answered or not.
const READY: TimeDelta = TimeDelta::milliseconds(300);
/// A token older than this is updated before firing: the login cookie may live for 30 minutes
/// only (protocol.md §3).
const TOKEN: TimeDelta = TimeDelta::minutes(15);
/// How long a waiting prebooking sleeps before it looks whether it was removed.
const NAP: Duration = Duration::from_secs(5);
/// More threads than this that fire at once share the processors better without spinning.
const SPINNERS: usize = 2;

impl Job<'_> {
    /// Wait until `lead` before `at`, by the server's clock as far as it is known. `Stop` when the
    /// prebooking was removed meanwhile.
    fn wait(&self, at: DateTime<Utc>, lead: TimeDelta) -> Result<(), Stop> {
        loop {
            let offset = self.clock.offset().unwrap_or_default();
            #[allow(clippy::cast_precision_loss)] // milliseconds since 1970 fit a double
            let goal = (at - lead).timestamp_millis() as f64 / 1000.0;
            let left = goal - offset - clock::unix_seconds();
            if left <= 0.0 {
                return Ok(());
            }
            if !self.is_ours() {
                return Err(Stop::Removed);
            }
            clock::pause(Duration::from_secs_f64(left).min(NAP));
        }
    }

    /// Everything before the shot. Without an instant (overdue, or unknown) only the session.
    pub(super) fn approach(&mut self, at: Option<DateTime<Utc>>) -> Result<(), Stop> {
        self.open_session_until(at)?;
        if let Some(at) = at {
            self.with_jar(Duration::from_secs(5), super::host_clock::HostClock::look);
            self.wait(at, SESSION + TimeDelta::milliseconds(self.stagger))?;
        }
        self.live()?.freshen(TOKEN)?;
        if let Some(at) = at {
            self.wait(at, SESSION)?;
        }
        self.live()?.hold_for_firing()?;
        Ok(())
    }

    /// Open the session. An outage long before the opening is no reason to give up: it is tried
    /// again, now and then at first, often when the opening is near.
    fn open_session_until(&mut self, at: Option<DateTime<Utc>>) -> Result<(), Stop> {
        loop {
            let failed = match self.open_session() {
                Err(Stop::Trouble(Kind::Unreachable, why)) => Stop::Trouble(Kind::Unreachable, why),
                done => return done,
            };
            let left = at.map_or(Duration::ZERO, |at| self.until(at));
            if left.is_zero() {
                return Err(failed);
            }
            if !self.is_ours() {
                return Err(Stop::Removed);
            }
            log::info!("no session yet; trying again before the opening");
            clock::pause((left / 4).clamp(Duration::from_secs(1), Duration::from_secs(60)));
        }
    }

    /// Between the look-up and the shot: the clock measured, the connection warm.
    pub(super) fn take_aim(&mut self, at: DateTime<Utc>) -> Result<(), Stop> {
        self.wait(at, MEASURE)?;
        let end = clock::steady() + self.until(at - WARM);
        self.with_jar(self.until(at - READY), |clock, platform, jar| {
            clock.sharpen(platform, jar, end);
        });
        self.wait(at, WARM)?;
        self.with_jar(self.until(at - READY), super::host_clock::HostClock::warm);
        if let Some(aim) = self.aim_at(at) {
            log::info!(
                "server clock {:+.1} ms from ours, known to {:.1} ms after {} probes, round trip {:.1} ms: aiming {:.1} ms after the opening",
                self.clock.offset().unwrap_or_default() * 1000.0,
                aim.estimate.doubt * 1000.0,
                aim.estimate.samples,
                aim.estimate.round_trip * 1000.0,
                aim.estimate.margin() * 1000.0
            );
        }
        Ok(())
    }

    /// Sleep to the instant and return at it.
    pub(super) fn hold_breath(&self, at: DateTime<Utc>) {
        let firing = self.run.firing.fetch_add(1, Ordering::Relaxed);
        let send = self.aim_at(at).map(|aim| aim.send);
        match send {
            Some(send) => {
                // those of one account and box go in the order they were made
                let send = send + Duration::from_micros(150) * self.rank;
                clock::sleep_until(send, firing < SPINNERS && self.rank == 0);
            }
            // a server that tells no time: this machine's clock has to do
            None => clock::sleep_until(clock::steady() + self.until(at), firing < SPINNERS),
        }
        self.run.firing.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn wait_for_look_up(&self, at: DateTime<Utc>) -> Result<(), Stop> {
        self.wait(at, LOOK_UP)
    }

    fn aim_at(&self, at: DateTime<Utc>) -> Option<super::host_clock::Aim> {
        self.clock.aim(super::fire::unix(at))
    }

    /// How long until an instant of the server's clock.
    pub(super) fn until(&self, at: DateTime<Utc>) -> Duration {
        let offset = self.clock.offset().unwrap_or_default();
        Duration::try_from_secs_f64(super::fire::unix(at) - offset - clock::unix_seconds())
            .unwrap_or_default()
    }
}
