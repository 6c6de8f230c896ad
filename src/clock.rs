//! The only place that reads the clock or sleeps. Everything else takes `now` as an argument.

use std::thread;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

/// The machine's wall clock, in whole milliseconds (the store's unit).
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// Sleep for a span of time: for back-off and polling, not for firing at an instant.
pub fn pause(span: Duration) {
    thread::sleep(span);
}
