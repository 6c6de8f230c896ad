//! One call: sends the request, follows redirects where that is allowed, keeps the cookies of every response, and reads the
//! body within limits of time and size (promises 7 and 8). The content is not judged here.

use std::io::Read;
use std::time::Instant;

use reqwest::Url;
use reqwest::header::{self, HeaderMap, HeaderName};

use super::call::{Body, Call, Response, lost};
use super::host::{is_host, within};
use super::record::Exchange;
use super::redact::Redactor;
use super::{Error, Jar, Platform, Result};
use crate::http_client::{self, Cause};
use crate::{clock, signals};

/// The largest response that is read (promise 7); the largest known is `/home` with 600 KB.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
const MAX_REDIRECTS: usize = 5;

impl Platform {
    /// A request by a script of the web page.
    ///
    /// # Errors
    /// [`Error::Setup`] for a host outside the configured domain.
    pub(super) fn script(
        &self,
        host: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Call<'static>> {
        let outside = || {
            let host = crate::text::clean(host);
            Error::Setup(format!("{host} is not a host of {}", self.domain()))
        };
        if !is_host(host) || !within(host, self.domain()) {
            return Err(outside());
        }
        let scheme = self.server.scheme.as_ref();
        let mut url = Url::parse(&format!("{scheme}://{host}{path}")).map_err(|_| outside())?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(Call {
            url,
            is_script: true,
            body: Body::None,
        })
    }

    /// A request by a browser that opens a page. A path may have a query.
    ///
    /// # Errors
    /// As for [`Self::script`].
    pub(super) fn page(
        &self,
        host: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Call<'static>> {
        Ok(Call {
            is_script: false,
            ..self.script(host, path, query)?
        })
    }

    /// Makes the call and reads the response. The jar changes only if `read` succeeds.
    ///
    /// # Errors
    /// Those of [`Platform::exchange`] and of `read`.
    pub(super) fn ask<T>(
        &self,
        jar: &mut Jar,
        call: Call<'_>,
        read: impl FnOnce(&Response) -> Result<T>,
    ) -> Result<T> {
        let mut fresh = jar.clone();
        let response = self.exchange(&mut fresh, call)?;
        let value = read(&response)?;
        *jar = fresh;
        Ok(value)
    }

    /// Makes the call; the jar keeps every cookie.
    ///
    /// # Errors
    /// [`Error::NotConnected`], [`Error::Lost`], [`Error::Strange`] (too large, or a redirect that is not followed),
    /// [`Error::Setup`], [`Error::Interrupted`].
    pub(super) fn exchange(&self, jar: &mut Jar, mut call: Call<'_>) -> Result<Response> {
        if !signals::may_send(matches!(call.body, Body::None)) {
            return Err(Error::Interrupted);
        }
        let deadline = signals::stopped_at().unwrap_or_else(clock::steady) + self.server.timeout;
        let mut redactor = Redactor::default();
        jar.hide_in(&mut redactor);
        let is_login = self.is_login(&call.url);
        for _ in 0..=MAX_REDIRECTS {
            let mut response = self.hop(jar, &call, deadline)?;
            let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
            let location = response.header(header::LOCATION).filter(|_| is_redirect);
            let target = location.and_then(|location| call.url.join(location).ok());
            response.to_login = !is_login && target.as_ref().is_some_and(|url| self.is_login(url));
            let follows = is_redirect && !response.to_login && (!call.is_script || is_login);
            if !follows {
                jar.hide_in(&mut redactor);
                return Ok(Response {
                    redactor,
                    ..response
                });
            }
            call.url = target
                .filter(|url| self.may_follow(url))
                .ok_or_else(|| response.strange("redirects outside the platform"))?;
            if !matches!(response.status, 307 | 308) {
                call.body = Body::None;
            }
        }
        Err(Error::Strange(format!(
            "{} redirects too often",
            host(&call.url)
        )))
    }

    fn may_follow(&self, url: &Url) -> bool {
        url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && url.scheme() == self.server.scheme.as_ref()
            && within(host(url), self.domain())
    }

    /// Whether a URL is that of the login page: on the login host, or `/login` on another host of the platform.
    fn is_login(&self, url: &Url) -> bool {
        let host = host(url);
        host == format!("login.{}", self.domain())
            || (within(host, self.domain()) && url.path().trim_end_matches('/') == "/login")
    }

    fn hop(&self, jar: &mut Jar, call: &Call<'_>, deadline: Instant) -> Result<Response> {
        let host = host(&call.url);
        let begun = clock::steady();
        let left = deadline.saturating_duration_since(begun);
        if left.is_zero() {
            return Err(lost(host, Cause::TimedOut));
        }
        #[cfg(test)]
        if let Some(response) = super::simulated::response(host, call.url.path(), left) {
            return response;
        }
        let sent = self.send(jar, call, deadline);
        let sent = sent.inspect_err(|e| log::debug!("{e}"));
        self.record(|recording| recording.add(Exchange::new(call, &sent, self.domain())));
        let response = sent?;
        log::debug!(
            "{} {host}{} → {}, {} bytes, {} ms",
            call.method(),
            call.url.path(),
            response.status,
            response.body.len(),
            clock::since(begun).as_millis()
        );
        Ok(response)
    }

    /// Sends the request and reads the whole response, decompressed. The deadline is checked between reads too, for servers
    /// that send byte by byte.
    fn send(&self, jar: &mut Jar, call: &Call<'_>, deadline: Instant) -> Result<Response> {
        let host = host(&call.url);
        let request = self.client()?.request(call.method(), call.url.clone());
        let request = request.headers(self.headers(jar, call));
        let request = match &call.body {
            Body::None => request,
            Body::Form(fields) => request.form(fields),
            Body::Json(json) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(json.clone()),
        };
        let left = deadline.saturating_duration_since(clock::steady());
        let sent = request.timeout(left).send();
        let mut received = sent.map_err(|e| self.failure(host, &e))?;
        let mut response = Response {
            headers: std::mem::take(received.headers_mut()),
            received: Some(clock::wall()),
            ..Response::new(host, received.status().as_u16(), &[])
        };
        // each header line is one cookie; a comma belongs to its Expires
        let lines = response.headers.get_all(header::SET_COOKIE).iter();
        let lines = lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
        jar.keep_all(lines.collect(), &call.url, self.domain(), response.date());
        let mut chunk = [0; 16 * 1024];
        loop {
            match received.read(&mut chunk) {
                Ok(0) => return Ok(response),
                Ok(n) => response.body.extend_from_slice(&chunk[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(lost(host, Cause::of_read(&e))),
            }
            if clock::steady() >= deadline {
                return Err(lost(host, Cause::TimedOut));
            }
            if response.body.len() > MAX_BODY_BYTES {
                return Err(response.strange("answered with more than 2 MiB"));
            }
        }
    }

    /// Converts a failure of the HTTP client. The error has the host only, because the query of a URL may contain a token.
    fn failure(&self, host: &str, error: &reqwest::Error) -> Error {
        let proxy = self.server.proxy.as_ref();
        let cause = Cause::of(error, http_client::proxy_of(host, proxy, &self.no_proxy));
        let host = host.to_owned();
        if error.is_connect() {
            Error::NotConnected { host, cause }
        } else {
            Error::Lost { host, cause }
        }
    }

    fn headers(&self, jar: &Jar, call: &Call<'_>) -> HeaderMap {
        let origin = format!("{}://{}", call.url.scheme(), host(&call.url));
        let accept = if call.is_script {
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
        put(header::USER_AGENT, &self.server.user_agent);
        put(header::ACCEPT, accept);
        put(header::ACCEPT_LANGUAGE, "es-ES,es;q=0.9,en;q=0.8");
        put(header::REFERER, &format!("{origin}/"));
        if call.is_script || !matches!(call.body, Body::None) {
            put(header::ORIGIN, &origin);
        }
        if call.is_script {
            let name = HeaderName::from_static("x-requested-with");
            put(name, "XMLHttpRequest");
        }
        if let Some(cookies) = jar.header(&call.url) {
            headers.insert(header::COOKIE, cookies);
        }
        headers
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
