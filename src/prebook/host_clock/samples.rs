//! The probes that count, when they are too old, and what spoils them.
//!
//! A new measurement is made beside the old one, which stays in force until the new one is better:
//! others may be about to fire by it. Must not ask the server, nor wait.

use super::super::server_clock::{Sample, estimate};
use crate::clock;

/// Older probes say nothing sharp any more: quartz strays by some 50 µs a second.
const STALE: f64 = 45.0;
const DRIFT: f64 = 0.000_05;
/// A rough idea of the offset is good for so long.
pub(super) const ROUGH: f64 = 600.0;
/// Wall and steady clock part by more than this: a step, or a suspended machine.
const STEP: f64 = 0.2;

#[derive(Debug, Default)]
pub(super) struct State {
    /// what is in force
    pub(super) samples: Vec<Sample>,
    /// a measurement under way that is to replace them
    anew: Option<Vec<Sample>>,
    /// the unix second that stamps count from
    pub(super) second: i64,
    /// wall minus steady clock when the first of the samples was taken
    parting: f64,
}

impl State {
    pub(super) fn is_usable(&self, now: f64, age: f64) -> bool {
        let young = self
            .samples
            .last()
            .is_some_and(|last| now - last.received < age);
        young && self.agrees(now)
    }

    /// Do wall and steady clock still go together as when the samples were taken?
    pub(super) fn agrees(&self, now: f64) -> bool {
        (parting(now) - self.parting).abs() < STEP
    }

    /// Measure anew when what is in force is too old; otherwise go on with it.
    pub(super) fn begin(&mut self, now: f64) {
        if !self.is_usable(now, ROUGH) {
            self.samples.clear();
        } else if !self.is_usable(now, STALE) {
            self.anew = Some(Vec::new());
        }
    }

    /// The new measurement comes into force if it is better than the old one has become.
    pub(super) fn finish(&mut self, now: f64) {
        let Some(anew) = self.anew.take() else {
            return;
        };
        let age = self.samples.last().map_or(0.0, |last| now - last.received);
        let doubt = |samples: &[Sample]| estimate(samples).map_or(f64::MAX, |known| known.doubt);
        if doubt(&anew) < doubt(&self.samples) + age * DRIFT {
            self.samples = anew;
        }
    }

    /// What the measurement under way has found so far.
    pub(super) fn measured(&self) -> &[Sample] {
        self.anew.as_ref().unwrap_or(&self.samples)
    }

    pub(super) fn take(&mut self, now: f64, mut sample: Sample, stamp: i64) {
        self.doubt_what_contradicts(now, &sample, stamp);
        if self.samples.is_empty() {
            self.second = stamp;
            self.parting = parting(now);
        }
        sample.stamp = to_f64(stamp - self.second);
        self.anew.as_mut().unwrap_or(&mut self.samples).push(sample);
    }

    /// Keep a sample only if nothing is known.
    pub(super) fn check(&mut self, now: f64, sample: Sample, stamp: i64) {
        self.doubt_what_contradicts(now, &sample, stamp);
        if self.samples.is_empty() {
            self.take(now, sample, stamp);
        }
    }

    fn doubt_what_contradicts(&mut self, now: f64, sample: &Sample, stamp: i64) {
        // the wall clock was stepped, or the machine slept: only a slept machine spoils the
        // steady clock, but which it was nobody tells
        let mut spoilt = !self.agrees(now);
        if let Some(known) = estimate(&self.samples) {
            let expected = sample.sent + known.lead;
            // a new connection takes round trips of its own before the request leaves
            let slow = (sample.received - sample.sent - known.round_trip).max(0.0);
            let stamp = to_f64(stamp - self.second);
            let slack = STEP + known.doubt;
            if expected + slow < stamp - slack || expected > stamp + 1.0 + slack + known.spread {
                log::info!("the server's clock is not where it was measured; measuring again");
                spoilt = true;
            }
        }
        if spoilt {
            self.samples.clear();
            self.anew = None;
        }
    }
}

/// Wall minus steady clock.
fn parting(steady: f64) -> f64 {
    clock::unix_seconds() - steady
}

/// Unix seconds fit a double with room to spare.
#[allow(clippy::cast_precision_loss)]
pub(super) fn to_f64(seconds: i64) -> f64 {
    seconds as f64
}
