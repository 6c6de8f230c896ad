//! A store of another user, or one that another process locks: nothing is changed, and the message says if a later retry
//! may succeed.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::{Home, Run, logged_in, mode, side_by_side};

/// A file of another user: as root an own file with another owner, otherwise a file of root.
fn of_another(home: &Home) -> PathBuf {
    let own = home.store_path();
    match chown(&own, Some(65534), None) {
        Ok(()) => own,
        Err(_) => PathBuf::from("/etc/passwd"),
    }
}

#[test]
fn a_store_of_another_owner_is_refused() {
    let (_sandbox, home) = logged_in();
    let store = of_another(&home);
    let before = fs::read(&store).unwrap();
    let named = |args: &str| home.run(args).args("--store").arg(&store);
    for args in [
        "sessions",
        "bookings",
        "refresh",
        "prebook run",
        "boxes set x --id 1",
    ] {
        let words = ["belongs to another user", "--store"];
        named(args).fails(1, &words);
    }
    named("status --offline").ends(1);
    assert_eq!(fs::read(&store).unwrap(), before);
}

/// The lock for creation, migration and conversion.
fn lock(home: &Home) -> fs::File {
    let path = PathBuf::from(format!("{}.lock", home.store_path().display()));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    let file = file.unwrap();
    file.lock().unwrap();
    file
}

/// Waits for at least `least` seconds: 1.5 s for the lock and 1 s for a transaction, which are 5 %
/// of 30 s and 20 s.
fn gives_up(run: Run, words: &[&str], least: f64) {
    let output = run.pauses(5).fails(5, words);
    let waited = output.took.as_secs_f64();
    assert!((least..15.0).contains(&waited), "waited {waited} s");
}

#[test]
fn kept_by_another_process_it_is_worth_a_later_try() {
    let cases: [fn(); 3] = [
        || {
            let home = Home::nowhere();
            let _held = lock(&home);
            let words = ["another process", "migrating or converting it"];
            gives_up(home.run("sessions"), &words, 1.48);
        },
        || {
            let (_sandbox, home) = logged_in();
            let _held = lock(&home);
            home.run("sessions").succeeds(); // a command that only uses it is not delayed
            let key = home.run("store key").succeeds().stdout;
            home.write("key", &key);
            home.config("[store]\nkey_command = \"cat $HOME/key\"");
            gives_up(
                home.run("store encrypt"),
                &["another process", "converting"],
                1.48,
            );
            home.run("sessions").succeeds();
        },
        || {
            let (_sandbox, home) = logged_in();
            let other = home.db();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            let set = home.run("boxes set x --id 1");
            gives_up(set, &["in use by another process", "try again"], 0.75);
            other.execute_batch("ROLLBACK").unwrap();
            let set = home.run("boxes set x --id 1");
            set.ends(0);
        },
    ];
    side_by_side(&cases, |case| case());
}

#[test]
fn a_store_is_made_as_soon_as_another_process_is_done() {
    let home = Home::nowhere();
    let held = lock(&home);
    let running = home.run("sessions").stdout_has(&["no sessions"]).spawn();
    std::thread::sleep(Duration::from_millis(300)); // it may be waiting by now, or not yet
    let made = fs::metadata(home.store_path()).map_or(0, |facts| facts.len());
    assert_eq!(made, 0, "nothing is made while another may be making it");
    drop(held);
    let output = running.done();
    assert!(output.took < Duration::from_secs(10), "{output:?}");
}

/// A directory is in place of the lock file.
#[test]
fn a_lock_that_cannot_be_had_is_a_clear_error() {
    let home = Home::nowhere();
    let lock = PathBuf::from(format!("{}.lock", home.store_path().display()));
    fs::create_dir_all(&lock).unwrap();
    for args in ["sessions", "boxes set x --id 1"] {
        home.run(args)
            .fails(1, &["cannot open the lock", "aimharder.db.lock"]);
    }
    fs::remove_dir(&lock).unwrap();
    home.run("sessions").succeeds();
    assert_eq!(mode(&lock), 0o600);
}
