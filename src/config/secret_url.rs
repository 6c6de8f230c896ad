//! URLs that are secrets: the path of a webhook or the user part of a proxy is a password, so no part is shown.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use zeroize::Zeroizing;

/// A checked URL without `Display`, with redacted `Debug`, that is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Zeroizing<String>);

impl SecretUrl {
    /// Parses a URL with a host and one of these schemes. The error quotes nothing.
    pub(super) fn parse(raw: &str, schemes: &[&str], example: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{what}, for example {example} (the value is not shown)");
        let url = Url::parse(raw.trim()).map_err(|_| wrong("not a URL"))?;
        if !schemes.contains(&url.scheme()) {
            return Err(wrong(&format!(
                "not a URL that begins with {}://",
                schemes.join(":// or ")
            )));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("a URL without a host"));
        }
        Ok(Self(Zeroizing::new(url.into())))
    }

    /// Parses the URL of a proxy.
    ///
    /// # Errors
    /// A message that quotes nothing.
    pub(crate) fn proxy(raw: &str) -> Result<Self, String> {
        let schemes = ["http", "https", "socks5", "socks5h"];
        Self::parse(raw, &schemes, "socks5h://127.0.0.1:1080")
    }

    /// Whether a request to it crosses a network in plain text.
    pub(super) fn is_exposed(&self) -> bool {
        self.0.starts_with("http:") && !self.is_loopback()
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }

    /// The URL itself, for the request only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn is_loopback(url: &Url) -> bool {
    // brackets are part of the host of an IPv6 address
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretUrl(…)")
    }
}
