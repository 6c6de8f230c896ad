//! Reports the problems of a refresh, as text and as notifications: when they are new, and once when they are over.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;
use chrono::{DateTime, Utc};

use crate::alerts;
use crate::clock;
use crate::commands::app::App;
use crate::config::Event;
use crate::error::{ExitKind, Failure};
use crate::notify::Notice;
use crate::store::{self, SessionRow, Status, Store, Subject};
use crate::ui::Ui;

/// The problem of one session.
pub(super) struct Problem<'p> {
    pub row: &'p SessionRow,
    pub failure: Failure,
    /// The token was updated, and `setrefresh` failed.
    pub set_refresh: bool,
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

/// Prints what is new and what is over, and collects the notifications about it. A problem of which the store cannot say
/// whether it is new is reported.
///
/// # Errors
/// Those of the store. What is in `notices` then is recorded as reported, and must be sent.
pub(super) fn report(
    app: &App,
    ui: &mut Ui,
    began: DateTime<Utc>,
    well: &HashSet<i64>,
    problems: &[Problem<'_>],
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let mut lines: BTreeMap<(&str, &str), Vec<&SessionRow>> = BTreeMap::new();
    let mut broken = None;
    for problem in problems {
        let recorded = problem.record(&app.store);
        let news = *recorded.as_ref().unwrap_or(&true);
        broken = broken.or(recorded.err());
        let Problem { row, failure, .. } = problem;
        if let Some(event) = event(failure.kind).filter(|_| news) {
            notices.push(Notice::of_session(
                event,
                &row.account,
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
        let (account, now) = (&row.account, clock::now());
        notices.push(Notice::of_session(Event::Recovered, account, &words, now));
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
        rows => format!("error: {}: {words}", whose(rows)),
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

/// `background session of ana@example.org`, or the number of several sessions.
fn whose(rows: &[&SessionRow]) -> String {
    match rows {
        [row] => format!("{} session of {}", row.kind, row.account),
        several => format!("{} sessions", several.len()),
    }
}

/// Sessions whose reported problem is over: because of this run, or because of another process.
fn recovered(app: &App, well: &HashSet<i64>, problems: &[Problem<'_>]) -> Result<Vec<SessionRow>> {
    let mut recovered = Vec::new();
    for row in app.store.sessions_with_problem()? {
        let has_problem = |problem: &Problem<'_>| problem.row.id == row.id && !problem.set_refresh;
        let is_over = (well.contains(&row.id) || row.last_error.is_none())
            && row.status == Status::Active
            && !problems.iter().any(has_problem);
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
