//! Estimates the server's clock from the `Date` headers of small requests. Pure: the samples are arguments.
//!
//! `Date` has whole seconds, and a request takes time to arrive. Both are covered by one number, the *lead*: what the
//! server's clock shows when a request arrives, minus the steady clock of this machine when the request was sent. A probe
//! sent at `t` that is answered with the date `S` says `S ≤ t + lead < S + 1`. The next probe is sent so that its date
//! changes in the middle of the range that is still possible, which halves the range.
//!
//! # Round trips
//!
//! The lead is that of a request with the median round trip. Where a probe took longer or shorter, the difference may have
//! been on the way there or on the way back, so its range is widened by the difference. Requests faster than the median
//! arrive early; the margin covers them.
//!
//! # Wrong dates
//!
//! A front server, a cache or a wrong clock may answer with a wrong date, once or always. The range on which most probes
//! agree is used. An offset of more than [`BELIEVED`] seconds from the clock of this machine is believed only when
//! [`WITNESSES`] probes agree that were sent more than a second apart: a cached date does not move on. Until then the clock
//! of this machine counts.

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
    /// the lead if the server's clock shows the same as the clock of this machine
    pub own_lead: f64,
    /// half the width of the possible range, in seconds
    pub doubt: f64,
    /// the median round trip minus the shortest one, in seconds
    pub haste: f64,
    /// the median round trip, in seconds
    pub round_trip: f64,
    pub samples: usize,
    /// the number of samples that agree on the range
    pub votes: usize,
}

/// Clocks that differ by at most this, in seconds, are believed after one probe.
const BELIEVED: f64 = 2.0;
/// A larger offset is believed when this many probes agree.
pub(super) const WITNESSES: usize = 3;
/// … that were sent so far apart, in seconds, that their dates cannot be the same one.
const TICK: f64 = 1.1;
/// Ranges of equal support that are further apart than this, in seconds, are not merged.
const MERGED: f64 = 1.0;
/// A margin beyond this would lose the place that it is there to win.
const WIDEST_MARGIN: f64 = 0.25;
/// The delay that the scheduler and the thread itself may add.
const OWN_NOISE: f64 = 0.000_4;
/// The shortest of the measured round trips is not the shortest possible. In simulations with several kinds of noise, on
/// either way or both, this factor keeps early arrivals below 1 in 100.
const QUICKER_STILL: f64 = 1.2;
/// An early request costs a round trip, so the margin grows with it: by 1 ms for a round trip of 160 ms.
const PRICE_OF_EARLY: f64 = 0.006;
/// A larger doubt than this, in seconds, is worse than the clock of a machine that is synchronised.
const WIDE: f64 = 0.02;
/// What the clock of a synchronised machine may be wrong by, in seconds.
const SYNCHRONISED: f64 = 0.003;
/// The clock of this machine is used if it is outside of the measured range by less than this, in seconds.
const ALMOST: f64 = 0.05;
/// The share of a round trip by which the way there is taken to be shorter than half of it, where it was not measured.
const UNEVEN: f64 = 0.05;

impl Estimate {
    /// When to send a request that arrives just after the server's clock shows `opening`.
    pub(super) fn send_at(&self, opening: f64) -> f64 {
        opening - self.best_lead() + self.margin()
    }

    /// The lead; while its range is wide and contains the clock of this machine, that clock's. A clock that is just outside
    /// of the range is wrong by little: then it is the end of the range.
    pub(super) fn best_lead(&self) -> f64 {
        if self.is_own() {
            let (low, high) = (self.lead - self.doubt, self.lead + self.doubt);
            self.own_lead.max(low).min(high)
        } else {
            self.lead
        }
    }

    /// Whether the clock of this machine is more exact than what was measured: most machines are synchronised.
    fn is_own(&self) -> bool {
        let apart = (self.own_lead - self.lead).abs();
        self.doubt > WIDE && apart <= self.doubt + ALMOST
    }

    /// How long after the opening a request is aimed to arrive, in seconds.
    pub(super) fn margin(&self) -> f64 {
        if self.is_own() {
            return SYNCHRONISED + UNEVEN * self.round_trip;
        }
        let price = PRICE_OF_EARLY * self.round_trip;
        (self.doubt + QUICKER_STILL * self.haste + OWN_NOISE + price).min(WIDEST_MARGIN)
    }

    /// Whether further probes would not make it more exact.
    pub(super) fn is_sharp(&self) -> bool {
        self.doubt < 0.000_3
            || (self.samples >= 10 && self.doubt < 0.15 * self.haste)
            || self.samples >= MAX_SAMPLES
    }
}

/// A measurement ends after this number of probes.
pub(super) const MAX_SAMPLES: usize = 16;

/// What these probes say together. `None` without probes, and while the probes say only what is not believed. `wall` is the
/// lead without any way to the server and with the clock of this machine: its wall clock minus its steady clock.
/// `earlier_lead` is believed like the clock of this machine.
pub(super) fn estimate(
    samples: &[Sample],
    wall: f64,
    earlier_lead: Option<f64>,
) -> Option<Estimate> {
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
    let sent: Vec<f64> = samples.iter().map(|s| s.sent).collect();
    let own_lead = wall + median / 2.0;
    let (votes, (low, high)) = most_supported(&sent, &bounds, own_lead, earlier_lead)?;
    Some(Estimate {
        lead: f64::midpoint(low, high),
        own_lead,
        doubt: (high - low) / 2.0,
        haste: median - trips.first().unwrap_or(&median),
        round_trip: median,
        samples: samples.len(),
        votes,
    })
}

/// The range on which most probes agree, and how many do: noise makes a few of them contradict each other. Ranges that are
/// not believed are left out. Of equal ones the nearest to the clock of this machine is taken. `sent` and `bounds` are those
/// of the probes.
fn most_supported(
    sent: &[f64],
    bounds: &[(f64, f64)],
    own_lead: f64,
    earlier_lead: Option<f64>,
) -> Option<(usize, (f64, f64))> {
    let agreeing = |at: f64| {
        let agrees = move |(_, (low, high)): &(&f64, &(f64, f64))| *low <= at && at <= *high;
        sent.iter()
            .zip(bounds)
            .filter(agrees)
            .map(|(sent, _)| *sent)
    };
    let is_witnessed = |at: f64| {
        let (first, last) = agreeing(at).fold((f64::MAX, f64::MIN), |(first, last), sent| {
            (first.min(sent), last.max(sent))
        });
        agreeing(at).count() >= WITNESSES && last - first > TICK
    };
    let distance = |(low, high): (f64, f64)| {
        let from = |lead: f64| (low - lead).max(lead - high).max(0.0);
        earlier_lead.map_or(f64::MAX, from).min(from(own_lead))
    };
    let mut edges: Vec<f64> = bounds
        .iter()
        .flat_map(|(low, high)| [*low, *high])
        .collect();
    edges.sort_by(f64::total_cmp);
    let believed: Vec<(usize, (f64, f64))> = edges
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|(low, high)| low < high)
        .map(|range| (f64::midpoint(range.0, range.1), range))
        .filter(|(at, range)| distance(*range) <= BELIEVED || is_witnessed(*at))
        .map(|(at, range)| (agreeing(at).count(), range))
        .collect();
    let most = believed.iter().map(|(votes, _)| *votes).max()?;
    let best = || {
        let equal = believed.iter().filter(|(votes, _)| *votes == most);
        equal.map(|(_, range)| *range)
    };
    let nearest = best().min_by(|a, b| distance(*a).total_cmp(&distance(*b)))?;
    let merged = best()
        .filter(|range| range.0 - nearest.1 < MERGED && nearest.0 - range.1 < MERGED)
        .fold(nearest, |all, next| (all.0.min(next.0), all.1.max(next.1)));
    Some((most, merged))
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
        let wall = lead + 1.0;
        for n in 1..probes {
            let known = estimate(&samples, wall, None).unwrap();
            let last = samples.last().unwrap().received;
            samples.push(probe(next_probe(&known, last), lead, way, noise(n)));
        }
        estimate(&samples, wall, None).unwrap()
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
            while !estimate(&samples, lead, None).is_some_and(|known| known.is_sharp()) {
                let last = samples.last().map_or(0.0, |last| last.received);
                let sent =
                    estimate(&samples, lead, None).map_or(last, |known| next_probe(&known, last));
                let (there, back) = (noise(there), noise(back));
                let mut sample = probe(sent, lead, 0.08, there);
                sample.received += back;
                samples.push(sample);
            }
            let found = estimate(&samples, lead, None).unwrap();
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
        let found = estimate(&samples, 5.0, None).unwrap();
        assert!((found.lead - 5.25).abs() <= found.doubt, "{found:?}");
    }

    #[test]
    fn no_probes_no_estimate() {
        assert_eq!(estimate(&[], 0.0, None), None);
    }

    #[test]
    fn a_large_offset_needs_three_probes_that_agree() {
        let wrong = |sent| probe(sent, -3600.0, 0.001, 0.0);
        let right = |sent| probe(sent, 0.3, 0.001, 0.0);
        let lead =
            |samples: &[Sample]| estimate(samples, 0.0, None).map(|known| known.lead.round());
        let ahead = |lead| probe(0.0, lead, 0.001, 0.0);
        assert_eq!(lead(&[ahead(2.2)]), Some(3.0), "from 2 to 3 seconds");
        assert_eq!(lead(&[ahead(3.2)]), None, "from 3 to 4 seconds");
        assert_eq!(lead(&[wrong(0.0)]), None);
        assert_eq!(lead(&[wrong(0.0), wrong(2.2)]), None);
        assert_eq!(lead(&[wrong(0.0), wrong(1.1), right(2.2)]), Some(0.0));
        assert_eq!(lead(&[wrong(0.0), wrong(1.1), wrong(2.2)]), Some(-3600.0));
        // a date out of a cache stays the same
        let cached = |sent| Sample {
            stamp: -3600.0,
            ..probe(sent, 0.0, 0.001, 0.0)
        };
        assert_eq!(
            lead(&[cached(0.0), cached(0.6), cached(1.2), cached(1.8)]),
            None
        );
    }

    #[test]
    fn measuring_ends_when_the_doubt_is_small_or_below_the_noise_or_after_sixteen_probes() {
        for (doubt, haste, samples, sharp) in [
            (0.000_2, 0.0, 2, true),
            (0.000_4, 0.0, 15, false),
            (0.001, 0.010, 9, false),
            (0.001, 0.010, 10, true),
            (0.002, 0.010, 10, false),
            (0.1, 0.0, 15, false),
            (0.1, 0.0, 16, true),
        ] {
            let known = Estimate {
                lead: 0.0,
                own_lead: 0.0,
                doubt,
                haste,
                round_trip: 0.05,
                samples,
                votes: samples,
            };
            assert_eq!(known.is_sharp(), sharp, "{known:?}");
        }
    }

    #[test]
    fn equal_ranges_are_merged_with_the_nearest_one_if_they_are_less_than_a_second_away() {
        let sent = [0.0, 1.0, 2.0];
        let merged = |bounds: [(f64, f64); 3]| most_supported(&sent, &bounds, 12.0, None);
        let (low, middle, high) = ((10.0, 11.0), (11.5, 12.5), (14.0, 15.0));
        assert_eq!(merged([low, middle, high]), Some((1, (10.0, 12.5))));
        let (low, high) = ((9.0, 10.0), (13.0, 14.0));
        assert_eq!(merged([low, middle, high]), Some((1, (11.5, 14.0))));
    }

    #[test]
    fn probes_whose_ranges_only_touch_do_not_agree() {
        let touching = [(0.0, 0.0), (1.0, 2.0)].map(|(sent, stamp)| Sample {
            sent,
            received: sent + 0.5,
            stamp,
        });
        let found = estimate(&touching, 0.75, None).unwrap();
        assert_eq!((found.lead, found.doubt, found.votes), (1.0, 1.0, 1));
    }
}
