//! Checks the tokens that were presented: no process presents an older token than the newest one in the store (promises 3 to 5).
//!
//! A replaced token may be presented again for one reason only: the token that replaced it did not reach the store, because the
//! response to the update or the login was lost, or because the process that received it was killed, perhaps before it could
//! write. So every request is compared with the earlier ones *of the same session*: a fault or a kill that concerns another
//! session is no reason.

use std::collections::BTreeMap;

use aimharder::store::Store;
use serde_json::Value;

use crate::support::Sandbox;

/// The newest token of every session, by fingerprint, when no request was under way.
#[derive(Debug, Default)]
pub(super) struct Tokens(BTreeMap<String, String>);

impl Tokens {
    /// Notes the tokens. To be called when every session has just been updated.
    pub(super) fn look(&mut self, sandbox: &Sandbox) {
        for session in sandbox.sessions() {
            let text = |key: &str| session[key].as_str().unwrap().to_owned();
            self.0.insert(text("fingerprint"), text("token"));
        }
    }

    /// `died`: whether the process that sent a request was killed.
    pub(super) fn none_older(&self, log: &[Value], died: impl Fn(&Value) -> bool) {
        for (at, entry) in log.iter().enumerate() {
            let Some((fingerprint, token)) = presented(entry) else {
                continue;
            };
            // under way when its process was killed, and overtaken by the next process
            if died(entry) {
                continue;
            }
            let known = self.knowable(&log[..at], &fingerprint, &died);
            assert!(
                known.contains(&token.as_str()),
                "an older token than the newest one: {entry}\nthe newest may be one of: {known:?}\n{}",
                history(&log[..=at], &fingerprint)
            );
            let ended = answers_logout(&log[..at], &fingerprint, &token, &died);
            assert!(
                ended.is_none(),
                "the token of a dead session was presented again: {entry}\nafter {ended:?}"
            );
        }
    }

    /// The tokens that may have been the newest in the store then: the last one that was certainly stored, and the later ones,
    /// which may have been stored or not.
    fn knowable<'a>(
        &'a self,
        before: &'a [Value],
        fingerprint: &str,
        died: &impl Fn(&Value) -> bool,
    ) -> Vec<&'a str> {
        let mut known = Vec::new();
        for entry in before.iter().rev().filter(|entry| gave(entry, fingerprint)) {
            known.extend(entry["made_token"].as_str());
            if !is_lost(entry) && !died(entry) {
                return known;
            }
        }
        known.extend(self.0.get(fingerprint).map(String::as_str));
        known
    }
}

/// The session may have a token that is not in the store.
pub(super) fn is_behind(log: &[Value], fingerprint: &str, died: impl Fn(&Value) -> bool) -> bool {
    let mut made = log.iter().filter(|entry| gave(entry, fingerprint));
    made.any(|entry| is_lost(entry) || died(entry))
}

/// Whether the response to an update of the session was a logout.
pub(super) fn was_ended(log: &[Value], fingerprint: &str) -> bool {
    let mut updates = log.iter().filter(|entry| updated(entry, fingerprint));
    updates.any(says_logout)
}

fn gave(entry: &Value, fingerprint: &str) -> bool {
    entry["made_token"].is_string() && of(entry) == Some(fingerprint)
}

fn updated(entry: &Value, fingerprint: &str) -> bool {
    entry["path"] == "/api/tokenUpdate" && of(entry) == Some(fingerprint)
}

/// The fingerprint of a request, from its form or else by its cookies.
fn of(entry: &Value) -> Option<&str> {
    let own = entry["form"]["fingerprint"].as_str();
    own.or(entry["fingerprint"].as_str())
}

/// Whether the platform acted and its response was lost.
fn is_lost(entry: &Value) -> bool {
    entry["acted"] == true && entry["fault"].is_string() && entry["fault"] != "date"
}

fn says_logout(entry: &Value) -> bool {
    let answer = entry["answer"].as_str().unwrap_or_default();
    answer.contains("\"logout\"")
}

/// The update with this token to which the response was a logout that reached the process.
fn answers_logout<'a>(
    before: &'a [Value],
    fingerprint: &str,
    token: &str,
    died: &impl Fn(&Value) -> bool,
) -> Option<&'a Value> {
    before.iter().find(|entry| {
        updated(entry, fingerprint)
            && entry["form"]["token"] == token
            && says_logout(entry)
            && !is_lost(entry)
            && !died(entry)
    })
}

/// Fingerprint and token, of an update or a `setrefresh`.
fn presented(entry: &Value) -> Option<(String, String)> {
    match entry["path"].as_str()? {
        "/api/tokenUpdate" => {
            let field = |name: &str| entry["form"][name].as_str().map(str::to_owned);
            Some((field("fingerprint")?, field("token")?))
        }
        "/setrefresh" => {
            let query = entry["query"].as_str()?.replace("%7C", "|");
            let field = |name: &str| {
                let mut fields = query.split('&').filter_map(|field| field.split_once('='));
                fields
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.to_owned())
            };
            Some((field("fingerprint")?, field("token")?))
        }
        _ => None,
    }
}

/// The requests that concern the session, for the message of a failure.
fn history(log: &[Value], fingerprint: &str) -> String {
    let lines = log.iter().filter_map(|entry| {
        let shown = presented(entry).filter(|(print, _)| print == fingerprint);
        if shown.is_none() && !gave(entry, fingerprint) {
            return None;
        }
        let token = shown.map(|(_, token)| token);
        Some(format!(
            "{} {} by {}: showed {token:?}, made {}, fault {}, answer {}\n",
            entry["n"],
            entry["path"],
            entry["user_agent"],
            entry["made_token"],
            entry["fault"],
            entry["answer"]
        ))
    });
    lines.collect()
}

/// Every session has just been updated: the store's token is the platform's.
pub(super) fn are_the_newest(sandbox: &Sandbox, store: &Store) {
    for listed in store.sessions(None).unwrap() {
        let row = store.session(listed.id).unwrap().expect("a session");
        let there = sandbox.session(row.account.as_str(), row.fingerprint.as_str());
        assert_eq!(there["token"], row.token.expose(), "{row:?}");
        assert_eq!(there["dead"], false, "{row:?}");
    }
}
