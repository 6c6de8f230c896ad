//! Pauses of automation after a refused login (`scripting.md`, "Dead sessions").
//!
//! A refused password is not sent again for a day, unless its source supplies a different one. A lock-out says nothing about
//! the password, so that no password is sent for half an hour. `login` by a person is never held back by either. The store
//! has a slow salted hash of the refused password, not the password.

use argon2::{Algorithm, Argon2, Params, Version};
use chrono::{DateTime, TimeDelta, Utc};

use crate::model::instant::shifted;
use crate::secret::Secret;
use crate::store::RefusedPassword;

/// The same password is not sent again for this time after a refusal.
pub(super) const REFUSAL_PAUSE: TimeDelta = TimeDelta::hours(24);
/// No password is sent for this time after a lock-out.
const LOCK_OUT_PAUSE: TimeDelta = TimeDelta::minutes(30);

/// The end of a pause that began at `since`. `None` if it is over, or if its beginning is in the future because a wrong clock
/// wrote it.
pub(super) fn pause_end(
    since: DateTime<Utc>,
    pause: TimeDelta,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let end = shifted(since, pause);
    (since <= now && end > now).then_some(end)
}

/// When automation logs in again after a lock-out. `None` if it is not held back.
pub fn lock_out_end(locked_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    pause_end(locked_at?, LOCK_OUT_PAUSE, now)
}

/// Whether automation does not send this password now, because AimHarder refused it.
pub fn is_held_back(refused: &RefusedPassword, now: DateTime<Utc>) -> bool {
    pause_end(refused.at, REFUSAL_PAUSE, now).is_some()
}

/// 12 MiB, 3 passes: the smaller of the two settings in OWASP's password storage cheat sheet, because `refresh` has to stay
/// small.
fn hash(password: &Secret, salt: &[u8]) -> Option<Secret> {
    let params = Params::new(12 * 1024, 3, 1, Some(32)).ok()?;
    let mut out = vec![0_u8; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose().as_bytes(), salt, &mut out)
        .ok()?;
    Some(Secret::new(hex::encode(&out)))
}

/// What the store keeps of a refused password. `None` if the system supplies no random bytes: then only the limit on
/// refusals protects the account.
pub(super) fn remember(password: &Secret, now: DateTime<Utc>) -> Option<RefusedPassword> {
    let mut salt = vec![0_u8; 16];
    getrandom::fill(&mut salt).ok()?;
    let hash = hash(password, &salt)?;
    let at = now;
    Some(RefusedPassword { salt, hash, at })
}

/// Whether this is the password that was refused.
pub(super) fn is_same(refused: &RefusedPassword, password: &Secret) -> bool {
    hash(password, &refused.salt).is_some_and(|h| h == refused.hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_is_the_same() {
        let now = Utc::now();
        let refused = remember(&Secret::new("old"), now).unwrap();
        assert!(is_same(&refused, &Secret::new("old")));
        assert!(!is_same(&refused, &Secret::new("new")));
        let again = remember(&Secret::new("old"), now).unwrap();
        assert_ne!(refused.hash, again.hash);
    }

    #[test]
    fn a_pause_ends_by_itself_and_needs_a_credible_beginning() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let minutes = TimeDelta::minutes;
        for (since, left) in [
            (now, Some(30)),
            (now - minutes(29), Some(1)),
            (now - minutes(30), None),
            (now + minutes(1), None),
        ] {
            let end = left.map(|left| now + minutes(left));
            assert_eq!(pause_end(since, LOCK_OUT_PAUSE, now), end, "{since:?}");
        }
    }
}
