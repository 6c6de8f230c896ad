//! What a person sees who waits for an opening: what is waited for, and a countdown. On a terminal
//! only.

use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::progress::has_live_line;
use crate::clock;
use crate::model::prebooking::Choice;

/// A wait longer than this is better left to a prebooking.
const LONG: TimeDelta = TimeDelta::hours(1);

/// What is waited for.
pub(crate) fn wait_words(opens: DateTime<Tz>, is_opening: bool, now: DateTime<Utc>) -> String {
    format!(
        "booking {} {}, in {}; waiting (Ctrl-C gives up)",
        may_open(is_opening),
        opens.format("%a %-d %b %H:%M:%S"),
        hours_minutes_seconds(opens.to_utc() - now)
    )
}

fn may_open(is_opening: bool) -> &'static str {
    if is_opening { "opens" } else { "may open" }
}

/// What would do it without anybody staying; `None` when it is worth staying.
pub(crate) fn no_need_to_stay(
    opens: DateTime<Tz>,
    day: NaiveDate,
    choice: &Choice,
    now: DateTime<Utc>,
) -> Option<String> {
    let class = choice.class.as_ref();
    let class = class.map_or_else(String::new, |name| format!(" --class '{name}'"));
    (opens.to_utc() - now > LONG).then(|| {
        format!(
            "no need to stay: aimharder prebook add --day {day} --time {}{class}",
            choice.start.format("%H:%M")
        )
    })
}

/// A line that counts down until this is dropped.
#[derive(Debug)]
pub(crate) struct Countdown {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Countdown {
    /// It begins with what is left at `now`, as the line above has it.
    pub(crate) fn until(at: DateTime<Utc>, is_opening: bool, now: DateTime<Utc>) -> Self {
        if !has_live_line() {
            return Self {
                stop: None,
                thread: None,
            };
        }
        let (stop, stopped) = mpsc::channel::<()>();
        // without a thread there is no countdown
        let thread = thread::Builder::new()
            .name("countdown".into())
            .spawn(move || {
                let mut left = at - now;
                while stopped.recv_timeout(show(left, is_opening)) == Err(RecvTimeoutError::Timeout)
                {
                    left = at - clock::now();
                }
            });
        Self {
            stop: Some(stop),
            thread: thread.ok(),
        }
    }
}

impl Drop for Countdown {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// Write how much is left. Returns how long that stays true.
fn show(left: TimeDelta, is_opening: bool) -> Duration {
    let line = if left > TimeDelta::zero() {
        let may = may_open(is_opening);
        format!("booking {may} in {}", hours_minutes_seconds(left))
    } else {
        "booking".to_owned()
    };
    let _ = write!(io::stderr(), "\r\x1b[K{line}");
    let part = left.subsec_nanos().max(0);
    Duration::from_nanos(u64::try_from(part).unwrap_or_default()) + Duration::from_millis(5)
}

/// `1 d 02:03:04`; seconds that have begun count, as people count down.
fn hours_minutes_seconds(left: TimeDelta) -> String {
    let seconds = left.num_seconds() + i64::from(left.subsec_nanos() > 0);
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if days > 0 {
        format!("{days} d {clock}")
    } else {
        clock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_people_do() {
        for (millis, expected) in [
            (1, "00:00:01"),
            (1000, "00:00:01"),
            (1001, "00:00:02"),
            (3_661_000, "01:01:01"),
            (90_061_000, "1 d 01:01:01"),
        ] {
            let left = TimeDelta::milliseconds(millis);
            assert_eq!(hours_minutes_seconds(left), expected, "{millis} ms");
        }
    }
}
