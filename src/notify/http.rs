//! The HTTP client of notices and pings: no cookies, no proxy, few redirects, every call bounded. Built at the first
//! call. Its errors are words of our own, for those of the HTTP crate hold URLs, and URLs are secrets here.

use std::error::Error as StdError;
use std::io::{self, Read};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url, redirect, retry};

use crate::tls::{self, Roots};
use crate::{clock, dns};

const REDIRECTS: usize = 3;
/// Of an answer; nobody reads it, but a connection can be used again once it is read.
const MAX_BODY_BYTES: u64 = 64 << 10;
const USER_AGENT: &str = concat!("aimharder/", env!("CARGO_PKG_VERSION"));

/// What is sent.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: Vec<u8>,
}

impl Parcel {
    pub(super) fn json(body: Vec<u8>) -> Self {
        Self {
            headers: vec![("Content-Type", "application/json")],
            body,
        }
    }
}

/// Send it. `Ok`: the server has accepted it.
///
/// # Errors
/// In words without URL or body.
pub(super) fn post(url: &str, parcel: &Parcel, limit: Duration) -> Result<(), String> {
    ask(Method::POST, url, parcel, limit)
}

/// Call it.
///
/// # Errors
/// As for [`post`].
pub(super) fn get(url: &str, limit: Duration) -> Result<(), String> {
    ask(Method::GET, url, &Parcel::default(), limit)
}

fn ask(mut method: Method, url: &str, parcel: &Parcel, limit: Duration) -> Result<(), String> {
    let end = clock::steady() + limit;
    let mut url = Url::parse(url).map_err(|_| "not a usable URL".to_owned())?;
    let mut redirects = 0;
    loop {
        let answer = call(&method, &url, parcel, end)?;
        let status = answer.status();
        let location = answer.headers().get(LOCATION).and_then(|l| l.to_str().ok());
        let next = target(&url, status, location)?;
        let pause = asked_pause(&answer).filter(|pause| clock::steady() + *pause < end);
        read_up(answer);
        match (next, pause) {
            (Some(_), _) if redirects == REDIRECTS => {
                return Err(format!("redirected more than {REDIRECTS} times"));
            }
            (Some(next), _) => {
                redirects += 1;
                url = next;
                if status == StatusCode::SEE_OTHER {
                    method = Method::GET;
                }
            }
            (None, Some(pause)) => clock::pause(pause),
            (None, None) if status.is_success() => return Ok(()),
            (None, None) => return Err(format!("answered {}", status.as_u16())),
        }
    }
}

fn call(method: &Method, url: &Url, parcel: &Parcel, end: Instant) -> Result<Response, String> {
    let left = end.saturating_duration_since(clock::steady());
    if left.is_zero() {
        return Err("timed out".to_owned());
    }
    let mut request = client(url)?
        .request(method.clone(), url.clone())
        .timeout(left);
    if *method == Method::POST {
        for (name, value) in &parcel.headers {
            request = request.header(*name, *value);
        }
        request = request.body(parcel.body.clone());
    }
    request.send().map_err(|e| why(&e))
}

/// The target of a redirect, on the same host only: a notification may hold what another host must not read. Unlike a
/// browser, a POST stays a POST, because a notification that became a GET would be lost.
fn target(url: &Url, status: StatusCode, location: Option<&str>) -> Result<Option<Url>, String> {
    if !matches!(status.as_u16(), 301..=303 | 307 | 308) {
        return Ok(None);
    }
    let next = location.and_then(|location| url.join(location).ok());
    let next = next.filter(|next| matches!(next.scheme(), "http" | "https"));
    match next {
        None => Err("redirected to nowhere".to_owned()),
        Some(next) if url.scheme() == "https" && next.scheme() == "http" => {
            Err("redirected from https to http".to_owned())
        }
        Some(next) if next.host() != url.host() => {
            Err("redirected to another host, which is not followed".to_owned())
        }
        next => Ok(next),
    }
}

/// 429 with a time to wait: several notices at once are more than some servers like.
fn asked_pause(answer: &Response) -> Option<Duration> {
    if answer.status() != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let seconds: f64 = answer
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Duration::try_from_secs_f64(seconds.clamp(0.5, 3600.0)).ok()
}

fn read_up(answer: Response) {
    let _ = io::copy(&mut answer.take(MAX_BODY_BYTES), &mut io::sink());
}

/// Certificate authorities are read only when a connection is encrypted.
fn client(url: &Url) -> Result<&'static Client, String> {
    static PLAIN: LazyLock<Result<Client, String>> = LazyLock::new(|| build(Roots::None));
    static ENCRYPTED: LazyLock<Result<Client, String>> =
        LazyLock::new(|| build(Roots::System(None)));
    let client = if url.scheme() == "https" {
        &ENCRYPTED
    } else {
        &PLAIN
    };
    client.as_ref().map_err(Clone::clone)
}

fn build(trusted: Roots) -> Result<Client, String> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls::config(trusted)?)
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .gzip(false)
        .http1_only();
    dns::by_system(builder)
        .build()
        .map_err(|_| "cannot start the http client".to_owned())
}

fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let what = if error.is_connect() {
        "no connection"
    } else {
        "no whole answer"
    };
    match cause(error) {
        Some(cause) => format!("{what}: {cause}"),
        None => what.to_owned(),
    }
}

/// The reason, where it is one that holds no name of a host.
fn cause(error: &reqwest::Error) -> Option<String> {
    let mut next = error.source();
    let mut cause = None;
    while let Some(error) = next {
        next = error.source();
        let io = error.downcast_ref::<io::Error>();
        let tls = |io: &io::Error| {
            io.get_ref()
                .is_some_and(<dyn StdError + Send + Sync>::is::<rustls::Error>)
        };
        if error.is::<rustls::Error>() || io.is_some_and(tls) {
            return Some("its certificate or its TLS is not accepted".to_owned());
        }
        if let Some(io) = io.filter(|io| io.raw_os_error().is_some()) {
            cause = Some(crate::text::why(io));
        }
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_redirects_lead() {
        let nowhere = Err("redirected to nowhere".to_owned());
        let table = [
            (200, "https://a.test/x", Some("/y"), Ok(None)),
            (304, "https://a.test/x", Some("/y"), Ok(None)),
            (
                308,
                "https://a.test/x",
                Some("/y"),
                Ok(Some("https://a.test/y")),
            ),
            (
                301,
                "http://a.test/x",
                Some("https://a.test/"),
                Ok(Some("https://a.test/")),
            ),
            (
                308,
                "https://a.test/x",
                Some("https://b.test/x"),
                Err("redirected to another host, which is not followed".to_owned()),
            ),
            (
                307,
                "https://a.test/x",
                Some("http://a.test/y"),
                Err("redirected from https to http".to_owned()),
            ),
            (302, "https://a.test/x", None, nowhere.clone()),
            (
                302,
                "https://a.test/x",
                Some("file:///etc/passwd"),
                nowhere.clone(),
            ),
            (302, "https://a.test/x", Some("http://["), nowhere),
        ];
        for (status, from, location, expected) in table {
            let from = Url::parse(from).unwrap();
            let status = StatusCode::from_u16(status).unwrap();
            let next = target(&from, status, location).map(|next| next.map(String::from));
            assert_eq!(
                next,
                expected.map(|next| next.map(str::to_owned)),
                "{location:?}"
            );
        }
    }
}
