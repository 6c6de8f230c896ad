//! Our systemd timers: in what `systemctl list-timers` prints, and as files. Pure.

use chrono::{DateTime, Local, NaiveDateTime, TimeZone, Utc};

use super::schedule::{By, Entry, Job};

/// The active timers in the output of `systemctl list-timers --no-legend`: the next time comes first on a line, the
/// timer and what it activates come last.
pub(crate) fn listed(text: &str, by: By) -> Vec<Entry> {
    text.lines().filter_map(|line| one(line, by)).collect()
}

fn one(line: &str, by: By) -> Option<Entry> {
    let mut words = line.split_whitespace();
    let ours = words.find_map(|word| entry(word, by, true))?;
    Some(Entry {
        next_at: next(line),
        ..ours
    })
}

/// A timer of ours by its unit's name; `None` for any other unit.
pub(crate) fn entry(unit: &str, by: By, active: bool) -> Option<Entry> {
    let stem = unit.strip_suffix(".timer")?;
    let (stem, instance) = match stem.split_once('@') {
        Some((_, "")) => return None, // a template runs nothing
        Some((stem, instance)) => (stem, Some(unescaped(instance))),
        None => (stem, None),
    };
    let job = match stem {
        "aimharder-refresh" => Job::Refresh,
        "aimharder-prebook" => Job::Prebook,
        _ => return None,
    };
    Some(Entry {
        by,
        job,
        active,
        serves: true,
        name: unit.to_owned(),
        account: instance,
        rare: false,
        next_at: None,
    })
}

/// `Sat 2026-11-21 06:45:00 CET …`: in the zone of this machine, which systemctl writes in.
fn next(line: &str) -> Option<DateTime<Utc>> {
    let mut words = line.split_whitespace().skip(1);
    let wall = format!("{} {}", words.next()?, words.next()?);
    let wall = NaiveDateTime::parse_from_str(&wall, "%Y-%m-%d %H:%M:%S").ok()?;
    let at = Local.from_local_datetime(&wall).earliest()?;
    Some(at.with_timezone(&Utc))
}

/// An instance's name as systemd-escape wrote it: `ana\x40example.org`, `a-b` for `a/b`.
fn unescaped(instance: &str) -> String {
    let mut parts = instance.split("\\x");
    let mut plain = parts.next().unwrap_or_default().replace('-', "/");
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(u8::is_ascii) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part.get(2..).unwrap_or_default().replace('-', "/"));
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemctl_lists() {
        let text = "\
Sat 2026-11-21 06:45:00 UTC 12min left Sat 2026-11-21 06:30:00 UTC 2min ago aimharder-refresh.timer aimharder-refresh.service
- - Sat 2026-11-21 06:28:00 UTC 4min ago aimharder-prebook@ana\\x40example.org.timer aimharder-prebook@ana\\x40example.org.service
Sat 2026-11-21 06:45:00 UTC 12min left n/a n/a apt-daily.timer apt-daily.service
n/a n/a n/a n/a aimharder-other.timer aimharder-other.service
";
        let found = listed(text, By::UserTimer);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].job, found[0].active), (Job::Refresh, true));
        assert!(found[0].next_at.is_some());
        assert_eq!(found[1].job, Job::Prebook);
        assert_eq!(found[1].account.as_deref(), Some("ana@example.org"));
        assert_eq!(found[1].next_at, None);
    }

    #[test]
    fn names_of_units() {
        for (unit, ours) in [
            ("aimharder-refresh.timer", true),
            ("aimharder-refresh@ben\\x2dx\\x40example.org.timer", true),
            ("aimharder-refresh@.timer", false),
            ("aimharder-refresh.service", false),
            ("aimharder-backup.timer", false),
        ] {
            assert_eq!(entry(unit, By::SystemTimer, true).is_some(), ours, "{unit}");
        }
        assert_eq!(unescaped("ben\\x2dx\\x40example.org"), "ben-x@example.org");
        assert_eq!(unescaped("a\\xZZb\\x4"), "aZZb4");
    }
}
