//! The timers that systemd runs, from what `systemctl show` prints of them and of the services that they start, and those
//! that are installed and not active.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::entry::{
    Entry, Environment, InUse, Job, MINUTES_OF_WEEK, Scheduler, base_name, command_entries,
    minutes_of_week,
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

fn get_all<'s>(unit: &Properties<'s>, name: &str) -> impl Iterator<Item = &'s str> {
    let values = unit.iter().filter(move |(of, _)| *of == name);
    values.map(|(_, value)| *value)
}

fn get<'s>(unit: &Properties<'s>, name: &str) -> &'s str {
    get_all(unit, name).next().unwrap_or_default()
}

/// The entries of a timer: one for each job that its service runs. A service whose command names no job runs that of the
/// timer's name.
fn timer(
    name: &str,
    units: &BTreeMap<&str, Properties<'_>>,
    by: Scheduler,
    used: &InUse<'_>,
) -> Vec<Entry> {
    let nothing = Properties::new();
    let timer = units.get(name).unwrap_or(&nothing);
    let minutes = minutes(timer);
    // quoted and escaped if the name is that of an instance
    let names = shlex::split(get(timer, "Triggers")).unwrap_or_default();
    let service = names.first().and_then(|name| units.get(name.as_str()));
    let service = service.unwrap_or(&nothing);
    let env = environment(service, by);
    let by_name = job(name).map(|job| Entry::unread(by, name, job, &minutes, &env, used));
    if get(timer, "ActiveState") != "active" {
        let installed = by_name.filter(|_| get(timer, "LoadState") == "loaded");
        let inactive = |entry| Entry {
            active: false,
            ..entry
        };
        return installed.map(inactive).into_iter().collect();
    }
    let mut found = Vec::new();
    let mut is_wrapper = true;
    for line in get_all(service, "ExecStart") {
        let argv = line.split_once("argv[]=").map_or("", |(_, argv)| argv);
        let command = argv.split(" ; ignore_errors=").next().unwrap_or_default();
        let program = command.split_whitespace().next().unwrap_or_default();
        is_wrapper &= base_name(program) != "aimharder";
        found.extend(command_entries(
            by,
            name,
            &minutes,
            command,
            env.clone(),
            used,
        ));
    }
    if get(service, "ExecStart").is_empty() {
        let error = Some("its service is missing".to_owned());
        found.extend(by_name.map(|entry| Entry { error, ..entry }));
    } else if found.is_empty() && is_wrapper {
        found.extend(by_name);
    }
    let next_at = instant(get(timer, "NextElapseUSecRealtime"));
    for entry in &mut found {
        entry.next_at = next_at;
    }
    found
}

/// The environment of a service.
fn environment(service: &Properties<'_>, by: Scheduler) -> Environment {
    let mut env = Environment::new();
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
    env
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

/// The minutes of the week at which a timer elapses.
fn minutes(timer: &Properties<'_>) -> Vec<u32> {
    let calendar = get_all(timer, "TimersCalendar");
    let calendar = calendar.filter_map(|line| calendar_minutes(value_of(line, "OnCalendar=")?));
    let spans = get_all(timer, "TimersMonotonic").filter_map(|line| {
        let span =
            value_of(line, "OnUnitActiveUSec=").or_else(|| value_of(line, "OnUnitInactiveUSec="));
        span_minutes(span?)
    });
    let runs = spans.flat_map(|span| (0..MINUTES_OF_WEEK).step_by(span));
    calendar.flatten().chain(runs).collect()
}

/// The value in `{ OnCalendar=*-*-* *:13/15:00 ; next_elapse=… }`, which systemd prints of lists.
fn value_of<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (_, after) = line.split_once(name)?;
    after.split(" ;").next()
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

/// `15min`, `1h 30min`; a part below a minute counts as one.
fn span_minutes(span: &str) -> Option<usize> {
    let mut minutes = 0;
    for part in span.split_whitespace() {
        let unit = part.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = part.split_at(unit);
        let number = usize::from(number.parse::<u16>().ok()?);
        minutes += match unit {
            "w" => number * 7 * 24 * 60,
            "d" => number * 24 * 60,
            "h" => number * 60,
            "min" => number,
            "s" | "ms" | "us" => 1,
            _ => return None,
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
