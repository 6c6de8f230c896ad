//! What one process said, against what became of it: exit codes are those of its command, the error's kind is the code's,
//! and nothing is called done that the platform does not know of.

use serde_json::Value;

use super::actions::{Deed, What};
use super::expectations::Ledger;
use super::{Ended, Fate, SOON};
use crate::support::{Output, kind_of};

/// `rekeyed`: somebody has changed the key, and its source still gives the old one.
pub(super) fn check((deed, fate, output): &Ended, ledger: &Ledger, rekeyed: bool) {
    let Some(output) = output else { return };
    let status = output.status.unwrap_or(-1);
    let codes: &[i32] = match deed.what {
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
    let interrupted = matches!(fate, Fate::Interrupted(..));
    let expected = codes.contains(&status) || (rekeyed && status == 1);
    assert!(
        expected || (interrupted && matches!(status, 130 | 143 | -1)),
        "{deed:?} {fate:?}: {output:?}"
    );
    assert!(
        !interrupted || output.took < SOON,
        "after a signal: {deed:?} {output:?}"
    );
    if !deed.json || interrupted {
        return;
    }
    let lines = output.stdout.matches('\n').count();
    assert!(
        lines == 1 && output.stdout.ends_with('\n'),
        "{deed:?}: {output:?}"
    );
    let printed: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(
        printed["error"]["kind"].as_str(),
        kind_of(status),
        "{deed:?}: {output:?}"
    );
    let outcome = printed["outcome"].as_str();
    match (deed.what, outcome) {
        (What::Book, Some("booked" | "waitlisted" | "already_booked")) => {
            assert_eq!(status, 0, "{output:?}");
            has_place(deed, &printed["reservation_id"], ledger, output);
        }
        (What::Cancel, Some("cancelled")) => {
            assert_eq!(status, 0, "{output:?}");
            let class = &deed.class.as_ref().expect("a class").id;
            assert!(
                ledger.was_cancelled(deed.who, class),
                "{deed:?}: {output:?}"
            );
        }
        (What::Book | What::Cancel, _) => assert_ne!(status, 0, "{deed:?}: {output:?}"),
        (What::PrebookRun, _) => {
            for result in printed["results"].as_array().into_iter().flatten() {
                let done = matches!(
                    result["outcome"].as_str(),
                    Some("booked" | "waitlisted" | "already_booked")
                );
                let id = result["reservation_id"].as_str().unwrap_or_default();
                let who = result["account"].as_str().unwrap_or_default();
                assert!(!done || ledger.is_of(id, who), "{result}: {output:?}");
            }
        }
        _ => {}
    }
}

fn has_place(deed: &Deed, reservation: &Value, ledger: &Ledger, output: &Output) {
    let class = &deed.class.as_ref().expect("a class").id;
    let known = match reservation.as_str() {
        Some(id) => ledger.knows(id, deed.who, class),
        None => ledger.had_place(deed.who, class),
    };
    assert!(
        known,
        "the platform knows nothing of it: {deed:?}: {output:?}"
    );
}
