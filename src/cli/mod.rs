//! The command line: clap structs, one per subcommand, and their help texts. Their meaning is in
//! `commands`; nothing here touches config, store or network.
//!
//! Environment variables are read here by hand, because an empty one counts as unset.

mod booking;
mod notify;
mod prebook;
mod sessions;
mod status;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::model::account::Account;
use crate::model::session::{SHORTEST_PREFIX, SessionKind};

pub use booking::{
    BookArgs, BookingsArgs, BoxSet, BoxesArgs, BoxesCommand, CancelArgs, ClassesArgs, DayArg,
};
pub use notify::{NotifyArgs, NotifyCommand};
pub use prebook::{
    PrebookAdd, PrebookArgs, PrebookCommand, PrebookList, PrebookRemove, PrebookRules,
    PrebookRunArgs, PrebookSkip, SkipArg,
};
pub use sessions::{
    LoginArgs, LogoutArgs, RefreshArgs, SessionSet, SessionsArgs, SessionsCommand, Switch,
};
pub use status::StatusArgs;

const ABOUT: &str =
    "Book gym classes on the AimHarder platform from a shell, crontab or systemd timers";

const FIRST_STEPS: &str = "\
First steps:
  aimharder login ana@example.org     log in: once for you, once for automation
  aimharder classes --day tomorrow    see what there is
  aimharder book --day tomorrow --time 18:30

Exit codes: 0 done or already so, 1 unusable store or a bug, 2 usage or config, 3 login required,
4 refused by AimHarder, 5 unreachable (try later), 6 not found or ambiguous, 7 partly failed,
8 outcome unknown, 9 booking not open yet, 130 interrupted";

/// Everything on the command line.
#[derive(Debug, Parser)]
#[command(name = "aimharder", version, about = ABOUT, after_help = FIRST_STEPS, arg_required_else_help = false)]
#[command(max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub everywhere: Everywhere,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The flags that every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Everywhere {
    /// Config file (TOML) [env: AIMHARDER_CONFIG] [default: $XDG_CONFIG_HOME/aimharder/config.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Session store (SQLite) [env: AIMHARDER_STORE] [default: $XDG_STATE_HOME/aimharder/aimharder.db]
    #[arg(long, value_name = "FILE", global = true)]
    pub store: Option<PathBuf>,
    /// Account to act for [env: AIMHARDER_ACCOUNT] [default: the config's, or the only one]
    #[arg(long, value_name = "EMAIL", global = true)]
    pub account: Option<Account>,
    /// Gym ("box") to act in [env: AIMHARDER_BOX] [default: the config's, or the account's only one]
    #[arg(long = "box", value_name = "NAME", global = true, value_parser = box_name)]
    pub gym: Option<String>,
    /// Which kind of session acts [default: see the command]
    #[arg(long, value_name = "KIND", global = true)]
    pub session: Option<SessionKind>,
    /// One particular device session: its fingerprint, or 6 or more characters that begin it
    #[arg(long, value_name = "FP", global = true, value_parser = fingerprint)]
    pub fingerprint: Option<String>,
    /// Print one JSON object on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Log errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log what is done; twice: requests too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Login(LoginArgs),
    Logout(LogoutArgs),
    Sessions(SessionsArgs),
    Refresh(RefreshArgs),
    Boxes(BoxesArgs),
    Classes(ClassesArgs),
    Bookings(BookingsArgs),
    Book(BookArgs),
    Cancel(CancelArgs),
    Prebook(PrebookArgs),
    Notify(NotifyArgs),
    Status(StatusArgs),
}

impl Command {
    /// The subcommand's own word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Login(_) => "login",
            Self::Logout(_) => "logout",
            Self::Sessions(_) => "sessions",
            Self::Refresh(_) => "refresh",
            Self::Boxes(_) => "boxes",
            Self::Classes(_) => "classes",
            Self::Bookings(_) => "bookings",
            Self::Book(_) => "book",
            Self::Cancel(_) => "cancel",
            Self::Prebook(_) => "prebook",
            Self::Notify(_) => "notify",
            Self::Status(_) => "status",
        }
    }
}

impl Cli {
    /// Read the command line and the variables that stand in for flags.
    ///
    /// # Errors
    /// Clap's, which also carries `--help` and `--version`.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut cli = Self::try_parse_from(args)?;
        if let Some(Command::Prebook(args)) = &cli.command {
            args.check().map_err(|why| usage(&why))?;
        }
        // before variables stand in for flags: those are for all commands
        cli.misplaced().map_or(Ok(()), |why| Err(usage(why)))?;
        let asked = &mut cli.everywhere;
        fill(&mut asked.config, "AIMHARDER_CONFIG", |v| {
            Ok(PathBuf::from(v))
        })?;
        fill(&mut asked.store, "AIMHARDER_STORE", |v| {
            Ok(PathBuf::from(v))
        })?;
        fill(&mut asked.account, "AIMHARDER_ACCOUNT", str::parse)?;
        fill(&mut asked.gym, "AIMHARDER_BOX", box_name)?;
        Ok(cli)
    }
}

impl Cli {
    /// A flag that is understood everywhere and means nothing here.
    fn misplaced(&self) -> Option<&'static str> {
        let asked = &self.everywhere;
        match self.command {
            Some(Command::Login(_)) if asked.session.is_some() => Some(
                "`login` makes both kinds of session; for one of them: --only device, --only background",
            ),
            Some(Command::Login(_)) if asked.gym.is_some() => Some(
                "`login` is not for one box: it finds all of the account, so --box means nothing here",
            ),
            Some(Command::Status(_)) if asked.session.is_some() || asked.fingerprint.is_some() => {
                Some(
                    "`status` looks at all sessions: --session and --fingerprint mean nothing here",
                )
            }
            _ => None,
        }
    }
}

fn fill<T>(
    flag: &mut Option<T>,
    name: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<(), clap::Error> {
    let Some(value) = std::env::var_os(name).filter(|v| flag.is_none() && !v.is_empty()) else {
        return Ok(());
    };
    let read = value
        .to_str()
        .ok_or_else(|| "it is not valid UTF-8".to_owned())
        .and_then(read);
    let value = read.map_err(|why| {
        usage(&format!(
            "the environment variable {name} cannot be used: {why}"
        ))
    })?;
    *flag = Some(value);
    Ok(())
}

/// A usage error in clap's own clothes.
pub fn usage(words: &str) -> clap::Error {
    clap::Error::raw(
        clap::error::ErrorKind::ValueValidation,
        format!("{words}\n"),
    )
}

fn box_name(raw: &str) -> Result<String, String> {
    let name = raw.trim().to_lowercase();
    if crate::model::label::is_label(&name) {
        Ok(name)
    } else {
        Err("a box name is the first part of its address, for example crossfitdemo".into())
    }
}

fn fingerprint(raw: &str) -> Result<String, String> {
    let plain = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if raw.chars().count() >= SHORTEST_PREFIX && plain {
        Ok(raw.to_owned())
    } else {
        Err(format!(
            "give at least {SHORTEST_PREFIX} characters of a fingerprint; see `aimharder sessions`"
        ))
    }
}

fn family(raw: &str) -> Result<String, String> {
    let digits = !raw.is_empty() && raw.len() <= 18 && raw.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| raw.to_owned())
        .ok_or_else(|| "a family member is named by a number, for example 70002".into())
}
