//! One operating-system lock per session (promise 3).
//!
//! The kernel releases a lock when its process ends, so that no lock is left behind. A token update and a login hold it alone;
//! firing holds it shared. The content of the lock file names the process that holds it, for the messages of other processes.
//!
//! Every process that holds or waits for a session's lock also holds the *gate*, one more lock file, shared. A listing tries the
//! gate first, and usually need not open and try the lock of every session: with 1,000 sessions `sessions` takes 12 ms with the
//! gate and 25 ms without it. The gate protects nothing.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::{Error, Result};
use crate::clock;
use crate::model::account::Account;
use crate::model::session::Fingerprint;
use crate::private_files::{self, TryLock};
use crate::store::LOCKS;

/// How long a lock is waited for unless `--lock-timeout` says otherwise.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a lock has to be held until it counts as busy: a listing holds it for some microseconds.
const BUSY_TIMEOUT: Duration = Duration::from_millis(60);

/// The name of the gate's file, and how long a process waits for it.
const GATE: &str = "any.lock";
const GATE_TIMEOUT: Duration = Duration::from_millis(20);

/// The locks of one store, in a directory beside it.
#[derive(Debug, Clone)]
pub struct Locks {
    folder: PathBuf,
    purpose: String,
    timeout: Duration,
}

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Held {
    _file: File,
    gate: Option<File>, // dropped after the lock
    /// The file of a lock that no process takes again. It is deleted with the lock.
    temporary: Option<PathBuf>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(path) = &self.temporary {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Locks {
    /// `purpose` names this process to processes that wait, for example `aimharder refresh`.
    pub fn beside(store: &Path, purpose: &str) -> Self {
        let mut folder = store.as_os_str().to_owned();
        folder.push(LOCKS);
        Self {
            folder: folder.into(),
            purpose: purpose.to_owned(),
            timeout: LOCK_TIMEOUT,
        }
    }

    /// Sets how long locks are waited for. Zero: a lock that is not free is an error at once.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How long a command waits for a lock (`scripting.md`, "`--lock-timeout`").
    pub fn timeout(&self) -> Duration {
        clock::scaled(self.timeout)
    }

    /// Takes a session's lock alone, waiting for it no longer than `timeout`.
    pub fn alone(&self, account: &Account, print: &Fingerprint, timeout: Duration) -> Result<Held> {
        self.take(&session_name(account, print), File::try_lock, timeout)
    }

    /// Takes a session's lock shared, together with other processes that fire with it.
    pub fn shared(
        &self,
        account: &Account,
        print: &Fingerprint,
        timeout: Duration,
    ) -> Result<Held> {
        self.take(
            &session_name(account, print),
            File::try_lock_shared,
            timeout,
        )
    }

    /// Takes the account's login lock: logins of one account follow each other, so that the limit on refused ones holds.
    pub fn logins(&self, account: &Account, timeout: Duration) -> Result<Held> {
        let name = file_name("login", account.as_str());
        self.take(&name, File::try_lock, timeout)
    }

    /// Takes the lock of the account's first device login, which chooses this machine's fingerprint.
    pub fn first_login(&self, account: &Account) -> Result<Held> {
        let name = file_name("device", account.as_str());
        self.take(&name, File::try_lock, self.timeout())
    }

    /// Takes the lock of a prebooking run. Its claims are valid while it is held.
    pub fn run(&self, owner: &str) -> Result<Held> {
        let name = run_name(owner);
        let mut held = self.take(&name, File::try_lock, Duration::ZERO)?;
        held.temporary = Some(self.folder.join(name));
        held.gate = None; // the gate is about sessions only
        Ok(held)
    }

    /// Whether the run with this name is alive. The lock is tried shared, so that two processes that ask do not take each
    /// other for the run.
    pub fn run_lives(&self, owner: &str) -> bool {
        let path = self.folder.join(run_name(owner));
        let file = match private_files::open(&path, OFlags::RDWR) {
            Ok(file) => file,
            // if that is not certain it is alive: a claim that waits is better than a class requested twice
            Err(e) => return e.kind() != std::io::ErrorKind::NotFound,
        };
        file.try_lock_shared().is_err()
    }

    /// Whether a process is updating the session, logging it in, or about to fire with it.
    pub fn is_busy(&self, account: &Account, print: &Fingerprint) -> bool {
        let name = self.folder.join(session_name(account, print));
        let Ok(file) = private_files::open(&name, OFlags::RDWR) else {
            return false; // it was never locked
        };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Takes a session's lock alone. `None` if another process holds it.
    pub fn if_free(&self, account: &Account, print: &Fingerprint) -> Result<Option<Held>> {
        match self.alone(account, print, BUSY_TIMEOUT) {
            Ok(held) => Ok(Some(held)),
            Err(Error::LockBusy { .. }) => Ok(None),
            Err(broken) => Err(broken),
        }
    }

    fn take(&self, name: &str, try_lock: TryLock, timeout: Duration) -> Result<Held> {
        let path = self.folder.join(name);
        let gate = self.gate();
        let mut file = self.open(&path)?;
        let began = clock::steady();
        match private_files::lock(&file, try_lock, timeout) {
            Ok(true) => {
                sign(&mut file, &self.purpose);
                Ok(Held {
                    _file: file,
                    gate,
                    temporary: None,
                })
            }
            Ok(false) => Err(Error::LockBusy {
                holder: holder(&mut file),
                waited: clock::since(began),
            }),
            Err(e) => Err(broken(&path, &e)),
        }
    }

    /// Takes the gate shared, before a session's lock. `None` if it cannot be taken: then a listing may be wrong about `busy`.
    fn gate(&self) -> Option<File> {
        let file = self.open(&self.folder.join(GATE)).ok()?;
        // a listing holds it alone for some microseconds
        let is_locked = private_files::lock(&file, File::try_lock_shared, GATE_TIMEOUT).ok()?;
        is_locked.then_some(file)
    }

    /// Whether no process holds or waits for a session's lock. `false` if that is not certain.
    pub fn all_free(&self) -> bool {
        match private_files::open(&self.folder.join(GATE), OFlags::RDWR) {
            Ok(file) => file.try_lock().is_ok(),
            Err(e) => e.kind() == io::ErrorKind::NotFound, // no session was ever locked
        }
    }

    /// Opens a lock file, and creates it and the directory if they are missing. A directory that
    /// others can write to, a link, or a file of another user is an error.
    fn open(&self, path: &Path) -> Result<File> {
        let open = || -> io::Result<File> {
            let facts = fs::symlink_metadata(&self.folder)?;
            private_files::check_dir(&self.folder, &facts)?;
            private_files::open(path, OFlags::RDWR | OFlags::CREATE)
        };
        match open() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                private_files::create_dir(&self.folder).and_then(|()| open())
            }
            opened => opened,
        }
        .map_err(|e| broken(path, &e))
    }
}

fn session_name(account: &Account, print: &Fingerprint) -> String {
    file_name("session", &format!("{account}\n{print}"))
}

fn run_name(owner: &str) -> String {
    format!("run-{owner}.lock")
}

/// File names do not show the account to other users.
fn file_name(what: &str, of: &str) -> String {
    let digest = Sha256::digest(of.as_bytes());
    format!("{what}-{}.lock", hex::encode(&digest[..12]))
}

/// Names this process in the lock file. A failure does not matter: the text is for messages only.
fn sign(file: &mut File, purpose: &str) {
    let words = format!("{purpose}, process {}\n", std::process::id());
    let _ = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| file.write_all(words.as_bytes()));
}

fn holder(file: &mut File) -> String {
    let mut words = String::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(200).read_to_string(&mut words));
    match read {
        Ok(n) if n > 0 => words.trim().to_owned(),
        _ => "another process".to_owned(),
    }
}

fn broken(path: &Path, cause: &io::Error) -> Error {
    // not an error of the system: the file or directory is not private
    if cause.raw_os_error().is_none() {
        return Error::LockBroken(format!("cannot use the lock {}: {cause}", path.display()));
    }
    // the directory, not the file: all sessions have the same problem, which is reported in one line
    let folder = path.parent().unwrap_or(path);
    Error::LockBroken(format!(
        "cannot lock files in {}: {}; the store needs a folder that can be written, on a file system with working locks",
        folder.display(),
        crate::text::why(cause)
    ))
}

#[cfg(test)]
mod tests;
