//! The request log: when each request arrived, and its response. Its length is bounded.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::faults::Kind;
use crate::http::{Request, Response};

const MAX_ENTRIES: usize = 50_000;
const MAX_ANSWER: usize = 300;

/// One request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) n: u64,
    /// Real unix microseconds: the head was complete, plus the added latency.
    pub(crate) arrived_us: i64,
    /// The server's clock at that moment, in milliseconds and in microseconds.
    pub(crate) server_ms: i64,
    pub(crate) server_us: i64,
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) form: Value,
    /// Names only.
    pub(crate) cookies: Vec<String>,
    pub(crate) user_agent: String,
    pub(crate) account: Option<String>,
    pub(crate) fingerprint: Option<String>,
    /// 0 if there was no response.
    pub(crate) status: u16,
    pub(crate) fault: Option<Kind>,
    /// Whether the platform acted on it.
    pub(crate) acted: bool,
    /// The token that it created, whether or not the response has it.
    pub(crate) made_token: Option<String>,
    pub(crate) answer: Option<String>,
}

/// All requests since the last clearing.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    next: u64,
}

impl Entry {
    /// The part that comes from the request.
    pub(crate) fn new(request: &Request, arrived_us: i64, server_ms: i64) -> Self {
        Self {
            n: 0,
            arrived_us,
            server_ms,
            server_us: server_ms * 1000 + arrived_us.rem_euclid(1000),
            method: request.method.clone(),
            host: request.host.clone(),
            path: cut(&request.path),
            query: cut(&request.query),
            form: request.form_json(),
            cookies: request
                .cookies()
                .take(50)
                .map(|(name, _)| cut(name))
                .collect(),
            user_agent: cut(request.header("user-agent").unwrap_or_default()),
            account: None,
            fingerprint: None,
            status: 0,
            fault: None,
            acted: false,
            made_token: None,
            answer: None,
        }
    }

    /// Adds the response.
    pub(crate) fn answered(&mut self, response: &Response) {
        self.status = response.status;
        if response.body.len() <= MAX_ANSWER {
            self.answer = Some(String::from_utf8_lossy(&response.body).into_owned());
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(1024).collect()
}

impl Log {
    pub(crate) fn add(&mut self, mut entry: Entry) {
        self.next += 1;
        entry.n = self.next;
        if self.entries.len() >= MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
