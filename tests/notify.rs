//! `notify test` and the dead-man switches, with the real binary and a server on loopback: what is printed, how the
//! program ends, what arrives, and that no secret is ever shown.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may, as tests do

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// In every URL, token and argument of these tests.
const SECRET: &str = "hunter2hunter2";

/// A home with this config.
struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::write(home.0.path().join("config.toml"), config).unwrap();
        home
    }

    fn run(&self, args: &[&str]) -> Run {
        let path = self.0.path();
        let output = Command::new(env!("CARGO_BIN_EXE_aimharder"))
            .args(args)
            .current_dir(path)
            .env_clear()
            .env("HOME", path)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AIMHARDER_CONFIG", path.join("config.toml"))
            .env("AIMHARDER_STORE", path.join("state/aimharder.db"))
            .env("RUST_LOG", if args.contains(&"-vv") { "trace" } else { "" })
            .env("AIMHARDER_PASSWORD", SECRET)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run::of(&output)
    }
}

/// What a run left behind; no run ever shows a secret.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let run = Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        assert!(!run.stdout.contains(SECRET), "{}", run.stdout);
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
        run
    }

    #[track_caller]
    fn was(&self, code: i32, stdout: &str, stderr: &str) {
        let expected = (Some(code), stdout, stderr);
        assert_eq!((self.code, &*self.stdout, &*self.stderr), expected);
    }

    fn json(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Answers by the request's path: `/ok…` with 200, `/hang…` never, anything else with 500 and the secret.
fn server() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (to, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut hanging = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (line, body) = read(&stream);
            let status = if line.contains(" /ok") { 200 } else { 500 };
            let hangs = line.contains(" /hang");
            let _ = to.send((line, body));
            if hangs {
                hanging.push(stream);
                continue;
            }
            let length = SECRET.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} {SECRET}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{SECRET}"
            );
        }
    });
    (url, requests)
}

/// The request line and the body.
fn read(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = String::new();
    let mut rest = reader.take(length.unwrap_or(0));
    rest.read_to_string(&mut body).unwrap();
    (head.lines().next().unwrap().to_owned(), body)
}

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
    let told = "\
[[notify]] 1 (webhook): told
[[notify]] 2 (discord): told
[[notify]] 3 (ntfy): told
[[notify]] 4 (command): told
";
    let run = home.run(&["notify", "test"]);
    run.was(0, told, "");
    let mut bodies: Vec<String> = requests.try_iter().map(|(_, body)| body).collect();
    bodies.sort();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[0], "Booked: test message of aimharder");
    let discord: Value = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(discord["content"], "Booked: test message of aimharder");
    let webhook: Value = serde_json::from_str(&bodies[2]).unwrap();
    assert_eq!(webhook["event"], "recovered");
    assert_eq!(webhook["message"], "test message of aimharder");
    assert_eq!(webhook["account"], "ana@example.org");

    let line = fs::read_to_string(home.0.path().join("event")).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["event"], "booked");
    let facts = fs::read_to_string(home.0.path().join("facts")).unwrap();
    for fact in [
        "AIMHARDER_EVENT=booked",
        "AIMHARDER_ACCOUNT=ana@example.org",
        "AIMHARDER_MESSAGE=test message of aimharder",
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
    let said = "[[notify]] 1 (webhook): not told: answered 500\n";

    let some = Home::new(&format!("{bad}{fine}"));
    some.run(&["notify", "test"]).was(
        7,
        &format!("{said}[[notify]] 2 (ntfy): told\n"),
        "error: not told: [[notify]] 1 (webhook)\n",
    );
    let none = Home::new(&format!("{bad}{worse}"));
    none.run(&["notify", "test"]).was(
        5,
        &format!("{said}[[notify]] 2 (command): not told: cannot run it: entity not found\n"),
        "error: not told: [[notify]] 1 (webhook), [[notify]] 2 (command)\n",
    );
    let run = none.run(&["notify", "test", "--json"]);
    assert_eq!(run.code, Some(5));
    assert_eq!(
        run.json(),
        json!({
            "channels": [
                {"number": 1, "channel": "webhook", "ok": false, "error": "answered 500"},
                {"number": 2, "channel": "command", "ok": false, "error": "cannot run it: entity not found"},
            ],
            "error": {"kind": "unreachable", "message": "not told: [[notify]] 1 (webhook), [[notify]] 2 (command)"},
        })
    );
}

#[test]
fn nobody_to_tell() {
    let home = Home::new("");
    let message = "no [[notify]] in the config: nobody to tell";
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
    home.run(&["notify", "test"]).was(
        5,
        "[[notify]] 1 (webhook): not told: timed out\n",
        "error: not told: [[notify]] 1 (webhook)\n",
    );
    assert!(begun.elapsed() < Duration::from_secs(25));
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
    assert!(
        run.stderr
            .contains("[[notify]] 1 (webhook) was told: booked\n")
    );
    assert!(run.stderr.contains("seen\n"), "{}", run.stderr);
    assert!(!run.stdout.contains("seen"), "{}", run.stdout);
    let said: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(said.len(), 6);
    assert_eq!(said[0], "[[notify]] 1 (webhook): told");
    assert_eq!(
        said[2],
        "[[notify]] 3 (ntfy): not told: no connection: connection refused"
    );
    assert_eq!(
        said[4],
        "[[notify]] 5 (command): not told: it failed (exit status: 3)"
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
        let home = Home::new(&format!(
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
    let home = Home::new(&format!("[ping]\nrefresh = \"{url}/ok\"\n"));
    home.run(&["sessions"]);
    let store = rusqlite::Connection::open(home.0.path().join("state/aimharder.db")).unwrap();
    store.execute_batch("DROP TABLE sessions").unwrap();
    let run = home.run(&["refresh"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let seen: Vec<String> = requests.try_iter().map(|(line, _)| line).collect();
    assert_eq!(seen, ["GET /ok/start HTTP/1.1", "GET /ok/fail HTTP/1.1"]);
}
