//! A store of schema 1, brought up to date by whoever comes first: a copy stays beside it, and
//! nothing is lost, however many come at once.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use rusqlite::Connection;

const SCHEMA_1: &str = include_str!("../src/store/schema/1.sql");

/// As the program before prebookings left it: Ana's background session and her box.
fn store_of_schema_1(path: &Path) {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch(SCHEMA_1).unwrap();
    db.execute_batch(
        "INSERT INTO sessions (account, kind, fingerprint, token, cookies, generation, created_at, used_at, token_updated_at) \
         VALUES ('ana@example.org', 'background', 'bg-1', '69232|1766907797|f3', '[]', 7, 1, 2, 3); \
         INSERT INTO boxes (name, id, opens) VALUES ('crossfitdemo', 10122, '4d@07:00'); \
         INSERT INTO account_boxes VALUES ('ana@example.org', 'crossfitdemo'); \
         PRAGMA user_version = 1;",
    )
    .unwrap();
}

fn sessions(path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aimharder"))
        .env_clear()
        .env("HOME", path.parent().unwrap())
        .arg("--store")
        .arg(path)
        .args(["sessions", "--json"])
        .output()
        .unwrap()
}

fn rows(db: &Connection) -> (String, i64, String) {
    db.query_row(
        "SELECT token, generation, opens FROM sessions JOIN account_boxes USING (account) JOIN boxes ON name = box",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .unwrap()
}

fn version(db: &Connection) -> i64 {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn twenty_processes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aimharder.db");
    store_of_schema_1(&path);
    let before = rows(&Connection::open(&path).unwrap());
    let outs: Vec<Output> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..20).map(|_| scope.spawn(|| sessions(&path))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for out in outs {
        let words = String::from_utf8_lossy(&out.stderr);
        assert_eq!((out.status.code(), words.as_ref()), (Some(0), ""));
        let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(json["sessions"][0]["fingerprint"], "bg-1");
    }
    let db = Connection::open(&path).unwrap();
    assert_eq!((version(&db), rows(&db)), (5, before.clone()));
    let tables =
        "SELECT count(*) FROM prebookings, rules, shots, skips, removed_occurrences, class_names";
    assert_eq!(db.query_row(tables, [], |row| row.get::<_, i64>(0)), Ok(0));
    // the copy is the store as it was, and only ours to read
    let copy = folder.path().join("aimharder.db.schema1.bak");
    assert_eq!(
        std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let db = Connection::open(&copy).unwrap();
    assert_eq!((version(&db), rows(&db)), (1, before));
    let half = folder.path().join("aimharder.db.schema1.bak.new");
    assert!(!half.exists(), "half a copy is left");
}

#[test]
fn a_migration_that_cannot_leave_a_copy_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aimharder.db");
    store_of_schema_1(&path);
    // something that cannot be replaced stands where the copy is made
    let half = folder.path().join("aimharder.db.schema1.bak.new");
    std::fs::create_dir(&half).unwrap();
    let out = sessions(&path);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("cannot copy the store to"));
    assert_eq!(version(&Connection::open(&path).unwrap()), 1);
    std::fs::remove_dir(&half).unwrap();
    assert_eq!(sessions(&path).status.code(), Some(0));
    assert_eq!(version(&Connection::open(&path).unwrap()), 5);
}
