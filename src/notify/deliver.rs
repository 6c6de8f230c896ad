//! Sends notices to all channels at the same time and waits until they end or time out. Threads are not joined: one that hangs
//! ends with the program.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use super::http::{self, Headers};
use super::words::line;
use super::{Notice, command};
use crate::clock;
use crate::config::{Channel, Command, Event};
use crate::process;
use crate::secret::Secret;
use crate::signals;

/// Time for the threads to report after the time is up.
const GRACE: Duration = Duration::from_millis(500);
/// The error of a channel that has not reported in time.
const UNSENT: &str = "not sent";

/// Timeouts, and the address of the one server that the config does not name. Tests have their own.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// Of all channels with all their notices.
    pub whole: Duration,
    /// Of one call of a server, redirects included.
    pub http: Duration,
    /// Of one command.
    pub command: Duration,
    /// The address of Telegram's bots.
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
    /// Its place among the config's `[[notify]]`, from 1.
    pub number: usize,
    pub channel: Channel,
    pub notices: Vec<Notice>,
}

/// The result of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its place among the config's `[[notify]]`, from 1.
    pub number: usize,
    /// Its kind: the key in the config.
    pub channel: &'static str,
    /// Why not all notices were sent, without URL, token or body.
    pub error: Option<String>,
}

/// Sends all deliveries. The reports are in their order.
pub(super) fn deliver(deliveries: Vec<Delivery>, terms: &Terms) -> Vec<Report> {
    let end = clock::steady() + terms.whole;
    let (to, from) = mpsc::channel();
    let mut reports = Vec::with_capacity(deliveries.len());
    for (index, delivery) in deliveries.into_iter().enumerate() {
        reports.push(Report {
            number: delivery.number,
            channel: delivery.channel.name(),
            error: Some(UNSENT.to_owned()),
        });
        let (to, terms) = (to.clone(), terms.clone());
        // if no thread can be started, the channel is reported as not sent
        let _ = thread::Builder::new()
            .name("notify".into())
            .spawn(move || to.send((index, send_all(&delivery, &terms, end))));
    }
    drop(to);
    while let Some((index, error)) = clock::receive_notified(&from, end + GRACE) {
        if let Some(report) = reports.get_mut(index) {
            report.error = error;
        }
    }
    for error in reports.iter_mut().filter_map(|it| it.error.as_mut()) {
        if error == UNSENT {
            *error = format!("{UNSENT} within {}", limit(terms.whole));
        }
    }
    reports
}

/// The time that notifications have: after a signal two seconds, otherwise `usual`.
pub(super) fn limit(usual: Duration) -> String {
    match signals::stopped_at() {
        Some(_) => format!("{} s after the signal", clock::NOTIFY_TIMEOUT.as_secs()),
        None => format!("{} s", usual.as_secs()),
    }
}

/// Sends one notice after the other: a channel shows them in the order in which they happened. Returns why not all were sent.
fn send_all(delivery: &Delivery, terms: &Terms, end: Instant) -> Option<String> {
    let mut failures = Vec::new();
    for notice in &delivery.notices {
        match send(&delivery.channel, notice, terms, end) {
            Ok(()) => log::info!(
                "[[notify]] {} ({}) sent: {}",
                delivery.number,
                delivery.channel.name(),
                notice.event.name()
            ),
            Err(why) => failures.push(why.to_string()),
        }
    }
    let why = failures.first()?;
    Some(match delivery.notices.len() {
        1 => why.clone(),
        all => format!("{} of {all} notices not sent: {why}", failures.len()),
    })
}

/// Sends one notice to one channel.
///
/// # Errors
/// A message without URL, token or body.
fn send(channel: &Channel, notice: &Notice, terms: &Terms, end: Instant) -> Result<()> {
    let left = || end.saturating_duration_since(clock::steady());
    if left().is_zero() {
        bail!("no time left");
    }
    let post = |url: &str, headers: Headers<'_>, body: &[u8]| {
        http::send(url, headers, Some(body), terms.http.min(left()))
    };
    let text = notice.message.as_deref().unwrap_or_default();
    match channel {
        Channel::Command(run) => command::run(run, notice, terms.command.min(left())),
        Channel::Webhook(url) => post(url.expose(), http::JSON, &line(notice)?),
        Channel::Discord(url) => {
            // class names come from the box: an `@everyone` in one must not notify all users
            let body = json!({"content": text, "allowed_mentions": {"parse": []}});
            post(url.expose(), http::JSON, body.to_string().as_bytes())
        }
        Channel::Ntfy(url) => post(url.expose(), &ntfy(notice.event), text.as_bytes()),
        Channel::Telegram(bot) => {
            let token = bot_token(&bot.token_command, terms.command.min(left()))?;
            let url = format!("{}/bot{}/sendMessage", terms.telegram, token.expose());
            let preview = json!({"is_disabled": true});
            let body = json!({"chat_id": bot.chat, "text": text, "link_preview_options": preview});
            post(&url, http::JSON, body.to_string().as_bytes())
        }
    }
}

/// The headers of a message to ntfy.
fn ntfy(event: Event) -> [(&'static str, &'static str); 4] {
    let (priority, tag) = match event {
        Event::Booked | Event::Recovered => ("default", "white_check_mark"),
        Event::Waitlisted | Event::Postponed => ("default", "hourglass_flowing_sand"),
        Event::Failed => ("high", "x"),
        Event::LoginRequired => ("high", "key"),
        Event::Unreachable => ("default", "warning"),
    };
    [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Title", "aimharder"),
        ("Priority", priority),
        ("Tags", tag),
    ]
}

/// The token becomes part of a path: a text that is not a token is not sent.
fn bot_token(command: &Command, limit: Duration) -> Result<Secret> {
    let token = process::first_line_of(process::of(command), "token_command", limit)?;
    let token = Secret::new(token.expose().trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_');
    if token.is_empty() || !token.expose().chars().all(plain) {
        bail!("token_command did not print a bot's token");
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray as _;

    #[test]
    fn headers_of_ntfy_are_ascii_for_every_event() {
        for event in Event::VARIANTS {
            for (name, value) in ntfy(*event) {
                assert!(name.is_ascii() && value.is_ascii(), "{name}: {value}");
            }
        }
    }
}
