//! The readers behind the calls of [`Platform`](super::Platform), for an answer that is at hand already: saved traffic, a
//! test, a fuzzer. What a status and a body mean is decided here exactly as in a call, without one.
//!
//! Pure: must not open a connection, and must not read anything differently from the endpoint it stands for.

pub use reqwest::Url;

use super::cookies::Origin;
use super::http::Answer;
use super::{
    BookAnswer, BoxRef, CancelAnswer, Error, Jar, LoginError, NextBookings, Schedule, Signs, Token,
};
use super::{account, book, bookings, cancel, login, refresh, schedule};
use crate::secret::Secret;

/// An answer of the platform, as it was saved.
#[derive(Debug, Clone)]
pub struct Saved {
    answer: Answer,
    domain: String,
}

impl Saved {
    /// The answer of `host`, a host of `domain`.
    pub fn new(domain: &str, host: &str, status: u16, body: &[u8]) -> Saved {
        let answer = Answer {
            host: host.to_owned(),
            status,
            body: body.to_vec(),
            ..Answer::default()
        };
        Saved {
            answer,
            domain: domain.to_owned(),
        }
    }

    /// To a login by the JSON flow (protocol.md §2a). The cookie, which a success needs too, is not looked for.
    pub fn login_json(&self) -> Result<Signs, LoginError> {
        login::json::read(&self.answer, &self.domain)
    }

    /// To a login by the form flow (protocol.md §2b); `cookie`: whether the login cookie came along.
    pub fn login_form(&self, cookie: bool) -> Result<Signs, LoginError> {
        login::form::read(&self.answer, cookie)
    }

    /// To `setrefresh` (protocol.md §2c).
    pub fn set_refresh(&self) -> Result<Token, Error> {
        refresh::read_set_refresh(&self.answer)
    }

    /// To a token update (protocol.md §3).
    pub fn token_update(&self) -> Result<Token, Error> {
        refresh::read_token_update(&self.answer)
    }

    /// To `whoami` (protocol.md §4).
    pub fn whoami(&self) -> Result<Vec<BoxRef>, Error> {
        account::read_whoami(&self.answer, &self.domain)
    }

    /// The page `/home` (protocol.md §4).
    pub fn home(&self) -> Result<Vec<BoxRef>, Error> {
        account::read_home(&self.answer, &self.domain)
    }

    /// A box's page `/schedule?cl` (protocol.md §4).
    pub fn box_id(&self) -> Result<i64, Error> {
        account::read_box_id(&self.answer)
    }

    /// To `bookings`, one day's schedule (protocol.md §5).
    pub fn schedule(&self) -> Result<Schedule, Error> {
        schedule::read(&self.answer)
    }

    /// To `nextBookings` (protocol.md §5).
    pub fn next_bookings(&self) -> Result<NextBookings, Error> {
        bookings::read(&self.answer)
    }

    /// To `book` (protocol.md §6).
    pub fn book(&self) -> Result<BookAnswer, Error> {
        book::read(&self.answer)
    }

    /// To `cancelBook` (protocol.md §7).
    pub fn cancel(&self) -> Result<CancelAnswer, Error> {
        cancel::read(&self.answer)
    }
}

/// What one `Set-Cookie` line, in an answer from `url`, does to the jar (protocol.md §1). `date`: the answer's `Date`.
pub fn keep_cookie(jar: &mut Jar, domain: &str, url: &Url, date: Option<i64>, line: &str) {
    jar.keep(line, &Origin { url, domain, date });
}

/// The `Cookie` header that a request to `url` would carry.
pub fn cookie_header(jar: &Jar, url: &Url) -> Option<Secret> {
    let header = jar.header(url)?;
    Some(Secret::new(String::from_utf8_lossy(header.as_bytes())))
}
