//! `login`, `logout`, `sessions`.

use std::time::Duration;

use clap::Args;

use crate::commands::args::number;
use crate::commands::help::{Help, code};
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::model::time;

/// Log in: one session for you on this machine, one for automation
///
/// The two are separate logins. The password comes from --password-stdin, the account's
/// password_command, the systemd credential aimharder-password, AIMHARDER_PASSWORD, or a prompt.
#[derive(Debug, Args)]
#[command(after_long_help = LOGIN_HELP, add = LOGIN_HELP)]
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

/// Keep every login alive: update the tokens that are getting old
///
/// For cron or a timer every 15 minutes. Runs may overlap, and any other command may run at the same
/// time. Silent when all is well; a problem is told when it is new and when it is over.
#[derive(Debug, Args)]
#[command(after_long_help = REFRESH_HELP, add = REFRESH_HELP)]
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

const LOGIN_HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder login ana@example.org",
        "pass show aimharder | aimharder login ana@example.org --password-stdin",
    ],
    exit_codes: &[
        (0, "both logged in"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (3, "refused (wrong password, or too many wrong ones)"),
        (5, "no usable answer"),
        (7, "only the device session was logged in"),
    ],
};

const REFRESH_HELP: Help = Help {
    notes: "\
Looks after the sessions of all accounts, of both kinds, unless --account or --session says otherwise.",
    examples: &[
        "aimharder refresh",
        "aimharder refresh --session background --force --json",
    ],
    exit_codes: &[
        (0, "all well or nothing to do"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (3, "logged out (a person must log in)"),
        code::UNREACHABLE,
        (7, "some failed"),
    ],
};
