//! A crontab line or timer that runs one of the jobs: its command, its environment, its times, and whether it can run and
//! uses the store and config in use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::instant::maybe_utc;
use crate::model::time::parse_duration;
use crate::text::shell_word;

pub(super) const MINUTES_OF_WEEK: u32 = 7 * 24 * 60;
/// `refresh` has to run this often.
const REFRESH_MINUTES: u32 = 20;

/// A command that has to run regularly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Job {
    Refresh,
    Prebook,
}

impl Job {
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Refresh => "aimharder refresh",
            Self::Prebook => "aimharder prebook run",
        }
    }

    /// The times of a crontab line that runs it often enough.
    pub(crate) fn times(self) -> &'static str {
        match self {
            Self::Refresh => "*/15 * * * *",
            Self::Prebook => "13,28,43,58 * * * *",
        }
    }
}

/// The program that starts a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheduler {
    Crontab,
    UserTimer,
    SystemTimer,
}

/// A crontab line or timer that runs one of the jobs. Of a crontab line only the times are kept, because the rest may contain
/// a password.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub by: Scheduler,
    pub job: Job,
    pub active: bool,
    /// It uses this store and this config.
    pub serves: bool,
    /// A crontab line's times, or a timer's unit.
    pub name: String,
    /// The only account that it acts for.
    pub account: Option<String>,
    /// Its runs alone are too far apart.
    pub rare: bool,
    #[serde(serialize_with = "maybe_utc")]
    pub next_at: Option<DateTime<Utc>>,
    /// Why it cannot run.
    pub error: Option<String>,
    /// The minutes of the week at which it runs.
    #[serde(skip)]
    pub minutes: Vec<u32>,
    /// After a run nothing is missed for this many minutes.
    #[serde(skip)]
    pub reach: u32,
}

impl Entry {
    /// Whether it runs the job for this store, and can run at all.
    pub(crate) fn works(&self) -> bool {
        self.active && self.serves && self.error.is_none()
    }

    pub(super) fn is_for(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|only| only == account)
    }
}

/// Whether the runs of these entries leave no part of the week out.
pub(crate) fn cover_the_week(entries: &[&Entry]) -> bool {
    let runs = entries.iter().flat_map(|entry| {
        let end = |minute: &u32| minute.saturating_add(entry.reach);
        entry.minutes.iter().map(move |m| (*m, end(m)))
    });
    let mut runs: Vec<(u32, u32)> = runs.collect();
    runs.sort_unstable();
    let last_end = runs.iter().map(|(_, end)| *end).max().unwrap_or_default();
    // as far as the last run of the week before reaches
    let mut covered = last_end.checked_sub(MINUTES_OF_WEEK);
    for (minute, end) in runs {
        if covered.is_none_or(|until| minute > until) {
            return false;
        }
        covered = covered.max(Some(end));
    }
    covered.is_some()
}

/// The store and config that `status` looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InUse<'a> {
    pub store: &'a Path,
    pub config: Option<&'a Path>,
}

impl InUse<'_> {
    /// The command line of a job for a crontab: with `--store` and `--config` where cron's defaults are others.
    pub(crate) fn crontab_line(&self, job: Job, program: &Path) -> String {
        let mut invocation = Invocation {
            args: vec![program.display().to_string()],
            env: cron_environment(),
        };
        let words = job.command().split(' ').skip(1);
        invocation.args.extend(words.map(str::to_owned));
        for (flag, path, same) in [
            ("--store", Some(self.store), invocation.uses_store(self)),
            ("--config", self.config, invocation.uses_config(self)),
        ] {
            if let Some(path) = path.filter(|_| !same) {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                invocation.args.push(flag.to_owned());
                invocation.args.push(path.display().to_string());
            }
        }
        let words: Vec<_> = invocation
            .args
            .iter()
            .map(|word| shell_word(word))
            .collect();
        // in a crontab an unescaped % ends the line
        format!("{} {}", job.times(), words.join(" ").replace('%', "\\%"))
    }
}

/// The environment of a crontab line, before the variables that the crontab sets.
pub(super) fn cron_environment() -> BTreeMap<String, String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let path = "/usr/bin:/bin".to_owned();
    BTreeMap::from([("HOME".to_owned(), home), ("PATH".to_owned(), path)])
}

/// A command as a scheduler runs it: the program with its arguments, and its environment.
#[derive(Debug)]
pub(super) struct Invocation {
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
}

impl Invocation {
    pub(super) fn entry(
        &self,
        by: Scheduler,
        name: String,
        minutes: Vec<u32>,
        used: &InUse<'_>,
    ) -> Option<Entry> {
        let job = self.job()?;
        let mut entry = Entry {
            by,
            job,
            active: true,
            serves: self.uses_store(used) && self.uses_config(used),
            name,
            account: self
                .setting("--account", "AIMHARDER_ACCOUNT")
                .map(|it| it.to_lowercase()),
            rare: false,
            next_at: None,
            error: self.error(),
            minutes,
            reach: self.reach(job),
        };
        entry.rare = !cover_the_week(&[&entry]);
        Some(entry)
    }

    fn job(&self) -> Option<Job> {
        let has = |wanted: &str| self.args.iter().any(|word| word == wanted);
        if has("--dry-run") || has("--help") {
            None
        } else if has("prebook") {
            has("run").then_some(Job::Prebook)
        } else {
            has("refresh").then_some(Job::Refresh)
        }
    }

    fn reach(&self, job: Job) -> u32 {
        let horizon = || {
            let span = parse_duration(self.option("--horizon")?).ok()?;
            u32::try_from(span.as_secs() / 60).ok()
        };
        match job {
            Job::Refresh => REFRESH_MINUTES,
            Job::Prebook => horizon().unwrap_or(16),
        }
    }

    /// Why the program cannot be run; `None` also where its name is not known.
    fn error(&self) -> Option<String> {
        let program = self.expand(self.args.first()?);
        if program.contains(['$', '`']) {
            return None;
        }
        if program.contains('/') {
            let path = self.in_home(&program);
            return if !path.exists() {
                Some(format!("{} does not exist", path.display()))
            } else if !is_program(&path) {
                Some(format!("{} is not executable", path.display()))
            } else {
                None
            };
        }
        let folders = self.env.get("PATH")?;
        let found = std::env::split_paths(folders).any(|folder| is_program(&folder.join(&program)));
        (!found).then(|| format!("{program} is not on the PATH of that line ({folders})"))
    }

    fn uses_store(&self, used: &InUse<'_>) -> bool {
        let named = self.setting("--store", "AIMHARDER_STORE");
        let path = named.map(|path| self.in_home(&path)).or_else(|| {
            let state = "XDG_STATE_HOME";
            self.default_file("STATE_DIRECTORY", state, ".local/state", "aimharder.db")
        });
        path.is_some_and(|path| same_file(&path, used.store))
    }

    fn uses_config(&self, used: &InUse<'_>) -> bool {
        let named = self.setting("--config", "AIMHARDER_CONFIG");
        let path = named.map(|path| self.in_home(&path)).or_else(|| {
            let config = "XDG_CONFIG_HOME";
            self.default_file("CONFIGURATION_DIRECTORY", config, ".config", "config.toml")
        });
        match (path, used.config) {
            (Some(path), Some(used)) => same_file(&path, used),
            (path, used) => path.is_none() && used.is_none(),
        }
    }

    /// Where the program looks for a file that is not named (`scripting.md`, "Global flags").
    fn default_file(&self, unit: &str, xdg: &str, fallback: &str, name: &str) -> Option<PathBuf> {
        if let Some(folder) = self.variable(unit) {
            return Some(Path::new(&folder).join(name));
        }
        let home = || Some(Path::new(&self.variable("HOME")?).join(fallback));
        let folder = self.variable(xdg).map(PathBuf::from).or_else(home)?;
        Some(folder.join("aimharder").join(name))
    }

    /// The value of a flag, or of its variable.
    fn setting(&self, flag: &str, variable: &str) -> Option<String> {
        let value = self.option(flag).map(|value| self.expand(value));
        value.or_else(|| self.variable(variable))
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = self.env.get(name).filter(|value| !value.is_empty());
        value.map(|value| self.expand(value))
    }

    /// The value of `--name VALUE` or `--name=VALUE`.
    fn option(&self, name: &str) -> Option<&str> {
        let mut words = self.args.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix(name) {
                Some("") => return words.next().map(String::as_str),
                Some(rest) if rest.starts_with('=') => return rest.get(1..),
                _ => {}
            }
        }
        None
    }

    /// The word with `~` and the variables that are known.
    fn expand(&self, word: &str) -> String {
        let mut text = match word.strip_prefix("~/") {
            Some(rest) => format!("$HOME/{rest}"),
            None => word.to_owned(),
        };
        // longer names first, for `$HOME` is the beginning of `$HOMEPAGE`
        for (name, value) in self.env.iter().rev() {
            for form in [format!("${{{name}}}"), format!("${name}")] {
                text = text.replace(&form, value);
            }
        }
        text
    }

    /// A relative path as seen from the home, where cron starts its commands.
    fn in_home(&self, path: &str) -> PathBuf {
        let home = self.env.get("HOME").map_or("/", String::as_str);
        Path::new(home).join(path)
    }
}

/// Whether it is a file that can be run.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    match (real(one), real(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The numbers of a field such as `*/15`, `1-5`, `13,28` or `13/15`, in crontabs and in systemd's calendar; `None` if it
/// cannot be read.
pub(super) fn numbers(field: &str, first: u32, last: u32, names: &[&str]) -> Option<Vec<u32>> {
    let number = |text: &str| {
        let name = |name: &&str| text.len() >= 3 && text.to_lowercase().starts_with(name);
        let named = names.iter().position(name);
        let named = named.and_then(|n| u32::try_from(n).ok());
        named.or_else(|| text.parse().ok())
    };
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once("..").or_else(|| range.split_once('-')) {
            _ if range == "*" => (first, last),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, last),
            None => (number(range)?, number(range)?),
        };
        // `fri-sun`
        let to = if to < from && !names.is_empty() {
            to + 7
        } else {
            to
        };
        if from < first || to > last.max(from + 6) || from > last {
            return None;
        }
        all.extend((from..=to).step_by(step));
    }
    Some(all)
}

/// The names of days in crontabs and in systemd's calendar, which both count from Sunday.
pub(super) const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The minutes of the week, counted from Sunday, in these minutes of these hours of these days.
pub(super) fn minutes_of_week(days: &[u32], hours: &[u32], minutes: &[u32]) -> Vec<u32> {
    let mut all = Vec::new();
    for day in days {
        for hour in hours {
            all.extend(
                minutes
                    .iter()
                    .map(|minute| (day % 7 * 24 + hour) * 60 + minute),
            );
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}
