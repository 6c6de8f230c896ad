//! `prebook`.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::model::time;

/// Book classes at the instant their booking opens
#[derive(Debug, Args)]
#[command(after_help = "Example: aimharder prebook run\n\nExit codes: see each command's own help")]
pub struct PrebookArgs {
    #[command(subcommand)]
    pub command: PrebookCommand,
}

#[derive(Debug, Subcommand)]
pub enum PrebookCommand {
    Run(PrebookRunArgs),
}

/// Book what opens soon: for cron or a timer every 15 minutes
///
/// Takes every prebooking that opens within the horizon, is overdue, or whose opening nobody knows;
/// waits for each opening by the server's clock, books, and looks again. Runs may overlap: they
/// share the work and never book twice.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder prebook run
  aimharder prebook run --horizon 20m --dry-run

Acts with the background session, for all accounts, unless --session or --account says otherwise.
Exit codes: 0 all booked, queued, or postponed as full under watch, closed or too early; 4 refused,
3 login required, 5 unreachable, 6 not found, 8 outcome unknown; 7 several of these, or some succeeded;
2 usage, 1 unusable store")]
pub struct PrebookRunArgs {
    /// How far ahead openings are taken
    #[arg(long, value_name = "TIME", default_value = "16m", value_parser = time::parse_duration)]
    pub horizon: Duration,
    /// How long a booking is repeated that is too early or unanswered, from its first request on
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time::parse_duration)]
    pub give_up: Duration,
    /// Only show what would be done: no network
    #[arg(long)]
    pub dry_run: bool,
}
