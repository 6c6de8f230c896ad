//! `sessions list | prune | set`.

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::app::App;
use crate::cli::{SessionSet, SessionsArgs, SessionsCommand, Switch};
use crate::clock;
use crate::error::Failure;
use crate::model::session::SessionKind;
use crate::output::{PrunedView, SessionView, SessionsView};
use crate::sessions::{DEVICE_LIFE, SessionManager};
use crate::store::SessionRow;
use crate::ui::Ui;

pub(super) fn run(args: SessionsArgs, app: &App, ui: &mut Ui) -> Result<()> {
    match args.command.unwrap_or(SessionsCommand::List) {
        SessionsCommand::List => list(app, ui),
        SessionsCommand::Prune => prune(app, ui),
        SessionsCommand::Set(set) => change(&set, app, ui),
    }
}

fn list(app: &App, ui: &mut Ui) -> Result<()> {
    let now = clock::now();
    let sessions = app.sessions();
    let rows = app.store.sessions(app.asked.account.as_ref())?;
    let rows = rows
        .into_iter()
        .filter(|row| app.asked.session.is_none_or(|kind| kind == row.kind));
    let rows: Vec<SessionRow> = match &app.asked.fingerprint {
        Some(prefix) => vec![SessionManager::by_prefix(rows.collect(), prefix)?],
        None => rows.collect(),
    };
    let idle = sessions.locks.all_free();
    ui.print(&SessionsView {
        sessions: rows
            .into_iter()
            .map(|row| view(row, &sessions, idle, now))
            .collect(),
    })
}

fn prune(app: &App, ui: &mut Ui) -> Result<()> {
    let before = clock::now() - DEVICE_LIFE;
    let deleted = app
        .store
        .prune_devices(app.asked.account.as_ref(), before)?;
    if deleted > 0 {
        super::logout::scrub(app);
    }
    ui.print(&PrunedView { deleted })
}

fn change(set: &SessionSet, app: &App, ui: &mut Ui) -> Result<()> {
    let Some(prefix) = &app.asked.fingerprint else {
        return Err(Failure::usage(
            "which session? for example: aimharder sessions set --fingerprint bg-d08dd5 --auto-refresh off",
        )
        .into());
    };
    let row = SessionManager::by_prefix(app.store.sessions(app.asked.account.as_ref())?, prefix)?;
    app.store
        .set_auto_refresh(&row, set.auto_refresh == Switch::On)?;
    let row = SessionRow {
        auto_refresh: set.auto_refresh == Switch::On,
        ..row
    };
    ui.print(&view(row, &app.sessions(), false, clock::now()))
}

/// `idle`: no session at all is busy, so this one need not be asked.
fn view(
    row: SessionRow,
    sessions: &SessionManager<'_>,
    idle: bool,
    now: DateTime<Utc>,
) -> SessionView {
    SessionView {
        busy: !idle && sessions.locks.is_busy(&row.account, &row.fingerprint),
        protected: row.kind == SessionKind::Background,
        account: row.account.clone(),
        refreshed_at: row.refreshed_at,
        refresh_count: row.refresh_count,
        session: row.facts(now),
        now,
    }
}
