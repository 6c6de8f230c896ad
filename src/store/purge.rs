//! Removal of old secrets from everything that is not a row: free pages, the log, and copies that migrations made.
//!
//! A conversion sets the mark `unclean`, and the removal after it clears the mark. If the process ends in between, the next
//! command that opens the encrypted store does the removal ([`Store::tidy`]). A logout removes the text of the deleted login
//! without a mark ([`Store::scrub`]); if that fails, the command reports it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::file_system::folder_of;
use super::lock::conversion_lock_if_free;
use super::open::busy;
use super::{At, Error, Result, Store};
use crate::clock;

/// How long a command waits for other processes to remove what an earlier one left.
const SHORT_TIMEOUT: Duration = Duration::from_millis(100);
/// Interval at which the log is tried to be folded while another process does so.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

impl Store {
    /// Does the removal that a killed process has left. Usually there is none, and this is one short query. If it cannot be
    /// done now, it is left to the next process.
    pub fn tidy(&self) -> Result<()> {
        if self.unclean()?.is_none() {
            return Ok(());
        }
        let Some(_alone) = conversion_lock_if_free(self.path())? else {
            return Ok(());
        };
        self.clean(SHORT_TIMEOUT)?;
        log::info!(
            "old plain text of the store {} is removed",
            self.path().display()
        );
        Ok(())
    }

    /// The mark that old values may be left.
    fn unclean(&self) -> Result<Option<i64>> {
        let sql = "SELECT unclean FROM seal WHERE unclean > 0";
        self.find(sql, [], |row| row.get(0))
    }

    /// Removes old values from copies, free pages and the log, if the store is marked. Returns the copies that were deleted.
    pub(super) fn clean(&self, timeout: Duration) -> Result<Vec<PathBuf>> {
        let Some(unclean) = self.unclean()? else {
            return Ok(Vec::new());
        };
        let removed = self.remove_copies()?;
        if !self.rewrite(timeout)? {
            return Err(Error::Busy(format!(
                "another process has been using the store {} for too long",
                self.path().display()
            )));
        }
        self.execute("UPDATE seal SET unclean = 0 WHERE unclean = ?1", [unclean])?;
        Ok(removed)
    }

    /// Removes deleted logins, whose tokens AimHarder still accepts, from free pages and the log. `false` if other processes
    /// use the store.
    pub fn scrub(&self) -> Result<bool> {
        self.rewrite(SHORT_TIMEOUT)
    }

    /// Writes all pages anew from the rows, and then folds and truncates the log, which still contains the old pages. `false` if
    /// other processes use the store for longer than `timeout`.
    fn rewrite(&self, timeout: Duration) -> Result<bool> {
        let db = self.db();
        db.busy_timeout(timeout).at(self.path())?;
        let done = vacuum(&db, timeout);
        db.busy_timeout(busy()).at(self.path())?;
        match done {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
            done => done.at(self.path()),
        }
    }

    /// Deletes the copies that migrations made beside the store.
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

/// Whether this is the copy of a migration such as `aimharder.db.schema3.bak`, an unfinished one, or a file of SQLite beside
/// either. Other files belong to the user.
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

fn vacuum(db: &Connection, timeout: Duration) -> rusqlite::Result<bool> {
    let began = clock::steady();
    // a temporary file would contain the logins
    db.execute_batch("PRAGMA temp_store=MEMORY; VACUUM")?;
    loop {
        let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if !busy || clock::since(began) >= timeout {
            return Ok(!busy);
        }
        // SQLite waits for readers, but not for another process that folds the log
        clock::nap(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_migrations_are_copies() {
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
