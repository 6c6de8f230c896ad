//! One call: sends the request, follows redirects where that is allowed, keeps the cookies of every response, and reads the
//! body within limits of time and size (promises 7 and 8). The content is not judged here.

use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Method, Url};

use super::call::{Body, Call, Manner};
use super::cookies::Origin;
use super::host::{is_host, within};
use super::record::Exchange;
use super::redact::Redactor;
use super::{Error, Jar, Platform, http_date, transport};
use crate::{clock, signals};

/// The largest response that is read (promise 7); the largest known is `/home` with 600 KB.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
const HOPS: usize = 5;
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// A complete response.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) host: String,
    pub(super) status: u16,
    /// The `Date` header in unix seconds, by the server's clock, if its year is plausible.
    pub(super) date: Option<i64>,
    /// The `Age` header: seconds that a cache has held the response.
    pub(super) age: Option<u64>,
    pub(super) retry_after: Option<Duration>,
    pub(super) location: Option<String>,
    /// Whether it redirects to the platform's login page; only a login follows that.
    pub(super) to_login: bool,
    pub(super) body: Vec<u8>,
    /// Masks the secrets of the call in texts of the response.
    pub(super) redactor: Redactor,
    /// When the head arrived.
    pub(super) received: Option<SystemTime>,
}

impl Platform {
    /// A URL on one of the platform's hosts.
    ///
    /// # Errors
    /// [`Error::Setup`] for a host outside the configured domain.
    pub(super) fn url(&self, host: &str, path: &str, query: &[(&str, &str)]) -> Result<Url, Error> {
        let outside = || {
            Error::Setup(format!(
                "{} is not a host of {}",
                crate::text::clean(host),
                self.domain()
            ))
        };
        if !is_host(host) || !within(host, self.domain()) {
            return Err(outside());
        }
        let mut url = Url::parse(&format!("{}://{host}{path}", self.settings.scheme))
            .map_err(|_| outside())?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Makes the call and reads the response. The jar changes only if `read` succeeds.
    ///
    /// # Errors
    /// Those of [`Platform::exchange`] and of `read`.
    pub(super) fn ask<T>(
        &self,
        jar: &mut Jar,
        call: Call<'_>,
        read: impl FnOnce(&Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut fresh = jar.clone();
        let answer = self.exchange(&mut fresh, call)?;
        let value = read(&answer)?;
        *jar = fresh;
        Ok(value)
    }

    /// Makes the call; the jar keeps every cookie.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Lost`], [`Error::Strange`] (too large, or a redirect that is not followed),
    /// [`Error::Setup`], [`Error::Interrupted`].
    pub(super) fn exchange(&self, jar: &mut Jar, mut call: Call<'_>) -> Result<Answer, Error> {
        if !signals::may_send(matches!(call.body, Body::None)) {
            return Err(Error::Interrupted);
        }
        let deadline = signals::stopped_at().unwrap_or_else(clock::steady) + self.settings.timeout;
        let mut redactor = Redactor::default();
        jar.hide_in(&mut redactor);
        let is_login = call.manner == Manner::ScriptLogin || self.is_login(&call.url);
        for _ in 0..=HOPS {
            let mut answer = self.hop(jar, &call, deadline)?;
            answer.to_login = !is_login && self.leads_to_login(&call, &answer);
            let Some(target) = self.redirect(&call, &answer)? else {
                jar.hide_in(&mut redactor);
                return Ok(Answer { redactor, ..answer });
            };
            if !matches!(answer.status, 307 | 308) {
                call.body = Body::None;
            }
            call.url = target;
        }
        Err(Error::Strange(format!(
            "{} redirects too often",
            host(&call.url)
        )))
    }

    /// The target of a redirect that is followed.
    fn redirect(&self, call: &Call<'_>, answer: &Answer) -> Result<Option<Url>, Error> {
        if call.manner == Manner::Script || answer.to_login || !is_redirect(answer) {
            return Ok(None);
        }
        let target = target(call, answer);
        let safe = |url: &Url| {
            let plain =
                url.port().is_none() && url.username().is_empty() && url.password().is_none();
            plain
                && url.scheme() == self.settings.scheme.as_ref()
                && within(host(url), self.domain())
        };
        match target {
            Some(url) if safe(&url) => Ok(Some(url)),
            _ => Err(Error::Strange(format!(
                "{} redirects outside the platform",
                answer.host
            ))),
        }
    }

    fn leads_to_login(&self, call: &Call<'_>, answer: &Answer) -> bool {
        is_redirect(answer) && target(call, answer).is_some_and(|url| self.is_login(&url))
    }

    /// Whether a URL is that of the login page: on the login host, or `/login` on another host of the platform.
    fn is_login(&self, url: &Url) -> bool {
        let host = host(url);
        host == format!("login.{}", self.domain())
            || (within(host, self.domain()) && url.path().trim_end_matches('/') == "/login")
    }

    fn hop(&self, jar: &mut Jar, call: &Call<'_>, deadline: Instant) -> Result<Answer, Error> {
        let host = host(&call.url);
        let begun = clock::steady();
        let left = deadline.saturating_duration_since(begun);
        if left.is_zero() {
            return Err(transport::timed_out(host));
        }
        #[cfg(test)]
        if let Some(answer) = super::simulated::answer(host, call.url.path(), left) {
            return answer;
        }
        let headers = self.headers(jar, call);
        let mut exchange = self.recorder.as_ref().map(|_| {
            let method = method(call);
            Exchange::of(
                method.as_str(),
                &call.url,
                &headers,
                &call.body,
                self.domain(),
            )
        });
        let sent = self.send(jar, call, headers, deadline, exchange.as_mut());
        if let (Some(recorder), Some(mut exchange)) = (&self.recorder, exchange) {
            if let Err(e) = &sent {
                exchange.failed(e);
            }
            recorder.add(exchange);
        }
        let answer = sent?;
        let (status, bytes, took) = (
            answer.status,
            answer.body.len(),
            begun.elapsed().as_millis(),
        );
        log::debug!(
            "{} {host}{} → {status}, {bytes} bytes, {took} ms",
            method(call),
            call.url.path()
        );
        Ok(answer)
    }

    /// Sends the request and reads the whole response.
    fn send(
        &self,
        jar: &mut Jar,
        call: &Call<'_>,
        headers: HeaderMap,
        deadline: Instant,
        exchange: Option<&mut Exchange>,
    ) -> Result<Answer, Error> {
        let host = host(&call.url);
        let left = deadline.saturating_duration_since(clock::steady());
        let response = self.request(call, headers)?.timeout(left).send();
        let response = response
            .map_err(|e| transport::failure(host, &e, &self.settings))
            .inspect_err(|e| log::debug!("{e}"))?;
        let mut answer = head(&response, host);
        self.keep_cookies(jar, &call.url, &response, answer.date);
        let headers = exchange.is_some().then(|| response.headers().clone());
        answer.body = read_body(response, host, deadline)?;
        if let (Some(exchange), Some(headers)) = (exchange, headers) {
            exchange.answered(answer.status, headers, answer.body.clone());
        }
        Ok(answer)
    }

    fn request(&self, call: &Call<'_>, headers: HeaderMap) -> Result<RequestBuilder, Error> {
        let request = self
            .client()?
            .request(method(call), call.url.clone())
            .headers(headers);
        Ok(match &call.body {
            Body::None => request,
            Body::Form(fields) => request.form(fields),
            Body::Json(json) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(json.clone()),
        })
    }

    fn headers(&self, jar: &Jar, call: &Call<'_>) -> HeaderMap {
        let origin = format!("{}://{}", call.url.scheme(), host(&call.url));
        let script = call.manner != Manner::Page;
        let accept = if script {
            "application/json, text/javascript, */*; q=0.01"
        } else {
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        };
        let mut headers = HeaderMap::new();
        let mut put = |name: HeaderName, value: &str| {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        };
        put(header::USER_AGENT, &self.settings.user_agent);
        put(header::ACCEPT, accept);
        put(header::ACCEPT_LANGUAGE, "es-ES,es;q=0.9,en;q=0.8");
        put(header::REFERER, &format!("{origin}/"));
        if script || !matches!(call.body, Body::None) {
            put(header::ORIGIN, &origin);
        }
        if script {
            put(
                HeaderName::from_static("x-requested-with"),
                "XMLHttpRequest",
            );
        }
        if let Some(cookies) = jar.header(&call.url) {
            headers.insert(header::COOKIE, cookies);
        }
        headers
    }

    fn keep_cookies(&self, jar: &mut Jar, url: &Url, response: &Response, date: Option<i64>) {
        let from = Origin {
            url,
            domain: self.domain(),
            date,
        };
        // each header line is one cookie; a comma belongs to its Expires
        let lines = response.headers().get_all(header::SET_COOKIE).iter();
        let lines = lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
        jar.keep_all(lines.collect(), &from);
    }
}

fn is_redirect(answer: &Answer) -> bool {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308)
}

fn target(call: &Call<'_>, answer: &Answer) -> Option<Url> {
    call.url.join(answer.location.as_deref()?).ok()
}

fn method(call: &Call<'_>) -> Method {
    if matches!(call.body, Body::None) {
        Method::GET
    } else {
        Method::POST
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn head(response: &Response, host: &str) -> Answer {
    let text = |name: HeaderName| {
        Some(
            response
                .headers()
                .get(name)?
                .to_str()
                .ok()?
                .trim()
                .to_owned(),
        )
    };
    let date = text(header::DATE).and_then(|d| http_date::parse_date(&d));
    Answer {
        host: host.to_owned(),
        status: response.status().as_u16(),
        date,
        age: text(header::AGE).and_then(|age| age.parse().ok()),
        retry_after: retry_after(response.headers()),
        location: text(header::LOCATION),
        to_login: false,
        body: Vec::new(),
        redactor: Redactor::default(),
        received: Some(clock::wall()),
    }
}

/// `Retry-After` in seconds, or as a date, which counts from the response's own `Date`. At most an hour.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.trim());
    let when = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = when.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.min(MAX_RETRY_AFTER.as_secs_f64())).ok();
    }
    let left = http_date::parse(when)? - http_date::parse(text(header::DATE)?)?;
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)).min(MAX_RETRY_AFTER))
}

/// Reads the whole body, decompressed. The deadline is checked between reads too, for servers that send byte by byte.
fn read_body(mut response: Response, host: &str, deadline: Instant) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match response.read(&mut chunk) {
            Ok(0) => return Ok(body),
            Ok(n) => body.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(transport::broken(host, &e)),
        }
        if clock::steady() >= deadline {
            return Err(transport::timed_out(host));
        }
        if body.len() > MAX_BODY_BYTES {
            return Err(Error::Strange(format!(
                "{host} answered with more than 2 MiB"
            )));
        }
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
