//! The timers that systemd runs, from what `systemctl show` prints of them and of the services that they start, and those
//! that are installed and not active.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::crontab::commands;
use super::entry::{
    Call, Entry, InUse, Invocation, Job, MINUTES_OF_WEEK, Scheduler, calls, cover_the_week,
    is_script_flag, minutes_of_week, reach,
};

/// Asks for the timers of both jobs, which are named so that systemd loads them if they are installed, and for the loaded
/// instances and services. A service is loaded while its timer is active; without `--all` a service that does not run now is
/// left out.
pub(super) const SHOW: [&str; 8] = [
    "show",
    "--all",
    "--no-pager",
    "--property=Id,LoadState,ActiveState,Triggers,NextElapseUSecRealtime,TimersCalendar,TimersMonotonic,ExecStart,Environment,StateDirectory,ConfigurationDirectory",
    "aimharder-refresh.timer",
    "aimharder-prebook.timer",
    "aimharder-*.timer",
    "aimharder-*.service",
];

/// A unit's properties, of which some are printed several times.
type Properties<'s> = Vec<(&'s str, &'s str)>;

/// The timers in what a manager prints. Those that are not active count if no active one runs the job.
pub(super) fn entries(shown: &str, by: Scheduler, used: &InUse<'_>) -> Vec<Entry> {
    let units = shown.split("\n\n").map(|block| {
        let unit: Properties<'_> = block.lines().filter_map(|it| it.split_once('=')).collect();
        (get(&unit, "Id"), unit)
    });
    let units: BTreeMap<&str, Properties<'_>> = units.collect();
    let timers = units.keys().flat_map(|name| timer(name, &units, by, used));
    let mut found: Vec<Entry> = timers.collect();
    let active = found.iter().filter(|entry| entry.active);
    let served: Vec<_> = active.map(|entry| entry.job).collect();
    found.retain(|entry| entry.active || !served.contains(&entry.job));
    found
}

fn all<'s>(unit: &Properties<'s>, name: &str) -> impl Iterator<Item = &'s str> {
    let values = unit.iter().filter(move |(of, _)| *of == name);
    values.map(|(_, value)| *value)
}

fn get<'s>(unit: &Properties<'s>, name: &str) -> &'s str {
    all(unit, name).next().unwrap_or_default()
}

/// The entries of a timer: one for each job that its service runs.
fn timer(
    name: &str,
    units: &BTreeMap<&str, Properties<'_>>,
    by: Scheduler,
    used: &InUse<'_>,
) -> Vec<Entry> {
    let nothing = Properties::new();
    let timer = units.get(name).unwrap_or(&nothing);
    let (purpose, minutes) = (job(name), minutes(timer));
    let next_at = instant(get(timer, "NextElapseUSecRealtime"));
    let bare = |active, error: Option<&str>, minutes| {
        let mut entry = Entry {
            by,
            job: purpose,
            active,
            serves: by != Scheduler::SystemTimer || used.store.starts_with("/var/lib/aimharder"),
            name: name.to_owned(),
            account: None,
            rare: false,
            next_at,
            error: error.map(str::to_owned),
            minutes,
            reach: match purpose {
                // its --horizon is unknown
                Some(Job::Prebook) => MINUTES_OF_WEEK,
                _ => reach(purpose, None),
            },
        };
        entry.rare = active && !cover_the_week(&[&entry]);
        Vec::from_iter(purpose.map(|_| entry))
    };
    if get(timer, "ActiveState") != "active" {
        let mut entries = bare(false, None, minutes);
        entries.retain(|_| get(timer, "LoadState") == "loaded");
        return entries;
    }
    // quoted and escaped if the name is that of an instance
    let names = shlex::split(get(timer, "Triggers")).unwrap_or_default();
    let service = names.first().and_then(|name| units.get(name.as_str()));
    let service = service.unwrap_or(&nothing);
    if get(service, "ExecStart").is_empty() {
        return bare(true, Some("its service is missing"), minutes);
    }
    let mut calls = service_calls(service, by, used);
    if calls.is_empty() {
        // a wrapper
        return bare(true, None, minutes);
    }
    if purpose.is_some() && calls.iter().all(|(_, _, line)| line.job != purpose) {
        calls.truncate(1);
        for (_, _, line) in &mut calls {
            line.job = purpose;
            let other = format!("its service runs `aimharder {}`", line.name);
            line.error = line.error.take().or(Some(other));
        }
    }
    let entries = calls.into_iter().filter_map(|(_, command, line)| {
        let entry = command.entry(by, name.to_owned(), minutes.clone(), line, used)?;
        Some(Entry { next_at, ..entry })
    });
    entries.collect()
}

/// What a service runs of this program. If no word names it, the first word may be another name of it.
fn service_calls(service: &Properties<'_>, by: Scheduler, used: &InUse<'_>) -> Vec<Call> {
    let mut env = BTreeMap::new();
    if by == Scheduler::SystemTimer {
        for (property, base, variable) in [
            ("StateDirectory", "/var/lib", "STATE_DIRECTORY"),
            ("ConfigurationDirectory", "/etc", "CONFIGURATION_DIRECTORY"),
        ] {
            if let Some(name) = get(service, property).split_whitespace().next() {
                env.insert(variable.to_owned(), format!("{base}/{name}"));
            }
        }
    } else if let Ok(home) = std::env::var("HOME") {
        env.insert("HOME".to_owned(), home);
    }
    let assignments = shlex::split(get(service, "Environment")).unwrap_or_default();
    let assignments = assignments.iter().filter_map(|word| word.split_once('='));
    env.extend(assignments.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut found = Vec::new();
    for line in all(service, "ExecStart") {
        let argv = line.split_once("argv[]=").map_or("", |(_, argv)| argv);
        let argv = argv.split(" ; ignore_errors=").next().unwrap_or_default();
        // printed without the quotes around words, and a script may have its own
        let plain = || argv.split_whitespace().map(str::to_owned).collect();
        let words: Vec<String> = shlex::split(argv).unwrap_or_else(plain);
        let mut quoted = words.clone();
        if let Some(at) = words.iter().position(|word| is_script_flag(word)) {
            let script = quoted.split_off(at + 1);
            quoted.extend(shlex::try_join(script.iter().map(String::as_str)));
        }
        let calls = calls(commands(quoted), env.clone(), used);
        if calls.is_empty() {
            let command = Invocation::of(words, 0, env.clone());
            let line = command.read(used);
            let is_job = line.job.is_some() && line.error.is_none();
            found.extend(is_job.then(|| (Vec::new(), command, line)));
        }
        found.extend(calls);
    }
    found
}

/// The job of a timer by its name; `None` for other units.
fn job(unit: &str) -> Option<Job> {
    let stem = unit.strip_suffix(".timer")?;
    match stem.split('@').next()? {
        "aimharder-refresh" => Some(Job::Refresh),
        "aimharder-prebook" => Some(Job::Prebook),
        _ => None,
    }
}

/// `value` in `{ name=value ; … }`, which systemd prints of lists.
fn value<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, after) = line.split_once(name)?;
    after.split(" ;").next().map(str::trim)
}

/// The minutes of the week at which a timer elapses.
fn minutes(timer: &Properties<'_>) -> Vec<u32> {
    let calendar = all(timer, "TimersCalendar");
    let calendar = calendar.filter_map(|line| calendar_minutes(value(line, "OnCalendar=")?));
    let mut minutes: Vec<u32> = calendar.flatten().collect();
    for line in all(timer, "TimersMonotonic") {
        let span = value(line, "OnUnitActiveUSec=").or_else(|| value(line, "OnUnitInactiveUSec="));
        if let Some(step) = span.and_then(span_minutes) {
            minutes.extend((0..MINUTES_OF_WEEK).step_by(step));
        }
    }
    minutes
}

/// `*-*-* *:13/15:00`, or with days: `Mon..Fri *-*-* 07,08:00:00`.
fn calendar_minutes(expression: &str) -> Option<Vec<u32>> {
    let words: Vec<_> = expression.split_whitespace().collect();
    let (days, time) = match words.as_slice() {
        ["*-*-*", time, ..] => ("*", time),
        [days, "*-*-*", time, ..] => (*days, time),
        _ => return None,
    };
    let (hour, rest) = time.split_once(':')?;
    Some(minutes_of_week(days, hour, rest.split(':').next()?))
}

/// `15min`, `1h 30min`; seconds are rounded up to a minute.
fn span_minutes(span: &str) -> Option<usize> {
    let mut minutes = 0;
    for part in span.split_whitespace() {
        let unit = part.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = part.split_at(unit);
        let number: usize = number.parse().ok()?;
        minutes += match unit {
            "d" => number * 24 * 60,
            "h" => number * 60,
            "min" => number,
            _ => 1,
        };
    }
    (minutes > 0).then_some(minutes)
}

/// `Sat 2026-11-21 06:45:00 UTC`
fn instant(shown: &str) -> Option<DateTime<Utc>> {
    let (_, wall) = shown.split_once(' ')?;
    let wall = NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M:%S UTC").ok()?;
    Some(wall.and_utc())
}
