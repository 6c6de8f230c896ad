//! Files and directories that belong to this user alone (promise 8), and locks of such files.
//!
//! The store, its lock files and its copies are opened by [`open`], or checked here before SQLite
//! opens them. A directory is private if it belongs to this user or to root and no other user can
//! write to it; the group counts as other users. In such a directory no other user can replace a
//! file between a check and its use. What another user put there *earlier* is refused: links are
//! not followed, and files of other users are not opened.

use std::fs::{DirBuilder, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::text::shell_word;
use crate::{clock, signals};

const LINK: &str = "it is a link, and links are not followed; remove it";
const NOT_A_FILE: &str = "it is not a regular file; remove it";

/// The error of a file or directory of another user.
pub(crate) fn foreign(uid: u32) -> io::Error {
    io::Error::other(format!(
        "it belongs to another user (uid {uid}); remove it, or name another place with --store"
    ))
}

/// Creates a directory and its missing parents with mode 0700. An existing one is left as it is.
pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Checks that no other user can write to a directory. With the facts of `symlink_metadata`, a link
/// to a directory is refused.
pub(crate) fn check_dir(path: &Path, facts: &Metadata) -> io::Result<()> {
    let mode = facts.mode() & 0o7777;
    let is_own = is_own(facts.uid());
    let word = |path: &Path| shell_word(&path.to_string_lossy());
    if facts.is_symlink() {
        Err(io::Error::other(LINK))
    } else if !is_own && facts.uid() != 0 {
        Err(foreign(facts.uid()))
    } else if mode & 0o022 == 0 {
        Ok(())
    } else if is_own && mode & 0o1000 == 0 {
        Err(io::Error::other(format!(
            "others can write to it (mode {mode:03o}); run: chmod 700 {}",
            word(path)
        )))
    } else {
        // it is meant for several users
        let word = word(&path.join("aimharder"));
        Err(io::Error::other(format!(
            "others can write to it (mode {mode:03o}); name a directory of its own with --store, made by: \
             mkdir {word} && chmod 700 {word}"
        )))
    }
}

/// Opens a file of this user. A file that this creates has mode 0600.
///
/// # Errors
/// An error without a number of the system if the path is a link, or names anything but a regular
/// file of this user.
pub(crate) fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    // NONBLOCK: opening a pipe for writing waits for a reader otherwise
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = retry_on_intr(|| rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR));
    let file = match opened {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::LOOP) => return Err(io::Error::other(LINK)),
        Err(Errno::NXIO) => return Err(io::Error::other(NOT_A_FILE)),
        Err(e) => return Err(e.into()),
    };
    check_file(&file.metadata()?)?;
    Ok(file)
}

/// [`File::try_lock`], or [`File::try_lock_shared`] for a lock that other processes hold too.
pub(crate) type TryLock = fn(&File) -> Result<(), TryLockError>;

/// Locks an open file. Waits for other processes no longer than `timeout`, and not after [`signals::must_stop`]. Returns whether
/// it is locked. The kernel releases the lock when the file is closed or the process ends.
///
/// # Errors
/// The file system has no locks.
pub(crate) fn lock(file: &File, try_lock: TryLock, timeout: Duration) -> io::Result<bool> {
    let began = clock::steady();
    let mut nap = Duration::from_millis(1);
    loop {
        match try_lock(file) {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock)
                if clock::since(began) >= timeout || signals::must_stop() =>
            {
                return Ok(false);
            }
            Err(TryLockError::WouldBlock) => {
                clock::nap(nap.mul_f32(0.5 + fastrand::f32()));
                nap = (nap * 2).min(Duration::from_millis(50));
            }
        }
    }
}

/// Checks that this is a regular file of this user, from the facts of `symlink_metadata`.
pub(crate) fn check_file(facts: &Metadata) -> io::Result<()> {
    if facts.is_symlink() || (facts.is_file() && facts.nlink() > 1) {
        Err(io::Error::other(LINK))
    } else if !facts.is_file() {
        Err(io::Error::other(NOT_A_FILE))
    } else if !is_own(facts.uid()) {
        Err(foreign(facts.uid()))
    } else {
        Ok(())
    }
}

/// Whether this is the effective user of this process.
pub(crate) fn is_own(uid: u32) -> bool {
    uid == rustix::process::geteuid().as_raw()
}
