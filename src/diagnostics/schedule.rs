//! What runs `refresh` and `prebook run` unattended: `crontab -l` and `systemctl show` of both managers, asked at the same
//! time and each with a short timeout, and the files of system crontabs and installed timers. A machine without these tools
//! is no error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::crontab::{self, Owner};
use super::entry::{Entry, InUse, Job, Scheduler};
use super::timers;
use crate::process;

/// Timeout of the system's tools, and of the key command.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);
/// All crontab lines and timers that run a job.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Schedule {
    pub entries: Vec<Entry>,
    /// Whether user timers go on when their user logs out, if that is known.
    #[serde(skip)]
    pub lingers: Option<bool>,
    /// Tools that did not finish in time.
    #[serde(skip)]
    pub silent: Vec<&'static str>,
}

impl Schedule {
    /// The working entries that run this job for this account.
    pub(crate) fn working(&self, job: Job, account: &str) -> Vec<&Entry> {
        let entries = self.entries.iter();
        let entries = entries.filter(|it| it.job == job && it.works() && it.is_for(account));
        entries.collect()
    }

    pub(crate) fn runs(&self, job: Job, account: &str) -> bool {
        !self.working(job, account).is_empty()
    }
}

/// The tools while they run.
#[derive(Debug)]
pub(crate) struct Tools {
    crontab: Option<thread::JoinHandle<Answer>>,
    user: Option<thread::JoinHandle<Answer>>,
    system: Option<thread::JoinHandle<Answer>>,
}

/// As [`process::output_of`] has it: `None` for no answer in time, an error for a tool that is missing or has nothing to say.
type Answer = Option<Result<String, ()>>;

/// Starts all tools, so that they run while the store is read.
pub(crate) fn start() -> Tools {
    let timers = |manager: &[&'static str]| [manager, &timers::SHOW].concat();
    let (user, system) = (timers(&["--user"]), timers(&[]));
    let ask = |tool, args: Vec<&'static str>| {
        let thread = thread::Builder::new().name("schedule".into());
        thread.spawn(move || ask(tool, &args)).ok()
    };
    Tools {
        crontab: ask("crontab", vec!["-l"]),
        user: ask("systemctl", user),
        system: ask("systemctl", system),
    }
}

fn ask(tool: &str, args: &[&str]) -> Answer {
    let mut command = Command::new(tool);
    // instants are printed in this zone
    command.args(args).env("LC_ALL", "C").env("TZ", "UTC");
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // from cron, too, the user's manager is found
        let user = rustix::process::geteuid().as_raw();
        command.env("XDG_RUNTIME_DIR", format!("/run/user/{user}"));
    }
    let answer = process::output_of(command, LIMIT);
    let asked = format!("{tool} {}", args.join(" "));
    match &answer {
        Some(Ok(text)) => log::info!("`{asked}` prints {} lines", text.lines().count()),
        Some(Err(())) => log::info!("`{asked}` is missing or failed"),
        None => log::info!("`{asked}` did not finish in time"),
    }
    answer
}

impl Tools {
    /// What was found, seen from the store and config in use.
    pub(crate) fn finish(self, used: &InUse<'_>) -> Schedule {
        let answer = |tool: Option<thread::JoinHandle<Answer>>| {
            tool.and_then(|thread| thread.join().unwrap_or(Some(Err(()))))
        };
        let user = user_name();
        let mut found = Schedule {
            lingers: lingers(user.as_deref()),
            ..Schedule::default()
        };
        match answer(self.crontab) {
            Some(text) => {
                let text = text.unwrap_or_else(|()| spooled(user.as_deref()));
                found.entries = crontab::entries(&text, Owner::User, used);
            }
            None => found.silent.push("crontab -l"),
        }
        for text in system_crontabs() {
            let owner = Owner::System(user.as_deref());
            found.entries.extend(crontab::entries(&text, owner, used));
        }
        let managers = [
            (Scheduler::UserTimer, answer(self.user)),
            (Scheduler::SystemTimer, answer(self.system)),
        ];
        for (by, answer) in managers {
            if answer.is_none() && !found.silent.contains(&"systemctl") {
                found.silent.push("systemctl");
            }
            let text = answer.and_then(Result::ok).unwrap_or_default();
            found.entries.extend(timers::entries(&text, by, used));
        }
        found
    }
}

fn user_name() -> Option<String> {
    let set = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    set("LOGNAME").or_else(|| set("USER"))
}

/// The user's crontab where the tool that prints it is missing.
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

fn system_crontabs() -> Vec<String> {
    let files = fs::read_dir("/etc/cron.d").into_iter().flatten().flatten();
    let files = files.map(|file| file.path());
    let files = files.chain([PathBuf::from("/etc/crontab")]);
    files
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect()
}

fn lingers(user: Option<&str>) -> Option<bool> {
    let folder = Path::new("/var/lib/systemd/linger");
    let known = folder.parent().is_some_and(Path::exists);
    user.filter(|user| known && !user.contains('/'))
        .map(|user| folder.join(user).exists())
}
