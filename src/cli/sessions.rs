//! `login`, `logout`, `sessions`.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::number;
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::model::time;

/// Log in: one session for you on this machine, one for automation
///
/// The two are separate logins. The password comes from --password-stdin, the account's
/// password_command, the systemd credential aimharder-password, AIMHARDER_PASSWORD, or a prompt.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder login ana@example.org
  pass show aimharder | aimharder login ana@example.org --password-stdin

Exit codes: 0 both logged in, 3 refused (wrong password, or too many wrong ones), 5 no usable answer, \
7 only the device session was logged in, 2 usage, 1 unusable store")]
pub(crate) struct LoginArgs {
    /// E-mail address of the account
    pub email: Option<Account>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// Log in only this kind of session
    #[arg(long, value_name = "KIND")]
    pub only: Option<SessionKind>,
    /// Add a further device session instead of renewing this machine's
    #[arg(long, conflicts_with = "fingerprint")]
    pub new_device: bool,
}

/// Forget this machine's device session; the background session stays
///
/// AimHarder itself is never told: its logout would end all sessions of the account.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder logout
  aimharder logout --background --yes-delete-background

Exit codes: 0 forgotten or nothing to forget, 2 usage, 1 unusable store, 6 no such fingerprint or several accounts, \
5 another process keeps the session busy, 7 some are forgotten and others not")]
pub(crate) struct LogoutArgs {
    /// Forget all device sessions of the account
    #[arg(long, conflicts_with_all = ["fingerprint", "background"])]
    pub all_devices: bool,
    /// Delete the protected background session (needs --yes-delete-background too)
    #[arg(long, conflicts_with = "fingerprint")]
    pub background: bool,
    /// Confirm that automation is to lose its login
    #[arg(long, requires = "background")]
    pub yes_delete_background: bool,
}

/// Show the stored sessions, their ages and what is wrong with them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder sessions
  aimharder sessions set --fingerprint bg-d08dd5 --auto-refresh off

Exit codes: 0 shown, 2 usage, 6 no such fingerprint, 1 unusable store")]
pub(crate) struct SessionsArgs {
    #[command(subcommand)]
    pub command: Option<SessionsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// Show the stored sessions (the default)
    #[command(
        after_help = "Example: aimharder sessions list --json\n\nExit codes: 0 shown, 1 unusable store, 2 usage"
    )]
    List,
    /// Delete device sessions older than 7 days
    #[command(
        after_help = "Example: aimharder sessions prune\n\nExit codes: 0 done, 1 unusable store, 2 usage"
    )]
    Prune,
    Set(SessionSet),
}

/// Change one session's settings: name it with --fingerprint
#[derive(Debug, Args)]
#[command(after_help = "\
Example: aimharder sessions set --fingerprint bg-d08dd5 --auto-refresh off

Exit codes: 0 done, 2 usage, 6 no such fingerprint or several, 1 unusable store")]
pub(crate) struct SessionSet {
    /// Whether `refresh` looks after the session
    #[arg(long, value_name = "on|off")]
    pub auto_refresh: Switch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

/// Keep every login alive: update the tokens that are getting old
///
/// For cron or a timer every 15 minutes. Runs may overlap, and any other command may run at the same
/// time. Silent when all is well; a problem is told when it is new and when it is over.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aimharder refresh
  aimharder refresh --session background --force --json

Looks after the sessions of all accounts, of both kinds, unless --account or --session says otherwise.
Exit codes: 0 all well or nothing to do, 3 logged out (a person must log in), 5 unreachable, \
7 some failed, 2 usage, 1 unusable store")]
pub(crate) struct RefreshArgs {
    /// Leave younger tokens alone
    #[arg(long, value_name = "TIME", default_value = "14m", value_parser = time::parse_duration)]
    pub stale_after: Duration,
    /// Update every token, whatever its age
    #[arg(long, conflicts_with = "stale_after")]
    pub force: bool,
    /// Prolong every session updated now with setrefresh (else once a day)
    #[arg(long)]
    pub deep: bool,
    /// How many sessions at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = |raw: &str| number::<u8>(raw, 1, 64))]
    pub jobs: u8,
    /// Requests a second over all of them, 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = |raw: &str| number::<u32>(raw, 0, 10_000))]
    pub rate: u32,
}
