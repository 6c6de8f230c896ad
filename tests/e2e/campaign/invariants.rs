//! After a round, without faults: automation recovers by itself, no process waits for a killed one, and prebookings of killed runs
//! are settled.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Campaign, PEOPLE, SOON, faults, tokens};
use crate::support::{Home, Sandbox};

impl Campaign {
    pub(super) fn recover(&mut self, log: &[Value], died: impl Fn(&Value) -> bool) {
        faults::clear(&self.sandbox);
        // passwords that were wrong on purpose must not prevent a login
        self.home.sql("DELETE FROM refusals");
        let may_be_dead = may_be_dead(&self.sandbox, &self.home, log, died);
        self.in_time("sessions prune", &[0]);
        let begun =
            "SELECT group_concat(fingerprint) FROM sessions WHERE update_begun_at IS NOT NULL";
        let uncertain = self.home.ask(begun);
        let report = self.in_time("refresh --force --rate 0", &[0, 3, 7]);
        let sessions = report["sessions"].as_array().expect("a list");
        for session in sessions {
            let fingerprint = session["fingerprint"].as_str().unwrap();
            let is_background = session["kind"] == "background";
            // A dead device session is deleted, a background session is logged in again. A token whose update may have been
            // served is left alone while the session works.
            let is_uncertain = uncertain.contains(fingerprint);
            let outcomes: &[&str] = match may_be_dead.contains(fingerprint) {
                false if !is_uncertain => &["updated"],
                _ if is_background => &["updated", "relogged"],
                true if !is_uncertain => &["updated", "logged_out"],
                _ => &["updated", "logged_out", "fresh"],
            };
            assert!(
                outcomes.contains(&session["outcome"].as_str().unwrap()),
                "{report}"
            );
        }
        let background = sessions
            .iter()
            .filter(|session| session["kind"] == "background");
        assert_eq!(background.count(), PEOPLE.len(), "{report}");
        for (email, password) in PEOPLE {
            let there = format!(
                "SELECT 1 FROM sessions WHERE kind = 'device' AND account = '{email}' AND update_begun_at IS NULL"
            );
            if self.home.ask(&there).is_empty() {
                self.home.log_in(email, password);
            }
        }
        let report = self.in_time("refresh --force --rate 0", &[0]);
        assert_eq!(report["updated"], 2 * PEOPLE.len(), "{report}");
        self.nothing_planned();
    }

    /// Executes what is due and removes the rest: the next round begins without prebookings.
    fn nothing_planned(&mut self) {
        self.in_time("prebook run --horizon 10s --give-up 1s", &[0, 4, 6, 7, 9]);
        let executing = self
            .home
            .ask("SELECT id FROM prebookings WHERE status = 'executing'");
        assert_eq!(executing, "", "a claim of a killed run is left");
        for (list, of) in [("rules", "rules"), ("list", "prebookings")] {
            let printed = self.in_time(&format!("prebook {list}"), &[0]);
            for left in printed[of].as_array().unwrap() {
                let id = left["id"]
                    .as_str()
                    .map_or_else(|| left["id"].to_string(), str::to_owned);
                self.in_time(&format!("prebook remove {id}"), &[0]);
            }
        }
        self.home.sql("DELETE FROM skips");
    }

    /// The object of a command that ends with one of these codes, soon.
    fn in_time(&mut self, args: &str, codes: &[i32]) -> Value {
        let output = self.home.run(args).args("--json -vv").unchecked();
        let status = output.status.unwrap_or(-1);
        assert!(codes.contains(&status), "{args}: {output:?}");
        assert!(output.took < SOON, "{args}: a lock is left: {output:?}");
        let object = output.object();
        self.expectations.outputs.push(output);
        object
    }
}

/// The fingerprints of the sessions that may be dead: those that the platform has ended, those whose newest token may not be in
/// the store, and those that are marked as expired. No other session may be dead.
fn may_be_dead(
    sandbox: &Sandbox,
    home: &Home,
    log: &[Value],
    died: impl Fn(&Value) -> bool,
) -> BTreeSet<String> {
    let sessions = sandbox.sessions();
    let print = |session: &Value| session["fingerprint"].as_str().unwrap().to_owned();
    sessions
        .iter()
        .filter(|session| {
            let print = print(session);
            let query = format!("SELECT status FROM sessions WHERE fingerprint = '{print}'");
            session["dead"] == true
                || tokens::is_behind(log, &print, &died)
                || home.ask(&query) == "expired"
        })
        .map(print)
        .collect()
}
