//! Which lines of a crontab call us, and for what. Pure. Keeps of a line only when it runs and for whom: the rest may hold
//! a password.

use super::schedule::{By, Entry, Job};
use crate::model::time::parse_duration;

/// The entries of a crontab. `of`: in a system crontab, whose lines have a user, only that user's count.
pub(crate) fn entries(text: &str, of: Owner<'_>) -> Vec<Entry> {
    text.lines().flat_map(|line| entry(line, of)).collect()
}

/// Whose crontab it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'u> {
    /// `crontab -l`
    Ours,
    /// `/etc/crontab`, `/etc/cron.d/*`: lines name a user, and only this one's are ours
    System(Option<&'u str>),
}

fn entry(line: &str, of: Owner<'_>) -> Vec<Entry> {
    let mut words = line.split_whitespace();
    let Some(first) = words.clone().next() else {
        return Vec::new();
    };
    let when = if first.starts_with('@') {
        1
    } else if first.starts_with(|c: char| c.is_ascii_digit() || c == '*') {
        5
    } else {
        return Vec::new(); // a remark, or a variable
    };
    let when: Vec<&str> = words.by_ref().take(when).collect();
    if first == "@reboot" {
        return Vec::new(); // once is no schedule
    }
    if let Owner::System(user) = of {
        let named = words.next();
        if user.is_some() && named != user {
            return Vec::new();
        }
    }
    let is_said = |word: &&str| !word.starts_with('#'); // from there on it is a remark to the shell
    let command: Vec<String> = words.take_while(is_said).flat_map(bare).collect();
    let apart = minutes_apart(&when);
    let found = jobs(&command).into_iter();
    found
        .map(|found| Entry {
            by: By::Crontab,
            job: found.job,
            active: true,
            serves: true,
            name: when.join(" "),
            account: found.account,
            rare: apart.is_some_and(|apart| apart > found.reach),
            next_at: None,
        })
        .collect()
}

/// One invocation in a command.
struct Found {
    job: Job,
    account: Option<String>,
    /// so many minutes to the next run will do
    reach: u64,
}

/// The invocations in a command, each with the account it names.
fn jobs(command: &[String]) -> Vec<Found> {
    let parts = command.split(|word| is_separator(word));
    parts.filter_map(invocation).collect()
}

fn invocation(words: &[String]) -> Option<Found> {
    let is_ours = |word: &String| word.rsplit('/').next() == Some("aimharder");
    let at = words.iter().position(is_ours)?;
    let (before, args) = words.split_at(at);
    let job = job(args)?;
    Some(Found {
        job,
        account: account(before, args),
        reach: reach(job, args),
    })
}

fn job(args: &[String]) -> Option<Job> {
    let has = |wanted: &str| args.iter().any(|word| word == wanted);
    if has("--dry-run") || has("--help") {
        None
    } else if has("prebook") {
        has("run").then_some(Job::Prebook)
    } else {
        has("refresh").then_some(Job::Refresh)
    }
}

/// A token lives for an hour and a half; a run of prebookings looks as far ahead as its horizon.
fn reach(job: Job, args: &[String]) -> u64 {
    let horizon = option(args, "--horizon").and_then(|span| parse_duration(span).ok());
    match job {
        Job::Refresh => 60,
        Job::Prebook => horizon.map_or(16, |span| span.as_secs() / 60),
    }
}

/// The longest time between two runs, where a line runs at the same minutes of every hour.
fn minutes_apart(when: &[&str]) -> Option<u64> {
    let minutes = match when {
        ["@hourly"] => return Some(60),
        ["@daily" | "@midnight" | "@weekly" | "@monthly" | "@yearly" | "@annually"] => {
            return Some(24 * 60);
        }
        [minutes, "*", "*", "*", "*"] => minutes,
        _ => return None,
    };
    let parts = minutes.split(',').map(span).collect::<Option<Vec<_>>>()?;
    let mut all: Vec<u64> = parts.into_iter().flatten().collect();
    all.sort_unstable();
    let again = all.first()? + 60;
    let next = all.iter().skip(1).copied().chain([again]);
    all.iter().zip(next).map(|(at, next)| next - at).max()
}

/// `7`, `3-9`, `*`, each with a step: `*/15`.
fn span(part: &str) -> Option<Vec<u64>> {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let step: usize = step.parse().ok().filter(|step| *step > 0)?;
    let (first, last) = match range.split_once('-') {
        _ if range == "*" => (0, 59),
        Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
        None => (range.parse().ok()?, range.parse().ok()?),
    };
    (last < 60).then(|| (first..=last).step_by(step).collect())
}

/// The value of `--name VALUE` or `--name=VALUE`.
fn option<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    let flag = args.iter().position(|word| word == name);
    let named = flag.and_then(|at| args.get(at + 1)).map(String::as_str);
    let joined = |word: &'a String| word.strip_prefix(name)?.strip_prefix('=');
    named.or_else(|| args.iter().find_map(joined))
}

fn account(before: &[String], args: &[String]) -> Option<String> {
    let variable = || {
        let mut words = before.iter();
        words.find_map(|word| word.strip_prefix("AIMHARDER_ACCOUNT="))
    };
    let account = option(args, "--account").or_else(variable)?;
    Some(account.to_lowercase())
}

fn is_separator(word: &str) -> bool {
    matches!(word, "&&" | "||" | "|" | "&" | ";")
}

/// `"$HOME"/.cargo/bin/aimharder` without its quotes, for names and flags have no spaces; a `;` at the end is a word of its
/// own.
fn bare(word: &str) -> Vec<String> {
    let plain = word.replace(['"', '\''], "");
    match plain.strip_suffix(';') {
        Some(before) => vec![before.to_owned(), ";".to_owned()],
        None => vec![plain],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_call_us() {
        type Found = (&'static str, Job, Option<&'static str>);
        let table: [(&str, &[Found]); 18] = [
            ("", &[]),
            ("# */15 * * * * aimharder refresh", &[]),
            ("PATH=/usr/local/bin:/usr/bin", &[]),
            (
                "*/15 * * * * aimharder refresh",
                &[("*/15 * * * *", Job::Refresh, None)],
            ),
            (
                "*/15 * * * *        \"$HOME\"/.cargo/bin/aimharder refresh",
                &[("*/15 * * * *", Job::Refresh, None)],
            ),
            (
                "13,28,43,58 * * * * /usr/bin/aimharder prebook run --horizon 16m",
                &[("13,28,43,58 * * * *", Job::Prebook, None)],
            ),
            (
                "0 * * * * aimharder --config /etc/a.toml refresh --account Ben@example.org",
                &[("0 * * * *", Job::Refresh, Some("ben@example.org"))],
            ),
            (
                "0 * * * * AIMHARDER_ACCOUNT='ana@example.org' aimharder refresh; aimharder prebook run",
                &[
                    ("0 * * * *", Job::Refresh, Some("ana@example.org")),
                    ("0 * * * *", Job::Prebook, None),
                ],
            ),
            (
                "*/5 * * * * test -d /run/systemd/system || ~/bin/aimharder refresh -q >/dev/null 2>&1",
                &[("*/5 * * * *", Job::Refresh, None)],
            ),
            (
                "@hourly aimharder refresh",
                &[("@hourly", Job::Refresh, None)],
            ),
            (
                "*/15 * * * * aimharder refresh # one day: aimharder prebook run",
                &[("*/15 * * * *", Job::Refresh, None)],
            ),
            ("@reboot aimharder refresh", &[]),
            ("*/15 * * * * aimharder prebook list", &[]),
            ("*/15 * * * * aimharder prebook run --dry-run", &[]),
            ("*/15 * * * * aimharder classes | grep refresh", &[]),
            ("*/15 * * * * notaimharder refresh", &[]),
            ("*/15 * * * * echo aimharder-refresh", &[]),
            ("*/15 * * *", &[]),
        ];
        for (line, expected) in table {
            let found = entries(line, Owner::Ours);
            let found: Vec<_> = found
                .iter()
                .map(|e| (e.name.as_str(), e.job, e.account.as_deref()))
                .collect();
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn lines_that_run_too_rarely() {
        let refresh = "aimharder refresh";
        let prebook = "aimharder prebook run";
        for (when, command, rare) in [
            ("*/15 * * * *", refresh, false),
            ("0 * * * *", refresh, false),
            ("@daily", refresh, true),
            ("@hourly", prebook, true),
            ("13,28,43,58 * * * *", prebook, false),
            ("*/15 * * * *", prebook, false),
            ("*/20 * * * *", prebook, true),
            ("*/20 * * * *", "aimharder prebook run --horizon 21m", false),
            ("0 * * * *", "aimharder prebook run --horizon=61m", false),
            ("0,5-20/5,40 * * * *", prebook, true),
            ("* * * * *", prebook, false),
            ("0 7 * * *", prebook, false), // by hand, so on purpose
            ("*/0 * * * *", prebook, false),
            ("x * * * *", prebook, false),
            ("99 * * * *", prebook, false),
        ] {
            let found = entries(&format!("{when} {command}"), Owner::Ours);
            let rarely: Vec<bool> = found.iter().map(|entry| entry.rare).collect();
            // what begins with a letter is a variable's line
            let expected = if when.starts_with('x') {
                vec![]
            } else {
                vec![rare]
            };
            assert_eq!(rarely, expected, "{when} {command}");
        }
    }

    #[test]
    fn system_lines_have_a_user() {
        let line = "*/15 * * * * ana aimharder refresh";
        let count = |user| entries(line, Owner::System(user)).len();
        assert_eq!(
            (count(Some("ana")), count(Some("ben")), count(None)),
            (1, 0, 1)
        );
    }
}
