//! The release build's programs, found beside this one.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const BUILD: &str = "build them with: cargo build --release --bins --examples";

/// The measured binary and the sandbox.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) aimharder: PathBuf,
    pub(crate) sandbox: PathBuf,
}

impl Tools {
    /// `target/release/examples/bench` → `target/release/aimharder` and `target/release/examples/sandbox`.
    ///
    /// # Errors
    /// One of them is missing, or this is a debug build, whose figures would mean nothing.
    pub(crate) fn find() -> Result<Self> {
        if cfg!(debug_assertions) {
            bail!("this is a debug build and its figures mean nothing; {BUILD}");
        }
        let this = env::current_exe().context("find this program")?;
        let examples = this.parent().unwrap_or(Path::new("."));
        let release = examples.parent().unwrap_or(Path::new(".."));
        Ok(Self {
            aimharder: built(release, "aimharder")?,
            sandbox: built(examples, "sandbox")?,
        })
    }
}

fn built(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    if path.is_file() {
        Ok(path)
    } else {
        bail!("{} is missing; {BUILD}", path.display())
    }
}
