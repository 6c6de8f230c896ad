//! How the platform is to be reached: what the config file's `[server]` says, as plain values.
//! Must not read the file, nor decide what is allowed in it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Plain or encrypted connections. Plain is for a stand-in on loopback only; the config sees to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// The two ways to log in (protocol.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// `POST /api/login`, the web page's since spring 2026 (§2a).
    Json,
    /// The form with the iframe (§2b).
    Form,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flow::Json => "json",
            Flow::Form => "form",
        })
    }
}

impl FromStr for Flow {
    type Err = String;

    fn from_str(text: &str) -> Result<Flow, String> {
        match text {
            "json" => Ok(Flow::Json),
            "form" => Ok(Flow::Form),
            _ => Err("not a login flow: use json or form".to_owned()),
        }
    }
}

/// How to reach the platform.
#[derive(Clone)]
pub struct Settings {
    /// `aimharder.com` or a twin; lower case, no dot at either end.
    pub domain: String,
    /// Plain or encrypted.
    pub scheme: Scheme,
    /// Every host of the domain is reached at this address (like `curl --connect-to`).
    pub connect_to: Option<SocketAddr>,
    /// Certificates trusted besides the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// `http://`, `https://`, `socks5://` or `socks5h://`. The environment's proxy variables are not looked at.
    pub proxy: Option<String>,
    /// For a whole call, redirects and body included.
    pub timeout: Duration,
    /// Some calls are refused without one like a browser's (protocol.md §1).
    pub user_agent: String,
}

// a proxy's URL may hold a password
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("domain", &self.domain)
            .field("scheme", &self.scheme)
            .field("connect_to", &self.connect_to)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_read_back_what_they_print() {
        for flow in [Flow::Json, Flow::Form] {
            assert_eq!(flow.to_string().parse(), Ok(flow));
        }
        assert!("auto".parse::<Flow>().is_err());
    }
}
