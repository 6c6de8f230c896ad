//! What is said when a signal ends the program.

use std::io::{self, Write};

use super::{Out, View};
use crate::error::{ExitKind, Failure};
use crate::signals::ExitMessage;

impl Out {
    /// With `--json`: what stands where a signal ends the program before there is a result.
    pub fn interrupted() -> ExitMessage {
        Box::new(|_| {
            let words = "interrupted before there was a result; nothing is half done";
            Self::stdout(true).bare(&Failure::new(ExitKind::Interrupted, words));
            Self::line(words);
        })
    }

    /// With `--json`: what there is of a result when a signal ends the program.
    pub(crate) fn cut_off(view: &impl View) {
        let mut out = Self::stdout(true);
        let failure = words(None);
        // nobody is left to be told that it cannot be written
        let _ = out
            .write_json(view, Some(&failure))
            .and_then(|()| out.to.flush());
        Self::line(&failure.message);
    }
}

/// A signal came too late to stop what was sent.
pub(super) fn words(outcome: Option<Failure>) -> Failure {
    let told = outcome.map_or_else(
        || "interrupted; what is told here has been done and stands".to_owned(),
        |failure| format!("interrupted; {}", failure.message),
    );
    Failure::new(ExitKind::Interrupted, told)
}

/// A signal arrived some time ago, and the program still has work to finish.
pub fn waiting_for(what: &str) {
    let mark = crate::logs::journal_mark(5);
    let _ = writeln!(
        io::stderr(),
        "{mark}interrupted; waiting for the end of: {what}"
    );
}
