//! `--record`: appends every exchange with the platform to a new file, as one JSON line each, without anything personal
//! ([`anonymize`]).
//!
//! While a booking is fired, responses are kept in memory, and are read and written afterwards. A recording that cannot be
//! written is a warning at the end: it never changes a result.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use reqwest::Url;
use serde_json::{Value, json};

use super::call::{Body, Call, Response};
use super::{Error, anonymize};
use crate::error::Failure;
use crate::{signals, text};

/// The recording of one process.
#[derive(Debug)]
pub(super) struct Recording {
    path: PathBuf,
    file: File,
    /// The length of the file up to its last whole line.
    length: u64,
    /// The number of sessions that fire. Exchanges wait until it is zero.
    holds: usize,
    waiting: Vec<Exchange>,
    failed: Option<io::Error>,
}

/// A request, anonymized, and what came of it.
#[derive(Debug)]
pub(super) struct Exchange {
    request: Value,
    url: Url,
    domain: String,
    sent: super::Result<Response>,
}

impl Recording {
    /// Creates the file, for its owner only.
    ///
    /// # Errors
    /// [`Failure::usage`]: the file exists or cannot be created.
    pub(super) fn create(path: &Path) -> Result<Arc<Mutex<Self>>, Failure> {
        let created = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        let shown = path.display();
        let file = created.map_err(|e| {
            let why = match e.kind() {
                io::ErrorKind::AlreadyExists => {
                    "the file exists already; name a new one".to_owned()
                }
                _ => format!("cannot create the file: {}", text::why(&e)),
            };
            Failure::usage(format!("--record {shown}: {why}"))
        })?;
        let recording = Arc::new(Mutex::new(Self {
            path: path.to_owned(),
            file,
            length: 0,
            holds: 0,
            waiting: Vec::new(),
            failed: None,
        }));
        let kept = Arc::downgrade(&recording);
        signals::at_end(Box::new(move || {
            if let Some(recording) = kept.upgrade()
                && let Ok(mut recording) = recording.try_lock()
            {
                recording.holds = 0;
                recording.write_waiting();
            }
        }));
        Ok(recording)
    }

    /// Keeps exchanges in memory until [`Self::release`] was called as often.
    pub(super) fn hold(&mut self) {
        self.holds += 1;
    }

    pub(super) fn release(&mut self) {
        self.holds = self.holds.saturating_sub(1);
        self.write_waiting();
    }

    pub(super) fn add(&mut self, exchange: Exchange) {
        self.waiting.push(exchange);
        self.write_waiting();
    }

    fn write_waiting(&mut self) {
        if self.holds > 0 {
            return;
        }
        for exchange in std::mem::take(&mut self.waiting) {
            if self.failed.is_none()
                && let Err(e) = self.write(&exchange)
            {
                // a line that was written in part is removed
                let _ = self.file.set_len(self.length);
                self.failed = Some(e);
            }
        }
    }

    fn write(&mut self, exchange: &Exchange) -> io::Result<()> {
        let line = format!("{}\n", exchange.shown());
        self.file.write_all(line.as_bytes())?;
        self.length += line.len() as u64;
        Ok(())
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.holds = 0;
        self.write_waiting();
        let path = self.path.display();
        match &self.failed {
            Some(e) => log::warn!("the recording {path} is incomplete: {}", text::why(e)),
            // nothing was sent: the same command can be repeated with this name
            None if self.length == 0 => {
                let _ = std::fs::remove_file(&self.path);
            }
            None => {}
        }
    }
}

impl Exchange {
    pub(super) fn new(call: &Call<'_>, sent: &super::Result<Response>, domain: &str) -> Self {
        let body = match &call.body {
            Body::None => Value::Null,
            Body::Form(fields) => anonymize::form(fields),
            Body::Json(text) => anonymize::request_json(text),
        };
        Self {
            request: json!({
                "method": call.method().as_str(),
                "url": anonymize::url(&call.url, domain),
                "body": body,
            }),
            url: call.url.clone(),
            domain: domain.to_owned(),
            sent: sent.clone(),
        }
    }

    fn shown(&self) -> Value {
        match &self.sent {
            Ok(response) => json!({ "request": self.request, "response": {
                "status": response.status,
                "headers": anonymize::headers(&response.headers, &self.url, &self.domain),
                "body": anonymize::body(&response.body, &self.domain),
            }}),
            Err(e) => json!({ "request": self.request, "response": null, "error": failure(e) }),
        }
    }
}

/// Describes a failure without texts of other programs.
fn failure(error: &Error) -> &'static str {
    match error {
        Error::NotConnected { .. } => "no connection",
        Error::Lost { .. } => "no complete response",
        _ => "not sent, or too large",
    }
}
