//! A small question that keeps a connection warm and reads the server's clock. What the answer says
//! does not matter, only when it came and what its `Date` is. Must not be used as a proof of anything.

use std::time::SystemTime;

use super::call::Call;
use super::{Error, Jar, Platform, classify};
use crate::clock;

/// When a question was sent and answered, by this machine's clock, and when by the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Just before sending; includes connecting when no connection was warm.
    pub sent: SystemTime,
    /// When the head of the answer was here.
    pub received: SystemTime,
    /// The `Date` header, in unix seconds: the server's clock cut to whole seconds.
    pub date: Option<i64>,
    /// The `Age` header: an answer out of a cache has an old `Date`.
    pub age: Option<u64>,
    /// The status says that this address is blocked, or that the server is out of order.
    pub refused: Option<Error>,
}

impl Platform {
    /// Asks `host` something cheap and reads the answer to its end, whatever its status: `whoami` on the domain itself, on a
    /// box the bookings of box 0, which is nobody's.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Lost`], [`Error::Strange`] (too large), [`Error::Setup`].
    pub fn probe(&self, jar: &mut Jar, host: &str) -> Result<Probe, Error> {
        let url = if host == self.domain() {
            self.url(host, "/api/whoami", &[])?
        } else {
            self.url(host, "/api/nextBookings", &[("box", "0")])?
        };
        // the client is built before the clock starts
        self.client()?;
        let mut fresh = jar.clone();
        let sent = clock::wall();
        let answer = self.exchange(&mut fresh, Call::script(url))?;
        if classify::data(&answer).is_ok() {
            // a refusal may take cookies away
            *jar = fresh;
        }
        let received = answer.received.unwrap_or(sent);
        Ok(Probe {
            sent,
            received,
            date: answer.date,
            age: answer.age,
            refused: classify::status(&answer).err(),
        })
    }
}
