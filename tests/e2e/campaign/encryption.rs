//! Encryption and decryption of the store, changes of its key, and copies of it, while other processes work.

use std::fs;
use std::path::{Path, PathBuf};

use aimharder::secret::Secret;
use aimharder::store::Store;
use fastrand::Rng;
use rusqlite::Connection;
use serde_json::Value;

use super::actions::{Action, What};
use super::{Ended, Ending};
use crate::support::{Home, Output, found, mode, store_files};

/// The key that was set last.
#[derive(Debug)]
pub(super) struct StoreKey {
    key: String,
    was_encrypted: bool,
}

/// The file that the config's `key_command` reads.
fn key_file(home: &Home) -> PathBuf {
    home.path().join("key")
}

/// The folder of the copies.
fn copies(home: &Home) -> PathBuf {
    home.path().join("copies")
}

pub(super) fn key_lines(home: &Home) -> String {
    let file = key_file(home);
    format!("[store]\nkey_command = [\"cat\", \"{}\"]\n", file.display())
}

fn any_key(rng: &mut Rng) -> String {
    format!("{:032x}{:032x}", rng.u128(..), rng.u128(..))
}

/// An action that concerns the key.
pub(super) fn action(rng: &mut Rng, home: &Home) -> Action {
    match rng.u8(..8) {
        0 | 1 => Action::all(What::Encrypt, "store encrypt"),
        2 => Action::all(What::Decrypt, "store decrypt"),
        3..=5 => {
            let mut action = Action::all(What::Rekey, "store rekey");
            action.stdin = any_key(rng);
            action
        }
        _ => {
            let copy = copies(home).join(format!("{}.db", rng.u64(..)));
            Action::all(What::Copy, &format!("store backup {}", copy.display()))
        }
    }
}

impl StoreKey {
    pub(super) fn new(rng: &mut Rng, home: &Home) -> Self {
        fs::create_dir(copies(home)).unwrap();
        let store_key = Self {
            key: any_key(rng),
            was_encrypted: rng.bool(),
        };
        store_key.put_in_place(home);
        if store_key.was_encrypted {
            home.run("store encrypt").succeeds();
        }
        store_key
    }

    fn put_in_place(&self, home: &Home) {
        home.write("key", &format!("{}\n", self.key));
    }

    /// The key, and those that may have been set in the round.
    pub(super) fn keys(&self, ended: &[Ended]) -> Vec<String> {
        let new = ended
            .iter()
            .filter(|(action, ..)| action.what == What::Rekey);
        let new = new.map(|(action, ..)| action.stdin.clone());
        [self.key.clone()].into_iter().chain(new).collect()
    }

    /// Finds out which key fits now, compares it with what the processes reported, and writes it to the file of the key.
    pub(super) fn settle(&mut self, home: &Home, ended: &[Ended]) {
        let encrypted = is_encrypted(&home.db());
        let done = |what: What| {
            let mut such = ended.iter().filter(move |(action, ..)| action.what == what);
            such.any(|(_, ending, output)| may_be_done(*ending, output.as_ref()))
        };
        let turned = if self.was_encrypted {
            What::Decrypt
        } else {
            What::Encrypt
        };
        assert!(
            encrypted == self.was_encrypted || done(turned),
            "no process changed the encryption: encrypted {encrypted}"
        );
        self.was_encrypted = encrypted;
        let new = ended
            .iter()
            .filter(|(action, ..)| action.what == What::Rekey);
        let claimed = new.filter(|(.., output)| output.as_ref().is_some_and(says_changed));
        let claimed: Vec<&String> = claimed.map(|(action, ..)| &action.stdin).collect();
        assert!(claimed.len() <= 1, "two new keys: {ended:?}");
        if !encrypted {
            assert!(
                claimed.is_empty(),
                "a key for a store that is not encrypted: {ended:?}"
            );
            return;
        }
        let mut fitting = self.keys(ended);
        fitting.retain(|key| open(&home.store_path(), key).ready().is_ok());
        assert_eq!(fitting.len(), 1, "one key fits: {fitting:?}");
        if let Some(claimed) = claimed.first() {
            assert_eq!(
                &&fitting[0], claimed,
                "another key than the one that was set last"
            );
        } else if fitting[0] != self.key {
            assert!(done(What::Rekey), "a key that was refused: {ended:?}");
        }
        self.key = fitting.remove(0);
        self.put_in_place(home);
    }

    /// The store, with the key.
    pub(super) fn store(&self, home: &Home) -> Store {
        open(&home.store_path(), &self.key)
    }
}

/// An encrypted store is wholly encrypted, and no secret is in any of its files.
pub(super) fn holds<'s>(home: &Home, secrets: impl Iterator<Item = &'s str>) {
    let db = home.db();
    is_whole(&db, &home.store_path());
    if !is_encrypted(&db) {
        return;
    }
    let unclean = home.ask("SELECT unclean FROM seal");
    assert_eq!(unclean, "0", "not cleaned");
    let list: Vec<&str> = secrets.collect();
    let plain = found(&list.join("\n"), &store_files(home));
    assert_eq!(plain, Vec::<PathBuf>::new(), "a secret in the clear");
}

/// Checks that every reported copy is undamaged, private, encrypted as reported, and readable with a key of that time.
pub(super) fn check_copies(home: &Home, ended: &[Ended], keys: &[String]) {
    for (action, _, output) in ended
        .iter()
        .filter(|(action, ..)| action.what == What::Copy)
    {
        let path = PathBuf::from(action.last_arg());
        let Some(output) = output.as_ref().filter(|output| output.status == Some(0)) else {
            assert!(
                !path.exists() || output.is_none() || interrupted(output.as_ref()),
                "{output:?}"
            );
            continue;
        };
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let db = Connection::open(&path).unwrap();
        let encrypted = is_whole(&db, &path);
        drop(db);
        let is_so = !action.json || output.object()["encrypted"] == encrypted;
        assert!(is_so, "{output:?}");
        let readable = keys.iter().any(|key| is_readable(&open(&path, key)));
        assert!(readable, "a copy that no key opens: {output:?}");
    }
    fs::remove_dir_all(copies(home)).unwrap();
    fs::create_dir(copies(home)).unwrap();
}

fn interrupted(output: Option<&Output>) -> bool {
    output.is_some_and(|output| matches!(output.status, None | Some(130 | 143)))
}

/// Whether it reported success, or ended before it could report.
fn may_be_done(ending: Ending, output: Option<&Output>) -> bool {
    match (ending, output.and_then(|output| output.status)) {
        (Ending::Normal, Some(status)) => matches!(status, 0 | 7),
        _ => true,
    }
}

fn says_changed(output: &Output) -> bool {
    let printed: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
    printed["changed"] == true || output.stdout.contains("has the new key")
}

fn open(path: &Path, key: &str) -> Store {
    let key = key.to_owned();
    let source = move || Ok(Secret::new(key.clone()));
    Store::open(path)
        .unwrap()
        .with_key_from(Some(Box::new(source)))
}

fn is_readable(store: &Store) -> bool {
    let rows = store.sessions(None).unwrap();
    rows.iter().all(|row| store.session(row.id).is_ok())
}

fn is_encrypted(db: &Connection) -> bool {
    one(db, "SELECT count(*) FROM seal") == "1"
}

/// Checks that the store is undamaged and that all secrets are of one kind, except tokens that were stored while the key did not
/// fit. Returns whether they are encrypted.
fn is_whole(db: &Connection, path: &Path) -> bool {
    assert_eq!(
        one(db, "PRAGMA integrity_check"),
        "ok",
        "{}",
        path.display()
    );
    let encrypted = is_encrypted(db);
    let kinds = "SELECT coalesce(group_concat(DISTINCT typeof(token) || typeof(cookies)), '') FROM sessions";
    let kinds = one(db, kinds);
    let late = encrypted && one(db, "SELECT unclean FROM seal") != "0";
    let expected = if encrypted { "blobblob" } else { "texttext" };
    assert!(
        late || kinds == expected || kinds.is_empty(),
        "{}: {kinds}",
        path.display()
    );
    encrypted
}

fn one(db: &Connection, query: &str) -> String {
    let value = db.query_row(query, [], |row| row.get::<_, rusqlite::types::Value>(0));
    match value.unwrap() {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => panic!("{query}: {other:?}"),
    }
}
