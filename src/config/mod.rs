//! The config file (scripting.md "Config").
//!
//! [`Config::load`] reads the file into [`Config`] by serde and checks it (`load`). An error names file, line and key, and
//! quotes no value that may be a secret. Serializing is for `config show`: secrets are masked. This module reads that one
//! file and the certificates that it names, and no environment variable.

mod command;
mod load;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use strum::{VariantArray as _, VariantNames as _};

pub use command::Command;
pub use load::shown_key;
pub(crate) use values::{MASK, is_loopback, parse_proxy};

use crate::model::account::Account;
use crate::model::opening::Rule;
use crate::secret::Secret;

/// Some calls are refused without the name of a browser (protocol.md §1).
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

/// Where the config is in an environment unless it is named (scripting.md, "Global flags"). `None` without a home.
pub(crate) fn default_config(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = default_folder(
        "CONFIGURATION_DIRECTORY",
        "XDG_CONFIG_HOME",
        ".config",
        variable,
    )?;
    Some(folder.join("config.toml"))
}

/// The same of the store.
pub(crate) fn default_store(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = default_folder(
        "STATE_DIRECTORY",
        "XDG_STATE_HOME",
        ".local/state",
        variable,
    )?;
    Some(folder.join("aimharder.db"))
}

/// The folder of systemd's service, or ours in the XDG folder, which is `below_home` by default.
fn default_folder(
    service: &str,
    xdg: &str,
    below_home: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let folder = |name| variable(name).filter(|value| !value.is_empty());
    // systemd separates several by colons, and ours is first
    let first = |folders| env::split_paths(&folders).find(|it| !it.as_os_str().is_empty());
    if let Some(folder) = folder(service).and_then(first) {
        return Some(folder);
    }
    let xdg = folder(xdg).map(PathBuf::from).filter(|it| it.is_absolute());
    let in_home = || Some(PathBuf::from(folder("HOME")?).join(below_home));
    Some(xdg.or_else(in_home)?.join("aimharder"))
}

/// The whole config, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The account of commands that name none.
    pub account: Option<Account>,
    /// `box`: the box of commands that name none.
    #[serde(rename = "box", with = "values::box_name")]
    pub box_name: Option<String>,
    /// Password source of `account`.
    pub password_command: Option<Command>,
    /// Part of every background fingerprint.
    #[serde(serialize_with = "values::masked_salt")]
    pub background_salt: String,
    /// Settings of single accounts.
    pub accounts: BTreeMap<Account, AccountConfig>,
    /// The interval between two looks at the schedule for watched classes, one minute or more.
    #[serde(with = "values::watch_every")]
    pub watch_every: Duration,
    /// By box name.
    pub boxes: BTreeMap<String, BoxConfig>,
    /// In the order of the file.
    pub notify: Vec<Notify>,
    /// Dead-man switches.
    pub ping: PingConfig,
    /// How the platform is reached.
    pub server: Server,
    /// `[store]`.
    pub store: StoreConfig,
    /// The file, or `None` for the default config.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// The line of each key of the file, by the folded name of [`Config::source`].
    #[serde(skip)]
    lines: BTreeMap<String, usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: None,
            box_name: None,
            password_command: None,
            background_salt: "aimharder-background-v1".to_owned(),
            accounts: BTreeMap::new(),
            watch_every: Duration::from_secs(120),
            boxes: BTreeMap::new(),
            notify: Vec::new(),
            ping: PingConfig::default(),
            server: Server::default(),
            store: StoreConfig::default(),
            path: None,
            lines: BTreeMap::new(),
        }
    }
}

/// `[accounts."ben@example.org"]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct AccountConfig {
    /// Prints the password.
    pub password_command: Option<Command>,
    /// Name of a systemd credential, which is a plain file name.
    #[serde(with = "values::credential")]
    pub credential: Option<String>,
}

/// `[boxes.crossfitdemo]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct BoxConfig {
    /// The platform's number of the box, 1 or more.
    pub id: Option<i64>,
    /// The time zone of the box.
    #[serde(with = "values::timezone")]
    pub timezone: Option<Tz>,
    /// When booking opens.
    pub opens: Option<Rule>,
    /// When booking of single classes opens, by class name.
    #[serde(deserialize_with = "values::opens_by_class")]
    pub opens_by_class: BTreeMap<String, Rule>,
    /// The time before the start of a class within which automation takes no place in it.
    #[serde(with = "values::lead")]
    pub lead: Option<Duration>,
}

/// `[store]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct StoreConfig {
    /// Prints the store key.
    pub key_command: Option<Command>,
}

/// What a notification is about (scripting.md "Config").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Event {
    /// A prebooking was booked, or promoted from the waiting list.
    Booked,
    /// A prebooking has a place on the waiting list.
    Waitlisted,
    /// A prebooking ended without a place.
    Failed,
    /// A prebooking was not booked and is tried again later.
    Postponed,
    /// A session cannot be renewed automatically.
    LoginRequired,
    /// The platform was unreachable for the third time in a row.
    Unreachable,
    /// A reported problem is over.
    Recovered,
}

impl Event {
    /// The name in config, JSON and `AIMHARDER_EVENT`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One `[[notify]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NotifyTable")]
pub struct Notify {
    /// The events, each once. All events if the config has no `on`.
    pub on: Vec<Event>,
    /// How they are delivered.
    #[serde(flatten)]
    pub channel: Channel,
}

/// How a notification is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// The event as one JSON line on stdin, its name in `AIMHARDER_EVENT`.
    Command(Command),
    /// A Discord webhook.
    Discord(#[serde(with = "values::hook")] Secret),
    /// An ntfy topic.
    Ntfy(#[serde(with = "values::hook")] Secret),
    /// A Telegram bot.
    Telegram(Telegram),
    /// The event as JSON by POST.
    Webhook(#[serde(with = "values::hook")] Secret),
}

impl Channel {
    /// Its key in the config.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

/// `telegram = { … }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Telegram {
    /// Prints the token of the bot.
    pub token_command: Command,
    /// Chat id or `@channel`.
    #[serde(with = "values::chat")]
    pub chat: String,
}

/// `[[notify]]` as it is written.
#[derive(Default, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table that begins with [[notify]]"
)]
struct NotifyTable {
    on: Option<Vec<Event>>,
    command: Option<Command>,
    #[serde(with = "values::hook")]
    discord: Option<Secret>,
    #[serde(with = "values::hook")]
    ntfy: Option<Secret>,
    telegram: Option<Telegram>,
    #[serde(with = "values::hook")]
    webhook: Option<Secret>,
}

impl TryFrom<NotifyTable> for Notify {
    type Error = String;

    fn try_from(table: NotifyTable) -> Result<Self, String> {
        let channels = [
            table.command.map(Channel::Command),
            table.discord.map(Channel::Discord),
            table.ntfy.map(Channel::Ntfy),
            table.telegram.map(Channel::Telegram),
            table.webhook.map(Channel::Webhook),
        ];
        let mut channels = channels.into_iter().flatten();
        let (Some(channel), None) = (channels.next(), channels.next()) else {
            let names = Channel::VARIANTS.join(", ");
            return Err(format!("needs exactly one channel, one of {names}"));
        };
        let mut on = table.on.unwrap_or_else(|| Event::VARIANTS.to_vec());
        let mut seen = BTreeSet::new();
        on.retain(|event| seen.insert(*event));
        if on.is_empty() {
            return Err("needs an event in `on`, or no `on` for all events".to_owned());
        }
        Ok(Self { on, channel })
    }
}

/// `[ping]`: dead-man switches, called as URL/start, URL and URL/fail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct PingConfig {
    /// For `refresh`.
    #[serde(with = "values::hook")]
    pub refresh: Option<Secret>,
    /// For `prebook run`.
    #[serde(with = "values::hook")]
    pub prebook: Option<Secret>,
}

/// `[server]`: another domain, a proxy, or a local stand-in for the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Server {
    /// DNS name of at least two labels, in lower case.
    #[serde(with = "values::domain")]
    pub domain: String,
    /// The only login flow that is used. `None`: the JSON flow, and the form flow if the server does not have it.
    #[serde(with = "values::login")]
    pub login: Option<LoginFlow>,
    /// HTTPS, or plain HTTP to loopback.
    pub scheme: Scheme,
    /// Every host of the domain is reached there. Never set together with `proxy`.
    #[serde(with = "values::connect_to")]
    pub connect_to: Option<SocketAddr>,
    /// PEM file of further certificate authorities, relative to the directory of the config.
    #[serde(with = "values::ca_file")]
    pub ca_file: Option<PathBuf>,
    /// The URL of a proxy: http, https, socks5 or socks5h. It may contain a password.
    #[serde(with = "values::proxy")]
    pub proxy: Option<Secret>,
    /// Of one request, never zero.
    #[serde(with = "values::timeout")]
    pub timeout: Duration,
    /// A header value of printable ASCII.
    #[serde(with = "values::user_agent")]
    pub user_agent: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            domain: "aimharder.com".to_owned(),
            login: None,
            scheme: Scheme::default(),
            connect_to: None,
            ca_file: None,
            proxy: None,
            timeout: Duration::from_secs(15),
            user_agent: USER_AGENT.to_owned(),
        }
    }
}

/// A login flow (protocol.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum LoginFlow {
    /// `POST /api/login`, which the web page uses since spring 2026 (protocol.md §2a).
    Json,
    /// The form with the iframe (protocol.md §2b).
    Form,
}

/// The scheme of every URL of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, strum::AsRefStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Scheme {
    /// HTTP over TLS.
    #[default]
    Https,
    /// Plain HTTP, only with a loopback `connect_to`.
    Http,
}

#[cfg(test)]
mod tests;
