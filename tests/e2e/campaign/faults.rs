//! The faults of a round: switches and faults of the platform, sessions that end, processes that are killed, clocks that step.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use fastrand::Rng;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Ending, PEOPLE};
use crate::support::{Home, Run, Sandbox};

const PATHS: [&str; 10] = [
    "/api/book",
    "/api/book",
    "/api/cancelBook",
    "/api/bookings",
    "/api/tokenUpdate",
    "/api/tokenUpdate",
    "/api/login",
    "/setrefresh",
    "/api/whoami",
    "/api/*",
];
#[cfg(feature = "other-programs")]
const CLOCKS: [&str; 6] = ["-1h", "+1h", "-10s", "+10s", "+0 x50", "+3d"];

/// The longest that a process may take.
const LIMIT: Duration = Duration::from_secs(100);

/// The faults of a round, which may be none.
#[allow(clippy::struct_excessive_bools)] // any may go with any
#[derive(Debug)]
pub(super) struct Disturbance {
    switches: Value,
    faults: Vec<Value>,
    kills: bool,
    interrupts: bool,
    #[cfg(feature = "other-programs")]
    clocks: bool,
    deaths: bool,
    /// How long another process holds SQLite's write lock.
    locked: Option<Duration>,
}

impl Disturbance {
    pub(super) fn random(rng: &mut Rng) -> Self {
        let faults = if rng.u8(..3) == 0 { 0 } else { rng.usize(1..6) };
        Self {
            switches: switches(rng),
            faults: (0..faults).map(|_| fault(rng)).collect(),
            kills: rng.bool(),
            interrupts: rng.u8(..3) == 0,
            #[cfg(feature = "other-programs")]
            clocks: rng.u8(..3) == 0,
            deaths: rng.u8(..3) == 0,
            locked: (rng.u8(..3) == 0).then(|| Duration::from_millis(rng.u64(..2000))),
        }
    }

    pub(super) fn begin(&self, sandbox: &Sandbox) {
        sandbox.config(&self.switches);
        sandbox.fault(&json!(self.faults));
    }

    pub(super) fn ending(&self, rng: &mut Rng) -> Ending {
        let after = Duration::from_millis(rng.u64(..400));
        match rng.u8(..6) {
            0 | 1 if self.kills => Ending::Killed(after),
            2 if self.interrupts => {
                Ending::Interrupted(after, one_of(rng, &[Signal::INT, Signal::TERM]))
            }
            _ => Ending::Normal,
        }
    }

    /// Wrong clocks need libfaketime: they are part of the campaign of `tests/other_programs`.
    #[cfg(not(feature = "other-programs"))]
    #[allow(clippy::unused_self)] // the other form of this function needs it
    pub(super) fn clock(&self, _: &mut Rng, run: Run) -> Run {
        run.limit(LIMIT)
    }

    #[cfg(feature = "other-programs")]
    pub(super) fn clock(&self, rng: &mut Rng, run: Run) -> Run {
        let run = run.limit(LIMIT);
        if !self.clocks || rng.bool() {
            return run;
        }
        // time-outs go by the other clock
        run.faketime(one_of(rng, &CLOCKS)).steady_is_real()
    }

    /// Locks the store on a thread.
    pub(super) fn lock_store(&self, home: &Home) -> JoinHandle<()> {
        let (db, locked) = (home.db(), self.locked);
        thread::spawn(move || {
            if let Some(time) = locked {
                db.busy_timeout(LIMIT).unwrap();
                db.execute_batch("BEGIN IMMEDIATE").unwrap();
                thread::sleep(time);
                db.execute_batch("COMMIT").unwrap();
            }
        })
    }

    /// Ends a session while the processes run.
    pub(super) fn end_sessions(&self, rng: &mut Rng, sandbox: &Sandbox, home: &Home) {
        if !self.deaths {
            return;
        }
        let (email, _) = one_of(rng, &PEOPLE);
        match rng.u8(..3) {
            0 => sandbox.kill(email),
            1 => sandbox.stale(email),
            _ => sandbox.kill_one(email, &home.fingerprint(email, "background")),
        }
    }
}

/// Ends all faults.
pub(super) fn clear(sandbox: &Sandbox) {
    sandbox.clear_faults();
    sandbox.config(&json!({
        "latency_ms": null, "latency_jitter_ms": null, "latency_after_ms": null, "skew_ms": null, "logout_shape": null,
        "logout_401": null, "quirks": null, "language": null, "refusal_shape": null, "setrefresh_ok": null,
        "rotate_cookie": true, "require_setrefresh": null, "whoami_dead_shape": null,
    }));
}

fn switches(rng: &mut Rng) -> Value {
    json!({
        "latency_ms": rng.u64(..20),
        "latency_jitter_ms": rng.u64(..5),
        "latency_after_ms": rng.u64(..20),
        "skew_ms": one_of(rng, &[0, 0, 2_700, -2_200]),
        "logout_shape": one_of(rng, &[json!(1), json!("1"), json!(true)]),
        "logout_401": rng.u8(..4) == 0,
        "quirks": one_of(rng, &[&[][..], &["strings"], &["missing"], &["dash"]]),
        "language": one_of(rng, &["es", "ca", "en"]),
        "refusal_shape": one_of(rng, &["both", "text", "key", "state"]),
        "setrefresh_ok": rng.u8(..5) > 0,
        "rotate_cookie": rng.bool(),
        "require_setrefresh": rng.u8(..4) == 0,
        "whoami_dead_shape": one_of(rng, &["data", "logout", "401"]),
    })
}

fn one_of<T: Clone>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())].clone()
}

fn fault(rng: &mut Rng) -> Value {
    let mut fault = json!({
        "path": one_of(rng, &PATHS),
        "count": rng.i64(1..4),
        "skip": rng.u64(..3),
        "after": rng.bool(),
    });
    match rng.u8(..18) {
        0 => fault["kind"] = json!("foreign"),
        1 => fault["kind"] = json!("empty"),
        2 => fault["kind"] = json!("huge"),
        3 => fault["kind"] = json!("truncate"),
        4 => fault["kind"] = json!("cut"),
        5 | 6 => fault["kind"] = json!("drop"),
        7 => fault["kind"] = json!("garbage"),
        8 => {
            fault["kind"] = json!("json");
            fault["body"] = json!({});
        }
        9 => {
            fault["kind"] = json!("hang");
            fault["seconds"] = json!(4);
            fault["count"] = json!(1);
        }
        10 => {
            fault["kind"] = json!("retry_after");
            fault["seconds"] = json!(1);
        }
        11 => {
            // no promise covers a platform that says logout although it has acted
            fault["kind"] = json!("logout");
            fault["after"] = json!(false);
        }
        12 => {
            // an update that the platform made, and whose response is lost
            fault["path"] = json!("/api/tokenUpdate");
            fault["kind"] = json!(one_of(rng, &["drop", "cut", "status"]));
            fault["status"] = json!(one_of(rng, &[502, 504]));
            fault["after"] = json!(true);
        }
        13 | 14 => {
            // a page that is not the platform's: it ends no session
            fault["kind"] = json!("status");
            fault["status"] = json!(401);
            fault["body"] = json!(one_of(rng, &["", "<h1>401 Unauthorized</h1>"]));
            fault["after"] = json!(false);
        }
        15 => {
            fault["kind"] = json!("date");
            fault["date_shift_s"] = json!(one_of(rng, &[-86_400, -3600, -5, 5, 3600, 2_592_000]));
        }
        _ => {
            fault["kind"] = json!("status");
            fault["status"] = json!(one_of(rng, &[500, 502, 503, 504, 403, 404, 429]));
        }
    }
    fault
}
