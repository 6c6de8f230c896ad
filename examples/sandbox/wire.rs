//! Reading requests from a byte stream: heads, bodies by length or in chunks, `Expect`.
//!
//! Every part has a size limit, so that memory is bounded.

use std::io::{self, Read, Write};

use crate::clock;
use crate::http::Request;

const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_BODY_BYTES: usize = 1024 * 1024;
const MAX_HEADERS: usize = 100;

/// The error of reading a request.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The client closed the connection or timed out.
    Closed,
    /// The bytes are no valid request; holds the status of the response.
    Bad(u16),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

/// A connection and the bytes that were read ahead.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    pub(crate) stream: S,
    buffer: Vec<u8>,
}

impl<S: Read + Write> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// The next request of a keep-alive connection.
    pub(crate) fn read_request(&mut self) -> Result<Request, ReadError> {
        let mut request = loop {
            if let Some((request, length)) = parse_head(&self.buffer)? {
                self.buffer.drain(..length);
                break request;
            }
            if self.buffer.len() > MAX_HEAD_BYTES {
                return Err(ReadError::Bad(431));
            }
            self.fill()?;
        };
        request.head_us = clock::now_us();
        let expects = request
            .header("expect")
            .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
        if expects && self.buffer.is_empty() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            self.stream.flush()?;
        }
        request.body = self.read_body(&request)?;
        Ok(request)
    }

    fn read_body(&mut self, request: &Request) -> Result<Vec<u8>, ReadError> {
        let coding = request
            .header("transfer-encoding")
            .unwrap_or_default()
            .to_ascii_lowercase();
        if coding.contains("chunked") {
            return self.read_chunks();
        }
        match request
            .header("content-length")
            .map(|text| text.trim().parse::<usize>())
        {
            None => Ok(Vec::new()),
            Some(Ok(length)) if length <= MAX_BODY_BYTES => self.take(length),
            Some(Ok(_)) => Err(ReadError::Bad(413)),
            Some(Err(_)) => Err(ReadError::Bad(400)),
        }
    }

    fn read_chunks(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(
                self.line()?.split(';').next().unwrap_or_default().trim(),
                16,
            )
            .map_err(|_| ReadError::Bad(400))?;
            if size == 0 {
                while !self.line()?.is_empty() {} // trailers
                return Ok(body);
            }
            if size > MAX_BODY_BYTES || body.len() + size > MAX_BODY_BYTES {
                return Err(ReadError::Bad(413));
            }
            body.extend(self.take(size)?);
            self.line()?;
        }
    }

    fn line(&mut self) -> Result<String, ReadError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                return Ok(line);
            }
            if self.buffer.len() > MAX_HEAD_BYTES {
                return Err(ReadError::Bad(400));
            }
            self.fill()?;
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        while self.buffer.len() < length {
            self.fill()?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    fn fill(&mut self) -> Result<(), ReadError> {
        let mut chunk = [0; 8192];
        match self.stream.read(&mut chunk)? {
            0 => Err(ReadError::Closed),
            length => {
                self.buffer.extend_from_slice(&chunk[..length]);
                Ok(())
            }
        }
    }
}

/// A complete head and its length, or `None` if it is incomplete.
fn parse_head(buffer: &[u8]) -> Result<Option<(Request, usize)>, ReadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ReadError::Bad(431)),
        Err(_) => return Err(ReadError::Bad(400)),
    };
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        http10: head.version == Some(0),
        headers: head
            .headers
            .iter()
            .map(|header| {
                (
                    header.name.to_owned(),
                    String::from_utf8_lossy(header.value).into_owned(),
                )
            })
            .collect(),
        ..Request::default()
    };
    let connection = request
        .header("connection")
        .unwrap_or_default()
        .to_ascii_lowercase();
    request.keep_alive = if request.http10 {
        connection.contains("keep-alive")
    } else {
        !connection.contains("close")
    };
    let host = request.header("host").unwrap_or_default().to_owned();
    set_target(&mut request, head.path.unwrap_or("/"), &host);
    Ok(Some((request, length)))
}

/// Splits the target; an absolute one (as proxies get) names the host itself.
fn set_target(request: &mut Request, target: &str, host: &str) {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let scheme = ["http://", "https://"]
        .iter()
        .find(|scheme| lower.starts_with(**scheme));
    let (host, target) = match scheme {
        None => (host, target),
        Some(scheme) => {
            let rest = &target[scheme.len()..];
            rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()))
        }
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (name, port)
        }
        _ => (host, ""),
    };
    request.host = name.trim_end_matches(['.', ':']).to_ascii_lowercase();
    request.port_suffix = if port.is_empty() {
        String::new()
    } else {
        format!(":{port}")
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    request.path = if path.is_empty() {
        "/".to_owned()
    } else {
        path.to_owned()
    };
    query.clone_into(&mut request.query);
}
