//! Dead-man switches as healthchecks.io defines them: `URL/start`, `URL`, `URL/fail`. A ping with a body is a POST, one
//! without is a GET.

use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use reqwest::Url;

use super::http;
use crate::clock;
use crate::secret::Secret;

const LIMIT: Duration = Duration::from_secs(5);

/// The kind of a dead-man ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Ping {
    /// The run begins: `URL/start`.
    Start,
    /// It ended with exit code 0: the URL itself.
    Success,
    /// It ended with another exit code: `URL/fail`.
    Fail,
}

/// Pings a monitoring service; `body` is text for people. A failure is only logged. The ping of the start is sent on a thread
/// of its own, because the work must not wait for it; the ping of the end waits for it, so that they arrive in order.
pub fn ping(url: Option<&Secret>, ping: Ping, body: String) {
    static STARTING: Mutex<Option<Receiver<()>>> = Mutex::new(None);
    let Some(url) = url else { return };
    let url = address(url, ping);
    let mut starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(earlier) = starting.take() {
        clock::receive_notified(&earlier, clock::steady() + LIMIT);
    }
    let (done, is_done) = mpsc::channel();
    let thread = thread::Builder::new().name("ping".into());
    let name: &str = ping.into();
    let spawned = thread.spawn(move || {
        let body = (!body.is_empty()).then_some(body.as_bytes());
        match http::send(url.expose(), http::TEXT, body, LIMIT) {
            Ok(()) => log::info!("[ping] sent: {name}"),
            Err(why) => log::info!("[ping] not sent ({name}): {why}"),
        }
        drop(done);
    });
    match spawned {
        Err(e) => log::info!("[ping] not sent ({name}): {e}"),
        Ok(_) if ping == Ping::Start => *starting = Some(is_done),
        Ok(_) => {
            clock::receive_notified(&is_done, clock::steady() + LIMIT);
        }
    }
}

/// The URL with the kind of ping at the end of its path.
fn address(url: &Secret, ping: Ping) -> Secret {
    match Url::parse(url.expose()) {
        Ok(mut longer) if ping != Ping::Success => {
            let path = longer.path().trim_end_matches('/');
            longer.set_path(&format!("{path}/{}", <&str>::from(ping)));
            Secret::new(longer)
        }
        _ => url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::config;

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
            let config = config(&format!("[ping]\nrefresh = {base:?}\n"));
            let url = config.ping.refresh.unwrap();
            assert_eq!(address(&url, Ping::Start).expose(), start);
            assert_eq!(
                address(&url, Ping::Fail).expose(),
                start.replace("/start", "/fail")
            );
            assert_eq!(address(&url, Ping::Success).expose(), url.expose());
        }
    }
}
