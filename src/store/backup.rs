//! Copies of the store, made while others use it: whole, private, and never in the place of anything.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::keyring::seal_row;
use super::open::{beside, cannot, plain_name};
use super::{At, Error, Result, Store};

impl Store {
    /// Copy the store as it is at this moment into a new file (0600). Sealed secrets stay sealed; says whether they are.
    ///
    /// # Errors
    /// Something is there already, or it cannot be written. Then nothing is left of the try.
    pub fn backup(&self, to: &Path) -> Result<bool> {
        // what is there may be anybody's, half a copy of an interrupted backup included
        let half = beside(to, ".new");
        for name in [to, &half] {
            if fs::symlink_metadata(name).is_ok() {
                return Err(there_already(name));
            }
        }
        make(&half)?;
        // asked of the copy: the store itself may have been converted meanwhile
        let done = copy(&self.db(), &half)
            .and_then(|()| is_sealed(&half))
            .and_then(|sealed| put_in_place(&half, to).map(|()| sealed));
        if done.is_err() {
            let _ = fs::remove_file(&half);
        }
        done
    }
}

/// The copy a migration leaves beside the store, so that an older program can be put back.
pub(super) fn before_migration(path: &Path, from: usize, connection: &Connection) -> Result<()> {
    let kept = beside(path, &format!(".schema{from}.bak"));
    let half = beside(path, &format!(".schema{from}.bak.new"));
    let _ = fs::remove_file(&half);
    make(&half)?;
    copy(connection, &half)?;
    fs::rename(&half, &kept).map_err(|e| cannot("copy the store to", &kept, &e))?;
    log::info!("the store as it was is kept in {}", kept.display());
    Ok(())
}

/// An empty file that is ours alone from the first byte.
fn make(path: &Path) -> Result<()> {
    let mut how = OpenOptions::new();
    let file = how.write(true).create_new(true).mode(0o600).open(path);
    file.map(|_| ())
        .map_err(|e| cannot("copy the store to", path, &e))
}

/// A whole copy on disk.
fn copy(connection: &Connection, to: &Path) -> Result<()> {
    let plain = plain_name(to);
    let Some(name) = plain.to_str() else {
        let shown = to.display();
        return Err(Error::Unusable(format!(
            "cannot copy the store to {shown}: the name is not valid UTF-8"
        )));
    };
    connection.execute("VACUUM INTO ?1", [name]).at(to)?;
    write_ahead(&plain).at(to)?;
    File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(|e| cannot("copy the store to", to, &e))
}

fn is_sealed(copy: &Path) -> Result<bool> {
    let open = Connection::open_with_flags(plain_name(copy), OpenFlags::SQLITE_OPEN_READ_WRITE);
    let row = open.and_then(|db| seal_row(&db)).at(copy)?;
    Ok(row.is_some())
}

/// A copy does not inherit this, and a store needs it.
fn write_ahead(path: &Path) -> rusqlite::Result<()> {
    let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    copy.pragma_update(None, "journal_mode", "WAL")
}

/// Under its name, unless somebody has put something there meanwhile.
fn put_in_place(half: &Path, to: &Path) -> Result<()> {
    let moved = match renameat_with(CWD, half, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::EXIST) => return Err(there_already(to)),
        // a file system that cannot look and rename at once
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => fs::rename(half, to),
        moved => moved.map_err(Into::into),
    };
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    moved
        .and_then(|()| File::open(folder.unwrap_or(Path::new(".")))?.sync_all())
        .map_err(|e| cannot("copy the store to", to, &e))
}

fn there_already(to: &Path) -> Error {
    let shown = to.display();
    Error::Taken(format!(
        "{shown} is there already, and nothing is overwritten; name a new file, or move that one away"
    ))
}
