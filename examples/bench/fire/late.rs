//! Commands that start shortly before an opening, or at it, with clocks that are right.

use std::ops::RangeInclusive;
use std::thread;

use anyhow::{Context, Result};
use chrono::DateTime;
use chrono_tz::Europe::Madrid;

use super::series::{BOX, Opening, post, shots};
use super::{NEAR, Setting, Shots, steady, unix_us};
use crate::child;
use crate::home::{ANA, Home};
use crate::sandbox::Sandbox;
use crate::stats::Spread;
use crate::table::{Figure, Goal, as_f64};
use crate::tools::Tools;

/// How long before the opening the commands start, in milliseconds.
const LEADS_MS: [i64; 8] = [200, 250, 300, 500, 1000, 1500, 2000, 3000];
/// Where the server is.
const SETTINGS: [Setting; 2] = [
    NEAR,
    Setting {
        name: "40 ms away",
        way_ms: 40,
        ..NEAR
    },
];
/// Starts for each command and lead.
const STARTS: usize = 10;
/// The bounds of the median lateness in milliseconds, and of early requests per opening.
const LATE_MS: f64 = 20.0;
const EARLY: f64 = 2.0;

/// A command that books, and what it needs to know.
#[derive(Debug, Clone, Copy)]
enum Way {
    Run,
    Wait,
    /// without any waiting
    Book,
}

pub(super) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    home.log_in()?;
    let mut nth = 0..=10_000;
    let mut figures = Vec::new();
    for setting in SETTINGS {
        setting.apply(&sandbox)?;
        for (way, lead) in [Way::Run, Way::Wait]
            .into_iter()
            .flat_map(|way| LEADS_MS.map(|lead| (way, lead)))
        {
            let started = start(&home, &sandbox, way, lead, &mut nth)?;
            let what = format!(
                "{}: `{}` started {lead} ms before",
                setting.name,
                way.name()
            );
            figures.extend(rows(&what, started, Goal::AtMost(LATE_MS)));
        }
    }
    NEAR.apply(&sandbox)?;
    let at_once = start(&home, &sandbox, Way::Book, 0, &mut nth)?;
    let [median, ..] = rows(
        "`book` started at the opening",
        at_once,
        Goal::AtMost(LATE_MS),
    );
    figures.push(median);
    Ok(figures)
}

fn rows(what: &str, shots: Shots, goal: Goal) -> [Figure; 3] {
    let early = as_f64(shots.early) / as_f64(STARTS);
    let late = Spread::of(shots.late).median();
    [
        Figure::new(
            format!("{what}: lateness, median of {STARTS}"),
            late,
            "ms",
            goal,
        ),
        Figure::new(
            format!("{what}: early requests"),
            early,
            "",
            Goal::AtMost(EARLY),
        ),
        Figure::count(format!("{what}: openings missed"), shots.missed, 0),
    ]
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Run => "prebook run",
            Self::Wait => "book --wait",
            Self::Book => "book",
        }
    }

    /// Tells the home when booking opens; what to run.
    fn prepare(self, home: &Home<'_>, opening: &Opening) -> Result<Vec<String>> {
        if matches!(self, Self::Run) {
            let account = ANA.parse().map_err(anyhow::Error::msg)?;
            opening.prebook(&home.store()?, &account)?;
            return Ok(vec!["prebook".to_owned(), "run".to_owned()]);
        }
        let at = DateTime::from_timestamp_micros(opening.at_us).context("out of range")?;
        let at = at.with_timezone(&Madrid);
        let days = (opening.day - at.date_naive()).num_days();
        let rule = format!("{days}d@{}", at.format("%H:%M:%S"));
        home.time(&["boxes", "set", BOX, "--opens", &rule])?;
        let (day, start) = (opening.day.to_string(), opening.start.format("%H:%M"));
        let mut args = vec!["book".to_owned(), day, start.to_string()];
        if matches!(self, Self::Wait) {
            args.push("--wait".to_owned());
        }
        Ok(args)
    }
}

/// Starts a command so long before each of some openings.
fn start(
    home: &Home<'_>,
    sandbox: &Sandbox,
    way: Way,
    lead_ms: i64,
    nth: &mut RangeInclusive<usize>,
) -> Result<Shots> {
    let mut openings = Vec::new();
    let mut ids = Vec::new();
    sandbox.forget()?;
    for _ in 0..STARTS {
        let at = (unix_us() + lead_ms * 1000) / 1_000_000 + 2;
        let opening = Opening::new(nth.next().context("too many openings")?, at * 1_000_000)?;
        ids.extend(post(sandbox, std::slice::from_ref(&opening))?);
        let args = way.prepare(home, &opening)?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let begin = steady(opening.at_us - lead_ms * 1000);
        thread::sleep(begin.saturating_duration_since(std::time::Instant::now()));
        child::run(&mut home.command(&args))?.good()?;
        openings.push(opening);
    }
    Ok(shots(&sandbox.arrivals()?, &openings, &ids))
}
