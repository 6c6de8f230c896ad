//! `--system`: the store and the config of the installed service, as the user of the service.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::args::GlobalArgs;
use crate::diagnostics::entry::program;
use crate::error::{ExitKind, Failure};
use crate::text::{shell_word, why};

/// The folders of the service, below the root folder. Its units name them.
const STATE: &str = "var/lib/aimharder";
const CONFIG: &str = "etc/aimharder";

/// Sets the store and the config of the service. Called by root, it runs the same command line as the owner of the store and does
/// not return.
///
/// # Errors
/// The service is not installed, its store belongs to another user, or the command cannot be run as its owner.
pub(crate) fn enter(global: &mut GlobalArgs) -> Result<()> {
    let state = root().join(STATE);
    let facts = fs::metadata(&state).map_err(|e| {
        let shown = state.display();
        Failure::usage(match e.kind() {
            ErrorKind::NotFound => format!(
                "--system: there is no folder {shown}; install the service first (systemd/install.sh)"
            ),
            _ => format!("--system: cannot look at {shown}: {}", why(&e)),
        })
    })?;
    let user = rustix::process::geteuid().as_raw();
    if user == 0 && facts.uid() != 0 {
        return Err(run_as(facts.uid(), facts.gid(), &state).into());
    }
    if user != facts.uid() {
        let message = format!(
            "the store of the service belongs to another user (uid {}); run the same command with sudo",
            facts.uid()
        );
        return Err(Failure::new(ExitKind::Internal, message).into());
    }
    (global.config, global.store) = files();
    Ok(())
}

/// The config and the store of the service.
pub(crate) fn files() -> (Option<PathBuf>, Option<PathBuf>) {
    let config = root().join(CONFIG).join("config.toml");
    (Some(config), Some(root().join(STATE).join("aimharder.db")))
}

/// Replaces this process by the same command line, run as another user. Returns if that fails.
fn run_as(user: u32, group: u32, home: &Path) -> Failure {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let error = Command::new("setpriv")
        .args([format!("--reuid={user}"), format!("--regid={group}")])
        .args(["--clear-groups", "--"])
        .arg(program())
        .args(args)
        .env("HOME", home)
        .exec();
    Failure::new(
        ExitKind::Internal,
        format!(
            "cannot run setpriv, which runs the command as the service's user: {}",
            why(&error)
        ),
    )
}

/// Why the key of the service's store is not available, with the command line that has it.
pub(super) fn no_key() -> String {
    let args = std::env::args_os().skip(1).filter(|arg| arg != "--system");
    let args = args.map(|arg| shell_word(&arg.to_string_lossy()));
    let program = shell_word(&program().to_string_lossy());
    format!(
        "the key of the service's store is a systemd credential; run: sudo systemd-run --pipe --wait --collect -p User=aimharder \
         -p UMask=0077 -p StateDirectory=aimharder -p StateDirectoryMode=0700 -p ConfigurationDirectory=aimharder \
         -p LoadCredentialEncrypted=aimharder-key:/etc/aimharder/store.key {program} {}",
        args.collect::<Vec<_>>().join(" ")
    )
}

/// The root folder. Tests of debug builds have their own.
fn root() -> PathBuf {
    #[cfg(debug_assertions)]
    if let Some(root) = std::env::var_os("AIMHARDER_TEST_ROOT") {
        return root.into();
    }
    PathBuf::from("/")
}
