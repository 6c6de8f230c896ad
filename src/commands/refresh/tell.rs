//! What a refresh puts into words and notices: problems when they are new, and once when they are
//! over.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;

use crate::alerts;
use crate::clock;
use crate::commands::app::App;
use crate::config::Event;
use crate::error::{ExitKind, Failure};
use crate::notify::Notice;
use crate::store::{SessionRow, Status};
use crate::ui::Ui;

/// One problem: which row, which kind, in words.
pub(super) struct Problem<'p> {
    pub row: &'p SessionRow,
    pub failure: Failure,
}

/// Put into words what is new, and what is over. What was put into words is also a notice.
pub(super) fn tell(
    app: &App,
    ui: &mut Ui,
    well: &HashSet<i64>,
    problems: &[Problem<'_>],
) -> Result<Vec<Notice>> {
    let mut lines: BTreeMap<(&str, &str), Vec<&SessionRow>> = BTreeMap::new();
    let mut notices = Vec::new();
    for Problem { row, failure } in problems {
        let news = alerts::record_failure(&app.store, &alerts::of_session(row.id), failure.kind)?;
        if let Some(event) = event(failure.kind).filter(|_| news) {
            notices.push(Notice::of_session(
                event,
                &row.account,
                &failure.message,
                clock::now(),
            ));
        }
        if news || ui.is_interactive() {
            let words = (failure.message.as_str(), what_next(failure.kind));
            lines.entry(words).or_default().push(row);
        }
    }
    for ((words, next), rows) in lines {
        ui.status(&format!("{}{next}", line(words, &rows)));
    }
    for row in recovered(app, well, problems)? {
        let words = format!("the {} session of {} works again", row.kind, row.account);
        ui.status(&words);
        notices.push(Notice::of_session(
            Event::Recovered,
            &row.account,
            &words,
            clock::now(),
        ));
    }
    Ok(notices)
}

/// Worth a notice?
fn event(kind: ExitKind) -> Option<Event> {
    match kind {
        ExitKind::Unreachable => Some(Event::Unreachable),
        ExitKind::LoginRequired => Some(Event::LoginRequired),
        _ => None,
    }
}

/// One line for what several sessions have in common.
fn line(words: &str, rows: &[&SessionRow]) -> String {
    match rows {
        [row] if words.contains(row.account.as_str()) => format!("error: {words}"),
        rows => format!("error: {}: {words}", whose(rows)),
    }
}

/// For whoever reads it in a mail: is anything to be done?
fn what_next(kind: ExitKind) -> &'static str {
    match kind {
        ExitKind::Unreachable => "; the next refresh tries again by itself",
        _ => "",
    }
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
    for (subject, _) in app.store.problems(alerts::SESSION)? {
        let id = subject
            .trim_start_matches(alerts::SESSION)
            .parse()
            .unwrap_or_default();
        if problems.iter().any(|problem| problem.row.id == id) {
            continue;
        }
        let Some(row) = app.store.listed(id)? else {
            app.store.clear_problem(&subject)?; // the session is gone, and its problem with it
            continue;
        };
        let seen = well.contains(&id) || row.last_error.is_none();
        if seen && row.status == Status::Active && alerts::record_success(&app.store, &subject)? {
            recovered.push(row);
        }
    }
    Ok(recovered)
}
