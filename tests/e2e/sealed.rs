//! Secrets at rest: what is in the store's files, byte by byte, before and after; wrong and lost keys;
//! everything else works as ever.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::json;

use crate::support::{ANA, ANAS, BEN, BENS, Home, Run, Sandbox, day, logged_in};

pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The config names a file with this key.
pub(crate) fn has_key(home: &Home, key: &str) {
    home.write("key", &format!("{key}\n"));
    home.config(&format!(
        "password_command = \"echo {ANAS}\"\n[store]\nkey_command = [\"cat\", \"{}\"]",
        home.path().join("key").display()
    ));
}

pub(crate) fn encrypted(home: &Home) {
    has_key(home, KEY);
    let told = home.run("store encrypt").json();
    assert_eq!(
        (&told["encrypted"], &told["changed"]),
        (&json!(true), &json!(true))
    );
}

/// The store's own file, its log and index, and every copy beside it.
fn store_files(home: &Home) -> Vec<PathBuf> {
    let folder = home.store_path().parent().unwrap().to_owned();
    let paths = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    paths.filter(|path| path.is_file()).collect()
}

/// In which of these files the text stands.
fn found(text: &str, files: &[PathBuf]) -> Vec<PathBuf> {
    let holds = |path: &&PathBuf| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(text.len()).any(|w| w == text.as_bytes())
    };
    files.iter().filter(holds).cloned().collect()
}

/// Every token and cookie that the platform has given out and still knows.
fn secrets(sandbox: &Sandbox) -> Vec<String> {
    let state = sandbox.state();
    let sessions = state["sessions"].as_array().unwrap().iter();
    let of = |session: &serde_json::Value| {
        let text = |key: &str| session[key].as_str().unwrap().to_owned();
        let token = text("token");
        let hex = token.rsplit('|').next().unwrap().to_owned();
        [hex, text("cookie"), text("phpsessid")]
    };
    sessions.flat_map(of).collect()
}

fn nothing_plain(home: &Home, secrets: &[String]) {
    for secret in secrets {
        assert_eq!(
            found(secret, &store_files(home)),
            Vec::<PathBuf>::new(),
            "{secret}"
        );
    }
    let plain =
        "SELECT count(*) FROM sessions WHERE typeof(token) <> 'blob' OR typeof(cookies) <> 'blob'";
    assert_eq!(home.ask(plain).as_deref(), Some("0"));
}

#[test]
fn no_byte_of_a_secret_is_left() {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BENS);
    let mut seen = secrets(&sandbox);
    assert_eq!(seen.len(), 12);
    // old values in free pages, deleted rows, a log that is in use, and a copy of an older schema
    for _ in 0..3 {
        home.run("refresh --force --deep --rate 0").done();
        seen.extend(secrets(&sandbox));
    }
    home.run("logout --account").arg(BEN).any_stdout().done();
    let copy = home.store_path().with_file_name("aimharder.db.schema1.bak");
    home.sql(&format!("VACUUM INTO '{}'", copy.display()));
    let log = home.db(); // an open connection keeps the log from going
    home.run("sessions set --auto-refresh on --fingerprint")
        .arg(home.fingerprint(ANA, "background"))
        .any_stdout()
        .done();
    for secret in secrets(&sandbox).iter().take(3) {
        assert!(
            !found(secret, &store_files(&home)).is_empty(),
            "it was plain before"
        );
    }
    encrypted(&home);
    assert!(!copy.exists());
    nothing_plain(&home, &seen);
    assert_eq!(home.ask("SELECT unclean FROM seal").as_deref(), Some("0"));
    assert_eq!(home.ask("PRAGMA integrity_check").as_deref(), Some("ok"));
    // and new ones do not come in
    home.run("refresh --force --deep --rate 0").done();
    home.run("classes --day +3 --account")
        .arg(ANA)
        .any_stdout()
        .done();
    drop(log);
    seen.extend(secrets(&sandbox));
    nothing_plain(&home, &seen);
    for path in store_files(&home) {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
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
    home.run("store encrypt").stdout_has(&["already"]).done();
    let before = home.sessions();
    assert!(
        before
            .iter()
            .all(|session| session["token_expires_at"].is_string()),
        "{before:?}"
    );
    let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    home.age_tokens(60);
    let told = home.run("book --day +3 --id").arg(&id).json();
    assert_eq!(told["outcome"], "booked");
    sandbox.stale(ANA);
    home.run("bookings").any_stdout().done();
    let told = home.run("cancel --day +3 --time 13:10").json();
    assert_eq!(told["outcome"], "cancelled");
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    // a dead background session heals, a dead device session is logged in anew
    sandbox.kill(ANA);
    home.run("refresh --force --session background")
        .report(0)
        .is(&[("relogged", 1)]);
    home.log_in(ANA, ANAS);
    home.log_in(BEN, BENS);
    let seen = secrets(&sandbox);
    nothing_plain(&home, &seen);
    // and back
    let told = home.run("store decrypt").json();
    assert_eq!(
        (&told["encrypted"], &told["sessions"]),
        (&json!(false), &json!(4))
    );
    home.config("");
    home.run("store decrypt")
        .stdout_has(&["is not encrypted"])
        .done();
    home.run("refresh --force").report(0).is(&[("updated", 4)]);
    home.run("classes --day +3 --account")
        .arg(ANA)
        .any_stdout()
        .done();
}

/// What needs a login, and says why it has none.
fn refused(home: &Home, status: i32, words: &[&str]) {
    let before = fs::read(home.store_path()).unwrap();
    for args in [
        "classes --day +3",
        "bookings --session background",
        "store decrypt",
        "store encrypt",
    ] {
        home.run(args).fails(status, words).done();
    }
    let refresh = home.run("refresh --force").fails(status, words).done();
    assert_eq!(refresh.stderr.lines().count(), 1);
    home.run("login --password-stdin --account")
        .arg(ANA)
        .stdin(ANAS)
        .fails(status, words)
        .done();
    // what needs no secret works on
    home.run("sessions").any_stdout().done();
    home.run("prebook list").any_stdout().done();
    home.run("boxes").any_stdout().done();
    home.run("refresh").done();
    assert_eq!(
        fs::read(home.store_path()).unwrap(),
        before,
        "nothing was changed"
    );
}

#[test]
fn without_the_right_key_nothing_is_sent_and_nothing_changed() {
    let (sandbox, home) = logged_in();
    encrypted(&home);
    sandbox.clear_log();
    has_key(&home, OTHER);
    refused(&home, 1, &["the key does not fit", "--forget-logins"]);
    has_key(&home, "0011");
    refused(&home, 2, &["64 hex digits"]);
    has_key(&home, "");
    refused(&home, 2, &["64 hex digits"]);
    home.config("[store]\nkey_command = \"echo 1234; exit 3\"");
    refused(
        &home,
        2,
        &["the key_command of [store] failed (exit status: 3)"],
    );
    home.config("");
    refused(&home, 2, &["no key is known", "key_command"]);
    assert_eq!(sandbox.log().len(), 0);
    has_key(&home, KEY);
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    home.run("classes --day +3").any_stdout().done();
}

#[test]
fn a_session_can_be_forgotten_without_the_key() {
    let (_sandbox, home) = logged_in();
    encrypted(&home);
    home.config("");
    home.run("logout").any_stdout().done();
    home.run("logout --background --yes-delete-background")
        .any_stdout()
        .done();
    assert_eq!(home.sessions().len(), 0);
}

#[test]
fn a_lost_key_costs_the_logins_and_nothing_else() {
    let (sandbox, home) = logged_in();
    home.run("prebook add --day +5 --time 18:30 --class wod")
        .any_stdout()
        .any_stderr()
        .done();
    encrypted(&home);
    let device = home.fingerprint(ANA, "device");
    home.config(&format!("password_command = \"echo {ANAS}\""));
    let told = home.run("store decrypt --forget-logins").json();
    assert_eq!(
        (&told["encrypted"], &told["sessions"]),
        (&json!(false), &json!(1))
    );
    let left = home.sessions();
    assert_eq!(left[0]["status"], "expired");
    assert!(
        left[0]["last_error"]
            .as_str()
            .unwrap()
            .contains("key that is lost")
    );
    home.run("refresh").report(0).is(&[("relogged", 1)]);
    home.log_in(ANA, ANAS);
    assert_eq!(
        home.fingerprint(ANA, "device"),
        device,
        "the same device as ever"
    );
    let list = home.run("prebook list").json();
    assert_eq!(list["prebookings"].as_array().unwrap().len(), 1);
    home.run("classes --day +3").any_stdout().done();
    assert_eq!(sandbox.counters()["replayed_tokens"], 0);
}

#[test]
fn the_key_is_changed() {
    let (sandbox, home) = logged_in();
    home.run("store rekey")
        .stdin(OTHER)
        .fails(2, &["not encrypted"])
        .done();
    encrypted(&home);
    let sealed = |home: &Home| home.ask("SELECT hex(token) FROM sessions ORDER BY id");
    let before = fs::read(home.store_path()).unwrap();
    home.run("store rekey")
        .stdin("nonsense")
        .fails(2, &["64 hex digits"])
        .done();
    assert_eq!(fs::read(home.store_path()).unwrap(), before);
    let old = sealed(&home);
    home.run("store rekey")
        .stdin(&format!("{OTHER}\n"))
        .stdout_has(&["is encrypted now"])
        .done();
    assert_ne!(sealed(&home), old);
    home.run("classes --day +3")
        .fails(1, &["the key does not fit"])
        .done();
    has_key(&home, OTHER);
    home.run("classes --day +3").any_stdout().done();
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    nothing_plain(&home, &secrets(&sandbox));
}

#[test]
fn a_refused_password_stays_refused_and_its_hash_is_sealed() {
    let (sandbox, home) = logged_in();
    encrypted(&home);
    let wrong = |words: &str| {
        home.config(&format!(
            "password_command = \"echo wrong\"\n[store]\nkey_command = [\"cat\", \"{}\"]{words}",
            home.path().join("key").display()
        ))
    };
    wrong("");
    sandbox.kill(ANA);
    home.run("refresh --force --session background").report(3);
    assert_eq!(
        home.ask("SELECT typeof(refused_hash) FROM accounts")
            .as_deref(),
        Some("blob")
    );
    sandbox.clear_log();
    home.run("refresh --force --session background").report(3);
    home.run("store decrypt").any_stdout().done();
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
    home.log_in(BEN, BENS);
    encrypted(&home);
    home.sql("UPDATE sessions SET token = (SELECT token FROM sessions WHERE account LIKE 'ben%' AND kind = 'device') \
              WHERE account LIKE 'ana%' AND kind = 'device'");
    sandbox.clear_log();
    home.run("classes --day +3 --account")
        .arg(ANA)
        .fails(1, &["the token of ana@example.org", "cannot be opened"])
        .done();
    home.sql("UPDATE sessions SET token = cookies WHERE account LIKE 'ben%' AND kind = 'device'");
    home.run("classes --day +3 --account")
        .arg(BEN)
        .fails(1, &["the token of ben@example.org"])
        .done();
    assert_eq!(sandbox.log().len(), 0);
}

#[test]
fn under_systemd_the_credential_is_the_key() {
    let (_sandbox, home) = logged_in();
    home.write("credentials/aimharder-key", &format!("{KEY}\n"));
    let folder = home.path().join("credentials");
    let unit = |args: &str| home.run(args).env("CREDENTIALS_DIRECTORY", &folder);
    unit("store encrypt")
        .stdout_has(&["is encrypted now"])
        .done();
    unit("refresh --force").report(0).is(&[("updated", 2)]);
    // it comes before a command that the unit may be unable to run
    home.config("[store]\nkey_command = \"exit 1\"");
    unit("refresh --force").report(0).is(&[("updated", 2)]);
    home.run("classes --day +3")
        .fails(2, &["the key_command of [store] failed"])
        .done();
}

#[test]
fn a_key_that_nobody_uses_yet_changes_nothing() {
    let (_sandbox, home) = logged_in();
    has_key(&home, KEY);
    home.run("classes --day +3").any_stdout().done();
    let log = home
        .run("-v classes --day +3")
        .any_stdout()
        .any_stderr()
        .done()
        .stderr;
    assert!(!log.contains("encrypted"), "{log}");
    assert_eq!(home.ask("SELECT count(*) FROM seal").as_deref(), Some("0"));
}

#[test]
fn keys_are_made() {
    let home = Home::nowhere();
    let key = |run: Run| run.any_stdout().done().stdout;
    let (one, two) = (key(home.run("store key")), key(home.run("store key")));
    assert_ne!(one, two);
    let digits = one.strip_suffix('\n').unwrap();
    assert!(
        digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()),
        "{one:?}"
    );
    let told = home.run("store key").json();
    assert_eq!(told["key"].as_str().unwrap().len(), 64);
}

/// A copy stands in a home of its own, as on another machine.
fn moved(sandbox: &Sandbox, copy: &std::path::Path) -> Home {
    let there = Home::new(sandbox);
    fs::create_dir_all(there.store_path().parent().unwrap()).unwrap();
    fs::copy(copy, there.store_path()).unwrap();
    there
}

#[test]
fn copies_are_whole_private_and_replace_nothing() {
    let (sandbox, home) = logged_in();
    let copy = home.path().join("copy.db");
    let told = home.run("store backup").arg(&copy).json();
    assert_eq!(
        (&told["backup"], &told["encrypted"]),
        (&json!(copy), &json!(false))
    );
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = fs::read(&copy).unwrap();
    home.run("store backup")
        .arg(&copy)
        .fails(2, &["is there already"])
        .done();
    assert_eq!(fs::read(&copy).unwrap(), before);
    let nowhere = home.path().join("no/copy.db");
    home.run("store backup")
        .arg(&nowhere)
        .fails(1, &["cannot copy the store to"])
        .done();
    std::os::unix::fs::symlink("nowhere", home.path().join("link")).unwrap();
    home.run("store backup")
        .arg(home.path().join("link"))
        .fails(2, &["is there already"])
        .done();
    let left: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains(".new")),
        "{left:?}"
    );
    // an encrypted store has encrypted copies
    encrypted(&home);
    let sealed = home.path().join("sealed.db");
    home.run("store backup")
        .arg(&sealed)
        .stdout_has(&["its logins are encrypted"])
        .done();
    for secret in secrets(&sandbox) {
        assert_eq!(
            found(&secret, std::slice::from_ref(&sealed)),
            Vec::<PathBuf>::new()
        );
    }
    let there = moved(&sandbox, &sealed);
    there
        .run("classes --day +3")
        .fails(2, &["no key is known"])
        .done();
    has_key(&there, KEY);
    there.run("classes --day +3").any_stdout().done();
    assert_eq!(there.ask("PRAGMA journal_mode").as_deref(), Some("wal"));
}

#[test]
fn a_copy_is_whole_while_others_write() {
    let (_sandbox, home) = logged_in();
    let writers: Vec<_> = (0..4)
        .map(|_| home.run("refresh --force --rate 0").any_stderr().spawn())
        .collect();
    for n in 0..4 {
        let copy = home.path().join(format!("copy{n}.db"));
        home.run("store backup").arg(&copy).any_stdout().done();
        let db = Connection::open(&copy).unwrap();
        let sound: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        let rows: i64 = db
            .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
            .unwrap();
        assert_eq!((sound.as_str(), rows), ("ok", 2));
    }
    for writer in writers {
        writer.unchecked();
    }
}

#[test]
fn a_moved_store_needs_a_salt_of_its_own() {
    let (mut sandbox, home) = logged_in();
    let copy = home.path().join("copy.db");
    home.run("store backup").arg(&copy).any_stdout().done();
    let there = moved(&sandbox, &copy);
    // as README says: another salt, and log in anew
    there.config("background_salt = \"machine two\"");
    there
        .run("login --new-device --password-stdin")
        .stdin(ANAS)
        .any_stdout()
        .done();
    assert_ne!(
        there.fingerprint(ANA, "background"),
        home.fingerprint(ANA, "background")
    );
    for machine in [&home, &there, &home] {
        machine
            .run("refresh --force --session background")
            .report(0)
            .is(&[("updated", 1)]);
        machine.run("classes --day +3").any_stdout().done();
    }
    // without, the two end each other's: the older token is a replaced one
    sandbox.allow_replays();
    let twin = moved(&sandbox, &copy);
    twin.run("refresh --force --session background").report(3);
}
