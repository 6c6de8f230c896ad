//! End to end: the real binary against the sandbox on loopback, each test in a home of its own.
//!
//! What users are promised (`scripting.md`) is looked at from outside: exit status, standard output,
//! standard error, the store's file, and the sandbox's log of what was really sent.
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
