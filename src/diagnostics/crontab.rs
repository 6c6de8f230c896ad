//! Which lines of a crontab run one of the jobs, when, and with which environment.

use super::entry::{
    Entry, InUse, Invocation, Scheduler, cron_environment, minutes_of_week, numbers,
};

/// The entries of a user's own crontab. In `/etc/crontab` and the files of `/etc/cron.d` each line names a user, and only the
/// lines of `user` count.
pub(super) fn entries(text: &str, user: Option<&str>, used: &InUse<'_>) -> Vec<Entry> {
    let mut env = cron_environment();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with(|c: char| c == '@' || c == '*' || c.is_ascii_digit()) {
            let Some((times, command)) = split(line, user) else {
                continue;
            };
            for words in commands(&command) {
                let entry = Invocation::of(words, env.clone()).and_then(|invocation| {
                    let by = Scheduler::Crontab;
                    invocation.entry(by, times.join(" "), minutes(&times), used)
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
fn split<'l>(line: &'l str, user: Option<&str>) -> Option<(Vec<&'l str>, String)> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(char::is_whitespace)?;
        rest = after.trim_start();
        Some(word)
    };
    let fields = if line.starts_with('@') { 1 } else { 5 };
    let times = (0..fields).map(|_| word()).collect::<Option<Vec<_>>>()?;
    if user.is_some() && word() != user {
        return None;
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
