//! One box host's clock, measured once and used by everything that fires there.
//!
//! Measurements hang on the steady clock, so a stepped wall clock cannot spoil them. A machine
//! that was suspended is noticed (wall and steady clock part), and so is a probe that contradicts
//! what was measured: both make the measurement start again.

mod samples;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use samples::{ROUGH, State, to_f64};

use super::server_clock::{Estimate, Sample, estimate, next_probe, seconds_since};
use crate::clock;
use crate::platform::{Jar, Platform};

/// How often a thread that waits for another's measurement looks how far it is.
const PEEK_INTERVAL: Duration = Duration::from_millis(20);
/// For a rough idea nobody waits longer than this.
const LOOK: Duration = Duration::from_secs(5);

/// The clocks of all hosts of a run.
#[derive(Debug, Default)]
pub(super) struct Clocks(Mutex<HashMap<String, Arc<HostClock>>>);

/// One host's clock.
#[derive(Debug)]
pub(super) struct HostClock {
    host: String,
    base: Instant,
    /// held while measuring: over network and sleep, so that one thread does it for all
    measuring: Mutex<()>,
    /// held for moments only: whoever is about to fire reads it
    state: Mutex<State>,
}

/// When to send, and what is known about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim {
    pub send: Instant,
    pub estimate: Estimate,
}

impl Clocks {
    pub(super) fn of(&self, host: &str) -> Arc<HostClock> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            Arc::new(HostClock {
                host: host.to_owned(),
                base: clock::steady(),
                measuring: Mutex::default(),
                state: Mutex::default(),
            })
        };
        Arc::clone(all.entry(host.to_owned()).or_insert_with(made))
    }
}

impl HostClock {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn steady(&self) -> f64 {
        seconds_since(self.base, clock::steady())
    }

    /// Have at least a rough idea of the server's clock, with one probe if need be.
    pub(super) fn look(&self, platform: &Platform, jar: &mut Jar) {
        if self.known(true).is_some() {
            return;
        }
        let turn = self.turn(clock::steady() + LOOK);
        if turn.is_some() && self.known(true).is_none() {
            self.state().samples.clear();
            self.probe(platform, jar);
        }
    }

    /// Measure until sharp, or until `end`. Whoever comes while another thread measures waits and
    /// uses its result, but not beyond its own `end`. What was measured before stays in force
    /// meanwhile: others may be about to fire by it.
    pub(super) fn sharpen(&self, platform: &Platform, jar: &mut Jar, end: Instant) {
        let Some(_one_for_all) = self.turn(end) else {
            return;
        };
        self.state().begin(self.steady());
        self.measure(platform, jar, seconds_since(self.base, end));
        self.state().finish(self.steady());
    }

    fn measure(&self, platform: &Platform, jar: &mut Jar, end: f64) {
        let mut in_vain = 0;
        while in_vain < 3 {
            let now = self.steady();
            let known = estimate(self.state().measured());
            let next = match known {
                None => now,
                Some(known) if known.is_sharp() => return,
                Some(known) if next_probe(&known, now) + 2.0 * known.round_trip > end => return,
                Some(known) => next_probe(&known, now),
            };
            if now > end {
                return;
            }
            clock::sleep_until(self.base + Duration::from_secs_f64(next.max(0.0)), false);
            in_vain = if self.probe(platform, jar) {
                0
            } else {
                in_vain + 1
            };
        }
    }

    /// The right to measure, unless another thread has it until `end`.
    fn turn(&self, end: Instant) -> Option<MutexGuard<'_, ()>> {
        loop {
            match self.measuring.try_lock() {
                Ok(turn) => return Some(turn),
                Err(TryLockError::Poisoned(turn)) => return Some(turn.into_inner()),
                Err(TryLockError::WouldBlock) if clock::steady() + PEEK_INTERVAL < end => {
                    clock::nap(PEEK_INTERVAL);
                }
                Err(TryLockError::WouldBlock) => return None,
            }
        }
    }

    /// Warm a connection, and see whether the server still agrees with what was measured. Runs
    /// beside the others: each needs a connection of its own. Its round trip holds the making of
    /// that connection, so it says nothing sharp.
    pub(super) fn warm(&self, platform: &Platform, jar: &mut Jar) {
        if let Some((sample, stamp)) = self.ask(platform, jar) {
            self.state().check(self.steady(), sample, stamp);
        }
    }

    /// `false`: no answer, or none that tells the time.
    fn probe(&self, platform: &Platform, jar: &mut Jar) -> bool {
        match self.ask(platform, jar) {
            Some((sample, stamp)) => {
                self.state().take(self.steady(), sample, stamp);
                true
            }
            None => false,
        }
    }

    /// Was the wall clock stepped, or the machine suspended, since the server's clock was looked at?
    pub(super) fn has_jumped(&self) -> bool {
        let state = self.state();
        !state.samples.is_empty() && !state.agrees(self.steady())
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

    /// When to send so that the request arrives just after `opening` (unix seconds).
    pub(super) fn aim(&self, opening: f64) -> Option<Aim> {
        let (second, estimate) = self.known(true)?;
        let send = opening - second - estimate.lead + estimate.margin();
        let send = Duration::try_from_secs_f64(send).unwrap_or_default();
        Some(Aim {
            send: self.base + send,
            estimate,
        })
    }

    /// What the server's clock shows when a request sent at `sent` arrives, as unix seconds.
    pub(super) fn arrival(&self, sent: Instant) -> Option<f64> {
        let (second, estimate) = self.known(false)?;
        Some(second + seconds_since(self.base, sent) + estimate.lead)
    }

    /// Server minus this machine's wall clock, in seconds: half the round trip is the way there.
    pub(super) fn offset(&self) -> Option<f64> {
        let (second, estimate) = self.known(false)?;
        let way = estimate.round_trip / 2.0;
        let there = second + self.steady() + estimate.lead - way;
        Some(there - clock::unix_seconds())
    }

    /// What was measured: the second that it counts from, and the estimate. `usable`: and it is
    /// neither old nor spoilt by a jump of a clock.
    fn known(&self, usable: bool) -> Option<(f64, Estimate)> {
        let (second, samples) = {
            let state = self.state();
            if usable && !state.is_usable(self.steady(), ROUGH) {
                return None;
            }
            (to_f64(state.second), state.samples.clone())
        };
        Some((second, estimate(&samples)?))
    }
}

#[cfg(test)]
mod tests;
