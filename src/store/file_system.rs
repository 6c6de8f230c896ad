//! What the store needs of its file system: locks and shared memory that work, and the names of the files around it.
//! Messages name the file system if it is a known network file system, because there locks often do not work.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FlockOperation, OFlags, access, fcntl_lock, statfs};
use rustix::io::Errno;

use super::{Error, LOCKS, Result, Store};
use crate::private_files;

/// File systems that are shared by several machines, by their magic numbers in statfs(2).
const REMOTE: [(i64, &str); 8] = [
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0xff53_4d42, "CIFS"),
    (0x0116_1970, "GFS2"),
    (0x6969, "NFS"),
    (0x7461_636f, "OCFS2"),
    (0xfe53_4d42, "SMB2"),
];

/// The name of the file system of `path` if it is a known network file system.
fn remote(path: &Path) -> Option<&'static str> {
    let kind = statfs(folder_of(path)).ok()?.f_type;
    // its type differs by architecture, and some extend the 32 bits by their sign
    #[allow(clippy::useless_conversion)]
    let kind = i64::try_from(kind).unwrap_or_default() & 0xffff_ffff;
    REMOTE
        .iter()
        .find(|(magic, _)| *magic == kind)
        .map(|(_, name)| *name)
}

/// The advice for a store on an unsuitable file system.
pub(super) fn advice(path: &Path) -> String {
    let remote = remote(path).map_or_else(String::new, |name| {
        format!("it is on {name}, a network file system; ")
    });
    format!("{remote}keep the store on a local disk, named with --store")
}

/// Warns when a store is created on a network file system. Processes of one machine may work there, those of two do not.
pub(super) fn warn_if_remote(path: &Path) {
    if let Some(name) = remote(path) {
        log::warn!(
            "the store {} is on {name}, a network file system: use it from one machine only, or keep it on a local disk, named \
             with --store",
            path.display()
        );
    }
}

/// Whether files can be created beside the store.
pub(super) fn is_writable(path: &Path) -> bool {
    access(folder_of(path), Access::WRITE_OK).is_ok()
}

impl Store {
    /// The first of the store's file, the files beside it, its locks and its folder that this user cannot write, and why.
    pub fn read_only_file(&self) -> Option<(PathBuf, io::Error)> {
        let path = self.path();
        let mut files = vec![path.to_owned(), folder_of(path).to_owned()];
        files.extend(["-wal", "-shm", ".lock", LOCKS].map(|suffix| beside(path, suffix)));
        files
            .into_iter()
            .find_map(|file| match access(&file, Access::WRITE_OK) {
                Err(e) if e != Errno::NOENT => Some((file, e.into())),
                _ => None,
            })
    }
}

/// Fails if the file system has no locks. SQLite takes that for a lock of another process and waits until its timeout.
///
/// The file for it is not the store: closing any descriptor of a file releases all locks of the process on it.
pub(super) fn check_locks(path: &Path) -> Result<()> {
    let Ok(file) = private_files::open(&beside(path, ".lock"), OFlags::WRONLY | OFlags::CREATE)
    else {
        return Ok(()); // read-only, or reported when the lock is needed
    };
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(e @ (Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL)) => {
            Err(no_locks(path, &e.into()))
        }
        _ => Ok(()),
    }
}

pub(super) fn no_locks(path: &Path, cause: &io::Error) -> Error {
    Error::Unusable(format!(
        "the file system of the store {} has no working locks ({}); {}",
        path.display(),
        crate::text::why(cause),
        advice(path)
    ))
}

/// Whether SQLite failed to share memory with other processes, which its write-ahead log needs. A file for it that cannot grow
/// (`SQLITE_IOERR_SHMSIZE`) means a full disk.
pub(super) fn has_no_shared_memory(cause: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_SHMLOCK, SQLITE_IOERR_SHMMAP, SQLITE_IOERR_SHMOPEN};
    cause.sqlite_error().is_some_and(|error| {
        [
            SQLITE_IOERR_SHMLOCK,
            SQLITE_IOERR_SHMMAP,
            SQLITE_IOERR_SHMOPEN,
        ]
        .contains(&error.extended_code)
    })
}

pub(super) fn no_shared_memory(path: &Path, cause: &rusqlite::Error) -> Error {
    Error::Unusable(format!(
        "the file system of the store {} has no shared memory, which the write-ahead log needs ({cause}); {}",
        path.display(),
        advice(path)
    ))
}

/// The directory of a file.
pub(super) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// `aimharder.db` + `.lock` → `aimharder.db.lock`, in the same folder.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The error of something that could not be done to a file.
pub(super) fn cannot(what: &str, path: &Path, cause: &io::Error) -> Error {
    let remedy = match cause.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; make it writable, or name another place with --store"
        }
        _ => "",
    };
    let (shown, why) = (path.display(), crate::text::why(cause));
    Error::Unusable(format!("cannot {what} {shown}: {why}{remedy}"))
}
