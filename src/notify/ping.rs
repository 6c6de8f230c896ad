//! Dead-man switches as healthchecks.io defines them: `URL/start`, `URL`, `URL/fail`. A ping with a body is a POST, one
//! without is a GET. A failure is only logged.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use reqwest::Url;

use super::http;
use crate::clock;
use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Reports to a monitoring service that a run begins. The ping is sent on a thread of its own, because the work must not wait
/// for it; the value ends with that thread.
pub fn ping_start(url: Option<&Secret>) -> Option<Receiver<()>> {
    ping(url?, "/start", String::new())
}

/// Reports that the run has ended with exit code 0 or has `failed`, after the ping of its start, and waits for it. `body` is text
/// for people.
pub fn ping_end(url: Option<&Secret>, start: Option<Receiver<()>>, failed: bool, body: String) {
    let Some(url) = url else { return };
    let wait = |ping: Receiver<()>| clock::receive_notified(&ping, clock::steady() + TIMEOUT);
    start.and_then(wait);
    ping(url, if failed { "/fail" } else { "" }, body).and_then(wait);
}

/// Sends a ping on a thread of its own, whose end closes the channel.
fn ping(url: &Secret, suffix: &'static str, body: String) -> Option<Receiver<()>> {
    let url = address(url, suffix);
    let (done, is_done) = mpsc::channel();
    let thread = thread::Builder::new().name("ping".into());
    let spawned = thread.spawn(move || {
        let body = (!body.is_empty()).then_some(body.as_bytes());
        match http::send(url.expose(), http::TEXT, body, TIMEOUT) {
            Ok(()) => log::info!("[ping] sent: URL{suffix}"),
            Err(why) => log::info!("[ping] not sent (URL{suffix}): {why}"),
        }
        drop(done);
    });
    if let Err(e) = &spawned {
        log::info!("[ping] not sent (URL{suffix}): {e}");
    }
    spawned.is_ok().then_some(is_done)
}

/// The URL with the suffix at the end of its path.
fn address(url: &Secret, suffix: &str) -> Secret {
    match Url::parse(url.expose()) {
        Ok(mut longer) if !suffix.is_empty() => {
            let path = longer.path().trim_end_matches('/');
            longer.set_path(&format!("{path}{suffix}"));
            Secret::new(longer)
        }
        _ => url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_goes_before_the_query() {
        let table = [
            (
                "https://hc.example.org/u-1",
                "https://hc.example.org/u-1/start",
            ),
            (
                "https://hc.example.org/u-1/",
                "https://hc.example.org/u-1/start",
            ),
            (
                "https://hc.example.org/a%2Fb?rid=7&x=/",
                "https://hc.example.org/a%2Fb/start?rid=7&x=/",
            ),
            ("https://hc.example.org", "https://hc.example.org/start"),
        ];
        for (base, start) in table {
            let url = Secret::new(base);
            assert_eq!(address(&url, "/start").expose(), start);
            assert_eq!(address(&url, "").expose(), base);
        }
    }
}
