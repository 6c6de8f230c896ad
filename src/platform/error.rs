//! Errors of calls to the platform, one variant for each decision (protocol.md §1, §8). Exit codes and retries are decided
//! elsewhere, by variant. Messages have one line and contain no secret and no query of a URL.

use std::time::Duration;

use super::Cause;
use crate::error::{ExitError, ExitKind};

/// Why a call has no usable response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The response has `logout` or is the platform's login page: the session is logged out, and the server did not act
    /// (protocol.md §1). A 401 alone is [`Error::Strange`].
    #[error("AimHarder reports that the session is logged out")]
    LoggedOut,
    /// 403: the platform does not serve this network address (protocol.md §1).
    #[error(
        "AimHarder does not serve this network address (HTTP 403: those of data centres and outside Spain are blocked); set `proxy` under [server] in the config"
    )]
    Blocked,
    /// A 429, or a status of 500 or more.
    #[error("AimHarder is unavailable (HTTP {status})")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, at most an hour.
        retry_after: Option<Duration>,
    },
    /// Not sent, because a signal ends the program (promise 7).
    #[error("interrupted by a signal")]
    Interrupted,
    /// No connection was made, so nothing was sent.
    #[error("no connection to {host}: {cause}")]
    NotConnected {
        /// The host that was called.
        host: String,
        /// The reason.
        cause: Cause,
    },
    /// The request may have been sent, but no complete response came.
    #[error("no complete response from {host}: {cause}")]
    Lost {
        /// The host that was called.
        host: String,
        /// The reason.
        cause: Cause,
    },
    /// An unusable response: HTML instead of JSON, a wrong shape, another status, too large. Holds the message.
    #[error("{0}")]
    Strange(String),
    /// Settings that cannot be used; nothing was sent. Holds the message.
    #[error("{0}")]
    Setup(String),
}

impl Error {
    /// Whether it is certain that the server did not act on the request (promise 6).
    pub fn server_did_not_act(&self) -> bool {
        matches!(
            self,
            Error::LoggedOut | Error::Interrupted | Error::NotConnected { .. } | Error::Setup(_)
        )
    }

    /// Whether the response was lost after the server may have acted: a timeout or cut connection, a gateway that reports
    /// one (502, 504), or a server that failed on the way (500).
    pub fn is_response_lost(&self) -> bool {
        match self {
            Error::Lost { .. } => true,
            Error::Busy { status, .. } => *status >= 500 && *status != 503,
            _ => false,
        }
    }

    /// The pause that the server asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the request was not served and sending it again soon may help: no connection, 429, 503.
    pub fn is_worth_retry(&self) -> bool {
        match self {
            Error::NotConnected { .. } => true,
            Error::Busy { status, .. } => matches!(status, 429 | 503),
            _ => false,
        }
    }
}

impl ExitError for Error {
    fn kind(&self) -> ExitKind {
        match self {
            Error::LoggedOut => ExitKind::LoginRequired,
            Error::Setup(_) => ExitKind::Usage,
            Error::Interrupted => ExitKind::Interrupted,
            Error::Blocked
            | Error::Busy { .. }
            | Error::NotConnected { .. }
            | Error::Lost { .. }
            | Error::Strange(_) => ExitKind::Unreachable,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Error::Busy {
                retry_after: Some(pause),
                ..
            } if !pause.is_zero() => Some(format!("try again in {}", wait(*pause))),
            Error::Busy { .. } => Some("try again later".to_owned()),
            Error::NotConnected { cause, .. } | Error::Lost { cause, .. } => {
                Some(cause.remedy().to_owned())
            }
            Error::Strange(_) => Some(
                "AimHarder may be unavailable, or its interface may have changed: try again later"
                    .to_owned(),
            ),
            Error::LoggedOut | Error::Blocked | Error::Interrupted | Error::Setup(_) => None,
        }
    }
}

/// The wait in words, rounded up.
fn wait(pause: Duration) -> String {
    match pause.as_secs() {
        seconds if seconds <= 120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// Why a login gave no session (protocol.md §2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The platform refused the e-mail address or password. Refusals are counted and never repeated automatically.
    #[error("login refused: {message}")]
    Refused {
        /// The platform's text, cleaned, or a text of this program for a known key.
        message: String,
        /// Whether the account is locked for a while after too many wrong attempts.
        locked: bool,
    },
    /// The response is not one of this login flow; the other flow may exist. Holds the message.
    #[error("{0}")]
    NotThere(String),
    /// The login was accepted but is not complete. Holds what is missing: the login cookie or the refresh token.
    #[error("login accepted, but without a {0}")]
    Without(&'static str),
    /// The response does not say whether the password is right.
    #[error(transparent)]
    Failed(#[from] Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(status: u16) -> Error {
        Error::Busy {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn decisions_follow_the_variant() {
        let lost = Error::Lost {
            host: "h".into(),
            cause: Cause::TimedOut,
        };
        let unconnected = Error::NotConnected {
            host: "h".into(),
            cause: Cause::Refused,
        };
        let strange = Error::Strange("h answered with a web page instead of JSON".into());
        let setup = Error::Setup("cannot read ca_file".into());
        let table = [
            (Error::LoggedOut, true, false, false),
            (Error::Blocked, false, false, false),
            (Error::Interrupted, true, false, false),
            (busy(429), false, true, false),
            (busy(500), false, false, true),
            (busy(502), false, false, true),
            (busy(503), false, true, false),
            (busy(504), false, false, true),
            (busy(505), false, false, true),
            (unconnected, true, true, false),
            (lost, false, false, true),
            (strange, false, false, false),
            (setup, true, false, false),
        ];
        for (error, did_not_act, retry, lost) in table {
            assert_eq!(error.server_did_not_act(), did_not_act, "{error}");
            assert_eq!(error.is_worth_retry(), retry, "{error}");
            assert_eq!(error.is_response_lost(), lost, "{error}");
        }
    }
}
