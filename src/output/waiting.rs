//! What a person sees who waits for an opening: what is waited for, and a countdown. On a terminal
//! only.

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::hints::append;
use super::progress::has_live_line;
use crate::clock;
use crate::model::account::Account;
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

/// A wish, as it was typed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed<'t> {
    pub day: NaiveDate,
    pub choice: &'t Choice,
    pub family: Option<&'t str>,
    pub waitlist: bool,
    /// named, not found: what was found is found again
    pub account: Option<&'t Account>,
    pub gym: Option<&'t str>,
    pub config: Option<&'t Path>,
    pub store: Option<&'t Path>,
}

impl Typed<'_> {
    /// What would do it without anybody staying; `None` when it is worth staying.
    pub(crate) fn no_need_to_stay(
        &self,
        opens: DateTime<Tz>,
        now: DateTime<Utc>,
    ) -> Option<String> {
        (opens.to_utc() - now > LONG).then(|| format!("no need to stay: {}", self.prebooked()))
    }

    /// The command that prebooks it, for a shell.
    fn prebooked(&self) -> String {
        let path = |path: Option<&Path>| path.map(|path| path.display().to_string());
        let given = [
            ("--class", self.choice.class.clone()),
            ("--family", self.family.map(str::to_owned)),
            ("--account", self.account.map(ToString::to_string)),
            ("--box", self.gym.map(str::to_owned)),
            ("--config", path(self.config)),
            ("--store", path(self.store)),
        ];
        let start = self.choice.start.format("%H:%M");
        let mut line = format!("aimharder prebook add --day {} --time {start}", self.day);
        for (flag, value) in given {
            if let Some(value) = value {
                append(&mut line, flag, &value);
            }
        }
        if self.waitlist {
            line.push_str(" --waitlist");
        }
        line
    }
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

    #[test]
    fn the_line_to_paste_does_the_same() {
        let bare = Typed {
            day: "2026-11-23".parse().unwrap(),
            choice: &choice(None),
            family: None,
            waitlist: false,
            account: None,
            gym: None,
            config: None,
            store: None,
        };
        let begin = "aimharder prebook add --day 2026-11-23 --time 18:30";
        assert_eq!(bare.prebooked(), begin);
        for (class, expected) in [
            ("wod", "--class wod"),
            ("d'hivern", r"--class 'd'\''hivern'"),
            ("-1 kg", "--class='-1 kg'"),
        ] {
            let choice = &choice(Some(class));
            let told = Typed { choice, ..bare }.prebooked();
            assert_eq!(told, format!("{begin} {expected}"));
        }
        let all = Typed {
            family: Some("70002"),
            waitlist: true,
            account: Some(&"Ben@example.org".parse().unwrap()),
            gym: Some("boxdos"),
            config: Some(Path::new("/etc/gym.toml")),
            store: Some(Path::new("my gym.db")),
            ..bare
        };
        let expected = "--family 70002 --account ben@example.org --box boxdos --config /etc/gym.toml \
                        --store 'my gym.db' --waitlist";
        assert_eq!(all.prebooked(), format!("{begin} {expected}"));
    }

    fn choice(class: Option<&str>) -> Choice {
        Choice {
            start: "18:30:00".parse().unwrap(),
            class: class.map(str::to_owned),
        }
    }
}
