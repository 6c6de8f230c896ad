//! How long a command takes that stays at home: without network, and completion must not keep a
//! prompt waiting.

use std::process::Command;

use anyhow::Result;

use crate::child;
use crate::crowd;
use crate::home::Home;
use crate::sandbox::Sandbox;
use crate::stats::Spread;
use crate::table::{Figure, Goal};
use crate::tools::Tools;

const RUNS: usize = 20;
const SESSIONS: usize = 1000;

/// What to run in a home with that many sessions, and in how many milliseconds it must be done.
const COMMANDS: [(&str, &[&str], f64); 3] = [
    ("aimharder --version", &["--version"], 5.0),
    ("aimharder sessions, 1,000 stored", &["sessions"], 10.0),
    ("the same with --json", &["sessions", "--json"], 10.0),
];

/// The same in the home of somebody who has looked at the classes.
const AT_HOME: [(&str, &[&str], f64); 2] = [
    (
        "completion of a class's name",
        &[
            "__complete",
            "fish",
            "--",
            "aimharder",
            "book",
            "--class",
            "W",
        ],
        15.0,
    ),
    (
        "status, not asking the server",
        &["status", "--offline"],
        15.0,
    ),
];

pub(crate) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    let home = Home::new(tools)?;
    crowd::fill(&home, SESSIONS)?;
    crowd::lock_once(&home)?;
    let mut figures = COMMANDS
        .iter()
        .map(|(what, args, ideal)| figure(&home, what, args, *ideal))
        .collect::<Result<Vec<_>>>()?;
    let mut sqlite = Command::new("sqlite3");
    let columns = "SELECT account, kind, status, fingerprint, created_at, token_updated_at, token_expires_at, last_error FROM sessions";
    sqlite.args(["-readonly", "-column", "-header"]);
    sqlite.arg(home.store_path()).arg(columns);
    let ratio = child::ratio(&mut sqlite, RUNS, || home.time(&["sessions"]))?;
    figures.extend(ratio.map(|ratio| {
        let what = format!("aimharder sessions: share of sqlite3's time, median of {RUNS}");
        Figure::new(what, ratio, "", Goal::AtMost(0.7))
    }));
    let lived_in = lived_in(tools)?;
    for (what, args, ideal) in AT_HOME {
        figures.push(figure(&lived_in, what, args, ideal)?);
    }
    let size = std::fs::metadata(&tools.aimharder)?.len() / 1024;
    let mib = f64::from(u32::try_from(size)?) / 1024.0;
    figures.push(Figure::new(
        "size of the binary",
        mib,
        "MiB",
        Goal::AtMost(12.0),
    ));
    Ok(figures)
}

/// The sandbox is gone: what is asked of it would fail.
fn lived_in(tools: &Tools) -> Result<Home<'_>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    home.log_in()?;
    home.time(&["classes", "--day", "tomorrow"])?;
    Ok(home)
}

fn figure(home: &Home<'_>, what: &str, args: &[&str], ideal: f64) -> Result<Figure> {
    let spread = Spread::of(home.times(RUNS, args)?);
    let figure = Figure::new(
        format!("{what}, median of {RUNS}"),
        spread.median(),
        "ms",
        Goal::AtMost(ideal),
    );
    Ok(figure.memory(home.memory(args)?))
}
