//! Writes that must not fail: what the platform has replaced, a token and its cookies, exists only in this process until it is
//! committed (promise 5).
//!
//! A full disk or a limit on the size of files must be found *before* the request. [`Store::make_room`] therefore reserves the
//! room that the result needs:
//!
//! * free pages in the file, so that folding the log into it never extends the file. If there are too few, the file is
//!   extended first;
//! * a log that is long enough for the largest of these writes, and folded, so that it starts again at its beginning.
//!
//! If the disk fills up afterwards, the write is appended to the log, or, if the log cannot grow, is written at its beginning
//! after folding it once more ([`Store::write_secrets`]).

use std::fs::File;
use std::io::ErrorKind;
use std::mem::ManuallyDrop;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, named_params, params};
use rustix::fs::{FallocateFlags, fallocate};

use super::sessions::{expiry, places};
use super::{At, CodecGuard, Error, Result, SessionRow, Store, millis};
use crate::clock;
use crate::secret::Secret;

/// Number of reserved pages. A session's row with its cookies and two index entries needs fewer than ten, and several processes
/// may write at once.
const PAGES: i64 = 24;
/// With fewer free pages than this, pages are reserved again.
const MIN_PAGES: i64 = 12;
/// Bytes of a long value that one page holds at least.
const PAGE_BYTES: i64 = 4000;
/// How often a write that finds no room is repeated after folding the log.
pub(super) const MAX_ATTEMPTS: u32 = 10;
/// The same for a write before a request.
const ATTEMPTS_BEFORE_REQUEST: u32 = 1;
const RETRY_PAUSE: Duration = Duration::from_millis(20);

impl Store {
    /// Reserves room for the result of a request about this session: once per process, and again if other processes have used
    /// it.
    ///
    /// # Errors
    /// There is no room: no request may be sent.
    pub fn make_room(&self, row: &SessionRow) -> Result<()> {
        let db = self.db();
        let free: i64 = db
            .query_row("PRAGMA freelist_count", [], |row| row.get(0))
            .at(self.path())?;
        if free >= MIN_PAGES && self.has_room.load(Ordering::Relaxed) {
            return Ok(());
        }
        let pages = if free >= MIN_PAGES {
            free.min(PAGES)
        } else {
            self.lengthen(&db, PAGES)?;
            PAGES
        };
        let taken = |db: &Connection| {
            let take = "UPDATE sessions SET reserve = zeroblob(?1) WHERE id = ?2";
            db.execute(take, params![(pages - 2) * PAGE_BYTES, row.id])?;
            let free = "UPDATE sessions SET reserve = NULL WHERE id = ?1";
            db.execute(free, [row.id])
        };
        write_repeatedly(&db, ATTEMPTS_BEFORE_REQUEST, taken)
            .and_then(|_| fold_log(&db, "PASSIVE"))
            .at(self.path())?;
        self.has_room.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Extends the file by a number of pages before the database uses them. Other processes may be updating a token, and a log
    /// with pages that do not fit into the file cannot be folded.
    fn lengthen(&self, db: &Connection, pages: i64) -> Result<()> {
        let size: i64 = db
            .query_row(
                "SELECT page_size * (page_count + ?1) FROM pragma_page_size, pragma_page_count",
                [pages],
                |row| row.get(0),
            )
            .at(self.path())?;
        let size = u64::try_from(size).unwrap_or(0);
        let lengthened = File::options()
            .write(true)
            .open(self.path())
            // never closed, because closing it would release SQLite's own locks of this process on the file
            .map(ManuallyDrop::new)
            .and_then(|file| Ok(fallocate(&*file, FallocateFlags::empty(), 0, size)?));
        match lengthened {
            Err(e) if e.kind() == ErrorKind::Unsupported => Ok(()), // the fold fails if there is no room
            Err(e) => Err(Error::Unusable(format!(
                "the store {} cannot grow: {e}; nothing was lost; free disk space",
                self.path().display()
            ))),
            Ok(()) => Ok(()),
        }
    }

    /// Marks that a token update is about to be sent, and reserves room for its result.
    ///
    /// # Errors
    /// The store cannot be written, or has no room: the update must not be sent.
    pub fn begin_update(&self, row: &SessionRow, now: DateTime<Utc>) -> Result<()> {
        self.make_room(row)?;
        let begun = |db: &Connection| {
            db.prepare_cached("UPDATE sessions SET update_begun_at = ?1 WHERE id = ?2")?
                .execute(params![millis(now), row.id])
        };
        write_repeatedly(&self.db(), ATTEMPTS_BEFORE_REQUEST, begun).at(self.path())?;
        Ok(())
    }

    /// Stores why a token update brought no token, and removes its mark if its end is known (`is_settled`).
    pub fn fail_update(
        &self,
        row: &SessionRow,
        error: Option<&str>,
        is_settled: bool,
    ) -> Result<()> {
        let sql = "UPDATE sessions SET last_error = ?1, \
                   update_begun_at = CASE WHEN ?2 THEN NULL ELSE update_begun_at END WHERE id = ?3 AND generation = ?4";
        self.execute(sql, params![error, is_settled, row.id, row.generation])
    }

    /// Stores the token and cookies that a token update returned. `false` if the row is no longer of the generation read.
    pub fn finish_update(
        &self,
        codec: &CodecGuard,
        row: &SessionRow,
        token: &Secret,
        cookies: &Secret,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let counts = "token_updated_at = :now, token_update_count = token_update_count + 1, update_begun_at = NULL";
        self.replace_token(codec, row, token, cookies, counts, now)
    }

    /// Stores the token and cookies that a `setrefresh` returned. `false` as for [`Self::finish_update`].
    pub fn finish_set_refresh(
        &self,
        codec: &CodecGuard,
        row: &SessionRow,
        token: &Secret,
        cookies: &Secret,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let counts = "refreshed_at = :now, refresh_count = refresh_count + 1";
        self.replace_token(codec, row, token, cookies, counts, now)
    }

    /// Replaces token, cookies and generation in one statement (promise 4). `counts` sets further columns.
    fn replace_token(
        &self,
        codec: &CodecGuard,
        row: &SessionRow,
        token: &Secret,
        cookies: &Secret,
        counts: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let sql = format!(
            "UPDATE sessions SET token = :token, cookies = :cookies, token_expires_at = :expires, \
             generation = generation + 1, last_error = NULL, {counts} WHERE id = :id AND generation = :generation"
        );
        let [tokens, jars] = places(&row.account, &row.fingerprint);
        let secrets = [(tokens, token), (jars, cookies)];
        let changed = self.write_secrets(codec, MAX_ATTEMPTS, secrets, |db, [kept, jar]| {
            db.prepare_cached(&sql)?.execute(named_params! {
                ":token": kept, ":cookies": jar, ":expires": expiry(token), ":now": millis(now),
                ":id": row.id, ":generation": row.generation,
            })
        })?;
        Ok(changed == 1)
    }
}

/// Writes, and repeats the write if there is no room: after folding the log, it is written at the log's beginning.
pub(super) fn write_repeatedly<T>(
    db: &Connection,
    attempts: u32,
    write: impl Fn(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let mut done = write(db);
    for tried in 0..attempts {
        match &done {
            Err(e) if is_worth_repeating(e) => {
                log::debug!("the store could not be written ({e}); checkpointing its log");
            }
            _ => break,
        }
        if tried > 0 {
            clock::nap(RETRY_PAUSE); // another process may have used the room
        }
        let _ = fold_log(db, "RESTART");
        done = write(db);
    }
    done
}

/// Copies the log into the file: with `PASSIVE` as far as other processes allow it at this moment, which usually is all of it;
/// with `RESTART` after waiting for readers and writers, so that the log starts again at its beginning.
fn fold_log(db: &Connection, how: &str) -> rusqlite::Result<()> {
    db.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))
}

fn is_worth_repeating(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::DatabaseBusy)
    )
}
