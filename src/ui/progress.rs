//! Lines that are written again and again while work is under way. Shown on a terminal only.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{clock, terminal};

/// Returns to the beginning of the line and erases it.
const ERASE_LINE: &str = "\r\x1b[K";

/// Whether standard error is a terminal that can erase a line.
fn is_supported() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !is_dumb
}

/// Progress of a known number of items. Threads share it.
#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    what: &'static str,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new(total: usize, what: &'static str) -> Self {
        let is_shown = is_supported();
        Self {
            total,
            what,
            is_shown,
        }
    }

    /// Reports the number of items done.
    pub(crate) fn step(&self, done: usize) {
        if self.is_shown {
            let Self { total, what, .. } = self;
            terminal::write_line(&format!("\r{done}/{total} {what}"), true);
        }
    }

    /// Erases the line.
    pub(crate) fn finish(&self) {
        if self.is_shown {
            terminal::write_line(ERASE_LINE, false);
        }
    }
}

/// A line that counts down to an instant until this value is dropped. Off a terminal there is none.
#[derive(Debug)]
pub(crate) struct Countdown(Option<(mpsc::Sender<()>, JoinHandle<()>)>);

impl Countdown {
    /// `line` makes the line of the time left. The first one is written with the time left at `now`.
    pub(crate) fn until(
        at: DateTime<Utc>,
        now: DateTime<Utc>,
        line: impl Fn(TimeDelta) -> String + Send + 'static,
    ) -> Self {
        if !is_supported() {
            return Self(None);
        }
        let (stop, stopped) = mpsc::channel::<()>();
        let count = move || {
            let mut left = at - now;
            loop {
                terminal::write_line(&format!("{ERASE_LINE}{}", line(left)), true);
                if stopped.recv_timeout(to_next_second(left)) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                left = at - clock::now();
            }
        };
        // without a thread there is no countdown
        let thread = thread::Builder::new().name("countdown".into()).spawn(count);
        Self(thread.ok().map(|thread| (stop, thread)))
    }
}

impl Drop for Countdown {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            let _ = thread.join();
            terminal::write_line(ERASE_LINE, false);
        }
    }
}

fn to_next_second(left: TimeDelta) -> Duration {
    let part = u64::try_from(left.subsec_nanos()).unwrap_or_default();
    Duration::from_nanos(part) + Duration::from_millis(5)
}

/// `1 d 02:03:04`. A second that has begun counts.
pub(crate) fn countdown_time(left: TimeDelta) -> String {
    let seconds = left.num_seconds() + i64::from(left.subsec_nanos() > 0);
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    match days {
        1.. => format!("{days} d {clock}"),
        _ => clock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_that_has_begun_counts() {
        for (millis, expected) in [
            (1, "00:00:01"),
            (1000, "00:00:01"),
            (1001, "00:00:02"),
            (3_661_000, "01:01:01"),
            (90_061_000, "1 d 01:01:01"),
        ] {
            let left = TimeDelta::milliseconds(millis);
            assert_eq!(countdown_time(left), expected, "{millis} ms");
        }
    }
}
