//! The HTTP client of notifications and pings.
//!
//! It has no cookies, uses the proxies of the environment, follows few redirects, and bounds every call. It is built at the
//! first call. Its errors are messages of this program, because those of the HTTP crate contain the URL, which is a secret.

use std::io::{self, Read};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, anyhow, bail};
use reqwest::blocking::{Client, Response};
use reqwest::header::LOCATION;
use reqwest::{StatusCode, Url};

use crate::clock;
use crate::http_client::{self, Cause};
use crate::secret::Secret;

const MAX_REDIRECTS: usize = 3;
/// The part of a response that is read.
const MAX_BODY_BYTES: u64 = 64 << 10;
const USER_AGENT: &str = concat!("aimharder/", env!("CARGO_PKG_VERSION"));

/// Names and values.
pub(super) type Headers<'h> = &'h [(&'static str, &'static str)];

/// The headers of a JSON body.
pub(super) const JSON: Headers<'static> = &[("Content-Type", "application/json")];
/// The headers of a text.
pub(super) const TEXT: Headers<'static> = &[("Content-Type", "text/plain; charset=utf-8")];

/// Sends a POST, or a GET if there is no body; `Ok` if the server accepted it.
///
/// # Errors
/// A message without URL and body.
pub(super) fn send(
    url: &str,
    headers: Headers<'_>,
    mut body: Option<&[u8]>,
    limit: Duration,
) -> Result<()> {
    let end = clock::steady() + limit;
    let mut url = Url::parse(url).map_err(|_| anyhow!("not a usable URL"))?;
    let mut redirects = 0;
    loop {
        let response = call(&url, headers, body, end)?;
        let status = response.status();
        let location = http_client::header(response.headers(), LOCATION);
        let next = target(&url, status, location)?;
        let pause = retry_after(&response).filter(|pause| clock::steady() + *pause < end);
        // reads the body, so that the connection can be used again
        let _ = io::copy(&mut response.take(MAX_BODY_BYTES), &mut io::sink());
        match (next, pause) {
            (Some(_), _) if redirects == MAX_REDIRECTS => {
                bail!("redirected more than {MAX_REDIRECTS} times")
            }
            (Some(next), _) => {
                redirects += 1;
                url = next;
                if status == StatusCode::SEE_OTHER {
                    body = None;
                }
            }
            (None, Some(pause)) => clock::pause(pause),
            (None, None) if status.is_success() => return Ok(()),
            (None, None) => bail!("answered {}", status.as_u16()),
        }
    }
}

fn call(url: &Url, headers: Headers<'_>, body: Option<&[u8]>, end: Instant) -> Result<Response> {
    let left = end.saturating_duration_since(clock::steady());
    if left.is_zero() {
        bail!(Cause::TimedOut);
    }
    let client = client(url)?;
    let request = match body {
        None => client.get(url.clone()),
        Some(body) => headers
            .iter()
            .fold(client.post(url.clone()), |request, (name, value)| {
                request.header(*name, *value)
            })
            .body(body.to_vec()),
    };
    request.timeout(left).send().map_err(|e| why(url, &e))
}

/// The target of a redirect, on the same host only, because a notification may contain what another host must not read. A POST
/// stays a POST except after 303, where browsers change it after 301 and 302 too: a notification sent as a GET would be lost.
fn target(url: &Url, status: StatusCode, location: Option<&str>) -> Result<Option<Url>> {
    if !matches!(status.as_u16(), 301..=303 | 307 | 308) {
        return Ok(None);
    }
    let next = location.and_then(|location| url.join(location).ok());
    let next = next.filter(|next| matches!(next.scheme(), "http" | "https"));
    match next {
        None => bail!("redirected to nowhere"),
        Some(next) if url.scheme() == "https" && next.scheme() == "http" => {
            bail!("redirected from https to http")
        }
        Some(next) if next.host() != url.host() => {
            bail!("redirected to another host, which is not followed")
        }
        next => Ok(next),
    }
}

/// The wait that a 429 asks for, at least half a second: some servers limit how many notifications they take at once.
fn retry_after(response: &Response) -> Option<Duration> {
    let is_limited = response.status() == StatusCode::TOO_MANY_REQUESTS;
    let pause = http_client::retry_after(response.headers()).filter(|_| is_limited)?;
    Some(pause.max(Duration::from_millis(500)))
}

/// A client for each scheme: certificate authorities are read only when a connection is encrypted.
fn client(url: &Url) -> Result<&'static Client> {
    static PLAIN: LazyLock<Result<Client>> = LazyLock::new(|| build("http"));
    static ENCRYPTED: LazyLock<Result<Client>> = LazyLock::new(|| build("https"));
    let client = if url.scheme() == "https" {
        &ENCRYPTED
    } else {
        &PLAIN
    };
    client.as_ref().map_err(|e| anyhow!("{e}"))
}

fn build(scheme: &str) -> Result<Client> {
    let no_proxy = &http_client::proxies().no_proxy;
    http_client::builder(scheme == "https", None, None, proxy_for(scheme), no_proxy)
        .map_err(Error::msg)?
        .user_agent(USER_AGENT)
        .gzip(false)
        .build()
        .map_err(|_| anyhow!("cannot start the http client"))
}

fn proxy_for(scheme: &str) -> Option<&'static Secret> {
    let proxies = http_client::proxies();
    match scheme {
        "https" => proxies.https.as_ref(),
        _ => proxies.http.as_ref(),
    }
}

/// The reason of a failure, without the URL.
fn why(url: &Url, error: &reqwest::Error) -> Error {
    let what = if error.is_connect() {
        "no connection"
    } else {
        "no complete response"
    };
    let (host, no_proxy) = (url.host_str(), &http_client::proxies().no_proxy);
    let proxy = http_client::proxy_of(host.unwrap_or_default(), proxy_for(url.scheme()), no_proxy);
    match Cause::of(error, proxy) {
        Cause::TimedOut => Cause::TimedOut.into(),
        cause => anyhow!("{what}: {cause}"),
    }
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
                next.map_err(|e| e.to_string()),
                expected.map(|next| next.map(str::to_owned)),
                "{location:?}"
            );
        }
    }
}
