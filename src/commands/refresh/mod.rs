//! `refresh`: keep every login alive.
//!
//! * here – the sessions that are due, updated, counted, and the exit code over them
//! * `tell` – words and notices

mod tell;

use std::collections::HashSet;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use self::tell::{Problem, tell};
use super::app::App;
use super::automation;
use crate::cli::RefreshArgs;
use crate::error::{ExitKind, Failure};
use crate::output::{RefreshOutcome, RefreshView, RefreshedSession};
use crate::sessions::DEVICE_LIFE;
use crate::sessions::refresh::{Fate, Plan, future_after};
use crate::signals::{self, SignalGuard};
use crate::store::{DueQuery, SessionRow};
use crate::ui::Ui;
use crate::ui::progress::Progress;
use crate::{clock, notify, platform, sessions};

pub(crate) fn run(args: &RefreshArgs, app: &App, ui: &mut Ui) -> Result<()> {
    if let Some(account) = &app.global.account
        && app.store.sessions(Some(account))?.is_empty()
    {
        return Err(automation::unknown(account));
    }
    let device = automation::named_device(app)?;
    let switch = app.config.ping.refresh.as_ref();
    automation::run(app, switch, ui, |ui| {
        refresh(args, app, device.as_ref(), ui)
    })
}

/// All of it, notices included, but for the result's way to the reader.
fn refresh(
    args: &RefreshArgs,
    app: &App,
    device: Option<&SessionRow>,
    ui: &mut Ui,
) -> Result<(RefreshView, SignalGuard)> {
    let now = clock::now();
    let query = query(args, app, device, now)?;
    let rows = app.store.due(&query)?;
    // counting them takes longer than all else when there are very many: only for somebody who asks
    let asked = !rows.is_empty() || ui.is_json() || ui.is_interactive();
    let total = if asked {
        app.store.count_refreshed(&query)?
    } else {
        0
    };
    log::info!("{} sessions are due", rows.len());
    let mut view = RefreshView {
        total,
        fresh: total.saturating_sub(rows.len()),
        watched: ui.is_interactive(),
        ..RefreshView::default()
    };
    if ui.is_json() {
        view.sessions = fresh(app, &query, &rows)?;
    }
    let fates = update(args, app, &rows)?;
    // what is noted as reported is reported
    let signal_guard = signals::signal_guard("result");
    let (well, problems) = sum_up(&mut view, &rows, fates);
    let notices = tell(app, ui, &well, &problems)?;
    view.failure = failure(&view, &problems);
    notify::send(&app.config, &notices);
    Ok((view, signal_guard))
}

/// Those that need nothing, as they are before anything is done.
fn fresh(app: &App, query: &DueQuery<'_>, due: &[SessionRow]) -> Result<Vec<RefreshedSession>> {
    let due: HashSet<i64> = due.iter().map(|row| row.id).collect();
    let rows = app.store.fresh(query)?.into_iter();
    Ok(rows
        .filter(|row| !due.contains(&row.id))
        .map(|row| shown(&row, RefreshOutcome::Fresh, None))
        .collect())
}

fn query<'q>(
    args: &RefreshArgs,
    app: &'q App,
    device: Option<&'q SessionRow>,
    now: DateTime<Utc>,
) -> Result<DueQuery<'q>> {
    let age = TimeDelta::from_std(args.stale_after).map_err(|e| Failure::usage(e.to_string()))?;
    Ok(DueQuery {
        account: app.global.account.as_ref(),
        kind: app.global.session,
        fingerprint: device.map(|row| &row.fingerprint),
        devices_since: now - DEVICE_LIFE,
        stale_before: if args.force {
            DateTime::<Utc>::MAX_UTC
        } else {
            now - age
        },
        future_after: future_after(now),
    })
}

fn update(args: &RefreshArgs, app: &App, rows: &[SessionRow]) -> Result<Vec<Fate>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    app.store.ready()?; // one word about a missing key, not one for every session
    let plan = Plan {
        stale_after: if args.force {
            None
        } else {
            Some(TimeDelta::from_std(args.stale_after)?)
        },
        deep: args.deep,
        jobs: usize::from(args.jobs),
        rate: args.rate,
    };
    let progress = Progress::new(rows.len(), "sessions refreshed");
    let fates = app
        .sessions()
        .refresh_all(rows, &plan, &|done| progress.step(done));
    progress.finish();
    Ok(fates)
}

/// The numbers of the sessions that are well, and the problems of the others. A busy session is
/// neither.
fn sum_up<'p>(
    view: &mut RefreshView,
    rows: &'p [SessionRow],
    fates: Vec<Fate>,
) -> (HashSet<i64>, Vec<Problem<'p>>) {
    let mut well = HashSet::new();
    let mut problems = Vec::new();
    for (row, fate) in rows.iter().zip(fates) {
        let (outcome, failure, warning) = verdict(fate);
        count(view, outcome);
        let words = failure
            .as_ref()
            .map(|failure| failure.message.clone())
            .or(warning);
        view.sessions.push(shown(row, outcome, words));
        if failure.is_none() && outcome != RefreshOutcome::Busy {
            well.insert(row.id);
        }
        problems.extend(failure.map(|failure| Problem { row, failure }));
    }
    (well, problems)
}

fn verdict(fate: Fate) -> (RefreshOutcome, Option<Failure>, Option<String>) {
    let failed = |e: sessions::Error| Some(Failure::from_error(&e));
    match fate {
        Fate::Updated { warning } => (
            RefreshOutcome::Updated,
            None,
            warning
                .map(|e| format!("setrefresh failed, it is tried again at the next refresh: {e}")),
        ),
        Fate::Fresh => (RefreshOutcome::Fresh, None, None),
        Fate::Busy => (RefreshOutcome::Busy, None, None),
        Fate::Relogged => (RefreshOutcome::Relogged, None, None),
        Fate::LoggedOut(e) => (RefreshOutcome::LoggedOut, failed(e), None),
        Fate::Failed(e) => (RefreshOutcome::Failed, failed(e), None),
        Fate::NotTried => (
            RefreshOutcome::Failed,
            failed(sessions::Error::Platform(platform::Error::Blocked)),
            None,
        ),
    }
}

fn count(view: &mut RefreshView, outcome: RefreshOutcome) {
    let counter = match outcome {
        RefreshOutcome::Updated => &mut view.updated,
        RefreshOutcome::Fresh => &mut view.fresh,
        RefreshOutcome::Busy => &mut view.busy,
        RefreshOutcome::LoggedOut => &mut view.logged_out,
        RefreshOutcome::Relogged => &mut view.relogged,
        RefreshOutcome::Failed => &mut view.failed,
    };
    *counter += 1;
}

fn shown(row: &SessionRow, outcome: RefreshOutcome, error: Option<String>) -> RefreshedSession {
    RefreshedSession {
        account: row.account.clone(),
        kind: row.kind,
        fingerprint: row.fingerprint.clone(),
        outcome,
        error,
    }
}

/// Over what was neither fresh nor busy: well, all logged out, all failed alike, or a mixture.
fn failure(view: &RefreshView, problems: &[Problem<'_>]) -> Option<Failure> {
    let first = problems.first()?;
    let alike = problems
        .iter()
        .all(|problem| problem.failure.kind == first.failure.kind);
    let all = view.updated == 0 && view.relogged == 0;
    let kind = if alike && all {
        first.failure.kind
    } else {
        ExitKind::Partial
    };
    let mut message = format!(
        "{} of {} sessions were not refreshed: {}",
        problems.len(),
        view.total,
        first.failure.message
    );
    if problems.len() > 1
        && problems
            .iter()
            .any(|problem| problem.failure.message != first.failure.message)
    {
        message.push_str("; and others");
    }
    // every word of it has been told, or was told before
    Some(Failure {
        told: true,
        ..Failure::new(kind, message)
    })
}
