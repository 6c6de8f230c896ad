//! The store's file: its permissions, what is refused, and what is never replaced.

mod backups;
pub(crate) mod encryption;
mod encryption_races;
mod file_system;
mod folder;
mod full_disk;
mod keys;
mod kill;
mod migration;
mod others;
mod rows;

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::support::{ANA, Home, all_at_once, logged_in, mode, set_mode};

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_store_is_made_for_its_owner_alone() {
    let (_sandbox, home) = logged_in();
    home.run("classes --day +3").succeeds();
    let store = home.store_path();
    let folder = store.parent().unwrap();
    assert_eq!(mode(folder), 0o700);
    let _open = home.db();
    let found = files(folder);
    assert!(
        found.len() >= 4,
        "the store, its lock, locks of sessions: {found:?}"
    );
    for path in found {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&folder.join("aimharder.db.locks")), 0o700);
}

/// A store that must not be used, and is not changed by trying.
fn refused(home: &Home, words: &[&str]) {
    let path = home.store_path();
    let before = fs::read(&path).unwrap();
    let mode_before = mode(&path);
    for args in ["sessions", "classes", "logout", "boxes set x --id 1"] {
        home.run(args).fails(1, words);
    }
    home.run("login ana@example.org --password-stdin")
        .stdin("x")
        .fails(1, words);
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(mode(&path), mode_before);
}

#[test]
fn a_store_that_others_can_read_is_refused() {
    for bits in [0o644, 0o640, 0o602] {
        let (_sandbox, home) = logged_in();
        let path = home.store_path();
        set_mode(&path, bits);
        let line = format!("chmod 600 '{}'", path.display());
        refused(&home, &["read by others", &line]);
        set_mode(&path, 0o600);
        assert_eq!(home.sessions().len(), 2);
    }
}

#[test]
fn corrupt_newer_and_foreign_stores_are_refused() {
    let (_sandbox, home) = logged_in();
    home.db()
        .execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    refused(&home, &["schema 99", "this aimharder knows up to"]);
    let bytes = fs::read(home.store_path()).unwrap();
    fs::write(
        home.store_path(),
        [&bytes[..100], &vec![0xa5; bytes.len() - 100]].concat(),
    )
    .unwrap();
    refused(&home, &["damaged"]);
    let home = Home::nowhere();
    let path = home.write(
        ".local/state/aimharder/aimharder.db",
        &"this is no database. ".repeat(400),
    );
    set_mode(&path, 0o600);
    refused(&home, &["damaged or not a store", "move it away"]);
    fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    set_mode(&path, 0o600);
    refused(&home, &["SQLite database of something else", "--store"]);
}

#[test]
fn a_store_without_a_table_is_reported_in_one_line() {
    let (_sandbox, home) = logged_in();
    home.db().execute_batch("DROP TABLE boxes").unwrap();
    let printed = home.run("boxes").fails(1, &["no such table: boxes"]);
    assert!(!printed.stderr.contains("SELECT"), "{}", printed.stderr);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let home = Home::nowhere();
    let file = home.write("file", "");
    home.run("boxes set x --id 1 --store")
        .arg(file.join("s.db"))
        .fails(1, &["cannot create the directory"]);
    home.run("boxes set x --id 1 --store")
        .arg(home.path())
        .fails(1, &["is not a file"]);
    home.run("boxes set x --id 1 --store /proc/aimharder/s.db")
        .fails(1, &["/proc/aimharder"]);
    let printed = home
        .run("boxes set x --id 1 --store /proc/aimharder/s.db")
        .ends_json(1);
    assert_eq!(printed.as_object().unwrap().len(), 1);
    let run = home.run("sessions").env("HOME", "/proc/nobody");
    run.fails(1, &["/proc/nobody"]);
}

#[test]
fn fifty_processes_write_at_once_in_an_empty_folder() {
    let home = Home::nowhere();
    let runs = (0..50).map(|n| {
        home.run("boxes set")
            .arg(format!("box{n}"))
            .args("--id 7")
            .any_stdout()
            .stderr_has(&["no account has the box"])
    });
    all_at_once(runs);
    assert_eq!(home.ask("SELECT count(*) FROM boxes"), "50");
    let alone = Home::nowhere();
    alone.run("sessions").prints(&["no sessions"]);
    let schema = "SELECT group_concat(sql) || (SELECT user_version FROM pragma_user_version) FROM sqlite_schema";
    assert_eq!(home.ask(schema), alone.ask(schema));
    assert_eq!(home.ask("PRAGMA journal_mode"), "wal");
}

#[test]
fn no_password_is_stored() {
    let (_sandbox, home) = logged_in();
    home.run("login --password-stdin")
        .stdin("another-wrong-one")
        .fails(3, &[]);
    for path in files(home.path()) {
        let bytes = fs::read(&path).unwrap();
        for secret in [&b"correct-horse"[..], b"another-wrong-one"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{}", path.display());
        }
    }
    assert_eq!(home.ask("SELECT email FROM accounts"), ANA);
}
