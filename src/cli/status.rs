//! `status`.

use crate::commands::help::{Help, code};
use clap::Args;

/// Will it work tonight? Problems first, each with its remedy
///
/// One screen: logins and their tokens, what is scheduled by crontab or systemd timers, the next prebookings, whether the
/// server answers and what its clock says, the store and the config in use. Looks and changes nothing.
///
/// The server is asked one cheap question for each box, without any login. With --check and --prometheus, which are called
/// again and again, it is not asked unless --online says so: `refresh` meets an outage anyway, and it is told from there.
#[derive(Debug, Args)]
#[command(after_long_help = STATUS_HELP, add = STATUS_HELP)]
#[allow(clippy::struct_excessive_bools)] // flags are
pub(crate) struct StatusArgs {
    /// Exit with another code than 0 when there is a problem, say nothing when there is none
    #[arg(long)]
    pub check: bool,
    /// Print gauges for a node exporter's text-file collector
    #[arg(long, conflicts_with_all = ["check", "json"])]
    pub prometheus: bool,
    /// Do not ask the server
    #[arg(long)]
    pub offline: bool,
    /// Ask the server with --check and --prometheus too
    #[arg(long, conflicts_with = "offline")]
    pub online: bool,
}

impl StatusArgs {
    /// Whether the server is to be asked.
    pub(crate) fn asks(&self) -> bool {
        self.online || !(self.offline || self.check || self.prometheus)
    }
}

const STATUS_HELP: Help = Help {
    notes: "\
A file for a text-file collector is written beside its place and then moved there, as in the last example, so that nobody reads half of it; in the collector's own folder, or the move is no move.

Problems show in the exit code with --check only, but for a config or a store that cannot be used.",
    examples: &[
        "aimharder status",
        "aimharder status --check || echo 'look after aimharder'",
        "aimharder status --prometheus > gym.tmp && mv gym.tmp gym.prom",
    ],
    exit_codes: &[
        (0, "shown (with --check: no problem)"),
        (1, "a store that cannot be used (disk, clock or file modes too)"),
        (2, "usage or a config that cannot be used"),
        (3, "a login is needed or in danger"),
        code::UNREACHABLE,
        (6, "nothing is scheduled or a run is overdue"),
        (7, "problems of several kinds"),
    ],
};
