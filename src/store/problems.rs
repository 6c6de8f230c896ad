//! What stands wrong, run after run: so that automation puts a problem into words when it is new
//! and once when it is over, and not 96 times a day (`scripting.md`, "Told once"). What is told and when
//! is decided in [`crate::alerts`].

use rusqlite::params;

use super::{Result, Store};

/// What is known of one subject (a session or a prebooking) that has, or had, a problem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// the kind that was put into words and still stands
    pub standing: Option<String>,
    /// how many runs in a row could not reach the platform
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

    /// What was told of a subject; `None`: it never had a problem, or it is over and told.
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

    /// Remember what was told of a subject.
    pub fn put_problem(&self, subject: &str, problem: &Problem) -> Result<()> {
        self.execute(
                "INSERT INTO problems (subject, standing, outage_runs) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE \
                 SET standing = excluded.standing, outage_runs = excluded.outage_runs",
                params![subject, problem.standing, problem.outage_runs],
            )?;
        Ok(())
    }

    /// The problem is over, or its subject is.
    pub fn clear_problem(&self, subject: &str) -> Result<()> {
        self.execute("DELETE FROM problems WHERE subject = ?1", [subject])?;
        Ok(())
    }
}
