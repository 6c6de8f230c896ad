//! The cookies of one login, by the rules of RFC 6265 (protocol.md §1).
//!
//! The jar is composed and read by hand, because a cookie may come on a redirect hop and must outlive the process even
//! without `Expires`. How long a cookie lives is judged by the server's clock: an expiry is counted from the answer's
//! `Date`, so a machine whose clock is a year off still logs in. Must not log or show a value.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use cookie_store::{Cookie, CookieStore, RawCookie};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::Error;
use super::host::within;
use super::redact::Redactor;
use crate::secret::Secret;
use crate::text::clean;

/// The cookie that is the login itself.
const LOGIN: &str = "amhrdrauth";

/// The platform's own cookies, which are kept whatever the limits say (protocol.md §1).
const KNOWN: [&str; 4] = [LOGIN, "PHPSESSID", "AWSALB", "AWSALBCORS"];

/// Limits per host, names and values together: servers answer 431 to longer headers.
const MAX_COOKIES: usize = 50;
const MAX_COOKIE_BYTES: usize = 8 * 1024;

/// 2020-01-01, for answers without a `Date`: servers delete a cookie with a date long past, none of theirs ends before this.
const LONG_PAST: i64 = 1_577_836_800;

/// The cookies of one login.
#[derive(Clone, Default)]
pub struct Jar(CookieStore);

/// Where and when a `Set-Cookie` line came from.
pub(super) struct Origin<'a> {
    pub(super) url: &'a Url,
    /// The configured domain: no cookie leaves it.
    pub(super) domain: &'a str,
    /// The answer's `Date`, unix seconds.
    pub(super) date: Option<i64>,
}

impl Jar {
    /// Reads what [`Jar::to_json`] wrote.
    ///
    /// # Errors
    /// [`Error::Strange`] when it is something else; the message does not quote it.
    pub fn from_json(json: &Secret) -> Result<Jar, Error> {
        let unreadable = || Error::Strange("the stored cookies cannot be read".to_owned());
        let cookies: Vec<Cookie<'static>> =
            serde_json::from_str(json.expose()).map_err(|_| unreadable())?;
        let store = CookieStore::from_cookies(cookies.into_iter().map(Ok::<_, Error>), true)?;
        Ok(Jar(store))
    }

    /// All living cookies, those without `Expires` too: `PHPSESSID` belongs to the login (protocol.md §1).
    pub fn to_json(&self) -> Secret {
        let mut cookies: Vec<_> = self.0.iter_unexpired().collect();
        // the crate keeps them in hash maps; the same cookies shall be the same text
        cookies.sort_by_cached_key(|c| {
            (
                String::from(&c.domain),
                String::from(&c.path),
                c.name().to_owned(),
            )
        });
        Secret::new(serde_json::to_string(&cookies).unwrap_or_else(|_| "[]".to_owned()))
    }

    /// Whether the login cookie is there.
    pub fn has_login(&self) -> bool {
        self.0
            .iter_unexpired()
            .any(|c| c.name() == LOGIN && !matches!(c.value(), "" | "deleted"))
    }

    /// Their values are not to be shown in a text of the server.
    pub(super) fn hide_in(&self, unsaid: &mut Redactor) {
        for cookie in self.0.iter_unexpired() {
            unsaid.cookie(cookie.value());
        }
    }

    /// The `Cookie` header for a request, or none. Secure cookies go along always: plain http is for loopback only.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let mut cookies = self.0.matches(&*secure(url)?);
        // RFC 6265 §5.4: longer paths first; by name otherwise, and of one name the nearest host's first, for servers
        // believe the first: requests are alike, whatever order the crate's hash maps have today
        cookies.sort_by_cached_key(|c| {
            let host = Reverse(String::from(&c.domain).len());
            (Reverse(c.path.len()), c.name().to_owned(), host)
        });
        let pairs: Vec<String> = cookies
            .iter()
            .map(|c| format!("{}={}", c.name(), c.value()))
            .collect();
        let mut header = HeaderValue::from_bytes(pairs.join("; ").as_bytes()).ok()?;
        header.set_sensitive(true);
        (!pairs.is_empty()).then_some(header)
    }

    /// Keeps what the `Set-Cookie` lines of one answer say. The deletion of a host-only login cookie comes first: it must
    /// not delete the cookie of the domain that the same answer sets.
    pub(super) fn keep_all(&mut self, mut lines: Vec<&str>, from: &Origin<'_>) {
        let deletes_host_only = |line: &&str| {
            RawCookie::parse(*line).is_ok_and(|raw| {
                let left = seconds_left(&raw, from.date);
                raw.name() == LOGIN && raw.domain().is_none() && left.is_some_and(|left| left <= 0)
            })
        };
        lines.sort_by_key(|line| !deletes_host_only(line));
        for line in lines {
            self.keep(line, from);
        }
    }

    /// Keeps what one `Set-Cookie` line says; a line that breaks the rules is ignored, as browsers do.
    pub(super) fn keep(&mut self, line: &str, from: &Origin<'_>) {
        let Ok(raw) = RawCookie::parse(line) else {
            return;
        };
        let foreign = |d: &str| !within(&d.to_ascii_lowercase(), from.domain);
        if raw.domain().is_some_and(|d| !d.is_empty() && foreign(d)) {
            log::debug!(
                "ignored a cookie for a foreign domain: {}",
                clean(raw.name())
            );
            return;
        }
        let Some(url) = secure(from.url) else { return };
        let is_deletion = seconds_left(&raw, from.date).is_some_and(|left| left <= 0);
        if !is_deletion && !KNOWN.contains(&raw.name()) && !self.has_room(&raw, &url) {
            log::debug!("ignored a cookie beyond the limit: {}", clean(raw.name()));
            return;
        }
        // The crate reports the deletion of a cookie that does not exist as an error.
        let _ = self.0.parse(&rewritten(&raw, from), &url);
    }

    /// Whether another cookie fits into the requests to this host; a cookie that is replaced does not count.
    fn has_room(&self, raw: &RawCookie<'_>, url: &Url) -> bool {
        let others = self
            .0
            .matches(url)
            .into_iter()
            .filter(|c| c.name() != raw.name());
        let (mut count, mut bytes) = (1, raw.name().len() + raw.value().len());
        for cookie in others {
            count += 1;
            bytes += cookie.name().len() + cookie.value().len();
        }
        count <= MAX_COOKIES && bytes <= MAX_COOKIE_BYTES
    }
}

/// The line as it is stored: expiry counted from the server's clock; the login cookie for the whole domain and without
/// an end of its own, unless it is being deleted (protocol.md §1: it was seen host-only).
fn rewritten(raw: &RawCookie<'_>, from: &Origin<'_>) -> String {
    let login = raw.name() == LOGIN;
    let left = seconds_left(raw, from.date);
    let mut line = format!("{}={}", raw.name(), raw.value());
    if let Some(domain) = if login {
        Some(from.domain)
    } else {
        raw.domain()
    } {
        line.push_str("; Domain=");
        line.push_str(domain);
    }
    if let Some(path) = if login { Some("/") } else { raw.path() } {
        line.push_str("; Path=");
        line.push_str(path);
    }
    if let Some(left) = left.filter(|left| !login || *left <= 0) {
        line.push_str("; Max-Age=");
        line.push_str(&left.max(0).to_string());
    }
    if raw.secure() == Some(true) {
        line.push_str("; Secure");
    }
    if raw.http_only() == Some(true) {
        line.push_str("; HttpOnly");
    }
    line
}

/// How long the cookie lives from the answer's own time on; `None` for a session cookie.
fn seconds_left(raw: &RawCookie<'_>, date: Option<i64>) -> Option<i64> {
    // the crate that names the method's type is not ours to name
    #[allow(clippy::redundant_closure_for_method_calls)]
    let by_age = raw.max_age().map(|age| age.whole_seconds());
    let by_date = || Some(raw.expires_datetime()?.unix_timestamp() - date.unwrap_or(LONG_PAST));
    by_age.or_else(by_date)
}

/// The URL as the cookie rules see it: always https.
fn secure(url: &Url) -> Option<Cow<'_, Url>> {
    if url.scheme() == "https" {
        return Some(Cow::Borrowed(url));
    }
    let secure = Url::parse(&format!("https://{}{}", url.host_str()?, url.path()));
    secure.ok().map(Cow::Owned)
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<_> = self.0.iter_any().map(|c| c.name().to_owned()).collect();
        f.debug_tuple("Jar").field(&names).finish()
    }
}

#[cfg(test)]
#[path = "cookies_tests.rs"]
mod tests;
