//! What is written for people must stay true: README, CHANGELOG, the commented config, help texts and scripts are compared
//! with the program. Starts nothing and talks to nobody.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may, as tests do

mod config;
mod files;
mod help;
mod lines;
mod server;

use std::fs;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}
