//! One lock that says whether any session's lock is held at all.
//!
//! Every process that holds, or waits for, a session's lock holds this one shared. A listing of very many
//! sessions asks it first, and mostly need not open and try their locks one by one. It guards nothing:
//! where it cannot be had, listings are wrong about `busy`, and nothing else is.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::clock;
use crate::private_files;

/// A listing holds the gate alone for some microseconds.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
const NAPS: u32 = 20;

/// The gate of one folder of locks.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    path: PathBuf,
    /// one file for all locks of this process: with hundreds of sessions there are no descriptors to spare
    passed: Arc<Mutex<Weak<File>>>,
}

impl Gate {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join("any.lock"),
            passed: Arc::default(),
        }
    }

    /// Pass before taking a session's lock, and hold on to it for as long as the lock.
    pub(super) fn pass(&self, open: impl Fn(&Path) -> Option<File>) -> Option<Arc<File>> {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = passed.upgrade() {
            return Some(file);
        }
        let file = open(&self.path)?;
        for _ in 0..NAPS {
            if file.try_lock_shared().is_ok() {
                let file = Arc::new(file);
                *passed = Arc::downgrade(&file);
                return Some(file);
            }
            clock::nap(POLL_INTERVAL);
        }
        None
    }

    /// Does nobody hold a session's lock? `false` may be out of caution.
    pub(super) fn nobody_passed(&self) -> bool {
        match private_files::open(&self.path, OFlags::RDWR) {
            Ok(file) => file.try_lock().is_ok(),
            Err(e) => e.kind() == ErrorKind::NotFound, // nobody has ever locked anything
        }
    }
}
