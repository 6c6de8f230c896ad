//! The command line: clap structs, one per subcommand, and their help texts. Their meaning is in
//! `commands`; nothing here touches config, store or network. What scripts may rely on is the
//! [`mod@reference`].
//!
//! Environment variables are read here by hand, because an empty one counts as unset.

mod around;
mod booking;
pub(crate) mod manual;
mod notify;
mod prebook;
mod read;
#[doc = include_str!("scripting.md")]
pub mod reference {}
mod sessions;
mod status;
mod store;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueHint};

use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::ui::GivenFlags;

pub(crate) use around::{CompleteArgs, CompletionsArgs, ManArgs, Shell};
pub(crate) use booking::{
    BookArgs, BookingsArgs, BoxSet, BoxesArgs, BoxesCommand, CancelArgs, ClassesArgs, DayArg,
};
pub(crate) use notify::{NotifyArgs, NotifyCommand};
pub(crate) use prebook::{
    PrebookAdd, PrebookArgs, PrebookCommand, PrebookList, PrebookRemove, PrebookRunArgs,
    PrebookSkip, When,
};
pub(crate) use sessions::{
    LoginArgs, LogoutArgs, RefreshArgs, SessionSet, SessionsArgs, SessionsCommand, Switch,
};
pub(crate) use status::StatusArgs;
pub(crate) use store::{BackupArgs, StoreArgs, StoreCommand};

use read::{box_name, family, fingerprint, id, number};

const ABOUT: &str =
    "Book gym classes on the AimHarder platform from a shell, crontab or systemd timers";

const FIRST_STEPS: &str = "\
First steps:
  aimharder login ana@example.org     log in, for you and for automation
  aimharder classes --day tomorrow    see what there is
  aimharder book --day tomorrow --time 18:30

Exit codes: 0 done or already so, 1 unusable store or a bug, 2 usage or config, 3 login required, \
4 refused by AimHarder, 5 unreachable (try later), 6 not found or ambiguous, 7 partly failed, \
8 outcome unknown, 9 booking not open yet, 130 interrupted";

/// Everything on the command line.
#[derive(Debug, Parser)]
#[command(name = "aimharder", version, about = ABOUT, after_help = FIRST_STEPS, arg_required_else_help = false)]
#[command(max_term_width = 100)]
pub struct Cli {
    /// What stands before or after any subcommand.
    #[command(flatten)]
    pub everywhere: Everywhere,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The flags that every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Everywhere {
    /// Config file (TOML) [env: AIMHARDER_CONFIG] [default: $XDG_CONFIG_HOME/aimharder/config.toml]
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Session store (SQLite) [env: AIMHARDER_STORE] [default: $XDG_STATE_HOME/aimharder/aimharder.db]
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
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

impl Everywhere {
    /// The flags that suggested commands need too.
    pub fn given(&self) -> GivenFlags {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        GivenFlags {
            config: path(&self.config),
            store: path(&self.store),
            account: self.account.as_ref().map(ToString::to_string),
            gym: self.gym.clone(),
        }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
    Store(StoreArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

impl Command {
    /// The subcommand's own word.
    pub(crate) fn name(&self) -> &'static str {
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
            Self::Store(_) => "store",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Complete(_) => "__complete",
        }
    }
}
