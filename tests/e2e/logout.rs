//! `logout`: what is deleted, and what is never deleted.

use serde_json::json;

use crate::store::encryption::secrets;
use crate::support::{ANA, Home, found, logged_in, store_files};

#[test]
fn a_suggested_command_names_account_and_store() {
    let home = Home::nowhere();
    let suggested =
        "`aimharder logout --background --yes-delete-background --account maria@example.org`";
    home.run("logout --account maria@example.org --background")
        .fails(2, &[suggested]);
    let store = home.path().join("my gym.db");
    let suggested = format!("--yes-delete-background --store '{}'`", store.display());
    home.run("logout --background --store")
        .arg(store)
        .fails(2, &[&suggested]);
}

#[test]
fn only_this_machines_device_session_is_forgotten() {
    let (sandbox, home) = logged_in();
    let print = home.fingerprint(ANA, "device");
    let printed = home.run("logout").json();
    assert_eq!(
        printed,
        json!({ "deleted": [{ "kind": "device", "fingerprint": print }] })
    );
    assert_eq!(home.sessions()[0]["kind"], "background");
    assert!(sandbox.log().is_empty(), "nothing was sent");
    // the machine keeps its fingerprint, and the background session its row
    let printed = home.login("").json();
    assert_eq!(printed["sessions"][0]["fingerprint"], print.as_str());
    assert_eq!(home.sessions().len(), 2);
}

#[test]
fn a_named_device_or_all_of_them() {
    let (_sandbox, home) = logged_in();
    let first = home.fingerprint(ANA, "device");
    for _ in 0..2 {
        home.login("--new-device --only device").succeeds();
    }
    let printed = home.run("logout --fingerprint").arg(&first[..8]).json();
    assert_eq!(printed["deleted"][0]["fingerprint"], first.as_str());
    let background = home.fingerprint(ANA, "background");
    home.run("logout --fingerprint")
        .arg(&background)
        .fails(6, &["--fingerprint names a device session"]);
    let printed = home.run("logout --all-devices").json();
    assert_eq!(printed["deleted"].as_array().unwrap().len(), 2);
    assert_eq!(home.sessions().len(), 1);
}

#[test]
fn the_background_session_needs_two_flags() {
    let (sandbox, home) = logged_in();
    home.run("logout --session background")
        .fails(2, &["--yes-delete-background"]);
    home.run("logout --yes-delete-background")
        .usage(&["--background"]);
    home.run("logout --all-devices --background --yes-delete-background")
        .usage(&["cannot be used with"]);
    home.run("logout --session device --background --yes-delete-background")
        .fails(2, &["cannot go with --session device"]);
    assert_eq!(home.sessions().len(), 2);
    let print = home.fingerprint(ANA, "background");
    let printed = home
        .run("logout --background --yes-delete-background")
        .json();
    assert_eq!(
        printed,
        json!({ "deleted": [{ "kind": "background", "fingerprint": print }] })
    );
    assert_eq!(home.sessions()[0]["kind"], "device");
    assert!(sandbox.log().is_empty());
}

#[test]
fn the_store_itself_protects_background_sessions() {
    let (_sandbox, home) = logged_in();
    let db = home.db();
    let refused = db.execute("DELETE FROM sessions WHERE kind = 'background'", []);
    assert!(refused.unwrap_err().to_string().contains("protected"));
    let second = db.execute(
        "INSERT INTO sessions (account, kind, fingerprint, token, cookies, generation, created_at, used_at, token_updated_at) \
         SELECT account, kind, 'other', token, cookies, 1, 0, 0, 0 FROM sessions WHERE kind = 'background'",
        [],
    );
    assert!(second.is_err(), "one background session per account");
}

/// A logout does not call AimHarder, so a deleted token would still be valid there.
#[test]
fn nothing_of_a_forgotten_login_is_left_in_the_files() {
    let (sandbox, home) = logged_in();
    home.run("refresh --force").done();
    let known = secrets(&sandbox);
    assert!(
        known
            .iter()
            .any(|secret| !found(secret, &store_files(&home)).is_empty())
    );
    home.run("logout").succeeds();
    home.run("logout --background --yes-delete-background")
        .succeeds();
    // a copy of this store need not be kept secret
    let copy = home.run("store backup").arg(home.path().join("copy.db"));
    assert!(!copy.succeeds().stdout.contains("plain text"));
    for secret in known {
        assert!(found(&secret, &store_files(&home)).is_empty(), "{secret}");
    }
}

#[test]
fn a_logout_beside_a_reader_says_what_it_could_not_do() {
    let (_sandbox, home) = logged_in();
    let reader = home.db();
    reader.execute_batch("BEGIN").unwrap();
    reader
        .query_row("SELECT count(*) FROM sessions", [], |_| Ok(()))
        .unwrap();
    home.run("logout")
        .stdout_has(&["deleted"])
        .stderr_has(&["the login is deleted", "unused parts", "another process"])
        .done();
    assert_eq!(home.sessions().len(), 1);
}

/// The second cannot be deleted; the first is, and is listed.
#[test]
fn deleted_sessions_are_listed_even_if_another_remains() {
    let (_sandbox, home) = logged_in();
    home.login("--new-device --only device").succeeds();
    home.sql(
        "CREATE TRIGGER broken BEFORE DELETE ON sessions WHEN OLD.id = 1 BEGIN SELECT RAISE(ABORT, 'as a test has it'); END",
    );
    let run = home.run("logout --all-devices --json");
    let printed = run.fails_with(7, &["as a test has it"]).json();
    assert_eq!(printed["deleted"].as_array().unwrap().len(), 1, "{printed}");
    assert_eq!(printed["error"]["kind"], "partial", "{printed}");
}
