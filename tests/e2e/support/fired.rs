//! The JSON of `prebook run`. Its text on standard error is kept beside it, because problems are reported there only once.

use std::collections::BTreeSet;

use chrono::DateTime;
use serde_json::Value;

use super::Running;
use super::check::kind_of;

/// The object of a run, and its text on standard error.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) printed: Value,
    pub(crate) words: String,
}

/// The keys that `scripting.md` promises.
const RESULT: [&str; 8] = [
    "id",
    "outcome",
    "opens_at",
    "fired_at",
    "attempts",
    "clock_offset_ms",
    "message",
    "session",
];
pub(super) const PREBOOKING: [&str; 17] = [
    "id",
    "rule",
    "account",
    "box",
    "day",
    "start",
    "class",
    "alternatives",
    "family",
    "waitlist",
    "watch",
    "opens",
    "opens_at",
    "status",
    "attempts",
    "message",
    "reservation_id",
];
pub(super) const HISTORY: [&str; 5] = ["sent_at", "class", "outcome", "message", "lateness_ms"];

pub(super) fn has_keys(object: &Value, keys: &[&str]) {
    for key in keys {
        assert!(object.get(key).is_some(), "no {key:?} in {object}");
    }
}

impl Fired {
    /// Waits for a run that was started with `--json` and must end with this status.
    pub(crate) fn of(running: Running, status: i32) -> Self {
        let fired = Self::ended(running);
        let kind = fired.printed["error"]["kind"].as_str();
        assert_eq!(kind, kind_of(status), "{fired:?}");
        fired
    }

    /// Waits for a run, which may end with any status. Its object must have the error of that status.
    pub(crate) fn ended(running: Running) -> Self {
        let output = running.unchecked();
        let printed = output.object();
        let kind = output.status.and_then(kind_of);
        assert_eq!(printed["error"]["kind"].as_str(), kind, "{output:?}");
        let fired = Self {
            printed,
            words: output.stderr,
        };
        fired.adds_up();
        fired
    }

    fn adds_up(&self) {
        let counters = ["booked", "waitlisted", "failed", "postponed"];
        let sum: u64 = counters.iter().map(|name| self.count(name)).sum();
        assert_eq!(self.count("due"), sum, "{}", self.printed);
        assert_eq!(self.results().len() as u64, sum, "{}", self.printed);
        for result in self.results() {
            has_keys(result, &RESULT);
            for key in ["opens_at", "fired_at"] {
                let instant = result[key].as_str();
                assert!(
                    instant.is_none_or(|at| DateTime::parse_from_rfc3339(at).is_ok()),
                    "{result}"
                );
            }
            let fired = result["attempts"].as_u64().expect("a number") > 0;
            assert_eq!(fired, result["fired_at"].is_string(), "{result}");
            if fired {
                assert!(result["session"]["fingerprint"].is_string(), "{result}");
                assert_eq!(result["session"]["kind"], "background", "{result}");
            }
        }
    }

    pub(crate) fn results(&self) -> &[Value] {
        self.printed["results"].as_array().expect("a list")
    }

    pub(crate) fn count(&self, counter: &str) -> u64 {
        self.printed[counter].as_u64().expect("a counter")
    }

    /// These counters have these values, and all others are 0.
    pub(crate) fn is(&self, counters: &[(&str, u64)]) -> &Self {
        let total: u64 = counters.iter().map(|(_, times)| times).sum();
        for (counter, times) in counters {
            assert_eq!(self.count(counter), *times, "{counter} in {self:?}");
        }
        assert_eq!(self.count("due"), total, "{self:?}");
        self
    }

    /// The only result, which has this outcome and is counted accordingly.
    pub(crate) fn only(&self, outcome: &str) -> &Value {
        let [result] = self.results() else {
            panic!("not one result: {self:?}");
        };
        assert_eq!(result["outcome"], outcome, "{self:?}");
        let counter = match outcome {
            "booked" | "already_booked" => "booked",
            "not_found" | "unreachable" | "login_required" | "unknown_outcome" | "closed"
            | "too_early" | "limit_reached" => "postponed",
            _ => return result,
        };
        assert_eq!(self.count(counter), 1, "{self:?}");
        result
    }

    /// The outcome of a prebooking.
    pub(crate) fn outcome(&self, id: i64) -> &str {
        let found = self.results().iter().find(|result| result["id"] == id);
        let found = found.unwrap_or_else(|| panic!("nothing of {id}: {self:?}"));
        found["outcome"].as_str().expect("an outcome")
    }

    /// The ids of all prebookings that it has settled or postponed.
    pub(crate) fn ids(&self) -> BTreeSet<i64> {
        let ids = self.results().iter().filter_map(|r| r["id"].as_i64());
        ids.collect()
    }
}

/// Checks that the result's message contains these words.
pub(crate) fn says(result: &Value, words: &[&str]) {
    let message = result["message"].as_str().unwrap_or_default();
    for word in words {
        assert!(message.contains(word), "no {word:?} in {result}");
    }
}

/// The outcomes of the requests of a stored prebooking, oldest first, without those that were early.
pub(crate) fn outcomes(stored: &Value) -> Vec<String> {
    let history = stored["history"].as_array().expect("a history");
    let outcomes = history
        .iter()
        .filter_map(|request| request["outcome"].as_str());
    let in_time = outcomes.filter(|outcome| *outcome != "too_early");
    in_time.map(str::to_owned).collect()
}
