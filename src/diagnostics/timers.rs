//! The timers that systemd runs, from what `systemctl show` prints of them and of the services that they start, and those
//! that are installed and not active.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};

use super::entry::{
    DAYS, Entry, InUse, Invocation, Job, MINUTES_OF_WEEK, Scheduler, minutes_of_week, numbers,
};

/// Asks for the loaded timers and services. A service is loaded while its timer is active; without `--all` a service that does
/// not run now is left out.
pub(super) const SHOW: [&str; 6] = [
    "show",
    "--all",
    "--no-pager",
    "--property=Id,ActiveState,Triggers,NextElapseUSecRealtime,TimersCalendar,TimersMonotonic,ExecStart,Environment,StateDirectory,ConfigurationDirectory",
    "aimharder-*.timer",
    "aimharder-*.service",
];

/// A unit's properties by name; those that are printed several times have several lines.
type Properties = BTreeMap<String, String>;

/// The timers of a manager: those in what it prints, and those installed in its folders that it does not run.
pub(super) fn entries(shown: &str, by: Scheduler, used: &InUse<'_>) -> Vec<Entry> {
    let units: BTreeMap<String, Properties> = shown.split("\n\n").filter_map(unit).collect();
    let timers = units.iter().filter(|(name, unit)| {
        name.strip_suffix(".timer").is_some() && get(unit, "ActiveState") == "active"
    });
    let mut found: Vec<Entry> = timers
        .filter_map(|(name, timer)| active(name, timer, &units, by, used))
        .collect();
    // an active timer makes the template or the twin beside it irrelevant
    for name in folders(by).iter().flat_map(|folder| installed(folder)) {
        let job = job(&name).filter(|job| found.iter().all(|entry| entry.job != *job));
        found.extend(job.map(|job| inactive(name, job, by, used)));
    }
    found
}

fn unit(block: &str) -> Option<(String, Properties)> {
    let mut unit = Properties::new();
    for (name, value) in block.lines().filter_map(|line| line.split_once('=')) {
        let values = unit.entry(name.to_owned()).or_default();
        *values = format!("{values}{value}\n");
    }
    let name = get(&unit, "Id").to_owned();
    (!name.is_empty()).then_some((name, unit))
}

fn get<'u>(unit: &'u Properties, name: &str) -> &'u str {
    unit.get(name).map_or("", |value| value.trim_end())
}

fn active(
    name: &str,
    timer: &Properties,
    units: &BTreeMap<String, Properties>,
    by: Scheduler,
    used: &InUse<'_>,
) -> Option<Entry> {
    let nothing = Properties::new();
    // quoted and escaped if the name is that of an instance
    let names = shlex::split(get(timer, "Triggers")).unwrap_or_default();
    let service = names.first().and_then(|name| units.get(name));
    let service = service.unwrap_or(&nothing);
    let mut entry = command(service, by).entry(by, name.to_owned(), minutes(timer), used);
    if entry.is_none() {
        // a wrapper, or a service that is missing
        let mut unknown = inactive(name.to_owned(), job(name)?, by, used);
        unknown.active = true;
        unknown.error = get(service, "ExecStart")
            .is_empty()
            .then(|| "its service is missing".to_owned());
        entry = Some(unknown);
    }
    let next = get(timer, "NextElapseUSecRealtime");
    entry.map(|entry| Entry {
        next_at: instant(next),
        ..entry
    })
}

/// What a service runs, and with which environment.
fn command(service: &Properties, by: Scheduler) -> Invocation {
    let line = get(service, "ExecStart");
    let argv = line.split_once("argv[]=").map_or("", |(_, after)| after);
    let argv = argv.split(" ;").next().unwrap_or_default();
    let mut args: Vec<String> = argv.split_whitespace().map(str::to_owned).collect();
    let ours = |word: &String| word.rsplit('/').next() == Some("aimharder");
    if let Some(at) = args.iter().position(ours) {
        args.drain(..at);
    }
    let mut env = BTreeMap::new();
    let mut folder = |property: &str, base: &str, variable: &str| {
        if let Some(name) = get(service, property).split_whitespace().next() {
            env.insert(variable.to_owned(), format!("{base}/{name}"));
        }
    };
    if by == Scheduler::SystemTimer {
        folder("StateDirectory", "/var/lib", "STATE_DIRECTORY");
        folder("ConfigurationDirectory", "/etc", "CONFIGURATION_DIRECTORY");
    } else if let Ok(home) = std::env::var("HOME") {
        env.insert("HOME".to_owned(), home);
    }
    let assignments = shlex::split(get(service, "Environment")).unwrap_or_default();
    for (name, value) in assignments.iter().filter_map(|word| word.split_once('=')) {
        env.insert(name.to_owned(), value.to_owned());
    }
    Invocation { args, env }
}

/// A timer that does not run, or of which nothing more is known.
fn inactive(name: String, job: Job, by: Scheduler, used: &InUse<'_>) -> Entry {
    Entry {
        by,
        job,
        active: false,
        serves: by != Scheduler::SystemTimer || used.store.starts_with("/var/lib/aimharder"),
        name,
        account: None,
        rare: false,
        next_at: None,
        error: None,
        minutes: vec![0],
        reach: MINUTES_OF_WEEK,
    }
}

/// The job of a timer by its name; `None` for other units and for templates.
fn job(unit: &str) -> Option<Job> {
    let (stem, instance) = match unit.strip_suffix(".timer")?.split_once('@') {
        Some((stem, instance)) => (stem, Some(instance)),
        None => (unit.strip_suffix(".timer")?, None),
    };
    match stem {
        _ if instance == Some("") => None,
        "aimharder-refresh" => Some(Job::Refresh),
        "aimharder-prebook" => Some(Job::Prebook),
        _ => None,
    }
}

/// The minutes of the week at which a timer elapses.
fn minutes(timer: &Properties) -> Vec<u32> {
    let value = |line: &str, name: &str| {
        let (_, after) = line.split_once(name)?;
        after.split(" ;").next().map(|text| text.trim().to_owned())
    };
    let calendar = get(timer, "TimersCalendar").lines();
    let calendar = calendar.filter_map(|line| calendar_minutes(&value(line, "OnCalendar=")?));
    let mut all: Vec<u32> = calendar.flatten().collect();
    for line in get(timer, "TimersMonotonic").lines() {
        let span = value(line, "OnUnitActiveUSec=").or_else(|| value(line, "OnUnitInactiveUSec="));
        if let Some(step) = span.and_then(|span| span_minutes(&span)) {
            all.extend((0..MINUTES_OF_WEEK).step_by(step));
        }
    }
    all
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
    let minute = rest.split(':').next()?;
    let days = numbers(days, 0, 6, &DAYS)?;
    let hours = numbers(hour, 0, 23, &[])?;
    Some(minutes_of_week(
        &days,
        &hours,
        &numbers(minute, 0, 59, &[])?,
    ))
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
    let wall = shown.strip_suffix(" UTC")?.split_once(' ')?.1;
    let wall = NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(wall.and_utc())
}

/// The timers in a folder that may be ours.
fn installed(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with("aimharder-"))
        .collect()
}

fn folders(by: Scheduler) -> Vec<PathBuf> {
    if by == Scheduler::SystemTimer {
        let folders = ["/etc", "/usr/local/lib", "/usr/lib"];
        return folders
            .map(|it| Path::new(it).join("systemd/system"))
            .into();
    }
    let set = |name| std::env::var_os(name).filter(|folder| !folder.is_empty());
    let config = set("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| Some(Path::new(&set("HOME")?).join(".config")));
    let shared = ["/etc", "/usr/local/lib", "/usr/lib"].map(PathBuf::from);
    let all = config.into_iter().chain(shared);
    all.map(|folder| folder.join("systemd/user")).collect()
}
