//! The openings of [`Series`] while another process locks the store, the webhook hangs, one processor is busy, one response
//! before each opening has a wrong `Date`, and 5 % of the responses before the requests come 200 ms later.

use std::hint;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::series::{Opening, Series};
use super::{SETTINGS, Setting, in_parallel, lateness, sleep_until, unix_us};
use crate::table::{Figure, Goal};
use crate::tools::Tools;

/// The bound of the 99th percentile near the server, in milliseconds.
const LATE_MS: f64 = 25.0;
/// The store is locked from this long before an opening until this long after it.
const LOCKED_US: [i64; 2] = [1_000_000, 500_000];
/// The wrong `Date` is sent within this long before an opening.
const WRONG_DATE_MS: i64 = 2500;

pub(crate) fn run(tools: &Tools, openings: usize) -> Result<Vec<Figure>> {
    let settings = SETTINGS.map(|setting| {
        let most = if setting.latency_ms == 0 {
            Goal::AtMost(LATE_MS)
        } else {
            Goal::None
        };
        let goals = [Goal::None, most, Goal::None];
        Setting { goals, ..setting }
    });
    // its queue takes connections that are never served
    let webhook = TcpListener::bind("127.0.0.1:0")?;
    let notify = format!(
        "[[notify]]\nwebhook = \"http://{}/\"\n",
        webhook.local_addr()?
    );
    let mut all = Vec::new();
    for setting in &settings {
        let series = Series::prepare(tools, setting)?;
        series.home.add_config(&notify)?;
        all.push(series);
    }
    let over = AtomicBool::new(false);
    let results = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                hint::spin_loop();
            }
        });
        let begins = unix_us() / 1_000_000 + 1;
        let results = in_parallel(&all, |series| {
            let (planned, ids) = series.plan(begins, openings)?;
            series
                .sandbox
                .control("POST", "faults", &faults(&planned))?;
            thread::scope(|scope| {
                let lock = scope.spawn(|| lock_store(series, &planned));
                let result = series.run(&planned, &ids)?;
                lock.join().ok().context("a thread panicked")??;
                Ok(result)
            })
        });
        over.store(true, Ordering::Relaxed);
        results
    })?;
    let figures = settings.iter().zip(results);
    Ok(figures
        .flat_map(|(setting, result)| lateness(setting, openings, result))
        .collect())
}

fn faults(openings: &[Opening]) -> Value {
    let late = json!({
        "path": "*", "method": "GET", "kind": "delay", "seconds": 0.2, "share": 0.05, "count": -1,
    });
    let wrong = openings.iter().map(|opening| {
        let at_ms = opening.at_us / 1000;
        json!({
            "path": "*", "method": "GET", "kind": "date", "date_shift_s": -3600,
            "from_ms": at_ms - WRONG_DATE_MS, "until_ms": at_ms,
        })
    });
    wrong.chain([late]).collect()
}

/// Holds SQLite's write lock around each opening.
fn lock_store(series: &Series<'_>, openings: &[Opening]) -> Result<()> {
    let db = Connection::open(series.home.store_path())?;
    let [before, after] = LOCKED_US;
    for opening in openings {
        let at_us = series.setting.real_us(opening.at_us);
        sleep_until(at_us - before);
        db.execute_batch("BEGIN IMMEDIATE")?;
        sleep_until(at_us + after);
        db.execute_batch("COMMIT")?;
    }
    Ok(())
}
