//! `[[notify]]` and `[ping]`: who is told what.

use super::command::Command;
use super::doc::{Field, Result, Section};
use super::secret_url::SecretUrl;
use crate::text::quote;

/// What can be told (scripting.md "Config").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// a prebooking was booked, or promoted from the waiting list
    Booked,
    /// a prebooking has a place on the waiting list
    Waitlisted,
    /// a prebooking is given up for good
    Failed,
    /// a prebooking did not come through and will be tried again
    Postponed,
    /// a session needs a person: nothing can log it in
    LoginRequired,
    /// the platform could not be reached, for the third time in a row (scripting.md "Told once")
    Unreachable,
    /// a problem that was told of is over
    Recovered,
}

impl Event {
    /// Every event, in the order of scripting.md.
    pub const ALL: [Self; 7] = [
        Self::Booked,
        Self::Waitlisted,
        Self::Failed,
        Self::Postponed,
        Self::LoginRequired,
        Self::Unreachable,
        Self::Recovered,
    ];

    /// The name in config, JSON and `AIMHARDER_EVENT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Waitlisted => "waitlisted",
            Self::Failed => "failed",
            Self::Postponed => "postponed",
            Self::LoginRequired => "login_required",
            Self::Unreachable => "unreachable",
            Self::Recovered => "recovered",
        }
    }
}

/// One `[[notify]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// which events, each once; all of them where the config names none
    pub on: Vec<Event>,
    /// by which way
    pub channel: Channel,
}

/// How a notice travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// the event as one JSON line on stdin, its name in `AIMHARDER_EVENT`
    Command(Command),
    /// a Discord webhook
    Discord(SecretUrl),
    /// an ntfy topic
    Ntfy(SecretUrl),
    /// a Telegram bot
    Telegram {
        /// prints the bot's token
        token_command: Command,
        /// chat id or `@channel`
        chat: String,
    },
    /// the event as JSON by POST
    Webhook(SecretUrl),
}

impl Channel {
    /// The key that stands for it in the config.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Discord(_) => "discord",
            Self::Ntfy(_) => "ntfy",
            Self::Telegram { .. } => "telegram",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// `[ping]`: dead-man switches, called as URL/start, URL, URL/fail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ping {
    /// for `refresh`
    pub refresh: Option<SecretUrl>,
    /// for `prebook run`
    pub prebook: Option<SecretUrl>,
}

pub(super) const KEYS: [&str; 6] = ["on", "command", "discord", "ntfy", "telegram", "webhook"];
pub(super) const PING_KEYS: [&str; 2] = ["refresh", "prebook"];
const CHANNELS: [&str; 5] = ["command", "discord", "ntfy", "telegram", "webhook"];

pub(super) fn read_notify(field: &Field) -> Result<Vec<Notify>> {
    field.sections("[[notify]] ")?.iter().map(notify).collect()
}

fn notify(section: &Section) -> Result<Notify> {
    section.only(&KEYS)?;
    let on = section.find("on").map(|field| events(&field)).transpose()?;
    let mut channels = CHANNELS
        .iter()
        .filter_map(|&name| Some((name, section.find(name)?)));
    let Some((name, field)) = channels.next() else {
        return Err(section.error(&format!("needs a channel, one of {}", CHANNELS.join(", "))));
    };
    if let Some((other, field)) = channels.next() {
        return Err(field.error(&format!(
            "{name} and {other} in one [[notify]], write one for each channel"
        )));
    }
    Ok(Notify {
        on: on.unwrap_or_else(|| Event::ALL.to_vec()),
        channel: channel(name, &field)?,
    })
}

fn channel(name: &str, field: &Field) -> Result<Channel> {
    Ok(match name {
        "command" => Channel::Command(field.command()?),
        "discord" => Channel::Discord(url(field)?),
        "ntfy" => Channel::Ntfy(url(field)?),
        "webhook" => Channel::Webhook(url(field)?),
        _ => telegram(field)?,
    })
}

fn telegram(field: &Field) -> Result<Channel> {
    let section = field.section(field.inner_prefix())?;
    section.only(&["token_command", "chat"])?;
    let token_command = section.command("token_command")?;
    let chat = section.parsed("chat", |chat| match chat.trim() {
        "" => Err("names no chat, for example \"123456\" or \"@channel\"".to_owned()),
        chat => Ok(chat.to_owned()),
    })?;
    Ok(Channel::Telegram {
        token_command: token_command.ok_or_else(|| field.error("needs token_command"))?,
        chat: chat.ok_or_else(|| field.error("needs chat"))?,
    })
}

fn events(field: &Field) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for (item, name) in field.texts()? {
        let event = Event::ALL.into_iter().find(|event| event.name() == name);
        let event = event.ok_or_else(|| {
            let known = Event::ALL.map(Event::name).join(", ");
            item.error(&format!("{} is no event, known are {known}", quote(name)))
        })?;
        if !events.contains(&event) {
            events.push(event);
        }
    }
    Ok(events)
}

pub(super) fn read_ping(field: &Field) -> Result<Ping> {
    let section = field.section("[ping] ".to_owned())?;
    section.only(&PING_KEYS)?;
    let find = |key| section.find(key).map(|field| url(&field)).transpose();
    Ok(Ping {
        refresh: find("refresh")?,
        prebook: find("prebook")?,
    })
}

fn url(field: &Field) -> Result<SecretUrl> {
    field.parsed(|raw| {
        let url = SecretUrl::parse(raw, &["https", "http"], "https://example.org/topic")?;
        if url.is_exposed() {
            return Err(
                "plain http is accepted for this machine only; use https (the value is not shown)"
                    .to_owned(),
            );
        }
        Ok(url)
    })
}
