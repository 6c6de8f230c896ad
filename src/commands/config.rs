//! `config check | show`: validates the config, and shows the effective values with their sources.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::app::{config_path, load_config, store_path};
use super::args::GlobalArgs;
use super::help::{Help, code};
use crate::config::{Channel, Command, Config, MASK, shown_key};
use crate::diagnostics::entry::is_program;
use crate::diagnostics::sessions;
use crate::error::Failure;
use crate::http_client;
use crate::store::Store;
use crate::text::quote;
use crate::ui::Ui;
use crate::ui::table::{Cell, OutputStyle, Style, cell, headings, plain, unbroken};

const HELP: Help = Help {
    notes: "",
    examples: &["aimharder config check", "aimharder config show --json"],
    exit_codes: &[(0, "valid, or shown"), code::USAGE],
};
const CHECK_HELP: Help = Help {
    notes: "",
    examples: &["aimharder config check"],
    exit_codes: &[(0, "valid"), (2, "wrong usage, or a fault in the config")],
};
const SHOW_HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder config show",
        "aimharder config show --json | jq -r '.values[].source' | sort -u",
    ],
    exit_codes: &[(0, "shown"), code::USAGE],
};

/// Check the config, or show its values
#[derive(Debug, Subcommand)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) enum ConfigCommand {
    /// Validate the config and the files that it names
    ///
    /// The files are ca_file and the programs of commands that are written as lists. An account without a session and an
    /// unknown box are warnings.
    #[command(after_long_help = CHECK_HELP, add = CHECK_HELP)]
    Check,
    /// Show the effective values and where each comes from
    ///
    /// A source is default, the line of a file, an environment variable or a flag. Of commands only the program is shown, of
    /// URLs nothing.
    #[command(after_long_help = SHOW_HELP, add = SHOW_HELP)]
    Show,
}

pub(crate) fn run(command: &ConfigCommand, global: &GlobalArgs, ui: &mut Ui) -> Result<()> {
    let config = load_config(global)?;
    match command {
        ConfigCommand::Check => {
            if let Some((failure, _)) = missing_program(&config) {
                return Err(failure.into());
            }
            check_names(&config, global)?;
            ui.print(&json!({ "ok": true }), |style| match &config.path {
                Some(path) => style.paragraph(&format!("{}: OK", unbroken(path)), 0, Style::Plain),
                None => vec!["no config file: the defaults apply".to_owned()],
            })
        }
        ConfigCommand::Show => {
            let values = values(&config, global)?;
            let shown = values.iter().map(
                |(key, value, source)| json!({ "key": key, "value": value, "source": source }),
            );
            let data = json!({ "values": shown.collect::<Vec<_>>() });
            ui.print(&data, |style| table(&values, style))
        }
    }
}

/// The first command whose program does not exist: the error, and whether the PATH of this process decides that. Of a command
/// that is run by a shell, it is the shell.
pub(super) fn missing_program(config: &Config) -> Option<(Failure, bool)> {
    commands(config).into_iter().find_map(|(key, command)| {
        let (program, _) = command.words();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = || std::env::split_paths(&path).any(|dir| is_program(&dir.join(program)));
        let is_by_path = !program.contains('/');
        let why = match is_by_path {
            true if !on_path() => "not on the PATH",
            false if !is_program(Path::new(program)) => "not an executable file",
            _ => return None,
        };
        let failure = config.error(&key, &format!("{} is {why}", quote(program)));
        Some((failure, is_by_path))
    })
}

/// Warns of an account or a box that the store does not know. A store that cannot be read is not a fault of the config.
fn check_names(config: &Config, global: &GlobalArgs) -> Result<()> {
    let path = store_path(global.store.as_deref())?;
    let store = match Store::open_read_only(&path) {
        Ok((store, _)) => Some(store),
        Err(_) if path.exists() => return Ok(()),
        Err(_) => None,
    };
    let accounts = store.as_ref().map_or(Ok(Vec::new()), Store::accounts)?;
    let account = config.account.as_ref();
    if let Some(unknown) = account.filter(|account| !accounts.contains(account)) {
        log::warn!("{}", sessions::no_session(unknown));
    }
    let gym = store.map_or(Ok(None), |store| sessions::unknown_box(config, &store))?;
    if let Some(finding) = gym {
        log::warn!("{finding}");
    }
    Ok(())
}

/// The commands of the config and their keys.
fn commands(config: &Config) -> Vec<(String, &Command)> {
    let mut commands = Vec::new();
    let mut add = |key: String, command| commands.extend(Some(key).zip(command));
    add(
        "password_command".to_owned(),
        config.password_command.as_ref(),
    );
    for (account, its) in &config.accounts {
        let key = format!("accounts.{}.password_command", shown_key(account.as_str()));
        add(key, its.password_command.as_ref());
    }
    for (number, its) in (1..).zip(&config.notify) {
        let key = format!("notify.{number}.{}", its.channel.name());
        match &its.channel {
            Channel::Command(command) => add(key, Some(command)),
            Channel::Telegram(bot) => add(format!("{key}.token_command"), Some(&bot.token_command)),
            _ => {}
        }
    }
    add(
        "store.key_command".to_owned(),
        config.store.key_command.as_ref(),
    );
    commands
}

/// Adds the values below a key of the config: `server.timeout`, `notify.1.on`.
fn add_values(key: &str, value: Value, values: &mut Vec<(String, Value)>) {
    let above = if key.is_empty() {
        String::new()
    } else {
        format!("{key}.")
    };
    match value {
        Value::Object(map) => map.into_iter().for_each(|(name, value)| {
            add_values(&format!("{above}{}", shown_key(&name)), value, values);
        }),
        Value::Array(items) if items.iter().all(Value::is_object) => {
            for (number, value) in (1..).zip(items) {
                add_values(&format!("{above}{number}"), value, values);
            }
        }
        value => values.push((key.to_owned(), value)),
    }
}

/// The effective values, each after its key and before its source. Those of flags and environment variables take precedence
/// over the file.
fn values(config: &Config, global: &GlobalArgs) -> Result<Vec<(String, Value, String)>> {
    let by_flag = |flag: &str, variable| {
        if global.system && matches!(flag, "--config" | "--store") {
            "flag --system".to_owned()
        } else if global.from_environment.contains(&variable) {
            format!("environment variable {variable}")
        } else {
            format!("flag {flag}")
        }
    };
    let proxy = http_client::proxies().https_variable;
    let named = |path: &Option<PathBuf>| json!(path.as_deref().map(Path::to_string_lossy));
    let given = [
        (
            "config",
            named(&global.config),
            by_flag("--config", "AIMHARDER_CONFIG"),
        ),
        (
            "store",
            named(&global.store),
            by_flag("--store", "AIMHARDER_STORE"),
        ),
        (
            "account",
            json!(global.account),
            by_flag("--account", "AIMHARDER_ACCOUNT"),
        ),
        ("box", json!(global.gym), by_flag("--box", "AIMHARDER_BOX")),
        (
            "server.proxy",
            json!(proxy.map(|_| MASK)),
            format!("environment variable {}", proxy.unwrap_or_default()),
        ),
    ];
    let file = global.config.clone().map_or_else(config_path, Ok)?;
    let store = store_path(global.store.as_deref())?;
    let mut values = Vec::new();
    let mut shown = serde_json::to_value(config)?;
    shown.sort_all_objects();
    add_values("", shown, &mut values);
    // of accounts and boxes only what the file sets
    values.retain(|(key, value)| {
        !value.is_null() || !(key.starts_with("accounts.") || key.starts_with("boxes."))
    });
    values.sort_by_key(|(key, _)| key.contains('.'));
    let paths = [
        ("config", named(&Some(file))),
        ("store", named(&Some(store))),
    ];
    let paths = paths.map(|(key, path)| (key.to_owned(), path));
    let shown = |(key, value): (String, Value)| {
        let given = given
            .iter()
            .find(|(name, value, _)| *name == key && !value.is_null());
        let (value, source) = match given {
            Some((_, value, source)) => (value.clone(), Some(source.clone())),
            None => (value, config.source(&key)),
        };
        let source = source.unwrap_or_else(|| "default".to_owned());
        (key, value, source)
    };
    Ok(paths.into_iter().chain(values).map(shown).collect())
}

fn table(values: &[(String, Value, String)], style: &OutputStyle) -> Vec<String> {
    let mut rows = vec![headings(["KEY", "VALUE", "SOURCE"])];
    rows.extend(values.iter().map(|(key, value, source)| {
        let value = match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let items = items.iter().filter_map(Value::as_str);
                items.collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        let value = crate::text::clean(&value);
        vec![plain(key), plain(value), cell(source, Style::Faint)]
    }));
    if style.fits(&rows) {
        return style.lines(&rows, 0, &[]);
    }
    // values and sources are not cut: a line number is at the end of a source
    let below = |row: &Vec<Cell>| {
        let [key, value, source] = [0, 1, 2].map(|at| style.paint(&row[at].text, row[at].style));
        format!("{key} = {value}\n    {source}")
    };
    rows.iter().skip(1).map(below).collect()
}
