//! A request to the platform, and the response to it.

use std::fmt::Display;
use std::time::SystemTime;

use reqwest::Url;
use reqwest::header::{self, HeaderMap, HeaderName};

use super::Error;
use super::redact::Redactor;
use crate::http_client::{self, Cause, date};

/// A request. One with a body is a POST.
pub(super) struct Call<'a> {
    pub(super) url: Url,
    /// Whether a script of the web page makes it: JSON is wanted, and only a login follows redirects. Otherwise a browser
    /// opens a page.
    pub(super) is_script: bool,
    pub(super) body: Body<'a>,
}

pub(super) enum Body<'a> {
    None,
    Form(&'a [(&'a str, &'a str)]),
    Json(String),
}

impl<'a> Call<'a> {
    pub(super) fn form(self, fields: &'a [(&'a str, &'a str)]) -> Self {
        let body = Body::Form(fields);
        Self { body, ..self }
    }

    pub(super) fn json(self, json: String) -> Self {
        let body = Body::Json(json);
        Self { body, ..self }
    }

    pub(super) fn method(&self) -> reqwest::Method {
        match self.body {
            Body::None => reqwest::Method::GET,
            Body::Form(_) | Body::Json(_) => reqwest::Method::POST,
        }
    }
}

/// A complete response.
#[derive(Debug, Clone, Default)]
pub struct Response {
    pub(super) host: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether it redirects to the platform's login page; only a login follows that.
    pub(super) to_login: bool,
    /// Masks the secrets of the call in texts of the response.
    pub(super) redactor: Redactor,
    /// When the head arrived.
    pub(super) received: Option<SystemTime>,
}

impl Response {
    /// A response of `host` without headers.
    pub fn new(host: &str, status: u16, body: &[u8]) -> Self {
        Self {
            host: host.to_owned(),
            status,
            body: body.to_vec(),
            ..Self::default()
        }
    }

    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        http_client::header(&self.headers, name)
    }

    /// The `Date` header in Unix seconds, by the server's clock, if its year is plausible.
    pub(super) fn date(&self) -> Option<i64> {
        date::parse_plausible(self.header(header::DATE)?)
    }

    /// The error of a response that cannot be used: `what` follows the name of the host.
    pub(super) fn strange(&self, what: impl Display) -> Error {
        Error::Strange(format!("{} {what}", self.host))
    }
}

/// The error of a response that did not come or is incomplete.
pub(super) fn lost(host: &str, cause: Cause) -> Error {
    let host = host.to_owned();
    Error::Lost { host, cause }
}
