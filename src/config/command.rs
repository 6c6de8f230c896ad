//! Commands of the user: `password_command`, `key_command`, `token_command`, and `command` of `[[notify]]`.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use toml::Value;

/// A command of the user: a program and its arguments. A string is run by `sh -c`. Its `Debug` is redacted because arguments
/// may be secrets.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Command(pub(super) Vec<String>);

impl TryFrom<Value> for Command {
    type Error = &'static str;

    fn try_from(written: Value) -> Result<Self, Self::Error> {
        let words = match written {
            Value::String(line) if line.trim().is_empty() => Some(Vec::new()),
            Value::String(line) => Some(vec!["sh".to_owned(), "-c".to_owned(), line]),
            Value::Array(words) => {
                let words = words.iter().map(|word| word.as_str().map(str::to_owned));
                words.collect()
            }
            _ => None,
        };
        let words = words.ok_or("must be a string or a list of strings")?;
        let has_program = words.first().is_some_and(|it| !it.trim().is_empty());
        if !has_program {
            return Err("contains no command");
        }
        if words.iter().any(|word| word.contains('\0')) {
            return Err("contains a NUL character");
        }
        Ok(Self(words))
    }
}

impl Command {
    /// The program as it is run, and its arguments, which may be secrets.
    pub(crate) fn words(&self) -> (&str, &[String]) {
        let (program, arguments) = self.0.split_first().unzip();
        (
            program.map_or("", String::as_str),
            arguments.unwrap_or_default(),
        )
    }

    /// The program's name for messages, or `sh` if the first word of a shell command may be anything else than a name.
    pub fn program(&self) -> &str {
        let first = match self.words() {
            ("sh", [c, line]) if c == "-c" => line.split_whitespace().next().unwrap_or_default(),
            (program, _) => program,
        };
        let name = first.rsplit('/').next().unwrap_or_default();
        let plain = |c: char| c.is_alphanumeric() || "-_.+".contains(c);
        let is_name = !name.is_empty() && name.chars().all(plain);
        if is_name { name } else { "sh" }
    }
}

/// The program's name, without the arguments.
impl Serialize for Command {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{} …", self.program()))
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Command(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_nothing_else() {
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
            let command = Command::try_from(Value::from(line)).unwrap();
            assert_eq!(command.program(), name, "{line}");
        }
        let list = Command(vec!["/opt/pw".into(), "hunter2".into()]);
        assert_eq!(list.program(), "pw");
    }
}
