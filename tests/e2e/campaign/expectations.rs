//! What the platform did in all rounds, by its log and its reservations, and the checks of that and of the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::actions::What;
use super::scenario::Scenario;
use super::{Ended, Ending, PEOPLE};
use crate::support::{Home, Output, Sandbox, mode};

#[derive(Debug, Default)]
pub(super) struct Expectations {
    secrets: BTreeSet<String>,
    /// Every reservation that was seen, with its account and class.
    seen: BTreeMap<String, (String, String)>,
    /// The ids of reservations that were cancelled.
    cancelled: BTreeSet<String>,
    killed: usize,
    /// The number of processes for each outcome or exit code.
    ends: BTreeMap<String, usize>,
    /// The outputs that have not been searched for secrets yet.
    pub(super) outputs: Vec<Output>,
}

impl Expectations {
    /// Notes the secrets and reservations that exist now.
    pub(super) fn look(&mut self, sandbox: &Sandbox) {
        for session in sandbox.sessions() {
            let token = session["token"].as_str().unwrap();
            self.secret(token);
            self.secret(session["cookie"].as_str().unwrap());
            self.secret(session["phpsessid"].as_str().unwrap());
        }
        for reservation in sandbox.all_reservations() {
            let owner = (
                reservation["account"].as_str().unwrap().to_owned(),
                reservation["class"].to_string(),
            );
            self.seen.insert(reservation["idres"].to_string(), owner);
        }
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    fn secret(&mut self, text: &str) {
        if let Some((_, hex)) = text.rsplit_once('|') {
            self.secrets.insert(hex.to_owned());
        }
        if text.len() >= 8 {
            self.secrets.insert(text.to_owned());
        }
    }

    /// Notes the bookings and cancellations in the log of the round, and how its processes ended.
    pub(super) fn read(&mut self, log: &[Value], ended: &[Ended]) {
        for entry in log {
            let text = |key: &str| entry["form"][key].as_str().unwrap_or_default().to_owned();
            self.secret(entry["made_token"].as_str().unwrap_or_default());
            if entry["path"] == "/api/cancelBook" && entry["acted"] == true {
                self.cancelled.insert(text("id"));
            }
            if entry["path"] == "/api/book" && entry["acted"] == true {
                let answer = entry["answer"].as_str().unwrap_or_default();
                let answer: Value = serde_json::from_str(answer).unwrap_or_default();
                let id = answer["id"]
                    .as_str()
                    .map_or_else(|| answer["id"].to_string(), str::to_owned);
                if id != "null" {
                    let owner = (
                        entry["account"].as_str().unwrap_or_default().to_owned(),
                        text("id"),
                    );
                    self.seen.entry(id).or_insert(owner);
                }
            }
        }
        let killed = ended
            .iter()
            .filter(|(_, ending, _)| matches!(ending, Ending::Killed(_)))
            .count();
        self.killed += killed;
        for (action, _, output) in ended {
            if action.what == What::Rekey {
                self.secrets.insert(action.stdin.clone());
            }
            let Some(output) = output else { continue };
            let printed: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
            let end = match printed["outcome"].as_str() {
                Some(outcome) => outcome.to_owned(),
                None => format!("{:?} {}", action.what, output.status.unwrap_or(-1)),
            };
            *self.ends.entry(end).or_default() += 1;
            self.outputs.push(output.clone());
        }
    }

    pub(super) fn knows(&self, reservation: &str, who: &str, class: &str) -> bool {
        match self.seen.get(reservation) {
            Some((account, of)) => account == who && of == class,
            // made and cancelled between two looks, and its response was lost
            None => self.cancelled.contains(reservation),
        }
    }

    pub(super) fn had_place(&self, who: &str, class: &str) -> bool {
        self.seen
            .values()
            .any(|(account, of)| account == who && of == class)
    }

    /// Whether a place of this account in that class was cancelled.
    pub(super) fn was_cancelled(&self, who: &str, class: &str) -> bool {
        self.cancelled.iter().any(|id| match self.seen.get(id) {
            Some((account, of)) => account == who && of == class,
            None => true,
        })
    }

    /// Whether the reservation is, or may have been, of this account, in any class.
    pub(super) fn is_of(&self, reservation: &str, who: &str) -> bool {
        match self.seen.get(reservation) {
            Some((account, _)) => account == who,
            None => self.cancelled.contains(reservation),
        }
    }

    pub(super) fn sum(&self) -> String {
        let ends: Vec<String> = self
            .ends
            .iter()
            .map(|(end, times)| format!("{times} {end}"))
            .collect();
        format!("{} killed, {}", self.killed, ends.join(", "))
    }

    /// Checks the invariants after a round.
    pub(super) fn holds(&self, sandbox: &Sandbox, home: &Home, scenario: &Scenario) {
        self.nothing_leaked();
        self.store_is_whole(home);
        let all = sandbox.all_reservations();
        let mut places = BTreeSet::new();
        for reservation in &all {
            let place = (
                reservation["account"].as_str(),
                reservation["class"].as_u64(),
            );
            assert!(places.insert(place), "twice: {reservation}");
        }
        // only automation acts for her, and she has one prebooking in a round, with an alternative
        let hers = scenario.classes().into_iter().filter(|class| {
            let number = class.id.parse().ok();
            places.contains(&(Some(super::EVA), number))
        });
        assert!(hers.count() <= 1, "two classes for one prebooking");
    }

    fn nothing_leaked(&self) {
        let passwords = PEOPLE.iter().map(|(_, password)| *password);
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        let all: Vec<&str> = passwords.chain(["wrong-umbrella"]).chain(secrets).collect();
        for output in &self.outputs {
            for secret in &all {
                let said = output.stdout.contains(secret) || output.stderr.contains(secret);
                assert!(!said, "{secret} was printed: {output:?}");
            }
        }
    }

    fn store_is_whole(&self, home: &Home) {
        assert_eq!(home.ask("PRAGMA foreign_key_check"), "");
        let background = "SELECT count(*) || ' ' || count(DISTINCT account) FROM sessions WHERE kind = 'background'";
        let people = PEOPLE.len();
        assert_eq!(home.ask(background), format!("{people} {people}"));
        let booked = "SELECT group_concat(account || ' ' || reservation_id || ' ' || class_id, '\n') FROM prebookings \
                      WHERE status IN ('booked', 'waitlisted') AND reservation_id IS NOT NULL";
        for line in home.ask(booked).lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            assert!(
                self.knows(parts[1], parts[0], parts[2]),
                "no such reservation: {line}"
            );
        }
        closed_to_others(home.store_path().parent().unwrap());
    }
}

fn closed_to_others(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
        if path.is_dir() {
            closed_to_others(&path);
        }
    }
}
