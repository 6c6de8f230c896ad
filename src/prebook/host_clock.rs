//! The clock of one box's host, measured once and used by every thread that fires there.
//!
//! Measurements refer to the steady clock, so a step of the wall clock does not change them. A suspended machine is noticed
//! because wall and steady clock differ afterwards; then the measurement starts again. Which probes are believed is decided
//! in [`super::server_clock`].

mod samples;

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

pub(super) use samples::ROUGH;
use samples::State;

use super::server_clock::{Estimate, MAX_SAMPLES, Sample, next_probe, seconds_since};
use crate::clock;
use crate::platform::{Jar, Platform};

/// How often a thread that waits for the measurement of another one checks its progress.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The number of probes of a rough look.
const LOOKS: usize = 5;
/// Seconds between two probes while no date is believed.
const APART: f64 = 0.6;
/// A measurement ends after this many probes in a row without a usable answer.
const MAX_FAILURES: usize = 3;

/// Instants further away than this are not computed with.
const MAX_SECONDS: f64 = 1e12;

/// One host's clock.
#[derive(Debug)]
pub(super) struct HostClock {
    host: String,
    base: Instant,
    /// Held during a measurement, network and sleep included, so that one thread measures for all.
    measuring: Mutex<()>,
    /// Held for moments only: threads that are about to fire read it.
    state: Mutex<State>,
}

impl HostClock {
    pub(super) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            base: clock::steady(),
            measuring: Mutex::default(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn steady(&self) -> f64 {
        seconds_since(self.base, clock::steady())
    }

    /// Gets a rough estimate unless there is one that is younger than `age` seconds: with one probe, or with more where the
    /// clocks seem to differ by much. `limit` bounds the time that it takes.
    pub(super) fn look(&self, platform: &Platform, jar: &mut Jar, age: f64, limit: Duration) {
        let is_known = || self.state().is_known(self.steady(), age);
        if is_known() {
            return;
        }
        let end = clock::steady() + limit;
        let turn = self.turn(end).filter(|_| !is_known());
        if turn.is_none() {
            return;
        }
        self.state().begin_anew();
        // one probe does not replace what several have said before
        self.measure(platform, jar, end, LOOKS, |new| {
            self.state().next_witness(new, self.steady())
        });
        self.state().finish(self.steady());
    }

    /// Measures until the estimate is exact, or until `end`. A thread that comes while another one measures waits for its
    /// result, but not beyond its own `end`.
    pub(super) fn sharpen(&self, platform: &Platform, jar: &mut Jar, end: Instant) {
        let Some(_one_for_all) = self.turn(end) else {
            return;
        };
        self.state().begin(self.steady());
        let last = seconds_since(self.base, end);
        self.measure(platform, jar, end, MAX_SAMPLES, |known| {
            let next = next_probe(known, self.steady());
            let has_time = next + 2.0 * known.round_trip <= last;
            (has_time && !known.is_sharp()).then_some(next)
        });
        self.state().finish(self.steady());
    }

    /// Sends probes until there are `most`, or until `end`: while no date is believed at intervals, then at the instants that
    /// `next` names, until it names none.
    fn measure(
        &self,
        platform: &Platform,
        jar: &mut Jar,
        end: Instant,
        most: usize,
        next: impl Fn(&Estimate) -> Option<f64>,
    ) {
        let mut failures = 0;
        while failures < MAX_FAILURES {
            let (known, probes, sent) = self.state().under_way();
            let at = match known {
                _ if probes >= most => None,
                Some(known) => next(&known),
                None => Some(sent.map_or(0.0, |sent| sent + APART)),
            };
            let at = at.map(|at| self.base + seconds(at));
            let Some(at) = at.filter(|at| *at <= end && clock::steady() <= end) else {
                return;
            };
            clock::sleep_until(at, false);
            failures = match self.ask(platform, jar) {
                Some((sample, stamp)) => {
                    self.state().take(self.steady(), sample, stamp);
                    0
                }
                None => failures + 1,
            };
        }
    }

    /// The right to measure, unless another thread has it until `end`.
    fn turn(&self, end: Instant) -> Option<MutexGuard<'_, ()>> {
        loop {
            match self.measuring.try_lock() {
                Ok(turn) => return Some(turn),
                Err(TryLockError::Poisoned(turn)) => return Some(turn.into_inner()),
                Err(TryLockError::WouldBlock) if clock::steady() + POLL_INTERVAL < end => {
                    clock::nap(POLL_INTERVAL);
                }
                Err(TryLockError::WouldBlock) => return None,
            }
        }
    }

    /// Makes a connection ready, with a probe that counts if nothing is known. Threads do this side by side, because each needs a
    /// connection of its own.
    pub(super) fn warm(&self, platform: &Platform, jar: &mut Jar) {
        let Some((sample, stamp)) = self.ask(platform, jar) else {
            return;
        };
        let (mut state, now) = (self.state(), self.steady());
        if state.known(now, ROUGH).is_none() {
            state.begin_anew();
            state.take(now, sample, stamp);
            state.finish(now);
        }
    }

    /// Whether the wall clock was stepped, or the machine suspended, since the server's clock was measured.
    pub(super) fn has_jumped(&self) -> bool {
        self.state().has_jumped(self.steady())
    }

    fn ask(&self, platform: &Platform, jar: &mut Jar) -> Option<(Sample, i64)> {
        let sent = self.steady();
        let probe = match platform.probe(jar, &self.host) {
            Ok(probe) => probe,
            Err(e) => {
                log::debug!("clock probe: {e}");
                return None;
            }
        };
        let stamp = probe.date.filter(|_| probe.age.unwrap_or_default() == 0)?;
        let trip = probe
            .received
            .duration_since(probe.sent)
            .ok()?
            .as_secs_f64();
        Some((
            Sample {
                sent,
                received: sent + trip,
                stamp: 0.0,
            },
            stamp,
        ))
    }

    /// When to send so that the request arrives just after `opening` (unix seconds), and what is known about the server's clock.
    /// `None`: the clock of this machine has to do.
    pub(super) fn aim(&self, opening: f64) -> Option<(Instant, Estimate)> {
        let state = self.state();
        let estimate = state.known(self.steady(), ROUGH)?;
        let send = estimate.send_at(opening - state.second());
        Some((self.base + seconds(send), estimate))
    }

    /// What the server's clock shows when a request sent at `sent` arrives, as unix seconds.
    pub(super) fn arrival(&self, sent: Instant) -> Option<f64> {
        let state = self.state();
        let lead = state.last_known()?.best_lead();
        Some(state.second() + seconds_since(self.base, sent) + lead)
    }

    /// Server minus this machine's wall clock, in seconds: the way there is half the round trip.
    pub(super) fn offset(&self) -> Option<f64> {
        let state = self.state();
        let known = state.last_known()?;
        let way = known.round_trip / 2.0;
        let there = state.second() + self.steady() + known.best_lead() - way;
        Some(there - clock::unix_seconds())
    }
}

/// Seconds since the base, from none to as many as an instant can be away.
fn seconds(at: f64) -> Duration {
    Duration::try_from_secs_f64(at.min(MAX_SECONDS)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
