//! What every command starts from: config, store and platform, and the selection of account and session. Problems are
//! looked for in the order of `scripting.md`: usage, config, store, account and session, box, class.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::args::GlobalArgs;
use super::system;
use crate::config::{Config, default_config, default_store};
use crate::diagnostics::entry::{InUse, ReadLine};
use crate::error::{ExitKind, Failure};
use crate::http_client::{self, Proxies};
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::platform::Platform;
use crate::sessions::{ActiveSession, SessionManager, SessionSelector, lock::Locks};
use crate::store::{SessionRow, Store};
use crate::store_key::{self, KeySource};

/// One run of the program.
#[derive(Debug)]
pub(crate) struct App {
    pub global: GlobalArgs,
    pub config: Config,
    pub store: Store,
    pub platform: Platform,
    purpose: String,
    read_line: ReadLine,
}

impl App {
    /// Reads the config and opens the store. The file `required` must exist.
    pub(crate) fn start(
        global: GlobalArgs,
        command: &str,
        required: Option<&Path>,
        read_line: ReadLine,
    ) -> Result<Self> {
        let config = load_config(&global)?;
        if let Some(path) = required.filter(|path| is_missing(path)) {
            bail!(Failure::login_required(format!(
                "no store at {} yet: run `aimharder login`, or name the right one with --store",
                path.display()
            )));
        }
        let platform = platform(&config).recorded(global.record.as_deref())?;
        let store = open_store(&global, &config, command)?;
        Ok(Self {
            platform,
            ..Self::with(global, config, store, command, read_line)
        })
    }

    /// Returns the same for a config and a store that are open already.
    pub(super) fn with(
        global: GlobalArgs,
        config: Config,
        store: Store,
        command: &str,
        read_line: ReadLine,
    ) -> Self {
        Self {
            global,
            platform: platform(&config),
            config,
            store,
            purpose: format!("aimharder {command}"),
            read_line,
        }
    }

    /// The store, the config and the parser of command lines, by which a scheduled command counts as one for this store.
    pub(super) fn in_use(&self) -> InUse<'_> {
        let config = self.global.config.clone().or_else(|| config_path().ok());
        InUse {
            store: self.store.path(),
            config: config.filter(|path| path.exists()),
            read: self.read_line,
        }
    }

    /// Session management of this run.
    pub(super) fn sessions(&self) -> SessionManager<'_> {
        let locks = Locks::beside(self.store.path(), &self.purpose);
        SessionManager {
            store: &self.store,
            platform: &self.platform,
            config: &self.config,
            locks: match self.global.lock_timeout {
                Some(timeout) => locks.with_timeout(timeout),
                None => locks,
            },
        }
    }

    /// Returns the account to act for: the named one, the config's, or the only one in the store.
    pub(super) fn account(&self) -> Result<Account> {
        if let Some(account) = self.named_account() {
            return Ok(account);
        }
        match self.store.accounts()?.as_slice() {
            [] => bail!(no_session()),
            [only] => Ok(only.clone()),
            several => {
                let names: Vec<_> = several.iter().map(Account::as_str).collect();
                bail!(Failure::not_found(format!(
                    "several accounts have sessions here ({}): choose one with --account, or set `account` in the config",
                    names.join(", ")
                )))
            }
        }
    }

    /// Returns the account of the flag, its environment variable, or the config.
    pub(super) fn named_account(&self) -> Option<Account> {
        self.global.account.clone().or(self.config.account.clone())
    }

    /// The account that notifications need not name: the config's, or the only one in the store.
    pub(super) fn main_account(&self) -> Option<Account> {
        let only = || match self.store.accounts().ok()?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        self.config.account.clone().or_else(only)
    }

    /// Returns the session that acts. The caller names the default kind of its command.
    pub(super) fn pick(&self, account: &Account, default: SessionKind) -> Result<SessionSelector> {
        Ok(match self.named_device(Some(account))? {
            Some(device) => SessionSelector::Device(device.fingerprint),
            None => SessionSelector::Kind(self.global.session.unwrap_or(default)),
        })
    }

    /// The device session that `--fingerprint` names, of one account or of any.
    pub(super) fn named_device(&self, account: Option<&Account>) -> Result<Option<SessionRow>> {
        let Some(prefix) = &self.global.fingerprint else {
            return Ok(None);
        };
        let mut devices = self.store.sessions(account)?;
        devices.retain(|row| row.kind == SessionKind::Device);
        let found = SessionManager::by_prefix(devices, prefix);
        if found.is_err() && prefix.starts_with("bg-") {
            bail!(Failure::not_found(format!(
                "--fingerprint names a device session, and {prefix:?} is a background session's: use --session background"
            )));
        }
        Ok(Some(found?))
    }

    /// Opens the session of [`App::pick`].
    pub(super) fn open(
        &self,
        account: &Account,
        default: SessionKind,
    ) -> Result<ActiveSession<'_>> {
        let selector = self.pick(account, default)?;
        Ok(self.sessions().open(account, &selector)?)
    }
}

/// The failure of a command that needs an account if none has a session.
pub(super) fn no_session() -> Failure {
    Failure::login_required("no session yet: run `aimharder login` first")
}

/// The platform, reached as the config says.
pub(super) fn platform(config: &Config) -> Platform {
    let mut server = config.server.clone();
    let mut no_proxy = String::new();
    if server.proxy.is_none() {
        let proxies = http_client::proxies();
        server.proxy.clone_from(&proxies.https);
        no_proxy.clone_from(&proxies.no_proxy);
    }
    Platform::new(server, no_proxy)
}

/// Reads the config from where it was named or from its default location, and the proxies of the environment unless the
/// config says how the platform is reached.
pub(super) fn load_config(global: &GlobalArgs) -> Result<Config> {
    let config = read_config(global)?;
    if config.server.proxy.is_none() && config.server.connect_to.is_none() {
        http_client::use_proxies(Proxies::of_environment().map_err(Failure::usage)?);
    }
    match &config.path {
        Some(path) => log::info!("config {}", path.display()),
        None => log::info!("no config file: the defaults apply"),
    }
    Ok(config)
}

fn read_config(global: &GlobalArgs) -> Result<Config> {
    let path = match &global.config {
        Some(path) => path.clone(),
        None => config_path()?,
    };
    let is_default = global.system || global.config.is_none();
    if is_default && is_missing(&path) {
        return Ok(Config::default());
    }
    Ok(Config::load(&path)?)
}

/// Whether there is no file. A link without a target counts as a file that cannot be read: its owner wrote something there.
fn is_missing(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|e| e.kind() == ErrorKind::NotFound)
}

/// Opens the store, with the key source in case it is encrypted.
fn open_store(global: &GlobalArgs, config: &Config, command: &str) -> Result<Store> {
    let path = &store_path(global.store.as_deref())?;
    let source = store_key::source(config, store_key::COMMAND_TIMEOUT);
    let has_key = source.is_some();
    let source = source.or_else(|| {
        let no_key: KeySource = Box::new(|| Err(std::io::Error::other(system::no_key())));
        global.system.then_some(no_key)
    });
    let opened = match command {
        // they list or copy what the store has; a subcommand that writes fails at its first write
        "sessions" | "boxes" | "store" => Store::open_for_listing(path),
        _ => Store::open(path),
    };
    let store = opened?.with_key_from(source);
    let sealed = store.is_encrypted()?;
    let shown = store.path().display();
    log::info!("store {shown}{}", if sealed { ", encrypted" } else { "" });
    let seen = command != "store" && std::io::stderr().is_terminal();
    if has_key && !sealed && seen {
        log::warn!(
            "there is a key for the store, but it is not encrypted; run `aimharder store encrypt`"
        );
    }
    if sealed && let Err(e) = store.tidy() {
        log::info!("remaining plain text could not be removed from the store: {e}");
    }
    Ok(store)
}

/// The default location of the config.
pub(super) fn config_path() -> Result<PathBuf> {
    default_config(variable).ok_or_else(no_home)
}

/// Where the store is.
pub(crate) fn store_path(named: Option<&Path>) -> Result<PathBuf> {
    let named = named.map(Path::to_owned);
    let path = named.or_else(|| default_store(variable));
    path.ok_or_else(no_home)
}

/// A variable of the environment. Without `HOME`, the home is that of the system's list of users.
fn variable(name: &str) -> Option<OsString> {
    match name {
        "HOME" => std::env::home_dir().map(PathBuf::into_os_string),
        name => std::env::var_os(name),
    }
}

fn no_home() -> anyhow::Error {
    let message = "no home folder: set HOME, or name --config and --store";
    Failure::new(ExitKind::Internal, message).into()
}
