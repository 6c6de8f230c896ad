//! A temporary home, and calls of `systemd/install.sh` in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::support;

/// A home, whose stand-ins come first in PATH, and the variables of every call.
pub(crate) struct Home {
    home: support::Home,
    envs: Vec<(&'static str, String)>,
}

/// The exit code of a call and its output, both streams together.
pub(crate) struct Printed {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Printed {
    /// Checks the exit code, and that the output has these words.
    pub(crate) fn is(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "{word}: {}", self.text);
        }
    }
}

impl Home {
    /// A home on a machine whose `systemctl` ends with this code.
    pub(crate) fn new(systemctl: i32) -> Self {
        let home = Self {
            home: support::Home::nowhere(),
            envs: Vec::new(),
        };
        let log = home.path("calls");
        home.tool(
            "systemctl",
            &format!("echo \"$*\" >>{}\nexit {systemctl}", log.display()),
        );
        // the tests may run as root, for whom `--user` is refused
        home.tool("id", "echo 1000");
        let short = "case $1 in man) echo .TH >\"$3/aimharder.1\" && exit ;; esac\n";
        home.program(short);
        home
    }

    /// Lets the program write all of its man pages: each takes several processes to place.
    pub(crate) fn with_all_pages(&self) {
        self.program("");
    }

    fn program(&self, first: &str) {
        let binary = env!("CARGO_BIN_EXE_aimharder");
        self.tool("built", &format!("{first}exec {binary} \"$@\""));
    }

    /// Makes a refresh end with the code that this shell command prints. `$drop_ins` lists the drop-ins for all units.
    pub(crate) fn refresh_ends_with(&self, code: &str) {
        let script = format!(
            "echo \"$*\" >>{}\n\
             drop_ins=$(cd {} 2>/dev/null && echo *)\n\
             case $* in *'show --property=ExecMainStatus'*) {code} ;; esac",
            self.path("calls").display(),
            self.path(".config/systemd/user/aimharder-.service.d")
                .display(),
        );
        self.tool("systemctl", &script);
    }

    /// Writes a stand-in for a program.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        self.home.tool(name, script);
    }

    /// The program to install: a script that runs the real one, which takes long to copy and to sum.
    pub(crate) fn binary(&self) -> String {
        self.path("tools/built").display().to_string()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &Path) -> Self {
        self.envs.push((name, value.display().to_string()));
        self
    }

    /// The calls of `systemctl` but for the question whether it runs.
    pub(crate) fn calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let calls = log.lines();
        let calls = calls.filter(|call| !call.ends_with("show-environment"));
        calls.map(str::to_owned).collect()
    }

    pub(crate) fn install(&self, args: &str) -> Printed {
        self.install_from(Path::new(env!("CARGO_MANIFEST_DIR")), args)
    }

    /// Runs the script of another copy of the repository.
    pub(crate) fn install_from(&self, source: &Path, args: &str) -> Printed {
        let output = Command::new(source.join("systemd/install.sh"))
            .args(args.split_whitespace())
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("tools").display()),
            )
            .envs(self.envs.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        Printed {
            code: output.status.code(),
            text: String::from_utf8(text).unwrap(),
        }
    }

    /// A call that must succeed.
    pub(crate) fn installed(&self, args: &str) -> String {
        let printed = self.install(&format!("{args} --binary {}", self.binary()));
        printed.is(0, &[]);
        printed.text
    }

    /// Every file below a folder of this home: its mode and when it was written.
    pub(crate) fn files(&self, below: &str) -> BTreeMap<String, (u32, SystemTime)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path(below)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let written = fs::metadata(&path).unwrap().modified().unwrap();
                let name = path.strip_prefix(self.path(below)).unwrap();
                let about = (support::mode(&path), written);
                found.insert(name.display().to_string(), about);
            }
        }
        found.retain(|name, _| !name.starts_with("tools/") && name != "calls");
        found
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        support::mode(&self.path(name))
    }

    /// The values of a key in the installed units of a folder, `%h` resolved.
    pub(crate) fn values(&self, folder: &str, key: &str) -> Vec<String> {
        let units = fs::read_dir(self.path(folder)).unwrap();
        let texts = units.map(|unit| fs::read_to_string(unit.unwrap().path()).unwrap());
        let home = self.home.path().display().to_string();
        let values = texts.flat_map(|text| {
            let lines = text.lines();
            let lines = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            lines.map(str::to_owned).collect::<Vec<_>>()
        });
        values.map(|value| value.replace("%h", &home)).collect()
    }
}
