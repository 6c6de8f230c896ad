//! Migration of older stores: one process of many migrates, a copy is left beside the store, and nothing is lost.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Output};

use rusqlite::Connection;

use crate::support::{mode, temporary_folder};

const SCHEMA_1: &str = include_str!("../../../src/store/schema/1.sql");
const SCHEMAS_2_TO_5: [&str; 4] = [
    include_str!("../../../src/store/schema/2.sql"),
    include_str!("../../../src/store/schema/3.sql"),
    include_str!("../../../src/store/schema/4.sql"),
    include_str!("../../../src/store/schema/5.sql"),
];

/// A store of a program without prebookings, with Ana's background session and her box.
pub(super) fn store_of_schema_1(path: &Path) {
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
         VALUES ('ana@example.org', 'background', 'bg-d08dd5', '69232|1766907797|f3', '[]', 7, 1, 2, 3); \
         INSERT INTO boxes (name, id, opens, learned) VALUES ('crossfitdemo', 10122, '4d@07:00', '2d?'); \
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

/// The number of schemas, which is the version of a new store.
fn newest() -> i64 {
    let files = std::fs::read_dir("src/store/schema").unwrap();
    i64::try_from(files.count()).unwrap()
}

fn version(db: &Connection) -> i64 {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn one_of_twenty_processes_migrates() {
    let folder = temporary_folder();
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
        assert_eq!(json["sessions"][0]["fingerprint"], "bg-d08dd5");
    }
    let db = Connection::open(&path).unwrap();
    assert_eq!((version(&db), rows(&db)), (newest(), before.clone()));
    let tables = "SELECT count(*) FROM prebookings, rules, shots, skips, removed_occurrences, class_names, class_rules";
    assert_eq!(db.query_row(tables, [], |row| row.get::<_, i64>(0)), Ok(0));
    // the copy is the store as it was, with mode 0600
    let copy = folder.path().join("aimharder.db.schema1.bak");
    assert_eq!(mode(&copy), 0o600);
    let db = Connection::open(&copy).unwrap();
    assert_eq!((version(&db), rows(&db)), (1, before));
    let half = folder.path().join("aimharder.db.schema1.bak.new");
    assert!(!half.exists(), "half a copy is left");
}

#[test]
fn a_migration_that_cannot_leave_a_copy_changes_nothing() {
    let folder = temporary_folder();
    let path = folder.path().join("aimharder.db");
    store_of_schema_1(&path);
    // a directory is in the place of the copy
    let half = folder.path().join("aimharder.db.schema1.bak.new");
    std::fs::create_dir(&half).unwrap();
    let out = sessions(&path);
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).contains("cannot copy the store to"));
    assert_eq!(version(&Connection::open(&path).unwrap()), 1);
    std::fs::remove_dir(&half).unwrap();
    assert_eq!(sessions(&path).status.code(), Some(0));
    assert_eq!(version(&Connection::open(&path).unwrap()), newest());
}

#[test]
fn reported_problems_become_columns() {
    let folder = temporary_folder();
    let path = folder.path().join("aimharder.db");
    store_of_schema_1(&path);
    let db = Connection::open(&path).unwrap();
    db.execute_batch(&SCHEMAS_2_TO_5.concat()).unwrap();
    db.execute_batch(
        "INSERT INTO prebookings (id, account, box, day, start, created_at) VALUES \
         (7, 'ana@example.org', 'crossfitdemo', '2026-11-23', '18:30', 1), \
         (8, 'ana@example.org', 'crossfitdemo', '2026-11-24', '18:30', 1); \
         INSERT INTO problems VALUES ('session:1', NULL, 2), ('setrefresh:1', 'partial', 0), \
         ('prebooking:7', 'not_found', 0), ('postponed:7:full', 'too_early', 0), \
         ('postponed:7:closed', 'too_early', 0), ('session:4711', 'login_required', 0); \
         PRAGMA user_version = 5;",
    )
    .unwrap();
    assert_eq!(sessions(&path).status.code(), Some(0));
    let ask = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    assert_eq!(
        ask("SELECT concat(problem IS NULL, outage_runs, set_refresh_failed) FROM sessions"),
        "121"
    );
    assert_eq!(
        ask(
            "SELECT group_concat(concat_ws('/', id, problem, outage_runs, postponed)) FROM prebookings"
        ),
        "7/not_found/0/ closed full,8/"
    );
}
