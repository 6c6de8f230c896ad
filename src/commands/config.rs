//! `config check | show`: validates the config, and shows the effective values with their sources.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Value, json};

use super::app::{config_path, load_config, store_path};
use super::args::GlobalArgs;
use super::help::{Help, code};
use crate::config::{Channel, Command, Config, shown_key};
use crate::diagnostics::entry::is_program;
use crate::error::Failure;
use crate::http_client;
use crate::model::time::format_duration;
use crate::text::{fold, quote};
use crate::ui::table::{OutputStyle, ShrinkPriority, Style, cell, headings, plain, shrink};
use crate::ui::{Output, Ui};

/// Replaces a value that is a secret or may contain one.
const MASK: &str = "…";

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
#[derive(Debug, Args)]
#[command(arg_required_else_help = false, after_long_help = HELP, add = HELP)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Validate the config and the files that it names
    ///
    /// The files are ca_file and the programs of commands that are written as lists.
    #[command(after_long_help = CHECK_HELP, add = CHECK_HELP)]
    Check,
    /// Show the effective values and where each comes from
    ///
    /// A source is default, the line of a file, an environment variable or a flag. Of commands only the program is shown, of
    /// URLs nothing.
    #[command(after_long_help = SHOW_HELP, add = SHOW_HELP)]
    Show,
}

pub(crate) fn run(args: &ConfigArgs, global: &GlobalArgs, ui: &mut Ui) -> Result<()> {
    let config = load_config(global)?;
    let lines = match &config.path {
        Some(path) => Config::lines(path)?,
        None => BTreeMap::new(),
    };
    match args.command {
        ConfigCommand::Check => {
            check_programs(&config, &lines)?;
            let path = config.path;
            ui.print(&Valid { ok: true, path })
        }
        ConfigCommand::Show => ui.print(&Values {
            values: values(&config, &lines, global)?,
        }),
    }
}

/// Fails if the program of a command that is written as a list does not exist. What a shell runs is not known.
fn check_programs(config: &Config, lines: &BTreeMap<String, usize>) -> Result<()> {
    for item in items(config) {
        let Some(Command::List(words)) = item.command else {
            continue;
        };
        let program = words.first().map_or("", String::as_str);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = || std::env::split_paths(&path).any(|dir| is_program(&dir.join(program)));
        let why = if program.contains('/') {
            (!is_program(Path::new(program))).then_some("not an executable file")
        } else {
            (!on_path()).then_some("not on the PATH")
        };
        if let Some(why) = why {
            let at = source(config, lines, &item.key);
            let (key, program) = (&item.key, quote(program));
            return Err(Failure::usage(format!("{at}: {key}: {program} is {why}")).into());
        }
    }
    Ok(())
}

/// Where the value of a key of the config comes from. Names of accounts and classes may be written in another case.
fn source(config: &Config, lines: &BTreeMap<String, usize>, key: &str) -> String {
    let line = lines.iter().find(|(known, _)| fold(known) == fold(key));
    match (&config.path, line) {
        (Some(path), Some((_, line))) => format!("{}:{line}", path.display()),
        (Some(path), None) if is_of_file(key) => path.display().to_string(),
        _ => "default".to_owned(),
    }
}

/// Whether only the file can set the key.
fn is_of_file(key: &str) -> bool {
    key.starts_with("accounts.") || key.starts_with("boxes.")
}

/// One value of the config.
struct Item<'c> {
    key: String,
    value: Value,
    command: Option<&'c Command>,
}

/// The values of the config in the order of its reference. Accounts, boxes and notifications have only what the file sets.
fn items(config: &Config) -> Vec<Item<'_>> {
    let mut items = Items(Vec::new());
    let is_default = config.background_salt == Config::default().background_salt;
    let salt = if is_default {
        &config.background_salt
    } else {
        MASK
    };
    items.add("account", &config.account);
    items.add("box", &config.box_name);
    items.command("password_command", config.password_command.as_ref());
    items.add("background_salt", salt);
    items.add("watch_every", format_duration(config.watch_every));
    for (account, its) in &config.accounts {
        let key = |name: &str| format!("accounts.{}.{name}", shown_key(account.as_str()));
        items.command(&key("password_command"), its.password_command.as_ref());
        items.add(&key("credential"), &its.credential);
    }
    for (name, its) in &config.boxes {
        let key = |key: &str| format!("boxes.{}.{key}", shown_key(name));
        items.add(&key("id"), its.id);
        items.add(&key("timezone"), its.timezone.map(Tz::name));
        items.add(&key("opens"), its.opens.map(|rule| rule.to_string()));
        for (class, rule) in &its.opens_by_class {
            let name = format!("opens_by_class.{}", shown_key(class));
            items.add(&key(&name), rule.to_string());
        }
        items.add(&key("lead"), its.lead.map(format_duration));
    }
    for (number, its) in (1..).zip(&config.notify) {
        let key = |name: &str| format!("notify.{number}.{name}");
        items.add(&key("on"), &its.on);
        match &its.channel {
            Channel::Command(command) => items.command(&key("command"), Some(command)),
            Channel::Telegram(bot) => {
                items.command(&key("telegram.token_command"), Some(&bot.token_command));
                items.add(&key("telegram.chat"), &bot.chat);
            }
            url => items.add(&key(url.name()), MASK),
        }
    }
    let server = &config.server;
    items.add("ping.refresh", config.ping.refresh.as_ref().map(|_| MASK));
    items.add("ping.prebook", config.ping.prebook.as_ref().map(|_| MASK));
    items.add("server.domain", &server.domain);
    items.add("server.login", server.login);
    items.add("server.scheme", server.scheme);
    items.add("server.connect_to", server.connect_to);
    items.add("server.ca_file", &server.ca_file);
    items.add("server.proxy", server.proxy.as_ref().map(|_| MASK));
    items.add("server.timeout", format_duration(server.timeout));
    items.add("server.user_agent", &server.user_agent);
    items.command("store.key_command", config.store.key_command.as_ref());
    items
        .0
        .retain(|item| !item.value.is_null() || !is_of_file(&item.key));
    items.0
}

struct Items<'c>(Vec<Item<'c>>);

impl<'c> Items<'c> {
    fn add(&mut self, key: &str, value: impl Serialize) {
        self.0.push(Item {
            key: key.to_owned(),
            value: json!(value),
            command: None,
        });
    }

    /// Adds a command. Its arguments may be secrets.
    fn command(&mut self, key: &str, command: Option<&'c Command>) {
        self.add(key, command.map(|it| format!("{} {MASK}", it.program())));
        if let Some(item) = self.0.last_mut() {
            item.command = command;
        }
    }
}

/// The effective values: those of flags and environment variables take precedence over the file.
fn values(
    config: &Config,
    lines: &BTreeMap<String, usize>,
    global: &GlobalArgs,
) -> Result<Vec<ShownValue>> {
    let by_flag = |flag: &str, variable| {
        if global.system && matches!(flag, "--config" | "--store") {
            "flag --system".to_owned()
        } else if global.from_environment.contains(&variable) {
            format!("environment variable {variable}")
        } else {
            format!("flag {flag}")
        }
    };
    let path = |key: &str, named: Option<&PathBuf>, (flag, variable), default: Result<PathBuf>| {
        let source = named.map(|_| by_flag(flag, variable));
        anyhow::Ok(ShownValue {
            key: key.to_owned(),
            value: json!(named.cloned().map_or(default, Ok)?),
            source: source.unwrap_or_else(|| "default".to_owned()),
        })
    };
    let (config_file, store) = (global.config.as_ref(), global.store.as_ref());
    let mut values = vec![
        path(
            "config",
            config_file,
            ("--config", "AIMHARDER_CONFIG"),
            config_path(),
        )?,
        path(
            "store",
            store,
            ("--store", "AIMHARDER_STORE"),
            store_path(None),
        )?,
    ];
    for Item { key, value, .. } in items(config) {
        let given = match key.as_str() {
            "account" => global.account.as_ref().map(|account| {
                let source = by_flag("--account", "AIMHARDER_ACCOUNT");
                (json!(account), source)
            }),
            "box" => global.gym.as_ref().map(|name| {
                let source = by_flag("--box", "AIMHARDER_BOX");
                (json!(name), source)
            }),
            "server.proxy" => http_client::proxies().https_variable.map(|name| {
                let source = format!("environment variable {name}");
                (json!(MASK), source)
            }),
            _ => None,
        };
        let (value, source) = given.unwrap_or_else(|| (value, source(config, lines, &key)));
        values.push(ShownValue { key, value, source });
    }
    Ok(values)
}

#[derive(Debug, Serialize)]
struct Valid {
    ok: bool,
    #[serde(skip)]
    path: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Values {
    values: Vec<ShownValue>,
}

#[derive(Debug, Serialize)]
struct ShownValue {
    key: String,
    value: Value,
    source: String,
}

impl Output for Valid {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        match &self.path {
            Some(path) => writeln!(to, "{}: OK", path.display()),
            None => writeln!(to, "no config file: the defaults apply"),
        }
    }
}

/// The value is cut before its source.
const SHRINK: [ShrinkPriority; 3] = [shrink(1, 16), shrink(2, 16), shrink(0, 12)];

impl Output for Values {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let mut rows = vec![headings(["KEY", "VALUE", "SOURCE"])];
        rows.extend(self.values.iter().map(|shown| {
            let value = match &shown.value {
                Value::Null => "-".to_owned(),
                Value::String(text) => text.clone(),
                Value::Array(items) => {
                    let items = items.iter().filter_map(Value::as_str);
                    items.collect::<Vec<_>>().join(", ")
                }
                other => other.to_string(),
            };
            let value = crate::text::clean(&value);
            vec![
                plain(&shown.key),
                plain(value),
                cell(&shown.source, Style::Faint),
            ]
        }));
        style.table(&rows, 0, &SHRINK, to)
    }
}
