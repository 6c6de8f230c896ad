//! The only place that reads the clock or sleeps. Everything else takes `now` as an argument.

use std::thread;
use std::time::Duration;

use chrono::{DateTime, Local, Offset, SubsecRound, Utc};
use chrono_tz::Tz;

/// The machine's wall clock, in whole milliseconds (the store's unit).
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// Whether clocks on this machine's walls show at that instant what they show in `zone`.
pub fn is_local(zone: Tz, at: DateTime<Utc>) -> bool {
    let there = at.with_timezone(&zone).offset().fix();
    at.with_timezone(&Local).offset().fix() == there
}

/// Sleep for a span of time: for back-off and polling, not for firing at an instant.
pub fn pause(span: Duration) {
    thread::sleep(span);
}
