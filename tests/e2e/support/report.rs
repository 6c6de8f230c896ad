//! The JSON of `refresh`. Its text on standard error is kept beside it, because problems are reported there only once.

use serde_json::{Value, json};

use super::Run;
use super::check::kind_of;

/// The object of a refresh, and its text on standard error.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) printed: Value,
    pub(crate) words: String,
}

impl Run {
    /// Runs a refresh with `--json`, which must end with this status. Its counters must add up, every session is listed once,
    /// and the object has the error of the status.
    pub(crate) fn report(self, status: i32) -> Report {
        let output = self.arg("--json").unchecked();
        assert_eq!(output.status, Some(status), "{output:?}");
        let printed = output.object();
        let kind = printed["error"]["kind"].as_str();
        assert_eq!(kind, kind_of(status), "{output:?}");
        let report = Report {
            printed,
            words: output.stderr,
        };
        report.adds_up();
        report
    }
}

impl Report {
    fn adds_up(&self) {
        let sessions = self.printed["sessions"].as_array().expect("a list");
        let outcomes = [
            "updated",
            "fresh",
            "busy",
            "logged_out",
            "relogged",
            "failed",
        ];
        let total: u64 = outcomes.iter().map(|outcome| self.count(outcome)).sum();
        assert_eq!(self.printed["total"], total, "{}", self.printed);
        assert_eq!(sessions.len() as u64, total, "{}", self.printed);
        for outcome in outcomes {
            let listed = sessions.iter().filter(|s| s["outcome"] == *outcome);
            assert_eq!(
                listed.count() as u64,
                self.count(outcome),
                "{outcome} in {}",
                self.printed
            );
        }
        let mut prints: Vec<_> = sessions
            .iter()
            .map(|s| s["fingerprint"].to_string())
            .collect();
        prints.sort();
        prints.dedup();
        assert_eq!(
            prints.len(),
            sessions.len(),
            "a session twice: {}",
            self.printed
        );
    }

    pub(crate) fn count(&self, outcome: &str) -> u64 {
        self.printed[outcome].as_u64().expect("a counter")
    }

    /// These outcomes have these numbers of sessions, and all others none.
    pub(crate) fn is(&self, outcomes: &[(&str, u64)]) -> &Self {
        let total: u64 = outcomes.iter().map(|(_, times)| times).sum();
        for (outcome, times) in outcomes {
            assert_eq!(self.count(outcome), *times, "{outcome} in {}", self.printed);
        }
        assert_eq!(self.printed["total"], total, "{}", self.printed);
        self
    }

    /// The first session of a kind.
    pub(crate) fn session(&self, kind: &str) -> &Value {
        let sessions = self.printed["sessions"].as_array().expect("a list");
        let found = sessions.iter().find(|s| s["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind} session: {}", self.printed))
    }

    /// Nothing was printed beside the object.
    pub(crate) fn silent(&self) -> &Self {
        assert_eq!(json!(self.words), json!(""), "{}", self.printed);
        self
    }
}
