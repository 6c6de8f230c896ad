//! `notify test` and the dead-man pings, with a server on loopback: what is printed, how the program ends, what arrives,
//! and that no secret is ever shown.

pub(crate) mod server;

use std::fs;
use std::time::Duration;

use aimharder::model::session::SessionKind;
use serde_json::Value;

use crate::support::{ANA, Home, Run, SECRET, store_session, unused_address};
use server::server;

fn home(config: &str) -> Home {
    let home = Home::nowhere();
    home.write_config(config);
    home
}

/// The same with a session that needs no refresh.
fn home_with_session(config: &str) -> Home {
    let home = home(config);
    store_session(&home, ANA, SessionKind::Background);
    home
}

fn run(home: &Home, args: &str) -> Run {
    home.run(args).env("AIMHARDER_PASSWORD", SECRET)
}

#[test]
fn every_channel_receives_the_test_message() {
    let (url, requests) = server();
    let home = self::home(&format!(
        "account = \"ana@example.org\"\n\
         [[notify]]\non = [\"recovered\"]\nwebhook = \"{url}/ok/{SECRET}\"\n\
         [[notify]]\ndiscord = \"{url}/ok/{SECRET}\"\n\
         [[notify]]\nntfy = \"{url}/ok/{SECRET}\"\n\
         [[notify]]\ncommand = \"echo {SECRET}; env > $HOME/facts\"\n"
    ));
    let printed = "\
[[notify]] 1 (webhook): delivered
[[notify]] 2 (discord): delivered
[[notify]] 3 (ntfy): delivered
[[notify]] 4 (command): delivered
";
    run(&home, "notify test").stdout(printed).done();
    let mut bodies: Vec<String> = requests.try_iter().map(|(_, body)| body).collect();
    bodies.sort();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[0], "Booked: test message of aimharder");
    let discord: Value = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(discord["content"], "Booked: test message of aimharder");
    let webhook: Value = serde_json::from_str(&bodies[2]).unwrap();
    assert_eq!(webhook["event"], "recovered");
    assert_eq!(webhook["message"], "Recovered: test message of aimharder");
    assert_eq!(webhook["account"], "ana@example.org");

    let facts = fs::read_to_string(home.path().join("facts")).unwrap();
    assert!(facts.contains("AIMHARDER_EVENT=booked\n"), "{facts}");
    assert!(!facts.contains("AIMHARDER_PASSWORD"));
}

#[test]
fn a_hanging_channel_ends() {
    let (url, _requests) = server();
    let home = self::home(&format!("[[notify]]\nwebhook = \"{url}/hang/{SECRET}\"\n"));
    run(&home, "notify test")
        .pauses(10)
        .limit(Duration::from_secs(15)) // a tenth of the real limits
        .stdout("[[notify]] 1 (webhook): not delivered: timed out\n")
        .fails(5, &["not delivered: [[notify]] 1 (webhook)\n"]);
}

/// The loudest logs name the channel and the result, and nothing else.
#[test]
fn logs_hold_no_secret() {
    let (url, _requests) = server();
    let gone = unused_address();
    let with_user = url.replace("http://", &format!("http://ana:{SECRET}@"));
    let home = self::home(&format!(
        "[[notify]]\nwebhook = \"{with_user}/ok/{SECRET}\"\n\
         [[notify]]\ndiscord = \"{url}/no/{SECRET}\"\n\
         [[notify]]\nntfy = \"http://{gone}/{SECRET}\"\n\
         [[notify]]\nwebhook = \"{}/{SECRET}\"\n\
         [[notify]]\ncommand = \"echo seen; exit 3 # {SECRET}\"\n\
         [[notify]]\ntelegram = {{ token_command = \"echo {SECRET}/x\", chat = \"{SECRET}\" }}\n",
        url.replace("http", "https"),
    ));
    let run = run(&home, "-vv notify test")
        .env("RUST_LOG", "trace")
        .ends(7);
    assert!(run.stderr.contains("[[notify]] 1 (webhook) sent: booked\n"));
    assert!(run.stderr.contains("seen\n"), "{}", run.stderr);
    assert!(!run.stdout.contains("seen"), "{}", run.stdout);
    let said: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(said.len(), 6);
    assert_eq!(said[0], "[[notify]] 1 (webhook): delivered");
    assert_eq!(
        said[2],
        "[[notify]] 3 (ntfy): not delivered: no connection: connection refused"
    );
    assert_eq!(
        said[4],
        "[[notify]] 5 (command): not delivered: it failed (exit status: 3)"
    );
}

/// `refresh` with nothing to do, with a ping that is received, refused or not delivered: the same result.
#[test]
fn a_ping_never_changes_the_result() {
    let (url, requests) = server();
    let gone = unused_address();
    for base in [
        &*format!("{url}/ok"),
        &*format!("{url}/no"),
        &*format!("http://{gone}"),
    ] {
        let home = home_with_session(&format!(
            "[ping]\nrefresh = \"{base}/{SECRET}?a={SECRET}\"\n"
        ));
        run(&home, "refresh").done();
        let seen: Vec<String> = requests.try_iter().map(|(line, _)| line).collect();
        if let Some(path) = base.strip_prefix(&url) {
            let start = format!("GET {path}/{SECRET}/start?a={SECRET} HTTP/1.1");
            let end = format!("GET {path}/{SECRET}?a={SECRET} HTTP/1.1");
            assert_eq!(seen, [start, end]);
        }
        run(&home, "-vv refresh")
            .env("RUST_LOG", "trace")
            .stderr_has(&["[ping] "])
            .done();
        let _ = requests.try_iter().count();
    }
}

/// A run that stops after its start has failed, and the ping says so.
#[test]
fn a_run_that_breaks_off_pings_its_failure() {
    let (url, requests) = server();
    let home = home_with_session(&format!("[ping]\nrefresh = \"{url}/ok\"\n"));
    let store = rusqlite::Connection::open(home.store_path()).unwrap();
    store.execute_batch("DROP TABLE sessions").unwrap();
    let run = run(&home, "refresh").fails(1, &["no such table"]);
    let seen: Vec<(String, String)> = requests.try_iter().collect();
    assert_eq!(seen[0], ("GET /ok/start HTTP/1.1".into(), String::new()));
    assert_eq!(
        seen[1],
        (
            "POST /ok/fail HTTP/1.1".into(),
            run.stderr.trim_end().into()
        )
    );
}

#[test]
fn a_store_without_sessions_pings_a_failure() {
    let (url, requests) = server();
    let home = self::home(&format!("[ping]\nrefresh = \"{url}/ok\"\n"));
    run(&home, "boxes set demo --id 1").ends(0);
    run(&home, "refresh").ends(3);
    let seen: Vec<String> = requests.try_iter().map(|(line, _)| line).collect();
    assert_eq!(seen, ["GET /ok/start HTTP/1.1", "POST /ok/fail HTTP/1.1"]);
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    for line in [
        format!("[[notify]]\nwebhook = \"http://192.0.2.1/{SECRET}\""),
        format!("[[notify]]\nntfy = \"http://ntfy.example.org/{SECRET}\""),
        format!("[ping]\nrefresh = \"http://127.0.0.1.example.org/{SECRET}\""),
    ] {
        let home = home_with_session(&line);
        run(&home, "refresh").fails(2, &["plain http"]);
    }
    for host in ["localhost:9", "127.0.0.1:9", "[::1]:9"] {
        let home = home_with_session(&format!("[[notify]]\nwebhook = \"http://{host}/\""));
        run(&home, "refresh").done();
    }
}
