//! Homes in which Ana is logged in already.
//!
//! The first of them in a process logs in. The others get a copy of its store, and their sandbox the same two sessions:
//! a login takes more processor time than most commands that are tested.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::LazyLock;

use aimharder::model::account::Account;
use aimharder::model::box_profile::KnownBox;
use aimharder::model::session::{Fingerprint, SessionKind, SessionRef};
use aimharder::secret::Secret;
use aimharder::store::Store;
use serde_json::Value;

use super::{ANA, ANA_PASSWORD, Home, Sandbox, real_ms, start};

/// What a login leaves behind.
struct Login {
    /// The files beside the store and below, by their path from there.
    files: Vec<(PathBuf, Vec<u8>)>,
    sessions: Vec<Value>,
    at_ms: i64,
}

static LOGIN: LazyLock<Login> = LazyLock::new(|| {
    let (sandbox, home) = start();
    home.log_in(ANA, ANA_PASSWORD);
    let folder = home.store_path().with_file_name("");
    let locks = folder.join("aimharder.db.locks");
    let entries = [&folder, &locks].map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.is_file()).map(|path| {
        let bytes = fs::read(&path).unwrap();
        (path.strip_prefix(&folder).unwrap().to_owned(), bytes)
    });
    Login {
        files: files.collect(),
        sessions: sandbox.sessions(),
        at_ms: real_ms(),
    }
});

/// Puts the home and its sandbox into the state after Ana's login, both sessions, just now.
pub(super) fn copy_login(sandbox: &Sandbox, home: &Home) {
    let login = &*LOGIN;
    for (path, bytes) in &login.files {
        let path = home.store_path().with_file_name(path);
        let mut folder = DirBuilder::new();
        let folder = folder.recursive(true).mode(0o700);
        folder.create(path.parent().unwrap()).unwrap();
        let mut file = OpenOptions::new();
        let file = file.write(true).create_new(true).mode(0o600).open(path);
        file.unwrap().write_all(bytes).unwrap();
    }
    let later = real_ms() - login.at_ms;
    home.db()
        .execute_batch(&format!(
            "UPDATE devices SET created_at = created_at + {later}, used_at = used_at + {later};
             UPDATE sessions SET created_at = created_at + {later}, used_at = used_at + {later},
                 token_updated_at = token_updated_at + {later}, refreshed_at = refreshed_at + {later};"
        ))
        .unwrap();
    sandbox.add_sessions(&login.sessions);
}

/// Stores a session that the platform does not know, for tests that do not ask it.
pub(crate) fn store_session(home: &Home, account: &str, kind: SessionKind) {
    let account: Account = account.parse().unwrap();
    let session = match kind {
        SessionKind::Device => SessionRef {
            kind,
            fingerprint: Fingerprint::new_device().unwrap(),
        },
        SessionKind::Background => SessionRef::background(&account, "salt"),
    };
    let (token, cookies) = (Secret::new("1|1|0"), Secret::new("[]"));
    let store = Store::open(&home.store_path()).unwrap();
    let codec = store.hold_codec().unwrap();
    let now = aimharder::clock::now();
    store
        .put_login(&codec, &account, &session, token, cookies, now)
        .unwrap();
}

/// Stores the boxes of an account.
pub(crate) fn store_boxes(home: &Home, account: &str, boxes: &[&str]) {
    let found = boxes.iter().map(|name| KnownBox {
        name: (*name).to_owned(),
        host: Some(format!("{name}.aimharder.com")),
        id: Some(10122),
        ..KnownBox::default()
    });
    let found: Vec<KnownBox> = found.collect();
    let store = Store::open(&home.store_path()).unwrap();
    store.put_boxes(&account.parse().unwrap(), &found).unwrap();
}
