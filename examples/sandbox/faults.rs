//! Injected faults: the requests that they affect, and how they change the response.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::{Request, Response};
use crate::{clock, pages};

/// 1000 years, so that the calendar can express the instant.
const MAX_DATE_SHIFT_S: i64 = 31_557_600_000;
const HUGE: usize = 3 * 1024 * 1024;

/// The kind of a fault.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Status,
    Html,
    Foreign,
    Truncate,
    Cut,
    Empty,
    Drop,
    Hang,
    Trickle,
    Logout,
    Json,
    Huge,
    Garbage,
    RetryAfter,
    /// The response of the platform with another `Date` header.
    Date,
    /// The response of the platform, later.
    Delay,
}

/// A fault that has not been used up.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Exact, or a prefix that ends with `*`.
    pub(crate) path: String,
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) host: Option<String>,
    #[serde(default)]
    pub(crate) method: Option<String>,
    /// The number of requests that it affects; -1 = all.
    #[serde(default = "one")]
    pub(crate) count: i64,
    /// The number of matching requests that pass first.
    #[serde(default)]
    pub(crate) skip: u64,
    /// The share of the matching requests that it affects, at random.
    #[serde(default = "all")]
    pub(crate) share: f64,
    /// The first instant of the server clock at which it applies.
    #[serde(default)]
    pub(crate) from_ms: Option<i64>,
    /// The instant from which it applies no more.
    #[serde(default)]
    pub(crate) until_ms: Option<i64>,
    /// Whether the platform acts before the fault.
    #[serde(default)]
    pub(crate) after: bool,
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) body: Option<Value>,
    #[serde(default)]
    pub(crate) headers: Map<String, Value>,
    #[serde(default)]
    pub(crate) seconds: Option<f64>,
    /// Replaces the `Date` header with this text; an empty text removes the header.
    #[serde(default)]
    pub(crate) date: Option<String>,
    /// Moves the `Date` header by a number of seconds.
    #[serde(default)]
    pub(crate) date_shift_s: i64,
}

fn one() -> i64 {
    1
}

fn all() -> f64 {
    1.0
}

/// How the response is sent.
#[derive(Clone, Debug)]
pub(crate) enum Delivery {
    Send(Response),
    /// One byte at a time, for at most this long.
    Trickle(Response, Duration),
    /// A complete head and half of the body.
    Cut(Response),
    /// Bytes that are not HTTP.
    Garbage,
    /// Nothing for this long, then the connection ends.
    Hang(Duration),
    Drop,
}

impl Fault {
    /// Checks the ranges of the values.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self
            .status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return Err("status must be between 200 and 599".to_owned());
        }
        if self
            .seconds
            .is_some_and(|seconds| !(0.0..=3600.0).contains(&seconds))
        {
            return Err("seconds must be between 0 and 3600".to_owned());
        }
        if !(0.0..=1.0).contains(&self.share) {
            return Err("share must be between 0 and 1".to_owned());
        }
        if self.date_shift_s.abs() > MAX_DATE_SHIFT_S {
            return Err("date_shift_s is beyond 1000 years".to_owned());
        }
        Ok(())
    }

    fn hits(&self, request: &Request, now: i64) -> bool {
        let its_time = self.from_ms.is_none_or(|from| from <= now)
            && self.until_ms.is_none_or(|until| now < until);
        let path = match self.path.strip_suffix('*') {
            Some(prefix) => request.path.starts_with(prefix),
            None => request.path == self.path,
        };
        its_time
            && path
            && self
                .host
                .as_ref()
                .is_none_or(|host| host.eq_ignore_ascii_case(&request.host))
            && self
                .method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
    }

    /// Whether the platform processes the request.
    pub(crate) fn acts(&self) -> bool {
        self.after || matches!(self.kind, Kind::Date | Kind::Delay)
    }

    /// How long the response is held back.
    pub(crate) fn delay(&self) -> Duration {
        match self.kind {
            Kind::Delay => Duration::from_secs_f64(self.seconds.unwrap_or(1.0)),
            _ => Duration::ZERO,
        }
    }

    /// The `Date` header of the answer at this instant of the server's clock; `None` leaves it out.
    pub(crate) fn date_header(&self, now: i64) -> Option<String> {
        match &self.date {
            Some(text) => (!text.is_empty()).then(|| text.clone()),
            None => Some(clock::http_date(now + self.date_shift_s * 1000)),
        }
    }

    /// What is sent in place of the response; `real` is the response of the platform, if it acted.
    pub(crate) fn deliver(&self, real: Option<Response>) -> Delivery {
        let seconds = |default: f64| Duration::from_secs_f64(self.seconds.unwrap_or(default));
        let real = real.unwrap_or_else(|| {
            let unfinished =
                r#"{"data":[{"id":69232,"name":"Ana","roles":[{"role":"client","boid":10122}]}]}"#;
            Response::new(200, "application/json; charset=utf-8", unfinished)
        });
        match self.kind {
            Kind::Drop => Delivery::Drop,
            Kind::Hang => Delivery::Hang(seconds(60.0)),
            Kind::Garbage => Delivery::Garbage,
            Kind::Trickle => Delivery::Trickle(self.altered(real), seconds(60.0)),
            Kind::Cut => Delivery::Cut(self.altered(real)),
            Kind::Date | Kind::Delay => Delivery::Send(self.altered(real)),
            Kind::Truncate => {
                let half = real.body.len() / 2;
                Delivery::Send(self.altered(Response {
                    body: real.body[..half].to_vec(),
                    ..real
                }))
            }
            _ => Delivery::Send(self.altered(self.replacement())),
        }
    }

    fn replacement(&self) -> Response {
        match self.kind {
            Kind::Html => Response::html(pages::login("")),
            Kind::Foreign => Response::html(pages::outage(200)),
            Kind::Logout => Response::json(&serde_json::json!({ "logout": 1 })),
            Kind::Json => Response::json(&Value::Null),
            Kind::Huge => {
                let padding = "x".repeat(HUGE);
                Response::new(
                    200,
                    "application/json",
                    format!("{{\"bookings\":[],\"padding\":\"{padding}\"}}"),
                )
            }
            Kind::Empty => Response::new(200, "application/json; charset=utf-8", ""),
            Kind::RetryAfter => {
                let seconds = self.seconds.unwrap_or(1.0).ceil().to_string();
                Response::html_status(429, pages::outage(429)).with("Retry-After", seconds)
            }
            _ => Response::html_status(503, pages::outage(self.status.unwrap_or(503))),
        }
    }

    /// The response with the status, body and headers of the fault.
    fn altered(&self, mut response: Response) -> Response {
        if let Some(status) = self.status {
            response.status = status;
        }
        match &self.body {
            Some(Value::String(text)) => response.body = text.clone().into_bytes(),
            Some(value) => response.body = value.to_string().into_bytes(),
            None => {}
        }
        for (name, value) in &self.headers {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                response
                    .headers
                    .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
                response = response.with(name, text);
            }
        }
        response
    }
}

/// All faults, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// The fault that affects a request at this instant of the server clock, if any; decrements its count.
    pub(crate) fn take(&mut self, request: &Request, now: i64) -> Option<Fault> {
        for fault in self
            .0
            .iter_mut()
            .filter(|fault| fault.count != 0 && fault.hits(request, now))
        {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fastrand::f64() >= fault.share {
                continue;
            }
            fault.count = if fault.count > 0 { fault.count - 1 } else { -1 };
            let taken = fault.clone();
            self.0.retain(|fault| fault.count != 0);
            return Some(taken);
        }
        None
    }
}
