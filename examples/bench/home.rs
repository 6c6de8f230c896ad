//! A user's home in a temporary folder: a config that reaches a sandbox, a store, and runs of the binary there.

use std::fs;
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

/// The person of the sandbox's default world.
pub(crate) const ANA: &str = "ana@example.org";
pub(crate) const PASSWORD: &str = "correct-horse";
const GLIMPSES: usize = 5;

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

    /// The binary in this home, with nothing of the caller's environment but what it takes to run.
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

    /// The wall time of a run that ends well.
    pub(crate) fn time(&self, args: &[&str]) -> Result<Duration> {
        child::run(&mut self.command(args))?.good()
    }

    /// Wall times of so many runs, after one that warms the caches.
    pub(crate) fn times(&self, runs: usize, args: &[&str]) -> Result<Vec<Duration>> {
        self.time(args)?;
        (0..runs).map(|_| self.time(args)).collect()
    }

    /// The peak memory of a run, in MiB: the most that was seen in some, for a short one is hard to catch.
    pub(crate) fn memory(&self, args: &[&str]) -> Result<f64> {
        let mut most: f64 = 0.0;
        for _ in 0..GLIMPSES {
            let (run, peak) = child::weigh(&mut self.command(args))?;
            run.good()?;
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
        child::finish(child, began)?.good()
    }
}
