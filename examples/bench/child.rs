//! One run of a program: its time, memory and messages.

use std::fs;
use std::io::ErrorKind;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::stats::Spread;

/// The bounds of the interval at which memory is read, a twentieth of the age of the program. The kernel keeps the peak, so
/// only growth within the last interval can be missed.
const INTERVALS: [Duration; 2] = [Duration::from_micros(200), Duration::from_millis(20)];

/// A finished program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) wall: Duration,
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
}

impl Run {
    /// Its time if it succeeded; the time of a failure says nothing.
    pub(crate) fn checked(self) -> Result<Duration> {
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

/// Runs a program without output; the time is from before the fork to after the wait.
pub(crate) fn run(command: &mut Command) -> Result<Run> {
    quiet(command);
    let began = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    finish(child, began)
}

/// [`run`] with the peak memory in MiB. It is slower, because reading the memory takes time on few cores.
pub(crate) fn run_with_memory(command: &mut Command) -> Result<(Run, f64)> {
    let watched = watch(command, None)?;
    Ok((watched.run, watched.peak))
}

/// A finished program and its costs.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) run: Run,
    /// Peak memory in MiB.
    pub(crate) peak: f64,
    /// Processor time within the window, percent of one core.
    pub(crate) busy: Option<f64>,
}

/// Runs a program while its memory is read, and its processor time at both ends of a window.
pub(crate) fn watch(command: &mut Command, window: Option<[Instant; 2]>) -> Result<Watched> {
    quiet(command);
    let began = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    let (id, over) = (child.id(), AtomicBool::new(false));
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut peak, mut marks) = (0, Vec::new());
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(high_water(id).unwrap_or(0));
                let due = window.and_then(|ends| ends.get(marks.len()).copied());
                if due.is_some_and(|due| due <= Instant::now()) {
                    marks.extend(processor_time(id).map(|used| (Instant::now(), used)));
                }
                thread::sleep((began.elapsed() / 20).clamp(INTERVALS[0], INTERVALS[1]));
            }
            (peak, marks)
        });
        let run = finish(child, began);
        over.store(true, Ordering::Relaxed);
        let (peak, marks) = watch.join().unwrap_or_default();
        let busy = match marks[..] {
            [(from, before), (to, after)] => {
                Some(100.0 * (after - before) / (to - from).as_secs_f64())
            }
            _ => None,
        };
        Ok(Watched {
            run: run?,
            peak: f64::from(peak) / 1024.0,
            busy,
        })
    })
}

/// A median time divided by that of another program, measured in turn. `None`: that program is not installed.
pub(crate) fn ratio(
    other: &mut Command,
    runs: usize,
    ours: impl Fn() -> Result<Duration>,
) -> Result<Option<f64>> {
    if let Err(error) = other.output() {
        return match error.kind() {
            ErrorKind::NotFound => Ok(None),
            _ => Err(error).with_context(|| format!("start {other:?}")),
        };
    }
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        one.push(ours()?);
        two.push(run(other)?.checked()?);
    }
    Ok(Some(Spread::of(one).median() / Spread::of(two).median()))
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

/// Seconds of processor time that all threads of a living process have used. The kernel counts in hundredths.
fn processor_time(id: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // the name in brackets may hold anything; user and system time are the 12th and 13th after it
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks = rest.split_whitespace().skip(11);
    let user: f64 = ticks.next()?.parse().ok()?;
    let system: f64 = ticks.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}
