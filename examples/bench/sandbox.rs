//! A sandbox, which ends when it is dropped.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Http;

/// Its domain.
pub(crate) const DOMAIN: &str = "aimharder.com";

/// A running stand-in for the platform. It ends with its standard input, so also when this process is killed.
#[derive(Debug)]
pub(crate) struct Sandbox {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The lines of a config file for it.
    pub(crate) config: String,
    /// Without TLS, which the client of the control API does not support.
    plain: bool,
}

/// One request as it arrived.
#[derive(Debug, Deserialize)]
pub(crate) struct Arrival {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Microseconds since 1970 by the server clock.
    pub(crate) server_us: i64,
    pub(crate) form: Value,
    pub(crate) account: Option<String>,
}

impl Arrival {
    /// Whether it is a booking request.
    pub(crate) fn books(&self) -> bool {
        self.method == "POST" && self.path == "/api/book"
    }
}

impl Sandbox {
    /// The default world over plain HTTP.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let mut sandbox = Self::launch(Command::new(program))?;
        sandbox.plain = true;
        Ok(sandbox)
    }

    /// The default world over https.
    pub(crate) fn start_tls(program: &Path, cert: &Path, key: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .arg("--tls-cert")
            .arg(cert)
            .arg("--tls-key")
            .arg(key);
        Self::launch(command)
    }

    fn launch(mut command: Command) -> Result<Self> {
        command
            .arg("--exit-with-stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("start the sandbox")?;
        let mut lines =
            BufReader::new(child.stdout.take().context("read the sandbox's output")?).lines();
        let first = lines.next().context("the sandbox did not start")??;
        let address = first
            .strip_prefix("listening on ")
            .context("the sandbox did not say where it listens")?;
        let address = address.parse().context("read the sandbox's address")?;
        let mut config = String::new();
        // all lines come in one write
        let last = if command.get_args().any(|arg| arg == "--tls-cert") {
            "ca_file"
        } else {
            "connect_to"
        };
        for line in lines {
            let line = line?;
            config.push_str(&line);
            config.push('\n');
            if line.starts_with(last) {
                break;
            }
        }
        Ok(Self {
            child,
            address,
            config,
            plain: false,
        })
    }

    /// A control call, JSON in and out. Each has a connection of its own, because the sandbox closes idle ones.
    pub(crate) fn control(&self, method: &str, call: &str, body: &Value) -> Result<Value> {
        if !self.plain {
            bail!("a TLS sandbox cannot be controlled")
        }
        let mut control = Http::connect(self.address)?;
        let answer = control.ask(
            method,
            DOMAIN,
            &format!("/__sandbox/{call}"),
            "",
            &body.to_string(),
        )?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Changes switches.
    pub(crate) fn set(&self, switches: &Value) -> Result<()> {
        self.control("POST", "config", switches).map(drop)
    }

    /// What has arrived since the last [`Sandbox::forget`].
    pub(crate) fn arrivals(&self) -> Result<Vec<Arrival>> {
        Ok(serde_json::from_value(self.control(
            "GET",
            "log",
            &json!({}),
        )?)?)
    }

    /// Empties the log of arrivals.
    pub(crate) fn forget(&self) -> Result<()> {
        self.control("DELETE", "log", &json!({})).map(drop)
    }

    /// The sessions of all accounts.
    pub(crate) fn sessions(&self) -> Result<Vec<Value>> {
        let sessions = self.control("GET", "state/sessions", &json!({}))?;
        Ok(serde_json::from_value(sessions)?)
    }

    /// The number of reservations of all accounts.
    pub(crate) fn reservations(&self) -> Result<usize> {
        let all = self.control("GET", "state/reservations", &json!({}))?;
        let all = all
            .as_array()
            .context("the sandbox lists no reservations")?;
        Ok(all.len())
    }

    /// How often a replaced token was presented.
    pub(crate) fn replays(&self) -> Result<usize> {
        let counters = self.control("GET", "state/counters", &json!({}))?;
        let count = counters["replayed_tokens"].as_u64();
        Ok(usize::try_from(
            count.context("the sandbox counts no replays")?,
        )?)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
