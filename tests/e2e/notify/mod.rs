//! `notify test` and the dead-man switches, with the real binary and a server on loopback: what is printed, how the
//! program ends, what arrives, and that no secret is ever shown.

mod scene;

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use scene::{Home, SECRET, server};

#[test]
fn every_channel_is_told() {
    let (url, requests) = server();
    let home = Home::new(&format!(
        "account = \"ana@example.org\"\n\
         [[notify]]\non = [\"recovered\"]\nwebhook = \"{url}/ok/{SECRET}\"\n\
         [[notify]]\ndiscord = \"{url}/ok/{SECRET}\"\n\
         [[notify]]\nntfy = \"{url}/ok/{SECRET}\"\n\
         [[notify]]\ncommand = \"echo {SECRET}; cat > event; env > facts\"\n"
    ));
    let printed = "\
[[notify]] 1 (webhook): delivered
[[notify]] 2 (discord): delivered
[[notify]] 3 (ntfy): delivered
[[notify]] 4 (command): delivered
";
    let run = home.run(&["notify", "test"]);
    run.was(0, printed, "");
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

    let line = fs::read_to_string(home.0.path().join("event")).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["event"], "booked");
    let facts = fs::read_to_string(home.0.path().join("facts")).unwrap();
    for fact in [
        "AIMHARDER_EVENT=booked",
        "AIMHARDER_ACCOUNT=ana@example.org",
        "AIMHARDER_MESSAGE=Booked: test message of aimharder",
    ] {
        assert!(facts.lines().any(|line| line == fact), "{fact}");
    }
    assert!(!facts.contains("AIMHARDER_PASSWORD"));

    let all = json!({"channels": [
        {"number": 1, "channel": "webhook", "ok": true, "error": null},
        {"number": 2, "channel": "discord", "ok": true, "error": null},
        {"number": 3, "channel": "ntfy", "ok": true, "error": null},
        {"number": 4, "channel": "command", "ok": true, "error": null},
    ]});
    assert_eq!(home.run(&["notify", "test", "--json"]).json(), all);
}

#[test]
fn some_or_none_are_told() {
    let (url, _requests) = server();
    let bad = format!("[[notify]]\nwebhook = \"{url}/no/{SECRET}\"\n");
    let worse = format!("[[notify]]\ncommand = [\"/nonexistent/{SECRET}\"]\n");
    let fine = format!("[[notify]]\nntfy = \"{url}/ok/{SECRET}\"\n");
    let said = "[[notify]] 1 (webhook): not delivered: answered 500\n";

    let some = Home::new(&format!("{bad}{fine}"));
    some.run(&["notify", "test"]).was(
        7,
        &format!("{said}[[notify]] 2 (ntfy): delivered\n"),
        "error: not delivered: [[notify]] 1 (webhook)\n",
    );
    let none = Home::new(&format!("{bad}{worse}"));
    none.run(&["notify", "test"]).was(
        5,
        &format!(
            "{said}[[notify]] 2 (command): not delivered: cannot run it: no such file or directory\n"
        ),
        "error: not delivered: [[notify]] 1 (webhook), [[notify]] 2 (command)\n",
    );
    let run = none.run(&["notify", "test", "--json"]);
    assert_eq!(run.code, Some(5));
    assert_eq!(
        run.json(),
        json!({
            "channels": [
                {"number": 1, "channel": "webhook", "ok": false, "error": "answered 500"},
                {"number": 2, "channel": "command", "ok": false, "error": "cannot run it: no such file or directory"},
            ],
            "error": {"kind": "unreachable", "message": "not delivered: [[notify]] 1 (webhook), [[notify]] 2 (command)"},
        })
    );
}

#[test]
fn nobody_to_tell() {
    let home = Home::new("");
    let message = "the config has no [[notify]] channel to test";
    home.run(&["notify", "test"])
        .was(2, "", &format!("error: {message}\n"));
    let run = home.run(&["notify", "test", "--json"]);
    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.json(),
        json!({"error": {"kind": "usage", "message": message}})
    );
    assert_eq!(home.run(&["notify"]).code, Some(2));
    assert_eq!(home.run(&["notify", "tset"]).code, Some(2));
}

#[test]
fn a_hanging_channel_ends() {
    let (url, _requests) = server();
    let home = Home::new(&format!("[[notify]]\nwebhook = \"{url}/hang/{SECRET}\"\n"));
    let begun = Instant::now();
    home.run_with(&["notify", "test"], "10").was(
        5,
        "[[notify]] 1 (webhook): not delivered: timed out\n",
        "error: not delivered: [[notify]] 1 (webhook)\n",
    );
    assert!(begun.elapsed() < Duration::from_secs(15)); // a tenth of the real limits
}

/// The loudest logs tell which channel, what of it, and nothing else.
#[test]
fn logs_hold_no_secret() {
    let (url, _requests) = server();
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let with_user = url.replace("http://", &format!("http://ana:{SECRET}@"));
    let home = Home::new(&format!(
        "[[notify]]\nwebhook = \"{with_user}/ok/{SECRET}\"\n\
         [[notify]]\ndiscord = \"{url}/no/{SECRET}\"\n\
         [[notify]]\nntfy = \"http://{gone}/{SECRET}\"\n\
         [[notify]]\nwebhook = \"{}/{SECRET}\"\n\
         [[notify]]\ncommand = \"echo seen; exit 3 # {SECRET}\"\n\
         [[notify]]\ntelegram = {{ token_command = \"echo {SECRET}/x\", chat = \"{SECRET}\" }}\n",
        url.replace("http", "https"),
    ));
    let run = home.run(&["-vv", "notify", "test"]);
    assert_eq!(run.code, Some(7), "{}", run.stdout);
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

/// `refresh` with nothing to do, watched by a switch that is there, fails, or is not there: the same result.
#[test]
fn a_switch_never_changes_the_result() {
    let (url, requests) = server();
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for base in [
        &*format!("{url}/ok"),
        &*format!("{url}/no"),
        &*format!("http://{gone}"),
    ] {
        let home = Home::with_session(&format!(
            "[ping]\nrefresh = \"{base}/{SECRET}?a={SECRET}\"\n"
        ));
        home.run(&["refresh"]).was(0, "", "");
        let seen: Vec<String> = requests.try_iter().map(|(line, _)| line).collect();
        if let Some(path) = base.strip_prefix(&url) {
            let start = format!("GET {path}/{SECRET}/start?a={SECRET} HTTP/1.1");
            let end = format!("GET {path}/{SECRET}?a={SECRET} HTTP/1.1");
            assert_eq!(seen, [start, end]);
        }
        let run = home.run(&["-vv", "refresh"]);
        assert_eq!(run.code, Some(0));
        assert!(run.stderr.contains("[ping] "), "{}", run.stderr);
        let _ = requests.try_iter().count();
    }
}

/// A run that breaks off after its start has failed, and the switch must hear of it.
#[test]
fn a_switch_hears_of_a_run_that_breaks_off() {
    let (url, requests) = server();
    let home = Home::with_session(&format!("[ping]\nrefresh = \"{url}/ok\"\n"));
    let store = rusqlite::Connection::open(home.0.path().join("state/aimharder.db")).unwrap();
    store.execute_batch("DROP TABLE sessions").unwrap();
    let run = home.run(&["refresh"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let seen: Vec<(String, String)> = requests.try_iter().collect();
    assert_eq!(seen[0], ("GET /ok/start HTTP/1.1".into(), String::new()));
    assert_eq!(
        seen[1],
        (
            "POST /ok/fail HTTP/1.1".into(),
            run.stderr.trim_end().into()
        )
    );
    assert!(run.stderr.contains("no such table"), "{}", run.stderr);
}

#[test]
fn a_switch_hears_of_a_store_without_sessions() {
    let (url, requests) = server();
    let home = Home::new(&format!("[ping]\nrefresh = \"{url}/ok\"\n"));
    home.run(&["boxes", "set", "demo", "--id", "1"]);
    let run = home.run(&["refresh"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
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
        let run = Home::with_session(&line).run(&["refresh"]);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("plain http"), "{}", run.stderr);
    }
    for host in ["localhost:9", "127.0.0.1:9", "[::1]:9"] {
        let home = Home::with_session(&format!("[[notify]]\nwebhook = \"http://{host}/\""));
        home.run(&["refresh"]).was(0, "", "");
    }
}
