//! Secrets on their way into the store and out of it: plain while the store is plain, sealed while it
//! is sealed ([`super::seal`]). No other module needs to know which.
//!
//! Other processes may turn sealing on or off, or change the key. So the type of a value says what it is (text: plain;
//! blob: sealed), reading takes the value and the salt in one statement, and writing compares the salt inside the
//! transaction that writes. A process that has the platform replace a token holds [`Store::hold_form`] meanwhile: the store is
//! not converted then, and the key that was read before the request fits the store after it.

use std::fs::File;
use std::sync::Arc;

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::keyring::seal_row;
use super::open::form_lock;
use super::reserve::stubbornly;
use super::seal::{Fault, Place, Sealer};
use super::{At, Error, Result, Store};
use crate::secret::Secret;

/// How often the store may be converted just while a secret is read or written.
const TURNS: u32 = 20;

/// The form in which secrets are written at this moment.
enum SecretCodec {
    Plain,
    Sealed(Arc<Sealer>),
}

/// Keeps conversions of the store waiting until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct FormGuard(#[expect(dead_code, reason = "the lock is held, not read")] File);

/// A secret in the form in which it is stored.
pub(super) enum EncodedSecret<'a> {
    Plain(&'a str),
    Sealed(Vec<u8>),
}

impl ToSql for EncodedSecret<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Plain(text) => ValueRef::Text(text.as_bytes()),
            Self::Sealed(bytes) => ValueRef::Blob(bytes),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

impl Store {
    /// Reads the key if the secrets are sealed, and keeps it.
    ///
    /// # Errors
    /// The secrets are sealed, and the key is not available or does not fit.
    pub fn ready(&self) -> Result<()> {
        self.codec().map(|_| ())
    }

    /// Keeps the form of the secrets as it is while the guard lives: a conversion waits for it. A process that asks the platform
    /// to replace a token holds it until the new token is stored, so that this process can store it in the form in which
    /// the store is then.
    ///
    /// # Errors
    /// The key is not available, or a conversion does not end. Nothing may be asked of the platform then.
    pub fn hold_form(&self) -> Result<FormGuard> {
        self.ready()?; // the key may take its time: not while others wait
        let lock = form_lock(self.path())?;
        self.ready()?;
        Ok(FormGuard(lock))
    }

    /// Writes secrets in one transaction, in the form that the store has at that moment. `attempts` is how often a write that
    /// finds no room is repeated.
    pub(super) fn keep<T, const N: usize>(
        &self,
        attempts: u32,
        secrets: [(Place<'_>, &Secret); N],
        write: impl Fn(&Connection, &[EncodedSecret<'_>; N]) -> rusqlite::Result<T>,
    ) -> Result<T> {
        for _ in 0..TURNS {
            let codec = self.codec()?;
            let encoded = codec.encode(&secrets).map_err(|_| self.no_random())?;
            let once = |db: &Connection| codec.write(db, &encoded, &write);
            if let Some(done) = stubbornly(&self.db(), attempts, once).at(self.path())? {
                return Ok(done);
            }
        }
        Err(self.restless())
    }

    /// Out of its stored form. `None`: the store was sealed anew since `salt` was read.
    pub(super) fn unseal(
        &self,
        place: Place<'_>,
        value: Value,
        salt: Option<&[u8]>,
    ) -> Result<Option<Secret>> {
        match value {
            Value::Text(text) => Ok(Some(Secret::new(text))),
            Value::Blob(sealed) => {
                let salt = salt.ok_or_else(|| self.unopened(place))?;
                let Some(sealer) = self.sealer(salt)? else {
                    return Ok(None);
                };
                let opened = sealer.open(place, &sealed);
                opened.map(Some).map_err(|_| self.unopened(place))
            }
            _ => Err(self.unopened(place)),
        }
    }

    fn codec(&self) -> Result<SecretCodec> {
        for _ in 0..TURNS {
            let Some(row) = self.seal_row()? else {
                return Ok(SecretCodec::Plain);
            };
            if let Some(sealer) = self.sealer(&row.salt)? {
                return Ok(SecretCodec::Sealed(sealer));
            }
        }
        Err(self.restless())
    }

    pub(super) fn unopened(&self, place: Place<'_>) -> Error {
        Error::Unusable(format!(
            "the {} of {} in the store {} cannot be opened although the key fits: it is damaged, or was moved there from \
             another session; put a copy back, or log in again after `aimharder store decrypt --forget-logins`",
            place.column,
            place.account,
            self.path().display()
        ))
    }

    pub(super) fn no_random(&self) -> Error {
        Error::Unusable(format!(
            "nothing can be sealed in the store {}: the machine gives no random numbers",
            self.path().display()
        ))
    }

    pub(super) fn restless(&self) -> Error {
        Error::Unusable(format!(
            "the store {} is sealed and opened all the time by other processes; try again",
            self.path().display()
        ))
    }
}

impl SecretCodec {
    fn encode<'s, const N: usize>(
        &self,
        secrets: &[(Place<'_>, &'s Secret); N],
    ) -> std::result::Result<[EncodedSecret<'s>; N], Fault> {
        let mut encoded = secrets.map(|(_, secret)| EncodedSecret::Plain(secret.expose()));
        if let Self::Sealed(sealer) = self {
            for (encoded, (place, secret)) in encoded.iter_mut().zip(secrets) {
                *encoded = EncodedSecret::Sealed(sealer.seal(*place, secret.expose())?);
            }
        }
        Ok(encoded)
    }

    /// `None`: the store was converted since this codec was chosen, and nothing was written.
    fn write<'s, T, const N: usize>(
        &self,
        db: &Connection,
        encoded: &[EncodedSecret<'s>; N],
        write: &impl Fn(&Connection, &[EncodedSecret<'s>; N]) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        // a writer from the start: one that first reads is refused at once when another process writes in between
        let change = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        let salt = seal_row(&change)?.map(|row| row.salt);
        if salt.as_deref() != self.salt() {
            return Ok(None);
        }
        let done = write(&change, encoded)?;
        change.commit()?;
        Ok(Some(done))
    }

    fn salt(&self) -> Option<&[u8]> {
        match self {
            Self::Plain => None,
            Self::Sealed(sealer) => Some(sealer.salt()),
        }
    }
}
