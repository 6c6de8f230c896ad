//! The cipher of encrypted secrets, without any SQL.
//!
//! Each value has a key of its own, derived by HKDF-SHA-256 from the store's key, the store's salt and the value's place:
//! account, fingerprint, column. A value that is moved to another place cannot be decrypted there. The limits of
//! ChaCha20-Poly1305 with random 96-bit nonces are far away: one of these keys encrypts the tokens of one session, about a
//! hundred a day.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::Secret;

/// The first byte of an encrypted value.
const FORMAT: u8 = 1;
/// Bytes of a key.
const KEY_LEN: usize = 32;
/// Bytes of a store's salt.
pub(super) const SALT_LEN: usize = 16;
/// The text that is encrypted once per store, to recognize the key that fits.
const PROOF: &str = "the key of this store";

/// The place of a value in the store: its column, account and fingerprint.
pub(super) type SecretPlace<'a> = [&'a str; 3];

const PROOF_PLACE: SecretPlace<'static> = ["proof", "", ""];

/// Encrypts and decrypts the values of one store.
#[derive(Debug)]
pub(super) struct SecretCodec {
    salt: Vec<u8>,
    root: Prk,
}

/// Makes a key for a store, as 64 hex digits.
///
/// # Errors
/// The operating system supplies no random bytes.
pub fn new_key() -> Result<Secret, getrandom::Error> {
    let mut bytes = Zeroizing::new([0_u8; KEY_LEN]);
    getrandom::fill(bytes.as_mut())?;
    Ok(Secret::new(hex::encode(bytes.as_ref())))
}

/// Makes a salt for a store that is to be encrypted.
pub(super) fn new_salt() -> Result<[u8; SALT_LEN], getrandom::Error> {
    let mut salt = [0_u8; SALT_LEN];
    getrandom::fill(&mut salt)?;
    Ok(salt)
}

impl SecretCodec {
    /// `None` if `key` is not 64 hex digits.
    pub(super) fn new(key: &Secret, salt: &[u8]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0_u8; KEY_LEN]);
        hex::decode_to_slice(key.expose().trim(), bytes.as_mut()).ok()?;
        Some(Self {
            salt: salt.to_owned(),
            root: Salt::new(HKDF_SHA256, salt).extract(bytes.as_ref()),
        })
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) fn proof(&self) -> Option<Vec<u8>> {
        self.encrypt(PROOF_PLACE, PROOF)
    }

    /// Whether this proof was made with the same key.
    pub(super) fn fits(&self, proof: &[u8]) -> bool {
        self.decrypt(PROOF_PLACE, proof)
            .is_some_and(|opened| opened.expose() == PROOF)
    }

    /// Encrypts a value. `None` if the system supplies no random bytes.
    pub(super) fn encrypt(&self, place: SecretPlace<'_>, text: &str) -> Option<Vec<u8>> {
        let mut nonce = [0_u8; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let name = place_name(place);
        // with room for all of it, so that growing leaves no copy of the text in memory
        let mut encrypted = Vec::with_capacity(text.len() + CHACHA20_POLY1305.tag_len());
        encrypted.extend(text.as_bytes());
        let nonce_key = Nonce::assume_unique_for_key(nonce);
        let done = (self.key(&name)?).seal_in_place_append_tag(
            nonce_key,
            Aad::from(&name),
            &mut encrypted,
        );
        if done.is_err() {
            encrypted.zeroize();
            return None;
        }
        Some([&[FORMAT][..], &nonce, &encrypted].concat())
    }

    /// Decrypts a value. `None` if it was encrypted with another key or for another place, or is damaged.
    pub(super) fn decrypt(&self, place: SecretPlace<'_>, encrypted: &[u8]) -> Option<Secret> {
        let rest = encrypted.strip_prefix(&[FORMAT])?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
        let name = place_name(place);
        let mut text = Zeroizing::new(body.to_owned());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = (self.key(&name)?).open_in_place(nonce, Aad::from(&name), &mut text);
        Some(Secret::new(std::str::from_utf8(opened.ok()?).ok()?))
    }

    /// The key of one place.
    fn key(&self, name: &[u8]) -> Option<LessSafeKey> {
        let key = self.root.expand(&[name], &CHACHA20_POLY1305).ok()?.into();
        Some(LessSafeKey::new(key))
    }
}

/// The parts of a place, each after its length, so that no two places have the same name.
fn place_name(place: SecretPlace<'_>) -> Vec<u8> {
    let mut name = b"aimharder store".to_vec();
    for part in place {
        name.extend((part.len() as u64).to_be_bytes());
        name.extend(part.as_bytes());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "ana@example.org";
    const TOKEN: SecretPlace<'static> = ["token", ANA, "bg-1"];

    fn codec(digit: &str, salt: u8) -> SecretCodec {
        SecretCodec::new(&Secret::new(digit.repeat(64)), &[salt; SALT_LEN]).unwrap()
    }

    #[test]
    fn only_the_same_key_salt_and_place_open_it() {
        let ours = codec("1", 1);
        let encrypted = ours.encrypt(TOKEN, "69232|1|ab").unwrap();
        assert_eq!(
            ours.decrypt(TOKEN, &encrypted).unwrap().expose(),
            "69232|1|ab"
        );
        let places = [
            ["cookies", ANA, "bg-1"],
            ["token", "ben@example.org", "bg-1"],
            ["token", ANA, "bg-2"],
            // the same letters, divided differently
            ["token", "ana@example.orgb", "g-1"],
        ];
        for place in places {
            assert_eq!(ours.decrypt(place, &encrypted), None, "{place:?}");
        }
        for other in [codec("2", 1), codec("1", 2)] {
            assert_eq!(other.decrypt(TOKEN, &encrypted), None);
            assert!(!other.fits(&ours.proof().unwrap()));
        }
        assert!(ours.fits(&ours.proof().unwrap()));
    }

    #[test]
    fn a_changed_or_missing_byte_is_detected() {
        let ours = codec("1", 1);
        let encrypted = ours.encrypt(TOKEN, "secret").unwrap();
        for at in 0..encrypted.len() {
            let mut other = encrypted.clone();
            other[at] ^= 1;
            assert_eq!(ours.decrypt(TOKEN, &other), None, "byte {at}");
            assert_eq!(ours.decrypt(TOKEN, &encrypted[..at]), None, "{at} bytes");
        }
    }

    #[test]
    fn equal_values_are_encrypted_differently() {
        let ours = codec("1", 1);
        assert_ne!(ours.encrypt(TOKEN, "same"), ours.encrypt(TOKEN, "same"));
    }

    #[test]
    fn a_key_is_64_hex_digits() {
        let key = new_key().unwrap();
        assert_ne!(key, new_key().unwrap());
        let good = [key.expose().to_owned(), format!(" {}\n", "aF".repeat(32))];
        for text in good {
            assert!(SecretCodec::new(&Secret::new(text), &[0; SALT_LEN]).is_some());
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
                SecretCodec::new(&Secret::new(&*text), &[0; SALT_LEN]).is_none(),
                "{text}"
            );
        }
    }
}
