//! One run of a program: how long, how much memory, what it said.

use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a running program's memory is not looked at: a twentieth of its age, within these. The peak is kept
/// by the kernel, so only growth within the last glance can be missed.
const GLANCES: [Duration; 2] = [Duration::from_micros(200), Duration::from_millis(20)];

/// A finished program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) wall: Duration,
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
}

impl Run {
    /// Its time, if it ended well: a figure of a failure would mean nothing.
    pub(crate) fn good(self) -> Result<Duration> {
        if self.status.success() {
            Ok(self.wall)
        } else {
            bail!(
                "a measured command failed ({}): {}",
                self.status,
                self.stderr.trim()
            )
        }
    }
}

/// Runs to the end, silently. From before the fork to after the wait.
pub(crate) fn run(command: &mut Command) -> Result<Run> {
    quiet(command);
    let began = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    finish(child, began)
}

/// The same, with the peak of its resident memory in MiB. Slower: the looking costs time on few cores.
pub(crate) fn weigh(command: &mut Command) -> Result<(Run, f64)> {
    quiet(command);
    let began = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    let (id, over) = (child.id(), AtomicBool::new(false));
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(high_water(id).unwrap_or(0));
                thread::sleep((began.elapsed() / 20).clamp(GLANCES[0], GLANCES[1]));
            }
            peak
        });
        let run = finish(child, began);
        over.store(true, Ordering::Relaxed);
        let peak = watch.join().unwrap_or(0);
        Ok((run?, f64::from(peak) / 1024.0))
    })
}

fn quiet(command: &mut Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
}

/// Waits for a program started at `began`.
pub(crate) fn finish(child: Child, began: Instant) -> Result<Run> {
    let output = child.wait_with_output().context("wait for a program")?;
    Ok(Run {
        wall: began.elapsed(),
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// `VmHWM` in KiB, while the process lives.
fn high_water(id: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
