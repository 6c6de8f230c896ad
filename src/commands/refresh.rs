//! `refresh`: keep every login alive.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use super::app::App;
use crate::cli::RefreshArgs;
use crate::clock;
use crate::config::Event;
use crate::exit::{Failure, Kind};
use crate::model::session::SessionKind;
use crate::notify::{self, Notice, Ping};
use crate::output::{Out, Progress, RefreshOutcome, RefreshView, RefreshedSession};
use crate::sessions::refresh::{Fate, Plan, future_after};
use crate::sessions::{DEVICE_LIFE, Pick, Sessions};
use crate::store::{DueQuery, SessionRow, Status};
use crate::{aimharder, sessions, told};

pub(super) fn run(args: &RefreshArgs, app: &App, out: &mut Out) -> Result<()> {
    if let Some(account) = &app.asked.account
        && app.store.sessions(Some(account))?.is_empty()
    {
        let words = format!("no session for {account}; run `aimharder login {account}`");
        return Err(Failure::login_required(words).into());
    }
    let device = device(app)?;
    let switch = app.config.ping.refresh.as_ref();
    notify::ping(switch, Ping::Start);
    let view = refresh(args, app, device.as_ref(), out);
    let well = view.as_ref().is_ok_and(|view| view.failure.is_none());
    notify::ping(switch, if well { Ping::Success } else { Ping::Fail });
    out.show(&view?)
}

/// All of it, notices included, but for the result's way to the reader.
fn refresh(
    args: &RefreshArgs,
    app: &App,
    device: Option<&Pick>,
    out: &mut Out,
) -> Result<RefreshView> {
    let now = clock::now();
    let query = query(args, app, device, now)?;
    let rows = app.store.due(&query)?;
    // counting them takes longer than all else when there are very many: only for somebody who asks
    let asked = !rows.is_empty() || out.is_json() || out.is_watched();
    let total = if asked {
        app.store.count_refreshed(&query)?
    } else {
        0
    };
    log::info!("{} sessions are due", rows.len());
    let mut view = RefreshView {
        total,
        fresh: total.saturating_sub(rows.len()),
        watched: out.is_watched(),
        ..RefreshView::default()
    };
    if out.is_json() {
        view.sessions = fresh(app, &query, &rows)?;
    }
    let fates = update(args, app, &rows)?;
    let (well, problems) = sum_up(&mut view, &rows, fates);
    let notices = tell(app, out, &well, &problems)?;
    view.failure = failure(&view, &problems);
    notify::send(&app.config, &notices);
    Ok(view)
}

/// The one session that `--fingerprint` names, of whatever account.
fn device(app: &App) -> Result<Option<Pick>> {
    let Some(prefix) = &app.asked.fingerprint else {
        return Ok(None);
    };
    let rows = app.store.sessions(app.asked.account.as_ref())?.into_iter();
    let devices = rows.filter(|row| row.kind == SessionKind::Device).collect();
    let row = Sessions::by_prefix(devices, prefix)?;
    Ok(Some(Pick::Device(row.fingerprint)))
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
    device: Option<&'q Pick>,
    now: DateTime<Utc>,
) -> Result<DueQuery<'q>> {
    let age = TimeDelta::from_std(args.stale_after).map_err(|e| Failure::usage(e.to_string()))?;
    Ok(DueQuery {
        account: app.asked.account.as_ref(),
        kind: app.asked.session,
        fingerprint: match device {
            Some(Pick::Device(print)) => Some(print),
            _ => None,
        },
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

/// One problem: which row, which kind, in words.
struct Problem<'p> {
    row: &'p SessionRow,
    failure: Failure,
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
    let failed = |e: sessions::Error| Some(Failure::of(&e.into()));
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
            failed(sessions::Error::Platform(aimharder::Error::Blocked)),
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

/// Put into words what is new, and what is over. What was put into words is also a notice.
fn tell(
    app: &App,
    out: &mut Out,
    well: &HashSet<i64>,
    problems: &[Problem<'_>],
) -> Result<Vec<Notice>> {
    let mut lines: BTreeMap<&str, Vec<&SessionRow>> = BTreeMap::new();
    let mut notices = Vec::new();
    for Problem { row, failure } in problems {
        let news = told::met(&app.store, &told::of_session(row.id), failure.kind)?;
        let event = match failure.kind {
            Kind::Unreachable => Some(Event::Unreachable),
            Kind::LoginRequired => Some(Event::LoginRequired),
            _ => None,
        };
        if let Some(event) = event.filter(|_| news) {
            notices.push(Notice::of_session(
                event,
                &row.account,
                &failure.message,
                clock::now(),
            ));
        }
        if news || out.is_watched() {
            lines.entry(&failure.message).or_default().push(row);
        }
    }
    for (words, rows) in lines {
        match rows.as_slice() {
            [row] if words.contains(row.account.as_str()) => out.tell(&format!("error: {words}")),
            rows => out.tell(&format!("error: {}: {words}", whose(rows))),
        }
    }
    for row in recovered(app, well, problems)? {
        let words = format!("the {} session of {} works again", row.kind, row.account);
        out.tell(&words);
        notices.push(Notice::of_session(
            Event::Recovered,
            &row.account,
            &words,
            clock::now(),
        ));
    }
    Ok(notices)
}

/// `background session of ana@example.org`, or how many when they are many.
fn whose(rows: &[&SessionRow]) -> String {
    match rows {
        [row] => format!("{} session of {}", row.kind, row.account),
        several => format!("{} sessions", several.len()),
    }
}

/// Sessions whose problem had been told and is over: those refreshed now, and those that another
/// process has mended.
fn recovered(app: &App, well: &HashSet<i64>, problems: &[Problem<'_>]) -> Result<Vec<SessionRow>> {
    let mut recovered = Vec::new();
    for (subject, _) in app.store.problems(told::SESSION)? {
        let id = subject
            .trim_start_matches(told::SESSION)
            .parse()
            .unwrap_or_default();
        if problems.iter().any(|problem| problem.row.id == id) {
            continue;
        }
        let Some(row) = app.store.session(id)? else {
            app.store.clear_problem(&subject)?; // the session is gone, and its problem with it
            continue;
        };
        let seen = well.contains(&id) || row.last_error.is_none();
        if seen && row.status == Status::Active && told::well(&app.store, &subject)? {
            recovered.push(row);
        }
    }
    Ok(recovered)
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
        Kind::Partial
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
