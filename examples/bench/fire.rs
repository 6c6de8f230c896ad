//! `fire`: how exactly a booking request arrives as booking opens.
//!
//! Lateness is arrival minus opening, both by the server's clock, as the sandbox's log has them. It is
//! measured in five settings at the same time, each with a sandbox and a run of its own: their openings
//! take turns, so that never two fire together. A naive client does the same beside it.

mod instant;
mod late;
mod naive;
mod series;

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::json;

use crate::sandbox::{Arrival, Sandbox};
use crate::stats::Spread;
use crate::table::{Figure, Goal, as_f64};
use crate::tools::Tools;

use instant::Instantly;
pub(crate) use series::{Opening, post};
use series::{Ran, Series};

/// The openings of a naive client in each setting.
const NAIVE: usize = 8;
/// How long the lone prebooking waits, and the many of one instant.
const WAIT_ALONE: i64 = 75;
const WAIT_50: i64 = 35;
const WAIT_500: i64 = 80;

/// Where the server is, and what was promised there.
#[derive(Debug)]
struct Setting {
    name: &'static str,
    /// server's clock minus ours
    skew_ms: i64,
    /// the way to the server, more or less so much, and the way back
    way_ms: i64,
    jitter_ms: i64,
    /// seconds that its openings come after the first setting's, so that all take turns
    turn: i64,
    /// bounds of median and 99th percentile in milliseconds, and of early requests per opening
    bounds: [f64; 3],
}

const NEAR: Setting = Setting {
    name: "clocks right",
    skew_ms: 0,
    way_ms: 0,
    jitter_ms: 0,
    turn: 0,
    bounds: [2.0, 15.0, 1.0],
};

const SETTINGS: [Setting; 5] = [
    NEAR,
    Setting {
        name: "server 2.7 s ahead",
        skew_ms: 2700,
        turn: 4,
        ..NEAR
    },
    Setting {
        name: "server 2.2 s behind",
        skew_ms: -2200,
        ..NEAR
    },
    Setting {
        name: "80 ms away",
        way_ms: 80,
        turn: 1,
        ..NEAR
    },
    Setting {
        name: "40 ± 10 ms away",
        way_ms: 40,
        jitter_ms: 10,
        turn: 2,
        bounds: [15.0, 45.0, 0.1],
        ..NEAR
    },
];

impl Setting {
    /// From now on the sandbox is there.
    fn apply(&self, sandbox: &Sandbox) -> Result<()> {
        sandbox.set(&json!({
            "skew_ms": self.skew_ms, "latency_ms": self.way_ms,
            "latency_jitter_ms": self.jitter_ms, "latency_after_ms": self.way_ms,
        }))
    }
}

/// What arrived for each opening.
#[derive(Debug, Default)]
struct Shots {
    /// arrival of the first request that was not early, after the opening
    late: Vec<Duration>,
    /// requests that came before the opening
    early: usize,
    /// openings that no request came for after they opened
    missed: usize,
}

impl Shots {
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
    let (ran, alone) = staggered(tools, &all, openings)?;
    let naive = in_turn(&all, naive::run)?;
    drop(all);
    let mut figures = late::run(tools)?;
    for ((setting, ran), naive) in SETTINGS.iter().zip(ran).zip(naive) {
        figures.extend(lateness(setting, openings, ran));
        let what = format!("{}: naive client, median of {NAIVE}", setting.name);
        figures.push(Figure::new(what, naive.median(), "ms", Goal::None));
    }
    let (fifty, many) = thread::scope(|scope| {
        let fifty = scope.spawn(|| instant::run(tools, 50, WAIT_50));
        let many = instant::run(tools, 500, WAIT_500);
        let fifty = fifty.join().ok().context("a thread panicked")?;
        anyhow::Ok((fifty?, many?))
    })?;
    figures.extend(at_once(&fifty, 50, 100.0));
    figures.extend(at_once(&many, 500, 1000.0));
    figures.extend(costs(&alone, &many));
    Ok(figures)
}

/// All settings, and beside them one prebooking that waits.
fn staggered(tools: &Tools, all: &[Series<'_>], openings: usize) -> Result<(Vec<Ran>, Instantly)> {
    thread::scope(|scope| {
        let alone = scope.spawn(|| instant::run(tools, 1, WAIT_ALONE));
        let begins = unix_us() / 1_000_000 + 1;
        let ran = in_turn(all, |series| series.run(begins, openings))?;
        let alone = alone.join().ok().context("a thread panicked")?;
        Ok((ran, alone?))
    })
}

/// The same for each setting, at the same time.
fn in_turn<'s, T: Send>(
    all: &'s [Series<'_>],
    work: impl Fn(&'s Series<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = all
            .iter()
            .map(|series| scope.spawn(move || work(series)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().ok().context("a thread panicked")?)
            .collect()
    })
}

fn lateness(setting: &Setting, openings: usize, ran: Ran) -> Vec<Figure> {
    let [median, most, early] = setting.bounds;
    let name = setting.name;
    let per_opening = as_f64(ran.shots.early) / as_f64(openings);
    let spread = Spread::of(ran.shots.late);
    let percentile = spread.percentile(99);
    vec![
        Figure::new(
            format!("{name}: lateness, median of {openings}"),
            spread.median(),
            "ms",
            Goal::AtMost(median),
        )
        .memory(ran.peak)
        .requests(ran.requests),
        Figure::new(
            format!("{name}: 99th percentile"),
            percentile,
            "ms",
            Goal::AtMost(most),
        ),
        Figure::new(
            format!("{name}: early requests per opening"),
            per_opening,
            "",
            Goal::AtMost(early),
        ),
        Figure::count(format!("{name}: openings missed"), ran.shots.missed, 0),
    ]
}

fn at_once(instantly: &Instantly, accounts: usize, bound: f64) -> [Figure; 3] {
    let of = format!("{accounts} accounts at one instant");
    [
        Figure::new(
            format!("{of}: last arrival"),
            instantly.spread.percentile(100),
            "ms",
            Goal::AtMost(bound),
        )
        .memory(instantly.peak)
        .requests(instantly.requests),
        Figure::new(
            format!("{of}: median"),
            instantly.spread.median(),
            "ms",
            Goal::None,
        ),
        Figure::count(format!("{of}: classes booked"), instantly.booked, accounts),
    ]
}

fn costs(alone: &Instantly, many: &Instantly) -> [Figure; 4] {
    let busy = |what: &str, instantly: &Instantly, goal| {
        let what = format!("{what}: processor while waiting");
        Figure::new(what, instantly.busy, "%", goal)
    };
    let memory = |what: &str, instantly: &Instantly, most| {
        let what = format!("{what}: peak memory");
        Figure::new(what, instantly.peak, "MiB", Goal::AtMost(most))
    };
    [
        busy("1 prebooking", alone, Goal::AtMost(1.0)),
        memory("1 prebooking", alone, 25.0),
        busy("500 prebookings", many, Goal::None),
        memory("500 prebookings", many, 120.0),
    ]
}

/// This machine's wall clock.
pub(crate) fn unix_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

/// When the wall clock will show this.
fn steady(unix_us: i64) -> Instant {
    let left = u64::try_from(unix_us - self::unix_us()).unwrap_or(0);
    Instant::now() + Duration::from_micros(left)
}
