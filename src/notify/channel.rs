//! What each kind of channel wants to be sent: the bytes, and nothing about how they travel.

use std::time::{Duration, Instant};

use serde_json::json;

use super::http::{self, Parcel};
use super::words::line;
use super::{Notice, command};
use crate::clock;
use crate::config::{Channel, Command, Event, Telegram};
use crate::process;
use crate::secret::Secret;

/// How long and where; tests have their own.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// for all channels with all their notices
    pub whole: Duration,
    /// for one call of a server, redirects included
    pub http: Duration,
    /// for one command
    pub command: Duration,
    /// where the bots of Telegram are
    pub telegram: String,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            whole: clock::scaled(Duration::from_secs(30)),
            http: clock::scaled(Duration::from_secs(10)),
            command: clock::scaled(Duration::from_secs(30)),
            telegram: "https://api.telegram.org".to_owned(),
        }
    }
}

/// The notices for one channel.
#[derive(Debug)]
pub(super) struct Delivery {
    pub number: usize,
    pub channel: Channel,
    pub notices: Vec<Notice>,
}

/// Sends one event to one channel.
///
/// # Errors
/// A message without URL, token or body.
pub(super) fn deliver(
    delivery: &Delivery,
    notice: &Notice,
    terms: &Terms,
    end: Instant,
) -> Result<(), String> {
    let left = end.saturating_duration_since(clock::steady());
    if left.is_zero() {
        return Err("no time left".to_owned());
    }
    let text = notice.message.as_deref().unwrap_or_default();
    let http = terms.http.min(left);
    match &delivery.channel {
        Channel::Command(run) => command::run(run, notice, terms.command.min(left)),
        Channel::Webhook(url) => http::post(url.expose(), &webhook(notice)?, http),
        Channel::Discord(url) => http::post(url.expose(), &discord(text), http),
        Channel::Ntfy(url) => http::post(url.expose(), &ntfy(notice.event, text), http),
        Channel::Telegram(Telegram {
            token_command,
            chat,
        }) => {
            let token = bot_token(token_command, terms, end)?;
            let url = format!("{}/bot{}/sendMessage", terms.telegram, token.expose());
            let left = end.saturating_duration_since(clock::steady());
            http::post(&url, &telegram(chat, text), terms.http.min(left))
        }
    }
}

fn webhook(notice: &Notice) -> Result<Parcel, String> {
    Ok(Parcel::json(line(notice)?))
}

/// Class names come from the box: an `@everyone` in one must not notify all users.
fn discord(text: &str) -> Parcel {
    let body = json!({"content": text, "allowed_mentions": {"parse": []}});
    Parcel::json(body.to_string().into_bytes())
}

fn telegram(chat: &str, text: &str) -> Parcel {
    let body =
        json!({"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": true}});
    Parcel::json(body.to_string().into_bytes())
}

fn ntfy(event: Event, text: &str) -> Parcel {
    let (priority, tag) = match event {
        Event::Booked | Event::Recovered => ("default", "white_check_mark"),
        Event::Waitlisted | Event::Postponed => ("default", "hourglass_flowing_sand"),
        Event::Failed => ("high", "x"),
        Event::LoginRequired => ("high", "key"),
        Event::Unreachable => ("default", "warning"),
    };
    let headers = vec![
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Title", "aimharder"),
        ("Priority", priority),
        ("Tags", tag),
    ];
    Parcel {
        headers,
        body: text.as_bytes().to_vec(),
    }
}

/// The token becomes part of a path, so what is no token is not sent anywhere.
fn bot_token(command: &Command, terms: &Terms, end: Instant) -> Result<Secret, String> {
    let left = end.saturating_duration_since(clock::steady());
    let limit = terms.command.min(left);
    let token = process::first_line_of(process::of(command), "token_command", limit)?;
    let token = Secret::new(token.expose().trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_');
    if token.is_empty() || !token.expose().chars().all(plain) {
        return Err("token_command did not print a bot's token".to_owned());
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray as _;

    #[test]
    fn headers_of_ntfy_are_plain_whatever_the_event() {
        for event in Event::VARIANTS {
            for (name, value) in ntfy(*event, "«WOD»").headers {
                assert!(name.is_ascii() && value.is_ascii(), "{name}: {value}");
            }
        }
    }
}
