//! What `classes` costs on top of the server's own time.
//!
//! The server's time is that of the very requests the command makes, sent again over one warm plain
//! connection by a bare client. Over https all that TLS costs, on both sides, thus counts as ours.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cert;
use crate::home::{ANA, Home};
use crate::http::Http;
use crate::sandbox::{Arrival, Sandbox};
use crate::stats::Spread;
use crate::table::{Figure, Goal};
use crate::tools::Tools;

const RUNS: usize = 20;
const ARGS: [&str; 3] = ["classes", "--day", "tomorrow"];

pub(crate) fn run(tools: &Tools) -> Result<Vec<Figure>> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    home.log_in()?;
    sandbox.forget()?;
    home.times(0, &ARGS)?;
    let requests = sandbox.arrivals()?;
    let server = server_time(&sandbox, &requests)?;
    let plain = Spread::of(home.times(RUNS, &ARGS)?).median();
    let plain = Figure::new(on_top("http"), plain - server, "ms", Goal::AtMost(15.0))
        .memory(home.memory(&ARGS)?);

    let cert = cert::make(home.folder())?;
    let secure = Sandbox::start_tls(&tools.sandbox, &cert.chain, &cert.key)?;
    let home = Home::at(tools, &secure)?;
    home.log_in()?;
    let https = Spread::of(home.times(RUNS, &ARGS)?).median();
    let https = Figure::new(
        on_top("https, system roots"),
        https - server,
        "ms",
        Goal::AtMost(30.0),
    );
    Ok(vec![
        Figure::new(
            "the server's own time, bare client",
            server,
            "ms",
            Goal::None,
        )
        .requests(requests.len()),
        plain.requests(requests.len()),
        https.memory(home.memory(&ARGS)?).requests(requests.len()),
    ])
}

fn on_top(scheme: &str) -> String {
    format!("classes over {scheme}, less that, median of {RUNS}")
}

/// Median of the time that the server takes for these requests together, in milliseconds.
fn server_time(sandbox: &Sandbox, requests: &[Arrival]) -> Result<f64> {
    if requests.is_empty() || requests.iter().any(|request| request.method != "GET") {
        bail!("`classes` was expected to make GET requests only: {requests:?}");
    }
    let head = cookies(sandbox)?;
    let mut http = Http::connect(sandbox.address)?;
    let times: Result<Vec<Duration>> = (0..=RUNS)
        .map(|_| {
            let began = Instant::now();
            for request in requests {
                let target = format!("{}?{}", request.path, request.query);
                http.ask("GET", &request.host, &target, &head, "")?;
            }
            Ok(began.elapsed())
        })
        .collect();
    Ok(Spread::of(times?.into_iter().skip(1)).median())
}

/// The header that makes a bare request Ana's.
fn cookies(sandbox: &Sandbox) -> Result<String> {
    let state = sandbox.state()?;
    let sessions = state["sessions"]
        .as_array()
        .context("the sandbox lists no sessions")?;
    let session = sessions
        .iter()
        .find(|session| session["account"] == ANA)
        .context("Ana is not logged in")?;
    let value = session["cookie"].as_str().unwrap_or_default();
    Ok(format!(
        "User-Agent: Mozilla/5.0 (bench)\r\nX-Requested-With: XMLHttpRequest\r\nCookie: amhrdrauth={value}\r\n"
    ))
}
