//! The config file (scripting.md "Config").
//!
//! [`Config::load`] reads the whole file and checks it. A fault is one message with file, line and key; it quotes no value
//! that may be a secret. This module reads that one file and the certificates that it names, and no environment variable.

mod command;
mod document;
mod error;
mod notify;
mod secret_url;
mod server;
mod values;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use serde::Deserialize;

pub use command::Command;
pub use error::ConfigError;
pub use notify::{Channel, Event, Notify, Ping, Telegram};
pub use secret_url::SecretUrl;
pub use server::{LoginFlow, Scheme, Server};

use crate::model::account::Account;
use crate::model::opening::Rule;
use crate::text::fold;
use document::{Document, Result};

const BACKGROUND_SALT: &str = "aimharder-background-v1";
const WATCH_EVERY: Duration = Duration::from_secs(120);
/// A larger file is not a config, and `/dev/zero` has no end.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// The whole config, checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The account of commands that name none.
    #[serde(deserialize_with = "values::account")]
    pub account: Option<Account>,
    /// `box`: the box of commands that name none.
    #[serde(rename = "box", deserialize_with = "values::box_name")]
    pub box_name: Option<String>,
    /// Password source of `account`.
    pub password_command: Option<Command>,
    /// Part of every background fingerprint.
    pub background_salt: String,
    /// Settings of single accounts.
    pub accounts: BTreeMap<Account, AccountConfig>,
    /// The interval between two looks at the schedule for watched classes, one minute or more.
    #[serde(deserialize_with = "values::watch_every")]
    pub watch_every: Duration,
    /// By box name.
    pub boxes: BTreeMap<String, BoxConfig>,
    /// In the order of the file.
    pub notify: Vec<Notify>,
    /// Dead-man switches.
    pub ping: Ping,
    /// How the platform is reached.
    pub server: Server,
    /// `[store]`.
    pub store: StoreConfig,
    /// The file, or `None` for the default config.
    #[serde(skip)]
    pub path: Option<PathBuf>,
}

/// `[accounts."ben@example.org"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct AccountConfig {
    /// Prints the password.
    pub password_command: Option<Command>,
    /// Name of a systemd credential, which is a plain file name.
    #[serde(deserialize_with = "values::credential")]
    pub credential: Option<String>,
}

/// `[boxes.crossfitdemo]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct BoxConfig {
    /// The platform's number of the box, 1 or more.
    #[serde(deserialize_with = "values::box_id")]
    pub id: Option<i64>,
    /// The time zone of the box.
    #[serde(deserialize_with = "values::timezone")]
    pub timezone: Option<Tz>,
    /// When booking opens.
    #[serde(deserialize_with = "values::opens")]
    pub opens: Option<Rule>,
    /// When booking of single classes opens, by class name.
    #[serde(deserialize_with = "values::opens_by_class")]
    pub opens_by_class: BTreeMap<String, Rule>,
    /// The time before the start of a class within which automation takes no place in it.
    #[serde(deserialize_with = "values::lead")]
    pub lead: Option<Duration>,
}

/// `[store]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct StoreConfig {
    /// Prints the store key.
    pub key_command: Option<Command>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: None,
            box_name: None,
            password_command: None,
            background_salt: BACKGROUND_SALT.to_owned(),
            accounts: BTreeMap::new(),
            watch_every: WATCH_EVERY,
            boxes: BTreeMap::new(),
            notify: Vec::new(),
            ping: Ping::default(),
            server: Server::default(),
            store: StoreConfig::default(),
            path: None,
        }
    }
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// A file that is missing, unreadable, larger than 1 MiB, not UTF-8 or not a valid config.
    pub fn load(path: &Path) -> Result<Self> {
        Self::check(&read_text(path)?, path, true)
    }

    /// The line of each key that has a value, by its name in `config show`: `server.timeout`, `notify.1.on`.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn lines(path: &Path) -> Result<BTreeMap<String, usize>> {
        Ok(Document::parse(path, &read_text(path)?)?.lines())
    }

    /// Checks the text of the file at `path`, which is not read: it is named in errors, and relative paths start from
    /// its directory. Files that the text names are not looked at either.
    ///
    /// # Errors
    /// A text that is not a valid config.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        Self::check(text, path, false)
    }

    fn check(text: &str, path: &Path, look: bool) -> Result<Self> {
        let document = Document::parse(path, text)?;
        check_names(&document)?;
        let mut config: Self = document.read()?;
        document.at_most_one("notify", &notify::CHANNELS)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.server.complete(&document, folder, look)?;
        config.path = Some(path.to_owned());
        Ok(config)
    }
}

/// Checks the names of accounts and boxes. They are keys, whose spelling is lost when the tables become maps.
fn check_names(document: &Document<'_>) -> Result<()> {
    let mut accounts = Vec::new();
    for name in document.keys_of(&["accounts"]) {
        let fault = |message: &str| document.error_at(&["accounts", name], message);
        let account: Account = name.parse().map_err(|e: String| fault(&e))?;
        if accounts.contains(&account) {
            return Err(fault(
                "is the same account again; upper and lower case do not matter",
            ));
        }
        accounts.push(account);
    }
    for name in document.keys_of(&["boxes"]) {
        values::check_box_name(name).map_err(|e| document.error_at(&["boxes", name], &e))?;
        check_class_names(document, name)?;
    }
    Ok(())
}

/// Checks the class names of `[boxes.NAME.opens_by_class]`, whose case and accents are ignored.
fn check_class_names(document: &Document<'_>, name: &str) -> Result<()> {
    let table = ["boxes", name, "opens_by_class"];
    let mut classes = Vec::new();
    for class in document.keys_of(&table) {
        let [boxes, name, opens] = table;
        let fault = |message| document.error_at(&[boxes, name, opens, class], message);
        let folded = fold(class.trim());
        if folded.is_empty() {
            return Err(fault("is not a class name"));
        }
        if classes.contains(&folded) {
            return Err(fault(
                "is the same class again; case and accents are ignored",
            ));
        }
        classes.push(folded);
    }
    Ok(())
}

/// A key as it is written in TOML, with quotes if it needs them.
pub fn shown_key(key: &str) -> String {
    document::show(key)
}

fn read_text(path: &Path) -> Result<String> {
    let bytes = read(path).map_err(|error| ConfigError::read(path, &error))?;
    if bytes.len() as u64 > MAX_CONFIG_BYTES {
        let message = "cannot read the config: over 1 MiB".to_owned();
        return Err(ConfigError::file(path, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = document::line(error.as_bytes(), error.utf8_error().valid_up_to());
        ConfigError::at(path, line, "not UTF-8 text".to_owned())
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_CONFIG_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
