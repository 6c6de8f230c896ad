//! Parts of all end-to-end tests: a [`Sandbox`] (the platform's stand-in, a process), a [`Home`] (a folder with config and
//! store), and a [`Run`] of the binary with the output that is expected. [`Scenario`] combines them for prebookings; [`Fired`]
//! checks the JSON of `prebook run`, `report.rs` that of `refresh`.
//!
//! ```text
//! let (sandbox, home) = logged_in();
//! let id = sandbox.class(&json!({ "day": day(3), "start": "13:10", "name": "WOD" }));
//! let printed = home.run("book --time 13:10 --day +3").json();
//! assert_eq!(printed["outcome"], "booked");
//! ```

mod check;
mod child;
mod completions;
mod day;
#[cfg(feature = "other-programs")]
mod faketime;
mod fired;
mod gateway;
mod home;
mod http;
mod login;
mod machine;
mod report;
mod run;
mod sandbox;
mod scene;
mod scripts;
mod stored;
mod terminal;
mod together;

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use aimharder::model::account::Account;
use aimharder::model::session::SessionKind;
use aimharder::sessions::lock::{Held, Locks};
use aimharder::store::Store;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

pub(crate) use check::kind_of;
pub(crate) use completions::{left_by_a_run, seen};
pub(crate) use day::{day, madrid, today};
pub(crate) use fired::{Fired, outcomes, says};
pub(crate) use gateway::Gateway;
pub(crate) use home::{Home, temporary_folder, write_script};
pub(crate) use http::read_request;
pub(crate) use login::{store_boxes, store_session};
pub(crate) use machine::CRONTAB;
pub(crate) use run::{Output, Run, Running};
pub(crate) use sandbox::{Sandbox, binary as sandbox_binary};
pub(crate) use scene::{SOURCE, START, Scenario, real_ms};
pub(crate) use scripts::script_class;
pub(crate) use stored::{found, is_sound, mode, set_mode, store_files, tokens_agree};
pub(crate) use terminal::{bare, conversation, shown};
pub(crate) use together::{all_at_once, side_by_side, together};

/// The sandbox's two people.
pub(crate) const ANA: &str = "ana@example.org";
pub(crate) const BEN: &str = "ben@example.org";
/// Their passwords, which no output may show.
pub(crate) const ANA_PASSWORD: &str = "correct-horse";
pub(crate) const BEN_PASSWORD: &str = "battery-staple";
/// Part of addresses and passwords of tests, which no output may show either.
pub(crate) const SECRET: &str = "hunter2hunter2";

/// A sandbox and an empty home that reaches it.
pub(crate) fn start() -> (Sandbox, Home) {
    let sandbox = Sandbox::start();
    let home = Home::new(&sandbox);
    (sandbox, home)
}

/// The same after a login of Ana, with both sessions and an empty log.
pub(crate) fn logged_in() -> (Sandbox, Home) {
    let (sandbox, home) = start();
    login::copy_login(&sandbox, &home);
    (sandbox, home)
}

/// A sandbox and a home in which this number of other accounts are logged in: `m1@example.org`, `m2@example.org`, …
pub(crate) fn crowd(people: usize) -> (Sandbox, Home) {
    let (sandbox, home) = start();
    for n in 1..=people {
        let (email, password) = (format!("m{n}@example.org"), format!("password-{n}"));
        let account = json!({
            "email": email, "password": password, "name": "M", "boxes": ["crossfitdemo"],
        });
        sandbox.account(&account);
        home.log_in(&email, &password);
    }
    sandbox.clear_log();
    (sandbox, home)
}

/// Holds the lock of the account's session of a kind, as another process would.
pub(crate) fn hold(home: &Home, account: &str, kind: SessionKind) -> Held {
    let store = Store::open(&home.store_path()).expect("the store");
    let account: Account = account.parse().unwrap();
    let rows = store.sessions(Some(&account)).unwrap();
    let row = rows.iter().find(|row| row.kind == kind);
    let locks = Locks::beside(&home.store_path(), "a test");
    let print = &row.expect("a session").fingerprint;
    let held = locks.alone(&account, print, Duration::ZERO);
    held.expect("its lock")
}

/// The lines of a table of two columns, which ` => ` separates.
pub(crate) fn cases(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = table.trim().lines();
    lines.map(|line| line.trim().split_once(" => ").expect(line))
}

/// The object with more fields, or other values of its own.
pub(crate) fn with(object: &Value, more: Value) -> Value {
    let mut whole = object.clone();
    let Value::Object(more) = more else {
        panic!("not an object: {more}");
    };
    whole.as_object_mut().expect("an object").extend(more);
    whole
}

/// An address of loopback on which nothing listens.
pub(crate) fn unused_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().to_string()
}

/// Waits until a condition holds. The pauses between two checks grow, because many tests wait at the same time.
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    let mut pause = Duration::from_millis(2);
    while !is_so() {
        assert!(Instant::now() < until, "waited for {what}");
        thread::sleep(pause);
        pause = (2 * pause).min(Duration::from_millis(20));
    }
}

/// Sends a process a signal: `INT`, `TERM`, `HUP`, `QUIT`, `STOP`, `CONT`.
pub(crate) fn signal(name: &str, process: u32) {
    let signal = match name {
        "INT" => Signal::INT,
        "TERM" => Signal::TERM,
        "HUP" => Signal::HUP,
        "QUIT" => Signal::QUIT,
        "STOP" => Signal::STOP,
        "CONT" => Signal::CONT,
        other => panic!("the signal {other} is not listed"),
    };
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(process.expect("a process"), signal).expect("send a signal");
}
