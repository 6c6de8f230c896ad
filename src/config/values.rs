//! Values of the config that are written as strings: how each is read, and how `config show` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use reqwest::Url;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Config, LoginFlow};
use crate::model::label::is_label;
use crate::model::opening::Rule;
use crate::model::time::{format_duration, parse_duration};
use crate::model::zone::parse_zone;
use crate::secret::Secret;
use crate::text::{fold, quote};

/// Replaces a value that is a secret.
pub(crate) const MASK: &str = "…";

type Read<T> = Result<T, String>;

/// A module for `#[serde(with)]` for each value. It serves fields of type `T` and `Option<T>`.
macro_rules! values {
    ($($name:ident: $value:ty = $read:expr, $write:expr;)*) => {$(
        pub(super) mod $name {
            use super::*;

            pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>, T: From<$value>>(from: D) -> Result<T, D::Error> {
                let raw = String::deserialize(from)?;
                let value: Read<$value> = $read(&raw);
                value.map(T::from).map_err(D::Error::custom)
            }

            pub(in crate::config) fn serialize<'v, S: Serializer, T>(value: &'v T, to: S) -> Result<S::Ok, S::Error>
            where
                &'v T: Into<Option<&'v $value>>,
            {
                value.into().map($write).serialize(to)
            }
        }
    )*};
}

values! {
    box_name: String = check_box_name, String::as_str;
    ca_file: PathBuf = check_ca_file, PathBuf::as_path;
    chat: String = check_chat, String::as_str;
    connect_to: SocketAddr = check_address, SocketAddr::to_string;
    credential: String = check_credential, String::as_str;
    domain: String = check_domain, String::as_str;
    hook: Secret = check_hook, |_| MASK;
    lead: Duration = parse_duration, format;
    login: Option<LoginFlow> = parse_login, |flow| flow.map_or("auto".to_owned(), |flow| flow.to_string());
    proxy: Secret = parse_proxy, |_| MASK;
    timeout: Duration = check_timeout, format;
    timezone: Tz = parse_zone, |zone| zone.name();
    user_agent: String = check_user_agent, String::as_str;
    watch_every: Duration = check_watch_every, format;
}

fn format(duration: &Duration) -> String {
    format_duration(*duration)
}

/// Opening rules by class name, trimmed.
pub(super) fn opens_by_class<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, Rule>, D::Error> {
    let mut names = BTreeSet::new();
    let trim = |(class, rule): (String, Rule)| match class.trim() {
        "" => Err(D::Error::custom("has a class name that is empty")),
        class if names.insert(fold(class)) => Ok((class.to_owned(), rule)),
        class => {
            let class = quote(class);
            let message = format!("has the class {class} twice; case and accents are ignored");
            Err(D::Error::custom(message))
        }
    };
    let rules = BTreeMap::<String, Rule>::deserialize(from)?;
    rules.into_iter().map(trim).collect()
}

/// The default salt, or `…` for another one.
pub(super) fn masked_salt<S: Serializer>(salt: &str, to: S) -> Result<S::Ok, S::Error> {
    let is_default = salt == Config::default().background_salt;
    to.serialize_str(if is_default { salt } else { MASK })
}

fn valid(is_valid: bool, raw: &str, what: &str, example: &str) -> Read<String> {
    if is_valid {
        Ok(raw.to_owned())
    } else {
        let shown = quote(raw);
        Err(format!("{shown} is not a valid {what}; use {example}"))
    }
}

pub(super) fn check_box_name(raw: &str) -> Read<String> {
    let example = "a name such as crossfitdemo";
    valid(is_label(raw), raw, "box name", example)
}

fn check_ca_file(raw: &str) -> Read<PathBuf> {
    let is_valid = !raw.trim().is_empty() && !raw.contains('\0');
    valid(is_valid, raw, "file name", "a name such as ca.pem").map(PathBuf::from)
}

fn check_chat(raw: &str) -> Read<String> {
    match raw.trim() {
        "" => Err("is empty; use a chat such as \"123456\" or \"@channel\"".to_owned()),
        chat => Ok(chat.to_owned()),
    }
}

/// A credential is a file directly in systemd's folder of credentials.
fn check_credential(raw: &str) -> Read<String> {
    let odd = |c: char| c == '/' || c.is_control();
    let is_valid = !["", ".", ".."].contains(&raw) && !raw.contains(odd);
    let example = "a name such as ben-password";
    valid(is_valid, raw, "credential name", example)
}

fn check_domain(raw: &str) -> Read<String> {
    let name = raw.trim().to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let is_number = |label: &&str| label.bytes().all(|b| b.is_ascii_digit());
    let is_valid = name.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && !labels.last().is_some_and(is_number);
    valid(is_valid, raw, "domain", "a name such as aimharder.com").map(|_| name)
}

fn parse_login(raw: &str) -> Read<Option<LoginFlow>> {
    if raw == "auto" {
        return Ok(None);
    }
    let flow = raw.parse().map(Some);
    flow.map_err(|_| format!("{} is not valid; use one of json, form, auto", quote(raw)))
}

fn check_address(raw: &str) -> Read<SocketAddr> {
    let address = match raw.trim().strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse::<SocketAddr>(),
        None => raw.trim().parse(),
    };
    address.ok().filter(|address| address.port() != 0).ok_or_else(|| {
        let shown = quote(raw);
        format!("{shown} is not an address with a port; use one such as 127.0.0.1:8080 or [::1]:8080")
    })
}

/// Reads a URL with a host and one of these schemes. The URL may be a secret: the error quotes nothing.
fn parse_url(raw: &str, schemes: &[&str], example: &str) -> Read<Secret> {
    let wrong = |what: &str| format!("{what}, for example {example} (the value is not shown)");
    let url = Url::parse(raw.trim()).map_err(|_| wrong("not a URL"))?;
    if !schemes.contains(&url.scheme()) {
        let schemes = schemes.join(":// or ");
        return Err(wrong(&format!("not a URL that begins with {schemes}://")));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("a URL without a host"));
    }
    Ok(Secret::new(url))
}

/// Reads the URL of a proxy, which may contain a password.
///
/// # Errors
/// A message that quotes nothing.
pub(crate) fn parse_proxy(raw: &str) -> Read<Secret> {
    let schemes = ["http", "https", "socks5", "socks5h"];
    parse_url(raw, &schemes, "socks5h://127.0.0.1:1080")
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Secret) -> bool {
    let Ok(url) = Url::parse(url.expose()) else {
        return false;
    };
    // brackets are part of the host of an IPv6 address
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The URL of a webhook, a topic or a dead-man switch. It is a secret.
fn check_hook(raw: &str) -> Read<Secret> {
    let url = parse_url(raw, &["https", "http"], "https://example.org/topic")?;
    if url.expose().starts_with("http:") && !is_loopback(&url) {
        return Err(
            "plain http is accepted for this machine only; use https (the value is not shown)"
                .to_owned(),
        );
    }
    Ok(url)
}

fn check_timeout(raw: &str) -> Read<Duration> {
    match parse_duration(raw)? {
        Duration::ZERO => Err(format!(
            "{} is too short; use a time such as 15s",
            quote(raw)
        )),
        timeout => Ok(timeout),
    }
}

fn check_watch_every(raw: &str) -> Read<Duration> {
    let every = parse_duration(raw)?;
    if every < Duration::from_secs(60) {
        return Err(format!("{} is too short; use 1m or more", quote(raw)));
    }
    Ok(every)
}

fn check_user_agent(raw: &str) -> Read<String> {
    let name = raw.trim();
    let is_valid = !name.is_empty() && name.bytes().all(|b| (b' '..=b'~').contains(&b));
    let checked = valid(is_valid, raw, "user agent", "printable ASCII characters");
    checked.map(|_| name.to_owned())
}
