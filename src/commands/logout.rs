//! `logout`: deletes stored sessions. The platform is never called: its logout would end all sessions of the account
//! (protocol.md §3).

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::SessionRef;
use super::app::App;
use super::args::GlobalArgs;
use super::help::{Help, code};
use crate::error::{ExitKind, Failure};
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::store::SessionRow;
use crate::ui::Ui;

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder logout",
        "aimharder logout --background --yes-delete-background",
    ],
    exit_codes: &[
        (0, "deleted, or nothing to delete"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (5, "another process keeps the session's lock"),
        (6, "no such fingerprint, or several accounts"),
        (7, "some sessions deleted, others not"),
    ],
};

/// Delete this machine's device session
///
/// The background session is deleted only with --background --yes-delete-background. AimHarder is not called: its logout would
/// end all sessions of the account.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct LogoutArgs {
    /// Delete all device sessions of the account
    #[arg(long, conflicts_with_all = ["fingerprint", "background"])]
    all_devices: bool,
    /// Delete the protected background session; needs --yes-delete-background
    #[arg(long, conflicts_with = "fingerprint")]
    background: bool,
    /// Confirm that automation loses its session
    #[arg(long, requires = "background")]
    yes_delete_background: bool,
}

impl LogoutArgs {
    /// # Errors
    /// The background session is named, and its deletion is not confirmed or a device session is named too.
    pub(crate) fn check(&self, global: &GlobalArgs) -> Result<(), Failure> {
        if self.background && global.session == Some(SessionKind::Device) {
            return Err(Failure::usage(
                "--background deletes the background session: it cannot go with --session device",
            ));
        }
        if self.names_background(global) && !self.yes_delete_background {
            return Err(Failure::usage(
                "the background session is protected because automation needs it; to delete it, run \
                 `aimharder logout --background --yes-delete-background`",
            ));
        }
        Ok(())
    }

    fn names_background(&self, global: &GlobalArgs) -> bool {
        self.background || global.session == Some(SessionKind::Background)
    }
}

pub(crate) fn run(args: &LogoutArgs, app: &App, ui: &mut Ui) -> Result<()> {
    if app.named_account().is_none() && !app.store.has_sessions()? {
        return print(&[], None, ui);
    }
    let account = app.account()?;
    let rows = selected(args, app, &account)?;
    let mut deleted = Vec::new();
    let done = delete(app, rows, &mut deleted);
    if !deleted.is_empty() {
        purge(app);
        if args.names_background(&app.global) && has_prebookings(app, &account).unwrap_or_default()
        {
            ui.status(&format!(
                "the prebookings and weekly rules of {account} are kept, but cannot be booked without a background session; \
                 to log in again, run `aimharder login {account} --only background`"
            ));
        }
    }
    let failure = match done {
        Err(e) if deleted.is_empty() => return Err(e),
        Err(e) => {
            let message = format!("not all sessions were deleted: {e:#}");
            Some(Failure::new(ExitKind::Partial, message))
        }
        Ok(()) => None,
    };
    print(&deleted, failure, ui)
}

fn print(deleted: &[SessionRef], failure: Option<Failure>, ui: &mut Ui) -> Result<()> {
    ui.print_outcome(&json!({ "deleted": deleted }), failure, |_| {
        if deleted.is_empty() {
            return vec!["nothing to delete".to_owned()];
        }
        let line = |SessionRef { kind, fingerprint }: &SessionRef| {
            format!("deleted: {kind} session {}", fingerprint.short())
        };
        deleted.iter().map(line).collect()
    })
}

/// The listing is enough: sessions can be deleted without the store's key.
fn selected(args: &LogoutArgs, app: &App, account: &Account) -> Result<Vec<SessionRow>> {
    let background = args.names_background(&app.global);
    if !background && let Some(device) = app.named_device(Some(account))? {
        return Ok(vec![device]);
    }
    let mut rows = app.store.sessions(Some(account))?;
    rows.retain(|row| (row.kind == SessionKind::Background) == background);
    if !background && !args.all_devices {
        rows.truncate(1); // the device session used last
    }
    Ok(rows)
}

/// Deletes one after the other. After an error, those in `deleted` are gone.
fn delete(app: &App, rows: Vec<SessionRow>, deleted: &mut Vec<SessionRef>) -> Result<()> {
    let sessions = app.sessions();
    for row in rows {
        // a process that is updating the session ends first
        let _lock =
            sessions
                .locks
                .alone(&row.account, &row.fingerprint, sessions.locks.timeout())?;
        let is_deleted = match row.kind {
            SessionKind::Device => app.store.delete_device(&row)?,
            SessionKind::Background => app.store.delete_background(&row)?,
        };
        deleted.extend(is_deleted.then(|| SessionRef::from(&row)));
    }
    Ok(())
}

/// Whether anything is stored that only a background session books.
fn has_prebookings(app: &App, account: &Account) -> Result<bool> {
    let account = Some(account);
    Ok(!app.store.rules(account)?.is_empty() || !app.store.open_prebookings(account)?.is_empty())
}

/// Removes the text of deleted logins from unused parts of the file. A failure is a warning: the rows are deleted.
pub(super) fn purge(app: &App) {
    let why = match app.store.scrub() {
        Ok(true) => return,
        Ok(false) => "another process is using it".to_owned(),
        Err(e) => e.to_string(),
    };
    log::warn!(
        "the login is deleted, but its text may be left in unused parts of the store {} ({why})",
        app.store.path().display()
    );
}
