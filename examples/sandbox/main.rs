//! A stand-in for the AimHarder platform on loopback, for tests, benches, the demo, and other people's clients.
//!
//! Faithful to what is known of the platform, strict where the platform is strict. Shares no code
//! with the product, or both would share their mistakes.

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
