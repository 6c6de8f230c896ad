//! What stands wrong, run after run: so that automation puts a problem into words when it is new
//! and once when it is over, and not 96 times a day (`cli.md`, "Told once").

use rusqlite::{OptionalExtension, params};

use super::{At, Result, Store};

/// A standing problem of one session or prebooking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// an error kind of the exit-code table
    pub kind: String,
    /// how many runs in a row have met it
    pub runs: i64,
    pub told: bool,
}

impl Store {
    pub fn problem(&self, subject: &str) -> Result<Option<Problem>> {
        self.db()
            .query_row(
                "SELECT kind, runs, told FROM problems WHERE subject = ?1",
                [subject],
                |row| {
                    Ok(Problem {
                        kind: row.get(0)?,
                        runs: row.get(1)?,
                        told: row.get(2)?,
                    })
                },
            )
            .optional()
            .at(self.path())
    }

    /// Another run has met this problem.
    pub fn put_problem(&self, subject: &str, problem: &Problem) -> Result<()> {
        self.db()
            .execute(
                "INSERT INTO problems (subject, kind, runs, told) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE \
                 SET kind = excluded.kind, runs = excluded.runs, told = excluded.told",
                params![subject, problem.kind, problem.runs, problem.told],
            )
            .at(self.path())?;
        Ok(())
    }

    /// The problem is over, or its subject is.
    pub fn clear_problem(&self, subject: &str) -> Result<()> {
        self.db()
            .execute("DELETE FROM problems WHERE subject = ?1", [subject])
            .at(self.path())?;
        Ok(())
    }
}
