//! The command line: parses the arguments, fills in the environment variables, and runs the command.
//!
//! Each command's flags, help, flow and output are in its file in [`commands`](crate::commands). An empty environment
//! variable counts as unset, which clap does not support, so they are read here.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use anyhow::Result;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::app::{App, store_path};
use crate::commands::args::{GlobalArgs, box_name};
use crate::commands::help::{Help, code};
use crate::commands::prebook::PrebookCommand;
use crate::commands::sessions::SessionsCommand;
use crate::commands::store::StoreCommand;
use crate::commands::{
    book, bookings, boxes, cancel, classes, completions, config, login, logout, man, notify,
    prebook, probe, refresh, sessions, status, store, system, wod,
};
use crate::diagnostics::entry::{CommandLine, Job};
use crate::error::Failure;
use crate::model::session::SessionKind;
use crate::text::{quote, shell_word, similar};
use crate::ui::{GivenFlags, Ui};

const ABOUT: &str =
    "Book gym classes on the AimHarder platform from a shell, crontab or systemd timers";

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder login                     # once: for you and for automation",
        "aimharder classes tomorrow",
        "aimharder book tomorrow 18:30 wod",
    ],
    exit_codes: &[
        (0, "done, or already so"),
        (1, "unusable store, or a bug"),
        code::USAGE,
        code::LOGIN_REQUIRED,
        (4, "refused by AimHarder"),
        (5, "AimHarder unreachable: worth a later retry"),
        (6, "not found, or ambiguous"),
        (7, "partly failed"),
        (8, "outcome unknown"),
        (9, "booking not open yet"),
        code::INTERRUPTED,
    ],
};

/// Shown by `-h`, and without a command if there is no store yet. `--help` has the same commands as examples.
const FIRST_STEPS: &str = "\
First steps:
  1. log in:            aimharder login
  2. see the classes:   aimharder classes tomorrow
  3. book one:          aimharder book tomorrow 18:30 wod
  4. all commands:      aimharder --help";

/// Shown without a command otherwise.
const NEXT_STEPS: &str = "\
For example:
  classes of a day:     aimharder classes tomorrow
  what is booked:       aimharder bookings
  is automation set up: aimharder status
  all commands:         aimharder --help";

/// A parsed command line.
#[derive(Debug, Parser)]
#[command(name = "aimharder", version, about = ABOUT, after_help = FIRST_STEPS, after_long_help = HELP, add = HELP)]
#[command(max_term_width = 100)]
pub struct Cli {
    /// Flags before or after the subcommand.
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    command: Option<Command>,
    /// The subcommand with those below it, for example `prebook list`.
    #[arg(skip)]
    name: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Sessions(sessions::SessionsArgs),
    Refresh(refresh::RefreshArgs),
    Boxes(boxes::BoxesArgs),
    Classes(classes::ClassesArgs),
    Bookings(bookings::BookingsArgs),
    Book(book::BookArgs),
    Cancel(cancel::CancelArgs),
    #[command(subcommand, arg_required_else_help = false)]
    Prebook(PrebookCommand),
    Wod(wod::WodArgs),
    /// Show what has changed at AimHarder
    ///
    /// Asks every read-only endpoint once, with the device session by default, and shows which known facts hold and which
    /// fields are new or missing.
    #[command(after_long_help = probe::HELP, add = probe::HELP)]
    Probe,
    #[command(subcommand, arg_required_else_help = false)]
    Notify(notify::NotifyCommand),
    Status(status::StatusArgs),
    #[command(subcommand, arg_required_else_help = false)]
    Config(config::ConfigCommand),
    #[command(subcommand, arg_required_else_help = false)]
    Store(StoreCommand),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    #[command(name = "__complete", hide = true)]
    Complete(completions::CompleteArgs),
}

impl Cli {
    /// Parses the command line and the environment variables that stand for flags.
    ///
    /// # Errors
    /// Clap's, which include `--help` and `--version`.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut cli = Self::parse_args(args.into_iter().collect())?;
        // `login ana@example.org` names its account
        let names_account =
            matches!(&cli.command, Some(Command::Login(args)) if args.email.is_some());
        let global = &mut cli.global;
        let used = &mut global.from_environment;
        if !global.system {
            let path = |value: &OsStr| Ok(PathBuf::from(value));
            fill(&mut global.config, "AIMHARDER_CONFIG", used, path)?;
            fill(&mut global.store, "AIMHARDER_STORE", used, path)?;
        }
        if !names_account {
            let account = text(str::parse);
            fill(&mut global.account, "AIMHARDER_ACCOUNT", used, account)?;
        }
        fill(&mut global.gym, "AIMHARDER_BOX", used, text(box_name))?;
        Ok(cli)
    }

    /// Parses the command line alone.
    fn parse_args(mut args: Vec<OsString>) -> Result<Self, clap::Error> {
        // clap's `help` has no help of its own
        if args.get(1).is_some_and(|arg| arg == "help") {
            args.retain(|arg| arg != "--help" && arg != "-h");
        }
        let is_login = args.iter().any(|arg| arg == "login");
        let matches = with_repeatable_switches(Self::command()).try_get_matches_from(&args);
        let cli = matches
            .and_then(|matches| Ok((Self::from_arg_matches(&matches)?, full_name(&matches))));
        let (mut cli, name) = cli.map_err(|e| {
            without_password(with_tip(with_similar(e, &args), &args, is_login), is_login)
        })?;
        cli.name = name;
        if let Some(command) = &mut cli.command {
            command.settle().map_err(|why| usage(&why))?;
        }
        // checked before the environment is read, because its variables are for all commands
        cli.misplaced_flag().map_or(Ok(cli), |why| Err(usage(&why)))
    }

    /// Reads a command line that a scheduler runs. `words` follow the program's name.
    fn read_line(words: &[String]) -> CommandLine {
        let words = words.iter().map(OsString::from);
        let args = std::iter::once("aimharder".into()).chain(words).collect();
        let cli = match Self::parse_args(args) {
            Ok(cli) => cli,
            Err(e) => {
                return CommandLine {
                    error: e.use_stderr().then(|| fault_of(&e)),
                    ..CommandLine::default()
                };
            }
        };
        let mut line = CommandLine {
            store: cli.global.store,
            config: cli.global.config,
            account: cli.global.account,
            ..CommandLine::default()
        };
        if cli.global.system {
            (line.config, line.store) = system::files();
        }
        match cli.command {
            Some(Command::Refresh(_)) => line.job = Some(Job::Refresh),
            Some(Command::Prebook(PrebookCommand::Run(run))) if !run.dry_run => {
                (line.job, line.horizon) = (Some(Job::Prebook), Some(run.horizon));
                line.box_name = cli.global.gym;
            }
            _ => {}
        }
        line
    }

    /// The flags that suggested commands need too.
    pub fn given_flags(&self) -> GivenFlags {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        GivenFlags {
            config: path(&self.global.config),
            store: path(&self.global.store),
            system: self.global.system,
            account: self.global.account.as_ref().map(ToString::to_string),
            gym: self.global.gym.clone(),
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// Those of every module; [`with_remedy`](crate::commands::failure::with_remedy) makes the error line and the exit code
    /// of them.
    pub fn run(self, ui: &mut Ui) -> Result<()> {
        let Some(command) = self.command else {
            let path = store_path(self.global.store.as_deref());
            let is_first = path.is_ok_and(|path| !path.exists());
            let steps = if is_first { FIRST_STEPS } else { NEXT_STEPS };
            return Err(Failure::usage(format!("no command given. {steps}")).into());
        };
        let mut global = self.global;
        command.check(&global)?;
        let name = self.name.split(' ').next().unwrap_or_default();
        if global.system && command.uses_store() {
            system::enter(&mut global)?;
        }
        let required = required_store(&command, &global)?;
        let app = || App::start(global.clone(), name, required.as_deref(), Self::read_line);
        match command {
            Command::Login(args) => login::run(&args, &app()?, ui),
            Command::Logout(args) => logout::run(&args, &app()?, ui),
            Command::Sessions(args) => sessions::run(&args, &app()?, ui),
            Command::Refresh(args) => refresh::run(&args, &app()?, ui),
            Command::Boxes(args) => boxes::run(&args, &app()?, ui),
            Command::Classes(args) => classes::run(&args, &app()?, ui),
            Command::Bookings(args) => bookings::run(&args, &app()?, ui),
            Command::Book(args) => book::run(&args, &app()?, ui),
            Command::Cancel(args) => cancel::run(&args, &app()?, ui),
            Command::Prebook(command) => prebook::run(&command, &app()?, ui),
            Command::Wod(args) => wod::run(&args, &app()?, ui),
            Command::Probe => probe::run(&app()?, ui),
            Command::Notify(command) => notify::run(&command, &app()?, ui),
            // reports a config or store that cannot be used
            Command::Status(args) => status::run(&args, global, Self::read_line, ui),
            Command::Config(command) => config::run(&command, &global, ui),
            Command::Store(command) => store::run(&command, app, ui),
            // these need neither config nor store
            Command::Completions(args) => completions::run(&args, ui),
            Command::Man(args) => man::run(&args, Self::command(), ui),
            Command::Complete(args) => completions::complete(&args, Self::command(), &global, ui),
        }
    }

    /// Why a global flag means nothing for the command.
    fn misplaced_flag(&self) -> Option<String> {
        let (global, name) = (&self.global, &self.name);
        let command = self.command.as_ref()?;
        if global.system && (global.config.is_some() || global.store.is_some()) {
            let why = "--system names the config and the store: --config and --store mean nothing beside it";
            return Some(why.to_owned());
        }
        let waits_for_locks = command.uses_sessions() || matches!(command, Command::Logout(_));
        if global.lock_timeout.is_some() && !waits_for_locks {
            return Some(format!(
                "--lock-timeout cannot be used with `{name}`, which waits for no session"
            ));
        }
        let uses_platform = command.uses_sessions() || matches!(command, Command::Status(_));
        if global.record.is_some() && !uses_platform {
            return Some(format!(
                "--record cannot be used with `{name}`, which sends no request to AimHarder"
            ));
        }
        let why = match command {
            Command::Login(_) if global.session.is_some() => {
                "--session cannot be used with `login`; for one kind of session, use --only device or --only background"
            }
            Command::Boxes(args) if args.detect && args.command.is_some() => {
                "--detect cannot be used with a subcommand of `boxes`"
            }
            Command::Login(_) if global.gym.is_some() => {
                "--box cannot be used with `login`, which finds all boxes of the account"
            }
            Command::Status(_) if global.session.is_some() || global.fingerprint.is_some() => {
                "--session and --fingerprint cannot be used with `status`, which shows all sessions"
            }
            _ => return None,
        };
        Some(why.to_owned())
    }
}

impl Command {
    /// Checks what clap cannot check, and moves positional arguments to where the flags put their values.
    fn settle(&mut self) -> Result<(), String> {
        match self {
            Self::Login(args) => args.settle(),
            Self::Book(args) => args.settle(),
            Self::Cancel(args) => args.settle(),
            Self::Prebook(PrebookCommand::Add(args)) => args.settle(),
            _ => Ok(()),
        }
    }

    /// Checks the flags together with the global ones.
    fn check(&self, global: &GlobalArgs) -> Result<(), Failure> {
        let is_background = global.session == Some(SessionKind::Background);
        match self {
            Self::Login(args) => args.check(global),
            Self::Logout(args) => args.check(global),
            Self::Sessions(args) => args.check(global),
            _ if is_background && global.fingerprint.is_some() => Err(Failure::usage(
                "--fingerprint names a device session: it cannot go with --session background",
            )),
            _ => Ok(()),
        }
    }

    fn uses_store(&self) -> bool {
        !matches!(
            self,
            Self::Completions(_) | Self::Man(_) | Self::Complete(_)
        )
    }

    fn uses_sessions(&self) -> bool {
        matches!(
            self,
            Self::Login(_)
                | Self::Refresh(_)
                | Self::Boxes(_)
                | Self::Classes(_)
                | Self::Bookings(_)
                | Self::Book(_)
                | Self::Cancel(_)
                | Self::Wod(_)
                | Self::Probe
                | Self::Prebook(PrebookCommand::Add(_) | PrebookCommand::Run(_))
        )
    }
}

/// The store that must exist before the command does anything. A mistyped `--store` is an error for commands that
/// only read; automation and backups never create a store, so that a wrong HOME in a crontab is noticed.
fn required_store(command: &Command, global: &GlobalArgs) -> Result<Option<PathBuf>> {
    let only_reads = match command {
        Command::Refresh(_)
        | Command::Prebook(PrebookCommand::Run(_))
        | Command::Store(StoreCommand::Backup { .. }) => {
            return store_path(global.store.as_deref()).map(Some);
        }
        Command::Classes(_)
        | Command::Bookings(_)
        | Command::Book(_)
        | Command::Cancel(_)
        | Command::Wod(_)
        | Command::Probe
        | Command::Prebook(PrebookCommand::List { .. } | PrebookCommand::Rules) => true,
        Command::Boxes(args) => args.command.is_none(),
        Command::Sessions(args) => matches!(args.command, None | Some(SessionsCommand::List)),
        _ => false,
    };
    Ok(global.store.clone().filter(|_| only_reads))
}

/// The subcommand with those below it, for example `prebook list`.
fn full_name(matches: &ArgMatches) -> String {
    let names = std::iter::successors(matches.subcommand(), |(_, below)| below.subcommand());
    let names: Vec<_> = names.map(|(name, _)| name).collect();
    names.join(" ")
}

/// A flag without a value may be repeated.
fn with_repeatable_switches(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| {
            let id = arg.get_id().clone();
            match arg.get_action() {
                ArgAction::SetTrue => arg.overrides_with(id),
                _ => arg,
            }
        })
        .mut_subcommands(with_repeatable_switches)
}

/// Adds the nearest known command to an error about an unknown one for which clap has none: after `help`, or a short word.
fn with_similar(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if error.get(ContextKind::SuggestedSubcommand).is_some() {
        return error;
    }
    let root = Cli::command();
    let before = args.iter().take_while(|arg| *arg != unknown.as_str());
    let above = innermost(&root, before);
    let shown = above.get_subcommands().filter(|sub| !sub.is_hide_set());
    if let Some(near) = similar(unknown, shown.map(clap::Command::get_name)) {
        let near = ContextValue::Strings(vec![near.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, near);
    }
    error
}

/// The subcommand that the arguments lead to.
fn innermost<'c>(
    root: &'c clap::Command,
    args: impl Iterator<Item = &'c OsString>,
) -> &'c clap::Command {
    args.fold(root, |above, arg| {
        above.find_subcommand(arg).unwrap_or(above)
    })
}

/// What is wrong with a command line, and which flag. The texts of kinds contain no values, which may be secret.
fn fault_of(error: &clap::Error) -> String {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if flag.starts_with('-') => {
            // `--jobs <N>`
            let flag = flag.split([' ', '=', '[']).next().unwrap_or_default();
            format!("{} ({flag})", error.kind())
        }
        _ => error.kind().to_string(),
    }
}

/// Replaces clap's tip for an unknown flag, which is to pass it as a value: names the nearest flag, or the flag whose value
/// begins with a hyphen.
fn with_tip(mut error: clap::Error, args: &[OsString], is_login: bool) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument || error.get(ContextKind::SuggestedArg).is_some()
    {
        return error;
    }
    error.remove(ContextKind::Suggested);
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let root = Cli::command();
    let command = innermost(&root, args.iter());
    let flags = || command.get_arguments().chain(root.get_arguments());
    // the flag before a word that begins as the unknown one does
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let value_of = words
        .iter()
        .zip(words.iter().skip(1))
        .find(|(flag, value)| {
            let long = flag.strip_prefix("--");
            let takes_value =
                |arg: &clap::Arg| arg.get_long() == long && arg.get_action().takes_values();
            long.is_some() && value.starts_with(unknown.as_str()) && flags().any(takes_value)
        });
    if let Some((flag, value)) = value_of.filter(|_| !is_login) {
        return usage(&format!(
            "{} is not a flag; if it is the value of {flag}, write {flag}={}",
            quote(value),
            shell_word(value)
        ));
    }
    let long = unknown.strip_prefix("--");
    if let Some(near) = long.and_then(|name| similar(name, flags().filter_map(clap::Arg::get_long)))
    {
        let near = ContextValue::String(format!("--{near}"));
        error.insert(ContextKind::SuggestedArg, near);
    }
    error
}

/// A wrong argument of `login`, or in place of an e-mail address, may be the password: such an error does not repeat it.
fn without_password(error: clap::Error, is_login: bool) -> clap::Error {
    match error.kind() {
        ErrorKind::ValueValidation if is_about(&error, |arg| arg.starts_with("--account")) => {
            usage(
                "--account takes an e-mail address, for example --account ana@example.org (the value is not repeated here, \
             because it may be a password)",
            )
        }
        _ if !is_login => error,
        ErrorKind::InvalidValue if is_about(&error, |arg| arg.starts_with("--only")) => usage(
            "--only takes device or background (the value is not repeated here, because it may be a password)",
        ),
        // a similar flag was found, so it is a mistyped flag
        ErrorKind::UnknownArgument if error.get(ContextKind::SuggestedArg).is_none() => usage(
            "unexpected argument beside the e-mail address (not repeated here; if it is the password, change it, because \
             shells keep a history); for example: `aimharder login ana@example.org`. The password is asked for, or read with \
             --password-stdin",
        ),
        ErrorKind::ValueValidation if is_about(&error, |arg| arg.starts_with(['[', '<'])) => usage(
            "login takes an e-mail address, for example `aimharder login ana@example.org` (the value is not repeated here, \
             because it may be a password)",
        ),
        _ => error,
    }
}

/// Whether the error is about an argument, which clap shows as `--account <EMAIL>` or `[EMAIL]`.
fn is_about(error: &clap::Error, is_it: impl Fn(&str) -> bool) -> bool {
    let shown = error.get(ContextKind::InvalidArg);
    matches!(shown, Some(ContextValue::String(name)) if is_it(name))
}

/// Sets a flag that was not given from its environment variable, and notes that the variable was used.
fn fill<T>(
    flag: &mut Option<T>,
    name: &'static str,
    used: &mut Vec<&'static str>,
    parse: impl Fn(&OsStr) -> Result<T, String>,
) -> Result<(), clap::Error> {
    let Some(value) = std::env::var_os(name).filter(|v| flag.is_none() && !v.is_empty()) else {
        return Ok(());
    };
    let value = parse(&value).map_err(|why| {
        usage(&format!(
            "the environment variable {name} cannot be used: {why}"
        ))
    })?;
    *flag = Some(value);
    used.push(name);
    Ok(())
}

fn text<T>(parse: impl Fn(&str) -> Result<T, String>) -> impl Fn(&OsStr) -> Result<T, String> {
    move |value| {
        let value = value.to_str();
        value.ok_or("it is not valid UTF-8".into()).and_then(&parse)
    }
}

/// A usage error with this message.
fn usage(message: &str) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, format!("{message}\n"))
}
