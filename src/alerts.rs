//! Decides when a problem of automation is reported (`scripting.md`, "Reported once").
//!
//! `refresh` and `prebook run` run every 15 minutes, and cron mails whatever they print. A problem is therefore reported when it
//! is new and once when it is over; an outage is new at its third consecutive run. The store has the problem that was
//! reported last with each session and prebooking. Exit codes, JSON and terminals report a problem every time and do not depend
//! on this module.

use crate::error::ExitKind;
use crate::store::{Problem, Result, Store, Subject};

/// An outage is reported once it has lasted this many consecutive runs.
pub const OUTAGE_RUNS: i64 = 3;

/// Records that a run met a problem, and returns whether it is reported now.
///
/// # Errors
/// Those of the store.
pub fn record_failure(store: &Store, subject: Subject, kind: ExitKind) -> Result<bool> {
    if matches!(kind, ExitKind::Internal | ExitKind::Usage) {
        return Ok(true); // problems of config and store are reported every time
    }
    let before = store.problem(subject)?.unwrap_or_default();
    let (after, is_new) = next(before.clone(), kind);
    if after != before {
        store.set_problem(subject, Some(&after))?;
    }
    Ok(is_new)
}

/// Records that a subject has no problem, and returns whether a reported one is over.
///
/// # Errors
/// Those of the store.
pub fn record_success(store: &Store, subject: Subject) -> Result<bool> {
    let Some(before) = store.problem(subject)? else {
        return Ok(false);
    };
    store.set_problem(subject, None)?;
    Ok(before.reported.is_some())
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
    let is_new = before.reported.as_deref() != Some(name)
        && (outage_runs == 0 || outage_runs >= OUTAGE_RUNS);
    let reported = if is_new {
        Some(name.to_owned())
    } else {
        before.reported
    };
    let after = Problem {
        reported,
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
