//! The `command` channel: the event as one JSON line on standard input, its facts in the environment.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use super::{Notice, words};
use crate::config::Command;
use crate::{process, signals};

/// Run it, and kill it with all its children when it takes longer than `limit`.
///
/// # Errors
/// It cannot be run, fails, or does not end in time.
pub(super) fn run(command: &Command, notice: &Notice, limit: Duration) -> Result<(), String> {
    let mut line = words::line(notice)?;
    line.push(b'\n');
    let mut process = process::of(command);
    for (name, value) in facts(notice) {
        match value {
            Some(value) => process.env(name, value.replace('\0', "")),
            // the variables of our own flags are no facts of the event
            None => process.env_remove(name),
        };
    }
    let mut child = process
        .stdin(Stdio::piped())
        .stdout(chatter())
        .stderr(Stdio::inherit())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("cannot run it: {}", crate::text::why(&e)))?;
    let group = process::group(&child);
    let _registration = signals::register_group(group);
    feed(&mut child, line);
    match process::wait(&mut child, limit) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("it failed ({status})")),
        None => {
            process::kill(&mut child, group);
            Err(format!("killed after {} s", limit.as_secs()))
        }
    }
}

fn facts(notice: &Notice) -> [(&'static str, Option<String>); 12] {
    let n = notice;
    [
        ("AIMHARDER_EVENT", Some(n.event.name().to_owned())),
        (
            "AIMHARDER_TIME",
            Some(n.time.format("%Y-%m-%dT%H:%M:%S%:z").to_string()),
        ),
        (
            "AIMHARDER_ACCOUNT",
            n.account.as_ref().map(ToString::to_string),
        ),
        ("AIMHARDER_BOX", n.gym.clone()),
        (
            "AIMHARDER_PREBOOKING_ID",
            n.prebooking_id.map(|id| id.to_string()),
        ),
        ("AIMHARDER_CLASS", n.class.clone()),
        ("AIMHARDER_DAY", n.day.map(|day| day.to_string())),
        (
            "AIMHARDER_START",
            n.start.map(|start| start.format("%H:%M").to_string()),
        ),
        ("AIMHARDER_OUTCOME", n.outcome.clone()),
        ("AIMHARDER_MESSAGE", n.message.clone()),
        ("AIMHARDER_RESERVATION_ID", n.reservation_id.clone()),
        ("AIMHARDER_TEXT", n.message.clone()),
    ]
}

/// What the command prints is not a result: it goes to standard error with `-v`, and is discarded otherwise, because cron
/// would mail it.
fn chatter() -> Stdio {
    if !log::log_enabled!(log::Level::Info) {
        return Stdio::null();
    }
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    stderr.map_or_else(|_| Stdio::null(), Stdio::from)
}

/// In a thread of its own: a command need not read.
fn feed(child: &mut Child, line: Vec<u8>) {
    if let Some(mut stdin) = child.stdin.take() {
        let _ = thread::Builder::new().spawn(move || stdin.write_all(&line));
    }
}
