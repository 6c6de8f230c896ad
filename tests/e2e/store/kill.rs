//! `kill -9` at random moments, while tokens and cookies are replaced at each update and a password source exists: the
//! store is undamaged, the next command waits for no lock, every session works or is recovered with the password, and
//! nothing is booked twice.
#![allow(clippy::print_stderr)] // seeds are shown when a test fails

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::json;

use crate::support::{
    ANA, ANA_PASSWORD, Home, Run, SOURCE, Sandbox, day, is_sound, logged_in, side_by_side, start,
};

/// The longest time of all kills together.
const TIME: Duration = Duration::from_secs(22);
/// The largest number of kills of each thread.
const DEATHS: usize = 150;
/// A command that waits for a lock takes longer.
const SOON: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug)]
enum Action {
    Login,
    Refresh,
    Deep,
    Book,
    BookByAutomation,
}

const ACTIONS: [Action; 5] = [
    Action::Login,
    Action::Refresh,
    Action::Deep,
    Action::Book,
    Action::BookByAutomation,
];

/// The seed is shown when a test fails; the same seed gives the same actions.
fn seeded(salt: u64) -> Rng {
    let given = std::env::var("AIMHARDER_TEST_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("AIMHARDER_TEST_SEED={seed}");
    Rng::with_seed(seed + salt)
}

fn strict(sandbox: &mut Sandbox, home: &Home) {
    // the cookies change with the token: after a process was killed between the two, the old cookies
    // are logged out, and then the old token is tried
    sandbox.allow_replays();
    sandbox.config(&json!({ "rotate_cookie": true, "latency_ms": 2, "latency_after_ms": 4 }));
    home.config(SOURCE);
}

fn run(action: Action, home: &Home, class: &str) -> Run {
    match action {
        Action::Login => home.login(""),
        Action::Refresh => home.run("refresh --force --rate 0"),
        Action::Deep => home.run("refresh --force --deep --rate 0"),
        Action::Book => home.run("book --day +3 --id").arg(class),
        Action::BookByAutomation => home
            .run("book --session background --day +3 --id")
            .arg(class),
    }
}

/// A command that must end with one of these codes, without waiting for a killed process.
fn ends(run: Run, codes: &[i32]) -> i32 {
    let output = run.unchecked();
    let status = output.status.unwrap_or(-1);
    assert!(codes.contains(&status), "{output:?}");
    assert!(output.took < SOON, "a lock is left: {output:?}");
    status
}

/// The background session exists and works; a device session that was ended is logged in again.
fn recovers(home: &Home, class: Option<&str>) {
    is_sound(home);
    let report = home
        .run("refresh --force --rate 0 --session background")
        .report(0);
    assert_eq!(report.count("busy") + report.count("failed"), 0);
    assert_eq!(report.printed["total"], 1, "{}", report.printed);
    let command = match class {
        Some(class) => home.run("book --day +3 --id").arg(class),
        None => home.run("bookings"),
    };
    if ends(command.clone(), &[0, 3]) == 3 {
        home.log_in(ANA, ANA_PASSWORD);
        ends(command, &[0]);
    }
}

/// Kills the only process, or one of several that do the same.
fn die(action: Action, sandbox: &Sandbox, home: &Home, rng: &mut Rng, longest: Duration) {
    let class = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    if rng.bool() {
        home.age_tokens(60);
    }
    let others = if rng.u8(..4) == 0 { 2 } else { 0 };
    let victim = run(action, home, &class).spawn();
    let others: Vec<_> = (0..others)
        .map(|_| run(action, home, &class).spawn())
        .collect();
    thread::sleep(longest.mul_f64(rng.f64()));
    victim.kill();
    for other in others {
        let output = other.unchecked();
        let status = output.status.unwrap_or(-1);
        // 3, 7: the token that the dead one had got is lost, and with it the device session
        assert!([0, 3, 7].contains(&status), "{action:?}: {output:?}");
        assert!(output.took < SOON, "{action:?}: a lock is left: {output:?}");
    }
    let booked = matches!(action, Action::Book | Action::BookByAutomation);
    recovers(home, booked.then_some(class.as_str()));
    if booked {
        assert_eq!(sandbox.reservations(&class).len(), 1, "{action:?}");
    }
    sandbox.delete_class(&class);
}

#[test]
fn a_process_killed_at_random_moments_costs_no_session() {
    let until = Instant::now() + TIME;
    let deaths = AtomicUsize::new(0);
    side_by_side(&[1, 2], |&salt| {
        let mut rng = seeded(salt);
        let (mut sandbox, home) = logged_in();
        home.use_real_time();
        strict(&mut sandbox, &home);
        // how long each of them lives when it may
        let lives = ACTIONS.map(|action| {
            let class = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
            let took = run(action, &home, &class).succeeds().took;
            sandbox.delete_class(&class);
            took
        });
        for _ in 0..DEATHS {
            if Instant::now() >= until {
                break;
            }
            let which = rng.usize(..ACTIONS.len());
            die(ACTIONS[which], &sandbox, &home, &mut rng, lives[which]);
            deaths.fetch_add(1, Ordering::Relaxed);
        }
    });
    let deaths = deaths.into_inner();
    eprintln!("{deaths} deaths");
    assert!(
        deaths >= 20,
        "{deaths} deaths only: this machine is very slow"
    );
}

#[test]
fn a_process_killed_at_the_first_login_leaves_a_usable_store() {
    let mut rng = seeded(3);
    let (mut sandbox, home) = start();
    home.use_real_time();
    strict(&mut sandbox, &home);
    for _ in 0..25 {
        let login = run(Action::Login, &home, "").spawn();
        thread::sleep(Duration::from_millis(rng.u64(..80)));
        login.kill();
        // the store may not be there yet; nothing that is there may be in the way
        ends(home.run("sessions").any_stdout(), &[0]);
        is_sound(&home);
        let report = home.run("refresh --force --rate 0").unchecked();
        assert!(matches!(report.status, Some(0 | 3 | 7)), "{report:?}");
        if rng.u8(..3) == 0 {
            std::fs::remove_dir_all(home.store_path().parent().unwrap()).unwrap();
        }
    }
    home.log_in(ANA, ANA_PASSWORD);
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
}
