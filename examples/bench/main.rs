//! Figures from a release build against the sandbox, each beside its ideal.
//!
//! Every mode starts its own sandbox and its own home in a temporary folder, runs the real binary (or the
//! library, where a figure is the library's), and gives back [`table::Figure`]s. Nothing outside loopback
//! and that folder is touched. A new mode is a file with `run(&Tools) -> Result<Vec<Figure>>` and a line in
//! [`Mode`].

mod book;
mod cert;
mod child;
mod classes;
mod crowd;
mod fire;
mod home;
mod http;
mod refresh;
mod sandbox;
mod stampede;
mod startup;
mod stats;
mod store;
mod table;
mod tools;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use table::{Figure, Report};
use tools::Tools;

/// Print what the release build achieves against the sandbox, each figure beside its ideal
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    after_help = "\
Build first: cargo build --release --bins --examples
Then:        target/release/examples/bench            (all modes, some minutes)
             target/release/examples/bench fire --openings 200

The figures depend on the disk that holds the temporary folder: choose another with TMPDIR.
Exit codes: 0 all figures keep to their ideals, 1 some do not, 2 not all could be measured"
)]
struct Args {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Mode {
    /// Starting up: --version, sessions on a store with 1,000, completion
    Startup,
    /// A class list over plain loopback and over https, less the server's own time
    Classes,
    /// 1,000 sessions refreshed; 10 due ones found among 100,000; nothing due
    Refresh,
    /// How exactly booking requests arrive as booking opens, beside a naive client
    Fire {
        /// Openings in each setting, three seconds apart
        #[arg(long, value_name = "N", default_value_t = OPENINGS, value_parser = clap::value_parser!(u16).range(1..=1000))]
        openings: u16,
    },
    /// A login and a booking, 40 ms away each way
    Book,
    /// The session store: opening it, and durable token writes
    Store,
    /// 50 processes at once on one stale session
    Stampede,
}

/// The short form of `fire`.
const OPENINGS: u16 = 20;

impl Mode {
    const ALL: [Self; 7] = [
        Self::Startup,
        Self::Classes,
        Self::Refresh,
        Self::Fire { openings: OPENINGS },
        Self::Book,
        Self::Store,
        Self::Stampede,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Classes => "classes",
            Self::Refresh => "refresh",
            Self::Fire { .. } => "fire",
            Self::Book => "book",
            Self::Store => "store",
            Self::Stampede => "stampede",
        }
    }

    fn run(self, tools: &Tools) -> Result<Vec<Figure>> {
        match self {
            Self::Startup => startup::run(tools),
            Self::Classes => classes::run(tools),
            Self::Refresh => refresh::run(tools),
            Self::Fire { openings } => fire::run(tools, openings.into()),
            Self::Book => book::run(tools),
            Self::Store => store::run(),
            Self::Stampede => stampede::run(tools),
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match measure(&args) {
        Ok(report) if !report.failed.is_empty() => ExitCode::from(2),
        Ok(report) if !report.all_kept() => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Tables are printed as they come: some modes take a while. A mode that fails does not stop the others.
fn measure(args: &Args) -> Result<Report> {
    let tools = Tools::find()?;
    let modes = args.mode.map_or(Mode::ALL.to_vec(), |mode| vec![mode]);
    let mut report = Report::of_this_machine();
    let mut out = io::stdout().lock();
    if !args.json {
        writeln!(out, "{}", report.machine)?;
    }
    for mode in modes {
        match mode.run(&tools) {
            Ok(figures) => {
                if !args.json {
                    write!(out, "\n{}\n{}", mode.name(), table::lines(&figures))?;
                    out.flush()?;
                }
                report.modes.insert(mode.name(), figures);
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "error: {}: {error:#}", mode.name());
                report.failed.insert(mode.name(), format!("{error:#}"));
            }
        }
    }
    if args.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    }
    Ok(report)
}
