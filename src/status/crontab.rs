//! Which lines of a crontab call us, and for what. Pure. Keeps of a line only when it runs and for whom: the rest may hold
//! a password.

use super::schedule::{By, Entry, Job};

/// The entries of a crontab. `of`: in a system crontab, whose lines have a user, only that user's count.
pub fn entries(text: &str, of: Owner<'_>) -> Vec<Entry> {
    text.lines().flat_map(|line| entry(line, of)).collect()
}

/// Whose crontab it is.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'u> {
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
    let command: Vec<String> = words.map(unquoted).collect();
    let found = jobs(&command).into_iter();
    found
        .map(|(job, account)| Entry {
            by: By::Crontab,
            job,
            active: true,
            serves: true,
            name: when.join(" "),
            account,
            next_at: None,
        })
        .collect()
}

/// The invocations in a command, each with the account it names.
fn jobs(command: &[String]) -> Vec<(Job, Option<String>)> {
    let mut found = Vec::new();
    for (at, word) in command.iter().enumerate() {
        let name = word.rsplit('/').next().unwrap_or_default();
        if name != "aimharder" {
            continue;
        }
        let rest = command.get(at + 1..).unwrap_or_default();
        let end = rest.iter().position(|word| is_separator(word));
        let args = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let before = command.get(..at).unwrap_or_default();
        found.extend(job(args).map(|job| (job, account(before, args))));
    }
    found
}

fn job(args: &[String]) -> Option<Job> {
    let has = |wanted: &str| args.iter().any(|word| word.trim_end_matches(';') == wanted);
    if has("--dry-run") || has("--help") {
        None
    } else if has("prebook") {
        has("run").then_some(Job::Prebook)
    } else {
        has("refresh").then_some(Job::Refresh)
    }
}

fn account(before: &[String], args: &[String]) -> Option<String> {
    let flag = args.iter().position(|word| word == "--account");
    let named = flag.and_then(|at| args.get(at + 1)).map(String::as_str);
    let joined = || args.iter().find_map(|word| word.strip_prefix("--account="));
    let variable = || {
        let mut words = before.iter();
        words.find_map(|word| word.strip_prefix("AIMHARDER_ACCOUNT="))
    };
    let account = named.or_else(joined).or_else(variable)?;
    Some(account.trim_end_matches(';').to_lowercase())
}

fn is_separator(word: &str) -> bool {
    matches!(word, "&&" | "||" | "|" | "&" | ";" | "#")
}

/// `"$HOME"/.cargo/bin/aimharder` without its quotes: names and flags have no spaces.
fn unquoted(word: &str) -> String {
    word.replace(['"', '\''], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_call_us() {
        type Found = (&'static str, Job, Option<&'static str>);
        let table: [(&str, &[Found]); 17] = [
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
    fn system_lines_have_a_user() {
        let line = "*/15 * * * * ana aimharder refresh";
        let count = |user| entries(line, Owner::System(user)).len();
        assert_eq!(
            (count(Some("ana")), count(Some("ben")), count(None)),
            (1, 0, 1)
        );
    }
}
