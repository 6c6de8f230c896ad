//! Suggested commands: every `` `aimharder …` `` in a message carries the account, box, store and config that this run was
//! given, so that it does the same when it is pasted.

use std::path::Path;

use crate::cli::Everywhere;
use crate::text::shell_word;

/// Commands that act in one box.
const OF_A_BOX: [&str; 5] = ["classes", "bookings", "book", "cancel", "prebook"];
/// Commands that take neither a store nor an account.
const OF_NO_STORE: [&str; 3] = ["help", "man", "completions"];

/// The global flags of this run that a suggested command needs too.
#[derive(Debug, Clone, Default)]
pub(super) struct GivenFlags {
    config: Option<String>,
    store: Option<String>,
    account: Option<String>,
    gym: Option<String>,
}

impl GivenFlags {
    pub(super) fn of(asked: &Everywhere) -> Self {
        let path = |path: &Option<std::path::PathBuf>| {
            let path = path.as_deref().map(Path::display);
            path.map(|path| path.to_string())
        };
        Self {
            config: path(&asked.config),
            store: path(&asked.store),
            account: asked.account.as_ref().map(ToString::to_string),
            gym: asked.gym.clone(),
        }
    }

    /// The text with these flags in the commands that it suggests. A flag that a command has already stays as it is, so
    /// a text may pass more than once.
    pub(super) fn complete(&self, text: &str) -> String {
        let mut parts = text.split('`');
        let mut completed = parts.next().unwrap_or_default().to_owned();
        let mut is_command = true;
        for part in parts {
            completed.push('`');
            match part.strip_prefix("aimharder ").filter(|_| is_command) {
                Some(_) => completed.push_str(&self.command(part)),
                None => completed.push_str(part),
            }
            is_command = !is_command;
        }
        completed
    }

    fn command(&self, line: &str) -> String {
        let name = line.split_whitespace().nth(1).unwrap_or_default();
        let mut line = line.to_owned();
        if OF_NO_STORE.contains(&name) {
            return line;
        }
        // `login ana@example.org` names its account
        let names_account = line.contains('@') || line.contains(" EMAIL") || name == "store";
        let account = self.account.as_ref().filter(|_| !names_account);
        let gym = self.gym.as_ref().filter(|_| OF_A_BOX.contains(&name));
        for (flag, value) in [
            ("--account", account),
            ("--box", gym),
            ("--config", self.config.as_ref()),
            ("--store", self.store.as_ref()),
        ] {
            if let Some(value) = value.filter(|_| !line.contains(&format!(" {flag}"))) {
                append(&mut line, flag, value);
            }
        }
        line
    }
}

/// Appends a flag and its value, quoted for a POSIX shell.
pub(super) fn append(line: &mut String, flag: &str, value: &str) {
    // a value that begins with a hyphen would be taken for a flag
    let between = if value.starts_with('-') { '=' } else { ' ' };
    line.push(' ');
    line.push_str(flag);
    line.push(between);
    line.push_str(&shell_word(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_commands_carry_the_flags_of_this_run() {
        let flags = GivenFlags {
            config: None,
            store: Some("my gym.db".to_owned()),
            account: Some("maria@example.org".to_owned()),
            gym: Some("boxdos".to_owned()),
        };
        for (text, expected) in [
            ("no `code` here", "no `code` here"),
            (
                "run `aimharder logout --background`",
                "run `aimharder logout --background --account maria@example.org --store 'my gym.db'`",
            ),
            (
                "`aimharder login ana@example.org` or `aimharder help`",
                "`aimharder login ana@example.org --store 'my gym.db'` or `aimharder help`",
            ),
            (
                "see `aimharder bookings --account ben@example.org`",
                "see `aimharder bookings --account ben@example.org --box boxdos --store 'my gym.db'`",
            ),
            ("not `closed, aimharder x", "not `closed, aimharder x"),
        ] {
            let once = flags.complete(text);
            assert_eq!(once, expected);
            assert_eq!(flags.complete(&once), expected, "a second time");
        }
        let text = "run `aimharder login`";
        assert_eq!(GivenFlags::default().complete(text), text);
    }
}
