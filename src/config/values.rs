//! Values of the config: each is read from a string by a function of its own. These functions are for
//! `#[serde(deserialize_with)]` and serve fields of type `T` and `Option<T>`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use chrono_tz::Tz;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::secret_url::SecretUrl;
use crate::model::account::Account;
use crate::model::label::is_label;
use crate::model::opening::Rule;
use crate::model::time::parse_duration;
use crate::model::zone::parse_zone;
use crate::text::quote;

type Read<T> = Result<T, String>;

macro_rules! readers {
    ($($name:ident: $value:ty = $read:expr;)*) => {$(
        pub(super) fn $name<'de, D: Deserializer<'de>, T: From<$value>>(from: D) -> Result<T, D::Error> {
            let raw = String::deserialize(from)?;
            let value: Read<$value> = $read(&raw);
            value.map(T::from).map_err(D::Error::custom)
        }
    )*};
}

readers! {
    account: Account = str::parse;
    box_name: String = check_box_name;
    chat: String = check_chat;
    connect_to: SocketAddr = check_address;
    credential: String = check_credential;
    domain: String = check_domain;
    hook: SecretUrl = check_hook;
    lead: Duration = parse_duration;
    opens: Rule = str::parse;
    proxy: SecretUrl = SecretUrl::proxy;
    timeout: Duration = check_timeout;
    timezone: Tz = parse_zone;
    user_agent: String = check_user_agent;
    watch_every: Duration = check_watch_every;
}

pub(super) fn box_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match i64::deserialize(from)? {
        id if id > 0 => Ok(Some(id)),
        _ => Err(D::Error::custom("must be 1 or more, for example 10122")),
    }
}

/// Opening rules by class name. The names are checked with the document, where their lines are known.
pub(super) fn opens_by_class<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, Rule>, D::Error> {
    let rules = BTreeMap::<String, Rule>::deserialize(from)?;
    let trim = |(class, rule): (String, Rule)| (class.trim().to_owned(), rule);
    Ok(rules.into_iter().map(trim).collect())
}

pub(super) fn check_box_name(raw: &str) -> Read<String> {
    if is_label(raw) {
        Ok(raw.to_owned())
    } else {
        let shown = quote(raw);
        Err(format!(
            "{shown} is not a valid box name; use a name such as crossfitdemo"
        ))
    }
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
    if raw.is_empty() || raw == "." || raw == ".." || raw.contains(odd) {
        let shown = quote(raw);
        return Err(format!(
            "{shown} is not a valid credential name; use a name such as ben-password"
        ));
    }
    Ok(raw.to_owned())
}

fn check_domain(raw: &str) -> Read<String> {
    let name = raw.trim().to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let is_number = |label: &&str| label.bytes().all(|b| b.is_ascii_digit());
    let well_formed =
        name.len() <= 253 && labels.len() >= 2 && labels.iter().all(|label| is_label(label));
    if well_formed && !labels.last().is_some_and(is_number) {
        Ok(name)
    } else {
        let shown = quote(raw);
        Err(format!(
            "{shown} is not a valid domain; use a name such as aimharder.com"
        ))
    }
}

fn check_address(raw: &str) -> Read<SocketAddr> {
    let local = |port: &str| {
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        let port = digits.then(|| port.parse().ok())??;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    };
    let address = match raw.trim().strip_prefix("localhost:") {
        Some(port) => local(port),
        None => raw.trim().parse().ok(),
    };
    address.filter(|address| address.port() != 0).ok_or_else(|| {
        let shown = quote(raw);
        format!("{shown} is not an address with a port; use one such as 127.0.0.1:8080 or [::1]:8080")
    })
}

/// The URL of a webhook, a topic or a dead-man switch.
fn check_hook(raw: &str) -> Read<SecretUrl> {
    let url = SecretUrl::parse(raw, &["https", "http"], "https://example.org/topic")?;
    if url.is_exposed() {
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
    if name.is_empty() || !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let shown = quote(raw);
        return Err(format!(
            "{shown} is not a valid user agent; use printable ASCII characters"
        ));
    }
    Ok(name.to_owned())
}
