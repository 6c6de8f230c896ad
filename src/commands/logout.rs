//! `logout`: forget sessions here. The platform is never told: its logout ends all sessions of
//! the account (protocol.md §3).

use anyhow::Result;

use super::app::App;
use crate::cli::LogoutArgs;
use crate::error::{ExitKind, Failure};
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::output::{DeletedSession, DeletedView, nothing_books};
use crate::sessions::lock::patience;
use crate::sessions::{Error, SessionManager};
use crate::store::SessionRow;
use crate::ui::Ui;

pub(super) fn run(args: &LogoutArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let background = args.background || app.asked.session == Some(SessionKind::Background);
    if background && !args.yes_delete_background {
        return Err(Failure::usage(
            "automation needs the background session; to delete it all the same, run \
             `aimharder logout --background --yes-delete-background`",
        )
        .into());
    }
    if app.named_account().is_none() && app.store.accounts()?.is_empty() {
        return ui.print(&DeletedView::default()); // nothing to forget is success
    }
    let account = app.account()?;
    let rows = chosen(args, app, &account, background)?;
    let mut deleted = Vec::new();
    let done = forget(app, rows, &mut deleted);
    if !deleted.is_empty() {
        scrub(app);
    }
    // a word beside the result, which must be told in any case
    if background && !deleted.is_empty() && is_wanted(app, &account).unwrap_or_default() {
        ui.status(&nothing_books(&account));
    }
    let failure = match done {
        Err(e) if deleted.is_empty() => return Err(e),
        Err(e) => Some(Failure::new(
            ExitKind::Partial,
            format!("not all are forgotten: {e:#}"),
        )),
        Ok(()) => None,
    };
    ui.print(&DeletedView { deleted, failure })
}

/// Forget them one by one. When this fails, those in `deleted` are gone.
fn forget(app: &App, rows: Vec<SessionRow>, deleted: &mut Vec<DeletedSession>) -> Result<()> {
    let sessions = app.sessions();
    for row in rows {
        // whoever is just updating it finishes first
        let _held = sessions
            .locks
            .alone(&row.account, &row.fingerprint, patience())
            .map_err(Error::from)?;
        let gone = match row.kind {
            SessionKind::Device => app.store.delete_device(&row)?,
            SessionKind::Background => app.store.delete_background(&row)?,
        };
        deleted.extend(gone.then_some(DeletedSession {
            kind: row.kind,
            fingerprint: row.fingerprint,
        }));
    }
    Ok(())
}

/// Is there something that only a background session books?
fn is_wanted(app: &App, account: &Account) -> Result<bool> {
    let account = Some(account);
    Ok(!app.store.rules(account)?.is_empty() || !app.store.open_prebookings(account)?.is_empty())
}

/// Take the deleted logins out of the file's unused parts, too. The rows are gone whatever comes
/// of this.
pub(super) fn scrub(app: &App) {
    let why = match app.store.scrub() {
        Ok(true) => return,
        Ok(false) => "another process is using it".to_owned(),
        Err(e) => e.to_string(),
    };
    log::warn!(
        "the login is forgotten, but its text may still stand in unused parts of the store {} ({why})",
        app.store.path().display()
    );
}

fn chosen(
    args: &LogoutArgs,
    app: &App,
    account: &Account,
    background: bool,
) -> Result<Vec<SessionRow>> {
    // from the listing, which needs no secret: a login can be forgotten without the store's key
    let rows = app.store.sessions(Some(account))?.into_iter();
    if background {
        let background = |row: &SessionRow| row.kind == SessionKind::Background;
        return Ok(rows.filter(background).collect());
    }
    let devices = rows.filter(|row| row.kind == SessionKind::Device);
    match &app.asked.fingerprint {
        Some(prefix) => Ok(vec![SessionManager::by_prefix(devices.collect(), prefix)?]),
        None if args.all_devices => Ok(devices.collect()),
        // the one used last comes first
        None => Ok(devices.take(1).collect()),
    }
}
