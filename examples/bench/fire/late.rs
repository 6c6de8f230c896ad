//! Commands that start shortly before an opening, or at it, where the clocks agree.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::series::{BOX, Opening, Series, lateness, post};
use super::{Lateness, NEAR, Setting, in_parallel, sleep_until, unix_us};
use crate::child;
use crate::home::ANA;
use crate::stats::Spread;
use crate::table::{Figure, Goal, as_f64};
use crate::tools::Tools;

/// How long before the opening the commands start, in milliseconds. None starts as another command fires.
const HEAD_STARTS_MS: [i64; 8] = [200, 250, 300, 500, 1100, 1600, 2100, 3100];
const SETTINGS: [Setting; 2] = [
    NEAR,
    Setting {
        name: "40 ms away",
        latency_ms: 40,
        ..NEAR
    },
];
/// Starts of each command with each head start.
const STARTS: usize = 10;
/// The bounds of the median lateness in milliseconds, and of early requests per opening.
const LATE_MS: f64 = 20.0;
const EARLY: f64 = 2.0;

/// A command that books.
#[derive(Debug, Clone, Copy)]
enum Command {
    Run,
    Wait,
    /// `book` without `--wait`.
    Book,
}

/// The settings and commands are measured at the same time, each in a home of its own; their openings take turns.
pub(super) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    let mut cases = Vec::new();
    for setting in &SETTINGS {
        for command in [Command::Run, Command::Wait] {
            cases.push((Series::prepare(tools, setting)?, command));
        }
    }
    let last_turn = Mutex::new(0);
    let measured = in_parallel(&cases, |(series, command)| {
        let starts = (0..).zip(HEAD_STARTS_MS);
        let starts = starts.map(|(row, ms)| start(series, *command, ms, row, &last_turn));
        starts.collect::<Result<Vec<_>>>()
    })?;
    let mut figures = Vec::new();
    for ((series, command), lateness) in cases.iter().zip(measured) {
        figures.extend(worst(series.setting, *command, lateness));
    }
    let row = HEAD_STARTS_MS.len();
    let at_once = start(&cases[0].0, Command::Book, 0, row, &last_turn)?;
    figures.push(Figure::new(
        format!("`book` started at the opening, lateness, median of {STARTS}"),
        Spread::of(at_once.late).median(),
        "ms",
        Goal::AtMost(LATE_MS),
    ));
    Ok(figures)
}

/// The worst of all head starts.
fn worst(setting: &Setting, command: Command, all: Vec<Lateness>) -> [Figure; 3] {
    let of = format!(
        "{}, `{}` started 0.2 to 3.1 s before",
        setting.name,
        command.name()
    );
    let missed = all.iter().map(|one| one.missed).sum();
    let early = all.iter().map(|one| one.early).max().unwrap_or(0);
    let medians = all.into_iter().map(|one| Spread::of(one.late).median());
    let late = medians.fold(0.0, f64::max);
    let what = format!("{of}: lateness, largest median of {STARTS}");
    [
        Figure::new(what, late, "ms", Goal::AtMost(LATE_MS)),
        Figure::new(
            format!("{of}: early requests per opening, at most"),
            as_f64(early) / as_f64(STARTS),
            "",
            Goal::AtMost(EARLY),
        ),
        Figure::count(format!("{of}: openings missed"), missed, 0),
    ]
}

impl Command {
    fn name(self) -> &'static str {
        match self {
            Self::Run => "prebook run",
            Self::Wait => "book --wait",
            Self::Book => "book",
        }
    }

    /// Stores what the command has to know of the opening, and returns its arguments.
    fn prepare(self, series: &Series<'_>, opening: &Opening) -> Result<Vec<String>> {
        if matches!(self, Self::Run) {
            let account = ANA.parse().map_err(anyhow::Error::msg)?;
            opening.prebook(&series.home.store()?, &account)?;
            return Ok(vec!["prebook".to_owned(), "run".to_owned()]);
        }
        let rule = opening.rule()?;
        series.home.time(&["boxes", "set", BOX, "--opens", &rule])?;
        let mut args = vec![
            "book".to_owned(),
            opening.day.to_string(),
            opening.start_text(),
        ];
        if matches!(self, Self::Wait) {
            args.push("--wait".to_owned());
        }
        Ok(args)
    }
}

/// Starts a command this long before each of some openings. `row`: which of the head starts it is.
fn start(
    series: &Series<'_>,
    command: Command,
    head_start_ms: i64,
    row: usize,
    last_turn: &Mutex<i64>,
) -> Result<Lateness> {
    let mut openings = Vec::new();
    let mut ids = Vec::new();
    series.sandbox.forget()?;
    for number in 0..STARTS {
        let at = take_turn(last_turn, head_start_ms);
        let opening = Opening::new(row * STARTS + number, at * 1_000_000)?;
        ids.extend(post(&series.sandbox, std::slice::from_ref(&opening))?);
        let args = command.prepare(series, &opening)?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        sleep_until(opening.at_us - head_start_ms * 1000);
        child::run(&mut series.home.command(&args))?.checked()?;
        openings.push(opening);
    }
    Ok(lateness(&series.sandbox.arrivals()?, &openings, &ids))
}

/// The unix second of the next opening: no other opening is in it, and there is time to prepare for it.
fn take_turn(last: &Mutex<i64>, head_start_ms: i64) -> i64 {
    let earliest = (unix_us() + head_start_ms * 1000) / 1_000_000 + 2;
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    *last = earliest.max(*last + 1);
    *last
}
