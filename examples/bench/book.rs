//! The time of a login and a booking, 40 ms from the server each way. It is compared with that of the same requests one after
//! another, without the time that the server takes.

use anyhow::Result;
use serde_json::json;

use crate::fire::{Opening, post, unix_us};
use crate::home::Home;
use crate::sandbox::Sandbox;
use crate::stats::Spread;
use crate::table::{Figure, Goal, as_f64};
use crate::tools::Tools;

const RUNS: usize = 11;
const LATENCY_MS: usize = 40;
/// Arguments of `login`.
const LOGINS: [(&str, &[&str]); 2] = [
    ("login, book", &[]),
    ("login --only device, book", &["--only", "device"]),
];

pub(crate) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    LOGINS
        .iter()
        .map(|(what, args)| {
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
                let (day, start) = (opening.day.to_string(), opening.start_text());
                times.push(login + home.time(&["book", &day, &start])?);
                requests = sandbox.arrivals()?.len();
            }
            let what = format!("{what}, median of {RUNS}");
            let median = Spread::of(times).median();
            let one_by_one = as_f64(requests) * 2.0 * as_f64(LATENCY_MS);
            Ok(Figure::new(what, median, "ms", Goal::Beside(one_by_one)).requests(requests))
        })
        .collect()
}
