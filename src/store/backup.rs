//! Copies of the store, made while other processes use it. A copy is consistent, and only this user can read it.
//!
//! `store backup` replaces no file. A migration makes a copy beside the store and replaces that of an earlier attempt.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, MAIN_DB, ffi};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::file_system::{beside, cannot, folder_of};
use super::secrets::salt_and_proof;
use super::{At, Error, Result, Store};
use crate::private_files;

impl Store {
    /// Copies the store to a new file with mode 0600. Returns whether the secrets in it are encrypted.
    ///
    /// # Errors
    /// A file with that name exists, or it cannot be written. No part of the copy is left then.
    pub fn backup(&self, to: &Path) -> Result<bool> {
        // an existing file may belong to anything, also to an interrupted backup
        let half = beside(to, ".new");
        for name in [to, &half] {
            if fs::symlink_metadata(name).is_ok() {
                return Err(there_already(name));
            }
        }
        let file = create(&half, to)?;
        let copied = copy(&self.db(), self.path());
        let done = copied.and_then(|mut copy| {
            write(&mut copy, file, to)?;
            put_in_place(&half, to)?;
            // read from the copy, because the store may have been converted meanwhile
            Ok(salt_and_proof(&copy).at(to)?.is_some())
        });
        if done.is_err() {
            let _ = fs::remove_file(&half);
        }
        done
    }
}

/// Makes the copy of a migration beside the store, so that the older program can be installed again.
pub(super) fn before_migration(path: &Path, from: usize, connection: &Connection) -> Result<()> {
    let kept = beside(path, &format!(".schema{from}.bak"));
    let half = beside(path, &format!(".schema{from}.bak.new"));
    let _ = fs::remove_file(&half);
    let file = create(&half, &kept)?;
    write(&mut copy(connection, path)?, file, &kept)?;
    fs::rename(&half, &kept).map_err(|e| cannot("copy the store to", &kept, &e))?;
    log::info!("the store as it was is kept in {}", kept.display());
    Ok(())
}

/// Creates an empty file for a copy that will be named `to`. No file or link that exists is opened.
fn create(path: &Path, to: &Path) -> Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    private_files::open(path, flags).map_err(|e| cannot("copy the store to", to, &e))
}

/// A copy in memory, without the old values in free pages.
fn copy(connection: &Connection, path: &Path) -> Result<Connection> {
    let in_memory = || {
        let mut copy = Connection::open_in_memory()?;
        // all pages in one step: no other process can write in between
        match Backup::new(connection, &mut copy)?.step(-1)? {
            StepResult::Done => {}
            _ => {
                return Err(rusqlite::Error::SqliteFailure(
                    ffi::Error::new(ffi::SQLITE_BUSY),
                    None,
                ));
            }
        }
        copy.execute_batch("VACUUM")?;
        Ok(copy)
    };
    in_memory().at(path)
}

/// Writes the copy to the file that [`create`] opened. SQLite would open it by its name, which in a directory that others
/// can write to may lead to another file by then.
fn write(copy: &mut Connection, mut file: File, to: &Path) -> Result<()> {
    let mut bytes = copy.serialize(MAIN_DB).at(to)?.to_vec();
    // the two versions of the file format: a store is write-ahead logged, its copy in memory is not
    if let Some(versions) = bytes.get_mut(18..20) {
        versions.fill(2);
    }
    file.write_all(&bytes)
        .and_then(|()| file.sync_all())
        .map_err(|e| cannot("copy the store to", to, &e))
}

/// Moves the copy to its name, unless a file with that name exists by now.
fn put_in_place(half: &Path, to: &Path) -> Result<()> {
    let moved = match renameat_with(CWD, half, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::EXIST) => return Err(there_already(to)),
        // the file system has no such call
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => fs::rename(half, to),
        moved => moved.map_err(Into::into),
    };
    moved
        .and_then(|()| File::open(folder_of(to))?.sync_all())
        .map_err(|e| cannot("copy the store to", to, &e))
}

fn there_already(to: &Path) -> Error {
    let shown = to.display();
    Error::Taken(format!(
        "{shown} exists, and nothing is overwritten; name a new file, or move that one away"
    ))
}
