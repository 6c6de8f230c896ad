//! A line that tells how far a long work has come: on a terminal only, and only when it takes
//! longer than a second.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::clock;

const QUIET_AT_FIRST: Duration = Duration::from_secs(1);
const BETWEEN: Duration = Duration::from_millis(100);

/// Is standard error a terminal that can write a line again?
pub(super) fn has_live_line() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !dumb
}

/// Progress of a known number of things. Threads share it.
#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    what: &'static str,
    /// when it was last shown; `None` off a terminal
    shown: Option<Mutex<Shown>>,
}

#[derive(Debug)]
struct Shown {
    next: Instant,
    ever: bool,
}

impl Progress {
    pub(crate) fn new(total: usize, what: &'static str) -> Self {
        let shown = Shown {
            next: clock::steady() + QUIET_AT_FIRST,
            ever: false,
        };
        let shown = has_live_line().then(|| Mutex::new(shown));
        Self { total, what, shown }
    }

    /// So many are done.
    pub(crate) fn step(&self, done: usize) {
        let Some(Ok(mut shown)) = self.shown.as_ref().map(Mutex::try_lock) else {
            return; // not watched, or another thread is just writing
        };
        if clock::steady() >= shown.next {
            shown.next = clock::steady() + BETWEEN;
            shown.ever = true;
            let _ = write!(io::stderr(), "\r{done}/{} {}", self.total, self.what);
        }
    }

    /// Wipe the line.
    pub(crate) fn finish(&self) {
        if self
            .shown
            .as_ref()
            .is_some_and(|shown| shown.lock().is_ok_and(|shown| shown.ever))
        {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
