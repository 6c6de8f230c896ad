//! Told once (`scripting.md`, "Everywhere"): automation runs every quarter of an hour, and a problem that
//! stands for weeks must not become 96 mails a day. A problem is put into words when it is new
//! (an outage: at the third run in a row) and once when it is over. Exit codes and JSON tell it
//! every time, and so does a terminal.

use crate::error::ExitKind;
use crate::store::{Problem, Result, Store};

/// An outage is worth words at this run in a row.
pub const OUTAGE: i64 = 3;

/// Subjects that are sessions begin like this.
pub const SESSION: &str = "session:";

/// The subject that a session's row is.
pub fn of_session(id: i64) -> String {
    format!("{SESSION}{id}")
}

/// Another run has met a problem. `true`: put it into words now.
///
/// # Errors
/// Those of the store.
pub fn record_failure(store: &Store, subject: &str, kind: ExitKind) -> Result<bool> {
    if matches!(kind, ExitKind::Internal | ExitKind::Usage) {
        return Ok(true); // config and store are told every time
    }
    let before = store.problem(subject)?.unwrap_or_default();
    let (after, tell) = next(before.clone(), kind);
    if after != before {
        store.put_problem(subject, &after)?;
    }
    Ok(tell)
}

/// The subject is well. `true`: its problem had been told, so tell that it is over.
///
/// # Errors
/// Those of the store.
pub fn record_success(store: &Store, subject: &str) -> Result<bool> {
    let Some(before) = store.problem(subject)? else {
        return Ok(false);
    };
    store.clear_problem(subject)?;
    Ok(was_told(&before))
}

/// A passing outage leaves a standing problem standing: it is not news when the outage is over.
fn next(before: Problem, kind: ExitKind) -> (Problem, bool) {
    if kind == ExitKind::Unreachable {
        let outage_runs = before.outage_runs.saturating_add(1);
        return (
            Problem {
                outage_runs,
                ..before
            },
            outage_runs == OUTAGE,
        );
    }
    let name = kind.name();
    let news = before.standing.as_deref() != Some(name);
    (
        Problem {
            standing: Some(name.to_owned()),
            outage_runs: 0,
        },
        news,
    )
}

fn was_told(problem: &Problem) -> bool {
    problem.standing.is_some() || problem.outage_runs >= OUTAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_once_and_outages_at_the_third_run() {
        use ExitKind::{LoginRequired as L, Refused as R, Unreachable as U};
        let story = [
            (U, false),
            (U, false),
            (U, true),
            (U, false), // an outage
            (L, true),
            (L, false), // something else
            (U, false),
            (L, false), // an outage passes: nothing new
            (R, true),
            (L, true),
        ];
        let mut state = Problem::default();
        for (step, (kind, tell)) in story.into_iter().enumerate() {
            let (after, told) = next(state, kind);
            assert_eq!(told, tell, "step {step}");
            state = after;
        }
    }
}
