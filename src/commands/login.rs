//! `login`: two separate logins, a person's and the automation's.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::OnceLock;

use anyhow::Result;

use super::app::App;
use super::boxes;
use super::failure;
use crate::cli::LoginArgs;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};
use crate::output::{LoginBox, LoginSession, LoginView};
use crate::password::{self, Source};
use crate::secret::Secret;
use crate::sessions::{Granted, LoginTry, SessionManager, SessionSelector};
use crate::ui::Ui;

/// How often a mistyped e-mail address is asked for again.
const MAX_ATTEMPTS: u8 = 3;
const WHICH: &str = "which account? for example: aimharder login ana@example.org";

/// What both logins of one run share.
struct Run<'r> {
    app: &'r App,
    sessions: SessionManager<'r>,
    account: Account,
    password: Secret,
    unattended: bool,
}

pub(crate) fn run(args: &LoginArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = account(args, app)?;
    let device = device_fingerprint(args, app, &account)?;
    let source = source(args, app, &account)?;
    let password = read(&source, app, &account)?;
    let run = Run {
        app,
        sessions: app.sessions(),
        account,
        password,
        unattended: !source.is_interactive(),
    };
    let view = run.log_in(args.only, &device)?;
    ui.print(&view)
}

impl Run<'_> {
    /// The device session first: if it fails, nothing else is tried and nothing is stored. The background session is logged
    /// in while `setrefresh` is called for the device session.
    fn log_in(&self, only: Option<SessionKind>, device: &Fingerprint) -> Result<LoginView> {
        let background = &Fingerprint::background(&self.account, &self.app.config.background_salt);
        let mut done = Vec::new();
        let granted = if only == Some(SessionKind::Background) {
            let only = self.one(SessionKind::Background, background, || ())?;
            done.push(shown(SessionKind::Background, background, Ok(&only)));
            only
        } else {
            let second = OnceLock::new();
            let first = self.one(SessionKind::Device, device, || {
                if only.is_none() {
                    second.get_or_init(|| self.one(SessionKind::Background, background, || ()));
                }
            })?;
            done.push(shown(SessionKind::Device, device, Ok(&first)));
            if let Some(second) = second.into_inner() {
                let second = second.map_err(|e| failure::of(&e).message);
                done.push(shown(SessionKind::Background, background, second.as_ref()));
            }
            first
        };
        for login in &done {
            if let Some(warning) = &login.warning {
                log::warn!("{} session: {warning}", login.kind);
            }
        }
        self.remember_boxes(&granted);
        self.view(done)
    }

    fn one(
        &self,
        kind: SessionKind,
        print: &Fingerprint,
        then: impl Fn() + Sync,
    ) -> Result<Granted> {
        let login = LoginTry {
            account: &self.account,
            kind,
            fingerprint: print,
            password: &self.password,
            unattended: self.unattended,
        };
        Ok(self.sessions.log_in_and(&login, then)?)
    }

    /// The boxes the login named, or else those that whoami and `/home` name. A login without
    /// boxes is still a login.
    fn remember_boxes(&self, granted: &Granted) {
        let told = if granted.boxes.is_empty() {
            boxes::detect(
                self.app,
                &self.account,
                &SessionSelector::Kind(granted.row.kind),
            )
            .map(|_| ())
        } else {
            self.app
                .remember_boxes(&self.account, granted.boxes.clone())
        };
        if let Err(e) = told {
            log::warn!(
                "the account's boxes could not be found: {e:#}; try `aimharder boxes --detect`"
            );
        }
    }

    /// Is this account meant where none is named?
    fn is_default_account(&self) -> bool {
        match &self.app.config.account {
            Some(main) => *main == self.account,
            None => self
                .sessions
                .is_only_account(&self.account)
                .unwrap_or(false),
        }
    }

    fn is_default_box(&self, name: &str) -> bool {
        self.app.config.box_name.as_deref() == Some(name)
    }

    fn view(&self, sessions: Vec<LoginSession>) -> Result<LoginView> {
        let known = self.app.store.boxes_of(&self.account)?;
        let next = known.first().map(|gym| {
            let mut next = "aimharder classes --day tomorrow".to_owned();
            if known.len() > 1 && !known.iter().any(|gym| self.is_default_box(&gym.name)) {
                next = format!("{next} --box {}", gym.name);
            }
            if !self.is_default_account() {
                next = format!("{next} --account {}", self.account);
            }
            next
        });
        Ok(LoginView {
            account: self.account.clone(),
            sessions,
            boxes: known
                .into_iter()
                .map(|gym| LoginBox {
                    id: gym.set_id.or(gym.id),
                    gym: gym.name,
                    name: gym.title,
                })
                .collect(),
            store: self.app.store.path().display().to_string(),
            next,
        })
    }
}

fn shown(
    kind: SessionKind,
    print: &Fingerprint,
    result: Result<&Granted, &String>,
) -> LoginSession {
    LoginSession {
        kind,
        fingerprint: print.clone(),
        status: if result.is_ok() { "ok" } else { "failed" },
        warning: result.ok().and_then(|granted| granted.warning.clone()),
        error: result.err().cloned(),
    }
}

/// The address given, the one of the flags and config, the only one known, or asked for.
fn account(args: &LoginArgs, app: &App) -> Result<Account> {
    match (&args.email, &app.global.account) {
        (Some(email), Some(account)) if email != account => {
            return Err(Failure::usage(format!(
                "log in {email} or {account}? --account names another account"
            ))
            .into());
        }
        (Some(email), _) => return Ok(email.clone()),
        (None, _) => {}
    }
    if let Some(account) = app.named_account() {
        return Ok(account);
    }
    match app.store.accounts()?.as_slice() {
        [only] => Ok(only.clone()),
        _ => ask_for_account(),
    }
}

fn ask_for_account() -> Result<Account> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::usage(WHICH).into());
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
            Err(why) if left == 0 => return Err(Failure::usage(why).into()),
            Err(why) => writeln!(io::stderr(), "{why}")?,
        }
    }
    Err(Failure::usage(WHICH).into())
}

/// This machine's fingerprint for the account: kept for ever once made.
fn device_fingerprint(args: &LoginArgs, app: &App, account: &Account) -> Result<Fingerprint> {
    if app.global.fingerprint.is_some()
        && let SessionSelector::Device(print) = app.pick(account, SessionKind::Device)?
    {
        return Ok(print);
    }
    match app.store.this_device(account)?.filter(|_| !args.new_device) {
        Some(print) => Ok(print),
        None => Ok(Fingerprint::new_device()?),
    }
}

fn source(args: &LoginArgs, app: &App, account: &Account) -> Result<Source> {
    if args.password_stdin {
        return Ok(Source::Stdin);
    }
    let only = app.sessions().is_only_account(account)?;
    Ok(password::unattended(&app.config, account, only).unwrap_or(Source::Prompt))
}

/// Get the password. Where a person is asked, or would have to be, a source that is another account's is not passed
/// over in silence.
fn read(source: &Source, app: &App, account: &Account) -> Result<Secret> {
    let mut another = None;
    if *source == Source::Prompt {
        let only = app.sessions().is_only_account(account)?;
        another = password::of_another(&app.config, account, only);
    }
    if let Some(words) = another.as_ref().filter(|_| io::stdin().is_terminal()) {
        log::warn!("{words}");
    }
    source.read(account).map_err(|e| {
        let another = another.map_or_else(String::new, |words| format!(" ({words})"));
        Failure::login_required(format!("{e}{another}")).into()
    })
}
