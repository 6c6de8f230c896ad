//! A crontab line or timer that runs one of the jobs: its command, its times, and whether it can run and uses the store and
//! config in use.
//!
//! A command that starts this program itself is read by the program's own parser and checked. Any other command (a script, a
//! wrapper, a container, shell operators, variables) counts for the jobs that its words name. Its times are checked, and the
//! variables that are set before it. The rest is taken to be right: a false alarm about a schedule that works is worse than
//! silence, and a schedule that does not work shows in old tokens and missed openings.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::{default_config, default_store};
use crate::model::account::Account;
use crate::model::instant::maybe_instant;
use crate::text::{append_flag, shell_word};

pub(super) const MINUTES_OF_WEEK: u32 = 7 * 24 * 60;
/// `refresh` has to run this often.
const REFRESH_MINUTES: u32 = 20;

/// The environment of a command.
pub(super) type Environment = BTreeMap<String, String>;

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
    pub(super) fn times(self) -> &'static str {
        match self {
            Self::Refresh => "*/15 * * * *",
            Self::Prebook => "13,28,43,58 * * * *",
        }
    }

    /// The same for a systemd timer.
    pub(super) fn calendar(self) -> &'static str {
        match self {
            Self::Refresh => "*:0/15",
            Self::Prebook => "*:13/15",
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
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub by: Scheduler,
    pub job: Job,
    pub active: bool,
    /// It uses this store and this config, as far as is known.
    pub serves: bool,
    /// A crontab line's times, or a timer's unit.
    pub name: String,
    /// The only account that it acts for.
    pub account: Option<String>,
    /// The only box that it books in.
    #[serde(rename = "box")]
    pub box_name: Option<String>,
    /// Its runs alone are too far apart.
    pub rare: bool,
    #[serde(serialize_with = "maybe_instant")]
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
    /// An entry whose command is not known. The `--horizon` of `prebook run` is taken to reach to its next run.
    pub(super) fn unread(
        by: Scheduler,
        name: &str,
        job: Job,
        minutes: &[u32],
        env: &Environment,
        used: &InUse<'_>,
    ) -> Self {
        let [store, config] = files(env, None, None);
        let is_same_store = is_same(store.as_deref(), Some(used.store));
        let is_same_config = is_same(config.as_deref(), used.config.as_deref());
        let is_named = |name| variable(env, name).is_some();
        let names_other = is_named("AIMHARDER_STORE") && !is_same_store
            || is_named("AIMHARDER_CONFIG") && !is_same_config;
        // the units of the system have a store of their own
        let has_store = by != Scheduler::SystemTimer
            || used.store.starts_with("/var/lib/aimharder")
            || is_same_store;
        let only = |name| variable(env, name).map(|value| value.to_lowercase());
        Self {
            by,
            job,
            active: true,
            serves: has_store && !names_other,
            name: name.to_owned(),
            account: only("AIMHARDER_ACCOUNT"),
            box_name: only("AIMHARDER_BOX").filter(|_| job == Job::Prebook),
            rare: false,
            next_at: None,
            error: None,
            minutes: minutes.to_vec(),
            reach: match job {
                Job::Refresh => REFRESH_MINUTES,
                Job::Prebook => MINUTES_OF_WEEK,
            },
        }
    }

    /// Whether it runs the job for this store, and can run at all.
    pub(crate) fn works(&self) -> bool {
        self.active && self.serves && self.error.is_none()
    }

    /// Whether it acts for this account, and in this box if one is given.
    pub(super) fn is_for(&self, account: &Account, box_name: Option<&str>) -> bool {
        let account_fits = self
            .account
            .as_deref()
            .is_none_or(|only| only == account.as_str());
        let box_fits = self.box_name.as_deref().zip(box_name);
        account_fits && box_fits.is_none_or(|(only, wanted)| only == wanted)
    }

    /// `the crontab line */15 * * * *`, or the unit of a timer.
    pub(super) fn place(&self) -> String {
        match self.by {
            Scheduler::Crontab => format!("the crontab line {}", self.name),
            Scheduler::UserTimer | Scheduler::SystemTimer => self.name.clone(),
        }
    }
}

/// Whether the runs of these entries leave no part of the week out.
pub(super) fn cover_the_week(entries: &[&Entry]) -> bool {
    let spans = entries.iter().flat_map(|entry| {
        let runs = entry.minutes.iter();
        runs.map(|run| (*run, run + entry.reach))
    });
    let mut spans: Vec<(u32, u32)> = spans.collect();
    spans.sort_unstable();
    // what reaches beyond the end of the week covers the start of the next one
    let last = spans.iter().map(|(_, end)| *end).max();
    let mut covered = last.unwrap_or_default().saturating_sub(MINUTES_OF_WEEK);
    for (run, end) in spans {
        if run > covered {
            return false;
        }
        covered = covered.max(end);
    }
    covered >= MINUTES_OF_WEEK
}

/// A command line of this program, as its own parser reads it.
#[derive(Debug, Default)]
pub(crate) struct CommandLine {
    /// The job that it runs.
    pub job: Option<Job>,
    pub store: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub account: Option<Account>,
    pub box_name: Option<String>,
    pub horizon: Option<Duration>,
    /// Why it is not valid, without values, which may be secret.
    pub error: Option<String>,
}

/// Reads the words of a command line that follow the program's name.
pub(crate) type ReadLine = fn(&[String]) -> CommandLine;

/// The store and config that `status` looks at, and the parser for what schedulers run.
#[derive(Debug)]
pub(crate) struct InUse<'a> {
    pub store: &'a Path,
    /// `None` if it does not exist.
    pub config: Option<PathBuf>,
    pub read: ReadLine,
}

impl InUse<'_> {
    /// The command line of a job for a crontab: with `--store` and `--config` where cron's defaults are others.
    pub(crate) fn crontab_line(&self, job: Job) -> String {
        let program = shell_word(&program().display().to_string());
        let mut line = job.command().replacen("aimharder", &program, 1);
        let defaults = files(&cron_environment(), None, None);
        let used = [Some(self.store), self.config.as_deref()];
        for ((flag, default), path) in ["--store", "--config"].iter().zip(defaults).zip(used) {
            if let Some(path) = path.filter(|path| !is_same(default.as_deref(), Some(path))) {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                append_flag(&mut line, flag, &path.display().to_string());
            }
        }
        // in a crontab an unescaped % ends the line
        format!("{} {}", job.times(), line.replace('%', "\\%"))
    }
}

/// The running program.
pub(crate) fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "aimharder".into())
}

/// The environment of a crontab line, before the variables that the crontab sets.
pub(super) fn cron_environment() -> Environment {
    let home = std::env::var("HOME").unwrap_or_default();
    let path = "/usr/bin:/bin".to_owned();
    BTreeMap::from([("HOME".to_owned(), home), ("PATH".to_owned(), path)])
}

/// The entries of a command: one if it starts this program itself for a job, otherwise one for each job that its words name.
pub(super) fn command_entries(
    by: Scheduler,
    name: &str,
    minutes: &[u32],
    command: &str,
    mut env: Environment,
    used: &InUse<'_>,
) -> Vec<Entry> {
    let Some(words) = plain_words(command, &mut env) else {
        forget_overridden(command, &mut env);
        let entry = |job| {
            let unread = Entry::unread(by, name, job, minutes, &env, used);
            unread.of_wrapper(command, &env, used)
        };
        return named_jobs(command).into_iter().map(entry).collect();
    };
    let line = (used.read)(&words[1..]);
    let meant = named_jobs(command).first().copied();
    let Some(job) = line.job.or(meant.filter(|_| line.error.is_some())) else {
        return Vec::new();
    };
    let unread = Entry::unread(by, name, job, minutes, &env, used);
    vec![unread.of_line(line, &words[0], &env, used)]
}

/// Removes the variables that a wrapper assigns itself, or has flags for: their values in its own environment do not count.
fn forget_overridden(command: &str, env: &mut Environment) {
    let words = shlex::split(command).unwrap_or_default();
    let wrapper = words.iter().skip_while(|word| word.contains('='));
    for (flag, variable) in [
        ("--store", "AIMHARDER_STORE"),
        ("--config", "AIMHARDER_CONFIG"),
        ("--account", "AIMHARDER_ACCOUNT"),
        ("--box", "AIMHARDER_BOX"),
    ] {
        let assigned = format!("{variable}=");
        let is_assigned = wrapper.clone().any(|word| word.contains(&assigned));
        if is_assigned || command.contains(flag) {
            env.remove(variable);
        }
    }
}

impl Entry {
    /// The entry, knowing the line by which its command starts `program`, which is this one.
    fn of_line(
        self,
        line: CommandLine,
        program: &str,
        env: &Environment,
        used: &InUse<'_>,
    ) -> Self {
        let reach = reach(&line);
        let account = line.account.map(|account| account.to_string());
        let [store, config] = files(env, line.store, line.config);
        Self {
            serves: is_same(store.as_deref(), Some(used.store))
                && is_same(config.as_deref(), used.config.as_deref()),
            account: account.or(self.account),
            box_name: line.box_name.or(self.box_name),
            error: program_fault(program, env).or(line.error),
            reach,
            ..self
        }
    }

    /// The entry, knowing the text of its command, in which something else starts this program.
    fn of_wrapper(self, command: &str, env: &Environment, used: &InUse<'_>) -> Self {
        let is_store_known = variable(env, "AIMHARDER_STORE").is_some();
        let names_store = command.contains("--store") || command.contains("AIMHARDER_STORE");
        Self {
            serves: self.serves || (names_store && !is_store_known),
            reach: match self.job {
                Job::Refresh => self.reach,
                Job::Prebook => visible_reach(command, used),
            },
            ..self
        }
    }
}

/// For how many minutes nothing is missed after a run.
fn reach(line: &CommandLine) -> u32 {
    let minutes = |span: Duration| u32::try_from(span.as_secs() / 60).unwrap_or(MINUTES_OF_WEEK);
    let reach = line.horizon.map_or(REFRESH_MINUTES, minutes);
    reach.min(MINUTES_OF_WEEK)
}

/// The reach of `prebook run` in a command that is not read: that of the `--horizon` that it shows or of the default, or the
/// whole week if a variable may have one.
fn visible_reach(command: &str, used: &InUse<'_>) -> u32 {
    let (_, after) = command.split_once("prebook").unwrap_or_default();
    if after.contains(['$', '`']) {
        return MINUTES_OF_WEEK;
    }
    let words = after.split(|c: char| c.is_whitespace() || "='\";|&<>()".contains(c));
    let words = words.filter(|word| !word.is_empty());
    let horizon = words.skip_while(|word| *word != "--horizon").take(2);
    let line = ["prebook", "run"].into_iter().chain(horizon);
    let line: Vec<String> = line.map(str::to_owned).collect();
    reach(&(used.read)(&line))
}

/// The words of a command that starts this program itself, after variables that it sets. `None` if the shell does more than
/// insert the home folder and redirect the output.
fn plain_words(command: &str, env: &mut Environment) -> Option<Vec<String>> {
    let home = format!("{}/", variable(env, "HOME").map_or("", String::as_str));
    let mut words = Vec::new();
    let mut all = shlex::split(command)?.into_iter();
    while let Some(mut word) = all.next() {
        let number = |c: char| c.is_ascii_digit() || c == '&';
        let file = word.trim_start_matches(number).strip_prefix('>');
        let is_redirection = file.is_some();
        if let Some(file) = file {
            let file = file.trim_start_matches(['>', '&']).to_owned();
            word = if file.is_empty() { all.next()? } else { file };
        } else if let Some(rest) = word.strip_prefix("~/") {
            word = format!("{home}{rest}");
        }
        word = word.replace("$HOME/", &home).replace("${HOME}/", &home);
        if word.contains(['$', '`', ';', '|', '&', '<', '>', '(', ')']) || word.contains("=~") {
            return None;
        }
        match word.split_once('=') {
            _ if is_redirection => {}
            Some((name, value)) if words.is_empty() => {
                env.insert(name.to_owned(), value.to_owned());
            }
            _ => words.push(word),
        }
    }
    (base_name(words.first()?) == "aimharder").then_some(words)
}

/// The jobs that the words of a command name: `aimharder … refresh`, `aimharder … prebook … run`.
fn named_jobs(command: &str) -> Vec<Job> {
    let mut jobs = Vec::new();
    for part in command.split([';', '|', '&']) {
        let is_between = |c: char| c.is_whitespace() || "'\"`<>()".contains(c);
        let words: Vec<&str> = part.split(is_between).filter(|it| !it.is_empty()).collect();
        for call in words.split(|word| base_name(word) == "aimharder").skip(1) {
            let mut names = call.iter().filter(|it| ["refresh", "prebook"].contains(it));
            let job = match names.next() {
                Some(&"refresh") => Job::Refresh,
                Some(_) if call.contains(&"run") => Job::Prebook,
                _ => continue,
            };
            if !jobs.contains(&job) {
                jobs.push(job);
            }
        }
    }
    jobs
}

pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn variable<'e>(env: &'e Environment, name: &str) -> Option<&'e String> {
    env.get(name).filter(|value| !value.is_empty())
}

/// A relative path as seen from the home, where schedulers start their commands.
fn absolute(env: &Environment, path: impl AsRef<Path>) -> PathBuf {
    Path::new(variable(env, "HOME").map_or("/", String::as_str)).join(path)
}

/// Why the program cannot be run.
fn program_fault(program: &str, env: &Environment) -> Option<String> {
    if !program.contains('/') {
        let folders = env.get("PATH")?;
        let mut paths = std::env::split_paths(folders).map(|folder| folder.join(program));
        let is_found = paths.any(|path| is_program(&path));
        return (!is_found)
            .then(|| format!("{program} is not on the PATH of that line ({folders})"));
    }
    let path = absolute(env, program);
    let fault = match path.exists() {
        _ if is_program(&path) => return None,
        true => "is not executable",
        false => "does not exist",
    };
    Some(format!("{} {fault}", path.display()))
}

/// The store and the config of a command in this environment, whose flags may name them. A config at the default location
/// that does not exist is none.
fn files(
    env: &Environment,
    store: Option<PathBuf>,
    config: Option<PathBuf>,
) -> [Option<PathBuf>; 2] {
    let of = |name: &str| variable(env, name).map(OsString::from);
    let named = |flag: Option<PathBuf>, name| {
        let named = flag.or_else(|| of(name).map(PathBuf::from));
        named.map(|path| absolute(env, path))
    };
    let existing_config = || default_config(of).filter(|path| path.exists());
    [
        named(store, "AIMHARDER_STORE").or_else(|| default_store(of)),
        named(config, "AIMHARDER_CONFIG").or_else(existing_config),
    ]
}

/// Whether it is a file that can be run.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

/// Whether both are the same file, or neither is known.
fn is_same(one: Option<&Path>, other: Option<&Path>) -> bool {
    let real = |path: &Path| {
        let found = fs::canonicalize(path).or_else(|_| std::path::absolute(path));
        found.unwrap_or_else(|_| path.to_owned())
    };
    one.map(real) == other.map(real)
}

/// The minutes of the week, counted from Sunday, in these minutes of these hours of these days: fields of a crontab or of
/// systemd's calendar. None if one of them cannot be read.
pub(super) fn minutes_of_week(days: &str, hours: &str, minutes: &str) -> Vec<u32> {
    let fields = (numbers(days, 7), numbers(hours, 23), numbers(minutes, 59));
    let (Some(days), Some(hours), Some(minutes)) = fields else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for day in days {
        for hour in &hours {
            let hour = day % 7 * 24 + hour;
            all.extend(minutes.iter().map(|minute| hour * 60 + minute));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The numbers from 0 to `last` of a field such as `*/15`, `1-5`, `13,28`, `13/15` or `mon..fri`; `None` if it cannot be read.
pub(super) fn numbers(field: &str, last: u32) -> Option<Vec<u32>> {
    let number = |text: &str| {
        let text = text.to_lowercase();
        let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
        let named = (0..).zip(days).find(|(_, day)| text.starts_with(day));
        named.map(|(n, _)| n).or_else(|| text.parse().ok())
    };
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once("..").or_else(|| range.split_once('-')) {
            _ if range == "*" => (0, last),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, last),
            None => (number(range)?, number(range)?),
        };
        // `fri-sun`
        let to = if to < from { to + 7 } else { to };
        if from > last || to > last.max(from + 6) {
            return None;
        }
        all.extend((from..=to).step_by(step));
    }
    Some(all)
}
