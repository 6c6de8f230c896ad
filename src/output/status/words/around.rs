//! Findings about what surrounds the logins: files, the schedule, bookings to come, the server.

use std::path::Path;

use super::{told, unreachable_words};
use crate::model::time::human_age;
use crate::status::findings::Finding as F;
use crate::status::schedule::{By, Job};

pub(super) fn of_files(finding: &F) -> (String, Option<String>) {
    match finding {
        // their own errors name the remedy
        F::ConfigUnusable(words) | F::StoreUnusable(words) => (words.clone(), None),
        F::ConfigWritable(path, mode) => told(
            format!(
                "the config {} can be written by others (mode {mode:03o}), who could have their commands run as you",
                path.display()
            ),
            format!("run: chmod 600 {}", quoted(path)),
        ),
        F::ConfigReadable(path, mode) => told(
            format!(
                "the config {} holds a secret address and can be read by others (mode {mode:03o})",
                path.display()
            ),
            format!("run: chmod 600 {}", quoted(path)),
        ),
        F::StoreDamaged(path, words) => told(
            format!("the store {} is damaged: {words}", path.display()),
            "put a copy back, or move it away and run `aimharder login`",
        ),
        F::NoKey(path) => told(
            format!(
                "the store {} is encrypted, and no key is known",
                path.display()
            ),
            "set key_command under [store] in the config, or give the systemd credential aimharder-key",
        ),
        F::KeyLacking(why) => told(
            format!("the store's key cannot be had: {why}"),
            "bring the key back to where key_command or the credential takes it from",
        ),
        F::KeyWrong(path) => told(
            format!(
                "the key does not fit the store {}: its logins were sealed with another one",
                path.display()
            ),
            "let key_command or the credential give that key; if it is lost: aimharder store decrypt --forget-logins",
        ),
        F::KeySilent => (
            "the key_command of [store] gave no answer within 2 s, so whether its key fits is not known"
                .to_owned(),
            None,
        ),
        F::DiskFull(path, free) => told(
            format!(
                "only {} are free where the store {} is",
                size(*free),
                path.display()
            ),
            "free some room",
        ),
        _ => unreachable_words(),
    }
}

pub(super) fn of_schedule(finding: &F) -> (String, Option<String>) {
    match finding {
        F::NotScheduled {
            job,
            kept,
            only,
            program,
        } => {
            let whose = only
                .as_ref()
                .map_or_else(String::new, |account| format!(" for {account}"));
            let what = command(*job);
            if *kept {
                return (
                    format!(
                        "no crontab line or timer of ours runs `{what}`, but something keeps the tokens young"
                    ),
                    None,
                );
            }
            told(
                format!("nothing runs `{what}`{whose}: no crontab line, no active timer"),
                format!(
                    "add `{} * * * * {} {}` by crontab -e, or in a clone run: systemd/install.sh --user --enable",
                    times(*job),
                    for_cron(program),
                    args(*job)
                ),
            )
        }
        F::Inactive { job, by, unit } => {
            let user = if *by == By::UserTimer { "--user " } else { "" };
            told(
                format!(
                    "{unit} is installed and not active: nothing runs `{}`",
                    command(*job)
                ),
                format!("run: systemctl {user}enable --now {unit}"),
            )
        }
        F::Rare(Job::Refresh, when) => told(
            format!(
                "the crontab runs `aimharder refresh` too rarely ({when}): logins may end in between"
            ),
            "let it run every quarter of an hour: */15 * * * *",
        ),
        F::Rare(Job::Prebook, when) => told(
            format!(
                "the crontab runs `aimharder prebook run` too rarely ({when}): what opens in between is booked late"
            ),
            "let it run at 13,28,43,58 * * * *, or give it a --horizon that reaches to the next run",
        ),
        F::OtherStore(job) => (
            format!(
                "a system timer runs `{}` for the store in /var/lib/aimharder, not for this one",
                command(*job)
            ),
            None,
        ),
        F::NoLinger => told(
            "user timers stop when you log out",
            "run: loginctl enable-linger",
        ),
        F::Silent(tool) => (
            format!("`{tool}` gave no answer within 2 s, so what it schedules is not known"),
            None,
        ),
        _ => unreachable_words(),
    }
}

pub(super) fn of_bookings(finding: &F) -> (String, Option<String>) {
    match finding {
        F::Overdue(id, opened) => told(
            format!(
                "no run has tried prebooking {id}, which opened {}",
                opened.format("%a %-d %b %H:%M")
            ),
            "run: aimharder prebook run",
        ),
        F::OpeningUnknown(gym) => told(
            format!("when booking opens in {gym} is not known: every run tries once"),
            format!("tell it, for example: aimharder boxes set {gym} --opens 4d@07:00"),
        ),
        F::Unreachable(host, words) => {
            let named = words.contains(host.as_str());
            let words = if named {
                words.clone()
            } else {
                format!("{host}: {words}")
            };
            told(
                words,
                "look at the network and [server] in the config, or try again later",
            )
        }
        F::ClockOff(host, by) => {
            let side = if by.num_milliseconds() < 0 {
                "ahead of"
            } else {
                "behind"
            };
            told(
                format!(
                    "this machine's clock is at least {} {side} that of {host}",
                    human_age(by.abs())
                ),
                "let the machine keep its time (NTP)",
            )
        }
        _ => unreachable_words(),
    }
}

pub(in crate::output::status) fn command(job: Job) -> String {
    format!("aimharder {}", args(job))
}

fn args(job: Job) -> &'static str {
    match job {
        Job::Refresh => "refresh",
        Job::Prebook => "prebook run",
    }
}

fn times(job: Job) -> &'static str {
    match job {
        Job::Refresh => "*/15",
        Job::Prebook => "13,28,43,58",
    }
}

/// In a crontab `%` ends the line.
fn for_cron(program: &Path) -> String {
    let shown = program.display().to_string();
    let odd = |c: char| c.is_whitespace() || "'\"\\$`&;|<>()%".contains(c);
    if shown.contains(odd) {
        quoted(program).replace('%', "\\%")
    } else {
        shown
    }
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// `120 KiB`
pub(in crate::output::status) fn size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 1024 && unit + 1 < units.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{value} {}", units.get(unit).unwrap_or(&"TiB"))
}
