//! Why there is no usable login.

use std::time::Duration;

use super::lock;
use crate::aimharder;
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::store;

/// Why there is no usable login. Each says what a person must do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no {kind} session for {account}; run `aimharder login {account}`")]
    None { account: Account, kind: SessionKind },
    #[error("{0}")]
    NoSuchFingerprint(String),
    #[error("{0}")]
    Ambiguous(String),
    /// the platform has ended the session
    #[error("{0}")]
    Expired(String),
    /// the platform refused e-mail or password
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    TooManyRefusals(String),
    #[error("{0}")]
    Password(String),
    /// a login that was neither granted nor refused
    #[error("{0}")]
    NoLogin(String),
    /// reviving a lapsed login failed on the way: nothing was asked of the platform but that
    #[error("the login has lapsed and could not be renewed: {0}")]
    NotHealed(aimharder::Error),
    /// the token was updated, `setrefresh` was not done
    #[error("setrefresh failed: {0}")]
    NotProlonged(aimharder::Error),
    #[error("{0}")]
    LockBusy(String),
    #[error("{0}")]
    LockBroken(String),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Platform(#[from] aimharder::Error),
}

impl From<lock::LockError> for Error {
    fn from(e: lock::LockError) -> Self {
        match e {
            lock::LockError::Busy(who) => lock_busy(&who, lock::PATIENCE),
            lock::LockError::Broken(words) => Self::LockBroken(words),
        }
    }
}

/// Whoever had the lock did not let it go in all that time.
pub(super) fn lock_busy(who: &str, waited: Duration) -> Error {
    Error::LockBusy(format!(
        "the session is in use by {who}; it did not become free within {:.0} s",
        waited.as_secs_f64()
    ))
}
