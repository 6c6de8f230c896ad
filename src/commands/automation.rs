//! What the two commands for cron and timers have in common: a dead-man switch around the work,
//! and which accounts and sessions they are for.

use anyhow::Result;

use super::app::App;
use crate::clock;
use crate::config::SecretUrl;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::notify::{self, Ping};
use crate::sessions::SessionManager;
use crate::signals::{self, SignalGuard};
use crate::store::SessionRow;
use crate::ui::{Output, Ui};

/// The work, notices included, between the switch's start and end; then the result is shown, which a signal does not cut
/// short. Work that breaks off with an error is a failure for the switch, too.
pub(crate) fn run<V: Output>(
    app: &App,
    switch: Option<&SecretUrl>,
    ui: &mut Ui,
    work: impl FnOnce(&mut Ui) -> Result<(V, SignalGuard)>,
) -> Result<()> {
    notify::ping(switch, Ping::Start);
    let done = require_session(app).and_then(|()| work(ui));
    if done.is_ok()
        && !signals::must_stop()
        && let Err(e) = app.store.delete_old_refusals(clock::now())
    {
        log::warn!("old refused logins could not be deleted from the store: {e}");
    }
    let well = done
        .as_ref()
        .is_ok_and(|(view, _)| view.failure().is_none());
    notify::ping(switch, if well { Ping::Success } else { Ping::Fail });
    let (view, _guard) = done?;
    ui.print(&view)
}

/// Fails if the store has no session at all: a wrong HOME in a crontab would otherwise pass unnoticed.
pub(super) fn require_session(app: &App) -> Result<()> {
    if app.store.accounts()?.is_empty() {
        return Err(Failure::login_required(format!(
            "no session in the store {}: run `aimharder login EMAIL`, or name the right store with --store",
            app.store.path().display()
        ))
        .into());
    }
    Ok(())
}

/// `--account` names one that nothing is known of.
pub(super) fn unknown(account: &Account) -> anyhow::Error {
    let words = format!("no session for {account}; run `aimharder login {account}`");
    Failure::login_required(words).into()
}

/// The one device session that `--fingerprint` names, of whatever account.
pub(super) fn named_device(app: &App) -> Result<Option<SessionRow>> {
    let Some(prefix) = &app.global.fingerprint else {
        return Ok(None);
    };
    let rows = app.store.sessions(app.global.account.as_ref())?.into_iter();
    let devices = rows.filter(|row| row.kind == SessionKind::Device).collect();
    Ok(Some(SessionManager::by_prefix(devices, prefix)?))
}
