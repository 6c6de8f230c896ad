//! Problems of sessions and prebookings that automation has reported, so that each is reported when it is new and once when
//! it is over (`scripting.md`, "Reported once"). [`crate::alerts`] decides what is reported and when.

use rusqlite::params;

use super::{Result, SessionRow, Store};

/// A session or a prebooking, by the number of its row.
#[derive(Debug, Clone, Copy)]
pub enum Subject {
    /// A session.
    Session(i64),
    /// A prebooking.
    Prebooking(i64),
}

/// The problem of one subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// The kind that was reported and is not over.
    pub reported: Option<String>,
    /// Number of consecutive runs that could not reach the platform.
    pub outage_runs: i64,
}

impl Subject {
    fn table_and_id(self) -> (&'static str, i64) {
        match self {
            Self::Session(id) => ("sessions", id),
            Self::Prebooking(id) => ("prebookings", id),
        }
    }
}

impl Store {
    /// The problem of a subject. `None` if it never had one, or its end is reported.
    pub fn problem(&self, subject: Subject) -> Result<Option<Problem>> {
        let (table, id) = subject.table_and_id();
        let sql = format!(
            "SELECT problem, outage_runs FROM {table} WHERE id = ?1 AND outage_runs IS NOT NULL"
        );
        self.find(&sql, [id], |row| {
            Ok(Problem {
                reported: row.get(0)?,
                outage_runs: row.get(1)?,
            })
        })
    }

    /// Stores the problem of a subject; `None` deletes it.
    pub fn set_problem(&self, subject: Subject, problem: Option<&Problem>) -> Result<()> {
        let (table, id) = subject.table_and_id();
        self.execute(
            &format!("UPDATE {table} SET problem = ?1, outage_runs = ?2 WHERE id = ?3"),
            params![
                problem.and_then(|problem| problem.reported.as_deref()),
                problem.map(|problem| problem.outage_runs),
                id
            ],
        )
    }

    /// The sessions that have a problem.
    pub fn sessions_with_problem(&self) -> Result<Vec<SessionRow>> {
        self.sessions_where("outage_runs IS NOT NULL", [])
    }

    /// The sessions whose `setrefresh` was reported as failed.
    pub fn sessions_not_extended(&self) -> Result<Vec<SessionRow>> {
        self.sessions_where("set_refresh_failed = 1", [])
    }

    /// Stores whether the `setrefresh` of a session has failed. Returns whether this was not stored before.
    pub fn set_refresh_failed(&self, id: i64, failed: bool) -> Result<bool> {
        self.changes(
            "UPDATE sessions SET set_refresh_failed = ?1 WHERE id = ?2 AND set_refresh_failed <> ?1",
            params![failed, id],
        )
    }

    /// Stores that a prebooking was postponed for this reason, which is one word. Returns whether this was not stored before.
    pub fn note_postponed(&self, id: i64, reason: &str) -> Result<bool> {
        self.changes(
            "UPDATE prebookings SET postponed = postponed || ' ' || ?1 \
             WHERE id = ?2 AND instr(postponed || ' ', ' ' || ?1 || ' ') = 0",
            params![reason, id],
        )
    }
}
