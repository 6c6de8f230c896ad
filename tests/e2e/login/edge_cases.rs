//! Logins, boxes and files that turn out odd: said in one line, with what is well left as it was.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, Home, day, logged_in, start};

fn login(home: &Home, more: &str) -> crate::support::Run {
    let run = home
        .run("login ana@example.org --password-stdin")
        .args(more);
    run.stdin(ANA_PASSWORD)
}

#[test]
fn a_login_answered_with_logged_out() {
    let (sandbox, home) = start();
    sandbox.fault(&json!({ "path": "/api/login", "kind": "logout", "count": -1 }));
    login(&home, "").fails(5, &["logged out"]);
    assert!(home.sessions().is_empty());
}

#[test]
fn boxes_that_cannot_be_found_do_not_undo_a_login() {
    let (sandbox, home) = start();
    sandbox.config(&json!({ "whoami_roles": false }));
    sandbox.fault(&json!({ "path": "/home", "kind": "status", "count": -1 }));
    let words = ["boxes could not be found", "aimharder boxes --detect"];
    login(&home, "").any_stdout().stderr_has(&words).done();
    assert_eq!(home.sessions().len(), 2);
}

#[test]
fn a_box_whose_page_does_not_tell_its_number() {
    let (sandbox, home) = logged_in();
    home.sql("UPDATE boxes SET id = NULL");
    sandbox.config(&json!({ "whoami_roles": false }));
    sandbox.fault(&json!({ "path": "/schedule", "kind": "html", "count": -1 }));
    let detect = home.run("boxes --detect");
    let words = ["number of box crossfitdemo was not found"];
    let printed = detect.stderr_has(&words).succeeds().stdout;
    assert!(printed.contains("crossfitdemo"), "{printed}");
    home.run("classes").fails(5, &[]);
    sandbox.clear_faults();
    home.run("classes").succeeds();
}

#[test]
fn one_device_of_several_is_logged_in_again() {
    let (_sandbox, home) = logged_in();
    let first = home.fingerprint(ANA, "device");
    login(&home, "--new-device").succeeds();
    assert_eq!(home.sessions().len(), 3);
    let printed = login(&home, "--only device --fingerprint")
        .arg(&first[..8])
        .json();
    assert_eq!(
        printed["sessions"][0]["fingerprint"],
        first.as_str(),
        "{printed}"
    );
    assert_eq!(home.sessions().len(), 3, "its row is replaced");
}

#[test]
fn names_and_texts_that_are_not_utf_8() {
    let (_sandbox, home) = logged_in();
    let folder = home.path().join("copies");
    fs::create_dir(&folder).unwrap();
    let name = folder.join(OsString::from_vec(b"copy-\xff.db".to_vec()));
    let run = home.run("store backup").arg(name.into_os_string());
    run.succeeds();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    home.config("password_command = \"printf '\\\\377\\\\n'\"");
    let run = home.run("login ana@example.org");
    run.fails(3, &["not valid UTF-8"]);
}

#[test]
fn many_classes_that_fit_are_not_all_listed() {
    let (sandbox, home) = logged_in();
    for n in 0..15 {
        let class = json!({ "day": day(3), "start": "13:10", "name": format!("Prueba {n}") });
        sandbox.class(&class);
    }
    let run = home.run("book --day +3 --time 13:10 --class prueba");
    run.fails(6, &["Prueba 0", "and 3 more"]);
    let run = home.run("cancel --day +3 --time 13:10 --class prueba");
    run.fails(6, &["aimharder bookings"]);
    assert!(sandbox.sent("/api/book").is_empty());
}

/// The key's credential is there and cannot be read.
#[test]
fn a_key_that_is_no_text() {
    let (_sandbox, home) = logged_in();
    let folder = home.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("aimharder-key"), b"\xff\xfe\n").unwrap();
    let run = home.run("store encrypt");
    let run = run.env("CREDENTIALS_DIRECTORY", folder.into_os_string());
    run.fails(2, &["cannot read the store's key", "UTF-8"]);
    assert_eq!(home.ask("SELECT count(*) FROM seal").as_deref(), Some("0"));
}
