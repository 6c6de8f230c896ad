//! Names and numbers for shell completion: what the store has, and the names of classes, which are stored for this alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use rusqlite::{Connection, OpenFlags, Params, params};

use super::keyring::Keyring;
use super::open::{behind_links, check_files, plain_name};
use super::paths::beside;
use super::{At, Result, Store};

/// The number of days after which a name is noted again, and after which one that was not seen is deleted.
const NOTED_AGAIN: u64 = 7;
const FORGOTTEN: u64 = 90;
/// Names kept for a box.
const MAX_ROWS: i64 = 60;
/// Hints of one kind that are handed out.
const MOST_HINTS: usize = 200;

impl Store {
    /// Opens an existing store read-only. Nothing is created or migrated, and no lock is waited for.
    ///
    /// # Errors
    /// No store, or one that may not be used. Another schema is not noticed here.
    pub fn open_to_read(path: &Path) -> Result<Self> {
        let path = &behind_links(path)?;
        check_files(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = if beside(path, "-wal").exists() {
            Connection::open_with_flags(plain_name(path), flags)
        } else {
            // no process has it open, and all is in the file: even a reader would create a log and its index, and leave them
            let uri = untouched(path);
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
        };
        let connection = connection.at(path)?;
        connection.busy_timeout(Duration::ZERO).at(path)?;
        Ok(Self {
            connection: Mutex::new(connection),
            path: path.to_owned(),
            peeking: Mutex::default(),
            has_room: AtomicBool::new(false),
            keyring: Keyring::default(),
        })
    }

    /// Stores the names of a box's classes. Usually none is new, and nothing is written.
    pub fn note_class_names(&self, gym: &str, names: &[&str], today: NaiveDate) -> Result<()> {
        let noted = noted(&self.db(), gym).at(self.path())?;
        let since = today - Days::new(NOTED_AGAIN);
        let fresh = |name: &&&str| {
            noted
                .get(**name)
                .is_none_or(|seen| *seen < since.to_string())
        };
        let mut news: Vec<&&str> = names.iter().filter(fresh).collect();
        news.retain(|name| !name.is_empty());
        if news.is_empty() {
            return Ok(());
        }
        self.transact(|change| {
        for name in news {
            change
                .execute(
                    "INSERT INTO class_names VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET seen = excluded.seen",
                    params![gym, name, today.to_string()],
                )?;
        }
        let oldest = today - Days::new(FORGOTTEN);
        change
            .execute(
                "DELETE FROM class_names WHERE box = ?1 AND (seen < ?2 OR name NOT IN \
                 (SELECT name FROM class_names WHERE box = ?1 ORDER BY seen DESC, name LIMIT ?3))",
                params![gym, oldest.to_string(), MAX_ROWS],
            )?;
        Ok(())
        })
    }

    /// Names of classes, of one box or of all.
    pub fn class_names(&self, gym: Option<&str>) -> Result<Vec<String>> {
        let sql =
            "SELECT DISTINCT name FROM class_names WHERE ?1 IS NULL OR box = ?1 ORDER BY name";
        self.hints(sql, [gym])
    }

    /// Accounts with a session.
    pub fn account_names(&self) -> Result<Vec<String>> {
        self.hints("SELECT DISTINCT account FROM sessions ORDER BY account", [])
    }

    /// Boxes, of one account or of all.
    pub fn box_names(&self, account: Option<&str>) -> Result<Vec<String>> {
        let sql = "SELECT name FROM boxes WHERE ?1 IS NULL \
                   OR name IN (SELECT box FROM account_boxes WHERE account = ?1) ORDER BY name";
        self.hints(sql, [account])
    }

    /// Fingerprints of device sessions, or of all.
    pub fn fingerprints(&self, account: Option<&str>, all: bool) -> Result<Vec<String>> {
        let sql = "SELECT fingerprint FROM sessions WHERE (?1 IS NULL OR account = ?1) \
                   AND (?2 OR kind = 'device') ORDER BY used_at DESC";
        self.hints(sql, params![account, all])
    }

    /// Prebookings and rules that can be removed, each with what it is: `7`, `2026-11-23 18:30 WOD`.
    pub fn removable(&self) -> Result<Vec<String>> {
        let sql = "SELECT 'r' || id || char(9) || 'every ' || weekdays || ' ' || start || ' ' || coalesce(class, '') FROM rules \
                   UNION ALL SELECT id || char(9) || day || ' ' || start || ' ' || coalesce(class, '') FROM prebookings \
                   WHERE status IN ('pending', 'waitlisted', 'booked')";
        self.hints(sql, [])
    }

    /// Reservations that prebookings have brought, of classes from that day on, each with what it is.
    pub fn reservations(&self, account: Option<&str>, since: NaiveDate) -> Result<Vec<String>> {
        let sql = "SELECT reservation_id || char(9) || day || ' ' || start || ' ' || coalesce(class, '') FROM prebookings \
                   WHERE status IN ('booked', 'waitlisted') AND reservation_id IS NOT NULL \
                   AND (?1 IS NULL OR account = ?1) AND day >= ?2 ORDER BY day, start";
        self.hints(sql, params![account, since.to_string()])
    }

    fn hints(&self, sql: &str, asked: impl Params) -> Result<Vec<String>> {
        let db = self.db();
        let mut query = db.prepare(sql).at(self.path())?;
        let rows = query.query_map(asked, |row| row.get(0)).at(self.path())?;
        rows.take(MOST_HINTS)
            .collect::<rusqlite::Result<_>>()
            .at(self.path())
    }
}

/// The file as SQLite reads it without any lock or file beside it.
fn untouched(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in plain_name(path).as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte));
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn noted(db: &Connection, gym: &str) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut query = db.prepare("SELECT name, seen FROM class_names WHERE box = ?1")?;
    let rows = query.query_map([gym], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
