//! A campaign: rounds of random commands by several processes and accounts, while the platform fails, processes are killed
//! and clocks step. After every round the weather clears, and what must hold whatever happened is looked at.
//!
//! What is planned follows from the seed; what the processes make of it does not, so the same seed fails often, not always.
//! `AIMHARDER_CAMPAIGN_SEED` chooses the seed, `AIMHARDER_CAMPAIGN_ROUNDS` how long it goes on.
#![allow(clippy::print_stderr)] // the seed is shown when a round fails

mod actions;
mod encryption;
mod expectations;
mod faults;
mod invariants;
mod leftovers;
mod printed;
mod scene;
mod tokens;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{
    ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, Output, Running, Sandbox, side_by_side, start,
};
use actions::Deed;
use encryption::Vault;
use expectations::Ledger;
use faults::Weather;
use leftovers::{Devices, no_lock_left};
use scene::Scenario;
use tokens::Tokens;

/// Somebody whose classes only automation books.
const EVA: &str = "eva@example.org";
const EVAS: &str = "paper-lantern";
const PEOPLE: [(&str, &str); 3] = [(ANA, ANA_PASSWORD), (BEN, BEN_PASSWORD), (EVA, EVAS)];

/// Without a seed: these, side by side, for so many rounds, in so much time.
const SEEDS: [u64; 2] = [20_261_121, 7];
const ROUNDS: usize = 6;
const TIME: Duration = Duration::from_secs(18);
/// A command that waits for a lock takes longer.
const SOON: Duration = Duration::from_secs(20);

/// With what requests of a round's processes are signed, and how many processes there are at most.
const SIGNED: &str = "Mozilla/5.0 process ";
const MOST_DEEDS: usize = 16;

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Lives,
    Killed(Duration),
    Interrupted(Duration, Signal),
}

/// What was done, how its process was treated, and what it said if it could.
type Ended = (Deed, Fate, Option<Output>);

struct Campaign {
    sandbox: Sandbox,
    home: Home,
    rng: Rng,
    ledger: Ledger,
    tokens: Tokens,
    vault: Vault,
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

/// Tells what was done in the round that fails.
struct Aloud<'r>(&'r Weather, &'r [Ended]);

impl Drop for Aloud<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{:?}", self.0);
            for (turn, (deed, fate, output)) in self.1.iter().enumerate() {
                eprintln!("process {turn}, {fate:?}: {deed:?}");
                if let Some(output) = output {
                    eprintln!(
                        "{:?} {:?}\n{}{}",
                        output.status, output.took, output.stdout, output.stderr
                    );
                }
            }
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
        home.use_real_time();
        // one that is presented because nobody can know of the newer one: see `tokens`
        sandbox.allow_replays();
        sandbox.account(&json!({
            "email": EVA, "password": EVAS, "name": "Eva", "boxes": ["crossfitdemo"],
        }));
        write_configs(&home);
        for (email, password) in PEOPLE {
            home.log_in(email, password);
        }
        let mut rng = Rng::with_seed(seed);
        let vault = Vault::new(&mut rng, &home);
        Self {
            sandbox,
            home,
            rng,
            ledger: Ledger::default(),
            tokens: Tokens::default(),
            vault,
        }
    }

    fn round(&mut self, number: usize) {
        let scene = Scenario::set(&self.sandbox, &self.home, number);
        scene.occupy(&self.sandbox, &mut self.rng);
        self.ledger.look(&self.sandbox);
        self.tokens.look(&self.sandbox);
        self.sandbox.clear_log();
        let weather = Weather::forecast(&mut self.rng);
        weather.begin(&self.sandbox);
        let mut deeds = Deed::some(&mut self.rng, &scene, &self.home);
        if self.rng.bool() {
            self.home.age_tokens(60);
        }
        let devices = Devices::before(&self.home, self.rng.u8(..6) == 0);
        let ended = self.at_once(&mut deeds, &weather);
        let _aloud = Aloud(&weather, &ended);
        no_lock_left(&self.home);
        let keys = self.vault.keys(&ended);
        self.vault.settle(&self.home, &ended);
        encryption::check_copies(&self.home, &ended, &keys);
        self.ledger.look(&self.sandbox);
        let log = self.sandbox.log();
        self.ledger.read(&log, &ended);
        for one in &ended {
            printed::check(one, &self.ledger, keys.len() > 1);
        }
        let died = |entry: &Value| was_killed(entry, &ended);
        devices.none_vanished(&self.home, &log, &ended);
        self.calm(&log, died);
        self.ledger.look(&self.sandbox);
        self.tokens.none_older(&self.sandbox.log(), died);
        self.ledger.holds(&self.sandbox, &self.home, &scene);
        tokens::are_the_newest(&self.sandbox, &self.vault.store(&self.home));
        encryption::holds(&self.home, self.ledger.secrets());
        self.ledger.outputs.clear();
    }

    /// Starts them a few milliseconds apart, and meets each with its fate.
    fn at_once(&mut self, deeds: &mut Vec<Deed>, weather: &Weather) -> Vec<Ended> {
        let mut under_way = Vec::new();
        for (turn, deed) in deeds.drain(..).enumerate() {
            let fate = weather.fate(&mut self.rng);
            let run = deed.run(&self.home, &config_of(&self.home, turn));
            let run = weather.clock(&mut self.rng, run);
            under_way.push((deed, fate, run.spawn()));
            thread::sleep(Duration::from_millis(self.rng.u64(..40)));
        }
        weather.strike(&mut self.rng, &self.sandbox, &self.home);
        let lock = weather.lock_store(&self.home);
        let waiting: Vec<_> = under_way
            .into_iter()
            .map(|(deed, fate, running)| thread::spawn(move || (deed, fate, meet(fate, running))))
            .collect();
        let ended = waiting.into_iter().map(|one| one.join().unwrap()).collect();
        lock.join().unwrap();
        ended
    }
}

/// What all processes have in common: short time-outs, and where passwords and the store's key come from. Each that is started
/// in a round has a config of its own, which makes it sign its requests.
fn write_configs(home: &Home) {
    let source = |(email, password)| {
        format!("[accounts.\"{email}\"]\npassword_command = \"echo {password}\"\n")
    };
    let rest = PEOPLE.map(source).concat() + &encryption::key_lines(home);
    let write = |more: &str| {
        home.config_with("", &format!("timeout = \"3s\"\n{more}"));
        fs::read_to_string(home.config_path()).unwrap() + &rest
    };
    for turn in 0..MOST_DEEDS {
        let config = write(&format!("user_agent = \"{SIGNED}{turn}\""));
        fs::write(config_of(home, turn), config).unwrap();
    }
    home.write_config(&write(""));
}

fn config_of(home: &Home, turn: usize) -> PathBuf {
    home.config_path().with_file_name(format!("{turn}.toml"))
}

/// The process that sent it was killed.
fn was_killed(entry: &Value, ended: &[Ended]) -> bool {
    let signed = entry["user_agent"]
        .as_str()
        .and_then(|agent| agent.strip_prefix(SIGNED));
    let Some(turn) = signed.map(|turn| turn.parse::<usize>().unwrap()) else {
        return false;
    };
    matches!(ended[turn].1, Fate::Killed(_))
}

fn meet(fate: Fate, running: Running) -> Option<Output> {
    match fate {
        Fate::Lives => Some(running.unchecked()),
        Fate::Killed(after) => {
            thread::sleep(after);
            running.kill();
            None
        }
        Fate::Interrupted(after, signal) => {
            thread::sleep(after);
            let id = Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
            // it may have ended by itself
            let _ = kill_process(id, signal);
            Some(running.unchecked())
        }
    }
}
