//! Problems of sessions and prebookings that automation has reported, so that each is reported when it is new and once when
//! it is over (`scripting.md`, "Reported once"). [`crate::alerts`] decides what is reported and when.

use rusqlite::params;

use super::{Result, Store};

/// The problem of one subject, which is a session or a prebooking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// The kind that was reported and is not over.
    pub standing: Option<String>,
    /// Number of consecutive runs that could not reach the platform.
    pub outage_runs: i64,
}

impl Store {
    /// The subjects of one sort (`session:`, `prebooking:`) that have a problem.
    pub fn problems(&self, sort: &str) -> Result<Vec<(String, Problem)>> {
        self.list("SELECT subject, standing, outage_runs FROM problems WHERE substr(subject, 1, length(?1)) = ?1", [sort], |row| {
            Ok((
                row.get(0)?,
                Problem {
                    standing: row.get(1)?,
                    outage_runs: row.get(2)?,
                },
            ))
        })
    }

    /// The problem of a subject. `None` if it never had one, or its end is reported.
    pub fn problem(&self, subject: &str) -> Result<Option<Problem>> {
        self.find(
            "SELECT standing, outage_runs FROM problems WHERE subject = ?1",
            [subject],
            |row| {
                Ok(Problem {
                    standing: row.get(0)?,
                    outage_runs: row.get(1)?,
                })
            },
        )
    }

    /// Stores the problem of a subject.
    pub fn put_problem(&self, subject: &str, problem: &Problem) -> Result<()> {
        self.execute(
                "INSERT INTO problems (subject, standing, outage_runs) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE \
                 SET standing = excluded.standing, outage_runs = excluded.outage_runs",
                params![subject, problem.standing, problem.outage_runs],
            )?;
        Ok(())
    }

    /// Deletes the problem of a subject.
    pub fn clear_problem(&self, subject: &str) -> Result<()> {
        self.execute("DELETE FROM problems WHERE subject = ?1", [subject])?;
        Ok(())
    }
}
