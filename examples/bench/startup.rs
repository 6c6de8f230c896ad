//! Commands that use no network, completion among them, and the size of the binary.

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

/// Commands in a home with that many sessions, and their bounds in milliseconds. A listing is compared with `sqlite3`.
const COMMANDS: [(&str, &[&str], Goal); 3] = [
    ("aimharder --version", &["--version"], Goal::AtMost(5.0)),
    (
        "aimharder sessions, 1,000 stored",
        &["sessions"],
        Goal::None,
    ),
    ("the same with --json", &["sessions", "--json"], Goal::None),
];

/// Commands in a home in which the classes have been listed.
const USED_HOME: [(&str, &[&str], Goal); 2] = [
    (
        "completion of a class name",
        &[
            "__complete",
            "fish",
            "--",
            "aimharder",
            "book",
            "--class",
            "W",
        ],
        Goal::AtMost(15.0),
    ),
    (
        "status, not asking the server",
        &["status", "--offline"],
        Goal::AtMost(15.0),
    ),
];

pub(crate) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    let home = Home::new(tools)?;
    crowd::fill(&home, SESSIONS)?;
    crowd::lock_once(&home)?;
    let mut figures = COMMANDS
        .iter()
        .map(|(what, args, goal)| figure(&home, what, args, *goal))
        .collect::<Result<Vec<_>>>()?;
    let mut sqlite = Command::new("sqlite3");
    sqlite.args(["-readonly", "-column", "-header"]);
    sqlite.arg(home.store_path()).arg("SELECT * FROM sessions");
    let ratio = child::ratio(&mut sqlite, RUNS, || home.time(&["sessions"]))?;
    figures.extend(ratio.map(|ratio| {
        let what = format!(
            "aimharder sessions, share of the time of sqlite3 printing the table, median of {RUNS}"
        );
        Figure::new(what, ratio, "", Goal::AtMost(0.7))
    }));
    let used = used_home(tools)?;
    for (what, args, goal) in USED_HOME {
        figures.push(figure(&used, what, args, goal)?);
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

/// Its sandbox has ended, so that a request would fail.
fn used_home(tools: &Tools) -> Result<Home<'_>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    home.log_in()?;
    home.time(&["classes", "--day", "tomorrow"])?;
    Ok(home)
}

fn figure(home: &Home<'_>, what: &str, args: &[&str], goal: Goal) -> Result<Figure> {
    let spread = Spread::of(home.times(RUNS, args)?);
    let figure = Figure::new(
        format!("{what}, median of {RUNS}"),
        spread.median(),
        "ms",
        goal,
    );
    Ok(figure.memory(home.memory(args)?))
}
