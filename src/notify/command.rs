//! The `command` channel: the event as one JSON line on standard input, its keys in the environment.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::{Command as Process, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::{Notice, words};
use crate::config::Command;
use crate::process;

/// Runs the command, and kills it with all its children if it takes longer than `limit`.
///
/// # Errors
/// It cannot be run, fails, or does not end in time.
pub(super) fn run(command: &Command, notice: &Notice, limit: Duration) -> Result<()> {
    let mut line = words::line(notice)?;
    line.push(b'\n');
    let mut process = process::of(command);
    set_variables(&mut process, notice);
    process
        .stdin(Stdio::piped())
        .stdout(chatter())
        .stderr(Stdio::inherit());
    let (mut child, group) = process::spawn(&mut process, true)
        .map_err(|e| anyhow!("cannot run it: {}", crate::text::why(&e)))?;
    if let Some(mut stdin) = child.stdin.take() {
        // on a thread of its own: a command need not read
        let _ = thread::Builder::new().spawn(move || stdin.write_all(&line));
    }
    match process::wait_or_kill(&mut child, &group, limit) {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("it failed ({status})"),
        None => bail!("killed after {:.0} s", limit.as_secs_f64()),
    }
}

/// Sets a variable for each key: `AIMHARDER_RESERVATION_ID` and so on, and `AIMHARDER_TEXT` for the message. A variable whose
/// key does not apply is removed, because it may be one of the program's own.
fn set_variables(process: &mut Process, notice: &Notice) {
    let event = serde_json::to_value(notice).unwrap_or_default();
    let keys = event.as_object().into_iter().flatten();
    let keys = keys.map(|(key, value)| (key.as_str(), value));
    for (key, value) in keys.chain([("text", &event["message"])]) {
        let name = format!("AIMHARDER_{}", key.to_uppercase());
        match value {
            Value::Null => process.env_remove(name),
            Value::String(text) => process.env(name, text.replace('\0', "")),
            other => process.env(name, other.to_string()),
        };
    }
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
