//! Decides when a problem of automation is reported (`scripting.md`, "Reported once").
//!
//! `refresh` and `prebook run` run every 15 minutes, and cron mails whatever they print. A problem is therefore reported when it
//! is new and once when it is over; an outage is new at its third consecutive run. The store has one row per subject with a
//! problem. Exit codes, JSON and terminals report a problem every time and do not depend on this module.

use crate::error::ExitKind;
use crate::store::{Problem, Result, Store};

/// An outage is reported once it has lasted this many consecutive runs.
pub const OUTAGE_RUNS: i64 = 3;

/// The prefix of subjects that are sessions.
pub const SESSION: &str = "session:";
/// The prefix of sessions whose `setrefresh` failed with `--deep`.
pub const SET_REFRESH: &str = "setrefresh:";

/// The subject of a session, by the number of its row.
pub fn of_session(id: i64) -> String {
    format!("{SESSION}{id}")
}

/// The subject of a session whose `setrefresh` failed, by the number of its row.
pub fn of_set_refresh(id: i64) -> String {
    format!("{SET_REFRESH}{id}")
}

/// The prefix of subjects that are prebookings.
pub const PREBOOKING: &str = "prebooking:";

/// The subject of a prebooking, by its id.
pub fn of_prebooking(id: i64) -> String {
    format!("{PREBOOKING}{id}")
}

/// Records that a run met a problem, and returns whether it is reported now.
///
/// # Errors
/// Those of the store.
pub fn record_failure(store: &Store, subject: &str, kind: ExitKind) -> Result<bool> {
    if matches!(kind, ExitKind::Internal | ExitKind::Usage) {
        return Ok(true); // problems of config and store are reported every time
    }
    let before = store.problem(subject)?.unwrap_or_default();
    let (after, is_new) = next(before.clone(), kind);
    if after != before {
        store.put_problem(subject, &after)?;
    }
    Ok(is_new)
}

/// Records that a subject has no problem, and returns whether a reported one is over.
///
/// # Errors
/// Those of the store.
pub fn record_success(store: &Store, subject: &str) -> Result<bool> {
    let Some(before) = store.problem(subject)? else {
        return Ok(false);
    };
    store.clear_problem(subject)?;
    Ok(before.standing.is_some())
}

/// The problem after one more run, and whether it is reported now. An outage that is too short to be reported leaves the
/// problem that was reported last as it is, so that the problem is not reported again after the outage.
fn next(before: Problem, kind: ExitKind) -> (Problem, bool) {
    let outage_runs = if kind == ExitKind::Unreachable {
        before.outage_runs.saturating_add(1)
    } else {
        0
    };
    let name = kind.name();
    let is_new = before.standing.as_deref() != Some(name)
        && (outage_runs == 0 || outage_runs >= OUTAGE_RUNS);
    let standing = if is_new {
        Some(name.to_owned())
    } else {
        before.standing
    };
    let after = Problem {
        standing,
        outage_runs,
    };
    (after, is_new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_new_when_it_differs_from_the_one_reported_last() {
        use ExitKind::{LoginRequired as L, Refused as R, Unreachable as U};
        let runs = [
            (U, false),
            (U, false),
            (U, true),
            (U, false),
            // after an outage that was reported, the message about the login is the newer one
            (L, true),
            (L, false),
            (U, false),
            (U, false),
            // an outage that was not reported
            (L, false),
            (R, true),
            (L, true),
            (U, false),
            (U, false),
            (U, true),
            (L, true),
        ];
        let mut problem = Problem::default();
        for (step, (kind, expected)) in runs.into_iter().enumerate() {
            let (after, is_new) = next(problem, kind);
            assert_eq!(is_new, expected, "step {step}");
            problem = after;
        }
    }
}
