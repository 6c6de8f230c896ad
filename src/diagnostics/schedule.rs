//! What runs `refresh` and `prebook run` unattended: `crontab -l` and `systemctl show` of both managers, asked at the same
//! time and each with a short timeout, and the files of system crontabs. A missing tool is not an error.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;

use super::entry::{Entry, InUse, Job, Scheduler, cover_the_week};
use super::sessions::AccountFacts;
use super::{Findings, Report, crontab, timers};
use crate::error::ExitKind::NotFound;
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
    /// Tools that failed or did not finish in time.
    #[serde(skip)]
    failed: Vec<&'static str>,
    /// Those of them that did not finish in time.
    #[serde(skip)]
    silent: Vec<&'static str>,
}

impl Schedule {
    /// The working entries that run this job for this account.
    fn working(&self, job: Job, account: &str) -> Vec<&Entry> {
        let entries = self.entries.iter();
        let entries = entries.filter(|it| it.job == job && it.works() && it.is_for(account));
        entries.collect()
    }

    /// The message that nothing runs a command, or nothing known if a tool failed.
    pub(crate) fn nothing_runs(&self, command: &str) -> String {
        match self.failed.join("` and `") {
            tools if tools.is_empty() => format!("nothing runs {command}"),
            tools => format!("nothing known runs {command} (`{tools}` failed)"),
        }
    }

    pub(crate) fn runs(&self, job: Job, account: &str) -> bool {
        !self.working(job, account).is_empty()
    }
}

/// The tools while they run: what each prints, as [`process::output_of`] returns it.
pub(crate) type Tools = [(Scheduler, io::Result<JoinHandle<io::Result<String>>>); 3];

/// Starts all tools, so that they run while the store is read.
pub(crate) fn start() -> Tools {
    let tools = [
        (Scheduler::Crontab, "crontab", vec!["-l"]),
        (
            Scheduler::UserTimer,
            "systemctl",
            [&["--user"][..], &timers::SHOW].concat(),
        ),
        (Scheduler::SystemTimer, "systemctl", timers::SHOW.to_vec()),
    ];
    tools.map(|(by, tool, args)| {
        let thread = thread::Builder::new().name("schedule".into());
        (by, thread.spawn(move || ask(tool, &args)))
    })
}

fn ask(tool: &str, args: &[&str]) -> io::Result<String> {
    let mut command = Command::new(tool);
    // instants are printed in this zone
    command.args(args).env("LC_ALL", "C").env("TZ", "UTC");
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // from cron, too, the user's manager is found
        let user = rustix::process::geteuid().as_raw();
        command.env("XDG_RUNTIME_DIR", format!("/run/user/{user}"));
    }
    let answer = process::output_of(command, LIMIT);
    let result = match &answer {
        Ok(text) => format!("prints {} lines", text.lines().count()),
        Err(e) => e.to_string(),
    };
    log::info!("`{tool} {}` {result}", args.join(" "));
    answer
}

/// Waits for the tools; the entries are judged for the store and config in use.
pub(crate) fn finish(tools: Tools, used: &InUse<'_>) -> Schedule {
    let set = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    let user = set("LOGNAME").or_else(|| set("USER"));
    let user = user.as_deref();
    let mut found = Schedule {
        lingers: lingers(user),
        ..Schedule::default()
    };
    for (by, tool) in tools {
        let answer =
            tool.and_then(|tool| tool.join().unwrap_or_else(|_| Err(ErrorKind::Other.into())));
        let has_failed = |error: &io::Error| match error.kind() {
            // without the tool there is nothing that it could show; `crontab -l` fails if there is no crontab
            ErrorKind::NotFound => false,
            ErrorKind::Other => by != Scheduler::Crontab,
            _ => true,
        };
        if let Err(e) = &answer
            && has_failed(e)
        {
            let tool = match by {
                Scheduler::Crontab => "crontab -l",
                Scheduler::UserTimer => "systemctl --user",
                Scheduler::SystemTimer => "systemctl",
            };
            found.failed.push(tool);
            if e.kind() == ErrorKind::TimedOut {
                found.silent.push(tool);
            }
        }
        let text = answer.unwrap_or_default();
        if by == Scheduler::Crontab {
            found
                .entries
                .extend(crontab::entries(&text, false, user, used));
            for text in system_crontabs() {
                let entries = crontab::entries(&text, true, user, used);
                found.entries.extend(entries);
            }
        } else {
            found.entries.extend(timers::entries(&text, by, used));
        }
    }
    for entry in &mut found.entries {
        entry.rare = entry.active && !cover_the_week(&[&*entry]);
    }
    found
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
    let is_known = folder.parent().is_some_and(Path::exists);
    let user = user.filter(|user| is_known && !user.contains('/'))?;
    Some(folder.join(user).exists())
}

/// Adds the findings about crontabs and timers.
pub(crate) fn check(report: &Report, used: &InUse<'_>, found: &mut Findings) {
    let schedule = &report.schedule;
    check_job(Job::Refresh, report, used, found);
    check_job(Job::Prebook, report, used, found);
    let mut active = schedule.entries.iter().filter(|entry| entry.active);
    let by_user = active.any(|entry| entry.by == Scheduler::UserTimer);
    if by_user && schedule.lingers == Some(false) {
        let message = "user timers stop when you log out";
        found.add("no_linger", None, message, "run `loginctl enable-linger`");
    }
    for tool in &schedule.silent {
        let message = format!("`{tool}` did not finish within 2 s, so its entries are unknown");
        found.add("tool_silent", None, message, "");
    }
}

/// Whether something runs this job for every account that needs it, and often enough.
fn check_job(job: Job, report: &Report, used: &InUse<'_>, found: &mut Findings) {
    let command = job.command();
    let needs = |facts: &&AccountFacts| {
        job == Job::Refresh || report.prebookings.wanted_by.contains(&facts.account)
    };
    let all = report.accounts.iter().filter(needs);
    let runs = |facts: &&AccountFacts| report.schedule.runs(job, facts.account.as_str());
    let (served, left_out): (Vec<_>, Vec<_>) = all.partition(runs);
    let entries = report.schedule.entries.iter();
    let entries: Vec<&Entry> = entries.filter(|entry| entry.job == job).collect();
    let mut is_broken = false;
    for entry in entries.iter().filter(|entry| entry.active && entry.serves) {
        let Some(why) = &entry.error else {
            continue;
        };
        is_broken = true;
        let remedy = match entry.by {
            Scheduler::Crontab => {
                let line = used.crontab_line(job);
                format!("remove it and add `{line}` by crontab -e")
            }
            _ => "install the units again with systemd/install.sh".to_owned(),
        };
        let message = format!("{} cannot run `{command}`: {why}", entry.place());
        let kind = (!left_out.is_empty()).then_some(NotFound);
        found.add("schedule_broken", kind, message, remedy);
    }
    check_times(job, &served, report, found);
    let Some(first) = left_out.first() else {
        return;
    };
    if let Some(other) = entries.iter().find(|entry| entry.active && !entry.serves) {
        let code = match other.by {
            Scheduler::Crontab => "crontab_of_other_store",
            _ => "timer_of_other_store",
        };
        let place = other.place();
        let message = format!("{place} runs `{command}` for another store or config");
        found.add(code, None, message, "");
    }
    if let Some(idle) = entries.iter().find(|entry| !entry.active && entry.serves) {
        let unit = &idle.name;
        let user = match idle.by {
            Scheduler::UserTimer => "--user ",
            _ => "",
        };
        let message = format!("{unit} is installed but not active: nothing runs `{command}`");
        let remedy = format!("run `systemctl {user}enable --now {unit}`");
        found.add("timer_inactive", Some(NotFound), message, remedy);
    } else if !is_broken {
        let whose = if served.is_empty() {
            String::new()
        } else {
            format!(" for {}", first.account)
        };
        if job == Job::Refresh && left_out.iter().all(|it| it.is_kept(report.checked_at)) {
            let message = format!(
                "no known crontab line or timer runs `{command}`{whose}, but something updates the tokens"
            );
            found.add("not_scheduled", None, message, "");
        } else {
            let mut message = report.schedule.nothing_runs(&format!("`{command}`{whose}"));
            if report.schedule.failed.is_empty() {
                message += ": no crontab line, no active timer";
            }
            let remedy = format!(
                "add `{}` by crontab -e, or in a clone run: systemd/install.sh --user --enable",
                used.crontab_line(job)
            );
            found.add("not_scheduled", Some(NotFound), message, remedy);
        }
    }
}

/// Adds a problem if the entries that run the job for one of these accounts leave a part of the week out.
fn check_times(job: Job, served: &[&AccountFacts], report: &Report, found: &mut Findings) {
    let entries = |facts: &&AccountFacts| report.schedule.working(job, facts.account.as_str());
    let mut entries = served.iter().map(entries);
    let Some(rare) = entries.find(|entries| !cover_the_week(entries)) else {
        return;
    };
    let names: Vec<_> = rare.iter().map(|entry| entry.place()).collect();
    let (effect, or) = match job {
        Job::Refresh => ("sessions may expire between two runs", ""),
        Job::Prebook => (
            "classes that open between two runs are booked late",
            ", or a --horizon that reaches to the next run",
        ),
    };
    let (names, command) = (names.join(" and "), job.command());
    let message = format!("`{command}` does not run often enough ({names}): {effect}");
    let is_crontab = |entry: &&Entry| entry.by == Scheduler::Crontab;
    let times = if rare.iter().any(is_crontab) {
        format!("the times {}", job.times())
    } else {
        format!("OnCalendar={}", job.calendar())
    };
    let remedy = format!("use {times}{or}");
    found.add("scheduled_rarely", Some(NotFound), message, remedy);
}
