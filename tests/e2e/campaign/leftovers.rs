//! What is left when all processes have ended: no lock, and every login that no command deleted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;

use super::{Ended, tokens};
use crate::support::Home;

/// Checks that no lock is held.
pub(super) fn no_lock_left(home: &Home) {
    let store = home.store_path();
    let beside = |end: &str| store.with_file_name(format!("aimharder.db{end}"));
    is_free(&beside(".lock"));
    for entry in fs::read_dir(beside(".locks")).unwrap() {
        is_free(&entry.unwrap().path());
    }
}

fn is_free(path: &Path) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    assert!(
        file.try_lock().is_ok(),
        "a lock is left: {}",
        path.display()
    );
}

/// The device sessions of a round, with their accounts by fingerprint.
#[derive(Debug)]
pub(super) struct Devices {
    whose: BTreeMap<String, String>,
    aged: bool,
}

impl Devices {
    /// As they are now; `aged`: all become too old to be kept by `sessions prune`.
    pub(super) fn before(home: &Home, aged: bool) -> Self {
        if aged {
            home.sql(
                "UPDATE sessions SET created_at = created_at - 8 * 86400000 WHERE kind = 'device'",
            );
        }
        Self {
            whose: devices(home),
            aged,
        }
    }

    /// A device session is deleted only by a command, or when the platform says that it is dead.
    pub(super) fn none_vanished(&self, home: &Home, log: &[Value], ended: &[Ended]) {
        let now = devices(home);
        for (print, account) in &self.whose {
            let mut actions = ended.iter().map(|(action, ..)| action);
            let taken = actions.any(|action| {
                action.deletes_sessions_of(account) || (self.aged && action.prunes())
            });
            assert!(
                taken || now.contains_key(print) || tokens::was_ended(log, print),
                "the device session of {account} is gone"
            );
        }
    }
}

fn devices(home: &Home) -> BTreeMap<String, String> {
    let db = home.db();
    let mut rows = db
        .prepare("SELECT fingerprint, account FROM sessions WHERE kind = 'device'")
        .unwrap();
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}
