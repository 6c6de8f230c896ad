//! A user's home in a temporary folder: a config that reaches a sandbox, a store, and runs of the binary there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aimharder::store::Store;
use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::child;
use crate::sandbox::Sandbox;
use crate::tools::Tools;

/// An account of the sandbox's default world.
pub(crate) const ANA: &str = "ana@example.org";
pub(crate) const PASSWORD: &str = "correct-horse";
/// Runs for one figure of memory.
const MEMORY_RUNS: usize = 5;

/// One home.
#[derive(Debug)]
pub(crate) struct Home<'t> {
    folder: TempDir,
    tools: &'t Tools,
}

impl<'t> Home<'t> {
    /// A home without a platform: nothing in it can reach a network.
    pub(crate) fn new(tools: &'t Tools) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a temporary folder")?;
        let home = Self { folder, tools };
        fs::write(home.config(), "")?;
        Ok(home)
    }

    pub(crate) fn at(tools: &'t Tools, sandbox: &Sandbox) -> Result<Self> {
        let home = Self::new(tools)?;
        fs::write(home.config(), &sandbox.config)?;
        Ok(home)
    }

    /// Adds lines to the config.
    pub(crate) fn add_config(&self, lines: &str) -> Result<()> {
        let mut file = OpenOptions::new().append(true).open(self.config())?;
        Ok(file.write_all(lines.as_bytes())?)
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.path().join("state/aimharder.db")
    }

    /// The store itself, by the library.
    pub(crate) fn store(&self) -> Result<Store> {
        Ok(Store::open(&self.store_path())?)
    }

    /// The binary in this home, without the environment of the caller.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.tools.aimharder);
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("LANG", "C.UTF-8");
        command
            .env("AIMHARDER_CONFIG", self.config())
            .env("AIMHARDER_STORE", self.store_path());
        command.args(args);
        command
    }

    /// The wall time of a run that succeeds.
    pub(crate) fn time(&self, args: &[&str]) -> Result<Duration> {
        child::run(&mut self.command(args))?.checked()
    }

    /// The wall times of some runs, after one that warms the caches.
    pub(crate) fn times(&self, runs: usize, args: &[&str]) -> Result<Vec<Duration>> {
        self.time(args)?;
        (0..runs).map(|_| self.time(args)).collect()
    }

    /// The peak memory in MiB: the largest seen in several runs, because a short run may end between two looks.
    pub(crate) fn memory(&self, args: &[&str]) -> Result<f64> {
        let mut most: f64 = 0.0;
        for _ in 0..MEMORY_RUNS {
            let (run, peak) = child::run_with_memory(&mut self.command(args))?;
            run.checked()?;
            most = most.max(peak);
        }
        Ok(most)
    }

    /// Logs Ana in, both sessions.
    pub(crate) fn log_in(&self) -> Result<()> {
        self.log_in_with(&[]).map(drop)
    }

    /// Logs Ana in with further arguments. Returns the time that it took.
    pub(crate) fn log_in_with(&self, args: &[&str]) -> Result<Duration> {
        let mut command = self.command(&["login", ANA, "--password-stdin"]);
        let began = Instant::now();
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("start the login")?;
        if let Some(mut pipe) = child.stdin.take() {
            writeln!(pipe, "{PASSWORD}")?;
        }
        child::finish(child, began)?.checked()
    }
}
