//! The rate limit of requests over all threads, the limit on the time of a run, and back-off between attempts with full jitter.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Error, Result};
use crate::clock;

/// The first back-off is at most this long; each further one at most twice the one before.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const MAX_BACK_OFF: Duration = Duration::from_secs(10);
/// If the server asks for a longer pause, the request is left to the next run.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// A steady rate of requests until the run's end.
#[derive(Debug)]
pub(super) struct RateLimit {
    gap: Duration,
    next: Mutex<Instant>,
    end: Instant,
}

impl RateLimit {
    /// Allows `per_second` requests per second until `end`; 0 = no limit on their rate.
    pub(super) fn new(per_second: u32, end: Instant) -> Self {
        let gap = Duration::from_secs(1)
            .checked_div(per_second)
            .unwrap_or_default();
        Self {
            gap,
            next: Mutex::new(clock::steady()),
            end,
        }
    }

    /// Waits until this number of requests may be sent, one after the other.
    ///
    /// # Errors
    /// [`Error::RunLimit`]: their turn comes after the run's end.
    pub(super) fn wait(&self, requests: u32) -> Result<()> {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(clock::steady());
            *next = turn + self.gap * requests;
            turn
        };
        if turn >= self.end {
            return Err(Error::RunLimit);
        }
        clock::pause(turn.saturating_duration_since(clock::steady()));
        Ok(())
    }

    /// Whether the run's end is at most this far away.
    pub(super) fn ends_within(&self, span: Duration) -> bool {
        clock::steady() + span >= self.end
    }

    /// Holds every request back for this time, because the server asked for a pause.
    pub(super) fn hold(&self, pause: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(clock::steady() + pause);
    }
}

/// How long to wait before attempt number `tried + 1`. Jitter is added to the pause that the server asks for. `None` if that is
/// longer than [`MAX_RETRY_AFTER`].
pub(super) fn back_off(tried: u32, retry_after: Option<Duration>, random: f64) -> Option<Duration> {
    let asked = retry_after.unwrap_or_default();
    let most = FIRST_BACK_OFF
        .saturating_mul(1 << tried.saturating_sub(1).min(8))
        .min(MAX_BACK_OFF);
    let most = clock::scaled(most);
    (asked <= MAX_RETRY_AFTER).then(|| asked + most.mul_f64(random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_and_respects_the_server() {
        let seconds = Duration::from_secs;
        assert_eq!(back_off(1, None, 1.0), Some(seconds(1)));
        assert_eq!(back_off(2, None, 1.0), Some(seconds(2)));
        assert_eq!(back_off(2, None, 0.0), Some(seconds(0)));
        assert_eq!(back_off(9, None, 1.0), Some(seconds(10)));
        assert_eq!(
            back_off(1, Some(seconds(3)), 0.5),
            Some(Duration::from_millis(3500))
        );
        assert_eq!(back_off(1, Some(seconds(31)), 0.0), None);
    }

    fn for_a_minute(per_second: u32) -> RateLimit {
        RateLimit::new(per_second, Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn a_pause_of_the_server_holds_for_all_requests() {
        for rate in [0, 1000] {
            let rate_limit = for_a_minute(rate);
            rate_limit.hold(Duration::from_millis(80));
            rate_limit.hold(Duration::from_millis(1));
            let began = Instant::now();
            rate_limit.wait(1).unwrap();
            let waited = began.elapsed();
            assert!(waited >= Duration::from_millis(70), "{rate}: {waited:?}");
        }
    }

    #[test]
    fn a_rate_is_kept_over_all_callers() {
        let rate_limit = for_a_minute(200);
        let began = Instant::now();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| (0..5).for_each(|_| rate_limit.wait(1).unwrap()));
            }
        });
        assert!(
            began.elapsed() >= Duration::from_millis(95),
            "20 requests at 200 a second took {:?}",
            began.elapsed()
        );
    }
}
