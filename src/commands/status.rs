//! `status`: collects the facts, finds what is wrong, and prints both as one screen, as JSON or as gauges. A config or store
//! that cannot be used is the first problem and prevents only what needs it. Nothing is written, not even a missing store.

mod gauges;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::{Serialize, Serializer};

use super::app::{self, App};
use super::args::GlobalArgs;
use super::failure;
use super::help::{Help, code};
use crate::clock;
use crate::diagnostics::entry::{Entry, InUse, Job, Scheduler};
use crate::diagnostics::findings::{self, Finding, human_size};
use crate::diagnostics::schedule;
use crate::diagnostics::server::Host;
use crate::diagnostics::{Pending, PrebookingFacts, Report, StoreFacts, collect, host, server};
use crate::error::Failure;
use crate::model::time::human_age;
use crate::store::{SessionRow, Status};
use crate::ui::dates::{lateness, moment, short_day};
use crate::ui::table::{Cell, OutputStyle, Style, cell, plain, shrink};
use crate::ui::{Output, Ui};

const HELP: Help = Help {
    notes: "\
Without --check, only a config or store that cannot be used changes the exit code.

Write a file for a text-file collector under another name in the collector's own directory and then rename it, as in the last example. Otherwise the collector may read half of it.",
    examples: &[
        "aimharder status",
        "aimharder status --check || echo 'aimharder needs attention'",
        "aimharder status --prometheus > gym.tmp && mv gym.tmp gym.prom",
    ],
    exit_codes: &[
        (0, "shown (with --check: no problem)"),
        (1, "unusable store (disk, clock or file modes too)"),
        (2, "wrong usage or unusable config"),
        (3, "a login is needed or at risk"),
        code::UNREACHABLE,
        (6, "nothing is scheduled, or a run is overdue"),
        (7, "problems of several kinds"),
    ],
};

/// Show whether everything works: problems first, each with its remedy
///
/// Prints one screen: sessions and their tokens, what crontabs and systemd timers run, the next prebookings, whether the server
/// responds and what its clock shows, the store and the config. Changes nothing.
///
/// Sends one request to each box, without a session. With --check and --prometheus it sends none unless --online is given,
/// because `refresh` reports an outage.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
#[allow(clippy::struct_excessive_bools)] // flags are
pub(crate) struct StatusArgs {
    /// Exit with a code other than 0 if there is a problem; print problems only
    #[arg(long)]
    check: bool,
    /// Print gauges for a node exporter's text-file collector
    #[arg(long, conflicts_with_all = ["check", "json"])]
    prometheus: bool,
    /// Send no request
    #[arg(long)]
    offline: bool,
    /// Send requests with --check and --prometheus too
    #[arg(long, conflicts_with = "offline")]
    online: bool,
}

/// What one screen has room for; `--json` has all.
const MAX_PROBLEMS: usize = 8;
const MAX_HINTS: usize = 4;
const MAX_ACCOUNTS: usize = 8;
const MAX_PENDING: usize = 5;

pub(crate) fn run(args: &StatusArgs, global: GlobalArgs, ui: &mut Ui) -> Result<()> {
    let report = report(args, global)?;
    ui.print(&StatusOutput {
        report,
        format: match (args.prometheus, args.check) {
            (true, _) => Format::Gauges,
            (_, true) => Format::Check,
            _ => Format::Screen,
        },
        json: ui.is_json(),
    })
}

fn report(args: &StatusArgs, global: GlobalArgs) -> Result<Report> {
    let mut found = Vec::new();
    // the slowest are started first
    let tools = schedule::start();
    let loaded = app::load_config(&global).map_err(|e| failure::of(&e));
    let path = global.config.clone().or_else(|| app::config_path().ok());
    let (config, config_facts) = host::config(path, loaded, &mut found);
    let path = app::store_path(global.store.as_deref())?;
    let (store, store_facts) = host::store(&path, config.as_ref(), &mut found);
    let mut report = Report {
        well: false,
        problems: Vec::new(),
        hints: Vec::new(),
        checked_at: clock::now(),
        version: env!("CARGO_PKG_VERSION"),
        program: std::env::current_exe().unwrap_or_else(|_| "aimharder".into()),
        accounts: Vec::new(),
        schedule: schedule::Schedule::default(),
        prebookings: PrebookingFacts::default(),
        server: None,
        store: store_facts,
        config: config_facts,
        only: global.account.clone(),
    };
    let asks = args.online || !(args.offline || args.check || args.prometheus);
    let asks = asks && config.is_some();
    let config = config.unwrap_or_default();
    let platform = app::platform(&config).recorded(app::recorder(&global)?);
    let app = store.map(|store| App::with(global, config, store, "status"));
    let hosts = match &app {
        Some(app) => collect(&mut report, app).unwrap_or_else(|e| {
            report.store.usable = false;
            found.push(Finding::store_unusable(failure::of(&e).message));
            Vec::new()
        }),
        None => Vec::new(),
    };
    let config = report.config.path.clone();
    let used = InUse {
        store: &path,
        config: config.as_deref(),
    };
    report.schedule = tools.finish(&used);
    if !found.iter().any(|it| it.code == "store_unusable") {
        findings::sessions(&report, &mut found);
        findings::schedule(&report, &used, &mut found);
        findings::prebookings(&report, &mut found);
    }
    if asks {
        let hosts = server::ask(&platform, hosts);
        findings::server(&hosts, &mut found);
        report.server = Some(hosts);
    }
    findings::expired(&report, &mut found);
    report.set_findings(found);
    Ok(report)
}

/// Adds what is in the store; returns the hosts of its boxes.
fn collect(report: &mut Report, app: &App) -> Result<Vec<String>> {
    let scope = collect::Scope {
        store: &app.store,
        config: &app.config,
        account: app.global.account.as_ref(),
        gym: app.global.gym.as_deref(),
        place: &|name| Ok(app.any_gym(name)?.place(None)),
        now: report.checked_at,
    };
    report.accounts = collect::accounts(&scope)?;
    report.prebookings = collect::prebookings(&scope)?;
    let known = report.accounts.iter().flat_map(|account| &account.boxes);
    let pending = report.prebookings.next.iter().map(|pending| &pending.gym);
    let mut names: Vec<&String> = known.chain(pending).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| scope.gym.is_none_or(|only| only == name.as_str()));
    let hosts = names.into_iter().map(|name| Ok(app.any_gym(name)?.host));
    hosts.collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Screen,
    Check,
    Gauges,
}

#[derive(Debug)]
struct StatusOutput {
    report: Report,
    format: Format,
    json: bool,
}

impl Serialize for StatusOutput {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.report.serialize(to)
    }
}

impl Output for StatusOutput {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let report = &self.report;
        match self.format {
            Format::Screen => screen(report, style, to),
            Format::Check => list(&report.problems, true, style, to),
            Format::Gauges => to.write_all(gauges::gauges(report).as_bytes()),
        }
    }

    /// A config or store that cannot be used is an error always, any problem is one with `--check`.
    fn failure(&self) -> Option<Failure> {
        let problems = &self.report.problems;
        let (first, kind) = if self.format == Format::Check {
            (problems.first()?, findings::common_kind(problems)?)
        } else {
            let fatal = problems.iter().find(|problem| problem.is_fatal())?;
            (fatal, fatal.kind()?)
        };
        let number = match problems.len() {
            1 => "1 problem".to_owned(),
            number => format!("{number} problems"),
        };
        let message = if !self.json && self.format != Format::Gauges {
            format!("{number}, see above")
        } else {
            let remedy = first.remedy.iter().map(|remedy| format!("; {remedy}"));
            let words = format!("{}{}", first.message, remedy.collect::<String>());
            match problems.len() {
                1 => words,
                _ => format!("{number}; the first: {words}"),
            }
        };
        Some(Failure::new(kind, message))
    }
}

fn screen(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    if report.well {
        writeln!(to, "{}", style.paint("no problems found", Style::Good))?;
    }
    list(&report.problems, true, style, to)?;
    list(&report.hints, false, style, to)?;
    sessions(report, style, to)?;
    timetable(report, style, to)?;
    prebookings(report, style, to)?;
    hosts(report, style, to)?;
    files(report, style, to)
}

fn heading(text: &str, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "\n{}", style.paint(text, Style::Heading))
}

/// Problems or hints, each with its remedy.
fn list(
    findings: &[Finding],
    are_problems: bool,
    style: &OutputStyle,
    to: &mut dyn Write,
) -> io::Result<()> {
    let (sign, colour, max) = if are_problems {
        ("problem", Style::Bad, MAX_PROBLEMS)
    } else {
        ("hint", Style::Faint, MAX_HINTS)
    };
    let (indent, sign) = (sign.len() + 2, style.paint(sign, colour));
    for finding in findings.iter().take(max) {
        let message = style.wrap(std::slice::from_ref(&finding.message), indent);
        let message = message.join("\n");
        writeln!(to, "{sign}: {}", message.trim_start())?;
        if let Some(remedy) = &finding.remedy {
            // a command stays on one line, so that it can be copied
            if remedy.starts_with("run `") {
                writeln!(to, "{:indent$}{remedy}", "")?;
            } else {
                for line in style.wrap(std::slice::from_ref(remedy), indent) {
                    writeln!(to, "{line}")?;
                }
            }
        }
    }
    match findings.len().saturating_sub(max) {
        0 => Ok(()),
        more => writeln!(to, "{sign}: {more} more, see --json"),
    }
}

fn sessions(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    if report.accounts.is_empty() {
        return Ok(());
    }
    heading("sessions", style, to)?;
    for facts in report.accounts.iter().take(MAX_ACCOUNTS) {
        let mut about = vec![facts.account.to_string()];
        about.extend((!facts.boxes.is_empty()).then(|| facts.boxes.join(", ")));
        let source = match facts.password_source {
            None => "no password source",
            Some("password_command") => "password by command",
            Some("environment") => "password in AIMHARDER_PASSWORD",
            Some(_) => "password by systemd credential",
        };
        about.push(source.to_owned());
        for line in style.wrap(&[about.join(" · ")], 2) {
            writeln!(to, "{line}")?;
        }
        let rows = facts.sessions.iter();
        let rows: Vec<_> = rows
            .map(|health| session(&health.session, report.checked_at))
            .collect();
        style.table(&rows, 4, &[shrink(3, 12), shrink(1, 0)], to)?;
    }
    match report.accounts.len().saturating_sub(MAX_ACCOUNTS) {
        0 => Ok(()),
        more => writeln!(to, "  {more} more, see `aimharder sessions`"),
    }
}

fn session(session: &SessionRow, now: DateTime<Utc>) -> Vec<Cell> {
    let (status, style) = match session.status {
        Status::Active => ("active", Style::Good),
        Status::Expired => ("expired", Style::Bad),
    };
    // a token is replaced long before its own end, so that is shown only once it has passed
    let is_over = session.token_expires_at.is_some_and(|at| at <= now);
    let over = if is_over { ", expired" } else { "" };
    let age = human_age(now - session.token_updated_at);
    vec![
        plain(session.kind.as_str()),
        cell(session.fingerprint.short(), Style::Faint),
        cell(status, style),
        plain(format!("token {age} old{over}")),
    ]
}

fn timetable(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    heading("schedule", style, to)?;
    let mut rows = Vec::new();
    for job in [Job::Refresh, Job::Prebook] {
        let entries = report.schedule.entries.iter();
        let entries = entries.filter(|entry| entry.job == job);
        let mut words: Vec<Cell> = entries.map(|it| entry(it, report.checked_at)).collect();
        if words.is_empty() {
            words.push(cell("not scheduled", Style::Faint));
        }
        let mut name = job.command();
        for words in words {
            rows.push(vec![plain(std::mem::take(&mut name)), words]);
        }
    }
    style.table(&rows, 2, &[shrink(1, 12)], to)
}

fn entry(entry: &Entry, now: DateTime<Utc>) -> Cell {
    let by = match entry.by {
        Scheduler::Crontab => "crontab:",
        Scheduler::UserTimer => "user timer",
        Scheduler::SystemTimer => "system timer",
    };
    let mut words = format!("{by} {}", entry.name);
    let account = entry.account.as_ref();
    if let Some(account) = account.filter(|_| entry.by == Scheduler::Crontab) {
        let _ = write!(words, " for {account}");
    }
    let next = entry.next_at.filter(|at| *at > now);
    let next = next.map(|at| format!(", next in {}", human_age(at - now)));
    words.push_str(match &next {
        _ if !entry.active => ", not active",
        _ if entry.error.is_some() => ", cannot run",
        _ if !entry.serves => ", for another store or config",
        _ if entry.rare => ", not often enough",
        Some(next) => next,
        None if entry.by != Scheduler::Crontab => ", active",
        None => "",
    });
    let style = if entry.works() && !entry.rare {
        Style::Good
    } else {
        Style::Faint
    };
    cell(words, style)
}

fn prebookings(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    let facts = &report.prebookings;
    let now = report.checked_at;
    let count = |status: &str| facts.counts.get(status).copied().unwrap_or_default();
    let open = count("pending") + count("executing") + count("waitlisted");
    if open == 0 && facts.rules == 0 && facts.last_request.is_none() {
        return Ok(());
    }
    heading("prebookings", style, to)?;
    let has_several_accounts = report.accounts.len() > 1;
    let has_one_box = matches!(report.accounts.as_slice(), [only] if only.boxes.len() == 1);
    let rows = facts.next.iter().take(MAX_PENDING).map(|it| {
        let mut row = pending(it, now);
        if !has_one_box {
            let account = if has_several_accounts {
                format!(" for {}", it.account)
            } else {
                String::new()
            };
            row.insert(4, plain(format!("{}{account}", it.gym)));
        }
        row
    });
    let rows: Vec<_> = rows.collect();
    let priorities = [shrink(4, 12), shrink(3, 8), shrink(4, 0)];
    let priorities = if has_one_box {
        &priorities[1..2]
    } else {
        &priorities
    };
    let lines = style.lines(&rows, 2, priorities);
    for (line, pending) in lines.iter().zip(&facts.next) {
        writeln!(to, "{line}")?;
        // the message of a failure is among the problems
        let message = pending
            .message
            .as_ref()
            .filter(|_| pending.failure.is_none());
        for line in style.wrap(&message.cloned().into_iter().collect::<Vec<_>>(), 5) {
            writeln!(to, "{}", style.paint(&line, Style::Faint))?;
        }
    }
    let more = facts.next.len().saturating_sub(MAX_PENDING);
    let rules = if facts.rules == 1 {
        "weekly rule"
    } else {
        "weekly rules"
    };
    let rest = [
        (more, "more"),
        (count("executing"), "being booked"),
        (count("waitlisted"), "on a waiting list"),
        (facts.rules, rules),
    ];
    let rest = rest.iter().filter(|(number, _)| *number > 0);
    let rest: Vec<_> = rest
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if !rest.is_empty() {
        writeln!(to, "  {}", rest.join(", "))?;
    }
    let Some(last) = &facts.last_request else {
        return Ok(());
    };
    let (ago, outcome) = (
        human_age(now - last.sent_at),
        last.outcome.replace('_', " "),
    );
    let lateness = last.lateness_ms.map(|ms| format!(", {}", lateness(ms)));
    let lateness = lateness.unwrap_or_default();
    let id = last.prebooking;
    writeln!(
        to,
        "  last request {ago} ago, for prebooking {id}: {outcome}{lateness}"
    )
}

fn pending(pending: &Pending, now: DateTime<Utc>) -> Vec<Cell> {
    let about = if pending.guess { "about " } else { "" };
    let (words, style) = match pending.opens_at {
        _ if pending.starts_at <= now => ("class has started".to_owned(), Style::Bad),
        None => ("opening unknown".to_owned(), Style::Faint),
        Some(at) if at <= now => {
            let words = format!("open since {about}{}", moment(at, now));
            (words, Style::Plain)
        }
        Some(at) => {
            let left = countdown(at.with_timezone(&Utc) - now);
            let words = format!("opens in {about}{left}, {}", moment(at, now));
            (words, Style::Good)
        }
    };
    vec![
        plain(pending.id.to_string()),
        plain(short_day(pending.day, pending.starts_at.timezone(), now)),
        plain(pending.start.format("%H:%M").to_string()),
        plain(pending.class.as_deref().unwrap_or("any class")),
        cell(words, style),
    ]
}

/// `1 d 22 h`: with hours, unlike an age.
fn countdown(left: TimeDelta) -> String {
    match (left.num_days(), left.num_hours() % 24) {
        (0, _) | (_, 0) => human_age(left),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

fn hosts(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    let Some(hosts) = &report.server else {
        return Ok(());
    };
    heading("server", style, to)?;
    let rows: Vec<_> = hosts
        .iter()
        .map(|host| vec![plain(host.name.as_str()), response(host)])
        .collect();
    style.table(&rows, 2, &[shrink(1, 12)], to)
}

fn response(host: &Host) -> Cell {
    if !host.reachable {
        return cell("unreachable", Style::Bad);
    }
    let mut words = format!(
        "responds in {:.0} ms",
        host.round_trip_ms.unwrap_or_default()
    );
    if let (Some(offset), Some(uncertainty)) = (host.clock_offset_ms, host.clock_uncertainty_ms) {
        let side = if offset > 0.0 { "ahead" } else { "behind" };
        let (by, give) = (offset.abs() / 1000.0, uncertainty / 1000.0);
        if offset.abs() <= uncertainty {
            words.push_str(", clocks agree");
        } else {
            let _ = write!(words, ", its clock is {by:.1} s ± {give:.1} s {side}");
        }
    }
    cell(words, Style::Good)
}

fn files(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    heading("files", style, to)?;
    let config = &report.config;
    let about_config = match (config.exists, config.usable) {
        (_, false) => "unusable".to_owned(),
        (false, true) => "none (optional)".to_owned(),
        (true, true) => {
            let mode = config.mode.map(|mode| format!("mode {:04o}", mode & 0o777));
            let account = config.account.as_ref().map(|it| format!("account {it}"));
            let gym = config.gym.as_ref().map(|it| format!("box {it}"));
            let words = [Some("in use".to_owned()), mode, account, gym];
            words.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    };
    let path = |path: Option<&Path>| path.unwrap_or(Path::new("?")).display().to_string();
    for (name, path, about) in [
        (
            "store ",
            path(report.store.path.as_deref()),
            about_store(report),
        ),
        ("config", path(config.path.as_deref()), about_config),
    ] {
        writeln!(to, "  {name}  {path}")?;
        writeln!(to, "          {}", style.paint(&about, Style::Faint))?;
    }
    Ok(())
}

fn about_store(report: &Report) -> String {
    let store: &StoreFacts = &report.store;
    if !store.exists {
        return "none yet".to_owned();
    }
    if report.problems.iter().any(|it| it.code == "store_unusable") {
        return "unusable".to_owned();
    }
    let integrity = match store.integrity {
        "ok" => "OK",
        "damaged" => "damaged",
        _ => "not checked (large)",
    };
    let words = [
        Some(integrity.to_owned()),
        store.encryption.map(str::to_owned),
        store.size_bytes.map(human_size),
        store.schema.map(|schema| format!("schema {schema}")),
        store.mode.map(|mode| format!("mode {:04o}", mode & 0o777)),
        store
            .free_bytes
            .map(|free| format!("{} free", human_size(free))),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
