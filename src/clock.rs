//! The only module that reads the clock, sleeps, or waits for other threads ([`signals`], which it imports, notes by itself
//! when a signal arrived). Everything else takes `now` as an argument.
//!
//! # Shorter pauses in tests
//!
//! The environment variable `AIMHARDER_TEST_PAUSES` is for tests whose subject is not the length of a pause. It is a
//! percentage, to which pauses before another attempt and limits of waiting for other processes and for notifications are
//! shortened ([`scaled`]). When it is set, the store does not wait for the disk either ([`is_scaled`]). It does not change when
//! a booking is requested at an opening, the rate of requests, or how long a server asks to wait.
//!
//! Only builds with debug assertions read the variable. In others every length is real.

#[cfg(test)]
pub(crate) mod simulated;

#[cfg(debug_assertions)]
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local, Offset, SubsecRound, Utc};
use chrono_tz::Tz;

use crate::signals;
#[cfg(test)]
use simulated::advance;

/// The longest sleep at a time.
const SLICE: Duration = Duration::from_secs(10);
/// Time that notifications and pings have after a signal.
pub(crate) const NOTIFY_TIMEOUT: Duration = Duration::from_secs(2);
/// Interval at which a thread that waits for another thread checks for a signal.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The machine's wall clock, in whole milliseconds (the store's unit).
pub fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(wall()).trunc_subsecs(3)
}

/// Whether this machine's time zone has the same offset at that instant as `zone`.
pub fn is_local(zone: Tz, at: DateTime<Utc>) -> bool {
    let there = at.with_timezone(&zone).offset().fix();
    at.with_timezone(&Local).offset().fix() == there
}

/// Sleeps for a span of time, such as a back-off. A signal ends the sleep of a thread that holds a guard ([`signals`]).
pub fn pause(span: Duration) {
    if !advance(span) && !signals::wait_for_signal(span) {
        thread::sleep(span);
    }
}

/// Sleeps for a few milliseconds between two checks of something that is waited for.
pub fn nap(span: Duration) {
    if !advance(span) {
        thread::sleep(span);
    }
}

/// A pause or a limit, shortened as `AIMHARDER_TEST_PAUSES` says (see the module's documentation).
pub fn scaled(span: Duration) -> Duration {
    percent().map_or(span, |percent| span * percent / 100)
}

/// Whether `AIMHARDER_TEST_PAUSES` is set.
pub fn is_scaled() -> bool {
    percent().is_some()
}

#[cfg(debug_assertions)]
fn percent() -> Option<u32> {
    static PERCENT: OnceLock<Option<u32>> = OnceLock::new();
    *PERCENT.get_or_init(|| {
        let percent = std::env::var("AIMHARDER_TEST_PAUSES").ok()?;
        percent.parse().ok().filter(|percent| *percent <= 100)
    })
}

#[cfg(not(debug_assertions))]
const fn percent() -> Option<u32> {
    None
}

/// Sleeps until an instant of the steady clock, or until [`signals::must_stop`]. If `sharp`, the last two milliseconds are spun:
/// for a few threads only, because each one that spins occupies a processor.
pub fn sleep_until(at: Instant, sharp: bool) {
    let spin = if sharp {
        Duration::from_millis(2)
    } else {
        Duration::ZERO
    };
    loop {
        let left = at.saturating_duration_since(steady());
        if left.is_zero() {
            return;
        }
        if left > spin {
            pause(left.saturating_sub(spin).min(SLICE));
            if signals::must_stop() {
                return;
            }
        } else if !advance(left) {
            std::hint::spin_loop();
        }
    }
}

/// Receives a value from another thread. Returns `None` at `end`, if the sender is dropped, or as soon as
/// [`signals::must_stop`].
pub(crate) fn receive<T>(from: &Receiver<T>, end: Instant) -> Option<T> {
    receive_while(from, || (!signals::must_stop()).then_some(end))
}

/// Receives a value from a notification's thread. Returns `None` at `end`, or two seconds after a signal.
pub(crate) fn receive_notified<T>(from: &Receiver<T>, end: Instant) -> Option<T> {
    receive_while(from, || {
        let signalled = signals::stopped_at().map(|at| at + NOTIFY_TIMEOUT);
        Some(signalled.map_or(end, |soon| soon.min(end)))
    })
}

fn receive_while<T>(from: &Receiver<T>, end: impl Fn() -> Option<Instant>) -> Option<T> {
    loop {
        let left = end()?.saturating_duration_since(steady());
        match from.recv_timeout(left.min(POLL_INTERVAL)) {
            Ok(received) => return Some(received),
            Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
            Err(_) => return None,
        }
    }
}

/// The steady clock.
pub fn steady() -> Instant {
    #[cfg(test)]
    if let Some(simulated) = simulated::steady() {
        return simulated;
    }
    Instant::now()
}

/// How long ago an instant of the steady clock was.
pub fn since(began: Instant) -> Duration {
    steady().saturating_duration_since(began)
}

/// The wall clock, for the times of a request and its response.
pub fn wall() -> SystemTime {
    #[cfg(test)]
    if let Some(simulated) = simulated::wall() {
        return simulated;
    }
    SystemTime::now()
}

/// Lets the time of a simulation pass. `false`: the clock is the real one, and the caller has to wait.
#[cfg(not(test))]
const fn advance(_: Duration) -> bool {
    false
}

/// The wall clock as Unix seconds, in the machine's resolution.
pub fn unix_seconds() -> f64 {
    wall().duration_since(UNIX_EPOCH).map_or_else(
        |before| -before.duration().as_secs_f64(),
        |since| since.as_secs_f64(),
    )
}
