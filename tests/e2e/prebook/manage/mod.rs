//! `prebook add | list | rules | remove | skip` by the real binary: no network, no live session,
//! only config and store.

mod edits;
mod home;
mod refused;
mod replaced;
