//! The time of a login and a booking, 40 ms from the server each way.

use anyhow::{Context, Result};
use serde_json::json;

use crate::fire::{Opening, post, unix_us};
use crate::home::Home;
use crate::sandbox::Sandbox;
use crate::stats::Spread;
use crate::table::{Figure, Goal};
use crate::tools::Tools;

const RUNS: usize = 11;
const LATENCY_MS: i64 = 40;
/// Arguments of `login`, and the best time of it and `book` together in milliseconds.
const LOGINS: [(&str, &[&str], f64); 2] = [
    ("login, book", &[], 560.0),
    ("login --only device, book", &["--only", "device"], 440.0),
];

pub(crate) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    LOGINS
        .iter()
        .map(|(what, args, best)| {
            let mut times = Vec::new();
            let mut requests = 0;
            for _ in 0..RUNS {
                let sandbox = Sandbox::start(&tools.sandbox)?;
                let home = Home::at(tools, &sandbox)?;
                let opening = Opening::new(0, unix_us() - 1_000_000)?;
                post(&sandbox, std::slice::from_ref(&opening))?;
                sandbox
                    .set(&json!({ "latency_ms": LATENCY_MS, "latency_after_ms": LATENCY_MS }))?;
                let login = home.log_in_with(args)?;
                let (day, start) = (opening.day.to_string(), opening.start.to_string());
                let start = start.get(..5).context("a time")?;
                times.push(login + home.time(&["book", &day, start])?);
                requests = sandbox.arrivals()?.len();
            }
            let what = format!("{what}, median of {RUNS}");
            let median = Spread::of(times).median();
            Ok(Figure::new(what, median, "ms", Goal::Best(*best)).requests(requests))
        })
        .collect()
}
