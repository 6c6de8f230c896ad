//! A home of its own for every test, with config and store.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use rustix::fs::{StatVfsMountFlags, statvfs};
use serde_json::Value;
use tempfile::TempDir;

use super::{ANA_PASSWORD, Output, Run, Sandbox};

/// Returns a new folder, in memory if this machine has a file system there on which programs can be run.
///
/// Every run of the binary creates and deletes several files. On ext4 that takes a tenth of the processor time of all
/// tests, because a new file gets none of the inodes deleted in the last seconds.
pub(crate) fn temporary_folder() -> TempDir {
    const MIN_FREE_BYTES: u64 = 1 << 30;
    let memory = Path::new("/dev/shm");
    let fits = statvfs(memory).is_ok_and(|found| {
        let no_programs = found.f_flag.contains(StatVfsMountFlags::NOEXEC);
        !no_programs && found.f_bavail * found.f_frsize >= MIN_FREE_BYTES
    });
    let within = if fits {
        memory.to_owned()
    } else {
        env::temp_dir()
    };
    TempDir::with_prefix_in("aimharder-e2e-", within).expect("a temporary folder")
}

/// Writes a shell script that can be run.
///
/// Another process writes it: a child that another thread starts meanwhile would hold a file of this process open for
/// writing, and such a file cannot be run.
pub(crate) fn write_script(path: &Path, script: &str) {
    let mut install = Command::new("install")
        .args(["-m755", "/dev/stdin"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("start install");
    let text = format!("#!/bin/sh\n{script}\n");
    let mut stdin = install.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    assert!(install.wait().expect("wait for install").success());
}

/// A temporary home folder; the default places of config and store are inside it.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    server: String,
    real_time: AtomicBool,
}

impl Home {
    /// A home whose config names the sandbox only.
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let home = Self::bare(&sandbox.config);
        home.config("");
        home
    }

    /// A home without a config file.
    pub(crate) fn nowhere() -> Self {
        Self::bare("")
    }

    /// A home whose config names a server that cannot be reached.
    pub(crate) fn offline() -> Self {
        let home = Self::bare("[server]\nscheme = \"http\"\nconnect_to = \"127.0.0.1:9\"");
        home.config("");
        home
    }

    fn bare(server: &str) -> Self {
        super::child::accept_signals();
        let folder = temporary_folder();
        Self {
            folder,
            server: server.to_owned(),
            real_time: AtomicBool::new(false),
        }
    }

    /// From now on pauses and limits of all runs have their real length, and the store waits for the disk. For tests in which
    /// many processes contend for the store or the locks: on a busy machine one of them could reach a shortened limit.
    pub(crate) fn use_real_time(&self) {
        self.real_time.store(true, Ordering::Relaxed);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.path().join(".config/aimharder/config.toml")
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.path().join(".local/state/aimharder/aimharder.db")
    }

    /// Writes the config: these lines, then `[server]` with the address of the sandbox.
    pub(crate) fn config(&self, lines: &str) {
        self.config_with(lines, "");
    }

    /// The same with more lines for `[server]`.
    pub(crate) fn config_with(&self, lines: &str, server: &str) {
        self.write_config(&format!("{lines}\n{}{server}\n", self.server));
    }

    /// Sets a short timeout, for faults that hang.
    pub(crate) fn impatient(&self) {
        self.config_with("", "timeout = \"1s\"");
    }

    /// The same if the fault hangs. For other faults a busy machine may need more time.
    pub(crate) fn impatient_with(&self, fault: &Value) {
        if matches!(fault["kind"].as_str(), Some("hang" | "trickle")) {
            self.impatient();
        }
    }

    /// Writes the config as it is.
    pub(crate) fn write_config(&self, text: &str) {
        self.write(".config/aimharder/config.toml", text);
    }

    /// Writes a file of the home, its folders too.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A library that is loaded before those of the system (`LD_PRELOAD`), from a source in C.
    pub(crate) fn library(&self, name: &str, source: &str) -> PathBuf {
        let source = self.write(&format!("{name}.c"), source);
        let library = self.path().join(format!("{name}.so"));
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status();
        assert!(built.expect("a C compiler").success());
        library
    }

    /// A command of that name in the folder `tools`, which does this.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        let tools = self.path().join("tools");
        fs::create_dir_all(&tools).unwrap();
        write_script(&tools.join(name), script);
    }

    /// A run of the binary here, with the arguments of a command line.
    pub(crate) fn run(&self, args: &str) -> Run {
        let run = Run::new(self.path(), args);
        if self.real_time.load(Ordering::Relaxed) {
            run.in_real_time()
        } else {
            run
        }
    }

    /// `login` of Ana, with her password on standard input.
    pub(crate) fn login(&self, args: &str) -> Run {
        let login = self.run("login ana@example.org --password-stdin");
        login.args(args).stdin(ANA_PASSWORD)
    }

    /// Logs both sessions of an account in.
    pub(crate) fn log_in(&self, account: &str, password: &str) {
        let login = self.run("login --password-stdin").arg(account);
        let printed = login.stdin(password).json();
        assert_eq!(printed["sessions"][1]["status"], "ok", "{printed}");
    }

    /// A connection to the store.
    pub(crate) fn db(&self) -> Connection {
        let db = Connection::open(self.store_path()).expect("open the store");
        db.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        db
    }

    /// Runs a statement on the store and returns the number of rows that it changed.
    pub(crate) fn sql(&self, statement: &str) -> usize {
        self.db().execute(statement, []).expect(statement)
    }

    /// One value of the store as text; empty for NULL or no row.
    pub(crate) fn ask(&self, query: &str) -> String {
        let db = self.db();
        let mut query = db.prepare(query).expect(query);
        let mut rows = query.query([]).unwrap();
        let value = rows.next().unwrap().map(|row| row.get(0).unwrap());
        match value {
            Some(SqlValue::Integer(n)) => n.to_string(),
            Some(SqlValue::Text(text)) => text,
            _ => String::new(),
        }
    }

    /// Moves every token's time by this number of minutes into the past (negative: the future).
    pub(crate) fn age_tokens(&self, minutes: i64) {
        let by = minutes * 60_000;
        self.sql(&format!(
            "UPDATE sessions SET token_updated_at = token_updated_at - {by}"
        ));
    }

    /// The whole fingerprint of the account's session of a kind.
    pub(crate) fn fingerprint(&self, account: &str, kind: &str) -> String {
        let query = format!(
            "SELECT fingerprint FROM sessions WHERE account = '{account}' AND kind = '{kind}' ORDER BY id DESC"
        );
        let found = self.ask(&query);
        assert!(!found.is_empty(), "no {kind} session of {account}");
        found
    }

    /// All sessions as `sessions --json` shows them.
    pub(crate) fn sessions(&self) -> Vec<Value> {
        let printed = self.run("sessions").json();
        printed["sessions"].as_array().expect("a list").clone()
    }

    /// The first of them of a kind.
    pub(crate) fn session(&self, kind: &str) -> Value {
        let mut sessions = self.sessions().into_iter();
        let found = sessions.find(|session| session["kind"] == kind);
        found.expect("a session of that kind")
    }

    /// `bookings` finds none, with a session that works.
    pub(crate) fn has_no_booking(&self, args: &str) -> Output {
        let bookings = self.run("bookings").args(args);
        bookings.stdout("nothing booked\n").done()
    }
}
