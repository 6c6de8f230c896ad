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
    /// The program's name, to be named in messages: never an argument, nor what may be a variable's value.
    pub fn program(&self) -> &str {
        let first = match self {
            Self::List(words) => words.first().map_or("", String::as_str),
            Self::Shell(line) => line.split_whitespace().next().unwrap_or_default(),
        };
        let name = first.rsplit('/').next().unwrap_or_default();
        let plain = |c: char| c.is_alphanumeric() || "-_.+".contains(c);
        let is_name = !name.is_empty() && name.chars().all(plain);
        if is_name { name } else { "sh" }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_nothing_else() {
        let shell = |line: &str| Command::shell(line).unwrap().program().to_owned();
        for (line, name) in [
            ("pass show aimharder", "pass"),
            ("  /usr/bin/secret-tool lookup x", "secret-tool"),
            ("PASSWORD=hunter2 printenv PASSWORD", "sh"),
            ("$HOME/bin/tell me", "tell"),
            ("echo hunter2", "echo"),
            ("\"my tool\" x", "sh"),
            ("(echo hunter2)", "sh"),
            ("echo;hunter2", "sh"),
        ] {
            assert_eq!(shell(line), name, "{line}");
        }
        let list = Command::list(vec!["/opt/pw".into(), "hunter2".into()]).unwrap();
        assert_eq!(list.program(), "pw");
    }
}
