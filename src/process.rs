//! The commands that the config names (`password_command`, `token_command`, a notice's `command`): how they are run, for
//! how long, and how the one line is read that they print. Must not log what they print, nor quote their arguments.

use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::config::Command;
use crate::secret::Secret;
use crate::{clock, signals};

/// Longer lines are no passwords.
const MAX_LINE_LEN: u64 = 4096;
/// More than this is no crontab.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;

/// The process to start. It never inherits our password.
pub(crate) fn of(command: &Command) -> Process {
    let mut process = match command {
        Command::List(words) => {
            let mut process = Process::new(words.first().map_or("", String::as_str));
            process.args(words.iter().skip(1));
            process
        }
        Command::Shell(line) => {
            let mut process = Process::new("sh");
            process.arg("-c").arg(line);
            process
        }
    };
    process.env_remove("AIMHARDER_PASSWORD");
    process
}

/// The first line that a process prints, when it ends well within the limit. `what` names it in errors.
///
/// # Errors
/// One line, without what was printed.
pub(crate) fn first_line_of(
    mut process: Process,
    what: &str,
    limit: Duration,
) -> Result<Secret, String> {
    let cannot = |e: io::Error| format!("cannot run {what}: {}", crate::text::why(&e));
    process
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    // a command in a group of its own could not ask on a terminal; where there is none, its children end with it
    let alone = !io::stdin().is_terminal() && !io::stderr().is_terminal();
    if alone {
        process.process_group(0);
    }
    let mut child = process.spawn().map_err(cannot)?;
    let group = group(&child).filter(|_| alone);
    let _registration = signals::register_group(group);
    let Some(output) = child.stdout.take() else {
        return Err(format!("{what} has no output"));
    };
    let (tell, told) = mpsc::channel();
    let reader = thread::Builder::new().spawn(move || {
        let mut output = BufReader::new(output);
        let _ = tell.send(first_line(&mut output));
        // read on, so that a command that says more does not die of a closed pipe
        let _ = io::copy(&mut output, &mut io::sink());
    });
    if let Err(e) = reader {
        kill(&mut child, group);
        return Err(cannot(e));
    }
    let began = clock::steady();
    let line = signals::receive(&told, began + limit);
    let status = finish(&mut child, group, limit.saturating_sub(began.elapsed()));
    match (line, status) {
        (Some(line), Some(status)) if status.success() => {
            line.map_err(|why| format!("cannot read what {what} prints: {why}"))
        }
        (_, Some(status)) if !status.success() => Err(format!("{what} failed ({status})")),
        _ if signals::must_stop() => Err(format!("{what} was ended by a signal")),
        _ => Err(format!("{what} did not end within {} s", limit.as_secs())),
    }
}

/// What a tool of the system prints on standard output, when it is there, says something and ends in time. `Some(Err)`: it
/// is missing or failed. `None`: it gave no answer in time, or none could be heard.
pub(crate) fn output_of(mut process: Process, limit: Duration) -> Option<Result<String, ()>> {
    let started = process
        .env_remove("AIMHARDER_PASSWORD")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        return Some(Err(()));
    };
    let output = child.stdout.take();
    let (tell, told) = mpsc::channel();
    let reader = thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes));
        let _ = tell.send((read, bytes));
    });
    if let Err(e) = reader {
        log::info!("no thread to be had: {e}");
        kill(&mut child, None);
        return None;
    }
    let began = clock::steady();
    let text = signals::receive(&told, began + limit);
    let status = finish(&mut child, None, limit.saturating_sub(began.elapsed()))?;
    let (_, bytes) = text?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Some(if status.success() { Ok(text) } else { Err(()) })
}

/// The first line, without its line end. Bytes read are wiped with the secret that holds them.
pub(crate) fn first_line(from: impl BufRead) -> Result<Secret, String> {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(256));
    from.take(MAX_LINE_LEN)
        .read_until(b'\n', &mut bytes)
        .map_err(|e| e.to_string())?;
    if bytes.len() as u64 == MAX_LINE_LEN && bytes.last() != Some(&b'\n') {
        return Err("its first line is too long".to_owned());
    }
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    match std::str::from_utf8(&bytes) {
        Ok(line) => Ok(Secret::new(line)),
        Err(_) => Err("it is not valid UTF-8".to_owned()),
    }
}

/// The child's status, or `None` after killing a child that would not end in time.
fn finish(child: &mut Child, group: Option<Pid>, limit: Duration) -> Option<ExitStatus> {
    let status = wait(child, limit);
    if status.is_none() {
        kill(child, group);
    }
    status
}

/// The group of a child that was started as the first of one.
pub(crate) fn group(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// End it, with all its children where it has a group of its own.
pub(crate) fn kill(child: &mut Child, group: Option<Pid>) {
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The child's status, or `None` when it has not ended in time, or not before [`signals::must_stop`].
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let began = clock::steady();
    // one whose output has ended is about to end itself
    let mut nap = Duration::from_micros(200);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if began.elapsed() < limit && !signals::must_stop() => clock::nap(nap),
            _ => return None,
        }
        nap = (nap * 2).min(Duration::from_millis(5));
    }
}
