//! Removal of old values from everything that is not a row, after a conversion or a logout: free pages, the log,
//! copies that migrations have left. A process that dies before it has done so leaves a mark, `unclean`, and the next one
//! does it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::open::{busy, conversion_lock_if_free};
use super::paths::folder_of;
use super::{At, Error, Result, Store};
use crate::clock;

/// How long a command waits that only tidies up behind another.
const HASTE: Duration = Duration::from_millis(100);
/// Between two tries to fold the log while another process is at it.
const BETWEEN: Duration = Duration::from_millis(10);

/// Does any secret stand in the rows as plain text?
const PLAIN: &str = "EXISTS (SELECT 1 FROM sessions WHERE 'text' IN (typeof(token), typeof(cookies))) \
                     OR EXISTS (SELECT 1 FROM accounts WHERE typeof(refused_hash) = 'text')";

impl Store {
    /// Finishes what a process that died has left undone. Mostly there is nothing, and this is one short query. What cannot be done now is left to the next process.
    pub fn tidy(&self) -> Result<()> {
        let left = self.seal_row()?.filter(|row| row.unclean > 0);
        if left.is_none() {
            return Ok(());
        }
        let Some(_alone) = conversion_lock_if_free(self.path())? else {
            return Ok(());
        };
        self.clean(HASTE)?;
        log::info!(
            "what was left in plain text in {} is gone",
            self.path().display()
        );
        Ok(())
    }

    /// Whether any row contains a secret in plain text.
    pub fn has_plain_text(&self) -> Result<bool> {
        self.db()
            .query_row(&format!("SELECT {PLAIN}"), [], |row| row.get(0))
            .at(self.path())
    }

    /// Take the old values out of everything that is not a row: copies, free pages, the log.
    pub(super) fn clean(&self, patience: Duration) -> Result<Vec<PathBuf>> {
        let Some(row) = self.seal_row()?.filter(|row| row.unclean > 0) else {
            return Ok(Vec::new());
        };
        let removed = self.remove_copies()?;
        let db = self.db();
        db.busy_timeout(patience).at(self.path())?;
        let rewritten = rewrite(&db, patience);
        db.busy_timeout(busy()).at(self.path())?;
        if !rewritten.at(self.path())? {
            return Err(Error::Busy(format!(
                "another process has been reading the store {} for long",
                self.path().display()
            )));
        }
        db.execute(
            "UPDATE seal SET unclean = 0 WHERE unclean = ?1",
            [row.unclean],
        )
        .at(self.path())?;
        Ok(removed)
    }

    /// Take logins that were deleted on purpose out of free pages and the log too: AimHarder still takes their
    /// tokens. `false`: others are using the store, and it could not be done now.
    pub fn scrub(&self) -> Result<bool> {
        let db = self.db();
        db.busy_timeout(HASTE).at(self.path())?;
        // no copy of the other logins in the folder for temporary files either
        let done = db
            .execute_batch("PRAGMA temp_store=MEMORY")
            .and_then(|()| rewrite(&db, HASTE));
        db.busy_timeout(busy()).at(self.path())?;
        match done {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
            done => done.at(self.path()),
        }
    }

    /// Copies that migrations have left beside the store are from before.
    fn remove_copies(&self) -> Result<Vec<PathBuf>> {
        let store = self.path().file_name().unwrap_or_default();
        let folder = folder_of(self.path());
        let cannot = |e: io::Error| {
            let (folder, why) = (folder.display(), crate::text::why(&e));
            Error::Unusable(format!("cannot delete the old copies in {folder}: {why}"))
        };
        let mut removed = Vec::new();
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            if is_copy(&entry.file_name(), store) {
                fs::remove_file(entry.path()).map_err(cannot)?;
                removed.push(entry.path());
            }
        }
        Ok(removed)
    }
}

/// `aimharder.db.schema3.bak`, half a one of a migration that was killed, or SQLite's own files beside either. What else
/// begins like the store belongs to the user, and stays.
fn is_copy(name: &OsStr, store: &OsStr) -> bool {
    let rest = |name: &str| {
        let rest = name
            .strip_prefix(store.to_str()?)?
            .strip_prefix(".schema")?;
        let version = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let end = version.strip_prefix(".bak").filter(|_| version != rest)?;
        let end = end.strip_prefix(".new").unwrap_or(end);
        Some(["", "-wal", "-shm", "-journal"].contains(&end))
    };
    name.to_str().and_then(rest).unwrap_or(false)
}

/// Write every page anew, from rows alone, and cut the file to their number. That, like everything
/// before, is still in the log until the log is folded and cut too. `false`: a reader is in the way.
fn rewrite(db: &Connection, patience: Duration) -> rusqlite::Result<bool> {
    let began = clock::steady();
    db.execute_batch("VACUUM")?;
    loop {
        let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if !busy || began.elapsed() >= patience {
            return Ok(!busy);
        }
        // SQLite waits for readers, but not for another process that is folding the log just now
        clock::nap(BETWEEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_migration_left_is_a_copy() {
        for (name, copy) in [
            ("a.db.schema3.bak", true),
            ("a.db.schema12.bak.new", true),
            ("a.db.schema3.bak.new-journal", true),
            ("a.db.schema3.bak-wal", true),
            ("a.db", false),
            ("a.db.schema.bak", false),
            ("a.db.schema3.bak.mine", false),
            ("a.db.schema3.sql", false),
            ("a.db.schema-notes.bakery.txt", false),
            ("b.db.schema3.bak", false),
        ] {
            assert_eq!(is_copy(name.as_ref(), "a.db".as_ref()), copy, "{name}");
        }
    }
}
