//! A small request that keeps a connection open and reads the server clock. Only the time of the response and its `Date`
//! matter; its content proves nothing.

use std::time::SystemTime;

use reqwest::header::AGE;

use super::{Error, Jar, Platform, Result, classify};
use crate::clock;

/// When a request was sent and answered by the local clock, and the server clock in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The time just before sending; connecting comes after it.
    pub sent: SystemTime,
    /// When the head of the response arrived.
    pub received: SystemTime,
    /// The `Date` header in Unix seconds: the server clock, truncated.
    pub date: Option<i64>,
    /// The `Age` header: a response from a cache has an old `Date`.
    pub age: Option<u64>,
    /// The error, if the status says that the address is blocked or the server unavailable.
    pub refused: Option<Error>,
}

impl Platform {
    /// Sends a cheap request to `host` and reads the whole response, whatever its status: `whoami` on the domain, and on a
    /// box the bookings of box 0, which does not exist.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Lost`], [`Error::Strange`] (too large), [`Error::Setup`].
    pub fn probe(&self, jar: &mut Jar, host: &str) -> Result<Probe> {
        let call = if host == self.domain() {
            self.script(host, "/api/whoami", &[])?
        } else {
            self.script(host, "/api/nextBookings", &[("box", "0")])?
        };
        // building the client must not count
        self.client()?;
        let mut fresh = jar.clone();
        let sent = clock::wall();
        let response = self.exchange(&mut fresh, call)?;
        if classify::data(&response).is_ok() {
            // a refusal may delete cookies
            *jar = fresh;
        }
        let received = response.received.unwrap_or(sent);
        Ok(Probe {
            sent,
            received,
            date: response.date(),
            age: response.header(AGE).and_then(|age| age.parse().ok()),
            refused: classify::status(response.status, &response).err(),
        })
    }
}
