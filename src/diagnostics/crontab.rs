//! Which lines of a crontab run one of the jobs, when, and with which environment.

use super::entry::{
    DAYS, Entry, InUse, Invocation, Scheduler, cron_environment, minutes_of_week, numbers,
};

/// Whose crontab it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'u> {
    /// A user's own.
    User,
    /// `/etc/crontab` or a file of `/etc/cron.d`: each line names a user, and only the lines of this one count.
    System(Option<&'u str>),
}

/// The entries of a crontab.
pub(super) fn entries(text: &str, owner: Owner<'_>, used: &InUse<'_>) -> Vec<Entry> {
    let mut env = cron_environment();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with(|c: char| c == '@' || c == '*' || c.is_ascii_digit()) {
            let Some((times, command)) = split(line, owner) else {
                continue;
            };
            for words in commands(&command) {
                let mut env = env.clone();
                let Some(invocation) = invocation(words, &mut env) else {
                    continue;
                };
                let (name, minutes) = (times.join(" "), minutes(&times));
                found.extend(invocation.entry(Scheduler::Crontab, name, minutes, used));
            }
        } else if let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#'))
        {
            let value = value.trim().trim_matches(['"', '\'']);
            env.insert(name.trim().to_owned(), value.to_owned());
        }
    }
    found
}

/// The times of a line and its command.
fn split<'l>(line: &'l str, owner: Owner<'_>) -> Option<(Vec<&'l str>, String)> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(char::is_whitespace)?;
        rest = after.trim_start();
        Some(word)
    };
    let fields = if line.starts_with('@') { 1 } else { 5 };
    let times = (0..fields).map(|_| word()).collect::<Option<Vec<_>>>()?;
    if let Owner::System(user) = owner {
        let named = word()?;
        if user.is_some_and(|user| user != named) {
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
    // a line that the shell cannot read runs nothing
    let words = shlex::split(line).unwrap_or_default();
    let mut commands = vec![Vec::new()];
    for word in words {
        if word.contains(char::is_whitespace) && word.contains("aimharder ") {
            // sh -c '…'
            commands.splice(0..0, self::commands(&word));
            continue;
        }
        let ends = word.ends_with(';') || matches!(word.as_str(), "&&" | "||" | "|" | "&");
        let bare = word.trim_end_matches(';');
        if let Some(last) = commands
            .last_mut()
            .filter(|_| !bare.is_empty() && !is_operator(bare))
        {
            last.push(bare.to_owned());
        }
        if ends {
            commands.push(Vec::new());
        }
    }
    commands
}

fn is_operator(word: &str) -> bool {
    matches!(word, "&&" | "||" | "|" | "&")
}

/// This program in a command, with the variables that are set before it.
fn invocation(
    words: Vec<String>,
    env: &mut std::collections::BTreeMap<String, String>,
) -> Option<Invocation> {
    let is_ours = |word: &String| word.rsplit('/').next() == Some("aimharder");
    let at = words.iter().position(is_ours)?;
    let mut before = words;
    let args = before.split_off(at);
    for (name, value) in before.iter().filter_map(|word| word.split_once('=')) {
        env.insert(name.to_owned(), value.to_owned());
    }
    Some(Invocation {
        args,
        env: std::mem::take(env),
    })
}

/// The minutes of the week at which a line runs. A line that does not run in every week, or whose times cannot be read, has
/// none.
fn minutes(times: &[&str]) -> Vec<u32> {
    let fields = match times {
        ["@hourly"] => ["0", "*", "*", "*", "*"],
        ["@daily" | "@midnight"] => ["0", "0", "*", "*", "*"],
        ["@weekly"] => ["0", "0", "*", "*", "0"],
        [minute, hour, day, month, weekday] => [*minute, hour, day, month, weekday],
        _ => return Vec::new(),
    };
    let [minute, hour, day, month, weekday] = fields;
    let every = |field: &str, last| {
        let all = numbers(field, 1, last, &[]);
        all.is_some_and(|all| (1..=last).all(|n| all.contains(&n)))
    };
    if !every(day, 31) || !every(month, 12) {
        return Vec::new();
    }
    let minute = numbers(minute, 0, 59, &[]);
    let hour = numbers(hour, 0, 23, &[]);
    let weekday = numbers(weekday, 0, 7, &DAYS);
    match (weekday, hour, minute) {
        (Some(weekday), Some(hour), Some(minute)) => minutes_of_week(&weekday, &hour, &minute),
        _ => Vec::new(),
    }
}
