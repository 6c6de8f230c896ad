//! The config, the store's file and the room around it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::clock;
use crate::commands::app;
use crate::commands::failure;
use crate::config::{Channel, Config};
use crate::status::{ConfigFacts, Integrity, Key, StoreFacts, schedule};
use crate::store::{self, Store};
use crate::store_key;

/// Larger stores are not read whole in passing.
const READ_WHOLE: u64 = 64 << 20;

/// The config, if it can be used.
pub(super) fn config(named: Option<&Path>) -> (Option<Config>, ConfigFacts) {
    let loaded = app::load_config(named);
    let path = named.map_or_else(|| app::config_path().ok(), |path| Some(path.to_owned()));
    let mode = path.as_deref().and_then(mode);
    let mut facts = ConfigFacts {
        exists: mode.is_some(),
        usable: loaded.is_ok(),
        path,
        mode,
        ..ConfigFacts::default()
    };
    match loaded {
        Ok(config) => {
            facts.account.clone_from(&config.account);
            facts.gym.clone_from(&config.box_name);
            facts.secret = has_secret(&config);
            (Some(config), facts)
        }
        Err(e) => {
            facts.error = Some(failure::of(&e).message);
            (None, facts)
        }
    }
}

/// Whoever reads it could send notices, or use the proxy.
fn has_secret(config: &Config) -> bool {
    let url =
        |channel: &Channel| !matches!(channel, Channel::Command(_) | Channel::Telegram { .. });
    let ping = &config.ping;
    config.notify.iter().any(|notify| url(&notify.channel))
        || ping.refresh.is_some()
        || ping.prebook.is_some()
        || config.server.proxy.is_some()
}

/// The store, if it is there and can be used. A missing one is not made.
pub(super) fn store(path: &Path, config: Option<&Config>) -> (Option<Store>, StoreFacts) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut facts = StoreFacts {
        path: Some(path.to_owned()),
        exists: fs::symlink_metadata(path).is_ok(),
        mode: mode(path),
        folder_mode: mode(folder.unwrap_or(Path::new("."))),
        free_bytes: free(folder.unwrap_or(Path::new("."))),
        ..StoreFacts::default()
    };
    if !facts.exists {
        return (None, facts);
    }
    let source = config.and_then(|config| store_key::source_within(config, schedule::LIMIT));
    let named = source.is_some();
    let opened = Store::open(path).and_then(|store| {
        let store = store.with_key_from(source);
        look_into(&store, path, &mut facts)?;
        // with a config that cannot be used nobody knows the key
        if facts.encrypted == Some(true) && config.is_some() {
            facts.key = key(&store, named)?;
        }
        Ok(store)
    });
    match opened {
        Ok(store) => {
            log::info!("store {}", path.display());
            facts.usable = !facts.key.fails();
            (Some(store), facts)
        }
        Err(e) => {
            facts.error = Some(e.to_string());
            (None, facts)
        }
    }
}

/// Is the key to be had, and does it fit? Its command runs while the system's tools are asked.
fn key(store: &Store, named: bool) -> store::Result<Key> {
    if !named {
        return Ok(Key::NoSource);
    }
    let began = clock::steady();
    match store.ready() {
        Ok(()) => Ok(Key::Fits),
        Err(store::Error::Key(_)) if began.elapsed() >= schedule::LIMIT => Ok(Key::Silent),
        Err(store::Error::Key(why)) => Ok(Key::Lacking(why)),
        Err(store::Error::Unusable(_)) => Ok(Key::Wrong),
        Err(other) => Err(other),
    }
}

fn look_into(store: &Store, path: &Path, facts: &mut StoreFacts) -> store::Result<()> {
    let size = size(path);
    facts.schema = Some(store.schema());
    facts.encrypted = Some(store.is_sealed()?);
    facts.size_bytes = Some(size);
    if size <= READ_WHOLE {
        facts.damage = store.damage()?;
        facts.integrity = match facts.damage {
            None => Integrity::Ok,
            Some(_) => Integrity::Damaged,
        };
    }
    Ok(())
}

fn size(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let of = |path: &Path| fs::metadata(path).map_or(0, |facts| facts.len());
    of(path) + of(Path::new(&log))
}

fn mode(path: &Path) -> Option<u32> {
    let facts = fs::metadata(path).ok()?;
    Some(facts.permissions().mode() & 0o7777)
}

fn free(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}
