//! The only place that reads the clock or sleeps. Everything else takes `now` as an argument.
//!
//! # Shorter pauses in tests
//!
//! The environment variable `AIMHARDER_TEST_PAUSES` is for tests whose subject is not the length of
//! a pause. It is the percentage of the real length that pauses before another attempt and limits
//! of waiting for other processes and for notifications have ([`scaled`]). When it is set, the
//! store does not wait for the disk either ([`is_scaled`]). It does not change when a booking is
//! requested at an opening, the rate of requests, or how long a server asks to wait.
//!
//! Only builds with debug assertions read the variable. In others every length is real.

#[cfg(test)]
pub(crate) mod simulated;

#[cfg(debug_assertions)]
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local, Offset, SubsecRound, Utc};
use chrono_tz::Tz;

use crate::signals;
#[cfg(test)]
use simulated::advance;

/// The longest sleep at a time.
const SLICE: Duration = Duration::from_secs(10);

/// The machine's wall clock, in whole milliseconds (the store's unit).
pub fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(wall()).trunc_subsecs(3)
}

/// Whether clocks on this machine's walls show at that instant what they show in `zone`.
pub fn is_local(zone: Tz, at: DateTime<Utc>) -> bool {
    let there = at.with_timezone(&zone).offset().fix();
    at.with_timezone(&Local).offset().fix() == there
}

/// Sleeps for a span of time: for back-off, not for firing at an instant. A signal ends the sleep of a thread that holds a
/// guard ([`signals`]).
pub fn pause(span: Duration) {
    if !advance(span) {
        signals::sleep(span);
    }
}

/// Sleeps for a few milliseconds between two looks at something that is waited for.
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

/// Sleeps until an instant of the steady clock, or until [`signals::must_stop`]; the last two milliseconds are spun away when
/// `sharp`, which is for a few threads only: each one that spins takes a processor for itself.
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

/// The steady clock.
pub fn steady() -> Instant {
    #[cfg(test)]
    if let Some(simulated) = simulated::steady() {
        return simulated;
    }
    Instant::now()
}

/// The wall clock, for stamping when a request left and when its answer came.
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

/// The wall clock as unix seconds, as fine as the machine has it.
pub fn unix_seconds() -> f64 {
    wall().duration_since(UNIX_EPOCH).map_or_else(
        |before| -before.duration().as_secs_f64(),
        |since| since.as_secs_f64(),
    )
}
