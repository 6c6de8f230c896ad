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
use crate::model::account::Account;
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
    /// Whether there is a program `crontab`.
    #[serde(skip)]
    has_crontab: bool,
    /// Tools that failed or did not finish in time.
    #[serde(skip)]
    failed: Vec<&'static str>,
    /// Those of them that did not finish in time.
    #[serde(skip)]
    silent: Vec<&'static str>,
}

impl Schedule {
    /// The working entries that run this job for this account, in this box if one is given.
    fn working(&self, job: Job, account: &Account, box_name: Option<&str>) -> Vec<&Entry> {
        let runs = |it: &&Entry| it.job == job && it.works() && it.is_for(account, box_name);
        self.entries.iter().filter(runs).collect()
    }

    /// Keeps that a tool failed. If it is `silent`, it did not finish in time.
    fn add_failed(&mut self, by: Scheduler, silent: bool) {
        let tool = match by {
            Scheduler::Crontab => "crontab -l",
            Scheduler::UserTimer => "systemctl --user",
            Scheduler::SystemTimer => "systemctl",
        };
        self.failed.push(tool);
        self.silent.extend(silent.then_some(tool));
    }

    /// The message that nothing runs a command, or nothing known if a tool failed.
    pub(crate) fn nothing_runs(&self, command: &str) -> String {
        match self.failed.join("` and `") {
            tools if tools.is_empty() => format!("nothing runs {command}"),
            tools => format!("nothing known runs {command} (`{tools}` failed)"),
        }
    }

    /// Whether something runs this job for this account, in this box if one is given.
    pub(crate) fn runs(&self, job: Job, account: &Account, box_name: Option<&str>) -> bool {
        !self.working(job, account, box_name).is_empty()
    }

    /// How a user adds a line to the crontab.
    pub(crate) fn add_line(&self, line: &str) -> String {
        let cron = if self.has_crontab {
            ""
        } else {
            "install cron and "
        };
        format!("{cron}add `{line}` with crontab -e")
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
        has_crontab: true,
        ..Schedule::default()
    };
    for (by, tool) in tools {
        let answer =
            tool.and_then(|tool| tool.join().unwrap_or_else(|_| Err(ErrorKind::Other.into())));
        let text = answer.unwrap_or_else(|e| {
            match e.kind() {
                // without the tool there is nothing that it could show
                ErrorKind::NotFound => found.has_crontab &= by != Scheduler::Crontab,
                // there is no crontab
                ErrorKind::Other if by == Scheduler::Crontab => {}
                kind => found.add_failed(by, kind == ErrorKind::TimedOut),
            }
            String::new()
        });
        if by == Scheduler::Crontab {
            let entries = crontab::entries(&text, false, user, used);
            found.entries.extend(entries);
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

/// An account that needs a job, and the box in which `prebook run` has to book for it.
type Need<'r> = (&'r AccountFacts, Option<&'r str>);

fn needs(job: Job, report: &Report) -> Vec<Need<'_>> {
    let accounts = report.accounts.iter();
    match job {
        Job::Refresh => accounts.map(|facts| (facts, None)).collect(),
        Job::Prebook => accounts
            .flat_map(|facts| {
                let boxes = report.prebookings.boxes_of(&facts.account);
                boxes.map(move |name| (facts, Some(name)))
            })
            .collect(),
    }
}

/// Whether something runs this job for every account, in all boxes with prebookings. Without an account, whether anything
/// that is not limited to an account runs it.
pub(crate) fn runs_for_all(job: Job, report: &Report) -> bool {
    let schedule = &report.schedule;
    let runs = |(facts, name): &Need<'_>| schedule.runs(job, &facts.account, *name);
    let mut accounts = report.accounts.iter().map(|facts| (facts, None));
    let is_unlimited = |it: &Entry| it.job == job && it.works() && it.account.is_none();
    accounts.all(|need| runs(&need))
        && needs(job, report).iter().all(runs)
        && (!report.accounts.is_empty() || schedule.entries.iter().any(is_unlimited))
}

/// Whether something runs this job for every account and box that needs it, and often enough.
fn check_job(job: Job, report: &Report, used: &InUse<'_>, found: &mut Findings) {
    let command = job.command();
    let runs = |(facts, name): &Need<'_>| report.schedule.runs(job, &facts.account, *name);
    let (served, left_out): (Vec<_>, Vec<_>) = needs(job, report).into_iter().partition(runs);
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
                format!("remove it and add `{line}` with crontab -e")
            }
            _ => "install the units again with systemd/install.sh".to_owned(),
        };
        let message = format!("{} cannot run `{command}`: {why}", entry.place());
        let kind = (!left_out.is_empty()).then_some(NotFound);
        found.add("schedule_broken", kind, message, remedy);
    }
    check_times(job, &served, report, found);
    let Some((first, box_name)) = left_out.first() else {
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
        let is_account_served = served.iter().any(|(it, _)| it.account == first.account);
        let whose = match box_name {
            _ if served.is_empty() => String::new(),
            Some(name) if is_account_served => format!(" for {} in {name}", first.account),
            _ => format!(" for {}", first.account),
        };
        let is_kept = |(facts, _): &Need<'_>| facts.is_kept(report.checked_at);
        if job == Job::Refresh && left_out.iter().all(is_kept) {
            let message = format!(
                "no known crontab line or timer runs `{command}`{whose}, but something updates the tokens"
            );
            found.add("not_scheduled", None, message, "");
        } else {
            let mut message = report.schedule.nothing_runs(&format!("`{command}`{whose}"));
            if report.schedule.failed.is_empty() {
                message += ": no crontab line, no active timer";
            }
            let add_line = report.schedule.add_line(&used.crontab_line(job));
            let remedy =
                format!("{add_line}, or in a clone run: systemd/install.sh --user --enable");
            found.add("not_scheduled", Some(NotFound), message, remedy);
        }
    }
}

/// Adds a problem if the entries that serve one of these needs leave a part of the week out.
fn check_times(job: Job, served: &[Need<'_>], report: &Report, found: &mut Findings) {
    let entries = |(facts, name): &Need<'_>| report.schedule.working(job, &facts.account, *name);
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
