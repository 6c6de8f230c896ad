//! How the platform is reached: the values of `[server]` in the config, which checks them.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::Scheme;

/// The two login flows (protocol.md §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Flow {
    /// `POST /api/login`, which the web page uses since spring 2026 (protocol.md §2a).
    Json,
    /// The form with the iframe (protocol.md §2b).
    Form,
}

/// The values of `[server]`.
#[derive(Clone)]
pub struct Settings {
    /// `aimharder.com` or a twin, in lower case, without a dot at either end.
    pub domain: String,
    /// Plain or encrypted.
    pub scheme: Scheme,
    /// The address at which every host of the domain is reached (like `curl --connect-to`).
    pub connect_to: Option<SocketAddr>,
    /// A PEM file of certificates that are trusted besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// `http://`, `https://`, `socks5://` or `socks5h://`, from the config or the environment.
    pub proxy: Option<String>,
    /// The hosts that are reached without the proxy, separated by commas.
    pub no_proxy: String,
    /// The timeout of a whole call, including redirects and body.
    pub timeout: Duration,
    /// The `User-Agent`: some calls are refused without a browser-like one (protocol.md §1).
    pub user_agent: String,
}

// the URL of a proxy may contain a password
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
