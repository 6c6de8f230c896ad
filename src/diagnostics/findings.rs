//! Problems, which need the user, and notices, which do not: those that follow from the facts of a [`Report`]. What is found
//! while facts are collected (config, store, key) is reported there.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::entry::{Entry, InUse, Job, Scheduler, cover_the_week};
use super::server::Host;
use super::{AccountFacts, Pending, Report, SessionHealth};
use crate::alerts::OUTAGE_RUNS;
use crate::error::ExitKind;
use crate::model::instant::shifted;
use crate::model::session::SessionKind;
use crate::model::time::human_age;
use crate::sessions::{CLOCK_SLACK, DEVICE_LIFE};
use crate::store::{SessionRow, Status};

/// `refresh` runs every quarter of an hour and leaves tokens younger than 14 minutes alone. An older token means that two
/// consecutive runs were missing or failed.
const STALE_TOKEN: TimeDelta = TimeDelta::minutes(50);
/// Tokens that something updates regularly are younger than this.
const KEPT_TOKEN: TimeDelta = TimeDelta::minutes(35);
/// A run every quarter of an hour has tried everything that opened earlier.
const OVERDUE: TimeDelta = TimeDelta::minutes(35);
/// A smaller difference of the clocks is not reported.
const CLOCK_NOTICE: TimeDelta = TimeDelta::seconds(2);
/// A larger one shifts the ages of tokens and the horizons of runs.
const CLOCK_PROBLEM: TimeDelta = TimeDelta::seconds(30);

/// One result of `status`, in the shape of the JSON object.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub code: &'static str,
    #[serde(rename = "kind")]
    pub severity: Severity,
    pub message: String,
    /// What to do about it: `` run `…` `` with a command that can be pasted, or a sentence.
    pub remedy: Option<String>,
}

/// Whether a finding needs the user.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum Severity {
    /// Of this kind of the exit-code table.
    Problem(ExitKind),
    Notice,
}

impl Finding {
    pub(super) fn problem(code: &'static str, kind: ExitKind, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Problem(kind),
            message: message.into(),
            remedy: None,
        }
    }

    pub(crate) fn store_unusable(message: impl Into<String>) -> Self {
        Self::problem("store_unusable", ExitKind::Internal, message)
    }

    pub(super) fn notice(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Notice,
            ..Self::problem(code, ExitKind::Internal, message)
        }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same as a notice where `is_problem` is false.
    fn only_if(mut self, is_problem: bool) -> Self {
        if !is_problem {
            self.severity = Severity::Notice;
        }
        self
    }

    /// The kind of a problem; `None` for a notice.
    pub(crate) fn kind(&self) -> Option<ExitKind> {
        match self.severity {
            Severity::Problem(kind) => Some(kind),
            Severity::Notice => None,
        }
    }

    /// Whether config or store cannot be read at all.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self.code, "config_unusable" | "store_unusable")
    }
}

/// The exit code's kind with `--check`: that of a config, a store or a key that cannot be used, otherwise the common kind of
/// all problems.
pub(crate) fn common_kind(problems: &[Finding]) -> Option<ExitKind> {
    let decides =
        |it: &&Finding| it.is_fatal() || matches!(it.code, "store_key_missing" | "store_key_wrong");
    let mut kinds: Vec<ExitKind> = problems.iter().filter_map(Finding::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let first = problems.iter().find(decides).and_then(Finding::kind);
    first.or(match kinds.as_slice() {
        [] => None,
        [one] => Some(*one),
        _ => Some(ExitKind::Partial),
    })
}

/// Findings about sessions.
pub(crate) fn sessions(report: &Report, found: &mut Vec<Finding>) {
    let accounts = &report.accounts;
    if accounts.iter().all(|account| account.sessions.is_empty()) {
        let (message, email) = match &report.only {
            None => ("no account is logged in".to_owned(), "EMAIL"),
            Some(only) => (format!("no session for {only}"), only.as_str()),
        };
        found.push(
            Finding::problem("no_login", ExitKind::LoginRequired, message)
                .remedy(format!("run `aimharder login {email}`")),
        );
    }
    for facts in accounts {
        let account = &facts.account;
        let refreshed = report.schedule.runs(Job::Refresh, account.as_str());
        for health in &facts.sessions {
            let finding = session(facts, health, report.checked_at);
            // where nothing refreshes, that is the problem
            found.extend(finding.filter(|it| refreshed || it.code != "token_stale"));
        }
        match background(facts) {
            None => found.push(
                Finding::problem(
                    "no_background_session",
                    ExitKind::LoginRequired,
                    format!("{account} has no background session, which `prebook run` needs"),
                )
                .remedy(format!("run `aimharder login {account} --only background`"))
                .only_if(report.prebookings.wanted_by.contains(account)),
            ),
            Some(session)
                if session.status == Status::Active && facts.password_source.is_none() =>
            {
                found.push(
                    Finding::notice(
                        "no_password_source",
                        format!(
                            "if the background session of {account} expires, it cannot be renewed automatically"
                        ),
                    )
                    .remedy("set password_command in the config"),
                );
            }
            Some(_) => {}
        }
    }
}

fn background(facts: &AccountFacts) -> Option<&SessionRow> {
    let mut sessions = facts.sessions.iter().map(|health| &health.session);
    sessions.find(|session| session.kind == SessionKind::Background)
}

/// The worst finding about a session.
fn session(of: &AccountFacts, health: &SessionHealth, now: DateTime<Utc>) -> Option<Finding> {
    let session = &health.session;
    let (account, kind) = (&of.account, session.kind);
    let name = format!("the {kind} session of {account}");
    let login = format!("run `aimharder login {account} --only {kind}`");
    let age = now - session.token_updated_at;
    let last_error = session.last_error.as_deref();
    let because = |words: &str| last_error.map_or_else(String::new, |it| format!("{words}{it}"));
    let problem = |code, kind, message| Some(Finding::problem(code, kind, message));
    let found = if session.status == Status::Expired {
        let remedy = match (of.password_source, of.password_refused) {
            (None, _) => login,
            (Some(_), false) => {
                "the next refresh logs it in again; to do so now, run `aimharder refresh`"
                    .to_owned()
            }
            (Some(_), true) => {
                format!("the password of its source was refused: correct it, or {login}")
            }
        };
        let message = format!("{name} has expired{}", because(": "));
        problem("session_expired", ExitKind::LoginRequired, message)?.remedy(remedy)
    } else if kind == SessionKind::Device && now - session.created_at > DEVICE_LIFE {
        Finding::notice(
            "device_session_old",
            format!("{name} is older than 7 days and is no longer refreshed"),
        )
        .remedy(format!("when it stops working, {login}"))
    } else if session.token_expires_at.is_some_and(|at| at <= now) {
        let message = format!("the token of {name} has expired");
        problem("token_expired", ExitKind::LoginRequired, message)?.remedy(login)
    } else if let Some(standing) = health.standing.filter(|it| *it != ExitKind::Unreachable) {
        let why = last_error.map_or_else(|| standing.name().replace('_', " "), str::to_owned);
        problem(
            "refresh_failing",
            standing,
            format!("{name} is not refreshed: {why}"),
        )?
        .remedy("run `aimharder -v refresh --force`")
    } else if health.outage_runs > 0 {
        let runs = match health.outage_runs {
            1 => "in its last run".to_owned(),
            runs => format!("{runs} times in a row"),
        };
        let message = format!("refresh could not reach AimHarder for {name} {runs}");
        problem("outage", ExitKind::Unreachable, message)?
            .remedy("check the network; the next refresh tries again")
            .only_if(health.outage_runs >= OUTAGE_RUNS)
    } else if !session.auto_refresh {
        let print = session.fingerprint.short();
        Finding::notice("auto_refresh_off", format!("refresh skips {name}")).remedy(format!(
            "to change that, run `aimharder sessions set --fingerprint {print} --auto-refresh on`"
        ))
    } else if age < -CLOCK_SLACK {
        let message = format!("the token of {name} was updated in the future: a clock was wrong");
        problem("token_stale", ExitKind::LoginRequired, message)?
            .remedy("set this machine's clock, then run `aimharder refresh`")
    } else if age > STALE_TOKEN {
        let age = human_age(age);
        let message = format!("the token of {name} is {age} old: refresh does not run, or fails");
        problem("token_stale", ExitKind::LoginRequired, message)?.remedy("run `aimharder refresh`")
    } else {
        Finding::notice("last_error", format!("{name}: {}", last_error?))
    };
    Some(found)
}

/// Findings about crontabs and timers.
pub(crate) fn schedule(report: &Report, used: &InUse<'_>, found: &mut Vec<Finding>) {
    let schedule = &report.schedule;
    job(Job::Refresh, report, used, found);
    job(Job::Prebook, report, used, found);
    let mut active = schedule.entries.iter().filter(|entry| entry.active);
    let by_user = active.any(|entry| entry.by == Scheduler::UserTimer);
    if by_user && schedule.lingers == Some(false) {
        found.push(
            Finding::notice("no_linger", "user timers stop when you log out")
                .remedy("run `loginctl enable-linger`"),
        );
    }
    found.extend(schedule.silent.iter().map(|tool| {
        Finding::notice(
            "tool_silent",
            format!("`{tool}` did not finish within 2 s, so what it schedules is unknown"),
        )
    }));
}

/// Whether something runs this job for every account that needs it, and often enough.
fn job(job: Job, report: &Report, used: &InUse<'_>, found: &mut Vec<Finding>) {
    let needs = |facts: &&AccountFacts| {
        job == Job::Refresh || report.prebookings.wanted_by.contains(&facts.account)
    };
    let all: Vec<&AccountFacts> = report.accounts.iter().filter(needs).collect();
    let runs = |facts: &&AccountFacts| report.schedule.runs(job, facts.account.as_str());
    let (served, left_out): (Vec<_>, Vec<_>) = all.iter().copied().partition(runs);
    let entries = report.schedule.entries.iter();
    let entries: Vec<&Entry> = entries.filter(|entry| entry.job == job).collect();
    let broken = |entry: &&&Entry| entry.active && entry.serves && entry.error.is_some();
    let broken: Vec<_> = entries.iter().filter(broken).collect();
    for entry in &broken {
        let finding = cannot_run(entry, &used.crontab_line(job, &report.program));
        found.push(finding.only_if(!left_out.is_empty()));
    }
    found.extend(served.iter().find_map(|facts| too_rare(job, facts, report)));
    let Some(first) = left_out.first() else {
        return;
    };
    let other = entries.iter().find(|entry| entry.active && !entry.serves);
    found.extend(other.map(|entry| of_other_store(entry)));
    if let Some(idle) = entries.iter().find(|entry| !entry.active && entry.serves) {
        found.push(idle_timer(idle));
    } else if broken.is_empty() {
        let is_kept = |facts: &&AccountFacts| is_kept(facts, report.checked_at);
        let kept = job == Job::Refresh && left_out.iter().all(is_kept);
        let whose = if left_out.len() < all.len() {
            format!(" for {}", first.account)
        } else {
            String::new()
        };
        let line = used.crontab_line(job, &report.program);
        found.push(not_scheduled(job, &whose, &line, kept));
    }
}

fn not_scheduled(job: Job, whose: &str, line: &str, kept: bool) -> Finding {
    let command = job.command();
    if kept {
        let message = format!(
            "no known crontab line or timer runs `{command}`{whose}, but something updates the tokens"
        );
        return Finding::notice("not_scheduled", message);
    }
    let message = format!("nothing runs `{command}`{whose}: no crontab line, no active timer");
    Finding::problem("not_scheduled", ExitKind::NotFound, message).remedy(format!(
        "add `{line}` by crontab -e, or in a clone run: systemd/install.sh --user --enable"
    ))
}

fn cannot_run(entry: &Entry, line: &str) -> Finding {
    let (place, command) = (place(entry), entry.job.command());
    let why = entry.error.as_deref().unwrap_or_default();
    let message = format!("{place} cannot run `{command}`: {why}");
    let remedy = match entry.by {
        Scheduler::Crontab => format!("replace it by `{line}`"),
        _ => "install the units again with systemd/install.sh".to_owned(),
    };
    Finding::problem("schedule_broken", ExitKind::NotFound, message).remedy(remedy)
}

/// The entries that run the job for this account leave a part of the week out.
fn too_rare(job: Job, facts: &AccountFacts, report: &Report) -> Option<Finding> {
    let entries = report.schedule.working(job, facts.account.as_str());
    if cover_the_week(&entries) {
        return None;
    }
    let names: Vec<_> = entries.iter().map(|entry| place(entry)).collect();
    let (what, or) = match job {
        Job::Refresh => ("sessions may expire between two runs", ""),
        Job::Prebook => (
            "classes that open between two runs are booked late",
            ", or a --horizon that reaches to the next run",
        ),
    };
    let (names, command) = (names.join(" and "), job.command());
    let message = format!("`{command}` does not run often enough ({names}): {what}");
    let remedy = format!("use the times {}{or}", job.times());
    Some(Finding::problem("scheduled_rarely", ExitKind::NotFound, message).remedy(remedy))
}

fn idle_timer(entry: &Entry) -> Finding {
    let (unit, command) = (&entry.name, entry.job.command());
    let user = match entry.by {
        Scheduler::UserTimer => "--user ",
        _ => "",
    };
    let message = format!("{unit} is installed but not active: nothing runs `{command}`");
    Finding::problem("timer_inactive", ExitKind::NotFound, message)
        .remedy(format!("run `systemctl {user}enable --now {unit}`"))
}

fn of_other_store(entry: &Entry) -> Finding {
    let code = match entry.by {
        Scheduler::Crontab => "crontab_of_other_store",
        _ => "timer_of_other_store",
    };
    let (place, command) = (place(entry), entry.job.command());
    let message = format!("{place} runs `{command}` for another store or config");
    Finding::notice(code, message)
}

/// `the crontab line */15 * * * *`, or the unit of a timer.
fn place(entry: &Entry) -> String {
    match entry.by {
        Scheduler::Crontab => format!("the crontab line {}", entry.name),
        Scheduler::UserTimer | Scheduler::SystemTimer => entry.name.clone(),
    }
}

/// Whether something unknown keeps the background session alive: its token was updated more than once and recently, and the
/// session is older than that. A person's commands do the same for device sessions.
fn is_kept(facts: &AccountFacts, now: DateTime<Utc>) -> bool {
    background(facts).is_some_and(|session| {
        let is_old = now - session.created_at > KEPT_TOKEN * 2;
        is_old && session.token_update_count >= 2 && now - session.token_updated_at < KEPT_TOKEN
    })
}

/// Findings about prebookings.
pub(crate) fn prebookings(report: &Report, found: &mut Vec<Finding>) {
    let mut unknown: Vec<&str> = Vec::new();
    for pending in &report.prebookings.next {
        found.extend(overdue(pending, report.checked_at));
        found.extend(failing(pending, report));
        if pending.opens_at.is_none() && !unknown.contains(&pending.gym.as_str()) {
            unknown.push(&pending.gym);
        }
    }
    found.extend(unknown.into_iter().map(|gym| {
        Finding::notice(
            "opening_unknown",
            format!("when booking opens in {gym} is unknown: every run tries once"),
        )
        .remedy(format!(
            "set it, for example with `aimharder boxes set {gym} --opens 4d@07:00`"
        ))
    }));
}

/// Open for longer than two runs are apart, and not tried in that time.
fn overdue(pending: &Pending, now: DateTime<Utc>) -> Option<Finding> {
    let opened = pending.opens_at.filter(|at| *at < now - OVERDUE)?;
    let idle = pending.created_at.max(pending.tried_at.unwrap_or_default());
    if idle >= now - OVERDUE || pending.starts_at <= now || pending.guess {
        return None;
    }
    let (id, opened) = (pending.id, opened.format("%a %-d %b %H:%M"));
    let message = format!("no run has tried prebooking {id}, which opened {opened}");
    Some(
        Finding::problem("prebooking_overdue", ExitKind::NotFound, message)
            .remedy("run `aimharder prebook run`"),
    )
}

/// The last run failed to book it. After a lost login this is over with the next login, otherwise with the next run.
fn failing(pending: &Pending, report: &Report) -> Option<Finding> {
    let kind = pending.failure?;
    let account = &pending.account;
    let of_account = report.accounts.iter().find(|it| it.account == *account);
    let session = of_account.and_then(background);
    let logged_in = session.is_some_and(|session| {
        session.status == Status::Active && Some(session.created_at) > pending.tried_at
    });
    if pending.starts_at <= report.checked_at || (kind == ExitKind::LoginRequired && logged_in) {
        return None;
    }
    let id = pending.id;
    let reason = kind.name().replace('_', " ");
    let why = pending.message.as_deref().unwrap_or(&reason);
    let remedy = match kind {
        ExitKind::LoginRequired => format!("run `aimharder login {account} --only background`"),
        ExitKind::Unreachable => "check the network; the next run tries again".to_owned(),
        _ => {
            format!("the next run tries again; to give it up, run `aimharder prebook remove {id}`")
        }
    };
    let message = format!("the last run could not book prebooking {id}: {why}");
    Some(Finding::problem("prebooking_failing", kind, message).remedy(remedy))
}

/// Prebookings that expired although their classes have not started, by the server's clock if it is known.
pub(crate) fn expired(report: &Report, found: &mut Vec<Finding>) {
    let mut hosts = report.server.iter().flatten();
    let offset = hosts.find_map(Host::certain_offset);
    let now = shifted(report.checked_at, offset.unwrap_or_default());
    let expired = report.prebookings.expired.iter();
    for (id, starts_at) in expired.filter(|(_, starts_at)| *starts_at > now) {
        let starts = starts_at.format("%a %-d %b %H:%M");
        let message =
            format!("prebooking {id} expired under a wrong clock: its class starts {starts}");
        found.push(
            Finding::problem("prebooking_expired", ExitKind::Internal, message)
                .remedy("run `aimharder prebook run`, which makes it pending again"),
        );
    }
}

/// Findings about the platform's hosts.
pub(crate) fn server(hosts: &[Host], found: &mut Vec<Finding>) {
    for Host {
        name: host, error, ..
    } in hosts
    {
        found.extend(error.as_ref().map(|why| {
            let message = if why.contains(host.as_str()) {
                why.clone()
            } else {
                format!("{host}: {why}")
            };
            Finding::problem("unreachable", ExitKind::Unreachable, message)
                .remedy("check the network and [server] in the config, or try again later")
        }));
    }
    for host in hosts {
        let offset = host.certain_offset().unwrap_or_default();
        if offset.abs() > CLOCK_NOTICE {
            let (by, host) = (human_age(offset.abs()), &host.name);
            let side = if offset < TimeDelta::zero() {
                "ahead of"
            } else {
                "behind"
            };
            let message = format!("this machine's clock is at least {by} {side} that of {host}");
            found.push(
                Finding::problem("clock_off", ExitKind::Internal, message)
                    .remedy("synchronise this machine's clock (NTP)")
                    .only_if(offset.abs() > CLOCK_PROBLEM),
            );
        }
    }
}

/// `120 KiB`
pub(crate) fn human_size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1024 && unit + 1 < units.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value} {}", units.get(unit).unwrap_or(&"GiB"))
}
