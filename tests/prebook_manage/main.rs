//! `prebook add | list | rules | remove | skip` by the real binary: no network, no live session,
//! only config and store.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may, as tests do

mod edits;
mod home;
mod refused;
