//! Calls of the scripts under `examples/`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use super::{Home, Output, Sandbox, day};

impl Home {
    /// A script of `examples/`, with the binary (and stand-ins of this home's `tools`) on its PATH.
    pub(crate) fn script(&self, name: &str, args: &[&str]) -> Output {
        let tools = self.path().join("tools");
        fs::create_dir_all(&tools).unwrap();
        // there already at a second call
        symlink(env!("CARGO_BIN_EXE_aimharder"), tools.join("aimharder")).ok();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let began = Instant::now();
        let output = Command::new(script.join(name))
            .args(args)
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
            .output()
            .unwrap();
        Output {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: began.elapsed(),
        }
    }
}

impl Output {
    /// It ended with this code, and these words are in its output.
    pub(crate) fn is(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.status, Some(code), "{self:?}");
        for word in words {
            assert!(
                self.stdout.contains(word) || self.stderr.contains(word),
                "{word}: {self:?}"
            );
        }
        self
    }
}

/// A class five days ahead with this number of its two places taken.
pub(crate) fn script_class(sandbox: &Sandbox, time: &str, occupied: i64) -> String {
    sandbox.class(&json!({
        "day": day(5), "start": time, "name": "Script", "capacity": 2, "occupied": occupied, "waitlist": -1
    }))
}
