//! The error of a config file: one line with file, line, key and fault, without values that may be secrets.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{ExitError, ExitKind};

/// A config that cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    path: PathBuf,
    line: Option<usize>,
    message: String,
}

impl ConfigError {
    pub(super) fn at(path: &Path, line: usize, message: String) -> Self {
        Self {
            path: path.to_owned(),
            line: Some(line),
            message,
        }
    }

    pub(super) fn file(path: &Path, message: String) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message,
        }
    }

    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        let why = crate::text::why(error);
        Self::file(path, format!("cannot read the config: {why}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        f.write_str(&path.replace(char::is_control, "?"))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

impl ExitError for ConfigError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }
}

/// Puts a message of another library on one line that begins in lower case.
pub(super) fn lower_first(message: &str) -> String {
    let one_line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = one_line.chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}
