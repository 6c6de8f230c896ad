//! What the two commands for cron and timers have in common: the dead-man switch, and the selection of accounts and
//! sessions.

use anyhow::{Result, bail};
use serde::Serialize;

use super::app::App;
use super::failure;
use crate::error::Failure;
use crate::model::account::Account;
use crate::notify::{ping_end, ping_start};
use crate::secret::Secret;
use crate::signals::SignalGuard;
use crate::ui::Ui;

/// Runs `work`, which sends its notifications, between the pings of the dead-man switch. The last ping has the last lines of
/// the run as its body. Then the data of the result is printed, which a signal does not cut short; its text is printed by
/// `work`.
pub(crate) fn run<D: Serialize>(
    app: &App,
    switch: Option<&Secret>,
    ui: &mut Ui,
    work: impl FnOnce(&mut Ui) -> Result<(D, Option<Failure>, SignalGuard)>,
) -> Result<()> {
    let start = ping_start(switch);
    let done = require_session(app).and_then(|()| {
        // also if nothing is due: a wrong key is reported before it is needed
        app.store.ready()?;
        work(ui)
    });
    let failure = match &done {
        Ok((_, failure, _)) => failure.clone(),
        Err(e) => Some(failure::of(e)),
    };
    let failed = failure.is_some();
    let mut lines = ui.last_lines().to_vec();
    lines.extend(failure.map(|failure| format!("error: {}", failure.message)));
    ping_end(switch, start, failed, lines.join("\n"));
    let (data, failure, _guard) = done?;
    ui.print_outcome(&data, failure, |_| Vec::new())
}

/// Fails if the store has no session at all: a wrong HOME in a crontab would otherwise pass unnoticed.
pub(super) fn require_session(app: &App) -> Result<()> {
    if !app.store.has_sessions()? {
        bail!(Failure::login_required(format!(
            "no session in the store {}: run `aimharder login`, or name the right store with --store",
            app.store.path().display()
        )));
    }
    Ok(())
}

/// The error of an `--account` of which nothing is stored.
pub(super) fn unknown(account: &Account) -> anyhow::Error {
    let words = format!("no session for {account}; run `aimharder login {account}`");
    Failure::login_required(words).into()
}
