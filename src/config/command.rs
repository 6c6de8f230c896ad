//! Commands that the config names: `password_command`, a notice's `command`, `token_command`.

use std::fmt;

/// A command of the user; its `Debug` is redacted, for its arguments may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    /// run as it is: program and arguments, at least the program
    List(Vec<String>),
    /// run by `sh -c`, not blank
    Shell(String),
}

impl Command {
    pub(super) fn shell(line: &str) -> Result<Self, String> {
        checked(line)?;
        if line.trim().is_empty() {
            return Err("names no command".to_owned());
        }
        Ok(Self::Shell(line.to_owned()))
    }

    pub(super) fn list(words: Vec<String>) -> Result<Self, String> {
        if words
            .first()
            .is_none_or(|program| program.trim().is_empty())
        {
            return Err("names no command".to_owned());
        }
        words.iter().try_for_each(|word| checked(word))?;
        Ok(Self::List(words))
    }
}

/// No command can be run with a NUL in it.
fn checked(word: &str) -> Result<(), String> {
    if word.contains('\0') {
        return Err("holds a NUL character".to_owned());
    }
    Ok(())
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List(_) => "List(…)",
            Self::Shell(_) => "Shell(…)",
        })
    }
}
