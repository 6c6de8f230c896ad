//! Compares what one process printed with what the platform did: the exit code is one of its command, the error has the kind of
//! that code, and nothing is reported as done that the platform does not know.

use serde_json::Value;

use super::actions::{Action, What};
use super::expectations::Expectations;
use super::{Ended, Ending, SOON};
use crate::support::{Output, kind_of};

/// `rekeyed`: a process has changed the key, and its source still gives the old one.
pub(super) fn check((action, ending, output): &Ended, expectations: &Expectations, rekeyed: bool) {
    let Some(output) = output else { return };
    let status = output.status.unwrap_or(-1);
    let codes: &[i32] = match action.what {
        What::Book => &[0, 3, 4, 5, 6, 8, 9],
        What::Cancel => &[0, 3, 4, 5, 6, 8],
        What::PrebookRun => &[0, 3, 4, 5, 6, 7, 8, 9],
        What::Update => &[0, 3, 5, 7],
        What::Look | What::Status => &[0, 3, 5, 6, 7],
        What::Keep => &[0, 3, 5],
        What::Drop => &[0, 3, 6],
        What::Encrypt | What::Decrypt => &[0, 7],
        What::Rekey => &[0, 2, 7],
        What::Copy => &[0],
    };
    let interrupted = matches!(ending, Ending::Interrupted(..));
    let expected = codes.contains(&status) || (rekeyed && status == 1);
    assert!(
        expected || (interrupted && matches!(status, 130 | 143 | -1)),
        "{action:?} {ending:?}: {output:?}"
    );
    assert!(
        !interrupted || output.took < SOON,
        "after a signal: {action:?} {output:?}"
    );
    if !action.json || interrupted {
        return;
    }
    let lines = output.stdout.matches('\n').count();
    assert!(
        lines == 1 && output.stdout.ends_with('\n'),
        "{action:?}: {output:?}"
    );
    let printed = output.object();
    assert_eq!(
        printed["error"]["kind"].as_str(),
        kind_of(status),
        "{action:?}: {output:?}"
    );
    let outcome = printed["outcome"].as_str();
    match (action.what, outcome) {
        (What::Book, Some("booked" | "waitlisted" | "already_booked")) => {
            assert_eq!(status, 0, "{output:?}");
            has_place(action, &printed["reservation_id"], expectations, output);
        }
        (What::Cancel, Some("cancelled")) => {
            assert_eq!(status, 0, "{output:?}");
            let class = &action.class.as_ref().expect("a class").id;
            assert!(
                expectations.was_cancelled(action.who, class),
                "{action:?}: {output:?}"
            );
        }
        (What::Book | What::Cancel, _) => assert_ne!(status, 0, "{action:?}: {output:?}"),
        (What::PrebookRun, _) => {
            for result in printed["results"].as_array().into_iter().flatten() {
                let done = matches!(
                    result["outcome"].as_str(),
                    Some("booked" | "waitlisted" | "already_booked")
                );
                let id = result["reservation_id"].as_str().unwrap_or_default();
                let who = result["account"].as_str().unwrap_or_default();
                assert!(!done || expectations.is_of(id, who), "{result}: {output:?}");
            }
        }
        _ => {}
    }
}

fn has_place(action: &Action, reservation: &Value, expectations: &Expectations, output: &Output) {
    let class = &action.class.as_ref().expect("a class").id;
    let known = match reservation.as_str() {
        Some(id) => expectations.knows(id, action.who, class),
        None => expectations.had_place(action.who, class),
    };
    assert!(
        known,
        "the platform does not know it: {action:?}: {output:?}"
    );
}
