//! README, CHANGELOG, chapters, the commented config, help texts and scripts are compared with the program. These tests
//! start no process.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may, as tests do

mod config;
mod files;
mod help;
mod lines;
mod order;
mod server;

use std::fs;
use std::path::{Path, PathBuf};

/// The pages for users.
const PAGES: [&str; 11] = [
    "README.md",
    "CHANGELOG.md",
    "examples/README.md",
    "src/docs/contributing.md",
    "src/docs/glossary.md",
    "src/docs/performance.md",
    "src/docs/prebooking.md",
    "src/docs/scheduling.md",
    "src/docs/scripting.md",
    "src/docs/security.md",
    "src/docs/troubleshooting.md",
];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}
