//! The store's key: wrong, missing, lost, changed, and its sources.

use std::fs;

use crate::store::encryption::{KEY, OTHER, encrypted, has_key, nothing_plain, secrets};
use crate::support::{ANA, ANA_PASSWORD, Home, Run, day, logged_in};
use serde_json::json;

/// Checks that commands that need the key fail like this and change nothing, and that the others work.
fn refused(home: &Home, status: i32, words: &[&str]) {
    let before = fs::read(home.store_path()).unwrap();
    for args in [
        "classes --day +3",
        "bookings --session background",
        "store decrypt",
        "store encrypt",
        "refresh",
        "prebook run",
    ] {
        home.run(args).fails(status, words);
    }
    let refresh = home.run("refresh --force").fails(status, words);
    assert_eq!(refresh.stderr.lines().count(), 1);
    home.run("login --password-stdin --account")
        .arg(ANA)
        .stdin(ANA_PASSWORD)
        .fails(status, words);
    // commands that need no secret
    home.run("sessions").succeeds();
    home.run("prebook list").succeeds();
    home.run("boxes").succeeds();
    home.run("prebook run --dry-run").succeeds();
    assert_eq!(
        fs::read(home.store_path()).unwrap(),
        before,
        "nothing was changed"
    );
}

#[test]
fn without_the_right_key_nothing_is_sent_and_nothing_changed() {
    let (sandbox, home) = logged_in();
    let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    home.run("prebook add --day +3 --time 13:10 --opens 4d")
        .ends(0);
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
    let printed = home.run("prebook run").json();
    assert_eq!(printed["booked"], 1, "{printed}");
    assert_eq!(sandbox.reservations(&id).len(), 1);
}

#[test]
fn a_session_can_be_forgotten_without_the_key() {
    let (_sandbox, home) = logged_in();
    encrypted(&home);
    home.config("");
    home.run("logout").succeeds();
    home.run("logout --background --yes-delete-background")
        .succeeds();
    assert_eq!(home.sessions().len(), 0);
}

#[test]
fn a_lost_key_costs_the_logins_and_nothing_else() {
    let (sandbox, home) = logged_in();
    home.run("prebook add --day +5 --time 18:30 --class wod")
        .ends(0);
    encrypted(&home);
    let device = home.fingerprint(ANA, "device");
    home.config(&format!("password_command = \"echo {ANA_PASSWORD}\""));
    let printed = home.run("store decrypt --forget-logins").json();
    assert_eq!(
        (&printed["encrypted"], &printed["sessions"]),
        (&json!(false), &json!(0))
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
    home.log_in(ANA, ANA_PASSWORD);
    assert_eq!(
        home.fingerprint(ANA, "device"),
        device,
        "the same device as ever"
    );
    let list = home.run("prebook list").json();
    assert_eq!(list["prebookings"].as_array().unwrap().len(), 1);
    home.run("classes --day +3").succeeds();
    assert_eq!(sandbox.counters()["replayed_tokens"], 0);
}

#[test]
fn the_key_is_changed() {
    let (sandbox, home) = logged_in();
    home.run("store rekey")
        .stdin(OTHER)
        .fails(2, &["not encrypted"]);
    encrypted(&home);
    let tokens = |home: &Home| home.ask("SELECT hex(token) FROM sessions ORDER BY id");
    let before = fs::read(home.store_path()).unwrap();
    home.run("store rekey")
        .stdin("nonsense")
        .fails(2, &["the new key on standard input", "64 hex digits"]);
    assert_eq!(fs::read(home.store_path()).unwrap(), before);
    let old = tokens(&home);
    home.run("store rekey")
        .stdin(&format!("{OTHER}\n"))
        .prints(&[
            "has the new key",
            "make key_command or the credential supply",
        ]);
    assert_ne!(tokens(&home), old);
    home.run("classes --day +3")
        .fails(1, &["the key does not fit"]);
    has_key(&home, OTHER);
    home.run("classes --day +3").succeeds();
    home.run("refresh --force").report(0).is(&[("updated", 2)]);
    nothing_plain(&home, &secrets(&sandbox));
}

#[test]
fn under_systemd_the_credential_is_the_key() {
    let (_sandbox, home) = logged_in();
    home.write("credentials/aimharder-key", &format!("{KEY}\n"));
    let folder = home.path().join("credentials");
    let unit = |args: &str| home.run(args).env("CREDENTIALS_DIRECTORY", &folder);
    unit("store encrypt").prints(&["is encrypted"]);
    unit("refresh --force").report(0).is(&[("updated", 2)]);
    // it comes before a command that the unit may be unable to run
    home.config("[store]\nkey_command = \"exit 1\"");
    unit("refresh --force").report(0).is(&[("updated", 2)]);
    home.run("classes --day +3")
        .fails(2, &["the key_command of [store] failed"]);
}

#[test]
fn keys_are_made() {
    let home = Home::nowhere();
    let key = |run: Run| run.succeeds().stdout;
    let (one, two) = (key(home.run("store key")), key(home.run("store key")));
    assert_ne!(one, two);
    let digits = one.strip_suffix('\n').unwrap();
    assert!(
        digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()),
        "{one:?}"
    );
    let printed = home.run("store key").json();
    assert_eq!(printed["key"].as_str().unwrap().len(), 64);
    assert!(!home.store_path().exists(), "a key needs no store");
}

#[test]
fn what_is_no_key_encrypts_nothing() {
    let (_sandbox, home) = logged_in();
    // a file of that name where the command is run
    let planted = home.write("planted/aimharder-key", &format!("{KEY}\n"));
    let mut encrypt = home.run("store encrypt").command();
    let printed = encrypt.current_dir(planted.parent().unwrap()).output();
    let printed = printed.unwrap();
    assert_eq!(printed.status.code(), Some(2), "{printed:?}");
    // a credential that is there and cannot be read
    let folder = home.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("aimharder-key"), b"\xff\xfe\n").unwrap();
    let run = home.run("store encrypt");
    let run = run.env("CREDENTIALS_DIRECTORY", folder.into_os_string());
    run.fails(2, &["cannot read the store's key", "UTF-8"]);
    // a command that makes a new key each time
    let program = env!("CARGO_BIN_EXE_aimharder");
    home.config(&format!(
        "[store]\nkey_command = [{program:?}, \"store\", \"key\"]"
    ));
    home.run("store encrypt")
        .fails(2, &["two different keys", "nothing was changed"]);
    assert_eq!(home.ask("SELECT count(*) FROM seal"), "0");
    home.run("classes --day +3").succeeds();
}
