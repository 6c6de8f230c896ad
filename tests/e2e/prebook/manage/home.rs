//! A home of its own for each test: config, store, and the binary in it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use aimharder::model::account::Account;
use aimharder::model::account::BoxRef;
use aimharder::model::prebooking::Progress;
use aimharder::model::session::{Fingerprint, SessionKind};
use aimharder::secret::Secret;
use aimharder::store::{Attempt, NewLogin, Settlement, Store};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Europe::Madrid;
use serde_json::Value;

use crate::support::temporary_folder;

pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn empty() -> Self {
        let folder = temporary_folder();
        let home = Self { folder };
        home.config("");
        home.schedule();
        home
    }

    /// Ana with a device session, a background session and one box; a password source.
    pub(crate) fn of_ana() -> Self {
        let home = Self::empty();
        home.config("password_command = [\"echo\", \"secret\"]\n");
        home.login("ana@example.org", &["crossfitdemo"]);
        home
    }

    /// These lines, and a server that cannot be reached.
    pub(crate) fn config(&self, text: &str) {
        let server = "[server]\nscheme = \"http\"\nconnect_to = \"127.0.0.1:9\"";
        std::fs::write(self.config_path(), format!("{text}\n{server}\n")).unwrap();
    }

    fn config_path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// A crontab that runs `prebook run`, so that `prebook add` has nothing to warn of.
    fn schedule(&self) {
        let line = format!(
            "13,28,43,58 * * * * {} prebook run --config {} --store {}",
            env!("CARGO_BIN_EXE_aimharder"),
            self.config_path().display(),
            self.db().display()
        );
        let tool = self.folder.path().join("crontab");
        std::fs::write(&tool, format!("#!/bin/sh\necho '{line}'\n")).unwrap();
        std::fs::set_permissions(&tool, Permissions::from_mode(0o700)).unwrap();
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.folder.path().join("aimharder.db")
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.db()).unwrap()
    }

    pub(crate) fn login(&self, account: &str, boxes: &[&str]) {
        let account: Account = account.parse().unwrap();
        for kind in [SessionKind::Device, SessionKind::Background] {
            self.session(&account, kind);
        }
        let found: Vec<BoxRef> = boxes
            .iter()
            .map(|name| BoxRef {
                name: (*name).to_owned(),
                host: format!("{name}.aimharder.com"),
                id: Some(10122),
                title: None,
            })
            .collect();
        self.store().put_boxes(&account, &found).unwrap();
    }

    pub(crate) fn session(&self, account: &Account, kind: SessionKind) {
        let fingerprint = match kind {
            SessionKind::Device => Fingerprint::new_device().unwrap(),
            SessionKind::Background => Fingerprint::background(account, "salt"),
        };
        let login = NewLogin {
            account,
            kind,
            fingerprint: &fingerprint,
            token: Secret::new("1|1|0"),
            cookies: Secret::new("[]"),
            now: now(),
        };
        let store = self.store();
        store
            .put_login(&store.hold_form().unwrap(), &login)
            .unwrap();
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        let words: Vec<String> = words(line);
        Command::new(env!("CARGO_BIN_EXE_aimharder"))
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", self.folder.path())
            .env("TZ", "Europe/Madrid")
            .arg("--config")
            .arg(self.config_path())
            .arg("--store")
            .arg(self.db())
            .args(words)
            .output()
            .unwrap()
    }

    /// Runs with `--json`, must end so, and say nothing on standard error unless it is a failure.
    pub(crate) fn json(&self, line: &str, code: i32) -> Value {
        let out = self.run(&format!("{line} --json"));
        let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "{line}: {stdout}{stderr}");
        assert_eq!(stderr.is_empty(), code == 0, "{line}: {stderr}");
        serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{line}: {e}: {stdout}"))
    }

    pub(crate) fn human(&self, line: &str) -> String {
        let out = self.run(line);
        assert_eq!(out.status.code(), Some(0), "{line}: {}", text(&out.stderr));
        assert_eq!(text(&out.stderr), "", "{line}");
        text(&out.stdout)
    }

    /// What a failure says; its code must be this, and standard output empty.
    pub(crate) fn refused(&self, line: &str, code: i32) -> String {
        let out = self.run(line);
        assert_eq!(
            out.status.code(),
            Some(code),
            "{line}: {}",
            text(&out.stderr)
        );
        assert_eq!(text(&out.stdout), "", "{line}");
        text(&out.stderr)
    }

    pub(crate) fn settle(&self, id: i64, progress: Progress) {
        let store = self.store();
        let seen = store.prebooking(id).unwrap().unwrap();
        assert!(store.claim(&seen, "run", |_| true).unwrap());
        store.put_attempt(id, &shot()).unwrap();
        let end = Settlement {
            progress,
            message: None,
            reservation: Some("55501".into()),
            class_id: Some("1223250".into()),
            attempts: 1,
            moved_to: None,
            tried_at: now(),
        };
        assert!(store.settle(id, "run", &end).unwrap());
    }
}

pub(crate) fn shot() -> Attempt {
    Attempt {
        sent_at: "2026-11-20T17:30:00.012Z".parse().unwrap(),
        class: "19:30 Open Box (id 1223250)".into(),
        outcome: "booked".into(),
        book_state: Some(1),
        message: None,
        clock_offset_ms: Some(-812.4),
        lateness_ms: Some(3.1),
    }
}

/// Words of a line, quoted ones whole.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    aimharder::clock::now()
}

/// A day on the box's calendar, so many days ahead.
pub(crate) fn ahead(days: u64) -> NaiveDate {
    now().with_timezone(&Madrid).date_naive() + Days::new(days)
}

pub(crate) fn ids(view: &Value) -> Vec<i64> {
    let list = view["prebookings"].as_array().unwrap();
    list.iter().map(|p| p["id"].as_i64().unwrap()).collect()
}
