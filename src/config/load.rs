//! From the text of the file to a checked [`Config`], or to an error with file, line and key.
//!
//! The messages of serde quote values, which may be secrets: [`explain`] keeps only what they expect.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::{Config, Scheme, values};
use crate::error::Failure;
use crate::text::{fit, quote, why};

/// A larger file is not a config, and `/dev/zero` has no end.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Longer keys are cut in errors.
const MAX_KEY_WIDTH: usize = 200;
/// The first line of a certificate in a PEM file.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Where a key is in the text. An item of a list has a number for a key.
struct KeySpan {
    /// As in `config show`: `server.timeout`, `notify.1.on`.
    name: String,
    key: Range<usize>,
    value: Range<usize>,
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// A file that is missing, unreadable, larger than 1 MiB, not UTF-8 or not a valid config; an unusable `ca_file`.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let config = Self::parse(&read(path)?, path)?;
        config.check_ca_file()?;
        Ok(config)
    }

    /// Checks the text of the file at `path`, which is not read: it is named in errors, and relative paths start from
    /// its directory. Files that the text names are not read either.
    ///
    /// # Errors
    /// A text that is not a valid config.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        let line_ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line_at = |at: usize| 1 + line_ends.partition_point(|end| *end < at);
        let table = DeTable::parse(text).map_err(|e| {
            let span = e.span().unwrap_or_default();
            let line = Some(line_at(span.start));
            let is_duplicate = e.message().contains("duplicate key");
            // any other text may be part of a secret
            let key = text.get(span).filter(|_| is_duplicate);
            let key = key.map(shown_key).unwrap_or_default();
            fault(path, line, &key, e.message())
        })?;
        let mut spans = Vec::new();
        add_table(table.get_ref(), "", &mut spans);
        spans.sort_by_key(|span| span.key.start);
        let mut config = Self::deserialize(Deserializer::from(table)).map_err(|e| {
            let at = e.span().unwrap_or_default();
            let span = spans.iter().find(|it| it.key == at || it.value == at);
            let line = span.map(|span| line_at(span.key.start));
            let key = span.map_or("", |span| &span.name);
            fault(path, line, key, &explain(key, e.message()))
        })?;
        config.path = Some(path.to_owned());
        for KeySpan { name, key, .. } in spans {
            let line = line_at(key.start);
            if config.lines.insert(folded(&name), line).is_some() {
                return Err(config.error(&name, "is the same name again; case is ignored"));
            }
        }
        config.check()?;
        if let (Some(file), Some(folder)) = (&mut config.server.ca_file, path.parent()) {
            *file = folder.join(&file);
        }
        Ok(config)
    }

    /// Checks what one value alone does not show.
    fn check(&self) -> Result<(), Failure> {
        for (name, its) in &self.boxes {
            let key = format!("boxes.{}", shown_key(name));
            values::check_box_name(name).map_err(|e| self.error(&key, &e))?;
            if its.id.is_some_and(|id| id < 1) {
                return Err(
                    self.error(&format!("{key}.id"), "must be 1 or more, for example 10122")
                );
            }
        }
        let server = &self.server;
        if server.proxy.is_some() && server.connect_to.is_some() {
            return Err(self.error("server.connect_to", "cannot be used together with proxy"));
        }
        let is_loopback = server.connect_to.is_some_and(|to| to.ip().is_loopback());
        if server.scheme == Scheme::Http && !is_loopback {
            let message =
                "\"http\" needs a loopback connect_to, for example connect_to = \"127.0.0.1:8080\"";
            return Err(self.error("server.scheme", message));
        }
        Ok(())
    }

    /// Checks that `ca_file` contains a certificate.
    fn check_ca_file(&self) -> Result<(), Failure> {
        let Some(file) = &self.server.ca_file else {
            return Ok(());
        };
        // opening a FIFO could wait forever
        let pem = match fs::metadata(file) {
            Ok(facts) if !facts.is_file() => Err(io::Error::other("not a file")),
            Ok(_) => fs::read(file),
            Err(e) => Err(e),
        };
        let shown = file.display();
        let message = match pem {
            Ok(pem) if String::from_utf8_lossy(&pem).contains(CERTIFICATE) => return Ok(()),
            Ok(_) => format!("{shown} contains no certificate in PEM form"),
            Err(e) => format!("cannot read {shown}: {}", why(&e)),
        };
        Err(self.error("server.ca_file", &message))
    }

    /// Where the file sets a key, by its name in `config show` (`server.timeout`, `notify.1.on`): the path and the line.
    pub(crate) fn source(&self, key: &str) -> Option<String> {
        let line = self.lines.get(&folded(key))?;
        Some(file_and_line(self.path.as_deref()?, Some(*line)))
    }

    /// An error about the value of a key.
    pub(crate) fn error(&self, key: &str, message: &str) -> Failure {
        let path = self.path.as_deref().unwrap_or(Path::new("config"));
        fault(path, self.lines.get(&folded(key)).copied(), key, message)
    }
}

/// The text of the file.
fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |why: &str| {
        let message = format!("cannot read the config: {why}");
        fault(path, None, "", &message)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| unreadable(&why(&e)))?;
    file.take(MAX_CONFIG_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(&why(&e)))?;
    if bytes.len() as u64 > MAX_CONFIG_BYTES {
        return Err(unreadable("over 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let (valid, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = valid.split(|byte| *byte == b'\n').count();
        fault(path, Some(line), "", "not UTF-8 text")
    })
}

/// `/etc/aimharder/config.toml:3: server.timeout: …`
fn fault(path: &Path, line: Option<usize>, key: &str, message: &str) -> Failure {
    let key = if key.is_empty() {
        String::new()
    } else {
        format!("{}: ", fit(key, MAX_KEY_WIDTH))
    };
    Failure::usage(format!("{}: {key}{message}", file_and_line(path, line)))
}

fn file_and_line(path: &Path, line: Option<usize>) -> String {
    let path = path.display().to_string().replace(char::is_control, "?");
    line.map_or(path.clone(), |line| format!("{path}:{line}"))
}

/// Adds the spans of all keys and items of a table whose name is `above`.
fn add_table(table: &DeTable<'_>, above: &str, spans: &mut Vec<KeySpan>) {
    for (key, value) in table {
        let name = format!("{above}{}", shown_key(key.get_ref().trim()));
        add_value(name, key.span(), value, spans);
    }
}

fn add_value(
    name: String,
    key: Range<usize>,
    value: &Spanned<DeValue<'_>>,
    spans: &mut Vec<KeySpan>,
) {
    match value.get_ref() {
        DeValue::Table(table) => add_table(table, &format!("{name}."), spans),
        DeValue::Array(items) => {
            for (number, item) in (1..).zip(items.iter()) {
                add_value(format!("{name}.{number}"), item.span(), item, spans);
            }
        }
        _ => {}
    }
    let value = value.span();
    spans.push(KeySpan { name, key, value });
}

/// What a message of serde about a key says without the secrets that it may quote. An error of ours is returned as it is.
fn explain(key: &str, message: &str) -> String {
    let (found, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let list = expected
        .trim_start_matches("one of ")
        .replace('`', "")
        .replace(" or ", ", ");
    if found.starts_with("unknown field ") {
        let hint = match key {
            "id" | "timezone" | "opens" | "opens_by_class" | "lead" => {
                ", which belongs to [boxes.NAME]"
            }
            _ if is_top_level(key) => ", which belongs above the first [table]",
            _ => "",
        };
        format!("unknown key{hint}; known keys are {list}")
    } else if let Some(value) = found.strip_prefix("unknown variant ") {
        // only keys whose values are no secrets have a list of valid values
        format!(
            "{} is not valid; use one of {list}",
            quote(value.trim_matches('`'))
        )
    } else if let Some(field) = message.strip_prefix("missing field ") {
        format!("needs {}", field.replace('`', ""))
    } else if found.starts_with("invalid type: ") || found.starts_with("invalid value: ") {
        match expected {
            "i64" => "must be a whole number".to_owned(),
            "a map" => "must be a table".to_owned(),
            "a sequence" if key == "notify" => {
                "must be a list of tables, each of which begins with [[notify]]".to_owned()
            }
            "a sequence" => "must be a list".to_owned(),
            expected => format!("must be {expected}"),
        }
    } else {
        message.to_owned()
    }
}

/// Whether a key that a table does not have is one of the file itself.
fn is_top_level(key: &str) -> bool {
    let name = key.rsplit_once('.').map(|(_, name)| name);
    let top_level = [
        "account",
        "box",
        "password_command",
        "background_salt",
        "watch_every",
    ];
    name.is_some_and(|name| top_level.contains(&name))
}

/// A key as it is written in TOML, with quotes if it needs them.
pub fn shown_key(key: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if !key.is_empty() && key.bytes().all(is_bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}

/// A key without quotes and case.
fn folded(key: &str) -> String {
    key.to_lowercase().replace('"', "")
}
