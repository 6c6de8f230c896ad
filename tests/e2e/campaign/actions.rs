//! What people and their cron jobs do in a round.

use std::path::Path;

use fastrand::Rng;

use super::scene::{Class, Scenario};
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
    /// a prebooking or rule that may not be there
    Drop,
    Status,
    Encrypt,
    Decrypt,
    Rekey,
    Copy,
}

/// One command.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) what: What,
    pub(super) who: &'static str,
    pub(super) json: bool,
    pub(super) class: Option<Class>,
    args: Vec<String>,
    pub(super) stdin: String,
}

impl Deed {
    /// Three to ten of them.
    pub(super) fn some(rng: &mut Rng, scene: &Scenario, home: &Home) -> Vec<Deed> {
        let mut deeds: Vec<Deed> = (0..rng.usize(3..9))
            .map(|_| match rng.u8(..8) {
                0 => encryption::deed(rng, home),
                _ => Deed::any(rng, scene),
            })
            .collect();
        if rng.bool() {
            deeds.insert(0, Deed::wish(EVA, scene, rng));
            deeds.push(Deed::new(
                What::PrebookRun,
                EVA,
                "prebook run --horizon 10s --give-up 2s",
            ));
        }
        for deed in &mut deeds {
            deed.json &= rng.u8(..5) > 0;
        }
        deeds
    }

    fn any(rng: &mut Rng, scene: &Scenario) -> Deed {
        let who = if rng.bool() { ANA } else { BEN };
        let class = scene.classes()[rng.usize(..3)].clone();
        let words = |what, args: &str| Deed::new(what, who, args);
        match rng.u8(..34) {
            0..=5 => Deed::book(who, scene, class, rng),
            6..=9 => Deed::cancel(who, scene, scene.roomy.clone(), rng),
            10 | 11 => Deed::cancel(who, scene, class, rng),
            12 | 13 => Deed::all(What::Update, "refresh --force --rate 0"),
            14 => Deed::all(What::Update, "refresh --force --deep --rate 0"),
            15 => Deed::all(What::Update, "refresh"),
            16 => words(What::Look, "bookings"),
            17 => words(What::Look, "boxes --detect"),
            18 => words(What::Look, &format!("classes --day {}", scene.day)),
            19 => words(What::Keep, one_of(rng, &["logout", "logout --all-devices"])),
            20 => Deed::all(What::Keep, "sessions prune"),
            21 => words(What::Keep, "sessions"),
            22 | 23 => Deed::wish(who, scene, rng),
            24 => Deed::all(What::PrebookRun, "prebook run --horizon 10s --give-up 2s"),
            25 => Deed::all(What::PrebookRun, "prebook run --horizon 0s --give-up 1s"),
            26 => Deed::status(rng),
            27..=31 => Deed::plan(who, scene, rng),
            _ => Deed::login(rng),
        }
    }

    fn status(rng: &mut Rng) -> Deed {
        let how = [
            "status",
            "status --check",
            "status --prometheus",
            "status --online",
        ];
        let how = one_of(rng, &how);
        Deed {
            json: !how.contains("prometheus"),
            ..Deed::all(What::Status, how)
        }
    }

    /// What people do with their prebookings and rules.
    fn plan(who: &'static str, scene: &Scenario, rng: &mut Rng) -> Deed {
        let (one, rule) = (
            scene.numbers.0 + rng.i64(1..4),
            scene.numbers.1 + rng.i64(1..3),
        );
        let (day, soon) = (&scene.day, &scene.soon);
        match rng.u8(..9) {
            0 => Deed::new(What::Keep, who, &format!("prebook skip {day}")),
            1 => Deed::new(What::Drop, who, &format!("prebook skip {day} --remove")),
            2 | 3 => Deed::all(What::Drop, &format!("prebook remove {one}")),
            4 => Deed::all(What::Drop, &format!("prebook remove r{rule}")),
            5 => Deed::all(What::Keep, "prebook list --all"),
            6 => Deed::all(What::Keep, "prebook rules"),
            _ => {
                let mut args = format!(
                    "prebook add --box crossfitdemo --weekly {} --until {day} --opens {} --time {}",
                    scene.weekday, scene.opens, soon.start
                );
                args += one_of(rng, &["", " --waitlist", " --watch"]);
                let mut deed = Deed::new(What::Keep, who, &args);
                deed.args.extend(["--class".to_owned(), soon.name.clone()]);
                deed
            }
        }
    }

    fn new(what: What, who: &'static str, args: &str) -> Deed {
        let mut args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        args.extend(["--account".to_owned(), who.to_owned()]);
        Deed {
            what,
            who,
            json: true,
            class: None,
            args,
            stdin: String::new(),
        }
    }

    /// For every account.
    pub(super) fn all(what: What, args: &str) -> Deed {
        let mut deed = Deed::new(what, "", args);
        deed.args.truncate(deed.args.len() - 2);
        deed
    }

    fn book(who: &'static str, scene: &Scenario, class: Class, rng: &mut Rng) -> Deed {
        let mut args = format!("book --box crossfitdemo --day {}", scene.day);
        if rng.bool() {
            args += " --waitlist";
        }
        if rng.u8(..3) == 0 {
            args += " --session background";
        }
        Deed::new(What::Book, who, &args).of(class, rng)
    }

    fn cancel(who: &'static str, scene: &Scenario, class: Class, rng: &mut Rng) -> Deed {
        let mut deed = Deed::new(
            What::Cancel,
            who,
            &format!("cancel --box crossfitdemo --day {}", scene.day),
        );
        deed.args.extend([
            "--time".to_owned(),
            class.start.clone(),
            "--class".to_owned(),
            class.name.clone(),
        ]);
        if rng.u8(..3) == 0 {
            deed.args.push("--late".to_owned());
        }
        deed.class = Some(class);
        deed
    }

    fn of(mut self, class: Class, rng: &mut Rng) -> Deed {
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

    /// The class that opens in a moment; else the one with room.
    fn wish(who: &'static str, scene: &Scenario, rng: &mut Rng) -> Deed {
        let mut deed = Deed::new(
            What::Keep,
            who,
            &format!("prebook add --box crossfitdemo --day {}", scene.day),
        );
        let (first, other) = if rng.bool() {
            (&scene.soon, &scene.roomy)
        } else {
            (&scene.full, &scene.soon)
        };
        deed.args.extend(
            [
                "--time",
                &first.start,
                "--class",
                &first.name,
                "--opens",
                &scene.opens,
            ]
            .map(str::to_owned),
        );
        deed.args
            .extend(["--or".to_owned(), format!("{} {}", other.start, other.name)]);
        if rng.bool() {
            deed.args.push("--waitlist".to_owned());
        }
        deed
    }

    fn login(rng: &mut Rng) -> Deed {
        let (who, password) = PEOPLE[rng.usize(..PEOPLE.len())];
        let wrong = rng.u8(..4) == 0;
        Deed {
            stdin: if wrong { "wrong-umbrella" } else { password }.to_owned(),
            ..Deed::new(What::Update, who, "login --password-stdin")
        }
    }

    pub(super) fn last_arg(&self) -> &str {
        self.args.last().expect("an argument")
    }

    /// `forget` takes sessions of this account's away.
    pub(super) fn forgets(&self, account: &str) -> bool {
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
