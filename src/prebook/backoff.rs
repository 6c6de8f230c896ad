//! Back-off of a run from a box that fails.
//!
//! All threads of a run share one [`Backoff`] for each host: while the box fails, one thread at a time looks, after pauses
//! that grow, and no sooner than a `Retry-After` asks for. The first response opens the box for all of them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{ExitError, ExitKind};
use crate::{clock, sessions};

const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Backoff(Mutex<Option<Outage>>);

#[derive(Debug)]
struct Outage {
    pause: Duration,
    /// no request before this
    until: Instant,
    cause: String,
}

impl Backoff {
    /// Takes the turn to look at the box. While it fails, each turn is given to one thread.
    ///
    /// # Errors
    /// It is not yet time: when it will be, and what the last look failed with.
    pub(super) fn take_turn(&self, now: Instant) -> Result<(), (Instant, String)> {
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outage.as_mut() {
            None => Ok(()),
            Some(outage) if outage.until <= now => {
                outage.until = now + outage.pause;
                Ok(())
            }
            Some(outage) => Err((outage.until, outage.cause.clone())),
        }
    }

    /// Records whether a look has failed, for the other threads.
    pub(super) fn note<T>(&self, look: &sessions::Result<T>) {
        match look {
            Ok(_) => self.succeeded(),
            Err(sessions::Error::Platform(e) | sessions::Error::NotRecovered(e))
                if e.kind() == ExitKind::Unreachable =>
            {
                self.failed(clock::steady(), e.retry_after(), e.to_string());
            }
            Err(_) => {}
        }
    }

    fn failed(&self, now: Instant, retry_after: Option<Duration>, cause: String) {
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = outage
            .as_ref()
            .map_or(SHORTEST, |outage| outage.pause.mul_f32(1.5).min(LONGEST));
        let until = now + pause.max(retry_after.unwrap_or_default());
        let until = outage
            .as_ref()
            .map_or(until, |outage| until.max(outage.until));
        *outage = Some(Outage {
            pause,
            until,
            cause,
        });
    }

    fn succeeded(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_each_turn_is_given_once() {
        let backoff = Backoff::default();
        let start = clock::steady();
        assert_eq!(backoff.take_turn(start), Ok(()));
        assert_eq!(backoff.take_turn(start), Ok(()), "nothing has failed yet");
        let (mut now, mut turns) = (start, 0);
        backoff.failed(now, None, "503".to_owned());
        while now < start + Duration::from_secs(30) {
            match backoff.take_turn(now) {
                Ok(()) => {
                    assert!(backoff.take_turn(now).is_err(), "one thread at a time");
                    backoff.failed(now, None, "503".to_owned());
                    turns += 1;
                }
                Err((at, cause)) => {
                    assert_eq!(cause, "503");
                    assert!(at > now && at - now <= LONGEST);
                    now = at;
                }
            }
        }
        assert!((10..=22).contains(&turns), "{turns}");
        backoff.succeeded();
        assert_eq!(backoff.take_turn(now), Ok(()));
    }

    #[test]
    fn retry_after_is_respected() {
        let backoff = Backoff::default();
        let now = clock::steady();
        let asked = Duration::from_secs(600);
        backoff.failed(now, Some(asked), "429".to_owned());
        backoff.failed(now, None, "503".to_owned());
        let (until, _) = backoff.take_turn(now).unwrap_err();
        assert_eq!(until, now + asked);
    }
}
