//! Which lines of a crontab run one of the jobs, when, and with which environment.

use std::fs;

use super::entry::{
    Entry, Environment, InUse, MINUTES_OF_WEEK, Scheduler, base_name, command_entries,
    cron_environment, minutes_of_week, numbers,
};

/// The entries of a crontab. In those of the system, `/etc/crontab` and the files of `/etc/cron.d`, each line names a user, and
/// only the lines of `user` count if it is known.
pub(super) fn entries(
    text: &str,
    is_system: bool,
    user: Option<&str>,
    used: &InUse<'_>,
) -> Vec<Entry> {
    let mut env = cron_environment();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with(|c: char| c == '@' || c == '*' || c.is_ascii_digit()) {
            let entries = line_entries(line, is_system, user, &env, used);
            found.extend(entries.into_iter().flatten());
        } else if let Some((name, value)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let value = value.trim().trim_matches(['"', '\'']);
            env.insert(name.trim().to_owned(), value.to_owned());
        }
    }
    found
}

/// The entries of a line with times and a command; `None` for a line of another user, and for one that cannot be read.
fn line_entries(
    line: &str,
    is_system: bool,
    user: Option<&str>,
    env: &Environment,
    used: &InUse<'_>,
) -> Option<Vec<Entry>> {
    let fields = if line.starts_with('@') { 1 } else { 5 };
    let (times, mut command) = split(line, fields)?;
    let mut error = None;
    if is_system {
        let (owner, rest) = split(command, 1)?;
        if owner.concat().contains(['/', '"', '$', '=']) {
            let message = "a line of a system crontab must name a user before its command";
            error = Some(message.to_owned());
        } else if user.is_some_and(|user| owner != [user]) {
            return None;
        } else {
            command = rest;
        }
    } else if let Some(owner) = stray_user(command, user) {
        error = Some(format!(
            "a line of a user's crontab cannot name a user ({owner})"
        ));
    }
    // an unescaped % ends the command
    let command = command.replace("\\%", "\0");
    let command = command.split('%').next().unwrap_or_default();
    let command = command.replace('\0', "%");
    let is_open = command.matches("$(").count() > command.matches(')').count();
    if is_open || shlex::split(&command).is_none() {
        // the shell cannot read it
        return None;
    }
    let minutes = minutes(&times, &command);
    let (by, name) = (Scheduler::Crontab, times.join(" "));
    let mut entries = command_entries(by, &name, &minutes, &command, env.clone(), used);
    for entry in &mut entries {
        entry.error = error.clone().or(entry.error.take());
    }
    Some(entries)
}

/// The first fields of a line, and the rest.
fn split(line: &str, fields: usize) -> Option<(Vec<&str>, &str)> {
    let mut rest = line;
    let mut field = || {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        rest = after.trim_start();
        Some(field)
    };
    let fields = (0..fields).map(|_| field()).collect::<Option<_>>()?;
    Some((fields, rest))
}

/// The user at the start of a command, as in the crontabs of the system. cron would run a program of that name.
fn stray_user<'c>(command: &'c str, user: Option<&str>) -> Option<&'c str> {
    let mut words = command.split_whitespace();
    let first = words.next()?;
    let program = words.next()?;
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut users = users.lines().filter_map(|line| line.split(':').next());
    let is_user = user == Some(first) || users.any(|user| user == first);
    (base_name(program) == "aimharder" && is_user).then_some(first)
}

/// The minutes of the week at which a line runs. A line that does not run in every week, or whose times cannot be read, has
/// none. A loop is taken to run all the time.
fn minutes(times: &[&str], command: &str) -> Vec<u32> {
    let mut words = command.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(|word| ["for", "until", "while"].contains(&word)) && words.any(|word| word == "do")
    {
        return (0..MINUTES_OF_WEEK).collect();
    }
    let [minute, hour, day, month, weekday] = match times {
        ["@hourly"] => ["0", "*", "*", "*", "*"],
        ["@daily" | "@midnight"] => ["0", "0", "*", "*", "*"],
        ["@weekly"] => ["0", "0", "*", "*", "0"],
        [minute, hour, day, month, weekday] => [*minute, hour, day, month, weekday],
        _ => return Vec::new(),
    };
    let is_every = |field: &str, last| {
        numbers(field, last).is_some_and(|all| (1..=last).all(|n| all.contains(&n)))
    };
    if is_every(day, 31) && is_every(month, 12) {
        minutes_of_week(weekday, hour, minute)
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_system_crontab_name_a_user() {
        let used = InUse {
            store: "/tmp/aimharder.db".as_ref(),
            config: None,
            read: crate::diagnostics::refresh_line,
        };
        let text = "*/15 * * * * ana /nowhere/aimharder refresh\n@hourly ben /nowhere/aimharder prebook run";
        let count = |user| entries(text, true, user, &used).len();
        assert_eq!(count(Some("ana")), 1);
        assert_eq!(count(Some("eva")), 0);
        assert_eq!(count(None), 2);
        let error = |text| {
            entries(text, true, Some("ana"), &used)[0]
                .error
                .clone()
                .unwrap()
        };
        assert_eq!(error(text), "/nowhere/aimharder does not exist");
        for text in [
            "@hourly /usr/bin/aimharder refresh",
            "@hourly X=y /usr/bin/aimharder refresh",
        ] {
            assert!(error(text).contains("must name a user"), "{text}");
        }
    }
}
