//! `[server]`: another domain, a proxy, or a local stand-in for the platform.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::doc::{Field, Result, Section};
use super::secret_url::SecretUrl;
use crate::model::label::is_label;
use crate::model::time::parse_duration;
use crate::text::{quote, why};

/// Some calls are refused without a browser-like name (protocol.md §1).
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";
const TIMEOUT: Duration = Duration::from_secs(15);

/// Which login flow is used (scripting.md "Sessions").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoginFlow {
    /// the JSON flow only
    Json,
    /// the form flow only
    Form,
    /// JSON first, the form where JSON is not there
    #[default]
    Auto,
}

/// How hosts of the domain are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// plain, with a loopback `connect_to` only
    Http,
    /// the default
    #[default]
    Https,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// lower-case DNS name of at least two labels
    pub domain: String,
    /// which login flow
    pub login: LoginFlow,
    /// https, or http to loopback
    pub scheme: Scheme,
    /// every host of the domain is reached there; never together with `proxy`
    pub connect_to: Option<SocketAddr>,
    /// further certificate authorities, PEM; already counted from the config's folder
    pub ca_file: Option<PathBuf>,
    /// http, https, socks5 or socks5h; may hold a password
    pub proxy: Option<SecretUrl>,
    /// of one request, never zero
    pub timeout: Duration,
    /// a header value of visible ASCII
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

pub(super) const KEYS: [&str; 8] = [
    "domain",
    "login",
    "scheme",
    "connect_to",
    "ca_file",
    "proxy",
    "timeout",
    "user_agent",
];

pub(super) fn read_server(field: &Field) -> Result<Server> {
    let section = field.section("[server] ".to_owned())?;
    section.only(&KEYS)?;
    let default = Server::default();
    let folder = section.doc.path.parent().unwrap_or(Path::new(""));
    let server = Server {
        domain: section.parsed("domain", domain)?.unwrap_or(default.domain),
        login: section.parsed("login", login)?.unwrap_or_default(),
        scheme: section.parsed("scheme", scheme)?.unwrap_or_default(),
        connect_to: section.parsed("connect_to", connect_to)?,
        ca_file: section.parsed("ca_file", |raw| ca_file(raw, folder, section.doc.files))?,
        proxy: section.parsed("proxy", proxy)?,
        timeout: section
            .parsed("timeout", timeout)?
            .unwrap_or(default.timeout),
        user_agent: section
            .parsed("user_agent", user_agent)?
            .unwrap_or(default.user_agent),
    };
    together(&section, &server)?;
    Ok(server)
}

/// What does not go together.
fn together(section: &Section, server: &Server) -> Result<()> {
    let fault = |key, message: &str| match section.find(key) {
        Some(field) => Err(field.error(message)),
        None => Ok(()),
    };
    if server.connect_to.is_some() && server.proxy.is_some() {
        return fault("connect_to", "does not go together with proxy");
    }
    let loopback = server.connect_to.is_some_and(|to| to.ip().is_loopback());
    if server.scheme == Scheme::Http && !loopback {
        return fault(
            "scheme",
            "\"http\" needs a loopback connect_to, for example connect_to = \"127.0.0.1:8080\"",
        );
    }
    Ok(())
}

fn domain(raw: &str) -> std::result::Result<String, String> {
    let name = raw.trim().to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let number = |label: &&str| label.bytes().all(|b| b.is_ascii_digit());
    let well_formed =
        name.len() <= 253 && labels.len() >= 2 && labels.iter().all(|label| is_label(label));
    if well_formed && !labels.last().is_some_and(number) {
        Ok(name)
    } else {
        Err(format!(
            "{} is no domain, for example aimharder.com",
            quote(raw)
        ))
    }
}

fn login(raw: &str) -> std::result::Result<LoginFlow, String> {
    match raw {
        "json" => Ok(LoginFlow::Json),
        "form" => Ok(LoginFlow::Form),
        "auto" => Ok(LoginFlow::Auto),
        _ => Err(format!(
            "{} is no login flow, known are json, form, auto",
            quote(raw)
        )),
    }
}

fn scheme(raw: &str) -> std::result::Result<Scheme, String> {
    match raw {
        "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        _ => Err(format!(
            "{} is no scheme, known are https, http",
            quote(raw)
        )),
    }
}

fn connect_to(raw: &str) -> std::result::Result<SocketAddr, String> {
    let word = raw.trim();
    let local = |port: &str| {
        let port = port
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| port.parse().ok())??;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    };
    let address = match word.strip_prefix("localhost:") {
        Some(port) => local(port),
        None => word.parse().ok(),
    };
    address
        .filter(|address| address.port() != 0)
        .ok_or_else(|| {
            format!(
                "{} is no address with a port, for example 127.0.0.1:8080 or [::1]:8080",
                quote(raw)
            )
        })
}

/// How a certificate in a PEM file begins.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// With `look`, one that cannot be used is refused here, before anything is done with the rest.
fn ca_file(raw: &str, folder: &Path, look: bool) -> std::result::Result<PathBuf, String> {
    if raw.trim().is_empty() || raw.contains('\0') {
        return Err(format!(
            "{} is no file name, for example ca.pem",
            quote(raw)
        ));
    }
    let path = folder.join(raw);
    if look {
        let shown = path.display();
        let found = fs::metadata(&path).and_then(|found| {
            if found.is_file() {
                fs::read(&path)
            } else {
                Err(io::Error::other("not a file"))
            }
        });
        let pem = found.map_err(|e| format!("cannot read {shown}: {}", why(&e)))?;
        if !pem
            .windows(CERTIFICATE.len())
            .any(|part| part == CERTIFICATE)
        {
            return Err(format!("{shown} holds no certificate in PEM form"));
        }
    }
    Ok(path)
}

fn proxy(raw: &str) -> std::result::Result<SecretUrl, String> {
    SecretUrl::parse(
        raw,
        &["http", "https", "socks5", "socks5h"],
        "socks5h://127.0.0.1:1080",
    )
}

fn timeout(raw: &str) -> std::result::Result<Duration, String> {
    match parse_duration(raw)? {
        Duration::ZERO => Err(format!(
            "{} leaves no time at all, for example 15s",
            quote(raw)
        )),
        timeout => Ok(timeout),
    }
}

fn user_agent(raw: &str) -> std::result::Result<String, String> {
    let name = raw.trim();
    if name.is_empty() || !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(format!(
            "{} is no user agent, which is printable ASCII",
            quote(raw)
        ));
    }
    Ok(name.to_owned())
}
