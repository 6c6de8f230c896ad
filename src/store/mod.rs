//! The session store: one SQLite file, and the only SQL in the program.
//!
//! Functions take and return types of [`crate::model`] and of this module. The file is write-ahead logged with
//! `synchronous=FULL`, so that a committed statement survives a power cut (promise 5). Each function is one statement or one
//! short transaction, and waits for nothing else while a transaction is open.
//!
//! * `open`: permissions, creation, migrations; `file_system`: what the store needs of its file system
//! * `sessions`: sessions, their tokens and generations; `logins`: new ones; `due`: those that `refresh` updates;
//!   `reserve`: results of token updates, and room for them
//! * `secrets`: secrets in plain text or encrypted, and the key; `encryption`: the cipher; `convert`: conversion of the whole
//!   store; `purge`: removal of old secrets after it
//! * `backup`: copies of the store
//! * `accounts`: facts of an account besides its sessions; `boxes`: boxes and their settings
//! * `prebookings`: claims, results and attempts; `prebooking_edits`: adding and removing them; `rules`: weekly rules and skipped
//!   days
//! * `problems`: reported problems; `hints`: names for shell completion

mod accounts;
mod backup;
mod boxes;
mod convert;
mod due;
mod encryption;
mod file_system;
mod hints;
mod lock;
mod logins;
mod open;
mod prebooking_edits;
mod prebookings;
mod problems;
mod purge;
mod reserve;
mod rules;
mod secrets;
mod sessions;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{
    Connection, OptionalExtension, Params, Row, RowIndex, Transaction, TransactionBehavior,
};

use crate::error::{ExitError, ExitKind};
use crate::store_key::KeySource;

pub use accounts::RefusedPasswords;
pub use convert::Conversion;
pub use due::DueQuery;
pub use encryption::new_key;
pub use open::LOCKS;
pub use prebooking_edits::Removed;
pub use prebookings::Attempt;
pub use problems::{Problem, Subject};
pub use secrets::CodecGuard;
pub use sessions::{SessionRow, Status};

/// An open store. Threads share it.
pub struct Store {
    connection: Mutex<Connection>,
    /// A second connection for reads that do not wait, opened by the first of them.
    peeking: Mutex<Option<Connection>>,
    path: PathBuf,
    /// This process has made room for writes that must not be lost.
    has_room: AtomicBool,
    key_source: Option<KeySource>,
    known_codec: secrets::KnownCodec,
}

impl Store {
    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // a thread that panicked has left no open transaction, because dropping one rolls it back
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Statements. Their errors name the file.
impl Store {
    /// Runs a statement and returns the number of rows that it changed.
    fn count_changes(&self, sql: &str, values: impl Params) -> Result<usize> {
        self.db().execute(sql, values).at(&self.path)
    }

    /// Runs a statement for one row and returns whether it changed the row.
    fn changes(&self, sql: &str, values: impl Params) -> Result<bool> {
        Ok(self.count_changes(sql, values)? == 1)
    }

    /// Runs a statement.
    fn execute(&self, sql: &str, values: impl Params) -> Result<()> {
        self.count_changes(sql, values).map(drop)
    }

    /// The first row of a query, or `None`.
    fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let db = self.db();
        let found = db
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row(values, read).optional());
        found.at(&self.path)
    }

    /// All rows of a query.
    fn list<T, C: FromIterator<T>>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<C> {
        let db = self.db();
        let rows = db
            .prepare_cached(sql)
            .and_then(|mut query| query.query_map(values, read)?.collect());
        rows.at(&self.path)
    }

    /// The number of rows of a table and condition.
    fn count(&self, rows: &str, values: impl Params) -> Result<usize> {
        let sql = format!("SELECT count(*) FROM {rows}");
        let count: Option<u32> = self.find(&sql, values, |row| row.get(0))?;
        Ok(count.unwrap_or_default() as usize)
    }

    /// Runs `work` in a transaction that writes. An error rolls it back.
    fn transact<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        self.transact_or(|change| work(change).at(&self.path))
    }

    /// The same for work that fails for reasons of its own.
    ///
    /// The transaction locks the store for writing at once. SQLite refuses one that first reads and then writes, without
    /// waiting, if another process has written in between.
    fn transact_or<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut db = self.db();
        let change = db.transaction_with_behavior(TransactionBehavior::Immediate);
        let change = change.at(&self.path)?;
        let done = work(&change)?;
        change.commit().at(&self.path)?;
        Ok(done)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Why the store cannot be used. Nothing was changed or replaced.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Corrupt, of a newer version, of another user, readable by others, or impossible to open.
    #[error("{0}")]
    Unusable(String),
    /// The key of the encrypted secrets is not available from its source.
    #[error("{0}")]
    Key(String),
    /// A file that would have to be overwritten.
    #[error("{0}")]
    Taken(String),
    /// Another process did not release it in time. A later retry may succeed.
    #[error("{0}")]
    Busy(String),
    /// The database failed: the file was changed from outside, or there is a bug.
    #[error("the store {} cannot be used: {}", path.display(), in_words(cause))]
    Sqlite {
        /// The store's file.
        path: PathBuf,
        /// SQLite's error.
        cause: Arc<rusqlite::Error>,
    },
}

impl ExitError for Error {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Key(_) | Self::Taken(_) => ExitKind::Usage,
            Self::Busy(_) => ExitKind::Unreachable,
            Self::Unusable(_) | Self::Sqlite { .. } => ExitKind::Internal,
        }
    }
}

/// The message alone, because rusqlite's `Display` quotes the whole statement.
fn in_words(cause: &rusqlite::Error) -> String {
    match cause {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// The result of a store function.
pub type Result<T> = std::result::Result<T, Error>;

/// Adds the store's file to an SQLite error.
trait At<T> {
    fn at(self, store: &Path) -> Result<T>;
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, store: &Path) -> Result<T> {
        self.map_err(|cause| match cause.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                Error::Unusable(format!(
                    "the store {} is damaged or not a store at all ({cause}); move it away or put a copy back, \
                     then run `aimharder login`",
                    store.display()
                ))
            }
            Some(rusqlite::ErrorCode::DatabaseBusy) => Error::Busy(format!(
                "the store {} is in use by another process; try again later",
                store.display()
            )),
            Some(rusqlite::ErrorCode::DiskFull) => Error::Unusable(format!(
                "the store {} cannot grow: the disk is full or a limit is reached; free disk space",
                store.display()
            )),
            Some(_) if file_system::has_no_shared_memory(&cause) => file_system::no_shared_memory(store, &cause),
            Some(rusqlite::ErrorCode::SystemIoFailure) => Error::Unusable(format!(
                "the store {} cannot be read or written ({cause}): a limit on the size of files is reached, or the disk is \
                 full or failing",
                store.display()
            )),
            Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly) => Error::Unusable(format!(
                "the store {} cannot be written ({cause}): its folder or file system is read-only, or not yours; \
                 make it writable, or name another place with --store",
                store.display()
            )),
            _ => match cause {
                rusqlite::Error::FromSqlConversionFailure(_, _, what) => Error::Unusable(format!(
                    "the store {} contains a value that cannot be read: {what}; put a copy back",
                    store.display()
                )),
                cause => Error::Sqlite { path: store.to_owned(), cause: Arc::new(cause) },
            },
        })
    }
}

/// Instants are stored as milliseconds since 1970 UTC.
fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

fn instant(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<DateTime<Utc>> {
    instant_of(row.get(column)?)
}

/// The same for a column that may be NULL.
fn maybe_instant(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let millis: Option<i64> = row.get(column)?;
    millis.map(instant_of).transpose()
}

fn instant_of(millis: i64) -> rusqlite::Result<DateTime<Utc>> {
    let instant = DateTime::from_timestamp_millis(millis);
    instant.ok_or_else(|| unreadable(format!("{millis} is not an instant")))
}

/// A value that no version of this program writes (promise 11).
fn unreadable(what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, what.into())
}
