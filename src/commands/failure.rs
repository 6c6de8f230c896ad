//! From the [`anyhow::Error`] that a command ends with to a [`Failure`]: this module knows the error types of all others.

use crate::error::{ExitError, ExitKind, Failure};
use crate::{booking, platform, sessions, store, text};

/// The failure behind an error: what was tried and why it failed in one line, and the exit kind of the first error in
/// the chain that has one. An error without a kind is [`ExitKind::Internal`].
pub(super) fn of(error: &anyhow::Error) -> Failure {
    if let Some(failure) = error.chain().find_map(|e| e.downcast_ref::<Failure>()) {
        return failure.clone();
    }
    Failure::new(
        typed(error).map_or(ExitKind::Internal, ExitError::kind),
        with_causes(error),
    )
}

/// The failure behind the error that ends a command, with what a user can do about it.
pub fn with_remedy(error: &anyhow::Error) -> Failure {
    let mut failure = of(error);
    if let Some(remedy) = typed(error).and_then(ExitError::remedy) {
        failure.message = format!("{}; {remedy}", failure.message);
    }
    failure
}

/// The first error in the chain that has an exit kind.
fn typed(error: &anyhow::Error) -> Option<&dyn ExitError> {
    error.chain().find_map(|cause| {
        None.or_else(|| as_exit_error::<booking::Error>(cause))
            .or_else(|| as_exit_error::<sessions::Error>(cause))
            .or_else(|| as_exit_error::<platform::Error>(cause))
            .or_else(|| as_exit_error::<store::Error>(cause))
    })
}

fn as_exit_error<'e, E: ExitError + 'static>(
    error: &'e (dyn std::error::Error + 'static),
) -> Option<&'e dyn ExitError> {
    error.downcast_ref::<E>().map(|e| e as &dyn ExitError)
}

fn with_causes(error: &anyhow::Error) -> String {
    let causes = error
        .chain()
        .map(|cause| match cause.downcast_ref::<std::io::Error>() {
            Some(io) => text::why(io),
            None => cause.to_string(),
        });
    causes.collect::<Vec<_>>().join(": ")
}
