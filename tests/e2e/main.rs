//! End to end: the real binary against the sandbox on loopback, each test in a home of its own.
//!
//! The promises to users (`scripting.md`) are checked from outside: by exit status, standard output, standard error, the files
//! of the store, and the sandbox's log of the requests that arrived. Whole outputs are in `tests/snapshots`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod book;
mod bookings;
mod boxes;
mod campaign;
mod cancel;
mod classes;
mod completions;
mod config;
mod guides;
mod install;
mod login;
mod logout;
mod network;
mod notify;
mod output;
mod prebook;
mod probe;
mod record;
mod refresh;
mod sandbox_fidelity;
mod sessions;
mod signals;
mod status;
mod store;
mod system;
mod wod;
