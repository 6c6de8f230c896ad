//! The lock on a file beside the store: for its creation, migration and conversion, and for writing secrets.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use super::file_system::{beside, cannot, no_locks};
use super::{Error, Result};
use crate::clock;
use crate::private_files::{self, TryLock};

/// How long another process that creates, migrates or converts the store is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The lock that a process holds alone while it creates, migrates or converts the store.
pub(super) fn conversion_lock(path: &Path) -> Result<File> {
    wait_for_lock(path, File::try_lock)
}

/// The same lock, shared: the store is not converted while a process holds it.
pub(super) fn codec_lock(path: &Path) -> Result<File> {
    wait_for_lock(path, File::try_lock_shared)
}

/// The conversion lock, or `None` if another process holds it.
pub(super) fn conversion_lock_if_free(path: &Path) -> Result<Option<File>> {
    lock(path, File::try_lock, Duration::ZERO)
}

fn wait_for_lock(path: &Path, try_lock: TryLock) -> Result<File> {
    let began = clock::steady();
    lock(path, try_lock, clock::scaled(LOCK_TIMEOUT))?.ok_or_else(|| {
        Error::Busy(format!(
            "another process has been updating a token in the store {}, migrating or converting it for {} s; try again later",
            path.display(),
            clock::since(began).as_secs()
        ))
    })
}

fn lock(path: &Path, try_lock: TryLock, timeout: Duration) -> Result<Option<File>> {
    let name = beside(path, ".lock");
    let file = private_files::open(&name, OFlags::WRONLY | OFlags::CREATE)
        .map_err(|e| cannot("open the lock", &name, &e))?;
    match private_files::lock(&file, try_lock, timeout) {
        Ok(locked) => Ok(locked.then_some(file)),
        Err(e) => Err(no_locks(path, &e)),
    }
}
