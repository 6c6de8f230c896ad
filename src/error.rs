//! The exit-code table (`cli.md`, "Exit codes"): every error of every room ends here, in one
//! function, as a kind with its code.

use std::fmt;

use serde::Serialize;

use crate::{booking, config, platform, sessions, store, text};

/// Why a command did not end with 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitKind {
    /// a bug, or a store that cannot be used: 1
    Internal,
    /// a flag, a value or the config is wrong: 2
    Usage,
    /// no usable login: 3
    LoginRequired,
    /// AimHarder said no: 4
    Refused,
    /// no answer, or none that is one; worth a later try: 5
    Unreachable,
    /// nothing fits the description, or several things do: 6
    NotFound,
    /// part of the work failed, or all of it for different reasons: 7
    Partial,
    /// something was sent, its answer was lost, and nothing tells what became of it: 8
    UnknownOutcome,
    /// booking is not open yet: 9
    TooEarly,
    /// a signal came when it was too late to stop: 130
    Interrupted,
}

impl ExitKind {
    /// The process's exit code: 1 to 9, and 130 for Ctrl-C ([`Failure::code`] knows which signal it was).
    pub fn code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::LoginRequired => 3,
            Self::Refused => 4,
            Self::Unreachable => 5,
            Self::NotFound => 6,
            Self::Partial => 7,
            Self::UnknownOutcome => 8,
            Self::TooEarly => 9,
            Self::Interrupted => 130,
        }
    }

    const ALL: [Self; 10] = [
        Self::Internal,
        Self::Usage,
        Self::LoginRequired,
        Self::Refused,
        Self::Unreachable,
        Self::NotFound,
        Self::Partial,
        Self::UnknownOutcome,
        Self::TooEarly,
        Self::Interrupted,
    ];

    /// The kind that [`Self::name`] names.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind's name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::LoginRequired => "login_required",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::NotFound => "not_found",
            Self::Partial => "partial",
            Self::UnknownOutcome => "unknown_outcome",
            Self::TooEarly => "too_early",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Serialize for ExitKind {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// An error with its place in the table, made where the decision is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// what the exit code says
    pub kind: ExitKind,
    /// one line for people: lower case, no full stop, with the remedy
    pub message: String,
    /// its words or its JSON object are already on their way to the user
    #[serde(skip)]
    pub shown: bool,
    /// its words are already told, or deliberately kept back: no error line
    #[serde(skip)]
    pub told: bool,
}

impl Failure {
    /// A failure that nobody has been told of yet.
    pub fn new(kind: ExitKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            shown: false,
            told: false,
        }
    }

    /// A wrong flag, value or config.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Usage, message)
    }

    /// Nothing fits, or too much does.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ExitKind::NotFound, message)
    }

    /// No usable login.
    pub fn login_required(message: impl Into<String>) -> Self {
        Self::new(ExitKind::LoginRequired, message)
    }

    /// The exit code: a signal's own where one has ended the work.
    pub fn code(&self) -> u8 {
        match self.kind {
            ExitKind::Interrupted => crate::signals::exit_code(),
            kind => kind.code(),
        }
    }

    /// The typed failure behind the error that ends a command: what a person may do is said, too.
    pub fn last_word(error: &anyhow::Error) -> Self {
        let mut failure = Self::of(error);
        if let Some(remedy) = platform_error(error).and_then(platform::Error::remedy) {
            failure.message = format!("{}; {remedy}", failure.message);
        }
        failure
    }

    /// The typed failure behind any error.
    pub fn of(error: &anyhow::Error) -> Self {
        if let Some(failure) = error.chain().find_map(|e| e.downcast_ref::<Self>()) {
            return failure.clone();
        }
        Self::new(kind_of(error), words(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What was tried, then why it failed.
fn words(error: &anyhow::Error) -> String {
    let causes = error
        .chain()
        .map(|cause| match cause.downcast_ref::<std::io::Error>() {
            Some(io) => text::why(io),
            None => cause.to_string(),
        });
    causes.collect::<Vec<_>>().join(": ")
}

/// The whole table: which room's error is which kind.
fn kind_of(error: &anyhow::Error) -> ExitKind {
    for cause in error.chain() {
        if let Some(e) = cause.downcast_ref::<booking::Trouble>() {
            return match e {
                booking::Trouble::Unknown(_) => ExitKind::UnknownOutcome,
                booking::Trouble::NotDone(_) => ExitKind::Unreachable,
                booking::Trouble::Session(e) => session_kind(e),
            };
        }
        if let Some(e) = cause.downcast_ref::<sessions::Error>() {
            return session_kind(e);
        }
        if let Some(e) = cause.downcast_ref::<platform::Error>() {
            return platform_kind(e);
        }
        if cause.is::<config::ConfigError>() {
            return ExitKind::Usage;
        }
        if let Some(e) = cause.downcast_ref::<store::Error>() {
            return store_kind(e);
        }
    }
    ExitKind::Internal
}

/// The platform's own error, if that is what is behind it.
fn platform_error(error: &anyhow::Error) -> Option<&platform::Error> {
    error.chain().find_map(|cause| {
        let session = match cause.downcast_ref::<booking::Trouble>() {
            Some(booking::Trouble::Session(e)) => Some(e),
            _ => cause.downcast_ref::<sessions::Error>(),
        };
        match session {
            Some(
                sessions::Error::Platform(e)
                | sessions::Error::NotRecovered(e)
                | sessions::Error::NotExtended(e),
            ) => Some(e),
            _ => cause.downcast_ref::<platform::Error>(),
        }
    })
}

fn session_kind(error: &sessions::Error) -> ExitKind {
    use sessions::Error as E;
    match error {
        E::None { .. } | E::Expired(_) | E::Refused(_) | E::TooManyRefusals(_) | E::Password(_) => {
            ExitKind::LoginRequired
        }
        E::Ambiguous(_) | E::NoSuchFingerprint(_) => ExitKind::NotFound,
        E::LockBusy(_) | E::NoLogin(_) => ExitKind::Unreachable,
        E::LockBroken(_) => ExitKind::Internal,
        E::Store(e) => store_kind(e),
        E::Platform(e) | E::NotRecovered(e) | E::NotExtended(e) => platform_kind(e),
    }
}

fn store_kind(error: &store::Error) -> ExitKind {
    match error {
        store::Error::Key(_) | store::Error::Taken(_) => ExitKind::Usage,
        store::Error::Busy(_) => ExitKind::Unreachable,
        store::Error::Unusable(_) | store::Error::Sqlite { .. } => ExitKind::Internal,
    }
}

fn platform_kind(error: &platform::Error) -> ExitKind {
    use platform::Error as E;
    match error {
        E::LoggedOut => ExitKind::LoginRequired,
        E::Setup(_) => ExitKind::Usage,
        E::Interrupted => ExitKind::Interrupted,
        E::Blocked | E::Busy { .. } | E::NotConnected { .. } | E::Lost { .. } | E::Strange(_) => {
            ExitKind::Unreachable
        }
    }
}
