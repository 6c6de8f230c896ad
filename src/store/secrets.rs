//! Secrets on their way into the store and out of it: plain while the store is plain, sealed while it
//! is sealed ([`super::seal`]). Nobody outside this room needs to know which.
//!
//! Other processes may turn sealing on or off, or change the key, at any moment. So a value says by
//! its type what it is (text: plain; blob: sealed), reading takes the value and the salt in one
//! statement, and writing looks at the salt again inside the transaction that writes.
//!
//! The key is asked for when the first sealed value is met, once per process and salt, and never
//! while a transaction is open: it may come from a command that takes its time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::seal::{Fault, Place, Sealer};
use super::{At, Error, Result, Store};
use crate::secret::Secret;

/// How often somebody may turn sealing on or off just while we read or write.
const TURNS: u32 = 20;

/// Where the store's key comes from: called when it is needed, not before.
pub type KeySource = Box<dyn Fn() -> std::result::Result<Secret, String> + Send + Sync>;

/// What a process knows of the key.
#[derive(Default)]
pub(super) struct Keyring {
    source: Option<KeySource>,
    /// the sealer of the salt met last, or why there is none
    known: Mutex<Option<Known>>,
}

struct Known {
    salt: Vec<u8>,
    sealer: std::result::Result<Arc<Sealer>, Error>,
}

/// The row of the table `seal`.
pub(super) struct SealRow {
    pub(super) salt: Vec<u8>,
    pub(super) proof: Vec<u8>,
    pub(super) unclean: i64,
}

/// What is lost when a secret cannot be written for want of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// what the platform has replaced, and what exists nowhere else: then it is written in plain
    /// text, and sealed by the next process that has the key
    Unbearable,
    Bearable,
}

/// In which form secrets are written at this moment.
enum Pen {
    Plain,
    Sealed(Arc<Sealer>),
    /// plain in a sealed store, see [`Loss::Unbearable`]
    Makeshift(Vec<u8>),
}

/// A secret in the form in which it is stored.
pub(super) enum Kept<'a> {
    Plain(&'a str),
    Sealed(Vec<u8>),
}

impl ToSql for Kept<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Plain(text) => ValueRef::Text(text.as_bytes()),
            Self::Sealed(bytes) => ValueRef::Blob(bytes),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

impl Store {
    /// Where the key comes from, should the secrets be sealed.
    #[must_use]
    pub fn with_key_from(mut self, source: Option<KeySource>) -> Self {
        self.keyring.source = source;
        self
    }

    /// Could secrets be stored now, as far as the key goes? To be asked before the platform is asked
    /// for any.
    ///
    /// # Errors
    /// The secrets here are sealed, and the key that fits them is not to be had.
    pub fn ready(&self) -> Result<()> {
        self.pen().map(|_| ())
    }

    /// Are secrets sealed here?
    pub fn is_sealed(&self) -> Result<bool> {
        Ok(self.seal_row()?.is_some())
    }

    pub(super) fn seal_row(&self) -> Result<Option<SealRow>> {
        seal_row(&self.db()).at(self.path())
    }

    /// Write secrets, in one transaction, in the form that the store has at that moment.
    pub(super) fn keep<T, const N: usize>(
        &self,
        loss: Loss,
        secrets: [(Place<'_>, &Secret); N],
        write: impl Fn(&Connection, &[Kept<'_>; N]) -> rusqlite::Result<T>,
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

    /// The sealer of this salt; `None` when it is no longer the store's.
    pub(super) fn sealer(&self, salt: &[u8]) -> Result<Option<Arc<Sealer>>> {
        // held while the source is asked: threads that need the key wait for the one that asks
        let mut known = self
            .keyring
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.salt == salt) {
            return known.sealer.clone().map(Some);
        }
        let Some(row) = self.seal_row()?.filter(|row| row.salt == salt) else {
            return Ok(None);
        };
        let sealer = self.fitting(&row).map(Arc::new);
        *known = Some(Known {
            salt: salt.to_owned(),
            sealer: sealer.clone(),
        });
        sealer.map(Some)
    }

    /// Ask for the key, and see that it fits.
    fn fitting(&self, row: &SealRow) -> Result<Sealer> {
        let sealer = Sealer::new(&self.key()?, &row.salt).ok_or_else(no_key)?;
        if sealer.fits(&row.proof) {
            return Ok(sealer);
        }
        Err(Error::Unusable(format!(
            "the key does not fit the store {}: its logins were sealed with another one; bring that key back, or give the \
             logins up with `aimharder store decrypt --forget-logins` and log in again (nothing was changed)",
            self.path().display()
        )))
    }

    /// The key, from its source.
    pub(super) fn key(&self) -> Result<Secret> {
        let Some(source) = &self.keyring.source else {
            return Err(Error::Key(format!(
                "no key is known for the store {}: set key_command under [store] in the config, or give the systemd credential \
                 aimharder-key",
                self.path().display()
            )));
        };
        source().map_err(Error::Key)
    }

    fn pen(&self) -> Result<Pen> {
        for _ in 0..TURNS {
            let Some(row) = self.seal_row()? else {
                return Ok(Pen::Plain);
            };
            if let Some(sealer) = self.sealer(&row.salt)? {
                return Ok(Pen::Sealed(sealer));
            }
        }
        Err(self.restless())
    }

    fn makeshift(&self, why: &Error) -> Result<Pen> {
        log::warn!(
            "the new token is stored unsealed, or it would be lost ({why}); the next aimharder that has the key seals it"
        );
        let row = self.seal_row()?;
        Ok(row.map_or(Pen::Plain, |row| Pen::Makeshift(row.salt)))
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

impl Pen {
    fn write<'s, const N: usize>(
        &self,
        secrets: &[(Place<'_>, &'s Secret); N],
    ) -> std::result::Result<[Kept<'s>; N], Fault> {
        let mut kept = secrets.map(|(_, secret)| Kept::Plain(secret.expose()));
        if let Self::Sealed(sealer) = self {
            for (kept, (place, secret)) in kept.iter_mut().zip(secrets) {
                *kept = Kept::Sealed(sealer.seal(*place, secret.expose())?);
            }
        }
        Ok(kept)
    }

    /// `None`: the store's form has changed since this pen was chosen; nothing was written.
    fn take_down<'s, T, const N: usize>(
        &self,
        db: &Connection,
        kept: &[Kept<'s>; N],
        write: &impl Fn(&Connection, &[Kept<'s>; N]) -> rusqlite::Result<T>,
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

pub(super) fn seal_row(db: &Connection) -> rusqlite::Result<Option<SealRow>> {
    db.prepare_cached("SELECT salt, proof, unclean FROM seal")?
        .query_row([], |row| {
            Ok(SealRow {
                salt: row.get(0)?,
                proof: row.get(1)?,
                unclean: row.get(2)?,
            })
        })
        .optional()
}

pub(super) fn no_key() -> Error {
    Error::Key(
        "the store's key must be 64 hex digits (`aimharder store key` makes one), and what its source gives is not"
            .to_owned(),
    )
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(…)")
    }
}
