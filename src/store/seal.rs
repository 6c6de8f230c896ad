//! The cipher under sealed secrets, and nothing of SQL.
//!
//! Every value has a key of its own, derived (HKDF-SHA-256) from the store's key, the store's salt and
//! the value's place: account, fingerprint, column. A value that is moved to another place cannot be
//! opened there. ChaCha20-Poly1305 with random 96-bit nonces is far from its limits so: what one of
//! these keys seals is one session's tokens, a hundred a day.

use std::fmt;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use zeroize::{Zeroize, Zeroizing};

use crate::model::session::hex;
use crate::secret::Secret;

/// The first byte of a sealed value.
const FORMAT: u8 = 1;
/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a store's salt.
pub(super) const SALT: usize = 16;
/// Proves that a key fits. It is sealed once per store.
const PROOF: &str = "the key of this store";

/// The place of a value in the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) column: &'static str,
    pub(super) account: &'a str,
    pub(super) fingerprint: &'a str,
}

const PROOFS_PLACE: Place<'static> = Place {
    column: "proof",
    account: "",
    fingerprint: "",
};

/// What a value could not be sealed or opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// another key, another place, or damaged
    Closed,
    /// the machine gives no random bytes, or a value is absurdly long
    Machine,
}

/// What seals and opens the values of one store.
pub(super) struct Sealer {
    salt: Vec<u8>,
    root: Prk,
}

/// A new key for a store, in the form in which it is given to this program.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn new_key() -> Result<Secret, getrandom::Error> {
    let mut bytes = Zeroizing::new([0_u8; KEY]);
    getrandom::fill(bytes.as_mut())?;
    Ok(Secret::new(hex(bytes.as_ref())))
}

impl Sealer {
    /// `key`: 64 hex digits. `None`: it is no key.
    pub(super) fn new(key: &Secret, salt: &[u8]) -> Option<Self> {
        let bytes = bytes_of(key)?;
        Some(Self {
            salt: salt.to_owned(),
            root: Salt::new(HKDF_SHA256, salt).extract(bytes.as_ref()),
        })
    }

    /// For a store that is not sealed yet, or is to be sealed anew.
    pub(super) fn fresh(key: &Secret) -> Result<Option<Self>, Fault> {
        let mut salt = [0_u8; SALT];
        getrandom::fill(&mut salt).map_err(|_| Fault::Machine)?;
        Ok(Self::new(key, &salt))
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) fn proof(&self) -> Result<Vec<u8>, Fault> {
        self.seal(PROOFS_PLACE, PROOF)
    }

    /// Was this proof made with the same key?
    pub(super) fn fits(&self, proof: &[u8]) -> bool {
        self.open(PROOFS_PLACE, proof)
            .is_ok_and(|opened| opened.expose() == PROOF)
    }

    pub(super) fn seal(&self, place: Place<'_>, text: &str) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0_u8; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| Fault::Machine)?;
        let name = place.name();
        // room for all of it, so that no copy of the text is left behind by growing
        let mut sealed = Vec::with_capacity(text.len() + CHACHA20_POLY1305.tag_len());
        sealed.extend(text.as_bytes());
        let done = self.key(&name)?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&name),
            &mut sealed,
        );
        if done.is_err() {
            sealed.zeroize();
            return Err(Fault::Machine);
        }
        Ok([&[FORMAT][..], &nonce, &sealed].concat())
    }

    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, Fault> {
        let (&format, rest) = sealed.split_first().ok_or(Fault::Closed)?;
        if format != FORMAT {
            return Err(Fault::Closed);
        }
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Fault::Closed)?;
        let name = place.name();
        let mut text = Zeroizing::new(body.to_owned());
        let opened = self
            .key(&name)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(&name),
                &mut text,
            )
            .map_err(|_| Fault::Closed)?;
        std::str::from_utf8(opened)
            .map(Secret::new)
            .map_err(|_| Fault::Closed)
    }

    /// The key of one place.
    fn key(&self, name: &[u8]) -> Result<LessSafeKey, Fault> {
        let info = [name];
        let key = self.root.expand(&info, &CHACHA20_POLY1305);
        key.map(|key| LessSafeKey::new(UnboundKey::from(key)))
            .map_err(|_| Fault::Machine)
    }
}

impl Place<'_> {
    /// One name for one place: each part with its length before it.
    fn name(self) -> Vec<u8> {
        let mut name = b"aimharder store".to_vec();
        for part in [self.column, self.account, self.fingerprint] {
            name.extend((part.len() as u64).to_be_bytes());
            name.extend(part.as_bytes());
        }
        name
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

fn bytes_of(key: &Secret) -> Option<Zeroizing<[u8; KEY]>> {
    let digits = key.expose().trim().as_bytes();
    let mut bytes = Zeroizing::new([0_u8; KEY]);
    if digits.len() != 2 * KEY {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let (high, low) = (
            char::from(*high).to_digit(16)?,
            char::from(*low).to_digit(16)?,
        );
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Place<'static> = Place {
        column: "token",
        account: "ana@example.org",
        fingerprint: "bg-1",
    };

    fn sealer(digit: &str, salt: u8) -> Sealer {
        Sealer::new(&Secret::new(digit.repeat(64)), &[salt; SALT]).unwrap()
    }

    #[test]
    fn only_the_same_key_salt_and_place_open_it() {
        let ours = sealer("1", 1);
        let sealed = ours.seal(TOKEN, "69232|1|ab").unwrap();
        assert_eq!(ours.open(TOKEN, &sealed).unwrap().expose(), "69232|1|ab");
        let places = [
            Place {
                column: "cookies",
                ..TOKEN
            },
            Place {
                account: "ben@example.org",
                ..TOKEN
            },
            Place {
                fingerprint: "bg-2",
                ..TOKEN
            },
            // the same letters, cut elsewhere
            Place {
                account: "ana@example.orgb",
                fingerprint: "g-1",
                ..TOKEN
            },
        ];
        for place in places {
            assert_eq!(ours.open(place, &sealed), Err(Fault::Closed), "{place:?}");
        }
        for other in [sealer("2", 1), sealer("1", 2)] {
            assert_eq!(other.open(TOKEN, &sealed), Err(Fault::Closed));
            assert!(!other.fits(&ours.proof().unwrap()));
        }
        assert!(ours.fits(&ours.proof().unwrap()));
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let ours = sealer("1", 1);
        let sealed = ours.seal(TOKEN, "secret").unwrap();
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert_eq!(ours.open(TOKEN, &other), Err(Fault::Closed), "byte {at}");
            assert_eq!(
                ours.open(TOKEN, &sealed[..at]),
                Err(Fault::Closed),
                "{at} bytes"
            );
        }
    }

    #[test]
    fn nothing_is_sealed_alike_twice() {
        let ours = sealer("1", 1);
        assert_ne!(ours.seal(TOKEN, "same"), ours.seal(TOKEN, "same"));
    }

    #[test]
    fn a_key_is_64_hex_digits() {
        let key = new_key().unwrap();
        assert_ne!(key, new_key().unwrap());
        let good = [key.expose().to_owned(), format!(" {}\n", "aF".repeat(32))];
        for text in good {
            assert!(Sealer::new(&Secret::new(text), &[0; SALT]).is_some());
        }
        let bad = [
            String::new(),
            "1".repeat(63),
            "1".repeat(65),
            "g".repeat(64),
            "é".repeat(32),
        ];
        for text in bad {
            assert!(
                Sealer::new(&Secret::new(&*text), &[0; SALT]).is_none(),
                "{text}"
            );
        }
    }
}
