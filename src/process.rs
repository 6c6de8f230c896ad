//! Commands that the config names: `password_command`, `key_command`, `token_command` and the `command` of a notification.
//!
//! Each command has a timeout, after which it is killed. [`first_line_of`] returns the first line that it prints, as a secret.
//! Neither the output nor the arguments of a command appear in a log or an error.

use std::io::{self, BufRead, BufReader, ErrorKind, IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command as Process, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::clock;
use crate::config::Command;
use crate::secret::Secret;
use crate::signals;

/// Maximum length of a line with a password or key.
const MAX_LINE_LEN: u64 = 4096;
/// Maximum output of a tool of the system. A crontab is shorter.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;

/// The process to start for a command. It does not inherit `AIMHARDER_PASSWORD`.
pub(crate) fn of(command: &Command) -> Process {
    let (program, arguments) = command.words();
    let mut process = Process::new(program);
    process.args(arguments);
    process.env_remove("AIMHARDER_PASSWORD");
    process
}

/// Runs a process and returns the first line that it prints. `what` names it in errors.
///
/// # Errors
/// If the process cannot be run, fails, or does not end within `limit`.
pub(crate) fn first_line_of(
    mut process: Process,
    what: &str,
    limit: Duration,
) -> io::Result<Secret> {
    process.stderr(Stdio::inherit());
    // in a group of its own its children are killed with it, but it cannot prompt on a terminal
    let alone = !io::stdin().is_terminal() && !io::stderr().is_terminal();
    let ended = run(process, alone, limit, |output, sender| {
        let mut output = BufReader::new(output);
        let _ = sender.send(first_line(&mut output));
        // reads on, because a closed pipe would end a command that prints more
        let _ = io::copy(&mut output, &mut io::sink());
    });
    let failure = match ended {
        Ok((Some(Ok(line)), Some(status))) if status.success() => return Ok(line),
        Ok((Some(Err(why)), Some(status))) if status.success() => {
            format!("cannot read what {what} prints: {why}")
        }
        Ok((_, Some(status))) if !status.success() => format!("{what} failed ({status})"),
        Ok(_) if signals::must_stop() => format!("{what} was ended by a signal"),
        Ok(_) => format!("{what} did not end within {} s", limit.as_secs()),
        Err(e) => format!("cannot run {what}: {}", crate::text::why(&e)),
    };
    Err(io::Error::other(failure))
}

/// Runs a tool of the system and returns what it prints on standard output.
///
/// # Errors
/// [`ErrorKind::NotFound`] without the tool, [`ErrorKind::Other`] if it fails, [`ErrorKind::TimedOut`] if it does not end within
/// `limit`, and those of starting a process.
pub(crate) fn output_of(mut process: Process, limit: Duration) -> io::Result<String> {
    process
        .env_remove("AIMHARDER_PASSWORD")
        .stderr(Stdio::null());
    let ended = run(process, false, limit, |output, sender| {
        let mut bytes = Vec::new();
        let read = output.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes);
        let _ = sender.send(read.map(|_| String::from_utf8_lossy(&bytes).into_owned()));
    });
    match ended? {
        (Some(Ok(text)), Some(status)) if status.success() => Ok(text),
        (Some(_), Some(status)) => Err(io::Error::other(format!("failed ({status})"))),
        _ => Err(ErrorKind::TimedOut.into()),
    }
}

/// Runs a process without input, `alone` in a process group. Its output is read on a thread of its own, by `read`. Returns
/// what the thread sent and the process's status, or `None` for what did not come within `limit`; then the process is killed.
fn run<T: Send + 'static>(
    mut process: Process,
    alone: bool,
    limit: Duration,
    read: impl FnOnce(ChildStdout, Sender<T>) + Send + 'static,
) -> io::Result<(Option<T>, Option<ExitStatus>)> {
    process.stdin(Stdio::null()).stdout(Stdio::piped());
    let (mut child, group) = spawn(&mut process, alone)?;
    let (sender, receiver) = mpsc::channel();
    let output = child.stdout.take();
    let reader = thread::Builder::new().spawn(move || output.map(|output| read(output, sender)));
    if let Err(e) = reader {
        kill(&mut child, &group);
        return Err(e);
    }
    let began = clock::steady();
    let received = clock::receive(&receiver, began + limit);
    let left = limit.saturating_sub(clock::since(began));
    Ok((received, wait_or_kill(&mut child, &group, left)))
}

/// Reads the first line, without its line break. The buffer is overwritten when it is dropped.
///
/// # Errors
/// If the line cannot be read, is too long, or is not valid UTF-8.
pub(crate) fn first_line(from: impl BufRead) -> io::Result<Secret> {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(256));
    from.take(MAX_LINE_LEN).read_until(b'\n', &mut bytes)?;
    if bytes.len() as u64 == MAX_LINE_LEN && bytes.last() != Some(&b'\n') {
        return Err(io::Error::other("its first line is too long"));
    }
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    let line = std::str::from_utf8(&bytes);
    line.map(Secret::new)
        .map_err(|_| io::Error::other("it is not valid UTF-8"))
}

/// Starts a process; `alone` in a process group of its own, which a signal that ends the program kills too.
pub(crate) fn spawn(process: &mut Process, alone: bool) -> io::Result<(Child, GroupRegistration)> {
    if alone {
        process.process_group(0);
    }
    // a signal that arrives meanwhile is handled afterwards
    let mut groups = groups();
    let child = process.spawn()?;
    let group = alone.then(|| Pid::from_child(&child));
    groups.extend(group);
    Ok((child, GroupRegistration(group)))
}

/// The process groups of running commands, which are killed when the program ends: a signal sent to it does not reach them.
static GROUPS: LazyLock<Mutex<Vec<Pid>>> = LazyLock::new(|| {
    signals::at_end(Box::new(|| {
        for group in groups().drain(..) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }));
    Mutex::default()
});

fn groups() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a process group registered until it is dropped. `None`: the process has no group of its own.
#[derive(Debug)]
pub(crate) struct GroupRegistration(Option<Pid>);

impl Drop for GroupRegistration {
    fn drop(&mut self) {
        groups().retain(|group| Some(*group) != self.0);
    }
}

/// Kills a child, and its children if it has a group of its own.
fn kill(child: &mut Child, group: &GroupRegistration) {
    if let Some(group) = group.0 {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The child's status, or `None` if it was killed, because it did not end within `limit` or before [`signals::must_stop`].
pub(crate) fn wait_or_kill(
    child: &mut Child,
    group: &GroupRegistration,
    limit: Duration,
) -> Option<ExitStatus> {
    let began = clock::steady();
    // a child whose output has ended usually ends at once
    let mut nap = Duration::from_micros(200);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if clock::since(began) < limit && !signals::must_stop() => clock::nap(nap),
            _ => {
                kill(child, group);
                return None;
            }
        }
        nap = (nap * 2).min(Duration::from_millis(5));
    }
}
