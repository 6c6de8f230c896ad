//! 50 processes start at once with one stale session: refreshes, class lists and bookings. They are compared with the time of
//! as many class lists with a fresh session, shared by the cores; the memory is that of one of these.

use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use chrono::TimeDelta;

use crate::child::{self, Run};
use crate::crowd;
use crate::home::{ANA, Home};
use crate::sandbox::Sandbox;
use crate::stats::{Spread, millis};
use crate::table::{Figure, Goal, as_f64};
use crate::tools::Tools;

const PROCESSES: usize = 50;
/// The processes run these in turn. All bookings are of one class.
const COMMANDS: [&[&str]; 3] = [
    &["classes", "--day", "tomorrow"],
    &["book", "--day", "+3", "--time", "08:00"],
    &["refresh", "--session", "device"],
];

pub(crate) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    home.log_in()?;
    add_class(&sandbox)?;
    let alone = Spread::of(home.times(5, COMMANDS[0])?).median();
    let memory = home.memory(COMMANDS[0])?;
    let before = updates(&sandbox)?;
    make_stale(&home)?;
    sandbox.forget()?;
    let began = Instant::now();
    let runs = all_at_once(&home)?;
    let wall = millis(began.elapsed());
    let failed: Vec<_> = runs.iter().filter(|run| !run.status.success()).collect();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let fresh = alone * as_f64(PROCESSES) / as_f64(cores);
    let said = failed
        .first()
        .map(|run| format!(" ({})", run.stderr.trim()))
        .unwrap_or_default();
    Ok(vec![
        Figure::new(
            format!("{PROCESSES} processes with a stale session"),
            wall,
            "ms",
            Goal::Beside(fresh),
        )
        .memory(memory)
        .requests(sandbox.arrivals()?.len()),
        Figure::count("its token updates", updates(&sandbox)? - before, 1),
        Figure::count("its replaced tokens presented", sandbox.replays()?, 0),
        Figure::count("its reservations", sandbox.reservations()?, 1),
        Figure::count(format!("its failed processes{said}"), failed.len(), 0),
    ])
}

fn all_at_once(home: &Home<'_>) -> Result<Vec<Run>> {
    thread::scope(|scope| {
        let runs: Vec<_> = (0..PROCESSES)
            .map(|n| {
                scope.spawn(move || child::run(&mut home.command(COMMANDS[n % COMMANDS.len()])))
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().ok().context("a thread panicked")?)
            .collect()
    })
}

/// A class without other bookings.
fn add_class(sandbox: &Sandbox) -> Result<()> {
    let day = chrono::Utc::now()
        .with_timezone(&chrono_tz::Europe::Madrid)
        .date_naive()
        + TimeDelta::days(3);
    let class = serde_json::json!({ "box": "crossfitdemo", "day": day.to_string(), "start": "08:00", "name": "Bench" });
    sandbox.control("POST", "classes", &class).map(drop)
}

fn make_stale(home: &Home<'_>) -> Result<()> {
    let store = home.store()?;
    let account = ANA.parse().map_err(anyhow::Error::msg)?;
    let device = store.last_device(&account)?.context("no device session")?;
    crowd::age(&store, &device, TimeDelta::minutes(30))
}

/// Token updates of all sessions so far.
fn updates(sandbox: &Sandbox) -> Result<usize> {
    let sessions = sandbox.sessions()?;
    let updates = sessions.iter().filter_map(|it| it["updates"].as_u64());
    Ok(usize::try_from(updates.sum::<u64>())?)
}
