//! The probes of one host, and when they are too old or spoiled. Neither sends requests nor waits.
//!
//! A new measurement is made beside the current one, which stays in use until the new one is better: other threads may be
//! about to fire by it.

use super::super::server_clock::{Estimate, Sample, WITNESSES, estimate};
use super::{APART, LOOKS};
use crate::clock;

/// Older probes are not exact any more: quartz clocks drift by some 50 µs a second.
const STALE: f64 = 45.0;
const DRIFT: f64 = 0.000_05;
/// A rough offset is good for this many seconds.
pub(in super::super) const ROUGH: f64 = 600.0;
/// Wall and steady clock differ by more than this: a step, or a suspended machine.
const STEP: f64 = 0.2;

/// Probes that were made together.
#[derive(Debug, Default)]
struct Measurement {
    samples: Vec<Sample>,
    /// wall minus steady clock at the first of them
    parting: f64,
    /// the lead before a step of the wall clock, which the steady clock does not follow
    earlier_lead: Option<f64>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// in use
    current: Measurement,
    /// under way, to replace the current one
    next: Option<Measurement>,
    /// the unix second that stamps count from
    second: Option<i64>,
    /// when the last measurement ended
    measured_at: Option<f64>,
}

/// Measurements that found nothing to believe are not repeated sooner than this.
const AGAIN: f64 = 5.0;

impl Measurement {
    /// Whether wall and steady clock still go together as when the samples were taken.
    fn agrees(&self, now: f64) -> bool {
        (parting(now) - self.parting).abs() < STEP
    }

    fn is_usable(&self, now: f64, age: f64) -> bool {
        let last = self.samples.last();
        last.is_some_and(|last| now - last.received < age) && self.agrees(now)
    }

    /// Adds a sample. A jump of a clock makes the earlier ones worthless.
    fn add(&mut self, now: f64, sample: Sample, second: f64) {
        if !self.agrees(now) {
            let earlier = self.estimate(second).map(|known| known.lead);
            self.earlier_lead = earlier.or(self.earlier_lead);
            self.samples.clear();
        }
        if self.samples.is_empty() {
            self.parting = parting(now);
        }
        self.samples.push(sample);
    }

    fn estimate(&self, second: f64) -> Option<Estimate> {
        estimate(&self.samples, self.parting - second, self.earlier_lead)
    }
}

impl State {
    /// The unix second that estimates count from.
    pub(super) fn second(&self) -> f64 {
        to_f64(self.second.unwrap_or_default())
    }

    /// What is known. `None`: nothing, or nothing that is believed, or it is older than `age`, or a clock has jumped.
    pub(super) fn known(&self, now: f64, age: f64) -> Option<Estimate> {
        let usable = self.current.is_usable(now, age);
        usable.then(|| self.last_known())?
    }

    /// Whether another measurement is not worth it yet.
    pub(super) fn is_known(&self, now: f64, age: f64) -> bool {
        let recent = |at: f64| now - at < AGAIN;
        self.known(now, age).is_some()
            || (self.measured_at.is_some_and(recent) && !self.has_jumped(now))
    }

    /// The same as [`Self::known`], however old.
    pub(super) fn last_known(&self) -> Option<Estimate> {
        self.current.estimate(self.second())
    }

    /// Whether the wall clock was stepped, or the machine suspended, since the last probe.
    pub(super) fn has_jumped(&self, now: f64) -> bool {
        !self.current.samples.is_empty() && !self.current.agrees(now)
    }

    /// Begins a new measurement if the current one is not exact any more; otherwise continues it.
    pub(super) fn begin(&mut self, now: f64) {
        if !self.current.is_usable(now, STALE) {
            self.begin_anew();
        }
    }

    /// Begins a new measurement.
    pub(super) fn begin_anew(&mut self) {
        let earlier = self.last_known().map(|known| known.lead);
        self.next = Some(Measurement {
            earlier_lead: earlier.or(self.current.earlier_lead),
            ..Measurement::default()
        });
    }

    /// Uses the new measurement if it is better than what the current one has become, or proves it wrong.
    pub(super) fn finish(&mut self, now: f64) {
        let Some(next) = self.next.take() else {
            return;
        };
        let new = next.estimate(self.second());
        // dates of which none is believed say nothing if there was no time for more
        if new.is_some() || !(1..LOOKS).contains(&next.samples.len()) {
            self.measured_at = Some(now);
        }
        let Some(new) = new else {
            // Dates that are not believed say at least that the current measurement is over.
            if !self.current.is_usable(now, ROUGH) && !next.samples.is_empty() {
                self.current = next;
            }
            return;
        };
        let age = self
            .current
            .samples
            .last()
            .map_or(0.0, |last| now - last.received);
        let replaces = self.known(now, ROUGH).is_none_or(|old| {
            let is_refuted = new.votes >= WITNESSES && contradict(&old, &new);
            is_refuted || new.doubt < old.doubt + age * DRIFT
        });
        if replaces {
            self.current = next;
        }
    }

    /// When to send the next probe of a rough look that contradicts the current measurement, until enough probes refute it.
    pub(super) fn next_witness(&self, new: &Estimate, now: f64) -> Option<f64> {
        let old = self.known(now, ROUGH)?;
        let (_, _, sent) = self.under_way();
        (new.votes < WITNESSES && contradict(&old, new)).then_some(sent? + APART)
    }

    /// Of the measurement under way: what it has found so far, the number of its probes, and when the last one was sent.
    pub(super) fn under_way(&self) -> (Option<Estimate>, usize, Option<f64>) {
        let measuring = self.next.as_ref().unwrap_or(&self.current);
        let samples = &measuring.samples;
        let sent = samples.last().map(|last| last.sent);
        (measuring.estimate(self.second()), samples.len(), sent)
    }

    pub(super) fn take(&mut self, now: f64, sample: Sample, stamp: i64) {
        let sample = self.relative(sample, stamp);
        let second = self.second();
        let measuring = self.next.as_mut().unwrap_or(&mut self.current);
        measuring.add(now, sample, second);
    }

    fn relative(&mut self, mut sample: Sample, stamp: i64) -> Sample {
        let second = *self.second.get_or_insert(stamp);
        sample.stamp = to_f64(stamp - second);
        sample
    }
}

/// Whether two estimates cannot both be right.
fn contradict(one: &Estimate, other: &Estimate) -> bool {
    (one.lead - other.lead).abs() > one.doubt + other.doubt + STEP
}

/// Wall minus steady clock.
fn parting(steady: f64) -> f64 {
    clock::unix_seconds() - steady
}

/// Unix seconds fit a double.
#[allow(clippy::cast_precision_loss)]
fn to_f64(seconds: i64) -> f64 {
    seconds as f64
}
