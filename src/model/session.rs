//! Session kinds and fingerprints.
//!
//! A fingerprint names a device to the platform (protocol.md §2). Device fingerprints are random and kept permanently. The
//! background fingerprint follows from the account and the configured salt, so that automation can always log in again with the
//! same one.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::account::Account;

/// The kind of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[derive(strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum SessionKind {
    /// A person's login on this machine.
    Device,
    /// The protected login that automation uses.
    Background,
}

impl SessionKind {
    /// Its name on the command line, in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The name of a device on the platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fingerprint(String);

/// Minimum length of a prefix of a fingerprint that a user gives (`scripting.md`, "Global flags").
pub const MIN_PREFIX_LEN: usize = 6;

impl Fingerprint {
    /// The whole fingerprint, as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn stored(fingerprint: String) -> Self {
        Self(fingerprint)
    }

    /// Makes the fingerprint of a new device: 50 characters `[a-z0-9]`, as the platform's web page does.
    ///
    /// # Errors
    /// The operating system supplies no random bytes.
    pub fn new_device() -> Result<Self, getrandom::Error> {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut name = String::with_capacity(50);
        while name.len() < 50 {
            let mut bytes = [0_u8; 64];
            getrandom::fill(&mut bytes)?;
            // 252 is the largest multiple of 36 in a byte; the bytes above would make some letters more frequent
            let letters = bytes.iter().filter(|b| **b < 252);
            name.extend(letters.map(|b| char::from(ALPHABET[usize::from(*b) % 36])));
        }
        name.truncate(50);
        Ok(Self(name))
    }

    /// A short form that distinguishes sessions in a table.
    pub fn short(&self) -> &str {
        let end = self
            .0
            .char_indices()
            .nth(10)
            .map_or(self.0.len(), |(at, _)| at);
        &self.0[..end]
    }
}

/// The session that acted, in the JSON of every command that talks to a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionRef {
    /// The kind.
    pub kind: SessionKind,
    /// The whole fingerprint.
    pub fingerprint: Fingerprint,
}

impl SessionRef {
    /// The background session of an account. Its fingerprint is `bg-` and the first 40 hex digits of SHA-256 of
    /// `account + "-" + salt` (`scripting.md`, "Config").
    pub fn background(account: &Account, salt: &str) -> Self {
        let digest = Sha256::digest(format!("{account}-{salt}"));
        Self {
            kind: SessionKind::Background,
            fingerprint: Fingerprint(format!("bg-{}", hex::encode(&digest[..20]))),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_is_the_documented_hash() {
        let account = "User@Example.com".parse().unwrap();
        let session = SessionRef::background(&account, "aimharder-background-v1");
        assert_eq!(
            session.fingerprint.as_str(),
            "bg-d08dd5a975d1bdbb1882123e8be0bf4e7906d10f"
        );
    }

    #[test]
    fn devices_are_fifty_plain_characters_and_differ() {
        let (a, b) = (
            Fingerprint::new_device().unwrap(),
            Fingerprint::new_device().unwrap(),
        );
        assert_ne!(a, b);
        assert_eq!(a.as_str().len(), 50);
        assert!(
            a.as_str()
                .bytes()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        );
    }
}
