//! `status` never writes: it reads an older store as it is and reports what it cannot read.

use std::collections::BTreeMap;
use std::fs;

use rusqlite::Connection;

use crate::status::well;
use crate::store::encryption::encrypted;
use crate::support::{Home, set_mode};

const SCHEMAS: [&str; 2] = [
    include_str!("../../../src/store/schema/1.sql"),
    include_str!("../../../src/store/schema/2.sql"),
];

/// The files beside the store, with their content.
fn files(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let folder = home.store_path().parent().unwrap().to_owned();
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let files = files.filter(|file| file.path().is_file());
    let file = |file: fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        (name, fs::read(file.path()).unwrap())
    };
    files.map(file).collect()
}

#[test]
fn an_older_store_is_read_without_migrating() {
    let (_sandbox, home) = well();
    let path = home.store_path();
    for name in files(&home).keys() {
        fs::remove_file(path.with_file_name(name)).unwrap();
    }
    fs::write(&path, "").unwrap();
    set_mode(&path, 0o600);
    let old = Connection::open(&path).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    for schema in SCHEMAS {
        old.execute_batch(schema).unwrap();
    }
    let now = "1000 * unixepoch()";
    old.execute_batch(&format!(
        "INSERT INTO sessions (account, kind, fingerprint, token, cookies, generation, created_at, used_at, token_updated_at) \
         VALUES ('ana@example.org', 'background', 'bg-1', '69232|4102444800|f3', '[]', 7, {now}, {now}, {now}); \
         INSERT INTO boxes (name, id, opens) VALUES ('crossfitdemo', 10122, '4d@07:00'); \
         INSERT INTO account_boxes VALUES ('ana@example.org', 'crossfitdemo'); \
         PRAGMA user_version = 2;",
    ))
    .unwrap();
    drop(old);
    let before = files(&home);
    for args in ["--offline", "--check", "--prometheus"] {
        home.status(args).succeeds();
        assert!(
            files(&home) == before,
            "{args} changed {:?}",
            files(&home).keys()
        );
    }
    let report = home.status("--offline").json();
    assert_eq!(report["store"]["schema"], 2);
    assert_eq!(
        report["accounts"][0]["sessions"][0]["fingerprint"], "bg-1",
        "{report}"
    );
    assert_eq!(files(&home).keys().collect::<Vec<_>>(), ["aimharder.db"]);
}

#[test]
fn a_store_that_other_processes_use_is_read_as_it_is() {
    let (_sandbox, home) = well();
    let writer = home.db();
    writer
        .execute_batch("BEGIN IMMEDIATE; UPDATE sessions SET auto_refresh = 0")
        .unwrap();
    home.status("--check").done();
    writer.execute_batch("COMMIT").unwrap();
    let (_, hints) = home.findings();
    assert_eq!(hints, ["auto_refresh_off", "auto_refresh_off"]);
}

#[test]
fn stored_values_that_cannot_be_read_are_reported() {
    for (change, words, command) in [
        (
            "UPDATE sessions SET created_at = 9223372036854775807",
            "is not an instant",
            "sessions",
        ),
        (
            "UPDATE prebookings SET opens = 'yesterday'",
            "yesterday",
            "prebook list",
        ),
        (
            "UPDATE boxes SET opens = 'yesterday'",
            "\"yesterday\" is not an opening rule",
            "prebook list",
        ),
    ] {
        let (_sandbox, home) = well();
        home.run("prebook add --time 13:10 --opens 1d --day +3")
            .ends(0);
        home.sql(change);
        let report = home.status("--check").ends_json(1);
        assert_eq!(report["problems"][0]["code"], "store_unusable", "{report}");
        let message = report["problems"][0]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        home.run(command).fails(1, &[words]);
    }
}

#[test]
fn logins_of_a_lost_key_are_not_reported_as_ended_by_the_platform() {
    let (_sandbox, home) = well();
    encrypted(&home);
    home.config("");
    home.run("store decrypt --forget-logins").succeeds();
    home.status("--offline")
        .prints(&["problem: the background session of ana@example.org has expired: it was encrypted with a key that is lost"]);
}
