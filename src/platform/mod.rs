//! The platform's HTTP interface: one function per endpoint of the [protocol](crate::docs::protocol) (`protocol.md` in
//! comments), and the only HTTP to the platform.
//!
//! A call takes three steps. `http` sends it, follows redirects where that is allowed, keeps cookies, and reads the body
//! within limits. `classify` checks what is the same for every response: whether it is usable, and whether it reports a
//! logout. The file of the endpoint (`login`, `refresh`, `account`, `schedule`, `bookings`, `book`, `cancel`, `probe`)
//! turns the content into a typed result, by pure functions that are tested with recorded responses.
//!
//! The caller passes the cookies of one login in a [`Jar`]. A call that fails leaves them unchanged; a call that succeeds
//! adds the new ones. No call is repeated here, and no result goes beyond what the response proves.
//!
//! This module gets the `[server]` section of the config. It does not use the store or the session kinds, and reads the clock
//! only to measure the server clock ([`Probe`]) and for the cache-busting parameter of the web page.

mod account;
mod anonymize;
mod book;
mod bookings;
mod call;
mod cancel;
mod classify;
mod cookies;
mod error;
mod examine;
mod fields;
mod host;
mod html;
mod http;
mod lenient;
mod login;
mod probe;
mod record;
pub mod recorded;
mod redact;
mod refresh;
mod refusal;
mod schedule;
mod token;
mod wod;

#[cfg(test)]
mod platform_tests;
#[cfg(test)]
pub(crate) mod simulated;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tls_tests;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::blocking::Client;

pub use book::{BookResponse, Verdict};
pub use bookings::{Bookings, ListedBooking};
pub use cancel::{CancelResponse, CancelVerdict};
pub use cookies::Jar;
pub use error::{Error, LoginError};
pub use examine::{Endpoint, Examined, Fact};
pub use probe::Probe;
pub use schedule::{Mine, Row};
pub use token::parse_token;
pub use wod::{Block, Exercise, Post};

use crate::config::{Scheme, Server};
use crate::error::Failure;
use crate::http_client;
use record::Recording;

pub use crate::http_client::Cause;
pub use crate::model::box_profile::KnownBox;

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;

/// How long an idle connection is kept, so that a request at the opening finds one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// The platform as reached with one set of settings. A process has one: it owns the connections and is shared by threads.
#[derive(Debug)]
pub struct Platform {
    server: Server,
    /// The hosts that are reached without the proxy, separated by commas.
    no_proxy: String,
    client: OnceLock<Result<Client>>,
    recording: Option<Arc<Mutex<Recording>>>,
}

impl Platform {
    /// Opens no connection: the client is built at the first request, so commands without a request do not pay for it.
    /// `no_proxy` lists the hosts that are reached without the proxy of `server`, separated by commas.
    pub fn new(server: Server, no_proxy: String) -> Self {
        Platform {
            server,
            no_proxy,
            client: OnceLock::new(),
            recording: None,
        }
    }

    /// The same platform, with every exchange recorded in this file.
    ///
    /// # Errors
    /// [`Failure::usage`]: the file exists or cannot be created.
    pub fn recorded(self, file: Option<&Path>) -> std::result::Result<Self, Failure> {
        let recording = file.map(Recording::create).transpose()?;
        Ok(Platform { recording, ..self })
    }

    /// Keeps the recording in memory while a booking is fired, until [`Self::write_recording`] is called as often.
    pub fn hold_recording(&self) {
        self.record(Recording::hold);
    }

    /// Writes what was kept in memory, unless another booking is fired.
    pub fn write_recording(&self) {
        self.record(Recording::release);
    }

    fn record(&self, act: impl FnOnce(&mut Recording)) {
        if let Some(recording) = &self.recording {
            act(&mut recording.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The same platform, over the same connections, with a shorter request timeout.
    ///
    /// # Errors
    /// [`Error::Setup`] if the client cannot be built.
    pub fn within(&self, limit: Duration) -> Result<Self> {
        let client = self.client()?.clone();
        let server = Server {
            timeout: limit.min(self.server.timeout),
            ..self.server.clone()
        };
        Ok(Platform {
            server,
            no_proxy: self.no_proxy.clone(),
            client: OnceLock::from(Ok(client)),
            recording: self.recording.clone(),
        })
    }

    /// The configured domain, `aimharder.com`.
    pub fn domain(&self) -> &str {
        &self.server.domain
    }

    /// The HTTP client, shared by all accounts: each call sets its own `Cookie` header.
    ///
    /// # Errors
    /// [`Error::Setup`] for a `ca_file` or `proxy` that cannot be used.
    fn client(&self) -> Result<&Client> {
        let client = self.client.get_or_init(|| self.build());
        client.as_ref().map_err(Clone::clone)
    }

    fn build(&self) -> Result<Client> {
        let server = &self.server;
        let builder = http_client::builder(
            server.scheme == Scheme::Https,
            server.ca_file.as_deref(),
            server.connect_to,
            server.proxy.as_ref(),
            &self.no_proxy,
        );
        // shorter than the timeout of the call: a connect timeout proves that nothing was sent, the other one does not
        let connect_timeout = Duration::from_secs(10).min(server.timeout * 9 / 10);
        let builder = builder.map_err(Error::Setup)?;
        let built = builder
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(64)
            .connect_timeout(connect_timeout)
            .timeout(server.timeout)
            .build();
        built.map_err(|e| {
            let cause = Cause::within(&e);
            Error::Setup(format!("cannot start the http client: {cause}"))
        })
    }
}

/// The address of a box: the host that it was listed with, and its id (protocol.md §1, §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxAt {
    /// `crossfitdemo.aimharder.com`.
    pub host: String,
    /// The `box=` of every call of the box.
    pub id: i64,
}
