//! `login`: two separate logins, one for each kind of session.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::OnceLock;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::app::App;
use super::args::GlobalArgs;
use super::help::{Help, code};
use super::{SessionRef, boxes};
use crate::commands::failure;
use crate::error::{ExitKind, Failure};
use crate::model::account::Account;
use crate::model::box_profile::KnownBox;
use crate::model::session::{Fingerprint, SessionKind};
use crate::password::{self, PasswordSource};
use crate::secret::Secret;
use crate::sessions::lock::Held;
use crate::sessions::{Granted, SessionSelector};
use crate::store::SessionRow;
use crate::text::append_flag;
use crate::ui::Ui;
use crate::ui::table::{OutputStyle, Style, unbroken};

/// How often a mistyped e-mail address is asked for again.
const MAX_ATTEMPTS: u8 = 3;
const WHICH_ACCOUNT: &str = "which account? for example: `aimharder login ana@example.org`";

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder login ana@example.org",
        "pass show aimharder | aimharder login ana@example.org --password-stdin",
    ],
    exit_codes: &[
        (0, "logged in"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (3, "login refused, or too many refused logins"),
        (5, "AimHarder unreachable, or no usable response"),
        (7, "only the device session logged in"),
    ],
};

/// Log in: one session for commands on this machine, one for automation
///
/// The two sessions are separate logins. The password comes from --password-stdin, the account's password_command, the systemd
/// credential aimharder-password, AIMHARDER_PASSWORD, or a prompt. It is not stored.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct LoginArgs {
    /// E-mail address of the account
    pub email: Option<Account>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// Log in only this kind of session
    #[arg(long, value_name = "KIND")]
    only: Option<SessionKind>,
    /// Add a device session instead of replacing this machine's
    #[arg(long, conflicts_with = "fingerprint")]
    new_device: bool,
}

impl LoginArgs {
    /// Checks what clap cannot check.
    ///
    /// # Errors
    /// Contradictory flags.
    pub(crate) fn settle(&self) -> Result<(), String> {
        if self.new_device && self.only == Some(SessionKind::Background) {
            return Err(
                "--new-device adds a device session, and --only background logs in none; leave one of them out".to_owned(),
            );
        }
        Ok(())
    }

    /// # Errors
    /// `--account` names another account.
    pub(crate) fn check(&self, global: &GlobalArgs) -> Result<(), Failure> {
        if let (Some(email), Some(account)) = (&self.email, &global.account)
            && email != account
        {
            return Err(Failure::usage(format!(
                "two accounts are given: {email}, and {account} by --account"
            )));
        }
        Ok(())
    }
}

/// The device session first: if it fails, nothing else is tried and nothing is stored. The background session is logged in
/// while `setrefresh` is called for the device session.
pub(crate) fn run(args: &LoginArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = account(args, app)?;
    let named = app.named_device(Some(&account))?;
    let (password, unattended) = password(args, app, &account)?;
    let sessions = app.sessions();
    let log_in = |session: &SessionRef, then: &(dyn Fn() + Sync)| -> Result<Granted> {
        let granted = sessions.log_in(&account, session, &password, unattended, then)?;
        // the next `refresh` tries it again, and reports that it works
        let failed = granted.warning.is_some();
        if let Err(e) = app.store.set_refresh_failed(granted.row.id, failed) {
            log::warn!("whether setrefresh has failed could not be stored: {e}");
        }
        Ok(granted)
    };
    let background = SessionRef::background(&account, &app.config.background_salt);
    let (first, second, choice) = if args.only == Some(SessionKind::Background) {
        (background, None, None)
    } else {
        let (device, choice) = device(args, app, &account, named.as_ref())?;
        let second = Some(background).filter(|_| args.only.is_none());
        (device, second, choice)
    };
    let later = OnceLock::new();
    let granted = log_in(&first, &|| {
        if let Some(second) = &second {
            later.get_or_init(|| log_in(second, &|| ()));
        }
    })?;
    drop(choice);
    let mut logins = vec![SessionLogin::of(first, Ok(&granted))];
    if let Some((second, result)) = second.zip(later.into_inner()) {
        logins.push(SessionLogin::of(second, result.as_ref()));
    }
    remember_boxes(app, &account, &granted);
    let boxes = app.store.boxes_of(&account)?;
    let listed =
        |row: &KnownBox| json!({ "box": row.name, "id": row.set_id.or(row.id), "name": row.title });
    let data = json!({
        "account": account,
        "sessions": logins,
        "boxes": boxes.iter().map(listed).collect::<Vec<_>>(),
    });
    let error = logins.iter().find_map(|login| login.error.as_ref());
    let failure = error.map(|error| {
        let message = format!(
            "only the device session is logged in; the background login failed: {error}; \
             run `aimharder login {account} --only background`"
        );
        Failure::new(ExitKind::Partial, message)
    });
    // after a failure, the error names the next step
    let is_done = failure.is_none();
    ui.print_outcome(&data, failure, |style| {
        let mut lines = text(app, &logins, &boxes, style);
        if is_done {
            let next = next_command(app, &account, &boxes);
            lines.extend(next.map(|next| format!("next: `{next}`")));
            lines.push("to check the setup of automation: `aimharder status`".to_owned());
        }
        lines
    })
}

fn text(
    app: &App,
    logins: &[SessionLogin],
    boxes: &[KnownBox],
    style: &OutputStyle,
) -> Vec<String> {
    let mut lines = Vec::new();
    for login in logins {
        let what = match login.session.kind {
            SessionKind::Device => "device session (for commands on this machine)",
            SessionKind::Background => "background session (for cron and timers)",
        };
        let (state, colour, why) = match &login.error {
            None => ("logged in", Style::Good, String::new()),
            Some(error) => ("not logged in", Style::Bad, format!(": {error}")),
        };
        let wrapped = style.paragraph(&format!("{what}: {state}{why}"), 0, Style::Plain);
        let painted = style.paint(state, colour);
        lines.extend(wrapped.iter().map(|line| line.replacen(state, &painted, 1)));
    }
    let names = boxes.iter().map(|row| match &row.title {
        Some(title) => format!("{} ({title})", row.name),
        None => row.name.clone(),
    });
    let mut names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        "none found".clone_into(&mut names);
    }
    lines.extend(style.paragraph(&format!("boxes: {names}"), 0, Style::Plain));
    let store = unbroken(app.store.path());
    let stored = format!("stored in {store} (tokens and cookies, not the password)");
    lines.extend(style.paragraph(&stored, 0, Style::Plain));
    lines
}

/// Stores the boxes that the login named, or those that whoami and `/home` name. A failure is a warning.
fn remember_boxes(app: &App, account: &Account, granted: &Granted) {
    let reported = if granted.boxes.is_empty() {
        boxes::detect(app, account, &SessionSelector::Kind(granted.row.kind)).map(|_| ())
    } else {
        let stored = app.store.put_boxes(account, &granted.boxes);
        stored.map_err(Into::into)
    };
    if let Err(e) = reported {
        log::warn!("the account's boxes could not be found: {e:#}; try `aimharder boxes --detect`");
    }
}

/// The command that shows tomorrow's classes, with the flags that it needs for this account.
fn next_command(app: &App, account: &Account, boxes: &[KnownBox]) -> Option<String> {
    let first = boxes.first()?;
    let config = &app.config;
    let mut line = "aimharder classes tomorrow".to_owned();
    let is_default_box = match app.global.gym.as_ref().or(config.box_name.as_ref()) {
        Some(default) => boxes.iter().any(|known| known.name == *default),
        None => boxes.len() == 1,
    };
    if !is_default_box {
        append_flag(&mut line, "--box", &first.name);
    }
    let is_default_account = match &config.account {
        Some(default) => default == account,
        None => app.sessions().is_only_account(account).unwrap_or(false),
    };
    // `login ana@example.org` ignores the variable, and the next command does not
    let variable = std::env::var_os("AIMHARDER_ACCOUNT").filter(|value| !value.is_empty());
    let names_another =
        variable.is_some_and(|value| value.to_str().map(str::parse) != Some(Ok(account.clone())));
    if !is_default_account || names_another {
        append_flag(&mut line, "--account", account.as_str());
    }
    Some(line)
}

/// The account: given, the flag's, the config's, the only one in the store, or asked for.
fn account(args: &LoginArgs, app: &App) -> Result<Account> {
    if let Some(account) = args.email.clone().or_else(|| app.named_account()) {
        return Ok(account);
    }
    match app.store.accounts()?.as_slice() {
        [only] => Ok(only.clone()),
        _ => ask_for_account(),
    }
}

fn ask_for_account() -> Result<Account> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!(Failure::usage(
            "which account? without a terminal, for example: \
             `aimharder login ana@example.org --password-stdin < password.txt`",
        ));
    }
    for left in (0..MAX_ATTEMPTS).rev() {
        write!(io::stderr(), "E-mail: ")?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            writeln!(io::stderr())?; // Ctrl-D
            break;
        }
        match line.parse() {
            Ok(account) => return Ok(account),
            Err(why) if left == 0 => bail!(Failure::usage(why)),
            Err(why) => writeln!(io::stderr(), "{why}")?,
        }
    }
    bail!(Failure::usage(WHICH_ACCOUNT))
}

/// The device session that logs in: the named one, this machine's, whose fingerprint never changes, or a new one. While the first
/// fingerprint of this machine is not stored yet, the choice is locked: of two first logins at once, the second uses the
/// fingerprint of the first.
fn device(
    args: &LoginArgs,
    app: &App,
    account: &Account,
    named: Option<&SessionRow>,
) -> Result<(SessionRef, Option<Held>)> {
    let device = |fingerprint| SessionRef {
        kind: SessionKind::Device,
        fingerprint,
    };
    let known = || match (named, args.new_device) {
        (Some(named), _) => Ok(Some(named.fingerprint.clone())),
        (None, true) => Ok(Some(Fingerprint::new_device()?)),
        (None, false) => anyhow::Ok(app.store.this_device(account)?),
    };
    if let Some(print) = known()? {
        return Ok((device(print), None));
    }
    let choice = app.sessions().locks.first_login(account)?;
    Ok(match known()? {
        Some(print) => (device(print), None),
        None => (device(Fingerprint::new_device()?), Some(choice)),
    })
}

/// Reads the password, and returns whether automation has it too. If no source is set for this account, one that is set for
/// another account is mentioned.
fn password(args: &LoginArgs, app: &App, account: &Account) -> Result<(Secret, bool)> {
    let only = app.sessions().is_only_account(account)?;
    let unattended = password::unattended(&app.config, account, only);
    let (source, another) = match unattended {
        _ if args.password_stdin => (PasswordSource::Stdin, None),
        Some(source) => (source, None),
        None => (
            PasswordSource::Prompt,
            password::of_another(&app.config, account, only),
        ),
    };
    if let Some(hint) = another.as_ref().filter(|_| io::stdin().is_terminal()) {
        log::warn!("{hint}");
    }
    let password = source.read(account).map_err(|e| {
        let another = another.map_or_else(String::new, |hint| format!(" ({hint})"));
        Failure::login_required(format!("{e}{another}"))
    })?;
    let needs_user = matches!(source, PasswordSource::Stdin | PasswordSource::Prompt);
    Ok((password, !needs_user))
}

#[derive(Debug, Serialize)]
struct SessionLogin {
    #[serde(flatten)]
    session: SessionRef,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl SessionLogin {
    /// The session and the result of its login, whose warning is logged.
    fn of(session: SessionRef, result: Result<&Granted, &anyhow::Error>) -> Self {
        let warning = result.ok().and_then(|granted| granted.warning.clone());
        if let Some(warning) = &warning {
            log::warn!("{} session: {warning}", session.kind);
        }
        Self {
            session,
            status: if result.is_ok() { "ok" } else { "failed" },
            error: result.err().map(|e| failure::of(e).message),
            warning,
        }
    }
}
