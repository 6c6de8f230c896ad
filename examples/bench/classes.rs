//! The time of `classes` without the server's time.
//!
//! The server's time is that of the same requests, sent again over one warm connection by a minimal client without TLS, so
//! that over https the costs of TLS on both sides count as ours.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cert;
use crate::child;
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
    let plain = Home::at(tools, &sandbox)?;
    let cert = cert::make(plain.folder())?;
    let tls = Sandbox::start_tls(&tools.sandbox, &cert.chain, &cert.key)?;
    let secure = Home::at(tools, &tls)?;
    plain.log_in()?;
    secure.log_in()?;
    sandbox.forget()?;
    plain.time(&ARGS)?;
    secure.time(&ARGS)?;
    let requests = sandbox.arrivals()?;
    let server = server_time(&sandbox, &requests)?;
    let [http, https] = in_turn(&plain, &secure)?;
    let ratio = share_of_curl(&sandbox, &requests, &plain)?;
    let figure = |scheme, median, home: &Home<'_>| -> Result<Figure> {
        let what = format!("classes over {scheme}, less that, median of {RUNS}");
        let figure = Figure::new(what, median - server, "ms", Goal::None);
        Ok(figure.memory(home.memory(&ARGS)?).requests(requests.len()))
    };
    let mut figures = vec![
        Figure::new(
            "the server's time, minimal client",
            server,
            "ms",
            Goal::None,
        )
        .requests(requests.len()),
        figure("http", http, &plain)?,
        figure("https, system roots", https, &secure)?,
    ];
    figures.extend(ratio.map(|ratio| {
        let what = format!("classes over http, share of curl's time, median of {RUNS}");
        Figure::new(what, ratio, "", Goal::AtMost(1.0))
    }));
    Ok(figures)
}

/// The time of `classes` divided by that of `curl` with the same requests on one connection. `None`: `curl` is not installed.
fn share_of_curl(sandbox: &Sandbox, requests: &[Arrival], home: &Home<'_>) -> Result<Option<f64>> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--connect-to"]);
    curl.arg(format!("::{}", sandbox.address));
    for line in cookies(sandbox)?.lines() {
        curl.args(["--header", line]);
    }
    for request in requests {
        let (host, path, query) = (&request.host, &request.path, &request.query);
        curl.arg(format!("http://{host}{path}?{query}"));
    }
    child::ratio(&mut curl, RUNS, || home.time(&ARGS))
}

/// Medians of runs taken in turn, so that other load affects both alike.
fn in_turn(one: &Home<'_>, other: &Home<'_>) -> Result<[f64; 2]> {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ones.push(one.time(&ARGS)?);
        others.push(other.time(&ARGS)?);
    }
    Ok([Spread::of(ones).median(), Spread::of(others).median()])
}

/// The median of the server's time for all these requests, in milliseconds.
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

/// The headers of a request of Ana's session.
fn cookies(sandbox: &Sandbox) -> Result<String> {
    let sessions = sandbox.sessions()?;
    let session = sessions
        .iter()
        .find(|session| session["account"] == ANA)
        .context("Ana is not logged in")?;
    let value = session["cookie"].as_str().unwrap_or_default();
    Ok(format!(
        "User-Agent: Mozilla/5.0 (bench)\r\nX-Requested-With: XMLHttpRequest\r\nCookie: amhrdrauth={value}\r\n"
    ))
}
