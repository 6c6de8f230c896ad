//! Suggested commands: every `` `aimharder …` `` in a message gets the account, box, store and config of this run, so that it
//! acts on the same when it is pasted.

use super::table::{terminal_width, wrap_text};
use crate::text::append_flag;

/// Commands that act in one box.
const BOX_COMMANDS: [&str; 7] = [
    "classes", "bookings", "book", "cancel", "prebook", "probe", "wod",
];
/// Commands that take neither a store nor an account.
const STORELESS_COMMANDS: [&str; 3] = ["help", "man", "completions"];

/// The global flags of this run that a suggested command needs too.
#[derive(Debug, Clone, Default)]
pub struct GivenFlags {
    /// `--config`
    pub config: Option<String>,
    /// `--store`
    pub store: Option<String>,
    /// `--system`
    pub system: bool,
    /// `--account`
    pub account: Option<String>,
    /// `--box`
    pub gym: Option<String>,
}

impl GivenFlags {
    /// The lines of a message on standard error: with these flags in the commands that it suggests, and wrapped at words to
    /// the terminal's width.
    pub fn lines(&self, message: &str) -> Vec<String> {
        wrap_text(&self.complete(message), terminal_width(&std::io::stderr()))
    }

    /// The text with these flags in the commands that it suggests. A flag that a command already has is left as it is, so
    /// completing a text twice changes nothing.
    pub(super) fn complete(&self, text: &str) -> String {
        self.complete_with(text, str::to_owned)
    }

    /// The same for JSON, whose texts have the commands.
    pub(super) fn complete_json(&self, json: &str) -> String {
        self.complete_with(json, |flags| {
            let quoted = serde_json::json!(flags).to_string();
            quoted.trim_matches('"').to_owned()
        })
    }

    /// `escape` makes what is added to a command a part of the text.
    fn complete_with(&self, text: &str, escape: impl Fn(&str) -> String) -> String {
        let mut completed = String::with_capacity(text.len());
        let mut parts = text.split('`').enumerate().peekable();
        while let Some((n, part)) = parts.next() {
            completed.push_str(part);
            let is_closed = parts.peek().is_some();
            if n % 2 == 1 && is_closed && part.starts_with("aimharder ") {
                completed.push_str(&escape(&self.command(part)[part.len()..]));
            }
            if is_closed {
                completed.push('`');
            }
        }
        completed
    }

    fn command(&self, line: &str) -> String {
        let name = line.split_whitespace().nth(1).unwrap_or_default();
        let mut line = line.to_owned();
        if STORELESS_COMMANDS.contains(&name) {
            return line;
        }
        // `login ana@example.org` names its account
        let names_account = line.contains('@') || name == "store";
        let account = self.account.as_ref().filter(|_| !names_account);
        let gym = self.gym.as_ref().filter(|_| BOX_COMMANDS.contains(&name));
        for (flag, value) in [
            ("--account", account),
            ("--box", gym),
            ("--config", self.config.as_ref()),
            ("--store", self.store.as_ref()),
        ] {
            if let Some(value) = value.filter(|_| !line.contains(&format!(" {flag}"))) {
                append_flag(&mut line, flag, value);
            }
        }
        if self.system && !line.contains(" --system") {
            line.push_str(" --system");
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_commands_carry_the_flags_of_this_run() {
        let flags = GivenFlags {
            config: None,
            store: Some("my gym.db".to_owned()),
            system: false,
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
        let json = r#"{"a":"`aimharder logout`","b":"not `closed"}"#;
        let odd = GivenFlags {
            store: Some("a\"b'c.db".to_owned()),
            ..GivenFlags::default()
        };
        let completed: serde_json::Value = serde_json::from_str(&odd.complete_json(json)).unwrap();
        assert_eq!(completed["a"], "`aimharder logout --store 'a\"b'\\''c.db'`");
        let text = "run `aimharder login`";
        assert_eq!(GivenFlags::default().complete(text), text);
    }
}
