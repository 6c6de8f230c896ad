//! Exit kinds, their codes, and the trait by which the error of each module reports its kind.
//!
//! A module implements [`ExitError`] for its error enum, next to the enum. The table kind → code is
//! [`ExitKind`] (`scripting.md`, "Exit codes").

use std::fmt;

use serde::Serialize;

/// Why a command failed, with its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[derive(strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum ExitKind {
    /// A bug, or a store that cannot be used.
    Internal = 1,
    /// A bad flag or value, or a bad config.
    Usage = 2,
    /// No usable session.
    LoginRequired = 3,
    /// AimHarder refused the request.
    Refused = 4,
    /// No response, or none that is usable. A later retry may succeed.
    Unreachable = 5,
    /// Nothing matches the description, or several things do.
    NotFound = 6,
    /// Part of the work failed, or all of it for different reasons.
    Partial = 7,
    /// A request was sent and its outcome could not be determined.
    UnknownOutcome = 8,
    /// Booking is not open yet.
    TooEarly = 9,
    /// A signal ended the program. The code is that of SIGINT; [`Failure::code`] knows which signal it was.
    Interrupted = 130,
}

impl ExitKind {
    /// The exit code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name in JSON and in the store.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// An error that determines how a command ends. The error enum of each module implements it.
pub trait ExitError: std::error::Error {
    /// The kind, and with it the exit code, of a command that ends with this error.
    fn kind(&self) -> ExitKind;

    /// What a user can do about it, if the message does not say so.
    fn remedy(&self) -> Option<String> {
        None
    }
}

/// An error reduced to its kind and its message, as it is printed, stored and notified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The kind, which determines the exit code.
    pub kind: ExitKind,
    /// One line in lower case without a full stop.
    pub message: String,
    /// The result that contains this failure is printed already.
    #[serde(skip)]
    pub shown: bool,
    /// The message is reported already, or deliberately held back: no error line is printed.
    #[serde(skip)]
    pub reported: bool,
}

impl Failure {
    /// A failure that has not been reported yet.
    pub fn new(kind: ExitKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            shown: false,
            reported: false,
        }
    }

    /// The failure that `error` amounts to.
    pub fn from_error(error: &impl ExitError) -> Self {
        Self::new(error.kind(), error.to_string())
    }

    /// A wrong flag, value or config.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Usage, message)
    }

    /// No match for a description, or several matches.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ExitKind::NotFound, message)
    }

    /// No usable session.
    pub fn login_required(message: impl Into<String>) -> Self {
        Self::new(ExitKind::LoginRequired, message)
    }

    /// The exit code. After a signal it is that of the signal.
    pub fn code(&self) -> u8 {
        match self.kind {
            ExitKind::Interrupted => crate::signals::exit_code(),
            kind => kind.code(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
