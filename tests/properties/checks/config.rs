//! `config.toml`: accepted values are within their bounds, an error is one line, and neither shows a secret.

use std::path::Path;

use aimharder::config::{Config, Scheme};
use aimharder::model::account::Account;
use aimharder::model::label::is_label;

use super::one_line;

/// A secret, which a seed has in the values of [`SECRET_KEYS`].
const MARK: &str = "S3cr3t";
const SECRET_KEYS: [&str; 9] = [
    "password_command",
    "command",
    "token_command",
    "discord",
    "ntfy",
    "webhook",
    "refresh",
    "prebook",
    "proxy",
];

pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Config::parse(&text, Path::new("/etc/aimharder/config.toml")) {
        Ok(config) => {
            bounds(&config);
            assert!(!only_in_secrets(&text) || !format!("{config:?}").contains(MARK));
        }
        Err(error) => {
            let error = error.to_string();
            one_line(&error);
            assert!(error.starts_with("/etc/aimharder/config.toml:"), "{error}");
            assert!(
                !only_in_secrets(&text) || !error.contains(MARK),
                "a secret is shown: {error}"
            );
        }
    }
}

fn bounds(config: &Config) {
    let accounts = config.account.iter().chain(config.accounts.keys());
    for account in accounts.map(Account::as_str) {
        assert_eq!(*account, account.trim().to_lowercase());
        assert!(account.contains('@') && !account.contains(char::is_whitespace));
    }
    assert!(
        config
            .boxes
            .keys()
            .chain(&config.box_name)
            .all(|name| is_label(name))
    );
    for gym in config.boxes.values() {
        assert!(gym.id.is_none_or(|id| id > 0));
        assert!(
            gym.opens
                .is_none_or(|rule| rule.to_string().parse() == Ok(rule))
        );
    }
    let server = &config.server;
    assert!(!server.timeout.is_zero());
    assert!(server.connect_to.is_none() || server.proxy.is_none());
    assert!(server.domain.split('.').all(is_label));
    let loopback = server.connect_to.is_some_and(|to| to.ip().is_loopback());
    assert!(
        server.scheme == Scheme::Https || loopback,
        "plain http leaves this machine"
    );
    for notify in &config.notify {
        let mut on = notify.on.clone();
        on.dedup();
        assert!(!on.is_empty() && on.len() == notify.on.len());
    }
}

/// Whether the mark is in secret values and nowhere else. It is unknown for a text that is not TOML.
fn only_in_secrets(text: &str) -> bool {
    let Ok(table) = toml::from_str::<toml::Table>(text) else {
        return false;
    };
    let found = marks(&toml::Value::Table(table), false);
    found > 0 && found == text.matches(MARK).count()
}

fn marks(value: &toml::Value, secret: bool) -> usize {
    match value {
        toml::Value::String(s) if secret => s.matches(MARK).count(),
        toml::Value::Array(list) => list.iter().map(|item| marks(item, secret)).sum(),
        toml::Value::Table(table) => table
            .iter()
            .map(|(key, item)| marks(item, secret || SECRET_KEYS.contains(&key.as_str())))
            .sum(),
        _ => 0,
    }
}
