//! The TOML document while it is read: sections and fields that know their line and their name, so that every fault
//! can be told in one line. Knows no key of ours.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::command::Command;
use super::error::{ConfigError, lower_first};

pub(super) type Result<T> = std::result::Result<T, ConfigError>;

/// The text and where it came from.
#[derive(Clone, Copy)]
pub(super) struct Doc<'a> {
    pub(super) path: &'a Path,
    text: &'a str,
    /// every key there is, for faults that leave no document to look into
    known: &'a [&'a str],
    /// are the files that it names looked at, too?
    pub(super) files: bool,
}

impl<'a> Doc<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str, known: &'a [&'a str], files: bool) -> Self {
        Self {
            path,
            text,
            known,
            files,
        }
    }

    pub(super) fn table(self) -> Result<DeTable<'a>> {
        match DeTable::parse(self.text) {
            Ok(table) => Ok(table.into_inner()),
            Err(error) => Err(self.syntax(error.message(), error.span())),
        }
    }

    /// A fault of the TOML itself; a duplicate key's name or one of ours is told, never the line.
    fn syntax(self, message: &str, span: Option<Range<usize>>) -> ConfigError {
        let message = lower_first(message);
        let span = span.unwrap_or_default();
        let name = self
            .text
            .get(span.clone())
            .filter(|_| message.contains("duplicate key"));
        let name = name.or_else(|| self.known_key(span.start));
        let key = name.map(|name| format!("{}: ", show(name.trim())));
        self.error(span.start, format!("{}{message}", key.unwrap_or_default()))
    }

    /// What stands before the `=` of this line, where it is one of our keys: anything else may be part of a secret.
    fn known_key(self, at: usize) -> Option<&'a str> {
        let line = self
            .text
            .get(..at)?
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let (name, _) = self.text.get(line..)?.lines().next()?.split_once('=')?;
        self.known.contains(&name.trim()).then_some(name)
    }

    fn error(self, at: usize, message: String) -> ConfigError {
        let before = self.text.as_bytes().iter().take(at);
        let line = before.filter(|&&byte| byte == b'\n').count() + 1;
        ConfigError::at(self.path, line, message)
    }
}

/// A key's name without what a terminal must not see.
fn show(name: &str) -> String {
    let bare = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let shown: String = name.chars().take(60).collect();
    if bare && !name.is_empty() {
        shown
    } else {
        format!("{shown:?}")
    }
}

/// A table: the whole file, `[server]`, one `[[notify]]`, …
pub(super) struct Section<'a> {
    pub(super) doc: Doc<'a>,
    /// what comes before a key in a message: "", "[server] ", "[[notify]] telegram."
    prefix: String,
    at: usize,
    table: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    pub(super) fn top(doc: Doc<'a>, table: &'a DeTable<'a>) -> Self {
        Self {
            doc,
            prefix: String::new(),
            at: 0,
            table,
        }
    }

    /// Refuses every key that is not among `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<()> {
        let mut keys: Vec<_> = self.table.keys().collect();
        keys.sort_by_key(|key| key.span().start);
        match keys
            .iter()
            .find(|key| !known.contains(&key.get_ref().as_ref()))
        {
            None => Ok(()),
            Some(key) => Err(self.doc.error(
                key.span().start,
                format!(
                    "{}{}: unknown key, known are {}",
                    self.prefix,
                    show(key.get_ref()),
                    known.join(", ")
                ),
            )),
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<Field<'a>> {
        let (key, value) = self.table.get_key_value(key)?;
        Some(self.field(key.get_ref(), key.span().start, value))
    }

    /// All entries, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'a str, Field<'a>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let field = |(key, value): (&'a Spanned<_>, &'a Spanned<_>)| {
            let name: &'a std::borrow::Cow<'a, str> = key.get_ref();
            (name.as_ref(), self.field(name, key.span().start, value))
        };
        entries.into_iter().map(field).collect()
    }

    /// The value of `key`, read as a string by `read`; its fault is told with the key.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> std::result::Result<T, String>,
    ) -> Result<Option<T>> {
        self.find(key).map(|field| field.parsed(read)).transpose()
    }

    /// What `read` makes of the field `key`; the default where there is none.
    pub(super) fn read<T: Default>(
        &self,
        key: &str,
        read: impl FnOnce(&Field) -> Result<T>,
    ) -> Result<T> {
        let field = self.find(key);
        field.map_or_else(|| Ok(T::default()), |field| read(&field))
    }

    pub(super) fn command(&self, key: &str) -> Result<Option<Command>> {
        self.find(key).map(|field| field.command()).transpose()
    }

    /// A fault of the section as a whole.
    pub(super) fn error(&self, message: &str) -> ConfigError {
        let name = self.prefix.trim_end_matches([' ', '.']);
        self.doc.error(self.at, format!("{name}: {message}"))
    }

    fn field(&self, name: &str, at: usize, value: &'a Spanned<DeValue<'a>>) -> Field<'a> {
        Field {
            doc: self.doc,
            label: format!("{}{}", self.prefix, show(name)),
            at,
            value,
        }
    }
}

/// One key and its value.
pub(super) struct Field<'a> {
    doc: Doc<'a>,
    label: String,
    at: usize,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Field<'a> {
    pub(super) fn error(&self, message: &str) -> ConfigError {
        self.doc
            .error(self.at, format!("{}: {message}", self.label))
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        self.value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.error("must be a string"))
    }

    pub(super) fn parsed<T>(
        &self,
        read: impl FnOnce(&str) -> std::result::Result<T, String>,
    ) -> Result<T> {
        read(self.text()?).map_err(|message| self.error(&message))
    }

    pub(super) fn integer(&self) -> Result<i64> {
        let integer = self.value.get_ref().as_integer();
        let integer = integer.ok_or_else(|| self.error("must be a whole number"))?;
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix());
        parsed.map_err(|_| self.error("is too large a number"))
    }

    /// A list of strings; each comes with its own line.
    pub(super) fn texts(&self) -> Result<Vec<(Self, &'a str)>> {
        let wrong = "must be a list of strings";
        let items = self
            .value
            .get_ref()
            .as_array()
            .ok_or_else(|| self.error(wrong))?;
        let text = |value: &'a Spanned<DeValue<'a>>| {
            let item = Self {
                doc: self.doc,
                label: self.label.clone(),
                at: value.span().start,
                value,
            };
            let text = value.get_ref().as_str().ok_or_else(|| item.error(wrong))?;
            Ok((item, text))
        };
        items.iter().map(text).collect()
    }

    /// A command: a list is run as it is, a string by `sh -c`.
    pub(super) fn command(&self) -> Result<Command> {
        let command = match self.value.get_ref() {
            DeValue::String(line) => Command::shell(line),
            DeValue::Array(_) => {
                let words = self.texts()?.into_iter().map(|(_, word)| word.to_owned());
                Command::list(words.collect())
            }
            _ => Err("must be a string or a list of strings".to_owned()),
        };
        command.map_err(|message| self.error(&message))
    }

    /// A table whose keys are told after `prefix`.
    pub(super) fn section(&self, prefix: String) -> Result<Section<'a>> {
        let table = self.value.get_ref().as_table();
        Ok(Section {
            doc: self.doc,
            prefix,
            at: self.at,
            table: table.ok_or_else(|| self.error("must be a table"))?,
        })
    }

    /// The tables of `[[name]]`.
    pub(super) fn sections(&self, prefix: &str) -> Result<Vec<Section<'a>>> {
        let wrong = || {
            self.error(&format!(
                "must be tables, each begun by {}",
                prefix.trim_end()
            ))
        };
        let items = self.value.get_ref().as_array().ok_or_else(wrong)?;
        let section = |item: &'a Spanned<DeValue<'a>>| {
            Ok(Section {
                doc: self.doc,
                prefix: prefix.to_owned(),
                at: item.span().start,
                table: item.get_ref().as_table().ok_or_else(wrong)?,
            })
        };
        items.iter().map(section).collect()
    }

    /// What comes before a key inside this field's inline table.
    pub(super) fn inner_prefix(&self) -> String {
        format!("{}.", self.label)
    }
}
