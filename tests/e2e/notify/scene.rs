//! A home with a config, the program run in it, and a server on loopback that it tells things.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use aimharder::model::session::{Fingerprint, SessionKind};
use aimharder::secret::Secret;
use aimharder::store::{NewLogin, Store};
use serde_json::Value;

use crate::support::temporary_folder;

/// In every URL, token and argument of these tests.
pub(crate) const SECRET: &str = "hunter2hunter2";

/// A home with this config.
pub(crate) struct Home(pub(crate) tempfile::TempDir);

impl Home {
    pub(crate) fn new(config: &str) -> Self {
        let home = Self(temporary_folder());
        fs::write(home.0.path().join("config.toml"), config).unwrap();
        home
    }

    /// The same with a session that needs no refresh.
    pub(crate) fn with_session(config: &str) -> Self {
        let home = Self::new(config);
        let account = "ana@example.org".parse().unwrap();
        let store = Store::open(&home.0.path().join("state/aimharder.db")).unwrap();
        let login = NewLogin {
            account: &account,
            kind: SessionKind::Background,
            fingerprint: &Fingerprint::background(&account, "salt"),
            token: Secret::new("1|1|0"),
            cookies: Secret::new("[]"),
            now: aimharder::clock::now(),
        };
        store
            .put_login(&store.hold_form().unwrap(), &login)
            .unwrap();
        home
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, "100")
    }

    /// With limits of this percentage of their real length (`src/clock.rs`).
    pub(crate) fn run_with(&self, args: &[&str], pauses: &str) -> Run {
        let path = self.0.path();
        let output = Command::new(env!("CARGO_BIN_EXE_aimharder"))
            .args(args)
            .current_dir(path)
            .env_clear()
            .env("HOME", path)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AIMHARDER_CONFIG", path.join("config.toml"))
            .env("AIMHARDER_STORE", path.join("state/aimharder.db"))
            .env("RUST_LOG", if args.contains(&"-vv") { "trace" } else { "" })
            .env("AIMHARDER_PASSWORD", SECRET)
            .env("AIMHARDER_TEST_PAUSES", pauses)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run::of(&output)
    }
}

/// What a run left behind; no run ever shows a secret.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let run = Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        assert!(!run.stdout.contains(SECRET), "{}", run.stdout);
        assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
        run
    }

    #[track_caller]
    pub(crate) fn was(&self, code: i32, stdout: &str, stderr: &str) {
        let expected = (Some(code), stdout, stderr);
        assert_eq!((self.code, &*self.stdout, &*self.stderr), expected);
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// Answers by the request's path: `/ok…` with 200, `/hang…` never, anything else with 500 and the secret.
pub(crate) fn server() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (to, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut hanging = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (line, body) = read(&stream);
            let status = if line.contains(" /ok") { 200 } else { 500 };
            let hangs = line.contains(" /hang");
            let _ = to.send((line, body));
            if hangs {
                hanging.push(stream);
                continue;
            }
            let length = SECRET.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} {SECRET}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{SECRET}"
            );
        }
    });
    (url, requests)
}

/// The request line and the body.
pub(crate) fn read(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = String::new();
    let mut rest = reader.take(length.unwrap_or(0));
    rest.read_to_string(&mut body).unwrap();
    (head.lines().next().unwrap().to_owned(), body)
}
