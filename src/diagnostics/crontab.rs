//! Which lines of a crontab run one of the jobs, when, and with which environment.

use std::fs;

use super::entry::{
    Entry, InUse, Scheduler, calls, cron_environment, is_assignment, is_script_flag,
    minutes_of_week, numbers,
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
            let Some((times, command)) = split(line, is_system, user) else {
                continue;
            };
            let words = shlex::split(&command);
            // a line that the shell cannot read runs nothing
            let commands = commands(words.unwrap_or_default());
            for (before, command, mut line) in calls(commands, env.clone(), used) {
                let stray = (!is_system).then(|| stray_user(&before, user)).flatten();
                line.error = stray.or(line.error);
                let (by, name) = (Scheduler::Crontab, times.join(" "));
                found.extend(command.entry(by, name, minutes(&times), line, used));
            }
        } else if let Some((name, value)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let value = value.trim().trim_matches(['"', '\'']);
            env.insert(name.trim().to_owned(), value.to_owned());
        }
    }
    found
}

/// The times of a line and its command.
fn split<'l>(line: &'l str, is_system: bool, user: Option<&str>) -> Option<(Vec<&'l str>, String)> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(char::is_whitespace)?;
        rest = after.trim_start();
        Some(word)
    };
    let fields = if line.starts_with('@') { 1 } else { 5 };
    let times = (0..fields).map(|_| word()).collect::<Option<Vec<_>>>()?;
    if is_system {
        let owner = word()?;
        if user.is_some_and(|user| user != owner) {
            return None;
        }
    }
    // an unescaped % ends the command
    let rest = rest.replace("\\%", "\0");
    let command = rest.split('%').next().unwrap_or_default();
    Some((times, command.replace('\0', "%")))
}

/// Why a command of a user's crontab fails that begins with a user, as in the system's crontabs. `before` is what precedes the
/// program.
fn stray_user(before: &[String], user: Option<&str>) -> Option<String> {
    let mut before = before.iter().filter(|word| !is_assignment(word));
    let first = before.next().filter(|_| before.next().is_none())?;
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut users = users.lines().filter_map(|line| line.split(':').next());
    let is_user = user == Some(first) || users.any(|user| user == first);
    is_user.then(|| format!("a line of a user's crontab cannot name a user ({first})"))
}

/// The words of each command in those of a shell line, without redirections. The commands of a script,
/// `sh -c '…'`, begin with the words before it.
pub(super) fn commands(words: Vec<String>) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut is_file = false; // the next word belongs to a redirection
    let mut is_script = false; // the next word is a script
    for word in words {
        let was_flag = std::mem::replace(&mut is_script, is_script_flag(&word));
        let is_quoted = word.contains(char::is_whitespace);
        if was_flag && is_quoted {
            let outer = commands.pop().unwrap_or_default();
            let inner = self::commands(shlex::split(&word).unwrap_or_default());
            commands.extend(inner.into_iter().map(|it| [&outer[..], &it].concat()));
            commands.push(outer);
            continue;
        }
        let operators: &[char] = if is_quoted { &[] } else { &[';', '|', '&'] };
        let word = word.replace(">&", ">").replace("&>", ">");
        for (n, part) in word.split(operators).enumerate() {
            if n > 0 {
                commands.push(Vec::new());
            }
            let (text, redirection) = part.split_at(part.find(['<', '>']).unwrap_or(part.len()));
            let is_number = !redirection.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let text = text.trim_matches(['(', ')']);
            if let Some(last) = commands.last_mut()
                && !(text.is_empty() || is_number || is_file)
            {
                last.push(text.to_owned());
            }
            is_file = !redirection.is_empty() && redirection.trim_matches(['<', '>']).is_empty();
        }
    }
    commands
}

/// The minutes of the week at which a line runs. A line that does not run in every week, or whose times cannot be read, has
/// none.
fn minutes(times: &[&str]) -> Vec<u32> {
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
        let error = entries(text, true, None, &used)[0].error.clone();
        assert_eq!(error.as_deref(), Some("/nowhere/aimharder does not exist"));
    }
}
