//! A crontab line or timer that runs one of the jobs: its command, its environment, its times, and whether it can run and
//! uses the store and config in use.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::account::Account;
use crate::model::instant::maybe_instant;
use crate::text::{append_flag, shell_word};

pub(super) const MINUTES_OF_WEEK: u32 = 7 * 24 * 60;
/// `refresh` has to run this often.
const REFRESH_MINUTES: u32 = 20;
/// The default `--horizon` of `prebook run`.
const HORIZON_MINUTES: u32 = 16;

/// Where the program looks for its store (`scripting.md`, "Global flags"): the flag, the variable, the variable of systemd's
/// folder, the variable of the XDG folder, that folder's default in the home, and the file's name.
const STORE: [&str; 6] = [
    "--store",
    "AIMHARDER_STORE",
    "STATE_DIRECTORY",
    "XDG_STATE_HOME",
    ".local/state",
    "aimharder.db",
];
/// The same of its config.
const CONFIG: [&str; 6] = [
    "--config",
    "AIMHARDER_CONFIG",
    "CONFIGURATION_DIRECTORY",
    "XDG_CONFIG_HOME",
    ".config",
    "config.toml",
];

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
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub by: Scheduler,
    /// `None` if the command is not valid and it is not known what it is for.
    pub job: Option<Job>,
    pub active: bool,
    /// It uses this store and this config.
    pub serves: bool,
    /// A crontab line's times, or a timer's unit.
    pub name: String,
    /// The only account that it acts for.
    pub account: Option<String>,
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
    /// Whether it runs the job for this store, and can run at all.
    pub(crate) fn works(&self) -> bool {
        self.active && self.serves && self.error.is_none()
    }

    pub(super) fn is_for(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|only| only == account)
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
    let covered = entries.iter().flat_map(|entry| {
        let reached = |run: &u32| *run..run + entry.reach;
        entry.minutes.iter().flat_map(reached)
    });
    let covered: HashSet<u32> = covered.map(|minute| minute % MINUTES_OF_WEEK).collect();
    covered.len() == MINUTES_OF_WEEK as usize
}

/// A command line of this program, as its own parser reads it.
#[derive(Debug, Default)]
pub(crate) struct CommandLine {
    /// The subcommand, for example `prebook list`.
    pub name: String,
    /// The job that it runs, or that it was most likely meant to run if it is not valid.
    pub job: Option<Job>,
    pub store: Option<PathBuf>,
    pub config: Option<PathBuf>,
    pub account: Option<Account>,
    pub horizon: Option<Duration>,
    /// Why it is not valid, without values, which may be secret.
    pub error: Option<String>,
}

/// Reads the words of a command line that follow the program's name.
pub(crate) type ReadLine = fn(&[String]) -> CommandLine;

/// The store and config that `status` looks at, and the parser for what schedulers run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InUse<'a> {
    pub store: &'a Path,
    pub config: Option<&'a Path>,
    pub read: ReadLine,
}

impl InUse<'_> {
    /// The command line of a job for a crontab: with `--store` and `--config` where cron's defaults are others.
    pub(crate) fn crontab_line(&self, job: Job) -> String {
        let cron = Invocation {
            args: Vec::new(),
            env: cron_environment(),
            is_in_container: false,
        };
        let program = shell_word(&program().display().to_string());
        let mut line = job.command().replacen("aimharder", &program, 1);
        for (file, path) in [(STORE, Some(self.store)), (CONFIG, self.config)] {
            if let Some(path) = path.filter(|_| !cron.uses(file, None, path)) {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                append_flag(&mut line, file[0], &path.display().to_string());
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
pub(super) fn cron_environment() -> BTreeMap<String, String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let path = "/usr/bin:/bin".to_owned();
    BTreeMap::from([("HOME".to_owned(), home), ("PATH".to_owned(), path)])
}

/// The calls of this program in the commands of a shell line.
pub(super) fn calls(
    commands: Vec<Vec<String>>,
    mut env: BTreeMap<String, String>,
    used: &InUse<'_>,
) -> Vec<Call> {
    let mut found = Vec::new();
    for words in commands {
        if let [cd, _] = in_script(&words)
            && cd == "cd"
        {
            let at = words.len() - 1;
            let cd = Invocation::of(words, at, env.clone());
            let folder = cd.absolute(cd.args.concat()).display().to_string();
            env.insert("PWD".to_owned(), folder);
        } else {
            found.extend(call(&words, &env, used));
        }
    }
    found
}

/// The words before a program, the program as it is run, and what its command line asks for.
pub(super) type Call = (Vec<String>, Invocation, CommandLine);

/// The call in one command, at the first word that may name the program and has a valid command line after it: in `docker exec
/// aimharder aimharder refresh` that is the second. An invalid command line counts only where the shell runs the program.
fn call(words: &[String], env: &BTreeMap<String, String>, used: &InUse<'_>) -> Option<Call> {
    let mut invalid = None;
    let outside = words.len() - in_script(words).len();
    for (at, word) in words.iter().enumerate().skip(outside) {
        // `NAME=/var/lib/aimharder` does not name it
        if is_assignment(word) || base_name(word) != "aimharder" {
            continue;
        }
        let before = words[..at].to_vec();
        let command = Invocation::of(words.to_vec(), at, env.clone());
        let line = command.read(used);
        if line.error.is_none() {
            return Some((before, command, line));
        }
        let next = words.get(at + 1);
        let has_subcommand = next.is_some_and(|word| !word.starts_with('-'));
        if (line.job.is_some() || has_subcommand) && runs_next(&before) {
            invalid = Some((before, command, line));
        }
    }
    invalid
}

/// Whether the shell runs the word that follows these: assignments, and programs that run others with their flags and numbers.
fn runs_next(before: &[String]) -> bool {
    let mut names_lock = false; // the next word is the file of `flock`
    let mut is_flag = false; // the next word may be the value of a flag
    for word in in_script(before) {
        is_flag = word.starts_with('-');
        match base_name(word) {
            "flock" => names_lock = true,
            "!" | "chronic" | "cronic" | "doas" | "env" | "exec" | "if" | "ionice" | "nice"
            | "nohup" | "setsid" | "sudo" | "then" | "time" | "timeout" => {}
            _ if is_flag || is_assignment(word) => {}
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => {}
            _ if names_lock => names_lock = false,
            _ => return false,
        }
    }
    !names_lock && !is_flag
}

/// The words of the script that follows `sh -c`, or all words.
fn in_script(words: &[String]) -> &[String] {
    let mut scripts = words.rsplit(|word| is_script_flag(word));
    scripts.next().unwrap_or_default()
}

/// `-c`, `-lc`
pub(super) fn is_script_flag(word: &str) -> bool {
    let flags = word.strip_prefix('-').and_then(|it| it.strip_suffix('c'));
    flags.is_some_and(|flags| flags.bytes().all(|b| b.is_ascii_alphabetic()))
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| !name.contains('/'))
}

/// A command as a scheduler runs it: the program with its arguments, and its environment.
#[derive(Debug)]
pub(super) struct Invocation {
    args: Vec<String>,
    env: BTreeMap<String, String>,
    /// Its program is a file of a container, which is not looked at.
    is_in_container: bool,
}

impl Invocation {
    /// The program at this word of a command, with the variables that are set before it.
    pub(super) fn of(mut words: Vec<String>, at: usize, env: BTreeMap<String, String>) -> Self {
        let args = words.split_off(at);
        let assignments = words.iter().filter_map(|word| word.split_once('='));
        let has = |names: &[&str]| words.iter().any(|word| names.contains(&base_name(word)));
        let mut command = Self {
            args: Vec::new(),
            env,
            is_in_container: has(&["docker", "podman"]),
        };
        if has(&["doas", "runuser", "su", "sudo"]) {
            // they set a PATH of their own
            command.env.remove("PATH");
        }
        command
            .env
            .extend(assignments.map(|(name, value)| (name.to_owned(), value.to_owned())));
        command.args = args.iter().map(|word| command.expand(word)).collect();
        command
    }

    /// What the command line asks for.
    pub(super) fn read(&self, used: &InUse<'_>) -> CommandLine {
        let mut words: Vec<String> = self.args.iter().skip(1).cloned().collect();
        let line = (used.read)(&words);
        if line.error.is_none() {
            return line;
        }
        // a variable that only the shell knows may be empty
        words.retain(|word| !word.contains(['$', '`']));
        (used.read)(&words)
    }

    /// The entry of this command at these minutes of the week; `None` if it runs no job and is valid.
    pub(super) fn entry(
        &self,
        by: Scheduler,
        name: String,
        minutes: Vec<u32>,
        line: CommandLine,
        used: &InUse<'_>,
    ) -> Option<Entry> {
        if line.job.is_none() && line.error.is_none() {
            return None;
        }
        let account = line.account.map(|account| account.to_string());
        let account = account.or_else(|| self.variable("AIMHARDER_ACCOUNT"));
        let serves = |file, named: Option<PathBuf>, used| self.uses(file, named.as_deref(), used);
        let mut entry = Entry {
            by,
            job: line.job,
            active: true,
            serves: serves(STORE, line.store, Some(used.store))
                && serves(CONFIG, line.config, used.config),
            name,
            account: account.map(|account| account.to_lowercase()),
            rare: false,
            next_at: None,
            error: self.error().or(line.error),
            minutes,
            reach: reach(line.job, line.horizon),
        };
        entry.rare = !cover_the_week(&[&entry]);
        Some(entry)
    }

    /// Why the program cannot be run; `None` also where its name is not known.
    fn error(&self) -> Option<String> {
        let program = self.args.first()?;
        let is_known = |text: &str| !text.contains(['$', '`']);
        if self.is_in_container || !is_known(program) {
            return None;
        }
        if !program.contains('/') {
            let folders = self.env.get("PATH")?;
            let mut paths = std::env::split_paths(folders).map(|folder| folder.join(program));
            let is_found = paths.any(|path| is_program(&path));
            return (!is_found)
                .then(|| format!("{program} is not on the PATH of that line ({folders})"));
        }
        let path = self.absolute(program);
        let fault = match path.exists() {
            _ if is_program(&path) || !is_known(&path.to_string_lossy()) => return None,
            true => "is not executable",
            false => "does not exist",
        };
        Some(format!("{} {fault}", path.display()))
    }

    /// Whether the program uses this store or config, which its flag may name.
    fn uses(&self, file: [&str; 6], named: Option<&Path>, used: Option<&Path>) -> bool {
        let [_, variable, unit, xdg, fallback, name] = file;
        let in_xdg = || {
            let home = || Some(Path::new(&self.variable("HOME")?).join(fallback));
            let folder = self.variable(xdg).map(PathBuf::from).or_else(home)?;
            Some(folder.join("aimharder"))
        };
        let named = named.map(Path::to_owned);
        let named = named.or_else(|| self.variable(variable).map(PathBuf::from));
        let path = named.map(|path| self.absolute(&path)).or_else(|| {
            let folder = self.variable(unit).map(PathBuf::from).or_else(in_xdg)?;
            Some(folder.join(name))
        });
        match (path, used) {
            (Some(path), Some(used)) => same_file(&path, used),
            (path, used) => path.is_none() && used.is_none(),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = self.env.get(name).filter(|value| !value.is_empty());
        value.map(|value| self.expand(value))
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

    /// A relative path as seen from the folder of the last `cd`, or from the home, where cron starts its commands.
    fn absolute(&self, path: impl AsRef<Path>) -> PathBuf {
        let folder = self.env.get("PWD").or_else(|| self.env.get("HOME"));
        Path::new(folder.map_or("/", String::as_str)).join(path)
    }
}

/// The minutes after a run in which nothing is missed.
pub(super) fn reach(job: Option<Job>, horizon: Option<Duration>) -> u32 {
    let minutes = |span: Duration| u32::try_from(span.as_secs() / 60).unwrap_or(MINUTES_OF_WEEK);
    match (job, horizon) {
        (Some(Job::Prebook), None) => HORIZON_MINUTES,
        (Some(Job::Prebook), Some(horizon)) => minutes(horizon).min(MINUTES_OF_WEEK),
        _ => REFRESH_MINUTES,
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
