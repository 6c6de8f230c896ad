//! Encryption at rest: the bytes of the store's files before and after, and commands that work as before.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::support::{
    ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, Sandbox, day, found, is_sound, logged_in, mode,
    store_files,
};

pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub(crate) const OTHER: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The config names a file with this key.
pub(crate) fn has_key(home: &Home, key: &str) {
    home.write("key", &format!("{key}\n"));
    home.config(&format!(
        "password_command = \"echo {ANA_PASSWORD}\"\n[store]\nkey_command = [\"cat\", \"{}\"]",
        home.path().join("key").display()
    ));
}

pub(crate) fn encrypted(home: &Home) {
    has_key(home, KEY);
    let printed = home.run("store encrypt").json();
    assert_eq!(
        (&printed["encrypted"], &printed["changed"]),
        (&json!(true), &json!(true))
    );
}

/// Every token and cookie that the platform has issued and still knows.
pub(crate) fn secrets(sandbox: &Sandbox) -> Vec<String> {
    let of = |session: serde_json::Value| {
        let text = |key: &str| session[key].as_str().unwrap().to_owned();
        let token = text("token");
        let hex = token.rsplit('|').next().unwrap().to_owned();
        [hex, text("cookie"), text("phpsessid")]
    };
    sandbox.sessions().into_iter().flat_map(of).collect()
}

pub(crate) fn nothing_plain(home: &Home, secrets: &[String]) {
    for secret in secrets {
        assert_eq!(
            found(secret, &store_files(home)),
            Vec::<PathBuf>::new(),
            "{secret}"
        );
    }
    let plain =
        "SELECT count(*) FROM sessions WHERE typeof(token) <> 'blob' OR typeof(cookies) <> 'blob'";
    assert_eq!(home.ask(plain), "0");
}

#[test]
fn no_byte_of_a_secret_is_left() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    let mut seen = secrets(&sandbox);
    assert_eq!(seen.len(), 12);
    // old values in free pages, deleted rows, a log that is long and in use, and a copy of an older schema
    let log = home.db();
    log.execute_batch("BEGIN; SELECT count(*) FROM sessions")
        .unwrap();
    for _ in 0..3 {
        home.run("refresh --force --deep --rate 0").done();
        seen.extend(secrets(&sandbox));
    }
    let logout = home.run("logout --account").arg(BEN);
    logout.warns(&["may be left in unused parts"]); // for the log is in use
    let copy = home.store_path().with_file_name("aimharder.db.schema1.bak");
    home.sql(&format!("VACUUM INTO '{}'", copy.display()));
    let own = copy.with_file_name("aimharder.db.schema-notes.bakery");
    fs::write(&own, "another user's").unwrap();
    log.execute_batch("COMMIT").unwrap();
    home.run("sessions set --auto-refresh on --fingerprint")
        .arg(home.fingerprint(ANA, "background"))
        .succeeds();
    for secret in secrets(&sandbox).iter().take(3) {
        assert!(
            !found(secret, &store_files(&home)).is_empty(),
            "it was plain before"
        );
    }
    encrypted(&home);
    assert!(!copy.exists());
    assert!(own.exists(), "what a migration did not leave stays");
    fs::remove_file(&own).unwrap();
    nothing_plain(&home, &seen);
    assert_eq!(home.ask("SELECT unclean FROM seal"), "0");
    is_sound(&home);
    // and new ones do not come in
    home.run("refresh --force --deep --rate 0").done();
    home.run("classes --day +3 --account").arg(ANA).succeeds();
    drop(log);
    seen.extend(secrets(&sandbox));
    nothing_plain(&home, &seen);
    for path in store_files(&home) {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
        assert_eq!(
            found(KEY, std::slice::from_ref(&path)),
            Vec::<PathBuf>::new()
        );
    }
}

#[test]
fn everything_works_as_ever() {
    let (sandbox, home) = logged_in();
    encrypted(&home);
    home.run("store encrypt").prints(&["already"]);
    let before = home.sessions();
    assert!(
        before
            .iter()
            .all(|session| session["token_expires_at"].is_string()),
        "{before:?}"
    );
    let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    home.age_tokens(60);
    let printed = home.run("book --day +3 --id").arg(&id).json();
    assert_eq!(printed["outcome"], "booked");
    sandbox.stale(ANA);
    home.run("bookings").succeeds();
    let printed = home.run("cancel --day +3 --time 13:10").json();
    assert_eq!(printed["outcome"], "cancelled");
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    // a dead background session is recovered, a dead device session is logged in anew
    sandbox.kill(ANA);
    home.run("refresh --force --session background")
        .report(0)
        .is(&[("relogged", 1)]);
    home.log_in(ANA, ANA_PASSWORD);
    home.log_in(BEN, BEN_PASSWORD);
    let seen = secrets(&sandbox);
    nothing_plain(&home, &seen);
    // and back
    let printed = home.run("store decrypt").json();
    assert_eq!(
        (&printed["encrypted"], &printed["sessions"]),
        (&json!(false), &json!(4))
    );
    home.config("");
    home.run("store decrypt").prints(&["is not encrypted"]);
    home.run("refresh --force").report(0).is(&[("updated", 4)]);
    home.run("classes --day +3 --account").arg(ANA).succeeds();
}

#[test]
fn a_refused_password_stays_refused_and_its_hash_is_sealed() {
    let (sandbox, home) = logged_in();
    encrypted(&home);
    home.config(&format!(
        "password_command = \"echo wrong\"\n[store]\nkey_command = [\"cat\", \"{}\"]",
        home.path().join("key").display()
    ));
    sandbox.kill(ANA);
    home.run("refresh --force --session background").report(3);
    assert_eq!(
        home.ask("SELECT typeof(refused_hash) FROM accounts"),
        "blob"
    );
    sandbox.clear_log();
    home.run("refresh --force --session background").report(3);
    home.run("store decrypt").succeeds();
    home.run("refresh --force --session background").report(3);
    assert_eq!(
        sandbox.sent("/api/login").len(),
        0,
        "it was not tried again"
    );
    has_key(&home, KEY);
    home.run("refresh --force --session background").report(0);
}

#[test]
fn values_cannot_change_places() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    encrypted(&home);
    home.sql("UPDATE sessions SET token = (SELECT token FROM sessions WHERE account LIKE 'ben%' AND kind = 'device') \
              WHERE account LIKE 'ana%' AND kind = 'device'");
    sandbox.clear_log();
    home.run("classes --day +3 --account")
        .arg(ANA)
        .fails(1, &["the token of ana@example.org", "cannot be decrypted"]);
    home.sql("UPDATE sessions SET token = cookies WHERE account LIKE 'ben%' AND kind = 'device'");
    home.run("classes --day +3 --account")
        .arg(BEN)
        .fails(1, &["the token of ben@example.org"]);
    assert_eq!(sandbox.log().len(), 0);
}
