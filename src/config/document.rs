//! The TOML document: what serde reports about a span of it becomes a message with file, line and key.
//!
//! Serde's own messages quote values, which may be secrets. [`explain`] keeps only what they expect.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, lower_first};
use crate::text::quote;

pub(super) type Result<T> = std::result::Result<T, ConfigError>;

/// Every key of the config. The part of a malformed line before its `=` is shown only if it is one of these, because
/// anything else may be part of a secret.
const KEYS: &str = "account accounts background_salt box boxes ca_file chat command connect_to credential discord \
    domain id key_command lead login notify ntfy on opens opens_by_class password_command ping \
    prebook proxy refresh scheme server store timeout timezone user_agent watch_every";

/// The text of a config file, parsed as TOML.
pub(super) struct Document<'a> {
    path: &'a Path,
    text: &'a str,
    table: DeTable<'a>,
}

impl<'a> Document<'a> {
    /// # Errors
    /// A syntax error, with its line, and the key if it is a known one or a duplicate.
    pub(super) fn parse(path: &'a Path, text: &'a str) -> Result<Self> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Self {
                path,
                text,
                table: table.into_inner(),
            }),
            Err(error) => {
                let message = lower_first(error.message());
                let span = error.span().unwrap_or_default();
                let duplicate = text
                    .get(span.clone())
                    .filter(|_| message.contains("duplicate key"));
                let key = duplicate.or_else(|| known_key(text, span.start));
                let label = key.map(|key| format!("{}: ", show(key.trim())));
                let message = format!("{}{message}", label.unwrap_or_default());
                Err(ConfigError::at(
                    path,
                    line(text.as_bytes(), span.start),
                    message,
                ))
            }
        }
    }

    /// The whole document as a `T`.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        toml::from_str(self.text).map_err(|error| {
            let message = explain(error.message());
            match find(&self.table, &error.span().unwrap_or_default()) {
                Some((keys, at)) => self.error(&keys, at, &message),
                None => ConfigError::file(self.path, message),
            }
        })
    }

    /// An error about the value with these keys.
    pub(super) fn error_at(&self, keys: &[&str], message: &str) -> ConfigError {
        let mut at = 0;
        let mut table = Some(&self.table);
        for key in keys {
            if let Some((key, value)) = table.and_then(|table| table.get_key_value(*key)) {
                at = key.span().start;
                table = value.get_ref().as_table();
            }
        }
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        self.error(&keys, at, message)
    }

    /// The keys of the table at this path, in the order of the file.
    pub(super) fn keys_of(&self, path: &[&str]) -> Vec<&str> {
        let table = path.iter().try_fold(&self.table, |table, key| {
            table.get(*key)?.get_ref().as_table()
        });
        let mut keys: Vec<_> = table.into_iter().flat_map(DeTable::keys).collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter().map(|key| key.get_ref().as_ref()).collect()
    }

    /// The line of each key that has a value, by its name in `config show`: `server.timeout`, `notify.1.on`.
    pub(super) fn lines(&self) -> BTreeMap<String, usize> {
        let mut lines = BTreeMap::new();
        self.add_lines(&self.table, "", &mut lines);
        lines
    }

    fn add_lines(&self, table: &DeTable<'_>, above: &str, lines: &mut BTreeMap<String, usize>) {
        for (key, value) in table {
            let name = format!("{above}{}", show(key.get_ref()));
            match value.get_ref() {
                DeValue::Table(table) => self.add_lines(table, &format!("{name}."), lines),
                DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
                    for (number, item) in (1..).zip(items.iter()) {
                        if let Some(table) = item.get_ref().as_table() {
                            self.add_lines(table, &format!("{name}.{number}."), lines);
                        }
                    }
                }
                _ => {
                    let line = line(self.text.as_bytes(), key.span().start);
                    lines.insert(name, line);
                }
            }
        }
    }

    /// Checks that no table of `[[array]]` has two of these keys.
    pub(super) fn at_most_one(&self, array: &str, keys: &[&str]) -> Result<()> {
        let array_value = self.table.get(array).map(Spanned::get_ref);
        for item in array_value
            .and_then(DeValue::as_array)
            .into_iter()
            .flatten()
        {
            let Some(table) = item.get_ref().as_table() else {
                continue;
            };
            let found = keys.iter().filter_map(|key| table.get_key_value(*key));
            if let [(first, _), (second, _), ..] = found.collect::<Vec<_>>()[..] {
                let path = [array.to_owned(), second.get_ref().to_string()];
                let (first, at) = (first.get_ref(), second.span().start);
                let message =
                    format!("cannot be used together with {first}; write one [[{array}]] for each");
                return Err(self.error(&path, at, &message));
            }
        }
        Ok(())
    }

    fn error(&self, keys: &[String], at: usize, message: &str) -> ConfigError {
        let message = match keys {
            [key] if key == "notify" && message.starts_with("must be ") => {
                "must be a list of tables, each of which begins with [[notify]]"
            }
            _ => message,
        };
        let message = format!("{}: {message}", label(keys));
        ConfigError::at(self.path, line(self.text.as_bytes(), at), message)
    }
}

/// What a message of serde says without the secrets that it may quote. An error of ours is returned as it is.
fn explain(message: &str) -> String {
    let expected = || {
        let (_, expected) = message.rsplit_once(", expected ").unwrap_or_default();
        let list = expected.strip_prefix("one of ").unwrap_or(expected);
        list.replace('`', "").replace(" or ", ", ")
    };
    if message.starts_with("unknown field ") {
        format!("unknown key; known keys are {}", expected())
    } else if let Some(rest) = message.strip_prefix("unknown variant `") {
        // only fields that are no secret have a list of valid values
        let value = rest.rsplit_once("`, expected ").unwrap_or_default().0;
        format!("{} is not valid; use one of {}", quote(value), expected())
    } else if let Some(field) = message.strip_prefix("missing field ") {
        format!("needs {}", field.replace('`', ""))
    } else if message.starts_with("invalid type: ") || message.starts_with("invalid value: ") {
        match message.rsplit_once(", expected ").unwrap_or_default().1 {
            "i64" => "must be a whole number".to_owned(),
            "a sequence" => "must be a list".to_owned(),
            "a map" => "must be a table".to_owned(),
            expected => format!("must be {expected}"),
        }
    } else {
        message.to_owned()
    }
}

/// The keys that lead to the key or value at `span`, and where to point: at the key, or at the item of an array. A table
/// in an array has the key "".
fn find(table: &DeTable<'_>, span: &Range<usize>) -> Option<(Vec<String>, usize)> {
    table.iter().find_map(|(key, value)| {
        let inner = match value.get_ref() {
            DeValue::Table(table) => find(table, span),
            DeValue::Array(items) => items.iter().find_map(|item| {
                let table = item.get_ref().as_table();
                let here = || (item.span() == *span).then(|| item.span().start);
                match table {
                    Some(table) => {
                        find(table, span).or_else(|| Some((vec![String::new()], here()?)))
                    }
                    None => Some((Vec::new(), here()?)),
                }
            }),
            _ => None,
        };
        let here = || key.span() == *span || value.span() == *span;
        let (mut keys, at) = inner.or_else(|| here().then(|| (Vec::new(), key.span().start)))?;
        keys.insert(0, key.get_ref().to_string());
        Some((keys, at))
    })
}

/// `account`, `[server] timeout`, `[boxes.demo] id`, `[[notify]] telegram.chat`
fn label(keys: &[String]) -> String {
    let join = |keys: &[String]| {
        keys.iter()
            .map(|key| show(key))
            .collect::<Vec<_>>()
            .join(".")
    };
    match keys {
        [array, item] if array == "notify" && item.is_empty() => "[[notify]]".to_owned(),
        [array, rest @ ..] if array == "notify" && !rest.is_empty() => {
            let rest = if rest[0].is_empty() { &rest[1..] } else { rest };
            format!("[[notify]] {}", join(rest))
        }
        [table, name, rest @ ..]
            if ["accounts", "boxes"].contains(&&**table) && !rest.is_empty() =>
        {
            format!("[{table}.{}] {}", show(name), join(rest))
        }
        [table, rest @ ..] if !rest.is_empty() => format!("[{}] {}", show(table), join(rest)),
        keys => join(keys),
    }
}

/// A key without what a terminal must not receive.
pub(super) fn show(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    let shown: String = key.chars().take(60).collect();
    if !key.is_empty() && key.bytes().all(is_bare) {
        shown
    } else {
        format!("{shown:?}")
    }
}

/// The part before the `=` of the line at `at`, if it is a known key.
fn known_key(text: &str, at: usize) -> Option<&str> {
    let begin = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let (key, _) = text.get(begin..)?.lines().next()?.split_once('=')?;
    KEYS.split(' ')
        .any(|known| known == key.trim())
        .then_some(key)
}

/// The number of the line at `at`, from 1.
pub(super) fn line(text: &[u8], at: usize) -> usize {
    let before = text.iter().take(at);
    before.filter(|&&byte| byte == b'\n').count() + 1
}
