//! Names and numbers for shell completion: those in the store, and the names of classes, which are stored only for this.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use rusqlite::{Params, params};

use super::{Result, Store};

/// A name that is seen is noted again after this number of days.
const RENOTE_DAYS: u64 = 7;
/// A name that was not seen for this number of days is deleted.
const MAX_AGE_DAYS: u64 = 90;
/// Number of names kept for a box.
const MAX_NAMES: i64 = 60;
/// Number of hints of one kind that are returned.
const MAX_HINTS: u32 = 200;

impl Store {
    /// Stores the names of a box's classes. Usually none is new, and nothing is written.
    pub fn note_class_names(&self, gym: &str, names: &[&str], today: NaiveDate) -> Result<()> {
        let since = today - Days::new(RENOTE_DAYS);
        let sql = "SELECT name FROM class_names WHERE box = ?1 AND seen >= ?2";
        let noted: BTreeSet<String> =
            self.list(sql, [gym, &since.to_string()], |row| row.get(0))?;
        let is_new = |name: &str| !name.is_empty() && !noted.contains(name);
        if !names.iter().any(|name| is_new(name)) {
            return Ok(());
        }
        let oldest = today - Days::new(MAX_AGE_DAYS);
        self.transact(|change| {
            for name in names.iter().filter(|name| is_new(name)) {
                change.execute(
                    "INSERT INTO class_names VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET seen = excluded.seen",
                    params![gym, name, today.to_string()],
                )?;
            }
            change.execute(
                "DELETE FROM class_names WHERE box = ?1 AND (seen < ?2 OR name NOT IN \
                 (SELECT name FROM class_names WHERE box = ?1 ORDER BY seen DESC, name LIMIT ?3))",
                params![gym, oldest.to_string(), MAX_NAMES],
            )
        })?;
        Ok(())
    }

    /// Names of classes, of one box or of all.
    pub fn class_names(&self, gym: Option<&str>) -> Result<Vec<String>> {
        let sql =
            "SELECT DISTINCT name FROM class_names WHERE ?1 IS NULL OR box = ?1 ORDER BY name";
        self.hints(sql, [gym])
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
                   AND (?1 IS NULL OR account = ?1) AND day >= ?2 \
                   GROUP BY account, reservation_id ORDER BY day, start";
        self.hints(sql, params![account, since.to_string()])
    }

    fn hints(&self, sql: &str, values: impl Params) -> Result<Vec<String>> {
        let sql = format!("{sql} LIMIT {MAX_HINTS}");
        self.list(&sql, values, |row| row.get(0))
    }
}
