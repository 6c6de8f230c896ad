//! Password sources of an account (`scripting.md`, "Password sources"): standard input, a command, a systemd credential, an
//! environment variable, a prompt. A password is never an argument, and never used for another account.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{Command, Config};
use crate::error::Failure;
use crate::model::account::Account;
use crate::secret::Secret;
use crate::{process, terminal};

/// Timeout of a password command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
const CREDENTIAL: &str = "aimharder-password";

/// A password source.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum PasswordSource {
    /// The first line of standard input (`--password-stdin`)
    Stdin,
    /// The first line that a command prints. The account's own command before the top-level one.
    #[strum(serialize = "password_command")]
    Command(Command),
    /// A file in systemd's credential directory, by its name.
    Credential(String),
    /// `AIMHARDER_PASSWORD`
    Environment,
    /// A prompt on a terminal.
    Prompt,
}

/// The source that needs no user, if this account has one. The top-level command, the credential and the variable belong to the
/// config's `account`, else to the only account (`only`).
pub fn unattended(config: &Config, account: &Account, only: bool) -> Option<PasswordSource> {
    if let Some(own) = config.accounts.get(account) {
        if let Some(command) = &own.password_command {
            return Some(PasswordSource::Command(command.clone()));
        }
        if let Some(name) = &own.credential {
            return Some(PasswordSource::Credential(name.clone()));
        }
    }
    let main = match &config.account {
        Some(main) => main == account,
        None => only,
    };
    if !main {
        return None;
    }
    if let Some(command) = &config.password_command {
        return Some(PasswordSource::Command(command.clone()));
    }
    if has_credential(CREDENTIAL) {
        return Some(PasswordSource::Credential(CREDENTIAL.to_owned()));
    }
    let set = std::env::var_os("AIMHARDER_PASSWORD").is_some_and(|v| !v.is_empty());
    set.then_some(PasswordSource::Environment)
}

/// Names the sources that are set and belong to another account, for messages about a missing password.
pub fn of_another(config: &Config, account: &Account, only: bool) -> Option<String> {
    let whose = match &config.account {
        Some(main) if main == account => return None,
        Some(main) => format!("the config's `account` is {main}"),
        None if only => return None,
        None => {
            "several accounts are known here, and the config's `account` does not say whose it is"
                .to_owned()
        }
    };
    let command = config.password_command.as_ref();
    let variable = std::env::var_os("AIMHARDER_PASSWORD").filter(|v| !v.is_empty());
    let there = [
        command.map(|_| "the top-level password_command"),
        has_credential(CREDENTIAL).then_some("the credential aimharder-password"),
        variable.map(|_| "AIMHARDER_PASSWORD"),
    ];
    let there: Vec<_> = there.into_iter().flatten().collect();
    let verb = if there.len() > 1 { "are" } else { "is" };
    (!there.is_empty()).then(|| format!("{} {verb} not used: {whose}", there.join(" and ")))
}

/// The path of a systemd credential. `None` outside a unit: a file of that name in the working directory is not a credential.
pub(crate) fn credential_path(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty())?;
    Some(PathBuf::from(folder).join(name))
}

fn has_credential(name: &str) -> bool {
    credential_path(name).is_some_and(|path| path.is_file())
}

impl PasswordSource {
    /// Its name in JSON.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Reads the password.
    ///
    /// # Errors
    /// [`Failure::login_required`], without the password: a command that fails, is too slow or prints nothing; an unreadable
    /// credential; no terminal.
    pub fn read(&self, account: &Account) -> Result<Secret, Failure> {
        let raw = match self {
            Self::Stdin => process::first_line(io::stdin().lock()).map_err(|why| {
                io::Error::other(format!(
                    "cannot read the password from standard input: {why}"
                ))
            }),
            Self::Command(command) => run(command, account),
            Self::Credential(name) => match credential_path(name) {
                Some(path) => read_credential(&path, "the credential"),
                None => Err(io::Error::other(format!(
                    "cannot read the credential {name}: only a systemd unit that loads it has it"
                ))),
            },
            Self::Environment => std::env::var("AIMHARDER_PASSWORD")
                .map(|value| Secret::new(without_line_break(&value)))
                .map_err(|_| io::Error::other("AIMHARDER_PASSWORD is not valid UTF-8")),
            Self::Prompt => prompt(account),
        };
        let raw = raw.map_err(|e| Failure::login_required(e.to_string()))?;
        if raw.is_empty() {
            let message = format!("the password for {account} is empty");
            return Err(Failure::login_required(message));
        }
        if raw.expose().starts_with('\u{feff}') {
            return Err(Failure::login_required(format!(
                "the password for {account} begins with a byte order mark; save it as UTF-8 without one"
            )));
        }
        Ok(raw)
    }
}

/// Removes one trailing line break, LF or CR LF.
fn without_line_break(value: &str) -> &str {
    let line = value.strip_suffix('\n').unwrap_or(value);
    line.strip_suffix('\r').unwrap_or(line)
}

fn prompt(account: &Account) -> io::Result<Secret> {
    if !io::stdin().is_terminal() {
        return Err(io::Error::other(format!(
            "no password for {account}: pipe it with --password-stdin, or set password_command in the config"
        )));
    }
    match terminal::hidden_line(&format!("Password for {account}: ")) {
        Ok(mut line) => {
            line.truncate(without_line_break(&line).len());
            Ok(Secret::new(line))
        }
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(io::Error::other(format!(
            "no password for {account}: the input ended"
        ))),
        Err(e) => Err(io::Error::other(format!(
            "cannot ask for the password: {e}"
        ))),
    }
}

fn run(command: &Command, account: &Account) -> io::Result<Secret> {
    let mut process = process::of(command);
    process.env("AIMHARDER_ACCOUNT", account.as_str());
    let what = format!("the password command for {account} ({})", command.program());
    process::first_line_of(process, &what, COMMAND_TIMEOUT)
}

/// The first line of a credential; `what` names it in the error.
pub(crate) fn read_credential(path: &Path, what: &str) -> io::Result<Secret> {
    File::open(path)
        .and_then(|file| process::first_line(BufReader::new(file)))
        .map_err(|e| {
            let (path, why) = (path.display(), crate::text::why(&e));
            io::Error::other(format!("cannot read {what} {path}: {why}"))
        })
}
