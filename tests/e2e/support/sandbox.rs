//! The platform's stand-in as a process, and its control calls as methods.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use serde_json::{Value, json};

use super::{child, day, http, with};

/// A running sandbox. When it is dropped it ends, and the requests that it received are checked: the platform's own logout
/// was never called, and no replaced token was presented again.
#[derive(Debug)]
pub(crate) struct Sandbox {
    process: Child,
    stdin: Option<ChildStdin>,
    address: SocketAddr,
    /// Its config lines, as it printed them.
    pub(crate) config: String,
    replays_allowed: bool,
}

impl Sandbox {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// Started with further arguments.
    pub(crate) fn with(args: &[&str]) -> Self {
        let mut process = Command::new(binary())
            .arg("--exit-with-stdin")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the sandbox (cargo test builds it as an example)");
        let stdin = process.stdin.take();
        let mut printed = BufReader::new(process.stdout.take().unwrap());
        let mut first = String::new();
        printed.read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on ");
        let address = address.expect("the sandbox's first line").parse().unwrap();
        let mut config = String::new();
        while !config.contains("connect_to") {
            assert!(
                printed.read_line(&mut config).unwrap() > 0,
                "its config lines"
            );
        }
        // whatever else it prints must not fill the pipe
        thread::spawn(move || std::io::copy(&mut printed, &mut std::io::sink()));
        Self {
            process,
            stdin,
            address,
            config,
            replays_allowed: false,
        }
    }

    /// Allows replaced tokens, for tests that present one on purpose.
    pub(crate) fn allow_replays(&mut self) {
        self.replays_allowed = true;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        http::call(self.address, method, path, body)
    }

    /// Changes switches; see `--print-config`.
    pub(crate) fn config(&self, switches: &Value) {
        self.call("POST", "config", switches);
    }

    /// Holds the responses to a path until [`Sandbox::let_go`], so that what a test does meanwhile is done before they arrive.
    pub(crate) fn hold(&self, path: &str) {
        self.config(&json!({ "hold": [path] }));
    }

    pub(crate) fn let_go(&self) {
        self.config(&json!({ "hold": null }));
    }

    /// Adds a fault, or a list of them.
    pub(crate) fn fault(&self, fault: &Value) {
        self.call("POST", "faults", fault);
    }

    /// Answers every request with 503, until the faults are cleared.
    pub(crate) fn down(&self) {
        self.fault(&json!({ "path": "*", "kind": "status", "count": -1 }));
    }

    pub(crate) fn clear_faults(&self) {
        self.call("DELETE", "faults", &Value::Null);
    }

    fn state(&self, part: &str) -> Value {
        self.call("GET", &format!("state/{part}"), &Value::Null)
    }

    fn states(&self, part: &str) -> Vec<Value> {
        let Value::Array(list) = self.state(part) else {
            panic!("{part} is not a list");
        };
        list
    }

    pub(crate) fn counters(&self) -> Value {
        self.state("counters")
    }

    /// All sessions that were ever logged in.
    pub(crate) fn sessions(&self) -> Vec<Value> {
        self.states("sessions")
    }

    /// The reservations of all accounts.
    pub(crate) fn all_reservations(&self) -> Vec<Value> {
        self.states("reservations")
    }

    /// All requests since the log was last cleared.
    pub(crate) fn log(&self) -> Vec<Value> {
        let log = self.call("GET", "log", &Value::Null);
        log.as_array().expect("a list").clone()
    }

    /// Those of them for one path.
    pub(crate) fn sent(&self, path: &str) -> Vec<Value> {
        let mut log = self.log();
        log.retain(|entry| entry["path"] == path);
        log
    }

    pub(crate) fn clear_log(&self) {
        self.call("DELETE", "log", &Value::Null);
    }

    /// Adds sessions that another sandbox has listed, with their last use now.
    pub(super) fn add_sessions(&self, sessions: &[Value]) {
        self.call("POST", "sessions", &json!(sessions));
    }

    /// The account's sessions are dead for every call.
    pub(crate) fn kill(&self, account: &str) {
        self.call("POST", "sessions/kill", &json!({ "account": account }));
    }

    pub(crate) fn kill_one(&self, account: &str, fingerprint: &str) {
        let which = json!({ "account": account, "fingerprint": fingerprint });
        self.call("POST", "sessions/kill", &which);
    }

    /// The account's login cookies have lapsed, their tokens are good.
    pub(crate) fn stale(&self, account: &str) {
        self.call("POST", "sessions/stale", &json!({ "account": account }));
    }

    /// Adds or changes an account.
    pub(crate) fn account(&self, account: &Value) {
        self.call("POST", "accounts", account);
    }

    /// Adds or changes a box.
    pub(crate) fn gym(&self, gym: &Value) {
        self.call("POST", "boxes", gym);
    }

    /// Adds a class, in crossfitdemo unless it names another box, and returns its id.
    pub(crate) fn class(&self, class: &Value) -> String {
        let full = with(&json!({ "box": "crossfitdemo" }), class.clone());
        self.call("POST", "classes", &full)["ids"][0].to_string()
    }

    /// Adds a class in three days at 13:10 called Prueba, changed by `more`, and returns its id.
    pub(crate) fn trial(&self, more: Value) -> String {
        let class = json!({ "day": day(3), "start": "13:10", "name": "Prueba" });
        self.class(&with(&class, more))
    }

    pub(crate) fn patch_class(&self, id: &str, patch: &Value) {
        self.call("PATCH", &format!("classes/{id}"), patch);
    }

    /// Deletes a class and its reservations.
    pub(crate) fn delete_class(&self, id: &str) {
        self.call("DELETE", &format!("classes/{id}"), &Value::Null);
    }

    /// Adds a reservation and returns its id.
    pub(crate) fn reserve(&self, account: &str, class: &str, state: i64) -> String {
        let reservation = json!({ "account": account, "class": class, "state": state });
        self.call("POST", "reservations", &reservation)["idres"].to_string()
    }

    /// Changes `state`, `idres` or `class` of a reservation.
    pub(crate) fn patch_reservation(&self, idres: &str, patch: &Value) {
        self.call("PATCH", &format!("reservations/{idres}"), patch);
    }

    /// Deletes a reservation.
    pub(crate) fn unreserve(&self, idres: &str) {
        self.call("DELETE", &format!("reservations/{idres}"), &Value::Null);
    }

    /// The reservations of a class.
    pub(crate) fn reservations(&self, class: &str) -> Vec<Value> {
        let number: u64 = class.parse().expect("a class number");
        let mut all = self.all_reservations();
        all.retain(|reservation| reservation["class"] == number);
        all
    }

    /// The session of an account whose fingerprint begins like this.
    pub(crate) fn session(&self, account: &str, fingerprint: &str) -> Value {
        let mut all = self.sessions().into_iter();
        let found = all.find(|session| {
            session["account"] == account
                && session["fingerprint"]
                    .as_str()
                    .is_some_and(|print| print.starts_with(fingerprint))
        });
        found.expect("a session of that fingerprint")
    }

    fn check_requests(&self) {
        let log = self.log();
        let logout = |entry: &&Value| {
            let path = entry["path"].as_str().unwrap_or_default();
            path.to_lowercase().contains("logout")
        };
        let called = log.iter().find(logout);
        assert_eq!(called, None, "the platform's logout was called");
        if !self.replays_allowed {
            let replays = &self.counters()["replayed_tokens"];
            assert_eq!(*replays, 0, "a replaced token was presented again");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.check_requests();
        }
        self.stdin = None;
        if child::wait(&mut self.process, Duration::from_secs(5)).is_none() {
            child::kill(&mut self.process);
        }
    }
}

/// The program of the sandbox. `cargo test` builds examples beside the binary.
pub(crate) fn binary() -> PathBuf {
    let name = format!("examples/sandbox{}", env::consts::EXE_SUFFIX);
    let folder = Path::new(env!("CARGO_BIN_EXE_aimharder")).parent();
    folder.expect("a folder").join(name)
}
