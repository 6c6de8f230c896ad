//! The cookies of one login, by the rules of RFC 6265 (protocol.md §1).
//!
//! The jar is filled and read by this module, not by the HTTP client, because a cookie may be set on a redirect and is kept
//! across runs even without `Expires`. An expiry is counted from the `Date` of the response, so that a machine whose clock is
//! a year off can log in. No value is logged.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use cookie_store::{Cookie, CookieStore, RawCookie};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::host::within;
use super::redact::Redactor;
use super::{Error, Result};
use crate::secret::Secret;
use crate::text::clean;

/// The cookie of the login.
const LOGIN: &str = "amhrdrauth";

/// The platform's own cookies, to which the limits do not apply (protocol.md §1).
pub(super) const KNOWN: [&str; 4] = [LOGIN, "PHPSESSID", "AWSALB", "AWSALBCORS"];

/// Limits per host, names and values together: servers answer 431 to longer headers.
const MAX_COOKIES: usize = 50;
const MAX_COOKIE_BYTES: usize = 8 * 1024;

/// 2020-01-01, used for responses without a `Date`: a cookie is deleted with a date long past, and none expires before this.
const LONG_PAST: i64 = 1_577_836_800;

/// The cookies of one login.
#[derive(Clone, Default)]
pub struct Jar(CookieStore);

impl Jar {
    /// Reads the output of [`Jar::to_json`].
    ///
    /// # Errors
    /// [`Error::Strange`] for any other text; the message does not quote it.
    pub fn from_json(json: &Secret) -> Result<Jar> {
        let unreadable = || Error::Strange("the stored cookies cannot be read".to_owned());
        let cookies: Vec<Cookie<'static>> =
            serde_json::from_str(json.expose()).map_err(|_| unreadable())?;
        let store = CookieStore::from_cookies(cookies.into_iter().map(Ok::<_, Error>), true)?;
        Ok(Jar(store))
    }

    /// All cookies that have not expired, also those without `Expires`: `PHPSESSID` belongs to the login (protocol.md §1).
    pub fn to_json(&self) -> Secret {
        let mut cookies: Vec<_> = self.0.iter_unexpired().collect();
        // the crate keeps them in hash maps; equal cookies must give equal texts
        cookies.sort_by_cached_key(|c| {
            (
                String::from(&c.domain),
                String::from(&c.path),
                c.name().to_owned(),
            )
        });
        Secret::new(serde_json::to_string(&cookies).unwrap_or_else(|_| "[]".to_owned()))
    }

    /// Whether the login cookie is present.
    pub fn has_login(&self) -> bool {
        self.0
            .iter_unexpired()
            .any(|c| c.name() == LOGIN && !matches!(c.value(), "" | "deleted"))
    }

    /// Adds the values to those that are masked in texts of the server.
    pub(super) fn hide_in(&self, redactor: &mut Redactor) {
        for cookie in self.0.iter_unexpired() {
            redactor.cookie(cookie.value());
        }
    }

    /// The `Cookie` header for a request. `Secure` cookies are always sent: plain HTTP is for loopback only.
    pub fn header(&self, url: &Url) -> Option<HeaderValue> {
        let mut cookies = self.0.matches(&*secure(url)?);
        // RFC 6265, 5.4: longer paths first; then by name, and of one name that of the longest domain first, because
        // servers use the first: the order does not depend on the hash maps of the crate
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

    /// Applies the `Set-Cookie` lines of one response. The deletion of a host-only login cookie is applied first: it must
    /// not delete the cookie of the domain that the same response sets. The arguments are those of [`Self::keep`].
    pub(super) fn keep_all(
        &mut self,
        mut lines: Vec<&str>,
        url: &Url,
        domain: &str,
        date: Option<i64>,
    ) {
        let deletes_host_only = |line: &&str| {
            RawCookie::parse(*line).is_ok_and(|raw| {
                let left = seconds_left(&raw, date);
                raw.name() == LOGIN && raw.domain().is_none() && left.is_some_and(|left| left <= 0)
            })
        };
        lines.sort_by_key(|line| !deletes_host_only(line));
        for line in lines {
            self.keep(line, url, domain, date);
        }
    }

    /// Applies one `Set-Cookie` line; a line that breaks the rules is ignored, as in browsers. `url` is the address of the
    /// request, `domain` the configured one, outside of which no cookie is sent, and `date` the `Date` of the response in Unix
    /// seconds.
    pub fn keep(&mut self, line: &str, url: &Url, domain: &str, date: Option<i64>) {
        let Ok(raw) = RawCookie::parse(line) else {
            return;
        };
        let foreign = |d: &str| !within(&d.to_ascii_lowercase(), domain);
        if raw.domain().is_some_and(|d| !d.is_empty() && foreign(d)) {
            log::debug!(
                "ignored a cookie for a foreign domain: {}",
                clean(raw.name())
            );
            return;
        }
        let Some(url) = secure(url) else { return };
        let is_deletion = seconds_left(&raw, date).is_some_and(|left| left <= 0);
        if !is_deletion && !KNOWN.contains(&raw.name()) && !self.has_room(&raw, &url) {
            log::debug!("ignored a cookie beyond the limit: {}", clean(raw.name()));
            return;
        }
        // The crate reports the deletion of a cookie that does not exist as an error.
        let _ = self.0.parse(&rewritten(&raw, domain, date), &url);
    }

    /// Whether another cookie fits into the requests to this host; the cookie that it replaces does not count.
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

/// The line as it is stored: the expiry is counted from the server clock, and the login cookie applies to the whole domain
/// (protocol.md §1: it was seen host-only) and does not expire, unless it is being deleted.
fn rewritten(raw: &RawCookie<'_>, domain: &str, date: Option<i64>) -> String {
    let is_login = raw.name() == LOGIN;
    let (domain, path) = if is_login {
        (Some(domain), Some("/"))
    } else {
        (raw.domain(), raw.path())
    };
    let mut cookie = RawCookie::new(raw.name(), raw.value());
    cookie.set_secure(raw.secure());
    cookie.set_http_only(raw.http_only());
    if let Some(domain) = domain {
        cookie.set_domain(domain);
    }
    if let Some(path) = path {
        cookie.set_path(path);
    }
    match seconds_left(raw, date).filter(|left| !is_login || *left <= 0) {
        Some(left) => format!("{cookie}; Max-Age={}", left.max(0)),
        None => cookie.to_string(),
    }
}

/// The seconds from the `Date` of the response to the expiry; `None` for a session cookie.
fn seconds_left(raw: &RawCookie<'_>, date: Option<i64>) -> Option<i64> {
    // the type of the method belongs to a crate that is no dependency
    #[allow(clippy::redundant_closure_for_method_calls)]
    let by_age = raw.max_age().map(|age| age.whole_seconds());
    let by_date = || Some(raw.expires_datetime()?.unix_timestamp() - date.unwrap_or(LONG_PAST));
    by_age.or_else(by_date)
}

/// The URL for the cookie rules, which is always https.
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
