//! The whole output of every command: exit code, standard output and standard error of the real binary, as inline
//! snapshots (help texts as files below `snapshots/`).
//!
//! What differs between two runs (days, instants, fingerprints, ports, paths) is replaced by a placeholder in
//! [`shot`], so that the snapshots are the same on every day and machine. Classes are added to an empty world
//! because the sandbox's default timetable depends on the weekday. JSON is checked to be one line and is then
//! broken into lines for reading.
//!
//! To review and accept a deliberate change: `cargo insta test --test snapshots --review` (`cargo install
//! cargo-insta`), or `--accept` instead of `--review` and read `git diff tests/snapshots`. A plain `cargo test` fails
//! on a difference; with `CI=true` or `INSTA_UPDATE=no` it writes nothing either.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(
    dead_code,
    unused_imports,
    reason = "shared with tests/e2e, which uses the rest"
)]
#[path = "../e2e/support/mod.rs"]
mod support;

mod text;

mod book;
mod book_lost;
mod bookings;
mod boxes;
mod cancel;
mod classes;
mod config;
mod errors;
mod help;
mod login;
mod logout;
mod notify;
mod prebook;
mod prebook_run;
mod refresh;
mod sessions;
mod status;
mod store;
mod widths;

pub(crate) use text::{shot, shot_json};

use serde_json::{Value, json};
use support::{ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, Sandbox, day, with};

/// The start of the classes that tests add, unless the test needs a second one.
pub(crate) const START: &str = "13:10";

/// A sandbox with two accounts, two boxes and no classes, and a home that reaches it.
pub(crate) fn world() -> (Sandbox, Home) {
    let sandbox = Sandbox::with(&["--empty"]);
    sandbox.gym(&json!({ "name": "crossfitdemo", "id": 10122, "gym": "CrossFit Demo" }));
    sandbox.gym(&json!({ "name": "boxdos", "id": 10555, "gym": "Box Dos" }));
    sandbox.account(&json!({
        "email": ANA, "password": ANA_PASSWORD, "id": 69232, "name": "Ana", "boxes": ["crossfitdemo"],
    }));
    sandbox.account(&json!({
        "email": BEN, "password": BEN_PASSWORD, "id": 70001, "name": "Ben", "boxes": ["crossfitdemo", "boxdos"],
    }));
    let home = Home::new(&sandbox);
    // not the schedule of this machine
    home.crontab("");
    (sandbox, home)
}

/// The same with both sessions of Ana.
pub(crate) fn ana() -> (Sandbox, Home) {
    let (sandbox, home) = world();
    home.log_in(ANA, ANA_PASSWORD);
    (sandbox, home)
}

/// Adds a class, in three days at [`START`] and called WOD unless `fields` say otherwise, and returns its id.
pub(crate) fn class(sandbox: &Sandbox, fields: &Value) -> String {
    let class = json!({
        "day": day(3), "start": START, "name": "WOD", "coach": "Marta", "occupied": 8, "capacity": 12,
    });
    sandbox.class(&with(&class, fields.clone()))
}
