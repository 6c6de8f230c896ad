//! `fire`: how exactly a booking request arrives as booking opens.
//!
//! Lateness is arrival minus opening, both by the server clock, from the sandbox's log. It is measured in five settings at the
//! same time, each with its own sandbox and run; their openings take turns, so that no two runs fire together. A naive client
//! does the same for comparison. [`disturbed`] repeats the openings on a machine and a network that misbehave.

pub(crate) mod disturbed;
mod late;
mod naive;
mod same_instant;
mod series;

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::json;

use crate::sandbox::{Arrival, Sandbox};
use crate::stats::Spread;
use crate::table::{Figure, Goal, as_f64};
use crate::tools::Tools;

use same_instant::SameInstant;
pub(crate) use series::{Opening, post};
use series::{Series, SeriesResult};

/// The openings of the naive client in each setting.
const NAIVE: usize = 8;
/// Seconds from the start of a run to its only opening, for 1, 50 and 500 accounts.
const WAIT_ALONE: i64 = 75;
const WAIT_50: i64 = 35;
const WAIT_500: i64 = 80;

/// Where the server is, and the bounds there.
#[derive(Debug)]
struct Setting {
    name: &'static str,
    /// Server clock minus ours.
    skew_ms: i64,
    /// Latency of a request, ± jitter, and of its response.
    latency_ms: i64,
    jitter_ms: i64,
    /// Seconds that its openings come after those of the first setting, so that all take turns.
    turn: i64,
    /// Bounds of median and 99th percentile in milliseconds, and of early requests per opening.
    goals: [Goal; 3],
}

const NEAR: Setting = Setting {
    name: "near",
    skew_ms: 0,
    latency_ms: 0,
    jitter_ms: 0,
    turn: 0,
    goals: [Goal::AtMost(2.0), Goal::AtMost(15.0), Goal::AtMost(1.0)],
};

const SETTINGS: [Setting; 5] = [
    NEAR,
    Setting {
        name: "near, its clock 2.7 s ahead",
        skew_ms: 2700,
        turn: 4,
        ..NEAR
    },
    Setting {
        name: "near, its clock 2.2 s behind",
        skew_ms: -2200,
        ..NEAR
    },
    Setting {
        name: "80 ms away",
        latency_ms: 80,
        turn: 1,
        ..NEAR
    },
    Setting {
        name: "40 ± 10 ms away",
        latency_ms: 40,
        jitter_ms: 10,
        turn: 2,
        goals: [Goal::AtMost(15.0), Goal::AtMost(45.0), Goal::AtMost(0.1)],
        ..NEAR
    },
];

impl Setting {
    fn apply(&self, sandbox: &Sandbox) -> Result<()> {
        sandbox.set(&json!({
            "skew_ms": self.skew_ms, "latency_ms": self.latency_ms,
            "latency_jitter_ms": self.jitter_ms, "latency_after_ms": self.latency_ms,
        }))
    }

    /// The same instant by our clock.
    fn real_us(&self, server_us: i64) -> i64 {
        server_us - self.skew_ms * 1000
    }
}

/// What arrived for some openings.
#[derive(Debug, Default)]
struct Lateness {
    /// For each opening, that of the first request that was not early.
    late: Vec<Duration>,
    /// Requests before their opening.
    early: usize,
    /// Openings without a request after them.
    missed: usize,
}

impl Lateness {
    /// Adds what arrived for one opening, which was at `at_us`.
    fn add<'a>(&mut self, at_us: i64, arrivals: impl Iterator<Item = &'a Arrival>) {
        let after: Vec<_> = arrivals.map(|arrival| arrival.server_us - at_us).collect();
        self.early += after.iter().filter(|us| **us < 0).count();
        let first = after.iter().filter_map(|us| u64::try_from(*us).ok()).min();
        match first {
            Some(us) => self.late.push(Duration::from_micros(us)),
            None => self.missed += 1,
        }
    }
}

pub(crate) fn run(tools: &Tools, openings: usize) -> Result<Vec<Figure>> {
    let all = SETTINGS
        .iter()
        .map(|setting| Series::prepare(tools, setting))
        .collect::<Result<Vec<_>>>()?;
    let (results, alone) = thread::scope(|scope| {
        let alone = scope.spawn(|| same_instant::run(tools, 1, WAIT_ALONE));
        let begins = unix_us() / 1_000_000 + 1;
        let results = in_parallel(&all, |series| {
            let (openings, ids) = series.plan(begins, openings)?;
            series.run(&openings, &ids)
        })?;
        let alone = alone.join().ok().context("a thread panicked")?;
        anyhow::Ok((results, alone?))
    })?;
    let naive = in_parallel(&all, naive::run)?;
    drop(all);
    let mut figures = Vec::new();
    for ((setting, result), naive) in SETTINGS.iter().zip(results).zip(naive) {
        figures.extend(lateness(setting, openings, result));
        let what = format!("{}: naive client, median of {NAIVE}", setting.name);
        figures.push(Figure::new(what, naive.median(), "ms", Goal::None));
    }
    figures.extend(late::run(tools)?);
    let (fifty, many) = thread::scope(|scope| {
        let fifty = scope.spawn(|| same_instant::run(tools, 50, WAIT_50));
        let many = same_instant::run(tools, 500, WAIT_500);
        let fifty = fifty.join().ok().context("a thread panicked")?;
        anyhow::Ok((fifty?, many?))
    })?;
    figures.extend(at_once(&fifty, 50, 100.0));
    figures.extend(at_once(&many, 500, 1000.0));
    figures.extend(costs("1 prebooking", &alone, Goal::AtMost(1.0), 25.0));
    figures.extend(costs("500 prebookings", &many, Goal::None, 120.0));
    Ok(figures)
}

/// Does the same with each item, at the same time.
fn in_parallel<S: Sync, T: Send>(
    all: &[S],
    work: impl Fn(&S) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = all
            .iter()
            .map(|item| scope.spawn(move || work(item)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().ok().context("a thread panicked")?)
            .collect()
    })
}

fn lateness(setting: &Setting, openings: usize, result: SeriesResult) -> [Figure; 4] {
    let [median, most, early] = setting.goals;
    let name = setting.name;
    let per_opening = as_f64(result.lateness.early) / as_f64(openings);
    let spread = Spread::of(result.lateness.late);
    let what = format!("{name}: lateness, median of {openings}");
    [
        Figure::new(what, spread.median(), "ms", median)
            .memory(result.peak)
            .requests(result.requests),
        Figure::new(
            format!("{name}: 99th percentile"),
            spread.percentile(99),
            "ms",
            most,
        ),
        Figure::new(
            format!("{name}: early requests per opening"),
            per_opening,
            "",
            early,
        ),
        Figure::count(
            format!("{name}: openings missed"),
            result.lateness.missed,
            0,
        ),
    ]
}

fn at_once(result: &SameInstant, accounts: usize, bound: f64) -> [Figure; 3] {
    let of = format!("{accounts} accounts at one instant");
    let last = result.spread.percentile(100);
    let median = result.spread.median();
    [
        Figure::new(
            format!("{of}: last arrival"),
            last,
            "ms",
            Goal::AtMost(bound),
        )
        .memory(result.peak)
        .requests(result.requests),
        Figure::new(format!("{of}: median arrival"), median, "ms", Goal::None),
        Figure::count(format!("{of}: classes booked"), result.booked, accounts),
    ]
}

fn costs(of: &str, result: &SameInstant, busy: Goal, memory: f64) -> [Figure; 2] {
    let what = format!("{of}: processor while waiting");
    let peak = format!("{of}: peak memory");
    [
        Figure::new(what, result.busy, "%", busy),
        Figure::new(peak, result.peak, "MiB", Goal::AtMost(memory)),
    ]
}

/// This machine's wall clock.
pub(crate) fn unix_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

/// When the wall clock shows this.
fn steady(unix_us: i64) -> Instant {
    let left = u64::try_from(unix_us - self::unix_us()).unwrap_or(0);
    Instant::now() + Duration::from_micros(left)
}

/// Sleeps until the wall clock shows this.
fn sleep_until(unix_us: i64) {
    thread::sleep(steady(unix_us).saturating_duration_since(Instant::now()));
}
