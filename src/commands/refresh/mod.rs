//! `refresh`: updates the token of every session that is due.
//!
//! * this file – which sessions are due, the counts, and the exit code
//! * `report` – messages and notifications

mod output;
mod report;

use std::collections::HashSet;

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use self::report::{Problem, report};
use super::app::App;
use super::automation;
use crate::commands::args::number;
use crate::commands::help::{Help, code};
use crate::error::{ExitKind, Failure};
use crate::model::time;
use crate::sessions::DEVICE_LIFE;
use crate::sessions::refresh::{Plan, RefreshStatus, Refreshed, future_after};
use crate::signals::{self, SignalGuard};
use crate::store::{DueQuery, SessionRow};
use crate::ui::Ui;
use crate::ui::progress::Progress;
use crate::{clock, notify, sessions};
use output::{RefreshView, RefreshedSession};

const HELP: Help = Help {
    notes: "\
Acts on both kinds of sessions of all accounts unless --session, --account or --fingerprint says otherwise.",
    examples: &[
        "aimharder refresh",
        "aimharder refresh --session background --force --json",
    ],
    exit_codes: &[
        (0, "all sessions refreshed, or none due"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (3, "all logged out, or no session in the store"),
        code::UNREACHABLE,
        (7, "some sessions failed, or for different reasons"),
    ],
};

/// Keep sessions alive: update the tokens that are getting stale
///
/// For cron or a timer, every 15 minutes. Runs may overlap each other and any other command. A success prints nothing; off a
/// terminal, a problem is reported when it is new and when it is over.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct RefreshArgs {
    /// Update tokens older than this
    #[arg(long, value_name = "DURATION", default_value = "14m", value_parser = time::parse_duration)]
    stale_after: Duration,
    /// Update all tokens, whatever their age
    #[arg(long, conflicts_with = "stale_after")]
    force: bool,
    /// Call setrefresh for every session updated, not only once a day
    #[arg(long)]
    deep: bool,
    /// Number of sessions updated at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = |raw: &str| number::<u8>(raw, 1, 64))]
    jobs: u8,
    /// Requests per second over all sessions; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = |raw: &str| number::<u32>(raw, 0, 10_000))]
    rate: u32,
}

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

/// Everything but printing the result.
fn refresh(
    args: &RefreshArgs,
    app: &App,
    device: Option<&SessionRow>,
    ui: &mut Ui,
) -> Result<(RefreshView, SignalGuard)> {
    let now = clock::now();
    let query = query(args, app, device, now)?;
    let rows = app.store.due(&query)?;
    // with very many sessions counting them takes most of the time: only where the number is shown
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
    let results = update(args, app, &rows)?;
    // what is noted as reported is reported
    let signal_guard = signals::signal_guard("result");
    let (well, problems) = sum_up(&mut view, &rows, results);
    let mut notices = Vec::new();
    let reported = report(app, ui, now, &well, &problems, &mut notices);
    if !notices.is_empty() {
        notify::send(&app.config, app.main_account().as_ref(), &notices);
    }
    reported?;
    view.failure = failure(&view, &problems);
    Ok((view, signal_guard))
}

/// The sessions that are not due.
fn fresh(app: &App, query: &DueQuery<'_>, due: &[SessionRow]) -> Result<Vec<RefreshedSession>> {
    let due: HashSet<i64> = due.iter().map(|row| row.id).collect();
    let rows = app.store.fresh(query)?.into_iter();
    Ok(rows
        .filter(|row| !due.contains(&row.id))
        .map(|row| shown(&row, RefreshStatus::Fresh, None))
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

fn update(args: &RefreshArgs, app: &App, rows: &[SessionRow]) -> Result<Vec<Refreshed>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    app.store.ready()?; // one error about a missing key, not one per session
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
    let results = app
        .sessions()
        .refresh_all(rows, &plan, &|done| progress.step(done));
    progress.finish();
    Ok(results)
}

/// Returns the ids of the sessions that are well and the problems of the others. A busy session is neither. One whose
/// `setrefresh` failed is both: its token was updated.
fn sum_up<'p>(
    view: &mut RefreshView,
    rows: &'p [SessionRow],
    results: Vec<Refreshed>,
) -> (HashSet<i64>, Vec<Problem<'p>>) {
    let mut well = HashSet::new();
    let mut problems = Vec::new();
    for (row, Refreshed { status, error }) in rows.iter().zip(results) {
        count(view, status);
        let is_problem = matches!(status, RefreshStatus::LoggedOut | RefreshStatus::Failed);
        let set_refresh = matches!(error, Some(sessions::Error::NotExtended(_)));
        let failure = error.map(|e| Failure::from_error(&e));
        let words = failure.as_ref().map(|failure| failure.message.clone());
        view.sessions.push(shown(row, status, words));
        if status != RefreshStatus::Busy && (!is_problem || set_refresh) {
            well.insert(row.id);
        }
        if let Some(failure) = failure.filter(|_| is_problem) {
            problems.push(Problem {
                row,
                failure,
                set_refresh,
            });
        }
    }
    (well, problems)
}

fn count(view: &mut RefreshView, outcome: RefreshStatus) {
    let counter = match outcome {
        RefreshStatus::Updated => &mut view.updated,
        RefreshStatus::Fresh => &mut view.fresh,
        RefreshStatus::Busy => &mut view.busy,
        RefreshStatus::LoggedOut => &mut view.logged_out,
        RefreshStatus::Relogged => &mut view.relogged,
        RefreshStatus::Failed => &mut view.failed,
    };
    *counter += 1;
}

fn shown(row: &SessionRow, outcome: RefreshStatus, error: Option<String>) -> RefreshedSession {
    RefreshedSession {
        account: row.account.clone(),
        kind: row.kind,
        fingerprint: row.fingerprint.clone(),
        outcome,
        error,
    }
}

/// The failure of the run: the common kind if every session that was neither fresh nor busy failed alike.
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
    // its parts were reported already, now or by an earlier run
    Some(Failure {
        reported: true,
        ..Failure::new(kind, message)
    })
}
