//! Wrong clocks of the machine, by libfaketime.
#![allow(dead_code)] // a target uses some of it

use std::ffi::OsString;
use std::path::Path;

use super::{ANA, ANA_PASSWORD, Run, Scenario};

/// Variables of a process: `FAKETIME` and the like decide what its clock shows.
fn faked() -> [(&'static str, OsString); 2] {
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib",
    ];
    let mut libraries = folders
        .iter()
        .map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
    let library = libraries.find(|library| library.exists());
    let library = library.expect("libfaketime is missing: install the Debian package faketime");
    [
        ("LD_PRELOAD", library.into()),
        ("FAKETIME_NO_CACHE", "1".into()),
    ]
}

/// Only the wall clock is wrong, as if a user had set it.
const STEADY_IS_REAL: [&str; 2] = ["DONT_FAKE_MONOTONIC", "FAKETIME_DONT_FAKE_MONOTONIC"];

impl Run {
    /// With a clock that is wrong by this offset (`-1h`, `+1y`).
    pub(crate) fn faketime(self, offset: &str) -> Self {
        self.faked().env("FAKETIME", offset)
    }

    /// With a clock that is wrong by the offset in the file at each moment.
    pub(crate) fn faketime_by(self, file: &Path) -> Self {
        self.faked().env("FAKETIME_TIMESTAMP_FILE", file)
    }

    pub(crate) fn steady_is_real(self) -> Self {
        STEADY_IS_REAL
            .iter()
            .fold(self, |run, name| run.env(name, "1"))
    }

    fn faked(self) -> Self {
        let envs = faked().into_iter();
        envs.fold(self, |run, (name, value)| run.env(name, value))
    }
}

impl Scenario {
    /// A scene whose clocks, of server and machine, are this many seconds ahead.
    pub(crate) fn at(ahead: i64) -> Self {
        let mut scene = Self::logged_out();
        scene.clocks(ahead);
        scene.log_in(ANA, ANA_PASSWORD);
        scene
    }

    /// Puts both clocks this many seconds ahead of the real one.
    pub(crate) fn clocks(&mut self, ahead: i64) {
        self.envs = faked().into();
        self.envs.push(("FAKETIME", format!("{ahead:+}").into()));
        self.envs
            .extend(STEADY_IS_REAL.map(|name| (name, "1".into())));
        self.server_ahead(ahead * 1000);
    }
}
