//! The server's clock, read from `Date` headers (whole seconds) of cheap requests.
//!
//! What firing needs is one number, the *lead*: what the server's clock shows when a request
//! arrives, minus our steady clock when it was sent. It holds the clocks' difference and the way
//! there together, so neither has to be known by itself. A probe sent at `t` that comes back with
//! the stamp `S` says `S ≤ t + lead < S + 1`; the next probe is sent so that its stamp flips in
//! the middle of what is still possible, which halves it (ecosystem.md §4).
//!
//! Requests do not all take the same time. The lead is that of a usual one, with the median round
//! trip. Of a probe that took longer or shorter nobody knows whether the way there or the way back
//! was to blame, so it is believed for anything between. A request arrives early by as much as the
//! quickest trips are quicker than the usual one: that goes into the margin, and early arrivals stay
//! rare whatever the network does.

use std::time::Instant;

/// One probe, in seconds of the steady clock since some base, and the stamp since some second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub sent: f64,
    pub received: f64,
    pub stamp: f64,
}

/// What the probes say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    /// seconds, as in the module's text
    pub lead: f64,
    /// half the width of what is still possible, in seconds
    pub doubt: f64,
    /// how much round trips differ, in seconds
    pub spread: f64,
    /// by how much the quickest one is quicker than the usual one, in seconds
    pub haste: f64,
    /// the median round trip, in seconds
    pub round_trip: f64,
    pub samples: usize,
}

/// A margin beyond this would lose the place that it is there to win.
const WIDEST_MARGIN: f64 = 0.25;
/// What the scheduler and the client's own thread may add.
const OWN_NOISE: f64 = 0.000_4;
/// The quickest of some round trips is not the quickest there is. In simulations with noise of
/// several kinds, on either way or both, this keeps early arrivals under 1 in 100.
const QUICKER_STILL: f64 = 1.2;
/// An early request costs a round trip, so the margin grows with it: by 1 ms where that takes 160.
const PRICE_OF_EARLY: f64 = 0.006;

impl Estimate {
    /// How long after the opening a request should be aimed to arrive, in seconds.
    pub(super) fn margin(&self) -> f64 {
        let price = PRICE_OF_EARLY * self.round_trip;
        (self.doubt + QUICKER_STILL * self.haste + OWN_NOISE + price).min(WIDEST_MARGIN)
    }

    /// Sharp enough that further probes bring nothing.
    pub(super) fn is_sharp(&self) -> bool {
        self.doubt < 0.000_6
            || (self.samples >= 10 && self.doubt < 0.15 * self.haste)
            || self.samples >= 16
    }
}

/// What these probes say together. `None` without probes.
pub(super) fn estimate(samples: &[Sample]) -> Option<Estimate> {
    let mut trips: Vec<f64> = samples.iter().map(|s| s.received - s.sent).collect();
    trips.sort_by(f64::total_cmp);
    let median = *trips.get(trips.len() / 2)?;
    let bounds: Vec<(f64, f64)> = samples
        .iter()
        .map(|s| {
            let (low, high) = (s.stamp - s.sent, s.stamp + 1.0 - s.sent);
            let stray = (s.received - s.sent) - median;
            (low - stray.max(0.0), high - stray.min(0.0))
        })
        .collect();
    let (low, high) = densest(&bounds);
    Some(Estimate {
        lead: f64::midpoint(low, high),
        doubt: (high - low) / 2.0,
        spread: spread(&trips),
        haste: median - trips.first().unwrap_or(&median),
        round_trip: median,
        samples: samples.len(),
    })
}

/// The range on which most probes agree: noise makes a few of them contradict each other.
fn densest(bounds: &[(f64, f64)]) -> (f64, f64) {
    let agreeing = |at: f64| {
        bounds
            .iter()
            .filter(|(low, high)| *low <= at && at <= *high)
            .count()
    };
    let mut edges: Vec<f64> = bounds
        .iter()
        .flat_map(|(low, high)| [*low, *high])
        .collect();
    edges.sort_by(f64::total_cmp);
    let ranges = edges
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|(low, high)| low < high);
    let counted: Vec<(usize, (f64, f64))> = ranges
        .map(|r| (agreeing(f64::midpoint(r.0, r.1)), r))
        .collect();
    let most = counted.iter().map(|(n, _)| *n).max().unwrap_or_default();
    let mut best = counted
        .iter()
        .filter(|(n, _)| *n == most)
        .map(|(_, range)| *range);
    let first = best.next().unwrap_or_default();
    best.fold(first, |all, next| (all.0.min(next.0), all.1.max(next.1)))
}

/// The round trips' spread, without the strangest one at each end when there are enough.
fn spread(sorted: &[f64]) -> f64 {
    let cut = usize::from(sorted.len() >= 6);
    let kept = sorted.get(cut..sorted.len() - cut).unwrap_or(sorted);
    match (kept.first(), kept.last()) {
        (Some(least), Some(most)) => most - least,
        _ => 0.0,
    }
}

/// When to send the next probe, in steady seconds, not before `now`: so that it arrives as the
/// server's second flips, by the middle of what is possible.
pub(super) fn next_probe(known: &Estimate, now: f64) -> f64 {
    (now + known.lead).ceil() - known.lead
}

/// The steady clock as seconds since `base`.
pub(super) fn seconds_since(base: Instant, at: Instant) -> f64 {
    at.saturating_duration_since(base).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server whose clock is `lead` ahead, seen through a path with some noise.
    fn probe(sent: f64, lead: f64, way: f64, noise: f64) -> Sample {
        Sample {
            sent,
            received: sent + way + noise,
            stamp: (sent + lead + noise).floor(),
        }
    }

    fn measure(lead: f64, way: f64, noise: impl Fn(usize) -> f64, probes: usize) -> Estimate {
        let mut samples = vec![probe(0.0, lead, way, noise(0))];
        for n in 1..probes {
            let known = estimate(&samples).unwrap();
            let last = samples.last().unwrap().received;
            samples.push(probe(next_probe(&known, last), lead, way, noise(n)));
        }
        estimate(&samples).unwrap()
    }

    #[test]
    fn ten_probes_find_the_lead_to_a_millisecond() {
        for lead in [0.0, 0.5, -2.2, 2.7, 1_234.567_89, -0.000_1] {
            let found = measure(lead, 0.03, |_| 0.0, 12);
            assert!((found.lead - lead).abs() <= 0.001, "lead {lead}: {found:?}");
            assert!(found.doubt < 0.001 && found.margin() < 0.002, "{found:?}");
        }
    }

    #[test]
    fn noise_widens_the_margin_and_does_not_fool_it() {
        // ± 10 ms of noise in a fixed shuffled order
        let noise = |n: usize| f64::from(u32::try_from((n * 7919) % 21).unwrap()) / 1000.0 - 0.010;
        for lead in [0.04, 3.31, -7.77] {
            let found = measure(lead, 0.04, noise, 14);
            assert!((found.lead - lead).abs() <= 0.010, "lead {lead}: {found:?}");
            assert!(
                found.margin() >= 0.008 && found.margin() <= 0.030,
                "{found:?}"
            );
        }
    }

    /// Uniform noise of so many milliseconds around nothing, on the way there and the way back.
    fn share_of_early_arrivals(there: f64, back: f64) -> f64 {
        let mut random = fastrand::Rng::with_seed(7);
        let mut noise = |most: f64| (random.f64() * 2.0 - 1.0) * most / 1000.0;
        let (measurements, shots) = (150, 20);
        let mut early = 0;
        for n in 0..measurements {
            let lead = f64::from(n) * 0.37;
            let mut samples: Vec<Sample> = Vec::new();
            while !estimate(&samples).is_some_and(|known| known.is_sharp()) {
                let last = samples.last().map_or(0.0, |last| last.received);
                let sent = estimate(&samples).map_or(last, |known| next_probe(&known, last));
                let (there, back) = (noise(there), noise(back));
                let mut sample = probe(sent, lead, 0.08, there);
                sample.received += back;
                samples.push(sample);
            }
            let found = estimate(&samples).unwrap();
            assert!(found.margin() < 0.030, "{found:?}");
            for _ in 0..shots {
                early += u32::from(found.margin() - found.lead + lead + noise(there) < 0.0);
            }
        }
        f64::from(early) / f64::from(measurements * shots)
    }

    #[test]
    fn early_arrivals_are_rare_on_whichever_way_the_noise_is() {
        for (there, back) in [(10.0, 0.0), (5.0, 5.0), (0.0, 10.0), (0.2, 0.2)] {
            let share = share_of_early_arrivals(there, back);
            assert!(share < 0.01, "±{there} ms there, ±{back} ms back: {share}");
        }
    }

    #[test]
    fn contradictions_are_outvoted() {
        let mut samples: Vec<Sample> = (0..8)
            .map(|n| probe(f64::from(n) * 1.1, 5.25, 0.001, 0.0))
            .collect();
        samples.push(Sample {
            sent: 9.0,
            received: 9.001,
            stamp: 3.0,
        });
        let found = estimate(&samples).unwrap();
        assert!((found.lead - 5.25).abs() <= found.doubt, "{found:?}");
    }

    #[test]
    fn no_probes_no_estimate() {
        assert_eq!(estimate(&[]), None);
    }
}
