//! The commands that people and cron jobs run in a round.

use std::path::Path;

use fastrand::Rng;

use super::scenario::{Class, Scenario};
use super::{EVA, PEOPLE, encryption};
use crate::support::{ANA, BEN, Home, Run};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What {
    Book,
    Cancel,
    PrebookRun,
    Update,
    Look,
    Keep,
    /// Removes a prebooking, a rule or a skip, which may not exist.
    Drop,
    Status,
    Encrypt,
    Decrypt,
    Rekey,
    Copy,
}

/// One command.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) what: What,
    pub(super) who: &'static str,
    pub(super) json: bool,
    pub(super) class: Option<Class>,
    args: Vec<String>,
    pub(super) stdin: String,
}

impl Action {
    /// Three to ten actions.
    pub(super) fn some(rng: &mut Rng, scenario: &Scenario, home: &Home) -> Vec<Action> {
        let mut actions: Vec<Action> = (0..rng.usize(3..9))
            .map(|_| match rng.u8(..8) {
                0 => encryption::action(rng, home),
                _ => Action::any(rng, scenario),
            })
            .collect();
        if rng.bool() {
            actions.insert(0, Action::prebook(EVA, scenario, rng));
            actions.push(Action::new(
                What::PrebookRun,
                EVA,
                "prebook run --horizon 10s --give-up 2s",
            ));
        }
        for action in &mut actions {
            action.json &= rng.u8(..5) > 0;
        }
        actions
    }

    fn any(rng: &mut Rng, scenario: &Scenario) -> Action {
        let who = if rng.bool() { ANA } else { BEN };
        let class = scenario.classes()[rng.usize(..3)].clone();
        let words = |what, args: &str| Action::new(what, who, args);
        match rng.u8(..34) {
            0..=5 => Action::book(who, scenario, class, rng),
            6..=9 => Action::cancel(who, scenario, scenario.roomy.clone(), rng),
            10 | 11 => Action::cancel(who, scenario, class, rng),
            12 | 13 => Action::all(What::Update, "refresh --force --rate 0"),
            14 => Action::all(What::Update, "refresh --force --deep --rate 0"),
            15 => Action::all(What::Update, "refresh"),
            16 => words(What::Look, "bookings"),
            17 => words(What::Look, "boxes --detect"),
            18 => words(What::Look, &format!("classes --day {}", scenario.day)),
            19 => words(What::Keep, one_of(rng, &["logout", "logout --all-devices"])),
            20 => Action::all(What::Keep, "sessions prune"),
            21 => words(What::Keep, "sessions"),
            22 | 23 => Action::prebook(who, scenario, rng),
            24 => Action::all(What::PrebookRun, "prebook run --horizon 10s --give-up 2s"),
            25 => Action::all(What::PrebookRun, "prebook run --horizon 0s --give-up 1s"),
            26 => Action::status(rng),
            27..=31 => Action::plan(who, scenario, rng),
            _ => Action::login(rng),
        }
    }

    fn status(rng: &mut Rng) -> Action {
        let how = [
            "status",
            "status --check",
            "status --prometheus",
            "status --online",
        ];
        let how = one_of(rng, &how);
        Action {
            json: !how.contains("prometheus"),
            ..Action::all(What::Status, how)
        }
    }

    /// Commands for prebookings and weekly rules.
    fn plan(who: &'static str, scenario: &Scenario, rng: &mut Rng) -> Action {
        let (one, rule) = (
            scenario.numbers.0 + rng.i64(1..4),
            scenario.numbers.1 + rng.i64(1..3),
        );
        let (day, soon) = (&scenario.day, &scenario.soon);
        match rng.u8(..9) {
            0 => Action::new(What::Keep, who, &format!("prebook skip {day}")),
            1 => Action::new(What::Drop, who, &format!("prebook skip {day} --remove")),
            2 | 3 => Action::all(What::Drop, &format!("prebook remove {one}")),
            4 => Action::all(What::Drop, &format!("prebook remove r{rule}")),
            5 => Action::all(What::Keep, "prebook list --all"),
            6 => Action::all(What::Keep, "prebook rules"),
            _ => {
                let mut args = format!(
                    "prebook add --box crossfitdemo --weekly {} --until {day} --opens {} --time {}",
                    scenario.weekday, scenario.opens, soon.start
                );
                args += one_of(rng, &["", " --waitlist", " --watch"]);
                let mut action = Action::new(What::Keep, who, &args);
                action
                    .args
                    .extend(["--class".to_owned(), soon.name.clone()]);
                action
            }
        }
    }

    fn new(what: What, who: &'static str, args: &str) -> Action {
        let mut args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        args.extend(["--account".to_owned(), who.to_owned()]);
        Action {
            what,
            who,
            json: true,
            class: None,
            args,
            stdin: String::new(),
        }
    }

    /// For every account.
    pub(super) fn all(what: What, args: &str) -> Action {
        let mut action = Action::new(what, "", args);
        action.args.truncate(action.args.len() - 2);
        action
    }

    fn book(who: &'static str, scenario: &Scenario, class: Class, rng: &mut Rng) -> Action {
        let mut args = format!("book --box crossfitdemo --day {}", scenario.day);
        if rng.bool() {
            args += " --waitlist";
        }
        if rng.u8(..3) == 0 {
            args += " --session background";
        }
        Action::new(What::Book, who, &args).of(class, rng)
    }

    fn cancel(who: &'static str, scenario: &Scenario, class: Class, rng: &mut Rng) -> Action {
        let mut action = Action::new(
            What::Cancel,
            who,
            &format!("cancel --box crossfitdemo --day {}", scenario.day),
        );
        action.args.extend([
            "--time".to_owned(),
            class.start.clone(),
            "--class".to_owned(),
            class.name.clone(),
        ]);
        if rng.u8(..3) == 0 {
            action.args.push("--late".to_owned());
        }
        action.class = Some(class);
        action
    }

    fn of(mut self, class: Class, rng: &mut Rng) -> Action {
        let more = if rng.bool() {
            vec!["--id".to_owned(), class.id.clone()]
        } else {
            vec![
                "--time".to_owned(),
                class.start.clone(),
                "--class".to_owned(),
                class.name.clone(),
            ]
        };
        self.args.extend(more);
        self.class = Some(class);
        self
    }

    /// Prebooks two of the three classes, the second as the alternative.
    fn prebook(who: &'static str, scenario: &Scenario, rng: &mut Rng) -> Action {
        let mut action = Action::new(
            What::Keep,
            who,
            &format!("prebook add --box crossfitdemo --day {}", scenario.day),
        );
        let (first, other) = if rng.bool() {
            (&scenario.soon, &scenario.roomy)
        } else {
            (&scenario.full, &scenario.soon)
        };
        action.args.extend(
            [
                "--time",
                &first.start,
                "--class",
                &first.name,
                "--opens",
                &scenario.opens,
            ]
            .map(str::to_owned),
        );
        action
            .args
            .extend(["--or".to_owned(), format!("{} {}", other.start, other.name)]);
        if rng.bool() {
            action.args.push("--waitlist".to_owned());
        }
        action
    }

    fn login(rng: &mut Rng) -> Action {
        let (who, password) = PEOPLE[rng.usize(..PEOPLE.len())];
        let wrong = rng.u8(..4) == 0;
        Action {
            stdin: if wrong { "wrong-umbrella" } else { password }.to_owned(),
            ..Action::new(What::Update, who, "login --password-stdin")
        }
    }

    pub(super) fn last_arg(&self) -> &str {
        self.args.last().expect("an argument")
    }

    /// Whether the action deletes sessions of this account.
    pub(super) fn deletes_sessions_of(&self, account: &str) -> bool {
        self.who == account && self.args[0] == "logout"
    }

    pub(super) fn prunes(&self) -> bool {
        self.args.get(1).is_some_and(|arg| arg == "prune")
    }

    pub(super) fn run(&self, home: &Home, config: &Path) -> Run {
        let mut run = home.run("-vv").stdin(&self.stdin);
        run = run.env("AIMHARDER_CONFIG", config);
        for arg in &self.args {
            run = run.arg(arg);
        }
        if self.json { run.arg("--json") } else { run }
    }
}

fn one_of<'a>(rng: &mut Rng, all: &[&'a str]) -> &'a str {
    all[rng.usize(..all.len())]
}
