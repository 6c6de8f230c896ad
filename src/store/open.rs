//! Opening the store: checks of its files, creation and migrations.
//!
//! Many processes may do this at once in an empty directory. A process that finds no schema or an old one takes a lock on a
//! file beside the store, checks again, and creates or migrates it.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rustix::fs::OFlags;

use crate::clock;
use crate::private_files;

use super::backup::before_migration;
use super::file_system::{self, beside, cannot, folder_of};
use super::lock::conversion_lock;
use super::{At, Error, Result, Store};

/// Migrations: step N changes version N to N + 1. A released step is never edited.
const STEPS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
    include_str!("schema/9.sql"),
];

/// The schema version this program writes.
pub(super) const VERSION: usize = STEPS.len();

/// Characters that have a meaning in the URI of a file.
const URI_ESCAPES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// Appended to the store's name: the directory of the lock files of sessions and runs.
pub const LOCKS: &str = ".locks";

/// How long a statement waits for transactions of other processes.
pub(super) fn busy() -> Duration {
    clock::scaled(Duration::from_secs(20))
}

impl Store {
    /// Opens the store. A missing file is created with mode 0600, its directory with mode 0700.
    ///
    /// # Errors
    /// The store belongs to another user, is readable by others, lies in a directory that others can
    /// write to, is damaged, is newer than this program, or cannot be written. Nothing is changed then.
    pub fn open(path: &Path) -> Result<Self> {
        create_if_missing(path)?;
        let path = &behind_links(path)?;
        check_files(path)?;
        file_system::check_locks(path)?;
        let mut connection = connect(path)?;
        if version(&connection, path)? != VERSION {
            connection = bring_up_to_date(path, connection)?;
        }
        write_ahead(&connection, path)?;
        Ok(Self::with(path, connection))
    }

    fn with(path: &Path, connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            path: path.to_owned(),
            peeking: Mutex::default(),
            has_room: AtomicBool::new(false),
            key_source: None,
            known_codec: Mutex::default(),
        }
    }

    /// Opens an existing store read-only. Nothing is created or migrated, no lock is waited for, and another schema is not
    /// detected.
    ///
    /// # Errors
    /// There is no store, or it must not be used.
    pub fn open_to_read(path: &Path) -> Result<Self> {
        let path = &behind_links(path)?;
        check_files(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = if beside(path, "-wal").exists() {
            Connection::open_with_flags(plain_name(path), flags)
        } else {
            // no process has it open and all is in the file: any other mode would create a log and its index, and leave them
            let name = plain_name(path);
            let name = percent_encode(name.as_os_str().as_encoded_bytes(), URI_ESCAPES);
            let uri = format!("file:{name}?immutable=1");
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
        };
        let connection = connection.at(path)?;
        connection.busy_timeout(Duration::ZERO).at(path)?;
        Ok(Self::with(path, connection))
    }

    /// Opens the store for a command that only reads. If the directory cannot be written, as on a read-only file system,
    /// nothing is changed.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_for_listing(path: &Path) -> Result<Self> {
        match Self::open(path) {
            Err(why) if !file_system::is_writable(path) => {
                Self::open_read_only(path).map_or(Err(why), |(store, _)| Ok(store))
            }
            opened => opened,
        }
    }

    /// Opens an existing store to read it and changes nothing. A store of an older schema is read through a migrated copy in
    /// memory. Returns the schema of the file too.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_read_only(path: &Path) -> Result<(Self, usize)> {
        let mut store = Self::open_to_read(path)?;
        let path = store.path.clone();
        let file = store.connection.get_mut();
        let file = file.unwrap_or_else(std::sync::PoisonError::into_inner);
        file.busy_timeout(busy()).at(&path)?;
        let schema = version(file, &path)?;
        check_ours(file, schema, &path)?;
        if schema < VERSION {
            let mut copy = Connection::open_in_memory().at(&path)?;
            rusqlite::backup::Backup::new(file, &mut copy)
                .and_then(|copying| copying.run_to_completion(1024, Duration::ZERO, None))
                .at(&path)?;
            migrate(&mut copy, schema, &path)?;
            // a change of the copy would be lost
            copy.pragma_update(None, "query_only", true).at(&path)?;
            *file = copy;
        }
        Ok((store, schema))
    }

    /// Checks the whole file for damage, and returns the first that is found.
    pub fn damage(&self) -> Result<Option<String>> {
        let found: Option<String> = self.find("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        let damage = found.filter(|found| found != "ok");
        Ok(damage.map(|found| found.split_whitespace().collect::<Vec<_>>().join(" ")))
    }
}

/// Makes sure that the store is write-ahead logged (promise 5). SQLite keeps another mode without an error where the log
/// cannot be used.
fn write_ahead(connection: &Connection, path: &Path) -> Result<()> {
    let mode: String = connection
        .query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))
        .at(path)?;
    if mode == "wal" {
        return Ok(());
    }
    Err(Error::Unusable(format!(
        "the store {} cannot be write-ahead logged (journal mode {mode}), so a power cut may lose a token; {}",
        path.display(),
        file_system::advice(path)
    )))
}

fn create_if_missing(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    let folder = folder_of(path);
    private_files::create_dir(folder).map_err(|e| cannot("create the directory", folder, &e))?;
    check_folder(folder)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    match private_files::open(path, flags) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(cannot("create the store", path, &e)),
    }
}

/// The file that a link leads to. A user may link the store to another disk, so a link of this user or of root is followed.
/// Locks, log and copies are beside the file itself, so that processes which use different names find the same ones.
fn behind_links(named: &Path) -> Result<PathBuf> {
    let mut path = named.to_owned();
    while let Ok(facts) = fs::symlink_metadata(&path) {
        if !facts.is_symlink() {
            return Ok(path);
        }
        if !private_files::is_own(facts.uid()) && facts.uid() != 0 {
            let cause = private_files::foreign(facts.uid());
            return Err(cannot("follow the link", &path, &cause));
        }
        // fails where links lead nowhere or in a circle
        let next = fs::metadata(&path).and_then(|_| fs::read_link(&path));
        let next = next.map_err(|e| cannot("read the store", named, &e))?;
        path = folder_of(&path).join(next);
    }
    Ok(path)
}

/// Checks the store, its directory, its lock directory and the files that SQLite keeps beside it.
fn check_files(path: &Path) -> Result<()> {
    check_store(path)?;
    check_folder(folder_of(path))?;
    let locks = beside(path, LOCKS);
    if let Ok(facts) = fs::symlink_metadata(&locks) {
        private_files::check_dir(&locks, &facts)
            .map_err(|cause| cannot("use the lock directory", &locks, &cause))?;
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let file = beside(path, suffix);
        if let Ok(facts) = fs::symlink_metadata(&file) {
            private_files::check_file(&facts).map_err(|cause| cannot("use", &file, &cause))?;
            check_mode(&file, &facts)?;
        }
    }
    Ok(())
}

fn check_folder(folder: &Path) -> Result<()> {
    fs::metadata(folder)
        .and_then(|facts| private_files::check_dir(folder, &facts))
        .map_err(|e| cannot("use the directory", folder, &e))
}

fn check_store(path: &Path) -> Result<()> {
    let facts = fs::symlink_metadata(path).map_err(|e| cannot("read the store", path, &e))?;
    let shown = path.display();
    if !facts.is_file() {
        return Err(Error::Unusable(format!("the store {shown} is not a file")));
    }
    if !private_files::is_own(facts.uid()) {
        return Err(Error::Unusable(format!(
            "the store {shown} belongs to another user (uid {}); run aimharder as that user, or name your own with --store",
            facts.uid()
        )));
    }
    check_mode(path, &facts)
}

fn check_mode(path: &Path, facts: &Metadata) -> Result<()> {
    if facts.mode() & 0o077 != 0 {
        let shown = path.display();
        return Err(Error::Unusable(format!(
            "the store {shown} can be read by others (mode {:03o}); run: chmod 600 '{shown}'",
            facts.mode() & 0o777
        )));
    }
    Ok(())
}

/// A connection that reads, and waits for no other process.
pub(super) fn connect_to_peek(path: &Path) -> Result<Connection> {
    let connection = connect(path)?;
    connection.busy_timeout(Duration::ZERO).at(path)?;
    connection
        .pragma_update(None, "query_only", true)
        .at(path)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection> {
    // no SQLITE_OPEN_CREATE: the file was created with its mode before
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(plain_name(path), flags).at(path)?;
    connection.busy_timeout(busy()).at(path)?;
    let synchronous = if clock::is_scaled() { "OFF" } else { "FULL" };
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous={synchronous}; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=1048576;",
        ))
        .at(path)?;
    Ok(connection)
}

/// The schema of the store. A newer one than this program knows is an error.
fn version(connection: &Connection, path: &Path) -> Result<usize> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .at(path)?;
    let known = usize::try_from(found).ok().filter(|v| *v <= VERSION);
    known.ok_or_else(|| {
        Error::Unusable(format!(
            "the store {} has schema {found}, this aimharder knows up to {VERSION}; install the newer version that wrote it",
            path.display()
        ))
    })
}

fn bring_up_to_date(path: &Path, connection: Connection) -> Result<Connection> {
    drop(connection);
    let lock = conversion_lock(path)?;
    let mut connection = connect(path)?;
    let from = version(&connection, path)?;
    check_ours(&connection, from, path)?;
    if from == 0 {
        write_ahead(&connection, path)?;
        file_system::warn_if_remote(path);
    } else if from < VERSION {
        before_migration(path, from, &connection)?;
    }
    migrate(&mut connection, from, path)?;
    if from < VERSION {
        log::info!("store {}: migrated to schema {VERSION}", path.display());
    }
    drop(lock);
    Ok(connection)
}

/// Brings a store from this schema to the newest one.
fn migrate(connection: &mut Connection, from: usize, path: &Path) -> Result<()> {
    for (step, sql) in STEPS.iter().enumerate().skip(from) {
        // immediate: waits for a process that is writing
        let change = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .at(path)?;
        change.execute_batch(sql).at(path)?;
        change
            .pragma_update(
                None,
                "user_version",
                i64::try_from(step + 1).unwrap_or(i64::MAX),
            )
            .at(path)?;
        change.commit().at(path)?;
    }
    Ok(())
}

/// Fails if the database is not a store of this schema. The version number alone does not prove it; without one there must be
/// no tables.
fn check_ours(connection: &Connection, schema: usize, path: &Path) -> Result<()> {
    let filter = if schema == 0 {
        "true"
    } else {
        "type = 'trigger' AND name = 'background_is_protected'"
    };
    let sql = format!("SELECT count(*) FROM sqlite_schema WHERE {filter}");
    let found: i64 = connection.query_row(&sql, [], |row| row.get(0)).at(path)?;
    if found == i64::from(schema > 0) {
        return Ok(());
    }
    Err(Error::Unusable(format!(
        "{} is an SQLite database of something else; name another file with --store",
        path.display()
    )))
}

/// The name of the file for SQLite, which takes `file:x` for a URI and `:memory:` for no file at all.
fn plain_name(path: &Path) -> PathBuf {
    Path::new(".").join(path) // an absolute one stays as it is
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was committed outlives a power cut, which no test from outside can make (promise 5).
    #[test]
    fn every_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("x.db")).unwrap();
        let is = |pragma: &str| -> String {
            let value = store
                .db()
                .query_row(pragma, [], |row| row.get::<_, rusqlite::types::Value>(0));
            format!("{:?}", value.unwrap())
        };
        assert_eq!(is("PRAGMA synchronous"), "Integer(2)", "FULL");
        assert_eq!(is("PRAGMA journal_mode"), "Text(\"wal\")");
    }
}
