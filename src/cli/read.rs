//! From words to [`Cli`]: the variables that stand in for flags, the values that several commands
//! share, and what must not be repeated in an error.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches};

use super::{Cli, Command};
use crate::model::session::SHORTEST_PREFIX;
use crate::text::quote;

impl Cli {
    /// Read the command line and the variables that stand in for flags.
    ///
    /// # Errors
    /// Clap's, which also carries `--help` and `--version`.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut args: Vec<OsString> = args.into_iter().collect();
        // clap's `help` has no help of its own
        if args.get(1).is_some_and(|arg| arg == "help") {
            args.retain(|arg| arg != "--help" && arg != "-h");
        }
        let login = args.iter().any(|arg| arg == "login");
        let mut cli = Self::parse_words(args).map_err(|e| hushed(e, login))?;
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

    fn parse_words(args: Vec<OsString>) -> Result<Self, clap::Error> {
        let matches = patient(Self::command()).try_get_matches_from(args)?;
        Self::from_arg_matches(&matches)
    }
}

impl Cli {
    /// A flag that is understood everywhere and means nothing here.
    fn misplaced(&self) -> Option<&'static str> {
        let asked = &self.everywhere;
        match &self.command {
            Some(Command::Login(_)) if asked.session.is_some() => Some(
                "`login` makes both kinds of session; for one of them: --only device, --only background",
            ),
            Some(Command::Boxes(args)) if args.detect && args.command.is_some() => {
                Some("--detect asks for boxes, `boxes set` sets one: one at a time")
            }
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

/// A flag without a value may be said twice: it means the same.
fn patient(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| {
            let id = arg.get_id().clone();
            match arg.get_action() {
                ArgAction::SetTrue => arg.overrides_with(id),
                _ => arg,
            }
        })
        .mut_subcommands(patient)
}

/// Beside `login`, and where an e-mail address belongs, a word that is wrong may be the password: it is not repeated.
fn hushed(error: clap::Error, login: bool) -> clap::Error {
    let known = |kind| error.get(kind).is_some();
    match error.kind() {
        ErrorKind::ValueValidation if is_of(&error, |arg| arg.starts_with("--account")) => usage(
            "--account takes an e-mail address, for example --account ana@example.org; what stands there is none \
             (not repeated here, for it may be a password)",
        ),
        _ if !login => error,
        ErrorKind::InvalidValue if is_of(&error, |arg| arg.starts_with("--only")) => usage(
            "--only takes device or background (what stands there is not repeated here, for it may be a password)",
        ),
        // with a flag like it to propose it was a slip of the finger
        ErrorKind::UnknownArgument if !known(ContextKind::SuggestedArg) => usage(
            "unexpected argument beside the e-mail address (not repeated here: if it is the password, change it, for shells \
             remember what was typed); for example: `aimharder login ana@example.org`. The password is asked for, or comes by \
             --password-stdin",
        ),
        ErrorKind::ValueValidation if is_of(&error, |arg| arg.starts_with(['[', '<'])) => usage(
            "login takes an e-mail address, for example `aimharder login ana@example.org`; what stands there is none \
             (not repeated here, for it may be a password)",
        ),
        _ => error,
    }
}

/// Is it about the argument that clap shows so: `--account <EMAIL>`, `[EMAIL]`?
fn is_of(error: &clap::Error, it: impl Fn(&str) -> bool) -> bool {
    let shown = error.get(ContextKind::InvalidArg);
    matches!(shown, Some(ContextValue::String(name)) if it(name))
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
pub(crate) fn usage(words: &str) -> clap::Error {
    clap::Error::raw(
        clap::error::ErrorKind::ValueValidation,
        format!("{words}\n"),
    )
}

pub(super) fn box_name(raw: &str) -> Result<String, String> {
    let name = raw.trim().to_lowercase();
    if crate::model::label::is_label(&name) {
        Ok(name)
    } else {
        Err("a box name is the first part of its address, for example crossfitdemo".into())
    }
}

pub(super) fn fingerprint(raw: &str) -> Result<String, String> {
    let plain = raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if raw.chars().count() >= SHORTEST_PREFIX && plain {
        Ok(raw.to_owned())
    } else {
        Err(format!(
            "give at least {SHORTEST_PREFIX} characters of a fingerprint; see `aimharder sessions`"
        ))
    }
}

pub(super) fn family(raw: &str) -> Result<String, String> {
    let digits = !raw.is_empty() && raw.len() <= 18 && raw.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| raw.to_owned())
        .ok_or_else(|| "a family member is named by a number, for example 70002".into())
}

/// A class or a reservation, by the number that AimHarder gives it.
pub(super) fn id(raw: &str) -> Result<String, String> {
    let id = raw.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !id.is_empty() && id.len() <= 40 && id.chars().all(plain) {
        Ok(id.to_owned())
    } else {
        Err(format!("{} is no number, for example 1223249", quote(raw)))
    }
}

/// A whole number between two bounds, both included.
pub(super) fn number<N: TryFrom<i64>>(raw: &str, low: i64, high: i64) -> Result<N, String> {
    let read = raw.trim().parse::<i64>().ok();
    let fits = read.filter(|n| (low..=high).contains(n));
    fits.and_then(|n| N::try_from(n).ok()).ok_or_else(|| {
        let bounds = if high == i64::MAX {
            format!("{low} or more")
        } else {
            format!("from {low} to {high}")
        };
        let example = high.min(low + 6);
        format!(
            "{} is no whole number {bounds}, for example {example}",
            quote(raw)
        )
    })
}
