//! The config, the store's file and the space around it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::findings::{Finding, human_size};
use super::{ConfigFacts, StoreFacts, schedule};
use crate::clock;
use crate::config::{Channel, Config};
use crate::error::{ExitKind, Failure};
use crate::store::{self, Store};
use crate::store_key;
use crate::text::shell_word;

/// Larger stores are not checked for damage.
const MAX_CHECKED_BYTES: u64 = 64 << 20;
/// With less free space, a write that must not be lost may fail.
const MIN_FREE_BYTES: u64 = 16 << 20;

/// The config as it was loaded from `path`, and its facts.
pub(crate) fn config(
    path: Option<PathBuf>,
    loaded: Result<Config, Failure>,
    found: &mut Vec<Finding>,
) -> (Option<Config>, ConfigFacts) {
    let mode = path.as_deref().and_then(mode);
    let mut facts = ConfigFacts {
        exists: mode.is_some(),
        usable: loaded.is_ok(),
        mode,
        ..ConfigFacts::default()
    };
    let config = match loaded {
        Ok(config) => {
            facts.account.clone_from(&config.account);
            facts.gym.clone_from(&config.box_name);
            Some(config)
        }
        Err(e) => {
            found.push(Finding::problem(
                "config_unusable",
                ExitKind::Usage,
                e.message,
            ));
            None
        }
    };
    if let (Some(path), Some(mode)) = (&path, mode) {
        let shown = path.display();
        let remedy = format!("run `chmod 600 {}`", shell_word(&shown.to_string()));
        if mode & 0o002 != 0 {
            let message = format!(
                "the config {shown} is writable by others (mode {mode:03o}), who could have commands run as this user"
            );
            found
                .push(Finding::problem("config_writable", ExitKind::Usage, message).remedy(remedy));
        } else if mode & 0o004 != 0 && config.as_ref().is_some_and(has_secret) {
            let message = format!(
                "the config {shown} contains a secret address and is readable by others (mode {mode:03o})"
            );
            found.push(Finding::notice("config_readable", message).remedy(remedy));
        }
    }
    facts.path = path;
    (config, facts)
}

/// Whether a reader of the config could send notifications, or use the proxy.
fn has_secret(config: &Config) -> bool {
    let is_url =
        |channel: &Channel| !matches!(channel, Channel::Command(_) | Channel::Telegram { .. });
    let ping = &config.ping;
    config.notify.iter().any(|notify| is_url(&notify.channel))
        || ping.refresh.is_some()
        || ping.prebook.is_some()
        || config.server.proxy.is_some()
}

/// The store, if it exists and can be read, and its facts. A missing store is not created.
pub(crate) fn store(
    path: &Path,
    config: Option<&Config>,
    found: &mut Vec<Finding>,
) -> (Option<Store>, StoreFacts) {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut facts = StoreFacts {
        path: Some(path.to_owned()),
        exists: fs::symlink_metadata(path).is_ok(),
        mode: mode(path),
        folder_mode: mode(folder),
        free_bytes: free(folder),
        integrity: "not_checked",
        ..StoreFacts::default()
    };
    if !facts.exists {
        return (None, facts);
    }
    let source = config.and_then(|config| store_key::source_within(config, schedule::LIMIT));
    let has_source = source.is_some();
    let opened = Store::open_read_only(path).and_then(|(store, schema)| {
        facts.schema = Some(schema);
        let store = store.with_key_from(source);
        inspect(&store, &mut facts, found)?;
        facts.usable = true;
        // without a config the source of the key is unknown
        if facts.encrypted == Some(true) && config.is_some() {
            check_key(&store, has_source, &mut facts, found)?;
        }
        Ok(store)
    });
    let store = match opened {
        Ok(store) => {
            log::info!("store {}", path.display());
            Some(store)
        }
        Err(e) => {
            facts.usable = false;
            found.push(Finding::store_unusable(e.to_string()));
            None
        }
    };
    if let Some(free) = facts.free_bytes.filter(|free| *free < MIN_FREE_BYTES) {
        let message = format!(
            "only {} free on the file system of the store {}",
            human_size(free),
            path.display()
        );
        found.push(
            Finding::problem("disk_full", ExitKind::Internal, message).remedy("free some space"),
        );
    }
    (store, facts)
}

fn inspect(store: &Store, facts: &mut StoreFacts, found: &mut Vec<Finding>) -> store::Result<()> {
    let path = store.path();
    let size = size(path);
    facts.encrypted = Some(store.is_sealed()?);
    facts.size_bytes = Some(size);
    if size > MAX_CHECKED_BYTES {
        return Ok(());
    }
    let damage = store.damage()?;
    facts.integrity = if damage.is_some() { "damaged" } else { "ok" };
    found.extend(damage.map(|damage| {
        let message = format!("the store {} is damaged: {damage}", path.display());
        Finding::problem("store_damaged", ExitKind::Internal, message)
            .remedy("restore a backup, or move the file away and run `aimharder login EMAIL`")
    }));
    Ok(())
}

/// Whether the key is available and opens the store. Its command runs while the system's tools are asked.
fn check_key(
    store: &Store,
    has_source: bool,
    facts: &mut StoreFacts,
    found: &mut Vec<Finding>,
) -> store::Result<()> {
    let shown = store.path().display();
    let began = clock::steady();
    let missing = |message, remedy| {
        Finding::problem("store_key_missing", ExitKind::Usage, message).remedy(remedy)
    };
    facts.encryption = Some("encrypted, key unknown");
    let finding = match store.ready() {
        _ if !has_source => missing(
            format!("the store {shown} is encrypted and no source of its key is configured"),
            "set key_command under [store] in the config, or pass the systemd credential aimharder-key",
        ),
        Ok(()) => {
            facts.encryption = Some("encrypted");
            return Ok(());
        }
        Err(store::Error::Key(_)) if began.elapsed() >= schedule::LIMIT => {
            found.push(Finding::notice(
                "store_key_silent",
                "the key_command of [store] did not finish within 2 s, so the key was not checked",
            ));
            return Ok(());
        }
        Err(store::Error::Key(why)) => missing(
            format!("the key of the store {shown} is not available: {why}"),
            "make it available to key_command or the credential again",
        ),
        Err(store::Error::Unusable(_)) => {
            facts.encryption = Some("encrypted with another key");
            let message = format!(
                "the key does not match the store {shown}: it was encrypted with another key"
            );
            Finding::problem("store_key_wrong", ExitKind::Internal, message).remedy(
                "supply that key by key_command or the credential; if it is lost, run `aimharder store decrypt --forget-logins`",
            )
        }
        Err(other) => return Err(other),
    };
    facts.usable = false;
    found.push(finding);
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
