//! `[[notify]]` and `[ping]`: notifications and dead-man switches.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use super::command::Command;
use super::secret_url::SecretUrl;
use super::values;

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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NotifyTable")]
pub struct Notify {
    /// The events, each once. All events if the config has no `on`.
    pub on: Vec<Event>,
    /// How they are delivered.
    pub channel: Channel,
}

/// How a notification is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// The event as one JSON line on stdin, its name in `AIMHARDER_EVENT`.
    Command(Command),
    /// A Discord webhook.
    Discord(SecretUrl),
    /// An ntfy topic.
    Ntfy(SecretUrl),
    /// A Telegram bot.
    Telegram(Telegram),
    /// The event as JSON by POST.
    Webhook(SecretUrl),
}

/// `telegram = { … }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Telegram {
    /// Prints the token of the bot.
    pub token_command: Command,
    /// Chat id or `@channel`.
    #[serde(deserialize_with = "values::chat")]
    pub chat: String,
}

pub(super) const CHANNELS: [&str; 5] = ["command", "discord", "ntfy", "telegram", "webhook"];

impl Channel {
    /// Its key in the config.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Discord(_) => "discord",
            Self::Ntfy(_) => "ntfy",
            Self::Telegram(_) => "telegram",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// `[[notify]]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct NotifyTable {
    on: Option<Vec<Event>>,
    command: Option<Command>,
    #[serde(default, deserialize_with = "values::hook")]
    discord: Option<SecretUrl>,
    #[serde(default, deserialize_with = "values::hook")]
    ntfy: Option<SecretUrl>,
    telegram: Option<Telegram>,
    #[serde(default, deserialize_with = "values::hook")]
    webhook: Option<SecretUrl>,
}

impl TryFrom<NotifyTable> for Notify {
    type Error = String;

    /// Takes the first channel. That there is no second one is checked with the lines of the file at hand.
    fn try_from(table: NotifyTable) -> Result<Self, String> {
        let channel = None
            .or(table.command.map(Channel::Command))
            .or(table.discord.map(Channel::Discord))
            .or(table.ntfy.map(Channel::Ntfy))
            .or(table.telegram.map(Channel::Telegram))
            .or(table.webhook.map(Channel::Webhook))
            .ok_or_else(|| format!("needs a channel, one of {}", CHANNELS.join(", ")))?;
        let mut on = Vec::new();
        for event in table.on.unwrap_or_else(|| Event::VARIANTS.to_vec()) {
            if !on.contains(&event) {
                on.push(event);
            }
        }
        if on.is_empty() {
            return Err("needs an event in `on`, or no `on` for all events".to_owned());
        }
        Ok(Self { on, channel })
    }
}

/// `[ping]`: dead-man switches, called as URL/start, URL and URL/fail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Ping {
    /// For `refresh`.
    #[serde(deserialize_with = "values::hook")]
    pub refresh: Option<SecretUrl>,
    /// For `prebook run`.
    #[serde(deserialize_with = "values::hook")]
    pub prebook: Option<SecretUrl>,
}
