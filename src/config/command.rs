//! Commands of the user: `password_command`, `key_command`, `token_command`, and `command` of `[[notify]]`.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A command of the user. Its `Debug` is redacted because arguments may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Command {
    /// Run as it is: the program and its arguments.
    List(Vec<String>),
    /// Run by `sh -c`. Not blank.
    Shell(String),
}

impl Command {
    /// The program's name for messages, or `sh` if the first word may be anything else than a name.
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
            return Err("contains no command".to_owned());
        }
        Ok(Self::Shell(line.to_owned()))
    }

    pub(super) fn list(words: Vec<String>) -> Result<Self, String> {
        if words
            .first()
            .is_none_or(|program| program.trim().is_empty())
        {
            return Err("contains no command".to_owned());
        }
        words.iter().try_for_each(|word| checked(word))?;
        Ok(Self::List(words))
    }
}

/// A command with a NUL cannot be run.
fn checked(word: &str) -> Result<(), String> {
    if word.contains('\0') {
        return Err("contains a NUL character".to_owned());
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct StringOrList;
        impl<'de> Visitor<'de> for StringOrList {
            type Value = Command;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E: Error>(self, line: &str) -> Result<Command, E> {
                Command::shell(line).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Command, A::Error> {
                let mut list = Vec::new();
                while let Some(word) = words.next_element()? {
                    list.push(word);
                }
                Command::list(list).map_err(A::Error::custom)
            }
        }
        from.deserialize_any(StringOrList)
    }
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
