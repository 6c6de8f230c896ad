//! Sends notices to channels at the same time and waits until they end or time out. Threads are not joined: one that hangs
//! ends with the program.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::http::{self, Headers};
use super::words::{self, line};
use super::{Notice, command};
use crate::clock;
use crate::config::{Channel, Command, Event, Notify};
use crate::model::account::Account;
use crate::process;
use crate::secret::Secret;
use crate::signals;

/// Time for the threads to report after the time is up.
pub(super) const GRACE: Duration = Duration::from_millis(500);
/// The time that all channels have together for all their notices.
pub(super) fn time_limit() -> Duration {
    clock::scaled(Duration::from_secs(30))
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

/// Sends each of these channels, given with their numbers, the notices that `notices` returns for its `on`, until `end`. Texts
/// name the account of a notice unless it is `main`. Returns the reports of the channels that have
/// notices, in their order.
pub(super) fn deliver<'c>(
    channels: impl IntoIterator<Item = (usize, &'c Notify)>,
    main: Option<&Account>,
    end: Instant,
    notices: impl Fn(&[Event]) -> Vec<Notice>,
) -> Vec<Report> {
    let (to, from) = mpsc::channel();
    let mut reports: Vec<Report> = Vec::new();
    for (number, notify) in channels {
        let mut notices = notices(&notify.on);
        if notices.is_empty() {
            continue;
        }
        for notice in &mut notices {
            notice.message = Some(words::text(notice, main));
        }
        let index = reports.len();
        let report = Report {
            number,
            channel: notify.channel.name(),
            error: None,
        };
        reports.push(report.clone());
        let (to, channel) = (to.clone(), notify.channel.clone());
        let send_all = move || {
            let error = send_all(&report, &channel, &notices, end);
            to.send((index, error))
        };
        // if no thread can be started, the channel is reported as not sent
        let _ = thread::Builder::new().name("notify".into()).spawn(send_all);
    }
    drop(to);
    let mut unfinished: BTreeSet<usize> = (0..reports.len()).collect();
    while let Some((index, error)) = clock::receive_notified(&from, end + GRACE) {
        unfinished.remove(&index);
        if let Some(report) = reports.get_mut(index) {
            report.error = error;
        }
    }
    for index in unfinished {
        if let Some(report) = reports.get_mut(index) {
            report.error = Some(format!("not sent within {}", shown_limit()));
        }
    }
    reports
}

/// The time that notifications have: after a signal two seconds, otherwise [`time_limit`].
pub(super) fn shown_limit() -> String {
    match signals::stopped_at() {
        Some(_) => format!("{} s after the signal", clock::NOTIFY_TIMEOUT.as_secs()),
        None => format!("{} s", time_limit().as_secs()),
    }
}

/// Sends one notice after the other: a channel shows them in the order in which they happened. Returns why not all were sent.
fn send_all(
    report: &Report,
    channel: &Channel,
    notices: &[Notice],
    end: Instant,
) -> Option<String> {
    let mut failures = Vec::new();
    for notice in notices {
        match send(channel, notice, end) {
            Ok(()) => {
                let (number, name) = (report.number, report.channel);
                log::info!("[[notify]] {number} ({name}) sent: {}", notice.event.name());
            }
            Err(why) => failures.push(why.to_string()),
        }
    }
    let why = failures.first()?;
    Some(match notices.len() {
        1 => why.clone(),
        all => format!("{} of {all} notices not sent: {why}", failures.len()),
    })
}

/// Sends one notice to one channel. A call of a server, redirects included, has a third of the time of all notices.
///
/// # Errors
/// A message without URL, token or body.
fn send(channel: &Channel, notice: &Notice, end: Instant) -> Result<()> {
    let left = || end.saturating_duration_since(clock::steady());
    if left().is_zero() {
        bail!("no time left");
    }
    let post = |url: &str, headers: Headers<'_>, body: &[u8]| {
        http::send(url, headers, Some(body), left().min(time_limit() / 3))
    };
    let text = notice.message.as_deref().unwrap_or_default();
    match channel {
        Channel::Command(run) => command::run(run, notice, left()),
        Channel::Webhook(url) => post(url.expose(), http::JSON, &line(notice)?),
        Channel::Discord(url) => {
            // class names come from the box: an `@everyone` in one must not notify all users
            let body = json!({"content": text, "allowed_mentions": {"parse": []}});
            post(url.expose(), http::JSON, body.to_string().as_bytes())
        }
        Channel::Ntfy(url) => post(url.expose(), &ntfy(notice.event), text.as_bytes()),
        Channel::Telegram(bot) => {
            let token = bot_token(&bot.token_command, left())?;
            let (url, body) = telegram(&token, &bot.chat, text);
            post(url.expose(), http::JSON, body.to_string().as_bytes())
        }
    }
}

/// The URL and the body of a message to Telegram.
fn telegram(token: &Secret, chat: &str, text: &str) -> (Secret, Value) {
    let url = format!("https://api.telegram.org/bot{}/sendMessage", token.expose());
    let preview = json!({"is_disabled": true});
    let body = json!({"chat_id": chat, "text": text, "link_preview_options": preview});
    (Secret::new(url), body)
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

    #[test]
    fn telegram_gets_the_text_for_its_chat() {
        let (url, body) = telegram(&Secret::new("123:AB-c_9"), "@gym", "Booked");
        let expected = "https://api.telegram.org/bot123:AB-c_9/sendMessage";
        assert_eq!(url.expose(), expected);
        assert_eq!(
            body,
            json!({"chat_id": "@gym", "text": "Booked", "link_preview_options": {"is_disabled": true}})
        );
    }
}
