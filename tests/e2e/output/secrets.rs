//! No command prints a secret, whatever the log level.

use std::fs;

use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, Home, Sandbox, start, wait_for};

/// Every secret that exists at this moment.
fn secrets(sandbox: &Sandbox) -> Vec<String> {
    let mut secrets = vec![ANA_PASSWORD.to_owned(), "wrong-secret".to_owned()];
    for session in sandbox.sessions() {
        let text = |key: &str| session[key].as_str().unwrap().to_owned();
        let token = text("token");
        secrets.push(token.rsplit('|').next().unwrap().to_owned());
        secrets.extend([token, text("cookie"), text("phpsessid")]);
    }
    secrets
}

/// Runs commands at the highest log levels; keeps their output and the secrets that existed.
struct Transcript<'s> {
    sandbox: &'s Sandbox,
    home: &'s Home,
    said: String,
    secrets: Vec<String>,
}

impl Transcript<'_> {
    fn run(&mut self, args: &str, stdin: &str) {
        for rust_log in [
            "",
            "trace",
            "aimharder=trace,reqwest=trace,hyper=trace,rustls=trace",
        ] {
            let run = self.home.run(args).arg("-vv").stdin(stdin);
            let output = run.env("RUST_LOG", rust_log).unchecked();
            self.said.push_str(&output.stdout);
            self.said.push_str(&output.stderr);
            self.secrets.extend(secrets(self.sandbox));
        }
    }
}

#[test]
fn no_secret_is_printed_at_the_highest_log_level() {
    let (mut sandbox, home) = start();
    sandbox.allow_replays(); // an update whose answer is lost leaves only the replaced token
    sandbox.config(&json!({ "rotate_cookie": true }));
    home.config("[accounts.\"ana@example.org\"]\npassword_command = \"echo correct-horse\"");
    let mut transcript = Transcript {
        sandbox: &sandbox,
        home: &home,
        said: String::new(),
        secrets: secrets(&sandbox),
    };
    let id = sandbox.trial(json!({}));
    transcript.run("login ana@example.org --password-stdin", "wrong-secret\n");
    sandbox.config(&json!({ "json_login": false }));
    transcript.run("login ana@example.org", "");
    sandbox.config(&json!({ "json_login": true }));
    transcript.run("login ana@example.org --json", "");
    home.age_tokens(60);
    for args in [
        "classes --day +3 --json",
        "book --day +3 --time 13:10 --class prueba",
        "bookings --history",
        "cancel --day +3 --time 13:10 --class prueba --json",
        "boxes --detect",
        "sessions",
        "sessions --json",
    ] {
        transcript.run(args, "");
    }
    sandbox.stale(ANA);
    transcript.run("classes --day +3", "");
    for kind in ["foreign", "drop", "truncate", "garbage"] {
        home.age_tokens(60);
        for path in [
            "/api/tokenUpdate",
            "/api/book",
            "/api/bookings",
            "/setrefresh",
        ] {
            sandbox.fault(&json!({ "path": path, "kind": kind, "after": path == "/api/tokenUpdate" && kind == "foreign" }));
        }
        transcript.run("book --day +3 --time 13:10 --class prueba", "");
        sandbox.clear_faults();
    }
    sandbox.kill(ANA);
    transcript.run("bookings --session background --json", "");
    transcript.run("bookings", "");
    transcript.run("logout --all-devices", "");
    assert!(
        transcript.said.contains("using the device session"),
        "logs are on"
    );
    for secret in &transcript.secrets {
        assert!(!secret.is_empty());
        let at = transcript.said.find(secret.as_str());
        let around = at.map(|at| &transcript.said[at.saturating_sub(200)..at]);
        assert_eq!(around, None, "{secret} was printed");
    }
    for lock in fs::read_dir(home.store_path().with_file_name("aimharder.db.locks")).unwrap() {
        let text = fs::read_to_string(lock.unwrap().path()).unwrap();
        let mut secrets = transcript.secrets.iter();
        assert!(!secrets.any(|secret| text.contains(secret)), "{text}");
        assert!(!text.contains(ANA), "{text}");
    }
    assert!(sandbox.reservations(&id).len() <= 1);
}

#[test]
fn the_password_is_not_in_the_process_list() {
    let (sandbox, home) = start();
    sandbox.fault(&json!({ "path": "/api/login", "kind": "hang", "seconds": 5 }));
    let running = home.login("").spawn();
    wait_for("the login", || !sandbox.sent("/api/login").is_empty());
    let file = |name: &str| fs::read(format!("/proc/{}/{name}", running.id())).unwrap();
    for name in ["cmdline", "environ", "comm"] {
        let text = String::from_utf8_lossy(&file(name)).into_owned();
        assert!(!text.contains(ANA_PASSWORD), "{name}: {text}");
    }
    running.kill();
}
