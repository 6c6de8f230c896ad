//! Measures a release build against the sandbox, and compares each figure with its bound.
//!
//! Every mode starts its own sandbox and home in a temporary folder, runs the binary (or the library, if the figure is about
//! the library), and returns figures (`table`). Nothing outside loopback and that folder is touched. A new mode is a file with
//! `run(&Tools) -> Result<Vec<Figure>>` and a line in `Mode`.

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
use clap::{CommandFactory, Parser, Subcommand};

use table::{Figure, Report};
use tools::Tools;

/// Measure a release build against the sandbox, and compare each figure with its bound
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    after_help = "\
Build first: cargo build --release --bins --examples
Then:        target/release/examples/bench            (all modes, some minutes)
             target/release/examples/bench fire --openings 200

The figures depend on the disk that holds the temporary folder: choose another with TMPDIR.
Exit codes: 0 all figures are within their bounds, 1 some are not, 2 not all could be measured"
)]
struct Args {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    /// Print the chapter src/docs/performance.md
    #[arg(long, global = true, conflicts_with = "json")]
    markdown: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Mode {
    /// Commands without network: --version, a store with 1,000 sessions, completion, status
    Startup,
    /// A class list over http and https, without the server's time
    Classes,
    /// 1,000 sessions refreshed; 10 due sessions among 100,000; nothing due
    Refresh,
    /// Lateness of booking requests, compared with a naive client
    Fire {
        /// Openings in each setting, three seconds apart
        #[arg(long, value_name = "N", default_value_t = OPENINGS, value_parser = clap::value_parser!(u16).range(1..=1000))]
        openings: u16,
        /// Only the openings, with a locked store, a hanging webhook, a busy processor, wrong dates and late responses
        #[arg(long)]
        disturbed: bool,
    },
    /// A login and a booking, 40 ms from the server each way
    Book,
    /// The store: opening it, and durable token writes
    Store,
    /// 50 processes at once with one stale session
    Stampede,
}

/// The beginning of the performance chapter, before the tables.
const CHAPTER: &str = include_str!("chapter.md");

/// The openings of `fire` without `--openings`.
const OPENINGS: u16 = 20;

impl Mode {
    const ALL: [Self; 8] = [
        Self::Startup,
        Self::Classes,
        Self::Refresh,
        Self::Fire {
            openings: OPENINGS,
            disturbed: false,
        },
        Self::Fire {
            openings: OPENINGS,
            disturbed: true,
        },
        Self::Book,
        Self::Store,
        Self::Stampede,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Classes => "classes",
            Self::Refresh => "refresh",
            Self::Fire {
                disturbed: false, ..
            } => "fire",
            Self::Fire { .. } => "fire --disturbed",
            Self::Book => "book",
            Self::Store => "store",
            Self::Stampede => "stampede",
        }
    }

    /// The heading of its tables in the chapter.
    fn about(self) -> String {
        let args = Args::command();
        let command = self.name().split(' ').next().unwrap_or_default();
        let command = args.find_subcommand(command);
        let about = command.and_then(clap::Command::get_about);
        let about = about.map(ToString::to_string).unwrap_or_default();
        format!("`{}`: {}", self.name(), about.to_lowercase())
    }

    fn run(self, tools: &Tools) -> Result<Vec<Figure>> {
        match self {
            Self::Startup => startup::run(tools),
            Self::Classes => classes::run(tools),
            Self::Refresh => refresh::run(tools),
            Self::Fire {
                openings,
                disturbed: false,
            } => fire::run(tools, openings.into()),
            Self::Fire { openings, .. } => fire::disturbed::run(tools, openings.into()),
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

/// Prints each table as soon as it is measured. A mode that fails does not stop the others.
fn measure(args: &Args) -> Result<Report> {
    let tools = Tools::find()?;
    let modes = args.mode.map_or(Mode::ALL.to_vec(), |mode| vec![mode]);
    let mut report = Report::of_this_machine();
    let mut out = io::stdout().lock();
    if args.markdown {
        write!(out, "{}", CHAPTER.replace("{machine}", &report.machine))?;
    } else if !args.json {
        writeln!(out, "{}", report.machine)?;
    }
    for mode in modes {
        match mode.run(&tools) {
            Ok(figures) => {
                if args.markdown {
                    write!(out, "\n## {}\n{}", mode.about(), table::markdown(&figures))?;
                } else if !args.json {
                    write!(out, "\n{}\n{}", mode.name(), table::lines(&figures))?;
                }
                out.flush()?;
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
