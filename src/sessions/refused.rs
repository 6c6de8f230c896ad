//! Pauses of automation after a refused login (`scripting.md`, "Dead sessions").
//!
//! A refused password is not sent again for a day, unless its source supplies a different one. The last few refused passwords
//! are all remembered, because the sources of a crontab and of a unit may differ. A lock-out says nothing about the password,
//! so that no password is sent for half an hour. `login` by a person is never held back by either. The store has slow salted
//! hashes of the refused passwords, not the passwords.

use argon2::{Algorithm, Argon2, Params, Version};
use chrono::{DateTime, TimeDelta, Utc};

use crate::model::instant::shifted;
use crate::secret::Secret;
use crate::store::RefusedPasswords;

/// The same password is not sent again for this time after a refusal.
pub(super) const REFUSAL_PAUSE: TimeDelta = TimeDelta::hours(24);
/// Number of refused passwords that are remembered; an account has fewer sources.
const MAX_REFUSED: usize = 5;
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

/// Whether automation does not send these passwords now, because AimHarder refused them.
pub fn is_held_back(refused: &RefusedPasswords, now: DateTime<Utc>) -> bool {
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

fn new_salt() -> Option<Vec<u8>> {
    let mut salt = vec![0_u8; 16];
    getrandom::fill(&mut salt).ok()?;
    Some(salt)
}

/// What the store keeps of a refused password, beside those of `earlier` refusals that are still held back. `None` if the system
/// supplies no random bytes: then only the limit on refusals protects the account.
pub(super) fn remember(
    earlier: Option<RefusedPasswords>,
    password: &Secret,
    now: DateTime<Utc>,
) -> Option<RefusedPasswords> {
    let (salt, mut hashes) = match earlier {
        Some(earlier) if is_held_back(&earlier, now) => (earlier.salt, earlier.hashes),
        _ => (new_salt()?, Vec::new()),
    };
    let hash = hash(password, &salt)?;
    hashes.retain(|other| *other != hash);
    hashes.push(hash);
    let hashes = hashes.split_off(hashes.len().saturating_sub(MAX_REFUSED));
    Some(RefusedPasswords {
        salt,
        hashes,
        at: now,
    })
}

/// Whether this password was refused.
pub(super) fn contains(refused: &RefusedPasswords, password: &Secret) -> bool {
    hash(password, &refused.salt).is_some_and(|hash| refused.hashes.contains(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refused_passwords_are_held_back() {
        let now = Utc::now();
        let passwords: Vec<_> = (0..=MAX_REFUSED)
            .map(|number| Secret::new(format!("pw{number}")))
            .collect();
        let first = remember(None, &passwords[0], now).unwrap();
        assert!(contains(&first, &passwords[0]));
        assert!(!contains(&first, &passwords[1]));
        let other = remember(None, &passwords[0], now).unwrap();
        assert_ne!(first.hashes, other.hashes);

        let again = remember(Some(first.clone()), &passwords[0], now).unwrap();
        assert_eq!(again.hashes, first.hashes);
        let more = passwords[1..]
            .iter()
            .fold(first.clone(), |refused, password| {
                remember(Some(refused), password, now).unwrap()
            });
        assert!(!contains(&more, &passwords[0]), "beyond the limit");
        assert!(
            passwords[1..]
                .iter()
                .all(|password| contains(&more, password))
        );
        let next_day = remember(Some(more), &passwords[0], now + REFUSAL_PAUSE).unwrap();
        assert_eq!(next_day.hashes.len(), 1);
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
