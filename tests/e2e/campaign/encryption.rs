//! The store's key: sealing, opening, changing the key and copying while others work, and what must hold whatever came of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aimharder::secret::Secret;
use aimharder::store::Store;
use fastrand::Rng;
use rusqlite::Connection;
use serde_json::Value;

use super::actions::{Deed, What};
use super::{Ended, Fate};
use crate::support::{Home, Output, found, store_files};

/// Who knows which key was set last.
#[derive(Debug)]
pub(super) struct Vault {
    key: String,
    was_sealed: bool,
}

/// The file that the config's `key_command` reads.
fn key_file(home: &Home) -> PathBuf {
    home.path().join("key")
}

/// Where copies go.
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

/// A deed that has to do with the key.
pub(super) fn deed(rng: &mut Rng, home: &Home) -> Deed {
    match rng.u8(..8) {
        0 | 1 => Deed::all(What::Encrypt, "store encrypt"),
        2 => Deed::all(What::Decrypt, "store decrypt"),
        3..=5 => {
            let mut deed = Deed::all(What::Rekey, "store rekey");
            deed.stdin = any_key(rng);
            deed
        }
        _ => {
            let copy = copies(home).join(format!("{}.db", rng.u64(..)));
            Deed::all(What::Copy, &format!("store backup {}", copy.display()))
        }
    }
}

impl Vault {
    pub(super) fn new(rng: &mut Rng, home: &Home) -> Self {
        fs::create_dir(copies(home)).unwrap();
        let vault = Self {
            key: any_key(rng),
            was_sealed: rng.bool(),
        };
        vault.put_in_place(home);
        if vault.was_sealed {
            home.run("store encrypt").any_stdout().done();
        }
        vault
    }

    fn put_in_place(&self, home: &Home) {
        home.write("key", &format!("{}\n", self.key));
    }

    /// The key, and those that may have been set in the round.
    pub(super) fn keys(&self, ended: &[Ended]) -> Vec<String> {
        let new = ended.iter().filter(|(deed, ..)| deed.what == What::Rekey);
        let new = new.map(|(deed, ..)| deed.stdin.clone());
        [self.key.clone()].into_iter().chain(new).collect()
    }

    /// Finds out which key fits now, holds it against what the processes said, and gives it to the key's source.
    pub(super) fn settle(&mut self, home: &Home, ended: &[Ended]) {
        let sealed = is_sealed(&home.db());
        let done = |what: What| {
            let mut such = ended.iter().filter(move |(deed, ..)| deed.what == what);
            such.any(|(_, fate, output)| may_be_done(*fate, output.as_ref()))
        };
        let turned = if self.was_sealed {
            What::Decrypt
        } else {
            What::Encrypt
        };
        assert!(
            sealed == self.was_sealed || done(turned),
            "it was not asked for: sealed {sealed}"
        );
        self.was_sealed = sealed;
        let new = ended.iter().filter(|(deed, ..)| deed.what == What::Rekey);
        let claimed = new.filter(|(.., output)| output.as_ref().is_some_and(says_changed));
        let claimed: Vec<&String> = claimed.map(|(deed, ..)| &deed.stdin).collect();
        assert!(claimed.len() <= 1, "two new keys: {ended:?}");
        if !sealed {
            assert!(
                claimed.is_empty(),
                "a key for a store that is not sealed: {ended:?}"
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

    /// The store as whoever has the key reads it.
    pub(super) fn store(&self, home: &Home) -> Store {
        open(&home.store_path(), &self.key)
    }
}

/// All is calm: what is sealed is sealed wholly, and no byte of a secret stands anywhere in the clear.
pub(super) fn holds<'s>(home: &Home, secrets: impl Iterator<Item = &'s str>) {
    let db = home.db();
    is_whole(&db, &home.store_path());
    if !is_sealed(&db) {
        return;
    }
    let unclean = home.ask("SELECT unclean FROM seal");
    assert_eq!(unclean.as_deref(), Some("0"), "not cleaned");
    let list: Vec<&str> = secrets.collect();
    let plain = found(&list.join("\n"), &store_files(home));
    assert_eq!(plain, Vec::<PathBuf>::new(), "a secret in the clear");
}

/// Every copy that was reported is whole, private, what it was said to be, and can be read with a key of that time.
pub(super) fn check_copies(home: &Home, ended: &[Ended], keys: &[String]) {
    for (deed, _, output) in ended.iter().filter(|(deed, ..)| deed.what == What::Copy) {
        let path = PathBuf::from(deed.last_arg());
        let Some(output) = output.as_ref().filter(|output| output.status == Some(0)) else {
            assert!(
                !path.exists() || output.is_none() || interrupted(output.as_ref()),
                "{output:?}"
            );
            continue;
        };
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        let db = Connection::open(&path).unwrap();
        let sealed = is_whole(&db, &path);
        drop(db);
        let printed: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        assert!(!deed.json || printed["encrypted"] == sealed, "{output:?}");
        let readable = keys.iter().any(|key| is_readable(&open(&path, key)));
        assert!(readable, "a copy that no key opens: {output:?}");
    }
    fs::remove_dir_all(copies(home)).unwrap();
    fs::create_dir(copies(home)).unwrap();
}

fn interrupted(output: Option<&Output>) -> bool {
    output.is_some_and(|output| matches!(output.status, None | Some(130 | 143)))
}

/// It reported that it was done, or nobody can tell.
fn may_be_done(fate: Fate, output: Option<&Output>) -> bool {
    match (fate, output.and_then(|output| output.status)) {
        (Fate::Lives, Some(status)) => matches!(status, 0 | 7),
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

fn is_sealed(db: &Connection) -> bool {
    one(db, "SELECT count(*) FROM seal") == "1"
}

/// Sound, and all secrets of one kind (but for tokens that came while the key did not fit); whether they are sealed.
fn is_whole(db: &Connection, path: &Path) -> bool {
    assert_eq!(
        one(db, "PRAGMA integrity_check"),
        "ok",
        "{}",
        path.display()
    );
    let sealed = is_sealed(db);
    let kinds = "SELECT coalesce(group_concat(DISTINCT typeof(token) || typeof(cookies)), '') FROM sessions";
    let kinds = one(db, kinds);
    let late = sealed && one(db, "SELECT unclean FROM seal") != "0";
    let expected = if sealed { "blobblob" } else { "texttext" };
    assert!(
        late || kinds == expected || kinds.is_empty(),
        "{}: {kinds}",
        path.display()
    );
    sealed
}

fn one(db: &Connection, query: &str) -> String {
    let value = db.query_row(query, [], |row| row.get::<_, rusqlite::types::Value>(0));
    match value.unwrap() {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => panic!("{query}: {other:?}"),
    }
}
