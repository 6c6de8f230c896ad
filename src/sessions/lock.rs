//! One operating-system lock per session (promise 3).
//!
//! The kernel releases it when the process dies, however it dies, so a lock can never be left
//! behind. Updating and logging in hold it alone; firing holds it shared. The lock file's content
//! only says who holds it, for the message of whoever waits in vain.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::gate::Gate;
use crate::model::account::Account;
use crate::model::session::{Fingerprint, hex};
use crate::private_files::{self, NotPrivate};
use crate::store::LOCKS;
use crate::{clock, signals};

/// How long a person's command waits for another process (`scripting.md`, exit code 5).
pub fn patience() -> Duration {
    clock::scaled(Duration::from_secs(30))
}

/// How long "busy" is looked at twice before it is believed: a listing that only looks holds a
/// lock for some microseconds.
const POLL_INTERVAL: Duration = Duration::from_millis(60);

/// The locks of one store, in a folder beside it.
#[derive(Debug, Clone)]
pub struct Locks {
    folder: PathBuf,
    purpose: String,
    gate: Gate,
}

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Held {
    _file: File,
    gate: Option<Arc<File>>, // let go after the lock itself
    /// a lock that nobody will ever take again: its file goes with it
    passing: Option<PathBuf>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(path) = &self.passing {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Why a lock is not held.
#[derive(Debug)]
pub enum LockError {
    /// somebody else held it for all the time we had
    Busy {
        /// who, as far as known
        holder: String,
        /// that time
        waited: Duration,
    },
    /// the file system cannot lock, or the lock file cannot be made
    Broken(String),
}

/// A run's lock file that is older than this and held by nobody was left by a run that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Alone,
    Shared,
}

impl Locks {
    /// `purpose` names this process to those who wait, for example `aimharder refresh`.
    pub fn beside(store: &Path, purpose: &str) -> Self {
        let mut folder = store.as_os_str().to_owned();
        folder.push(LOCKS);
        let folder = PathBuf::from(folder);
        Self {
            gate: Gate::in_folder(&folder),
            folder,
            purpose: purpose.to_owned(),
        }
    }

    /// Hold a session's lock alone; wait for it no longer than `patience`.
    pub fn alone(
        &self,
        account: &Account,
        print: &Fingerprint,
        patience: Duration,
    ) -> Result<Held, LockError> {
        self.take(&session_name(account, print), Mode::Alone, patience)
    }

    /// Hold a session's lock together with others who fire with it.
    pub fn shared(
        &self,
        account: &Account,
        print: &Fingerprint,
        patience: Duration,
    ) -> Result<Held, LockError> {
        self.take(&session_name(account, print), Mode::Shared, patience)
    }

    /// Hold the account's login lock: logins of one account go one after the other, so that the
    /// limit on refused ones cannot be overrun.
    pub fn logins(&self, account: &Account, patience: Duration) -> Result<Held, LockError> {
        self.take(&file_name("login", account.as_str()), Mode::Alone, patience)
    }

    /// Is no session's lock held by anybody? `false` may be out of caution.
    pub fn all_free(&self) -> bool {
        self.gate.nobody_passed()
    }

    /// Held by a prebooking run for as long as it lives: its claims are good while it does.
    pub fn run(&self, owner: &str) -> Result<Held, LockError> {
        self.sweep();
        let name = run_name(owner);
        let mut held = self.take(&name, Mode::Alone, Duration::ZERO)?;
        held.passing = Some(self.folder.join(name));
        held.gate = None; // it says nothing about sessions
        Ok(held)
    }

    /// Clear away what runs have left that were killed before they claimed anything. Only old
    /// files: between making its file and locking it a run must not lose it.
    fn sweep(&self) {
        let old = |file: &std::fs::DirEntry| {
            let made = file.metadata().and_then(|found| found.modified());
            let age = made.map(|at| clock::wall().duration_since(at));
            matches!(age, Ok(Ok(age)) if age > LEFT_BEHIND)
        };
        let files = std::fs::read_dir(&self.folder).into_iter().flatten();
        for file in files.flatten() {
            let name = file.file_name();
            let name = name.to_str().and_then(|name| name.strip_prefix("run-"));
            let owner = name.and_then(|name| name.strip_suffix(".lock"));
            if let Some(owner) = owner.filter(|_| old(&file)) {
                self.run_lives(owner);
            }
        }
    }

    /// Does the run with this name still live? A dead one's lock file is cleared away. Whoever asks
    /// shares the lock, so that two who ask do not take each other for the run.
    pub fn run_lives(&self, owner: &str) -> bool {
        let path = self.folder.join(run_name(owner));
        let file = match private_files::open(&path, OFlags::RDWR) {
            Ok(file) => file,
            // in doubt it lives: a claim that waits is better than a class asked for twice
            Err(e) => return e.kind() != std::io::ErrorKind::NotFound,
        };
        let free = file.try_lock_shared().is_ok();
        if free {
            let _ = std::fs::remove_file(path);
        }
        !free
    }

    /// Is a process updating the session, logging it in, or about to fire with it?
    pub fn is_busy(&self, account: &Account, print: &Fingerprint) -> bool {
        let name = self.folder.join(session_name(account, print));
        let Ok(file) = private_files::open(&name, OFlags::RDWR) else {
            return false; // nobody has ever locked it
        };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Hold it alone if nobody else does; `None` when it is busy.
    pub fn if_free(
        &self,
        account: &Account,
        print: &Fingerprint,
    ) -> Result<Option<Held>, LockError> {
        match self.take(&session_name(account, print), Mode::Alone, POLL_INTERVAL) {
            Ok(held) => Ok(Some(held)),
            Err(LockError::Busy { .. }) => Ok(None),
            Err(broken) => Err(broken),
        }
    }

    fn take(&self, name: &str, mode: Mode, patience: Duration) -> Result<Held, LockError> {
        let path = self.folder.join(name);
        let gate = self.gate.pass(|path| self.open(path).ok());
        let mut file = self.open(&path)?;
        let began = clock::steady();
        let mut nap = Duration::from_millis(2);
        loop {
            let tried = match mode {
                Mode::Alone => file.try_lock(),
                Mode::Shared => file.try_lock_shared(),
            };
            match tried {
                Ok(()) => {
                    sign(&mut file, &self.purpose);
                    return Ok(Held {
                        _file: file,
                        gate,
                        passing: None,
                    });
                }
                Err(TryLockError::Error(e)) => return Err(broken(&path, &e)),
                Err(TryLockError::WouldBlock)
                    if began.elapsed() >= patience || signals::must_stop() =>
                {
                    return Err(LockError::Busy {
                        holder: holder(&mut file),
                        waited: began.elapsed(),
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    clock::nap(nap.mul_f32(0.5 + fastrand::f32()));
                    nap = (nap * 2).min(Duration::from_millis(50));
                }
            }
        }
    }

    /// Opens a lock file, and creates it and the directory if they are missing. A directory that
    /// others can write to, a link, or a file of another user is an error.
    fn open(&self, path: &Path) -> Result<File, LockError> {
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

/// File names tell nothing about the account to whoever can list a folder.
fn file_name(what: &str, of: &str) -> String {
    let digest = Sha256::digest(of.as_bytes());
    format!("{what}-{}.lock", hex(&digest[..12]))
}

/// Best effort: the words are only for people.
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

fn broken(path: &Path, cause: &io::Error) -> LockError {
    if cause
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<NotPrivate>)
    {
        return LockError::Broken(format!("cannot use the lock {}: {cause}", path.display()));
    }
    // the folder, not the file: what all sessions have in common is told in one line
    let folder = path.parent().unwrap_or(path);
    LockError::Broken(format!(
        "cannot lock files in {}: {}; the store needs a folder that can be written, on a file system with working locks",
        folder.display(),
        crate::text::why(cause)
    ))
}

#[cfg(test)]
mod tests;
