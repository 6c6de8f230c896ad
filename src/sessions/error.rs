//! Errors of sessions.

use std::time::Duration;

use crate::error::{ExitError, ExitKind};
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::platform;
use crate::store;

/// Why there is no usable session. Each message names what the user has to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No login yet, or the session was deleted.
    #[error("no {kind} session for {account}; run `aimharder login {account}`")]
    None {
        /// The account.
        account: Account,
        /// The kind of session.
        kind: SessionKind,
    },
    /// The fingerprints of no session, or of several, begin as `--fingerprint` says.
    #[error("{0}")]
    NotFound(String),
    /// The platform has ended the session.
    #[error("{0}")]
    Expired(String),
    /// No login without a user: AimHarder refused e-mail or password, earlier refusals hold the login back until the time in the
    /// message, or the password source has failed.
    #[error("{0}")]
    Refused(String),
    /// A login that was neither accepted nor refused.
    #[error("{0}")]
    NoLogin(String),
    /// The recovery of a session failed; no other request was sent.
    #[error("the session has expired and could not be recovered: {0}")]
    NotRecovered(platform::Error),
    /// The token was updated, and `setrefresh` failed.
    #[error("setrefresh failed: {0}")]
    NotExtended(platform::Error),
    /// The run had no time left for the session.
    #[error("the run reached its limit of 12 minutes first")]
    RunLimit,
    /// Another process held the session's lock until the timeout.
    #[error("the session is in use by {holder}; {}", lock_advice(*waited))]
    LockBusy {
        /// The process, as far as known.
        holder: String,
        /// The timeout.
        waited: Duration,
    },
    /// The file system cannot lock, or the lock file cannot be opened.
    #[error("{0}")]
    LockBroken(String),
    /// An error of the store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An error of the platform.
    #[error(transparent)]
    Platform(#[from] platform::Error),
}

impl Error {
    /// Whether a signal kept a request from being sent.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Platform(platform::Error::Interrupted))
    }

    /// The pause that the server asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Platform(e) | Self::NotRecovered(e) => e.retry_after(),
            _ => None,
        }
    }
}

impl ExitError for Error {
    fn kind(&self) -> ExitKind {
        match self {
            Self::None { .. } | Self::Expired(_) | Self::Refused(_) => ExitKind::LoginRequired,
            Self::NotFound(_) => ExitKind::NotFound,
            // a `setrefresh` that reports a logout too: the token update before it has shown that the session is alive
            Self::LockBusy { .. } | Self::NoLogin(_) | Self::RunLimit | Self::NotExtended(_) => {
                ExitKind::Unreachable
            }
            Self::LockBroken(_) => ExitKind::Internal,
            Self::Store(e) => e.kind(),
            Self::Platform(e) | Self::NotRecovered(e) => e.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Platform(e) | Self::NotRecovered(e) | Self::NotExtended(e) => e.remedy(),
            _ => None,
        }
    }
}

/// What a user may do about a lock that was waited for this long.
fn lock_advice(waited: Duration) -> String {
    match waited.as_secs_f64().round() {
        0.0 => "try again later, or wait for it with --lock-timeout 30s".to_owned(),
        seconds => format!("it did not become free within {seconds} s"),
    }
}
