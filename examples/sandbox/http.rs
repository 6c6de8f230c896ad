//! Requests and responses as values: forms, queries, cookies, and the bytes of a response. Reading is lenient, because other
//! clients send unusual but valid requests. Sockets are read in `wire.rs`.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::config::JsonAs;

/// Bytes of a chunk; small, so that most responses have several.
const CHUNK: usize = 100;

/// A complete request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Lower case, without port and trailing dot.
    pub(crate) host: String,
    /// `:8080` when the client named a port, else empty; redirects repeat it.
    pub(crate) port_suffix: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) keep_alive: bool,
    pub(crate) http10: bool,
    /// When the head was complete: real unix microseconds.
    pub(crate) head_us: i64,
}

impl Request {
    /// The first header of that name, by any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter; the last of several wins.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        last(&parse_pairs(&self.query), name)
    }

    /// The form fields of the body; empty unless the body is form-encoded (protocol.md §6).
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let kind = self
            .header("content-type")
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind.starts_with("application/x-www-form-urlencoded") {
            parse_pairs(&String::from_utf8_lossy(&self.body))
        } else if kind.starts_with("multipart/form-data") {
            parse_multipart(
                &kind_boundary(self.header("content-type").unwrap_or_default()),
                &self.body,
            )
        } else {
            Vec::new()
        }
    }

    /// A form field; the last of several wins.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        last(&self.form(), name)
    }

    /// A cookie by name; the last of several wins.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies()
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .last()
    }

    /// Every cookie sent, over all `Cookie` headers.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("cookie"))
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
    }

    /// The body as logged: form fields or a JSON object, with long values truncated.
    pub(crate) fn form_json(&self) -> Value {
        let form = self.form();
        if form.is_empty() {
            return match serde_json::from_slice(&self.body) {
                Ok(value @ Value::Object(_)) if self.body.len() <= 4096 => value,
                _ => Value::Null,
            };
        }
        form.into_iter()
            .take(32)
            .map(|(key, value)| (key, Value::String(value.chars().take(512).collect())))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// A response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, "application/json; charset=utf-8", value.to_string())
    }

    pub(crate) fn json_status(status: u16, value: &Value) -> Self {
        Self {
            status,
            ..Self::json(value)
        }
    }

    pub(crate) fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    pub(crate) fn html_status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            ..Self::html(body)
        }
    }

    /// The first header of that name, by any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Encodes a JSON response in the configured forms; gzip only for clients that accept it.
    pub(crate) fn encode(&mut self, forms: &[JsonAs], request: &Request) {
        let is_json = |kind: &str| kind.starts_with("application/json");
        if forms.is_empty() || !self.header("content-type").is_some_and(is_json) {
            return;
        }
        if forms.contains(&JsonAs::Bom) {
            self.body.splice(0..0, *b"\xef\xbb\xbf");
        }
        if forms.contains(&JsonAs::Html) {
            self.headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            let kind = "text/html; charset=UTF-8".to_owned();
            self.headers.push(("Content-Type".to_owned(), kind));
        }
        let accepted = request.header("accept-encoding").unwrap_or_default();
        if forms.contains(&JsonAs::Gzip) && accepted.to_ascii_lowercase().contains("gzip") {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            if gzip.write_all(&self.body).is_ok()
                && let Ok(bytes) = gzip.finish()
            {
                self.body = bytes;
                let coding = ("Content-Encoding".to_owned(), "gzip".to_owned());
                self.headers.push(coding);
            }
        }
        if forms.contains(&JsonAs::Chunked) && !request.http10 {
            let coding = ("Transfer-Encoding".to_owned(), "chunked".to_owned());
            self.headers.push(coding);
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        // a line break in a control call would add header lines
        let value: String = value.into().chars().filter(|c| !c.is_control()).collect();
        self.headers.push((name.to_owned(), value));
        self
    }

    /// The bytes on the wire; a `HEAD` request gets the head only.
    pub(crate) fn bytes(&self, request: &Request, close: bool) -> Vec<u8> {
        let version = if request.http10 { "1.0" } else { "1.1" };
        let mut out = format!("HTTP/{version} {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            out.push_str(&format_header(name, value));
        }
        let chunked = self.header("transfer-encoding").is_some();
        if !chunked {
            let length = self.body.len().to_string();
            out.push_str(&format_header("Content-Length", &length));
        }
        out.push_str(&format_header(
            "Connection",
            if close { "close" } else { "keep-alive" },
        ));
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        if request.method == "HEAD" {
            return out;
        }
        if !chunked {
            out.extend_from_slice(&self.body);
            return out;
        }
        for chunk in self.body.chunks(CHUNK) {
            out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n\r\n");
        out
    }
}

fn format_header(name: &str, value: &str) -> String {
    format!("{name}: {value}\r\n")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        410 => "Gone",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

/// The value of a name; the last of several wins.
pub(crate) fn last(pairs: &[(String, String)], name: &str) -> Option<String> {
    let pair = pairs.iter().rev().find(|(key, _)| key == name);
    pair.map(|(_, value)| value.clone())
}

/// `a=1&b=2` with percent signs and pluses decoded.
pub(crate) fn parse_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// Percent-encodes all but unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    const ENCODED: AsciiSet = NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, &ENCODED).to_string()
}

/// A string, or a number as text.
pub(crate) fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn kind_boundary(kind: &str) -> String {
    let boundary = kind
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="));
    boundary.unwrap_or_default().trim_matches('"').to_owned()
}

/// Text fields of a multipart body (curl's `-F`).
fn parse_multipart(boundary: &str, body: &[u8]) -> Vec<(String, String)> {
    if boundary.is_empty() {
        return Vec::new();
    }
    String::from_utf8_lossy(body)
        .split(&format!("--{boundary}"))
        .filter_map(|part| part.split_once("\r\n\r\n"))
        .filter_map(|(head, value)| {
            let name = head.split_once("name=\"")?.1.split_once('"')?.0;
            Some((
                name.to_owned(),
                value.strip_suffix("\r\n").unwrap_or(value).to_owned(),
            ))
        })
        .collect()
}
