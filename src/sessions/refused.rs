//! A password that AimHarder refused is not tried again by itself until its source delivers a
//! different one. What is remembered is a slow salted hash, not the password.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::model::session::hex;
use crate::secret::Secret;
use crate::store::RefusedPassword;

/// 12 MiB, 3 passes: the smaller of the two settings that OWASP's password storage sheet gives,
/// because a refresh has to stay small.
fn hash(password: &Secret, salt: &[u8]) -> Option<Secret> {
    let params = Params::new(12 * 1024, 3, 1, Some(32)).ok()?;
    let mut out = vec![0_u8; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose().as_bytes(), salt, &mut out)
        .ok()?;
    Some(Secret::new(hex(&out)))
}

/// What to remember of a refused password. `None` where the machine gives no random bytes: then
/// only the limit on refusals protects the account.
pub(super) fn remember(password: &Secret) -> Option<RefusedPassword> {
    let mut salt = vec![0_u8; 16];
    getrandom::fill(&mut salt).ok()?;
    let hash = hash(password, &salt)?;
    Some(RefusedPassword { salt, hash })
}

/// Is this the password that was refused?
pub(super) fn is_same(refused: &RefusedPassword, password: &Secret) -> bool {
    hash(password, &refused.salt).is_some_and(|h| h == refused.hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_is_the_same() {
        let refused = remember(&Secret::new("old")).unwrap();
        assert!(is_same(&refused, &Secret::new("old")));
        assert!(!is_same(&refused, &Secret::new("new")));
        assert_ne!(refused.hash, remember(&Secret::new("old")).unwrap().hash);
    }
}
