//! A campaign: rounds of random commands by several processes and accounts, while the platform fails, processes are killed
//! and clocks step. After every round the weather clears, and what must hold whatever happened is looked at.
//!
//! What is planned follows from the seed; what the processes make of it does not, so the same seed fails often, not always.
//! `AIMHARDER_CAMPAIGN_SEED` chooses the seed, `AIMHARDER_CAMPAIGN_ROUNDS` how long it goes on.
#![allow(clippy::print_stderr)] // the seed is shown when a round fails

mod deeds;
mod ledger;
mod told;
mod weather;

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{ANA, ANAS, BEN, BENS, Home, Output, Running, Sandbox, side_by_side, start};
use deeds::{Deed, Scene};
use ledger::Ledger;
use weather::Weather;

/// Somebody whose classes only automation books.
const EVA: &str = "eva@example.org";
const EVAS: &str = "paper-lantern";
const PEOPLE: [(&str, &str); 3] = [(ANA, ANAS), (BEN, BENS), (EVA, EVAS)];

/// Without a seed: these, side by side, for so many rounds, in so much time.
const SEEDS: [u64; 2] = [20_261_121, 7];
const ROUNDS: usize = 6;
const TIME: Duration = Duration::from_secs(18);
/// A command that waits for a lock takes longer.
const SOON: Duration = Duration::from_secs(20);

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Lives,
    Killed(Duration),
    Interrupted(Duration),
}

struct Campaign {
    sandbox: Sandbox,
    home: Home,
    rng: Rng,
    ledger: Ledger,
}

fn given(name: &str) -> Option<u64> {
    let value = std::env::var(format!("AIMHARDER_CAMPAIGN_{name}")).ok()?;
    Some(value.parse().expect("a number"))
}

#[test]
fn whatever_happens() {
    match (given("SEED"), given("ROUNDS")) {
        (None, None) => side_by_side(&SEEDS, |&seed| campaign(seed, ROUNDS, TIME)),
        (seed, rounds) => {
            let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
            let rounds = usize::try_from(rounds.unwrap_or(20)).unwrap();
            campaign(seed, rounds, Duration::MAX);
        }
    }
}

/// Says how to do it again when it fails.
struct Again {
    seed: u64,
    round: usize,
}

impl Drop for Again {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!(
                "round {} failed; again: AIMHARDER_CAMPAIGN_SEED={} AIMHARDER_CAMPAIGN_ROUNDS={} cargo test --test e2e campaign",
                self.round,
                self.seed,
                self.round + 1,
            );
        }
    }
}

fn campaign(seed: u64, rounds: usize, time: Duration) {
    let began = Instant::now();
    let mut again = Again { seed, round: 0 };
    let mut campaign = Campaign::new(seed);
    while again.round < rounds && began.elapsed() < time {
        campaign.round(again.round);
        again.round += 1;
    }
    eprintln!(
        "seed {seed}: {} rounds, {}",
        again.round,
        campaign.ledger.sum()
    );
    assert!(again.round > 0);
}

impl Campaign {
    fn new(seed: u64) -> Self {
        let (mut sandbox, home) = start();
        // a process that dies between the answer and the store presents the old token the next time
        sandbox.allow_replays();
        sandbox.account(&json!({
            "email": EVA, "password": EVAS, "name": "Eva", "boxes": ["crossfitdemo"],
        }));
        let source = |(email, password)| {
            format!("[accounts.\"{email}\"]\npassword_command = \"echo {password}\"\n")
        };
        home.config_with("", "timeout = \"3s\"");
        let config = std::fs::read_to_string(home.config_path()).unwrap();
        home.write_config(&(config + &PEOPLE.map(source).concat()));
        for (email, password) in PEOPLE {
            home.log_in(email, password);
        }
        Self {
            sandbox,
            home,
            rng: Rng::with_seed(seed),
            ledger: Ledger::default(),
        }
    }

    fn round(&mut self, number: usize) {
        let scene = Scene::set(&self.sandbox, number);
        scene.occupy(&self.sandbox, &mut self.rng);
        self.ledger.look(&self.sandbox);
        let replays = self.ledger.replays;
        self.sandbox.clear_log();
        let weather = Weather::forecast(&mut self.rng);
        weather.begin(&self.sandbox);
        let mut deeds = Deed::some(&mut self.rng, &scene);
        if self.rng.bool() {
            self.home.age_tokens(60);
        }
        let ended = self.at_once(&mut deeds, &weather);
        self.ledger.look(&self.sandbox);
        let log = self.sandbox.log();
        self.ledger.read(&log, &ended);
        for (deed, fate, output) in &ended {
            if let Some(output) = output {
                told::check(deed, *fate, output, &self.ledger);
            }
        }
        self.calm();
        self.ledger.look(&self.sandbox);
        assert!(
            weather.loses_tokens() || self.ledger.replays == replays,
            "a replaced token was presented again without need"
        );
        self.ledger.holds(&self.sandbox, &self.home, &scene);
        self.ledger.outputs.clear();
    }

    /// Starts them a few milliseconds apart, and meets each with its fate.
    fn at_once(
        &mut self,
        deeds: &mut Vec<Deed>,
        weather: &Weather,
    ) -> Vec<(Deed, Fate, Option<Output>)> {
        let mut under_way = Vec::new();
        for deed in deeds.drain(..) {
            let fate = weather.fate(&mut self.rng);
            let run = weather.clock(&mut self.rng, deed.run(&self.home));
            under_way.push((deed, fate, run.spawn()));
            thread::sleep(Duration::from_millis(self.rng.u64(..40)));
        }
        weather.strike(&mut self.rng, &self.sandbox, &self.home);
        let waiting: Vec<_> = under_way
            .into_iter()
            .map(|(deed, fate, running)| thread::spawn(move || (deed, fate, meet(fate, running))))
            .collect();
        waiting.into_iter().map(|one| one.join().unwrap()).collect()
    }

    /// No fault any more: automation needs no help, nobody waits for the dead, and what is left over is settled.
    fn calm(&mut self) {
        weather::clear(&self.sandbox);
        // passwords that were wrong on purpose must not keep anybody out
        self.home.sql("DELETE FROM refusals");
        // a device session whose new token was lost with a killed process is dead; a background session is healed
        let report = self.in_time("refresh --force --rate 0", &[0, 3, 7]);
        let sessions = report["sessions"].as_array().expect("a list");
        for session in sessions {
            let fine: &[&str] = match session["kind"].as_str() {
                Some("background") => &["updated", "relogged"],
                _ => &["updated", "logged_out"],
            };
            assert!(
                fine.contains(&session["outcome"].as_str().unwrap()),
                "{report}"
            );
        }
        let background = sessions
            .iter()
            .filter(|session| session["kind"] == "background");
        assert_eq!(background.count(), PEOPLE.len(), "{report}");
        for (email, password) in PEOPLE {
            let there =
                format!("SELECT 1 FROM sessions WHERE kind = 'device' AND account = '{email}'");
            if self.home.ask(&there).is_none() {
                self.home.log_in(email, password);
            }
        }
        let report = self.in_time("refresh --force --rate 0", &[0]);
        assert_eq!(report["updated"], 2 * PEOPLE.len(), "{report}");
        self.in_time("prebook run --horizon 10s --give-up 1s", &[0, 4, 6, 7, 9]);
        let executing = self
            .home
            .ask("SELECT id FROM prebookings WHERE status = 'executing'");
        assert_eq!(executing, None, "claimed by the dead");
        for left in self.in_time("prebook list", &[0])["prebookings"]
            .as_array()
            .unwrap()
        {
            self.in_time(&format!("prebook remove {}", left["id"]), &[0]);
        }
    }

    /// The object of a command that ends with one of these codes, soon.
    fn in_time(&mut self, args: &str, codes: &[i32]) -> Value {
        let output = self.home.run(args).args("--json -vv").unchecked();
        let status = output.status.unwrap_or(-1);
        assert!(codes.contains(&status), "{args}: {output:?}");
        assert!(output.took < SOON, "{args}: a lock is left: {output:?}");
        let object = serde_json::from_str(&output.stdout).expect("an object");
        self.ledger.outputs.push(output);
        object
    }
}

fn meet(fate: Fate, running: Running) -> Option<Output> {
    match fate {
        Fate::Lives => Some(running.unchecked()),
        Fate::Killed(after) => {
            thread::sleep(after);
            running.kill();
            None
        }
        Fate::Interrupted(after) => {
            thread::sleep(after);
            let id = Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
            // it may have ended by itself
            let _ = kill_process(id, Signal::INT);
            Some(running.unchecked())
        }
    }
}
