//! `[server]`: another domain, a proxy, or a local stand-in for the platform.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::document::{Document, Result};
use super::secret_url::SecretUrl;
use super::values;
use crate::text::{quote, why};

/// Some calls are refused without the name of a browser (protocol.md §1).
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
const TIMEOUT: Duration = Duration::from_secs(15);
/// The first line of a certificate in a PEM file.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Which login flow is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginFlow {
    /// The JSON flow only.
    Json,
    /// The form flow only.
    Form,
    /// The JSON flow first, and the form flow if the server does not have the JSON flow.
    #[default]
    Auto,
}

/// The scheme of every URL of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// The default.
    #[default]
    Https,
    /// Only with a loopback `connect_to`.
    Http,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Server {
    /// DNS name of at least two labels, in lower case.
    #[serde(deserialize_with = "values::domain")]
    pub domain: String,
    /// The login flow.
    pub login: LoginFlow,
    /// https, or http to loopback.
    pub scheme: Scheme,
    /// Every host of the domain is reached there. Never set together with `proxy`.
    #[serde(deserialize_with = "values::connect_to")]
    pub connect_to: Option<SocketAddr>,
    /// PEM file of further certificate authorities, relative to the directory of the config.
    pub ca_file: Option<PathBuf>,
    /// http, https, socks5 or socks5h. It may contain a password.
    #[serde(deserialize_with = "values::proxy")]
    pub proxy: Option<SecretUrl>,
    /// Of one request, never zero.
    #[serde(deserialize_with = "values::timeout")]
    pub timeout: Duration,
    /// A header value of printable ASCII.
    #[serde(deserialize_with = "values::user_agent")]
    pub user_agent: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            domain: "aimharder.com".to_owned(),
            login: LoginFlow::default(),
            scheme: Scheme::default(),
            connect_to: None,
            ca_file: None,
            proxy: None,
            timeout: TIMEOUT,
            user_agent: USER_AGENT.to_owned(),
        }
    }
}

impl Server {
    /// Checks what one value alone does not show, and makes `ca_file` absolute. With `look`, it must be a certificate.
    pub(super) fn complete(
        &mut self,
        document: &Document<'_>,
        folder: &Path,
        look: bool,
    ) -> Result<()> {
        let fault = |key, message: &str| Err(document.error_at(&["server", key], message));
        if self.proxy.is_some() && self.connect_to.is_some() {
            return fault("connect_to", "cannot be used together with proxy");
        }
        let is_loopback = self.connect_to.is_some_and(|to| to.ip().is_loopback());
        if self.scheme == Scheme::Http && !is_loopback {
            return fault(
                "scheme",
                "\"http\" needs a loopback connect_to, for example connect_to = \"127.0.0.1:8080\"",
            );
        }
        if let Some(raw) = &self.ca_file {
            match ca_file(raw, folder, look) {
                Ok(path) => self.ca_file = Some(path),
                Err(message) => return fault("ca_file", &message),
            }
        }
        Ok(())
    }
}

fn ca_file(raw: &Path, folder: &Path, look: bool) -> std::result::Result<PathBuf, String> {
    let name = raw.to_string_lossy();
    if name.trim().is_empty() || name.contains('\0') {
        return Err(format!(
            "{} is not a valid file name; use a name such as ca.pem",
            quote(&name)
        ));
    }
    let path = folder.join(raw);
    if look {
        let shown = path.display();
        let pem = fs::metadata(&path).and_then(|found| {
            if found.is_file() {
                fs::read(&path)
            } else {
                Err(io::Error::other("not a file"))
            }
        });
        let pem = pem.map_err(|e| format!("cannot read {shown}: {}", why(&e)))?;
        if !pem
            .windows(CERTIFICATE.len())
            .any(|part| part == CERTIFICATE)
        {
            return Err(format!("{shown} contains no certificate in PEM form"));
        }
    }
    Ok(path)
}
