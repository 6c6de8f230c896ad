//! One screen: problems first, then what there is.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::{StatusView, list, plans, words};
use crate::model::time::human_age;
use crate::status::schedule::{By, Entry, Job};
use crate::status::{AccountFacts, HostFacts, Integrity, Key, Report};
use crate::store::{SessionFacts, Status};
use crate::ui::table::{Cell, OutputStyle, Style, cell, plain, shrink};

/// More than this is for `sessions`.
const ACCOUNTS: usize = 8;

pub(super) fn screen(view: &StatusView, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    if view.problems().next().is_none() {
        writeln!(to, "{}", style.paint("all is well", Style::Good))?;
    }
    list::problems(view, style, to)?;
    list::hints(view, style, to)?;
    let report = &view.report;
    accounts(report, style, to)?;
    schedule(report, style, to)?;
    plans::prebookings(report, style, to)?;
    server(report, style, to)?;
    files(report, style, to)
}

pub(super) fn heading(text: &str, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "\n{}", style.paint(text, Style::Heading))
}

fn accounts(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    if report.accounts.is_empty() {
        return Ok(());
    }
    heading("logins", style, to)?;
    for facts in report.accounts.iter().take(ACCOUNTS) {
        let mut about = vec![facts.account.to_string()];
        about.extend((!facts.boxes.is_empty()).then(|| facts.boxes.join(", ")));
        about.push(password(facts));
        for line in style.wrap(&[about.join(" · ")], 2) {
            writeln!(to, "{line}")?;
        }
        let rows: Vec<_> = facts
            .sessions
            .iter()
            .map(|login| row(&login.session, report.checked_at))
            .collect();
        style.table(&rows, 4, &[shrink(3, 12), shrink(1, 0)], to)?;
    }
    match report.accounts.len().checked_sub(ACCOUNTS) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(to, "  {more} more, see `aimharder sessions`"),
    }
}

fn password(facts: &AccountFacts) -> String {
    let words = match facts.password_source {
        None => "no password source",
        Some("password_command") => "password by command",
        Some("environment") => "password in AIMHARDER_PASSWORD",
        Some(_) => "password by systemd credential",
    };
    words.to_owned()
}

fn row(login: &SessionFacts, now: DateTime<Utc>) -> Vec<Cell> {
    let (status, tone) = match login.status {
        Status::Active => ("active", Style::Good),
        Status::Expired => ("expired", Style::Bad),
    };
    // one that has not run out lives on updates: how long it could live says nothing
    let over = login.token_expires_at.is_some_and(|at| at <= now);
    let until = if over { ", run out" } else { "" };
    let age = human_age(now - login.token_updated_at);
    vec![
        plain(login.kind.as_str()),
        cell(login.fingerprint.short(), Style::Faint),
        cell(status, tone),
        plain(format!("token {age} old{until}")),
    ]
}

fn schedule(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    heading("schedule", style, to)?;
    let mut rows = Vec::new();
    for job in [Job::Refresh, Job::Prebook] {
        let entries = report
            .schedule
            .entries
            .iter()
            .filter(|entry| entry.job == job);
        let before = rows.len();
        for entry in entries {
            let name = if rows.len() == before {
                words::command(job)
            } else {
                String::new()
            };
            let tone = if entry.active && entry.serves {
                Style::Good
            } else {
                Style::Faint
            };
            rows.push(vec![
                plain(name),
                cell(planned(entry, report.checked_at), tone),
            ]);
        }
        if rows.len() == before {
            rows.push(vec![
                plain(words::command(job)),
                cell("not scheduled", Style::Faint),
            ]);
        }
    }
    style.table(&rows, 2, &[shrink(1, 12)], to)
}

fn planned(entry: &Entry, now: DateTime<Utc>) -> String {
    let mut words = match entry.by {
        By::Crontab => format!("crontab: {}", entry.name),
        By::UserTimer => format!("user timer {}", entry.name),
        By::SystemTimer => format!("system timer {}", entry.name),
    };
    if entry.by == By::Crontab {
        if let Some(account) = &entry.account {
            words = format!("{words} for {account}");
        }
        return words;
    }
    match entry.next_at {
        _ if !entry.active => words.push_str(", not active"),
        _ if !entry.serves => words.push_str(", for another store"),
        Some(at) if at > now => words = format!("{words}, next in {}", human_age(at - now)),
        _ => words.push_str(", active"),
    }
    words
}

fn server(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    let Some(hosts) = &report.server else {
        return Ok(());
    };
    heading("server", style, to)?;
    let rows: Vec<_> = hosts
        .iter()
        .map(|host| {
            let (words, tone) = answered(host);
            vec![plain(host.host.as_str()), cell(words, tone)]
        })
        .collect();
    style.table(&rows, 2, &[shrink(1, 12)], to)
}

fn answered(host: &HostFacts) -> (String, Style) {
    if !host.reachable {
        return ("does not answer".to_owned(), Style::Bad);
    }
    let trip = host.round_trip_ms.unwrap_or_default();
    let words = format!("answers in {trip:.0} ms");
    let (Some(off), Some(sure)) = (host.clock_offset_ms, host.clock_uncertainty_ms) else {
        return (words, Style::Good);
    };
    let clock = if off.abs() <= sure {
        "the clocks agree".to_owned()
    } else {
        let side = if off > 0.0 { "ahead" } else { "behind" };
        format!(
            "its clock is {:.1} s ± {:.1} s {side}",
            off.abs() / 1000.0,
            sure / 1000.0
        )
    };
    (format!("{words}, {clock}"), Style::Good)
}

fn files(report: &Report, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    heading("files", style, to)?;
    let (store, config) = (&report.store, &report.config);
    let place = |path: &Option<std::path::PathBuf>| {
        path.as_ref()
            .map_or_else(|| "?".to_owned(), |path| path.display().to_string())
    };
    let store_words = match (store.exists, store.error.is_none(), store.integrity) {
        (false, ..) => "not there yet".to_owned(),
        (_, false, _) => "cannot be used".to_owned(),
        (.., integrity) => healthy(report, integrity),
    };
    let config_words = match (config.exists, config.usable) {
        (_, false) => "cannot be used".to_owned(),
        (false, true) => "not there, not needed".to_owned(),
        (true, true) => {
            let mode = config.mode.map(|mode| format!("mode {:04o}", mode & 0o777));
            let account = config.account.as_ref().map(|it| format!("account {it}"));
            let gym = config.gym.as_ref().map(|it| format!("box {it}"));
            let words = [Some("in use".to_owned()), mode, account, gym];
            words.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    };
    writeln!(to, "  store   {}", place(&store.path))?;
    writeln!(to, "          {}", style.paint(&store_words, Style::Faint))?;
    writeln!(to, "  config  {}", place(&config.path))?;
    writeln!(to, "          {}", style.paint(&config_words, Style::Faint))
}

fn healthy(report: &Report, integrity: Integrity) -> String {
    let store = &report.store;
    let mut words = vec![match integrity {
        Integrity::Ok => "sound".to_owned(),
        Integrity::Damaged => "damaged".to_owned(),
        Integrity::NotChecked => "too large to look through".to_owned(),
    }];
    words.extend((store.encrypted == Some(true)).then(|| match store.key {
        Key::Fits => "encrypted".to_owned(),
        Key::Wrong => "encrypted with another key".to_owned(),
        _ => "encrypted, its key unknown".to_owned(),
    }));
    words.extend(store.size_bytes.map(words::size));
    words.extend(store.schema.map(|schema| format!("schema {schema}")));
    words.extend(store.mode.map(|mode| format!("mode {:04o}", mode & 0o777)));
    words.extend(
        store
            .free_bytes
            .map(|free| format!("{} free", words::size(free))),
    );
    words.join(", ")
}
