//! The readers behind the calls of [`Platform`](super::Platform), for a response from a test or a fuzzer. They are the
//! functions that the calls use.

pub use reqwest::Url;

use super::cookies::Origin;
use super::http::Answer;
use super::{
    Activity, BookResponse, BoxRef, CancelAnswer, Error, Jar, LoginError, NextBookings, Schedule,
    Signs,
};
use super::{account, anonymize, book, bookings, cancel, login, refresh, schedule, wod};
use crate::secret::Secret;

/// A recorded response.
#[derive(Debug, Clone)]
pub struct Saved {
    answer: Answer,
    domain: String,
}

impl Saved {
    /// A response of `host`, a host of `domain`.
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

    /// Reads it as the response to a JSON login (protocol.md §2a), without the check for the cookie.
    pub fn login_json(&self) -> Result<Signs, LoginError> {
        login::json::read(&self.answer, &self.domain)
    }

    /// Reads it as the response to a form login (protocol.md §2b); `cookie`: whether it set the login cookie.
    pub fn login_form(&self, cookie: bool) -> Result<Signs, LoginError> {
        login::form::read(&self.answer, cookie)
    }

    /// Reads it as the response to `setrefresh` (protocol.md §2c).
    pub fn set_refresh(&self) -> Result<Secret, Error> {
        refresh::read_set_refresh(&self.answer)
    }

    /// Reads it as the response to a token update (protocol.md §3).
    pub fn token_update(&self) -> Result<Secret, Error> {
        refresh::read_token_update(&self.answer)
    }

    /// Reads it as the response to `whoami` (protocol.md §4).
    pub fn whoami(&self) -> Result<Vec<BoxRef>, Error> {
        account::read_whoami(&self.answer, &self.domain)
    }

    /// Reads it as the page `/home` (protocol.md §4).
    pub fn home(&self) -> Result<Vec<BoxRef>, Error> {
        account::read_home(&self.answer, &self.domain)
    }

    /// Reads it as the page `/schedule?cl` of a box (protocol.md §4).
    pub fn box_id(&self) -> Result<i64, Error> {
        account::read_box_id(&self.answer)
    }

    /// Reads it as the schedule of a day (protocol.md §5).
    pub fn schedule(&self) -> Result<Schedule, Error> {
        schedule::read(&self.answer)
    }

    /// Reads it as the response to `nextBookings` (protocol.md §5).
    pub fn next_bookings(&self) -> Result<NextBookings, Error> {
        bookings::read(&self.answer)
    }

    /// Reads it as a page of workouts (protocol.md §9).
    pub fn activity(&self) -> Result<Activity, Error> {
        wod::read_activity(&self.answer)
    }

    /// Reads it as the page of a box: the number of the publisher of its workouts (protocol.md §9).
    pub fn publisher(&self) -> Option<String> {
        wod::publisher_in(&String::from_utf8_lossy(&self.answer.body))
    }

    /// The body as `--record` writes it.
    pub fn anonymized(&self) -> serde_json::Value {
        anonymize::body(&self.answer.body, &self.domain)
    }

    /// Reads it as the response to `book` (protocol.md §6).
    pub fn book(&self) -> Result<BookResponse, Error> {
        book::read(&self.answer)
    }

    /// Reads it as the response to `cancelBook` (protocol.md §7).
    pub fn cancel(&self) -> Result<CancelAnswer, Error> {
        cancel::read(&self.answer)
    }
}

/// Applies one `Set-Cookie` line of a response from `url` to the jar (protocol.md §1). `date`: the `Date` of the response.
pub fn keep_cookie(jar: &mut Jar, domain: &str, url: &Url, date: Option<i64>, line: &str) {
    jar.keep(line, &Origin { url, domain, date });
}

/// The `Cookie` header of a request to `url`.
pub fn cookie_header(jar: &Jar, url: &Url) -> Option<Secret> {
    let header = jar.header(url)?;
    Some(Secret::new(String::from_utf8_lossy(header.as_bytes())))
}
