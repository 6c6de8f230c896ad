//! `status`: collects the facts, finds what is wrong, and prints both as one screen, as JSON or as gauges. A config or store
//! that cannot be used is the first problem and prevents only what needs it. Nothing is written, not even a missing store.

mod gauges;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Args;

use super::app::{self, App};
use super::args::GlobalArgs;
use super::config::missing_program;
use super::help::{Help, code};
use super::sessions::status_cell;
use super::{failure, plural};
use crate::clock;
use crate::diagnostics::entry::{self, Entry, InUse, Job, ReadLine, Scheduler};
use crate::diagnostics::host::{self, human_size};
use crate::diagnostics::prebookings::Pending;
use crate::diagnostics::server::{self, Host};
use crate::diagnostics::{self, Finding, Findings, Report, Scope, schedule};
use crate::error::Failure;
use crate::model::time::human_age;
use crate::store::SessionRow;
use crate::ui::Ui;
use crate::ui::dates::{lateness, moment, not_open_yet, short_day};
use crate::ui::table::{Cell, OutputStyle, Style, cell, plain, shrink};

const HELP: Help = Help {
    notes: "\
Without --check, only a config or store that cannot be used changes the exit code.

Write a file for a text-file collector under another name in the collector's own directory and then rename it, as in the last example. Otherwise the collector may read half of it.",
    examples: &[
        "aimharder status",
        "aimharder status --check || echo 'aimharder needs attention'",
        "aimharder status --prometheus > box.tmp && mv box.tmp box.prom",
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

/// `read` reads the command lines that schedulers run.
pub(crate) fn run(
    args: &StatusArgs,
    global: GlobalArgs,
    read: ReadLine,
    ui: &mut Ui,
) -> Result<()> {
    let report = report(args, global, read)?;
    let failure = failure(&report, args, ui.is_json());
    ui.print_outcome(&report, failure, |style| text(&report, args, style))
}

fn report(args: &StatusArgs, global: GlobalArgs, read: ReadLine) -> Result<Report> {
    let mut found = Findings::default();
    // the slowest are started first
    let tools = schedule::start();
    let loaded = app::load_config(&global).map_err(|e| failure::of(&e));
    let config_path = global.config.clone().or_else(|| app::config_path().ok());
    let (config, config_facts) = host::config(config_path, loaded, &mut found);
    if let Some((failure, is_by_path)) = config.as_ref().and_then(missing_program) {
        found.push(Finding {
            code: "command_missing",
            // the PATH of the jobs may be another one
            kind: Some(failure.kind).filter(|_| !is_by_path),
            message: failure.message,
            remedy: Some("install it, or correct the command".to_owned()),
        });
    }
    let store_path = app::store_path(global.store.as_deref())?;
    let (store, store_facts) = host::store(&store_path, config.as_ref(), &mut found);
    let is_offline = args.offline || ((args.check || args.prometheus) && !args.online);
    let asks_server = !is_offline && config.is_some();
    let config = config.unwrap_or_default();
    let platform = app::platform(&config).recorded(global.record.as_deref())?;
    let mut report = Report {
        checked_at: clock::now(),
        version: env!("CARGO_PKG_VERSION"),
        program: entry::program(),
        store: store_facts,
        config: config_facts,
        account: global.account.clone().or(config.account.clone()),
        ..Report::default()
    };
    let mut hosts = Vec::new();
    if let Some(store) = store {
        let app = App::with(global, config, store, "status", read);
        match collect(&mut report, &app, &mut found) {
            Ok(of_boxes) => hosts = of_boxes,
            Err(e) => {
                report.store.usable = false;
                found.store_unusable(failure::of(&e).message);
            }
        }
    }
    let used = InUse {
        store: &store_path,
        config: report.config.path.clone().filter(|path| path.exists()),
        read,
    };
    report.schedule = schedule::finish(tools, &used);
    if found.of(&["store_unusable"]).is_none() {
        diagnostics::sessions::check(&report, &mut found);
        schedule::check(&report, &used, &mut found);
        diagnostics::prebookings::check(&report, &mut found);
    }
    if asks_server {
        report.server = Some(server::ask(&platform, hosts, &mut found));
    }
    // the server's clock decides
    diagnostics::prebookings::check_expired(&report, &mut found);
    report.well = found.problems.is_empty();
    report.found = found;
    Ok(report)
}

/// Adds what is in the store; returns the hosts of its boxes.
fn collect(report: &mut Report, app: &App, found: &mut Findings) -> Result<Vec<String>> {
    let scope = Scope {
        store: &app.store,
        config: &app.config,
        account: app.global.account.as_ref(),
        box_name: app.global.gym.as_deref(),
        profile: &|name| app.any_profile(name),
        now: report.checked_at,
    };
    report.accounts = diagnostics::sessions::accounts(&scope)?;
    if app.global.account.is_none() && app.global.gym.is_none() {
        let unknown = diagnostics::sessions::unknown_box(&app.config, &app.store)?;
        found.push(unknown);
    }
    report.prebookings = diagnostics::prebookings::collect(&scope)?;
    let next = &report.prebookings.next;
    let names = report.accounts.iter().flat_map(|account| &account.boxes);
    let names = names.chain(next.iter().map(|pending| &pending.box_name));
    let is_in_scope = |name: &&String| scope.box_name.is_none_or(|only| only == name.as_str());
    let names: BTreeSet<&String> = names.filter(is_in_scope).collect();
    let host = |name: &String| Ok(app.any_profile(name)?.host);
    names.into_iter().map(host).collect()
}

fn text(report: &Report, args: &StatusArgs, style: &OutputStyle) -> Vec<String> {
    if args.prometheus {
        return vec![gauges::gauges(report)];
    }
    let found = &report.found;
    let problem = style.paint("problem", Style::Bad);
    let mut lines = findings(&found.problems, MAX_PROBLEMS, &problem, 9, style);
    if args.check {
        return lines;
    }
    if report.well {
        lines.push(style.paint("no problems found", Style::Good).into());
    }
    let hint = style.paint("hint", Style::Faint);
    lines.extend(findings(&found.hints, MAX_HINTS, &hint, 6, style));
    for (heading, section) in [
        ("sessions", sessions(report, style)),
        ("schedule", timetable(report, style)),
        ("prebookings", prebookings(report, style)),
        ("server", hosts(report, style)),
        ("files", files(report, style)),
    ] {
        if !section.is_empty() {
            lines.extend([String::new(), style.paint(heading, Style::Heading).into()]);
            lines.extend(section);
        }
    }
    lines
}

/// A config or store that cannot be used is an error always, any problem is one with `--check`.
fn failure(report: &Report, args: &StatusArgs, json: bool) -> Option<Failure> {
    let found = &report.found;
    let (first, kind) = if args.check {
        (found.problems.first()?, found.common_kind()?)
    } else {
        let fatal = found.fatal()?;
        (fatal, fatal.kind?)
    };
    let number = plural(found.problems.len(), "problem");
    let message = if json || args.prometheus {
        match found.problems.len() {
            1 => first.to_string(),
            _ => format!("{number}; the first: {first}"),
        }
    } else {
        format!("{number}, see above")
    };
    Some(Failure::new(kind, message))
}

/// Each finding after this sign, with its remedy.
fn findings(
    findings: &[Finding],
    max: usize,
    sign: &str,
    indent: usize,
    style: &OutputStyle,
) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in findings.iter().take(max) {
        let message = style
            .paragraph(&finding.message, indent, Style::Plain)
            .join("\n");
        lines.push(format!("{sign}: {}", message.trim_start()));
        match &finding.remedy {
            // a command stays on one line, so that it can be copied
            Some(command) if command.starts_with("run `") => {
                lines.push(format!("{:indent$}{command}", ""));
            }
            Some(remedy) => lines.extend(style.paragraph(remedy, indent, Style::Plain)),
            None => {}
        }
    }
    if let more @ 1.. = findings.len().saturating_sub(max) {
        lines.push(format!("{sign}: {more} more, see --json"));
    }
    lines
}

fn sessions(report: &Report, style: &OutputStyle) -> Vec<String> {
    let mut lines = Vec::new();
    for facts in report.accounts.iter().take(MAX_ACCOUNTS) {
        let source = match facts.password_source {
            None => "no password source",
            Some("password_command") => "password by command",
            Some("environment") => "password in AIMHARDER_PASSWORD",
            Some(_) => "password by systemd credential",
        };
        let boxes = facts.boxes.join(", ");
        let mut about = vec![facts.account.as_str(), &boxes, source];
        about.retain(|it| !it.is_empty());
        lines.extend(style.paragraph(&about.join(" · "), 2, Style::Plain));
        let sessions = facts.sessions.iter().map(|health| &health.session);
        let rows: Vec<_> = sessions.map(|it| session(it, report.checked_at)).collect();
        lines.extend(style.lines(&rows, 4, &[shrink(3, 12), shrink(1, 0)]));
    }
    if let more @ 1.. = report.accounts.len().saturating_sub(MAX_ACCOUNTS) {
        lines.push(format!("  {more} more, see `aimharder sessions`"));
    }
    lines
}

fn session(session: &SessionRow, now: DateTime<Utc>) -> Vec<Cell> {
    // a token is replaced long before its own end, so that is shown only once it has passed
    let is_over = session.token_expires_at.is_some_and(|at| at <= now);
    let over = if is_over { ", expired" } else { "" };
    let age = human_age(session.token_age(now));
    vec![
        plain(session.kind.as_str()),
        cell(session.fingerprint.short(), Style::Faint),
        status_cell(session.status),
        plain(format!("token {age} old{over}")),
    ]
}

fn timetable(report: &Report, style: &OutputStyle) -> Vec<String> {
    let mut rows = Vec::new();
    for job in [Job::Refresh, Job::Prebook] {
        let mut name = job.command();
        for it in report.schedule.entries.iter().filter(|it| it.job == job) {
            rows.push(vec![plain(name), entry(it, report.checked_at)]);
            name = "";
        }
        if !name.is_empty() {
            rows.push(vec![plain(name), cell("not scheduled", Style::Faint)]);
        }
    }
    style.lines(&rows, 2, &[shrink(1, 12)])
}

fn entry(entry: &Entry, now: DateTime<Utc>) -> Cell {
    let by = match entry.by {
        Scheduler::Crontab => "crontab:",
        Scheduler::UserTimer => "user timer",
        Scheduler::SystemTimer => "system timer",
    };
    let mut text = format!("{by} {}", entry.name);
    // a timer for one account has it in its name
    let is_timer = entry.by != Scheduler::Crontab;
    if let (Some(account), false) = (&entry.account, is_timer) {
        let _ = write!(text, " for {account}");
    }
    if let Some(name) = &entry.box_name {
        let _ = write!(text, " in {name}");
    }
    let next = entry.next_at.filter(|at| *at > now);
    let next = next.map(|at| format!(", next in {}", human_age(at - now)));
    text.push_str(match &next {
        _ if !entry.active => ", not active",
        _ if entry.error.is_some() => ", cannot run",
        _ if !entry.serves => ", for another store or config",
        Some(next) => next,
        None if is_timer => ", active",
        None => "",
    });
    let style = if entry.works() {
        Style::Good
    } else {
        Style::Faint
    };
    cell(text, style)
}

fn prebookings(report: &Report, style: &OutputStyle) -> Vec<String> {
    let (facts, now) = (&report.prebookings, report.checked_at);
    let shown = || facts.next.iter().take(MAX_PENDING);
    let has_one_account = report.accounts.len() <= 1;
    let has_one_box = matches!(report.accounts.as_slice(), [only] if only.boxes.len() == 1);
    let row = |it: &Pending| {
        let mut row = pending(it, now);
        if !has_one_account {
            row.insert(4, plain(format!("{} for {}", it.box_name, it.account)));
        } else if !has_one_box {
            row.insert(4, plain(&it.box_name));
        }
        row
    };
    let rows: Vec<_> = shown().map(row).collect();
    let priorities: &[_] = if has_one_box {
        &[shrink(3, 8), shrink(4, 12)]
    } else {
        &[shrink(4, 12), shrink(3, 8), shrink(4, 0), shrink(5, 12)]
    };
    let mut lines = Vec::new();
    for (line, pending) in style.lines(&rows, 2, priorities).into_iter().zip(shown()) {
        lines.push(line);
        // the message of a failure is among the problems
        if let (Some(message), None) = (&pending.message, pending.failure) {
            lines.extend(style.paragraph(message, 5, Style::Faint));
        }
    }
    let count = |status: &str| facts.counts.get(status).copied().unwrap_or_default();
    let mut others = Vec::new();
    for (number, what) in [
        (facts.next.len().saturating_sub(MAX_PENDING), "more"),
        (count("executing"), "being booked"),
        (count("waitlisted"), "on a waiting list"),
    ] {
        others.extend((number > 0).then(|| format!("{number} {what}")));
    }
    others.extend((facts.rules > 0).then(|| plural(facts.rules, "weekly rule")));
    lines.extend(style.paragraph(&others.join(", "), 2, Style::Plain));
    if let Some(last) = &facts.last_request {
        let (id, ago) = (last.prebooking, human_age(now - last.sent_at.to_utc()));
        let outcome = last.outcome.replace('_', " ");
        let mut text = format!("last request {ago} ago, for prebooking {id}: {outcome}");
        if let Some(ms) = last.lateness_ms {
            let _ = write!(text, ", {}", lateness(ms));
        }
        lines.extend(style.paragraph(&text, 2, Style::Plain));
    }
    lines
}

fn pending(pending: &Pending, now: DateTime<Utc>) -> Vec<Cell> {
    let about = if pending.guess { "about " } else { "" };
    let refused = pending.opens_at.and_then(|at| {
        let refused = pending.refused_at?.with_timezone(&at.timezone());
        let is_known = at <= now && refused >= at;
        is_known.then_some(refused)
    });
    let (words, style) = match (pending.opens_at, refused) {
        _ if pending.starts_at <= now => ("class has started".to_owned(), Style::Bad),
        (None, _) => ("opening unknown".to_owned(), Style::Faint),
        (_, Some(refused)) => (not_open_yet(refused, now), Style::Plain),
        (Some(at), None) if at <= now => {
            let words = format!("open since {about}{}", moment(at, now));
            (words, Style::Plain)
        }
        (Some(at), None) => {
            let left = human_age(at.with_timezone(&Utc) - now);
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

fn hosts(report: &Report, style: &OutputStyle) -> Vec<String> {
    let hosts = report.server.iter().flatten();
    let rows = hosts.map(|host| vec![plain(host.name.as_str()), response(host)]);
    style.lines(&rows.collect::<Vec<_>>(), 2, &[shrink(1, 12)])
}

fn response(host: &Host) -> Cell {
    let Some(trip) = host.round_trip_ms else {
        return cell("unreachable", Style::Bad);
    };
    let mut text = format!("responds in {trip:.0} ms");
    if let (Some(offset), Some(uncertainty)) = (host.clock_offset_ms, host.clock_uncertainty_ms) {
        let side = if offset > 0.0 { "ahead" } else { "behind" };
        let (by, give) = (offset.abs() / 1000.0, uncertainty / 1000.0);
        if by <= give {
            text.push_str(", clocks agree");
        } else {
            let _ = write!(text, ", its clock is {by:.1} s ± {give:.1} s {side}");
        }
    }
    cell(text, Style::Good)
}

fn files(report: &Report, style: &OutputStyle) -> Vec<String> {
    let config = report.config.path.as_deref().unwrap_or("?".as_ref());
    let store = report.store.path.display();
    let mut lines = vec![format!("  store   {store}")];
    lines.extend(style.paragraph(&about_store(report), 10, Style::Faint));
    lines.push(format!("  config  {}", config.display()));
    lines.extend(style.paragraph(&about_config(report), 10, Style::Faint));
    lines
}

fn about_store(report: &Report) -> String {
    let store = &report.store;
    if !store.exists {
        return "none yet".to_owned();
    }
    if report.found.of(&["store_unusable"]).is_some() {
        return "unusable".to_owned();
    }
    let integrity = match store.integrity {
        "ok" => "OK",
        "damaged" => "damaged",
        _ => "not checked (large)",
    };
    let free = store.free_bytes.map(human_size);
    listed([
        Some(integrity.to_owned()),
        store
            .encrypted
            .filter(|is| *is)
            .map(|_| "encrypted".to_owned()),
        store.size_bytes.map(human_size),
        store.schema.map(|schema| format!("schema {schema}")),
        store.mode.map(mode),
        free.map(|free| format!("{free} free")),
    ])
}

fn about_config(report: &Report) -> String {
    let config = &report.config;
    match (config.exists, config.usable) {
        (_, false) => "unusable".to_owned(),
        (false, true) => "none (optional)".to_owned(),
        (true, true) => listed([Some("in use".to_owned()), config.mode.map(mode)]),
    }
}

fn mode(mode: u32) -> String {
    format!("mode {:04o}", mode & 0o777)
}

fn listed<const N: usize>(facts: [Option<String>; N]) -> String {
    let facts: Vec<_> = facts.into_iter().flatten().collect();
    facts.join(", ")
}
