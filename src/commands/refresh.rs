//! `refresh`: updates the token of every session that is due, and reports what is new or over.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::app::App;
use super::args::number;
use super::automation;
use super::help::{Help, code};
use super::plural;
use crate::config::Event;
use crate::error::{ExitKind, Failure};
use crate::model::time;
use crate::notify::{Notice, Notifier};
use crate::sessions::refresh::Refreshed;
use crate::sessions::{CLOCK_SLACK, DEVICE_LIFE};
use crate::signals::{self, SignalGuard};
use crate::store::{self, DueQuery, SessionRow, Status, Store, Subject};
use crate::ui::Ui;
use crate::ui::progress::Progress;
use crate::{alerts, clock, sessions};

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
    let device = app.named_device(app.global.account.as_ref())?;
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
) -> Result<(RefreshView, Option<Failure>, SignalGuard)> {
    let now = clock::now();
    let query = query(args, app, device, now);
    let rows = app.store.due(&query)?;
    // with many sessions counting takes most of the time: done only if the number is shown
    let is_shown = !rows.is_empty() || ui.is_json() || ui.is_interactive();
    let total = if is_shown {
        app.store.count_refreshed(&query)?
    } else {
        0
    };
    log::info!("{} sessions are due", rows.len());
    let mut view = RefreshView {
        total,
        fresh: total.saturating_sub(rows.len()),
        ..RefreshView::default()
    };
    if ui.is_json() {
        view.sessions = fresh(app, &query, &rows)?;
    }
    let results = update(args, app, &rows);
    // what the store has as reported is reported even after a signal
    let signal_guard = signals::signal_guard("result");
    let (well, problems) = sum_up(&mut view, &rows, results);
    let notifier = Notifier::start(&app.config, app.main_account().as_ref());
    let reported = report(app, ui, now, &well, &problems, &notifier);
    notifier.finish();
    reported?;
    if ui.is_interactive() {
        ui.print_part(|_| vec![summary(&view)]);
    }
    let failure = failure(&view, &problems);
    Ok((view, failure, signal_guard))
}

/// The sessions that are not due.
fn fresh(app: &App, query: &DueQuery<'_>, due: &[SessionRow]) -> Result<Vec<Value>> {
    let due: HashSet<i64> = due.iter().map(|row| row.id).collect();
    let rows = app.store.fresh(query)?.into_iter();
    Ok(rows
        .filter(|row| !due.contains(&row.id))
        .map(|row| shown(&row, Refreshed::Fresh.into(), None))
        .collect())
}

fn query<'q>(
    args: &RefreshArgs,
    app: &'q App,
    device: Option<&'q SessionRow>,
    now: DateTime<Utc>,
) -> DueQuery<'q> {
    DueQuery {
        account: app.global.account.as_ref(),
        kind: app.global.session,
        fingerprint: device.map(|row| &row.fingerprint),
        devices_since: now - DEVICE_LIFE,
        stale_before: if args.force {
            DateTime::<Utc>::MAX_UTC
        } else {
            now - args.stale_after
        },
        future_after: now + CLOCK_SLACK,
    }
}

fn update(args: &RefreshArgs, app: &App, rows: &[SessionRow]) -> Vec<Refreshed> {
    if rows.is_empty() {
        return Vec::new();
    }
    let progress = Progress::new(rows.len(), "sessions refreshed");
    let (threads, step) = (usize::from(args.jobs), |done| progress.step(done));
    let sessions = app.sessions();
    let results = sessions.refresh_all(rows, args.deep, threads, args.rate, &step);
    progress.finish();
    results
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
    for (row, refreshed) in rows.iter().zip(results) {
        let outcome = (&refreshed).into();
        let is_busy = matches!(refreshed, Refreshed::Busy);
        let (count, error, is_problem) = match refreshed {
            Refreshed::Updated(error) => (&mut view.updated, error, false),
            Refreshed::Fresh => (&mut view.fresh, None, false),
            Refreshed::Busy => (&mut view.busy, None, false),
            Refreshed::LoggedOut(e) => (&mut view.logged_out, Some(e), true),
            Refreshed::Relogged => (&mut view.relogged, None, false),
            Refreshed::Failed(e) => (&mut view.failed, Some(e), true),
        };
        *count += 1;
        let no_turn = matches!(error, Some(sessions::Error::RunLimit));
        let set_refresh = matches!(error, Some(sessions::Error::NotExtended(_)));
        let failure = error.map(|e| Failure::from_error(&e));
        let words = failure.as_ref().map(|failure| &*failure.message);
        view.sessions.push(shown(row, outcome, words));
        if !is_busy && (!is_problem || set_refresh) {
            well.insert(row.id);
        }
        if let Some(failure) = failure.filter(|_| is_problem) {
            problems.push(Problem {
                row,
                failure,
                set_refresh,
                no_turn,
            });
        }
    }
    (well, problems)
}

/// The outcome of one session.
fn shown(row: &SessionRow, outcome: &str, error: Option<&str>) -> Value {
    json!({
        "account": row.account,
        "kind": row.kind,
        "fingerprint": row.fingerprint,
        "outcome": outcome,
        "error": error,
    })
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
    let is_same = |problem: &Problem<'_>| problem.failure.message == first.failure.message;
    if !problems.iter().all(is_same) {
        message.push_str("; and others");
    }
    // its parts were reported already, now or by an earlier run
    Some(Failure {
        reported: true,
        ..Failure::new(kind, message)
    })
}

/// The problem of one session.
struct Problem<'p> {
    row: &'p SessionRow,
    failure: Failure,
    /// The token was updated, and `setrefresh` failed.
    set_refresh: bool,
    /// The run had no time left for it: a problem of the run and not of the session.
    no_turn: bool,
}

impl Problem<'_> {
    /// Records the problem, and returns whether it is reported now. A failed `setrefresh` is a problem of its own, which the
    /// next token update does not end; it is reported at once, because the platform was reachable.
    fn record(&self, store: &Store) -> store::Result<bool> {
        let id = self.row.id;
        if self.set_refresh {
            store.set_refresh_failed(id, true)
        } else {
            alerts::record_failure(store, Subject::Session(id), self.failure.kind)
        }
    }
}

/// Prints and notifies what is new and what is over. A problem of which the store cannot say whether it is new is reported.
///
/// # Errors
/// Those of the store.
fn report(
    app: &App,
    ui: &mut Ui,
    began: DateTime<Utc>,
    well: &HashSet<i64>,
    problems: &[Problem<'_>],
    notifier: &Notifier,
) -> Result<()> {
    let mut lines: BTreeMap<(&str, &str), Vec<&SessionRow>> = BTreeMap::new();
    let mut broken = None;
    let (no_turn, known): (Vec<_>, Vec<_>) = problems.iter().partition(|it| it.no_turn);
    if let Some(first) = no_turn.first() {
        let rows: Vec<_> = no_turn.iter().map(|it| it.row).collect();
        let words = line(&first.failure.message, &rows);
        ui.status(&format!(
            "{words}; the next refresh begins with the oldest tokens"
        ));
    }
    for problem in known {
        let recorded = problem.record(&app.store);
        let news = *recorded.as_ref().unwrap_or(&true);
        broken = broken.or(recorded.err());
        let Problem { row, failure, .. } = problem;
        if let Some(event) = event(failure.kind).filter(|_| news) {
            notifier.send(&Notice::of_session(
                event,
                Some(row.account.clone()),
                &failure.message,
                clock::now(),
            ));
        }
        if news || ui.is_interactive() {
            let words = (failure.message.as_str(), what_next(problem));
            lines.entry(words).or_default().push(row);
        }
    }
    for ((words, next), rows) in lines {
        ui.status(&format!("{}{next}", line(words, &rows)));
    }
    if let Some(e) = broken {
        return Err(e.into());
    }
    let mut over = |what: &str, row: &SessionRow| {
        let words = format!("{what} of {} works again", row.account);
        ui.status(&words);
        let (account, now) = (Some(row.account.clone()), clock::now());
        notifier.send(&Notice::of_session(Event::Recovered, account, &words, now));
    };
    for row in recovered(app, well, problems)? {
        over(&format!("the {} session", row.kind), &row);
    }
    for row in extended(app, began)? {
        over(&format!("setrefresh of the {} session", row.kind), &row);
    }
    Ok(())
}

/// The notification of a problem of this kind, if there is one.
fn event(kind: ExitKind) -> Option<Event> {
    match kind {
        ExitKind::Unreachable => Some(Event::Unreachable),
        ExitKind::LoginRequired => Some(Event::LoginRequired),
        _ => None,
    }
}

/// The line of a problem that one session has, or several have in common.
fn line(words: &str, rows: &[&SessionRow]) -> String {
    match rows {
        [row] if words.contains(row.account.as_str()) => format!("error: {words}"),
        [row] => format!("error: {} session of {}: {words}", row.kind, row.account),
        several => format!("error: {} sessions: {words}", several.len()),
    }
}

/// Whether a user has to act, for a reader of cron's mail.
fn what_next(problem: &Problem<'_>) -> &'static str {
    if problem.set_refresh {
        "; the token was updated, and setrefresh is tried again within a day"
    } else if problem.failure.kind == ExitKind::Unreachable {
        "; the next refresh tries again"
    } else {
        ""
    }
}

/// Sessions whose reported problem is over: because of this run, or because of another process.
fn recovered(app: &App, well: &HashSet<i64>, problems: &[Problem<'_>]) -> Result<Vec<SessionRow>> {
    let problems = problems.iter().filter(|problem| !problem.set_refresh);
    let problems: HashSet<i64> = problems.map(|problem| problem.row.id).collect();
    let mut recovered = Vec::new();
    for row in app.store.sessions_with_problem()? {
        let is_over = (well.contains(&row.id) || row.last_error.is_none())
            && row.status == Status::Active
            && !problems.contains(&row.id);
        if is_over && alerts::record_success(&app.store, Subject::Session(row.id))? {
            recovered.push(row);
        }
    }
    Ok(recovered)
}

/// Sessions whose `setrefresh` failed before and has succeeded since this run began.
fn extended(app: &App, began: DateTime<Utc>) -> Result<Vec<SessionRow>> {
    let mut extended = Vec::new();
    for row in app.store.sessions_not_extended()? {
        let is_over = row.refreshed_at.is_some_and(|at| at >= began);
        if is_over && app.store.set_refresh_failed(row.id, false)? {
            extended.push(row);
        }
    }
    Ok(extended)
}

/// What a refresh did.
#[derive(Debug, Default, Serialize)]
struct RefreshView {
    total: usize,
    updated: usize,
    fresh: usize,
    busy: usize,
    logged_out: usize,
    relogged: usize,
    failed: usize,
    sessions: Vec<Value>,
}

fn summary(view: &RefreshView) -> String {
    let counts = [
        (view.updated, "updated"),
        (view.fresh, "fresh"),
        (view.busy, "busy"),
        (view.relogged, "logged in again"),
        (view.logged_out, "logged out"),
        (view.failed, "failed"),
    ];
    let counts = counts.into_iter().filter(|(n, _)| *n > 0);
    let counts: Vec<String> = counts.map(|(n, what)| format!("{n} {what}")).collect();
    match view.total {
        0 => "no session to refresh; run `aimharder login`".to_owned(),
        total => format!("{}: {}", plural(total, "session"), counts.join(", ")),
    }
}
