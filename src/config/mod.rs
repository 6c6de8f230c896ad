//! `config.toml` (scripting.md "Config"): read whole, checked whole, or refused in one line that names file, line and key
//! and quotes nothing that may be a secret. Reads that one file only; looks at no environment and no defaults of place.

mod command;
mod doc;
mod error;
mod notify;
mod secret_url;
mod server;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;

pub use command::Command;
pub use error::ConfigError;
pub use notify::{Channel, Event, Notify, Ping};
pub use secret_url::SecretUrl;
pub use server::{LoginFlow, Scheme, Server};

use crate::model::account::Account;
use crate::model::label::is_label;
use crate::model::opening::Rule;
use crate::model::zone::parse_zone;
use crate::text::quote;
use doc::{Doc, Field, Result, Section};

const BACKGROUND_SALT: &str = "aimharder-background-v1";
/// More than this is no config, and `/dev/zero` has no end.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
const KEYS: [&str; 10] = [
    "account",
    "box",
    "password_command",
    "background_salt",
    "accounts",
    "boxes",
    "notify",
    "ping",
    "server",
    "store",
];

const ACCOUNT_KEYS: [&str; 2] = ["password_command", "credential"];
const STORE_KEYS: [&str; 1] = ["key_command"];
const BOX_KEYS: [&str; 3] = ["id", "timezone", "opens"];

/// The whole config, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// the account meant where none is named
    pub account: Option<Account>,
    /// `box`: the box meant where none is named
    pub box_name: Option<String>,
    /// of `account`
    pub password_command: Option<Command>,
    /// part of every background fingerprint
    pub background_salt: String,
    /// what is set for one account each
    pub accounts: BTreeMap<Account, AccountConfig>,
    /// by box name
    pub boxes: BTreeMap<String, BoxConfig>,
    /// in the order of the file
    pub notify: Vec<Notify>,
    /// dead-man switches
    pub ping: Ping,
    /// where and how the platform is reached
    pub server: Server,
    /// prints the key that seals the store's secrets
    pub key_command: Option<Command>,
    /// the file it came from; `None` for the default
    pub path: Option<PathBuf>,
}

/// `[accounts."ben@example.org"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountConfig {
    /// prints the password
    pub password_command: Option<Command>,
    /// name of a systemd credential: one file name
    pub credential: Option<String>,
}

/// `[boxes.crossfitdemo]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoxConfig {
    /// the platform's number, 1 or more
    pub id: Option<i64>,
    /// whose wall clock counts
    pub timezone: Option<Tz>,
    /// when booking opens
    pub opens: Option<Rule>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: None,
            box_name: None,
            password_command: None,
            background_salt: BACKGROUND_SALT.to_owned(),
            accounts: BTreeMap::new(),
            boxes: BTreeMap::new(),
            notify: Vec::new(),
            ping: Ping::default(),
            server: Server::default(),
            key_command: None,
            path: None,
        }
    }
}

impl Config {
    /// Reads and checks the file. One that is missing is an error here: where that is fine, callers look first.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = read(path).map_err(|error| ConfigError::read(path, &error))?;
        if bytes.len() as u64 > MAX_CONFIG_BYTES {
            return Err(ConfigError::file(
                path,
                "cannot read the config: over 1 MiB".to_owned(),
            ));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::check(&text, path, true),
            Err(error) => {
                let sound = error.utf8_error().valid_up_to();
                let lines = error
                    .as_bytes()
                    .iter()
                    .take(sound)
                    .filter(|&&byte| byte == b'\n')
                    .count();
                Err(ConfigError::at(
                    path,
                    lines + 1,
                    "not UTF-8 text".to_owned(),
                ))
            }
        }
    }

    /// Checks the text of the file at `path`, which is not read: it is named in errors, and relative paths count from
    /// its folder. Files that the text names are not looked at either.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        Self::check(text, path, false)
    }

    fn check(text: &str, path: &Path, files: bool) -> Result<Self> {
        let known = every_key();
        let doc = Doc::new(path, text, &known, files);
        let table = doc.table()?;
        let top = Section::top(doc, &table);
        top.only(&KEYS)?;
        Ok(Self {
            account: top.parsed("account", str::parse)?,
            box_name: top.parsed("box", box_name)?,
            password_command: top.command("password_command")?,
            background_salt: top
                .parsed("background_salt", |salt| Ok(salt.to_owned()))?
                .unwrap_or_else(|| BACKGROUND_SALT.to_owned()),
            accounts: top.read("accounts", accounts)?,
            boxes: top.read("boxes", boxes)?,
            notify: top.read("notify", notify::read_notify)?,
            ping: top.read("ping", notify::read_ping)?,
            server: top.read("server", server::read_server)?,
            key_command: top.read("store", key_command)?,
            path: Some(path.to_owned()),
        })
    }
}

fn every_key() -> Vec<&'static str> {
    let boxes_and_accounts = [&KEYS[..], &ACCOUNT_KEYS, &BOX_KEYS, &STORE_KEYS];
    let others = [&notify::KEYS[..], &notify::PING_KEYS, &server::KEYS];
    [&boxes_and_accounts[..], &others[..]].concat().concat()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_CONFIG_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn accounts(field: &Field) -> Result<BTreeMap<Account, AccountConfig>> {
    let mut accounts = BTreeMap::new();
    for (name, entry) in field.section("[accounts] ".to_owned())?.entries() {
        let account = name.parse().map_err(|e: String| entry.error(&e))?;
        let section = entry.section(format!("[accounts.{}] ", quote(name)))?;
        section.only(&ACCOUNT_KEYS)?;
        let config = AccountConfig {
            password_command: section.command("password_command")?,
            credential: section.parsed("credential", credential)?,
        };
        if accounts.insert(account, config).is_some() {
            return Err(entry.error("the same account twice, upper and lower case are one"));
        }
    }
    Ok(accounts)
}

fn boxes(field: &Field) -> Result<BTreeMap<String, BoxConfig>> {
    let mut boxes = BTreeMap::new();
    for (name, entry) in field.section("[boxes] ".to_owned())?.entries() {
        let name = box_name(name).map_err(|message| entry.error(&message))?;
        let section = entry.section(format!("[boxes.{name}] "))?;
        section.only(&BOX_KEYS)?;
        let config = BoxConfig {
            id: section.find("id").map(|field| box_id(&field)).transpose()?,
            timezone: section.parsed("timezone", parse_zone)?,
            opens: section.parsed("opens", str::parse)?,
        };
        boxes.insert(name, config);
    }
    Ok(boxes)
}

fn key_command(field: &Field) -> Result<Option<Command>> {
    let section = field.section("[store] ".to_owned())?;
    section.only(&STORE_KEYS)?;
    section.command("key_command")
}

fn box_id(field: &Field) -> Result<i64> {
    match field.integer()? {
        id if id > 0 => Ok(id),
        _ => Err(field.error("must be 1 or more, for example 10122")),
    }
}

fn box_name(raw: &str) -> std::result::Result<String, String> {
    if is_label(raw) {
        Ok(raw.to_owned())
    } else {
        Err(format!(
            "{} is no box name, for example crossfitdemo",
            quote(raw)
        ))
    }
}

/// A credential is a file in systemd's folder, and nowhere else.
fn credential(raw: &str) -> std::result::Result<String, String> {
    let odd = |c: char| c == '/' || c.is_control();
    if raw.is_empty() || raw == "." || raw == ".." || raw.contains(odd) {
        return Err(format!(
            "{} is no credential name, for example ben-password",
            quote(raw)
        ));
    }
    Ok(raw.to_owned())
}

#[cfg(test)]
mod tests;
