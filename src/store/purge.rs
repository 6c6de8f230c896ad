//! Removal of old secrets from everything that is not a row: free pages, the log, and copies that migrations made.
//!
//! A conversion sets the mark `unclean`, and the removal after it clears the mark. If the process ends in between, the next
//! command that opens the encrypted store does the removal ([`Store::tidy`]). A logout removes the text of the deleted login
//! without a mark ([`Store::scrub`]); if that fails, the command reports it.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::file_system::{beside, cannot};
use super::lock::conversion_lock_if_free;
use super::open::{VERSION, busy};
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

    /// Deletes the copies that migrations made beside the store, unfinished ones, and files of SQLite beside either.
    fn remove_copies(&self) -> Result<Vec<PathBuf>> {
        let mut removed = Vec::new();
        for version in 1..VERSION {
            for end in ["", "-wal", "-shm", "-journal"] {
                for half in ["", ".new"] {
                    let copy = beside(self.path(), &format!(".schema{version}.bak{half}{end}"));
                    match fs::remove_file(&copy) {
                        Ok(()) => removed.push(copy),
                        Err(e) if e.kind() == ErrorKind::NotFound => {}
                        Err(e) => return Err(cannot("delete the old copy", &copy, &e)),
                    }
                }
            }
        }
        Ok(removed)
    }
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
