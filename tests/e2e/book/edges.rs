//! Bookings and cancellations on the edge: rehearsed before they open, answered by one word and
//! shown by another, without a login in the middle.

use serde_json::{Value, json};

use crate::support::{ANA, Gateway, Home, Sandbox, day, logged_in};

fn ready(more: &Value) -> (Sandbox, Home, String) {
    let (sandbox, home) = logged_in();
    let mut class = json!({ "day": day(3), "start": "13:10", "name": "Prueba" });
    let fields = more.as_object().unwrap().clone();
    class.as_object_mut().unwrap().extend(fields);
    let id = sandbox.class(&class);
    (sandbox, home, id)
}

#[test]
fn a_prebooking_is_rehearsed() {
    let (sandbox, home, _) = ready(&json!({}));
    home.run("boxes set crossfitdemo --opens 1d").succeeds();
    let printed = home
        .run("book --day +3 --time 13:10 --prebook --dry-run")
        .json();
    assert_eq!(printed["outcome"], "would_book", "{printed}");
    assert_eq!(printed["prebooking_id"], Value::Null);
    assert!(printed["opens_at"].is_string(), "{printed}");
    assert!(printed["message"].as_str().unwrap().contains("prebooked"));
    assert!(sandbox.sent("/api/book").is_empty());
    let listed = home.run("prebook list --all").json();
    assert_eq!(listed["prebookings"], json!([]));
    // without --prebook it is too early
    let printed = home.run("book --day +3 --time 13:10 --dry-run").status(9);
    assert_eq!(printed.any_stderr().json()["outcome"], "too_early");
}

/// "Booked" is the answer, and the row shows a place on the waiting list.
#[test]
fn the_row_beats_the_word() {
    let (sandbox, home, id) = ready(&json!({ "occupied": 12, "waitlist": 0 }));
    sandbox.fault(&json!({
        "path": "/api/book", "kind": "json", "after": true, "skip": 1, "body": { "bookState": 1, "id": "55501" },
    }));
    let printed = home.run("book --day +3 --time 13:10 --waitlist").json();
    assert_eq!(printed["outcome"], "waitlisted", "{printed}");
    assert_eq!(printed["class"]["state"], "waitlisted");
    assert_eq!(sandbox.reservations(&id)[0]["state"], 0);
}

/// Sent, and then the class is gone: the outcome is unknown.
#[test]
fn a_class_that_vanishes_is_unknown() {
    for (path, command) in [("/api/book", "book"), ("/api/cancelBook", "cancel")] {
        let (sandbox, home, id) = ready(&json!({}));
        if command == "cancel" {
            sandbox.reserve(ANA, &id, 1);
        }
        let empty = json!({ "bookings": [] });
        sandbox.fault(&json!([
            { "path": path, "kind": "drop" },
            { "path": "/api/bookings", "kind": "json", "skip": 1, "count": -1, "body": empty },
        ]));
        let run = home.run(&format!("{command} --day +3 --time 13:10"));
        run.fails(
            8,
            &["unknown", "no longer in the schedule", "aimharder bookings"],
        );
        assert_eq!(sandbox.sent(path).len(), 1);
    }
}

/// The session dies on the way, and only a login helps: the platform did nothing.
#[test]
fn without_a_login_in_the_middle() {
    for (path, command) in [("/api/book", "book"), ("/api/cancelBook", "cancel")] {
        let (sandbox, home, id) = ready(&json!({}));
        if command == "cancel" {
            sandbox.reserve(ANA, &id, 1);
        }
        let before = sandbox.reservations(&id);
        let dead = |path: &str| json!({ "path": path, "kind": "logout", "count": -1 });
        sandbox.fault(&json!([
            dead(path),
            dead("/setrefresh"),
            dead("/api/tokenUpdate")
        ]));
        let run = home.run(&format!("{command} --day +3 --time 13:10"));
        run.fails(3, &["aimharder login"]);
        assert_eq!(sandbox.reservations(&id), before);
    }
}

/// Its certificate authorities are looked for where `SSL_CERT_FILE` and `SSL_CERT_DIR` say.
#[test]
fn certificate_authorities_of_a_folder() {
    let (sandbox, home, id) = ready(&json!({}));
    let _gateway = Gateway::before(&sandbox, &home);
    let config = std::fs::read_to_string(home.config_path()).unwrap();
    let (ca_file, others): (Vec<&str>, Vec<&str>) =
        config.lines().partition(|line| line.starts_with("ca_file"));
    assert_eq!(ca_file.len(), 1);
    home.write_config(&others.join("\n"));
    let folder = home.path().join("authorities");
    std::fs::create_dir(&folder).unwrap();
    let empty = home.write("empty.pem", "");
    let book = || {
        home.run("book --day +3 --time 13:10")
            .env("SSL_CERT_FILE", empty.to_str().unwrap())
            .env("SSL_CERT_DIR", folder.to_str().unwrap())
    };
    book().fails(5, &["its certificate is not trusted"]);
    std::fs::write(folder.join("odd.pem"), "no certificate").unwrap();
    std::fs::copy(home.path().join("ca.pem"), folder.join("ours.pem")).unwrap();
    assert_eq!(book().json()["outcome"], "booked");
    assert_eq!(sandbox.reservations(&id).len(), 1);
    let odd = format!("ca_file = \"{}\"", folder.join("odd.pem").display());
    home.write_config(&config.replace(ca_file[0], &odd));
    home.run("classes").fails(2, &["ca_file", "odd.pem"]);
    home.write("authorities/odd.pem", "-----BEGIN CERTIFICATE-----\n%%%\n");
    home.run("classes").fails(2, &["ca_file", "odd.pem"]);
}

/// Logged out for good, while a process reads the store: reported, because the old text may still be there.
#[test]
fn a_logout_that_cannot_scrub_says_so() {
    let (_sandbox, home, _) = ready(&json!({}));
    let mut other = home.db();
    let reading = other.transaction().unwrap();
    let count = |query: &str| reading.query_row(query, [], |row| row.get::<_, i64>(0));
    assert_eq!(count("SELECT count(*) FROM sessions").unwrap(), 2);
    let run = home.run("logout").any_stdout();
    run.stderr_has(&["the login is deleted", "unused parts", "another process"])
        .done();
    drop(reading);
    assert_eq!(home.sessions().len(), 1);
}
