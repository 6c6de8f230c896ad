//! What people and their cron jobs do in a round, and the classes they want.

use chrono::{Days, TimeDelta, Utc};
use fastrand::Rng;
use serde_json::json;

use super::{EVA, PEOPLE};
use crate::support::{ANA, BEN, Home, Run, Sandbox, today};

/// The classes of a round: with room, full with a waiting list, and one that opens in a moment.
pub(super) struct Scene {
    pub(super) day: String,
    pub(super) roomy: Class,
    pub(super) full: Class,
    pub(super) soon: Class,
    /// when the last one opens, as a rule
    opens: String,
}

#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) id: String,
    pub(super) start: String,
    pub(super) name: String,
}

impl Scene {
    pub(super) fn set(sandbox: &Sandbox, round: usize) -> Self {
        let round = u32::try_from(round).unwrap();
        let ahead = 5 + round / 400;
        let day = (today() + Days::new(ahead.into())).to_string();
        let minute = 6 * 60 + 2 * (round % 400);
        let at = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let opening = Utc::now() + TimeDelta::seconds(3);
        let wall = opening.with_timezone(&chrono_tz::Europe::Madrid);
        let opens = format!(
            "{}d@{}",
            (today() - wall.date_naive()).num_days() + i64::from(ahead),
            wall.format("%H:%M:%S")
        );
        let class = |minute: u32, name: &str, more: serde_json::Value| {
            let (start, name) = (at(minute), format!("{name} {round}"));
            let mut class = json!({ "day": day, "start": start, "name": name });
            class
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            Class {
                id: sandbox.class(&class),
                start,
                name,
            }
        };
        let opens_at_ms = opening.timestamp() * 1000;
        Self {
            roomy: class(minute, "Roomy", json!({})),
            full: class(
                minute,
                "Full",
                json!({ "capacity": 2, "occupied": 2, "waitlist": 0 }),
            ),
            soon: class(minute + 1, "Soon", json!({ "opens_at_ms": opens_at_ms })),
            day,
            opens,
        }
    }

    /// Places that were taken before: something to cancel.
    pub(super) fn occupy(&self, sandbox: &Sandbox, rng: &mut Rng) {
        for who in [ANA, BEN] {
            match rng.u8(..4) {
                0 => drop(sandbox.reserve(who, &self.roomy.id, 1)),
                1 => drop(sandbox.reserve(who, &self.full.id, 0)),
                _ => {}
            }
        }
    }

    pub(super) fn classes(&self) -> [&Class; 3] {
        [&self.roomy, &self.full, &self.soon]
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What {
    Book,
    Cancel,
    PrebookRun,
    Update,
    Look,
    Keep,
}

/// One command.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    pub(super) what: What,
    pub(super) who: &'static str,
    pub(super) json: bool,
    pub(super) class: Option<Class>,
    args: Vec<String>,
    stdin: String,
}

impl Deed {
    /// Three to ten of them.
    pub(super) fn some(rng: &mut Rng, scene: &Scene) -> Vec<Deed> {
        let mut deeds: Vec<Deed> = (0..rng.usize(3..9))
            .map(|_| Deed::any(rng, scene))
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
            deed.json = rng.u8(..5) > 0;
        }
        deeds
    }

    fn any(rng: &mut Rng, scene: &Scene) -> Deed {
        let who = if rng.bool() { ANA } else { BEN };
        let class = scene.classes()[rng.usize(..3)].clone();
        let words = |what, args: &str| Deed::new(what, who, args);
        match rng.u8(..28) {
            0..=5 => Deed::book(who, scene, class, rng),
            6..=9 => Deed::cancel(who, scene, scene.roomy.clone(), rng),
            10 | 11 => Deed::cancel(who, scene, class, rng),
            12 | 13 => Deed::all(What::Update, "refresh --force --rate 0"),
            14 => Deed::all(What::Update, "refresh --force --deep --rate 0"),
            15 => Deed::all(What::Update, "refresh"),
            16 => words(What::Look, "bookings"),
            17 => words(What::Look, "boxes --detect"),
            18 => words(What::Look, &format!("classes --day {}", scene.day)),
            19 => words(What::Keep, "logout"),
            20 => words(What::Keep, "sessions prune"),
            21 => words(What::Keep, "sessions"),
            22 | 23 => Deed::wish(who, scene, rng),
            24 => Deed::all(What::PrebookRun, "prebook run --horizon 10s --give-up 2s"),
            25 => Deed::all(What::PrebookRun, "prebook run --horizon 0s --give-up 1s"),
            26 => words(What::Keep, "status"),
            _ => Deed::login(rng),
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
    fn all(what: What, args: &str) -> Deed {
        let mut deed = Deed::new(what, "", args);
        deed.args.truncate(deed.args.len() - 2);
        deed
    }

    fn book(who: &'static str, scene: &Scene, class: Class, rng: &mut Rng) -> Deed {
        let mut args = format!("book --box crossfitdemo --day {}", scene.day);
        if rng.bool() {
            args += " --waitlist";
        }
        if rng.u8(..3) == 0 {
            args += " --session background";
        }
        Deed::new(What::Book, who, &args).of(class, rng)
    }

    fn cancel(who: &'static str, scene: &Scene, class: Class, rng: &mut Rng) -> Deed {
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
    fn wish(who: &'static str, scene: &Scene, rng: &mut Rng) -> Deed {
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

    pub(super) fn run(&self, home: &Home) -> Run {
        let mut run = home.run("-vv").stdin(&self.stdin);
        for arg in &self.args {
            run = run.arg(arg);
        }
        if self.json { run.arg("--json") } else { run }
    }
}
