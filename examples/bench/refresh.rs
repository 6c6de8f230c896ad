//! `refresh` of many sessions, of few due among very many, and with nothing due.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use aimharder::sessions::{CLOCK_SLACK, DEVICE_LIFE};
use aimharder::store::{DueQuery, Store};
use anyhow::{Context, Result, ensure};
use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::child;
use crate::crowd;
use crate::home::Home;
use crate::sandbox::Sandbox;
use crate::stats::Spread;
use crate::table::{Figure, Goal, as_f64};
use crate::tools::Tools;

const MANY: usize = 1000;
const JOBS: usize = 16;
const LATENCY_MS: usize = 100;
const VERY_MANY: usize = 100_000;
const DUE: usize = 10;
const RUNS: usize = 20;
const REFRESH: [&str; 3] = ["refresh", "--rate", "0"];

pub(crate) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    let mut figures = batch(tools)?;
    figures.extend(few_among_many(tools)?);
    figures.extend(nothing_due(tools)?);
    Ok(figures)
}

/// The bound is 1.25 times what waiting for the responses takes.
fn batch(tools: &Tools) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    crowd::log_in(
        &sandbox,
        &home.store()?,
        MANY,
        "person",
        TimeDelta::hours(1),
    )?;
    sandbox.set(&json!({ "latency_ms": LATENCY_MS }))?;
    sandbox.forget()?;
    let args = ["refresh", "--force", "--jobs", "16", "--rate", "0"];
    let (run, peak) = child::run_with_memory(&mut home.command(&args))?;
    let wall = run.checked()?.as_secs_f64();
    let requests = sandbox.arrivals()?.len();
    let ideal = 1.25 * as_f64(MANY * LATENCY_MS) / as_f64(JOBS) / 1000.0;
    let what = format!("{MANY} sessions, responses after {LATENCY_MS} ms, {JOBS} jobs");
    Ok(vec![
        Figure::new(what, wall, "s", Goal::AtMost(ideal))
            .memory(peak)
            .requests(requests),
        Figure::new("its peak memory", peak, "MiB", Goal::AtMost(40.0)),
        Figure::count("its requests", requests, MANY),
        Figure::count(
            "its tokens stored and valid",
            valid_tokens(&sandbox, &home.store()?)?,
            MANY,
        ),
        Figure::count("its replaced tokens presented", sandbox.replays()?, 0),
    ])
}

/// The number of stored tokens that are current at the sandbox.
fn valid_tokens(sandbox: &Sandbox, store: &Store) -> Result<usize> {
    let sessions = sandbox.sessions()?;
    let current: std::collections::HashSet<_> = sessions
        .iter()
        .filter(|session| session["alive"] == true)
        .filter_map(|session| session["token"].as_str())
        .collect();
    let mut valid = 0;
    for listed in store.sessions(None)? {
        let row = store.session(listed.id)?;
        valid += usize::from(row.is_some_and(|row| current.contains(row.token.expose())));
    }
    Ok(valid)
}

/// 10 due sessions among 100,000: the query, and what the others add to a whole run.
fn few_among_many(tools: &Tools) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let few = Home::at(tools, &sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    crowd::log_in(&sandbox, &few.store()?, DUE, "few", TimeDelta::hours(1))?;
    crowd::log_in(&sandbox, &home.store()?, DUE, "many", TimeDelta::hours(1))?;
    crowd::fill(&home, VERY_MANY - DUE)?;
    let query = query(&home.store()?)?;
    sandbox.forget()?;
    let [alone, among] = due_runs(&few, &home)?;
    let requests = sandbox.arrivals()?.len() / (2 * RUNS);
    let what = |words: &str| format!("{DUE} due of {VERY_MANY}, {words}, median of {RUNS}");
    Ok(vec![
        Figure::new(what("the query"), query, "ms", Goal::AtMost(50.0)),
        Figure::new(what("a whole run"), among, "ms", Goal::None)
            .memory(peak(&home)?)
            .requests(requests),
        Figure::new(
            format!("the same, less a run with those {DUE} only"),
            among - alone,
            "ms",
            Goal::AtMost(50.0),
        ),
    ])
}

/// The median time of [`Store::due`] in an open store.
fn query(store: &Store) -> Result<f64> {
    let now = Utc::now();
    let query = DueQuery {
        account: None,
        kind: None,
        fingerprint: None,
        devices_since: now - DEVICE_LIFE,
        stale_before: now - TimeDelta::minutes(14),
        future_after: now + CLOCK_SLACK,
    };
    let times: Result<Vec<Duration>> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            let found = store.due(&query)?.len();
            let time = began.elapsed();
            ensure!(found == DUE, "{found} sessions were due, not {DUE}");
            Ok(time)
        })
        .collect();
    Ok(Spread::of(times?).median())
}

/// Medians of whole runs that update the due sessions, in turn.
fn due_runs(few: &Home<'_>, many: &Home<'_>) -> Result<[f64; 2]> {
    let (mut alone, mut among) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        make_due(few, "few")?;
        alone.push(few.time(&REFRESH)?);
        make_due(many, "many")?;
        among.push(many.time(&REFRESH)?);
    }
    Ok([Spread::of(alone).median(), Spread::of(among).median()])
}

fn peak(home: &Home<'_>) -> Result<f64> {
    make_due(home, "many")?;
    let (run, peak) = child::run_with_memory(&mut home.command(&REFRESH))?;
    run.checked().map(|_| peak)
}

fn make_due(home: &Home<'_>, crowd: &str) -> Result<()> {
    let store = home.store()?;
    for n in 0..DUE {
        let account = crowd::email(crowd, n).parse().map_err(anyhow::Error::msg)?;
        let row = store.background(&account)?.context("a session is gone")?;
        crowd::age(&store, &row, TimeDelta::hours(1))?;
    }
    Ok(())
}

/// Without due sessions there is no request and no write.
fn nothing_due(tools: &Tools) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let mut figures = Vec::new();
    for count in [MANY, VERY_MANY] {
        let home = Home::at(tools, &sandbox)?;
        crowd::fill(&home, count)?;
        let before = facts(&home)?;
        let median = Spread::of(home.times(RUNS, &["refresh"])?).median();
        let changed = usize::from(facts(&home)? != before);
        let requests = sandbox.arrivals()?.len();
        let what = format!("nothing due of {count}, median of {RUNS}");
        let figure =
            Figure::new(what, median, "ms", Goal::AtMost(10.0)).memory(home.memory(&["refresh"])?);
        figures.push(figure.requests(requests));
        figures.push(Figure::count(
            "its requests and changes of the store's file",
            requests + changed,
            0,
        ));
    }
    Ok(figures)
}

/// Changes when the store is written.
fn facts(home: &Home<'_>) -> Result<(SystemTime, u64)> {
    let facts = fs::metadata(home.store_path())?;
    Ok((facts.modified()?, facts.len()))
}
