//! A stand-in for the AimHarder platform on loopback, for tests, benches, the demo, and other people's clients.
//!
//! It follows `src/docs/protocol.md`, and is strict where the platform is. It shares no code with the product, so that a
//! mistake in one is found by the other. Where the platform's behaviour is uncertain, a switch selects it (`config`).
//!
//! `server` and `wire` read a request from a socket; `app` waits for the configured latency, looks for a fault (`faults`)
//! and logs the request (`log`); `routes` produces the response from the state (`world`, `model`, `sessions`) and its texts
//! (`texts`, `pages`). Tests change state, switches and faults by `control`. `seed` is the default state.

mod app;
mod args;
mod clock;
mod config;
mod control;
mod control_world;
mod faults;
mod http;
mod log;
mod model;
mod opening;
mod pages;
mod plain;
mod routes;
mod seed;
mod server;
mod sessions;
mod start;
mod texts;
mod wire;
mod world;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match start::run(&args::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}
