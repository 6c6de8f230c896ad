//! Which lines of a crontab run one of the jobs, when, and with which environment.

use super::entry::{
    Entry, InUse, Invocation, Scheduler, cron_environment, minutes_of_week, numbers, program_at,
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
            for words in commands(&command) {
                let entry = program_at(&words).and_then(|at| {
                    let (by, name) = (Scheduler::Crontab, times.join(" "));
                    Invocation::of(words, at, env.clone()).entry(by, name, minutes(&times), used)
                });
                found.extend(entry);
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

/// The words of each command in a shell line.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    // a line that the shell cannot read runs nothing
    for word in shlex::split(line).unwrap_or_default() {
        if word.contains(char::is_whitespace) && word.contains("aimharder ") {
            // sh -c '…'
            commands.splice(0..0, self::commands(&word));
            continue;
        }
        let is_operator = matches!(word.as_str(), "&&" | "||" | "|" | "&");
        let bare = word.trim_end_matches(';');
        if let Some(last) = commands.last_mut()
            && !bare.is_empty()
            && !is_operator
        {
            last.push(bare.to_owned());
        }
        if is_operator || word.ends_with(';') {
            commands.push(Vec::new());
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
