//! What runs us unattended: `crontab -l`, `systemctl list-timers` of both managers, side by side and each with a short
//! time-out; files where a tool is missing or cannot reach its manager. A machine without them is no error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::crontab::{self, Owner};
use super::timers;
use crate::model::instant::maybe_utc;
use crate::process;

/// These tools answer at once, or something is wrong with them.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);
/// Where the shipped system units keep their store.
const SYSTEM_STATE: &str = "/var/lib/aimharder";

/// What is to be done again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Job {
    Refresh,
    Prebook,
}

/// What does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    Crontab,
    UserTimer,
    SystemTimer,
}

/// One crontab line or timer of ours.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub by: By,
    pub job: Job,
    pub active: bool,
    /// it looks after the store in use
    pub serves: bool,
    /// a crontab's times, a timer's unit
    pub name: String,
    /// the only account it looks after
    pub account: Option<String>,
    /// its runs are too far apart: a login may end, or an opening be missed, in between
    pub rare: bool,
    #[serde(serialize_with = "maybe_utc")]
    pub next_at: Option<DateTime<Utc>>,
}

/// All that was found.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Schedule {
    pub entries: Vec<Entry>,
    /// user timers end when their user logs out
    #[serde(skip)]
    pub lingers: Option<bool>,
    /// tools that gave no answer in time
    #[serde(skip)]
    pub silent: Vec<&'static str>,
}

impl Schedule {
    /// Does something active do this for the store in use, for all accounts or for this one?
    pub(crate) fn runs(&self, job: Job, account: &str) -> bool {
        self.entries.iter().any(|entry| {
            let for_it = entry.account.as_deref().is_none_or(|only| only == account);
            entry.job == job && entry.active && entry.serves && for_it
        })
    }
}

/// A look under way.
#[derive(Debug)]
pub(crate) struct Look {
    crontab: Asked,
    user: Asked,
    system: Asked,
}

/// `None`: no thread was to be had.
type Asked = Option<thread::JoinHandle<Answer>>;

/// What a tool said.
#[derive(Debug)]
enum Answer {
    Said(String),
    /// it is missing, or has nothing to say here
    Nothing,
    Silent,
}

/// Ask all tools at once; meanwhile there is other work to do.
pub(crate) fn look() -> Look {
    let timers = [
        "list-timers",
        "--no-legend",
        "--no-pager",
        "aimharder-*.timer",
    ];
    let user: Vec<_> = [&["--user"][..], &timers].concat();
    Look {
        crontab: begin(|| ask("crontab", &["-l"])),
        user: begin(move || ask("systemctl", &user)),
        system: begin(move || ask("systemctl", &timers)),
    }
}

fn begin(ask: impl FnOnce() -> Answer + Send + 'static) -> Asked {
    thread::Builder::new()
        .name("schedule".into())
        .spawn(ask)
        .ok()
}

fn ask(tool: &str, args: &[&str]) -> Answer {
    let mut command = Command::new(tool);
    command.args(args).env("LC_ALL", "C");
    let said = process::output_of(command, LIMIT);
    let asked = format!("{tool} {}", args.join(" "));
    match &said {
        Some(Ok(text)) => log::info!("`{asked}` says {} lines", text.lines().count()),
        Some(Err(())) => log::info!("`{asked}` has nothing to say here"),
        None => log::info!("`{asked}` gave no answer in time"),
    }
    match said {
        Some(Ok(text)) => Answer::Said(text),
        Some(Err(())) => Answer::Nothing,
        None => Answer::Silent,
    }
}

impl Look {
    /// What was found, as seen from the store in use.
    pub(crate) fn done(self, store: &Path) -> Schedule {
        let mut found = Schedule::default();
        let answer =
            |asked: Asked| asked.map_or(Answer::Silent, |it| it.join().unwrap_or(Answer::Nothing));
        let user = user_name();
        match answer(self.crontab) {
            Answer::Said(text) => found.entries = crontab::entries(&text, Owner::Ours),
            Answer::Nothing => {
                found.entries = crontab::entries(&spooled(user.as_deref()), Owner::Ours);
            }
            Answer::Silent => found.silent.push("crontab -l"),
        }
        let system = system_crontabs();
        let ours = crontab::entries(&system, Owner::System(user.as_deref()));
        found.entries.extend(ours);
        let managers = [
            (By::UserTimer, answer(self.user), user_folders()),
            (By::SystemTimer, answer(self.system), system_folders()),
        ];
        for (by, answer, folders) in managers {
            if matches!(answer, Answer::Silent) && !found.silent.contains(&"systemctl") {
                found.silent.push("systemctl");
            }
            found.entries.extend(of_manager(by, &answer, &folders));
        }
        let serves = store.starts_with(SYSTEM_STATE);
        for entry in &mut found.entries {
            entry.serves = entry.by != By::SystemTimer || serves;
        }
        found.lingers = lingers(user.as_deref());
        found
    }
}

/// The timers that a manager runs, and those that are installed and not running.
fn of_manager(by: By, answer: &Answer, folders: &[PathBuf]) -> Vec<Entry> {
    let mut entries = match answer {
        Answer::Said(text) => timers::listed(text, by),
        Answer::Nothing | Answer::Silent => Vec::new(),
    };
    // without the manager's word a link that enables a timer must do, where systemd is what runs this machine
    let trust_links =
        !matches!(answer, Answer::Said(_)) && Path::new("/run/systemd/system").exists();
    for folder in folders {
        let enabled = names(&folder.join("timers.target.wants"));
        for unit in names(folder).into_iter().chain(enabled.clone()) {
            let active = trust_links && enabled.contains(&unit);
            let known = entries.iter().any(|entry| entry.name == unit);
            if !known {
                entries.extend(timers::entry(&unit, by, active));
            }
        }
    }
    // one that is running makes the templates and twins beside it no news
    let running: Vec<Job> = entries.iter().filter(|e| e.active).map(|e| e.job).collect();
    entries.retain(|entry| entry.active || !running.contains(&entry.job));
    entries
}

/// The names in a folder that may be ours; none where there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with("aimharder-"))
        .collect()
}

fn user_folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let config = std::env::var_os("XDG_CONFIG_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| home.as_ref().map(|home| home.join(".config")));
    let own = config.map(|folder| folder.join("systemd/user"));
    let shared = [
        "/etc/systemd/user",
        "/usr/local/lib/systemd/user",
        "/usr/lib/systemd/user",
    ];
    own.into_iter().chain(shared.map(PathBuf::from)).collect()
}

fn system_folders() -> Vec<PathBuf> {
    let folders = [
        "/etc/systemd/system",
        "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system",
    ];
    folders.map(PathBuf::from).to_vec()
}

fn user_name() -> Option<String> {
    let set = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    set("LOGNAME").or_else(|| set("USER"))
}

/// The user's crontab where the tool that shows it is missing.
fn spooled(user: Option<&str>) -> String {
    let Some(user) = user.filter(|user| !user.contains('/')) else {
        return String::new();
    };
    let folders = ["/var/spool/cron/crontabs", "/var/spool/cron"];
    let mut texts = folders
        .iter()
        .map(|folder| fs::read_to_string(Path::new(folder).join(user)));
    texts.find_map(Result::ok).unwrap_or_default()
}

fn system_crontabs() -> String {
    let files = fs::read_dir("/etc/cron.d").into_iter().flatten().flatten();
    let files = files.map(|file| file.path());
    let files = files.chain([PathBuf::from("/etc/crontab")]);
    let texts = files.filter_map(|file| fs::read_to_string(file).ok());
    texts.collect::<Vec<_>>().join("\n")
}

fn lingers(user: Option<&str>) -> Option<bool> {
    let folder = Path::new("/var/lib/systemd/linger");
    let known = folder.parent().is_some_and(Path::exists);
    user.filter(|user| known && !user.contains('/'))
        .map(|user| folder.join(user).exists())
}
