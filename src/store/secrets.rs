//! Secrets on their way into the store and out of it: plain while the store is plain, sealed while it
//! is sealed ([`super::seal`]). Nobody outside this room needs to know which.
//!
//! Other processes may turn sealing on or off, or change the key, at any moment. So a value says by
//! its type what it is (text: plain; blob: sealed), reading takes the value and the salt in one
//! statement, and writing looks at the salt again inside the transaction that writes.

use std::sync::Arc;

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::keyring::seal_row;
use super::seal::{Fault, Place, Sealer};
use super::{At, Error, Result, Store};
use crate::secret::Secret;

/// How often somebody may turn sealing on or off just while we read or write.
const TURNS: u32 = 20;

/// What is lost when a secret cannot be written for want of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// what the platform has replaced, and what exists nowhere else: then it is written in plain
    /// text, and sealed by the next process that has the key
    Unbearable,
    Bearable,
}

/// In which form secrets are written at this moment.
enum SecretCodec {
    Plain,
    Sealed(Arc<Sealer>),
    /// plain in a sealed store, see [`Loss::Unbearable`]
    Makeshift(Vec<u8>),
}

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
    /// Could secrets be stored now, as far as the key goes? To be asked before the platform is asked
    /// for any.
    ///
    /// # Errors
    /// The secrets here are sealed, and the key that fits them is not to be had.
    pub fn ready(&self) -> Result<()> {
        self.pen().map(|_| ())
    }

    /// Write secrets, in one transaction, in the form that the store has at that moment.
    pub(super) fn keep<T, const N: usize>(
        &self,
        loss: Loss,
        secrets: [(Place<'_>, &Secret); N],
        write: impl Fn(&Connection, &[EncodedSecret<'_>; N]) -> rusqlite::Result<T>,
    ) -> Result<T> {
        for _ in 0..TURNS {
            let pen = match (self.pen(), loss) {
                (Err(why), Loss::Unbearable) => self.makeshift(&why)?,
                (pen, _) => pen?,
            };
            let kept = pen.write(&secrets).map_err(|_| self.no_random())?;
            let once = |db: &Connection| pen.take_down(db, &kept, &write);
            let done = match loss {
                Loss::Unbearable => self.durably(once)?,
                Loss::Bearable => once(&self.db()).at(self.path())?,
            };
            if let Some(done) = done {
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

    fn pen(&self) -> Result<SecretCodec> {
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

    fn makeshift(&self, why: &Error) -> Result<SecretCodec> {
        log::warn!(
            "the new token is stored unsealed, or it would be lost ({why}); the next aimharder that has the key seals it"
        );
        let row = self.seal_row()?;
        Ok(row.map_or(SecretCodec::Plain, |row| SecretCodec::Makeshift(row.salt)))
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
    fn write<'s, const N: usize>(
        &self,
        secrets: &[(Place<'_>, &'s Secret); N],
    ) -> std::result::Result<[EncodedSecret<'s>; N], Fault> {
        let mut kept = secrets.map(|(_, secret)| EncodedSecret::Plain(secret.expose()));
        if let Self::Sealed(sealer) = self {
            for (kept, (place, secret)) in kept.iter_mut().zip(secrets) {
                *kept = EncodedSecret::Sealed(sealer.seal(*place, secret.expose())?);
            }
        }
        Ok(kept)
    }

    /// `None`: the store's form has changed since this pen was chosen; nothing was written.
    fn take_down<'s, T, const N: usize>(
        &self,
        db: &Connection,
        kept: &[EncodedSecret<'s>; N],
        write: &impl Fn(&Connection, &[EncodedSecret<'s>; N]) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        // a writer from the start: one that first reads is refused at once when another process writes in between
        let change = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        let salt = seal_row(&change)?.map(|row| row.salt);
        if salt.as_deref() != self.salt() {
            return Ok(None);
        }
        let done = write(&change, kept)?;
        if let Self::Makeshift(_) = self {
            change.execute("UPDATE seal SET unclean = unclean + 1", [])?;
        }
        change.commit()?;
        Ok(Some(done))
    }

    fn salt(&self) -> Option<&[u8]> {
        match self {
            Self::Plain => None,
            Self::Sealed(sealer) => Some(sealer.salt()),
            Self::Makeshift(salt) => Some(salt),
        }
    }
}
