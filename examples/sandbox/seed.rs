//! The default world: two accounts, two boxes, and a timetable around today.

use chrono::{Datelike, Days, NaiveDate};
use serde_json::json;

use crate::clock;
use crate::model::{Account, Class, Gym};
use crate::world::World;

const DAYS_BACK: u64 = 14;
const DAYS_AHEAD: u64 = 60;
const LATE_BEFORE_MS: i64 = 2 * 3_600_000;

/// Names of months in the labels of posts.
const MONTHS: [&str; 12] = [
    "Ene", "Feb", "Mar", "Abr", "May", "Jun", "Jul", "Ago", "Sep", "Oct", "Nov", "Dic",
];

/// How full a class is.
#[derive(Clone, Copy, Debug)]
enum Filling {
    Partly,
    Full,
    FullWithQueue,
}

use Filling::{Full, FullWithQueue, Partly};

const WEEKDAYS: [(&str, &str, Filling); 6] = [
    ("07:00", "WOD", Partly),
    ("09:30", "WOD", Partly),
    ("18:30", "WOD", Partly),
    ("18:30", "Halterofilia", FullWithQueue),
    ("19:30", "WOD", Partly),
    ("20:30", "Gimnàstics Avançat", Full),
];
const WEEKENDS: [(&str, &str, Filling); 3] = [
    ("10:00", "Open Box", Partly),
    ("11:30", "Equipos", FullWithQueue),
    ("12:30", "Equipos", Full),
];
const YOGA: [(&str, &str, Filling); 2] = [("08:00", "Yoga", Partly), ("20:00", "Yoga", Partly)];

/// Adds the accounts and boxes, which get a timetable.
pub(crate) fn people(world: &mut World) {
    let gym = |name: &str, id, title: &str| Gym {
        name: name.to_owned(),
        id,
        title: title.to_owned(),
        ..Gym::default()
    };
    world
        .boxes
        .push(gym("crossfitdemo", 10_122, "CrossFit Demo"));
    world.boxes.push(gym("boxdos", 10_555, "Box Dos"));
    let account = |email: &str, password: &str, id, name: &str, boxes: &[&str]| Account {
        email: email.to_owned(),
        password: password.to_owned(),
        id,
        name: name.to_owned(),
        boxes: boxes.iter().map(|&name| name.to_owned()).collect(),
        ..Account::default()
    };
    world.accounts.push(account(
        "ana@example.org",
        "correct-horse",
        69_232,
        "Ana",
        &["crossfitdemo"],
    ));
    world.accounts.push(account(
        "ben@example.org",
        "battery-staple",
        70_001,
        "Ben",
        &["crossfitdemo", "boxdos"],
    ));
    world.has_timetable = true;
}

/// Creates the timetable of every day around the current day of the server that has none yet.
pub(crate) fn timetable(world: &mut World, now: i64) {
    if !world.has_timetable {
        return;
    }
    for name in ["crossfitdemo", "boxdos"] {
        let Some(today) = world.gym(name).map(|gym| gym.today(now)) else {
            continue;
        };
        if name == "crossfitdemo" {
            publish(world, name, today);
        }
        for offset in 0..=(DAYS_BACK + DAYS_AHEAD) {
            let day = today - Days::new(DAYS_BACK) + Days::new(offset);
            if world.filled.insert(format!("{name} {day}")) {
                fill(world, name, day);
            }
        }
    }
}

/// Publishes workouts for yesterday, today and tomorrow, below a pinned post, if the box has none.
fn publish(world: &mut World, name: &str, today: NaiveDate) {
    let Some(gym) = world.boxes.iter_mut().find(|gym| gym.name == name) else {
        return;
    };
    if !gym.workouts.is_empty() {
        return;
    }
    let post = |id: u64, day: NaiveDate, when: NaiveDate| {
        json!({
            "id": id, "wodClass": "WOD", "when": when.to_string(), "userName": "CrossFit Demo",
            "day": format!("{} {}", day.day(), MONTHS[day.month0() as usize]),
            "recordDate": day.to_string(), "publishDate": today.to_string(),
            "TIPOWODs": [
                { "title": "Fran", "type": 5, "timecap": "10", "notes": "<p>Por <b>tiempo</b></p><p>Escala si hace falta</p>" },
                { "title": "Core", "type": 3, "timecap": "8", "notes": "" }],
            "ejerRate": [
                { "ejerId": 1, "ejerName": "Thruster", "tipoWOD": 0, "valor1": [21, 15, 9], "valor2": 43, "formaReg": 4, "tipoud": 0 },
                { "ejerId": 2, "ejerName": "Pull-up", "tipoWOD": 0, "valor1": [21, 15, 9], "formaReg": 3 },
                { "ejerId": 3, "ejerName": "Plank", "tipoWOD": 1, "valor1": [45], "formaReg": 1, "notes": "cada minuto" }],
        })
    };
    let pinned = today - Days::new(40);
    let mut posts = vec![post(9_000, pinned, today + Days::new(10_950))];
    posts.extend((0..3u64).map(|back| {
        let day = today + Days::new(1) - Days::new(back);
        post(8_003 - back, day, day)
    }));
    gym.workouts = posts;
}

fn fill(world: &mut World, name: &str, day: NaiveDate) {
    let weekend = day.weekday().number_from_monday() > 5;
    let slots: &[_] = match (name, weekend) {
        ("boxdos", _) => &YOGA,
        (_, true) => &WEEKENDS,
        (_, false) => &WEEKDAYS,
    };
    for (turn, (start, title, filling)) in (1i64..).zip(slots) {
        let varied = (i64::from(day.num_days_from_ce()) * 7 + turn * 5).rem_euclid(10) + 1;
        let (occupied, waitlist) = match filling {
            Partly => (varied, 0),
            Full => (12, -1),
            FullWithQueue => (12, 1 + varied % 4),
        };
        let id = world.new_class_id();
        let class = Class {
            id,
            gym: name.to_owned(),
            day,
            start: (*start).to_owned(),
            name: (*title).to_owned(),
            occupied,
            waitlist,
            coach: Some(if turn % 2 == 1 { "Marta" } else { "Jordi" }.to_owned()),
            late_before_ms: LATE_BEFORE_MS,
            ..Class::default()
        };
        world.classes.insert(id, class);
    }
}

/// Adds a class of tomorrow whose booking opens soon, at a whole second; returns its opening rule.
pub(crate) fn opening_soon(world: &mut World, opens_ms: i64) -> Option<String> {
    let opens_ms = (opens_ms / 1000 + 1) * 1000;
    let gym = world.gym("crossfitdemo")?;
    let (opens, day) = (
        clock::wall(opens_ms, gym.timezone),
        gym.today(opens_ms) + Days::new(1),
    );
    let id = world.new_class_id();
    let class = Class {
        id,
        gym: "crossfitdemo".to_owned(),
        day,
        start: "22:00".to_owned(),
        name: "WOD Nocturno".to_owned(),
        occupied: 3,
        opens_at_ms: Some(opens_ms),
        late_before_ms: LATE_BEFORE_MS,
        ..Class::default()
    };
    world.classes.insert(id, class);
    Some(format!("1d@{}", opens.format("%H:%M:%S")))
}
