//! The config, the store's file and the space around it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::{Finding, Findings, schedule};
use crate::clock;
use crate::config::{Channel, Config};
use crate::error::ExitKind::{Internal, Usage};
use crate::error::Failure;
use crate::store::{self, Store};
use crate::store_key;
use crate::text::{shell_word, why};

/// Larger stores are not checked for damage.
const MAX_CHECKED_BYTES: u64 = 64 << 20;
/// With less free space, a write that must not be lost may fail.
const MIN_FREE_BYTES: u64 = 16 << 20;

/// The config file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ConfigFacts {
    #[serde(serialize_with = "lossy")]
    pub path: Option<PathBuf>,
    pub exists: bool,
    pub usable: bool,
    #[serde(serialize_with = "octal")]
    pub mode: Option<u32>,
}

/// The store's file.
#[derive(Debug, Default, Serialize)]
pub(crate) struct StoreFacts {
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    pub exists: bool,
    /// It can be read, and its key is available if it needs one.
    pub usable: bool,
    pub schema: Option<usize>,
    pub encrypted: Option<bool>,
    /// The write-ahead log included.
    pub size_bytes: Option<u64>,
    /// Free space of its file system that this user may fill.
    pub free_bytes: Option<u64>,
    #[serde(serialize_with = "octal")]
    pub mode: Option<u32>,
    #[serde(serialize_with = "octal")]
    pub folder_mode: Option<u32>,
    /// `ok`, `damaged` or `not_checked`
    pub integrity: &'static str,
}

/// Writes a path, which need not be UTF-8.
pub(super) fn lossy<'p, P, S: Serializer>(path: &'p P, to: S) -> Result<S::Ok, S::Error>
where
    &'p P: Into<Option<&'p PathBuf>>,
{
    let path: Option<&PathBuf> = path.into();
    path.map(|path| path.to_string_lossy()).serialize(to)
}

/// Writes a file mode as `chmod` takes it: `"0600"`.
#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde calls
fn octal<S: Serializer>(mode: &Option<u32>, to: S) -> Result<S::Ok, S::Error> {
    mode.map(|mode| format!("{mode:04o}")).serialize(to)
}

/// The config as it was loaded from `path`, and its facts.
pub(crate) fn config(
    path: Option<PathBuf>,
    loaded: Result<Config, Failure>,
    found: &mut Findings,
) -> (Option<Config>, ConfigFacts) {
    let mode = path.as_deref().and_then(mode);
    let usable = loaded.map_err(|failure| {
        found.add("config_unusable", Some(Usage), failure.message, "");
    });
    let config = usable.ok();
    if let (Some(path), Some(mode)) = (&path, mode) {
        let shown = path.display();
        let remedy = format!("run `chmod 600 {}`", shell_word(&shown.to_string()));
        if mode & 0o002 != 0 {
            let message = format!(
                "the config {shown} is writable by others (mode {mode:03o}), who could have commands run as this user"
            );
            found.add("config_writable", Some(Usage), message, remedy);
        } else if mode & 0o004 != 0 && config.as_ref().is_some_and(has_secret) {
            let message = format!(
                "the config {shown} contains a secret address and is readable by others (mode {mode:03o})"
            );
            found.add("config_readable", None, message, remedy);
        }
    }
    let facts = ConfigFacts {
        path,
        exists: mode.is_some(),
        usable: config.is_some(),
        mode,
    };
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
    found: &mut Findings,
) -> (Option<Store>, StoreFacts) {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut facts = StoreFacts {
        path: path.to_owned(),
        // a folder that cannot be searched may have it
        exists: !fs::symlink_metadata(path).is_err_and(|e| e.kind() == ErrorKind::NotFound),
        mode: mode(path),
        folder_mode: mode(folder),
        free_bytes: free(folder),
        integrity: "not_checked",
        ..StoreFacts::default()
    };
    if !facts.exists {
        return (None, facts);
    }
    let store = match open(path, config, &mut facts, found) {
        Ok(store) => {
            log::info!("store {}", path.display());
            check_writable(&store, found);
            Some(store)
        }
        Err(e) => {
            facts.usable = false;
            found.store_unusable(e.to_string());
            None
        }
    };
    if let Some(free) = facts.free_bytes.filter(|free| *free < MIN_FREE_BYTES) {
        let (free, shown) = (human_size(free), path.display());
        let message = format!("only {free} free on the file system of the store {shown}");
        found.add("disk_full", Some(Internal), message, "free some space");
    }
    (store, facts)
}

/// Without write access to the store, the files beside it and its folder, what the platform replaces would be lost.
fn check_writable(store: &Store, found: &mut Findings) {
    if let Some((file, e)) = store.read_only_file() {
        let message = format!("cannot write {}: {}", file.display(), why(&e));
        let remedy = "make it writable, or name another place with --store";
        found.add("store_read_only", Some(Internal), message, remedy);
    }
}

fn open(
    path: &Path,
    config: Option<&Config>,
    facts: &mut StoreFacts,
    found: &mut Findings,
) -> store::Result<Store> {
    let source = config.and_then(|config| store_key::source(config, schedule::LIMIT));
    let has_source = source.is_some();
    let (store, schema) = Store::open_read_only(path)?;
    let store = store.with_key_from(source);
    let size = size(path);
    facts.schema = Some(schema);
    facts.encrypted = Some(store.is_encrypted()?);
    facts.size_bytes = Some(size);
    if size <= MAX_CHECKED_BYTES {
        facts.integrity = "ok";
        if let Some(damage) = store.damage()? {
            facts.integrity = "damaged";
            let message = format!("the store {} is damaged: {damage}", path.display());
            let remedy = "restore a backup, or move the file away and run `aimharder login`";
            found.add("store_damaged", Some(Internal), message, remedy);
        }
    }
    facts.usable = true;
    // without a config the source of the key is unknown
    if facts.encrypted == Some(true) && config.is_some() {
        let finding = check_key(&store, has_source)?;
        facts.usable = finding.as_ref().is_none_or(|it| it.kind.is_none());
        found.push(finding);
    }
    Ok(store)
}

/// The finding about a key that is not available or does not open the store. Its command runs while the system's tools are asked.
fn check_key(store: &Store, has_source: bool) -> store::Result<Option<Finding>> {
    let shown = store.path().display();
    let began = clock::steady();
    let (code, kind, message, remedy) = match store.ready() {
        _ if !has_source => (
            "store_key_missing",
            Some(Usage),
            format!("the store {shown} is encrypted and no source of its key is configured"),
            "set key_command under [store] in the config, or pass the systemd credential aimharder-key",
        ),
        Ok(()) => return Ok(None),
        Err(store::Error::Key(_)) if clock::since(began) >= schedule::LIMIT => (
            "store_key_silent",
            None,
            "the key_command of [store] did not finish within 2 s, so the key was not checked"
                .into(),
            "",
        ),
        Err(store::Error::Key(why)) => (
            "store_key_missing",
            Some(Usage),
            format!("the key of the store {shown} is not available: {why}"),
            "make it available to key_command or the credential again",
        ),
        Err(store::Error::Unusable(_)) => (
            "store_key_wrong",
            Some(Internal),
            format!("the key does not match the store {shown}: it was encrypted with another key"),
            "supply that key by key_command or the credential; if it is lost, run `aimharder store decrypt --forget-logins`",
        ),
        Err(other) => return Err(other),
    };
    Ok(Some(Finding::new(code, kind, message, remedy)))
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

/// `120 KiB`
pub(crate) fn human_size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes, "bytes");
    for larger in ["KiB", "MiB", "GiB"] {
        if value >= 1024 {
            (value, unit) = (value / 1024, larger);
        }
    }
    format!("{value} {unit}")
}
