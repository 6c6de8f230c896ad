//! A server for the tests of this module, which plays a list of raw responses, one for each connection; and responses for
//! the tests of the readers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reqwest::Url;

use super::call::Response;
use super::{BookResponse, BoxAt, Error, Jar, Platform, parse_token};
use crate::config::{Scheme, Server};
use crate::secret::Secret;

pub(super) const DOMAIN: &str = "aimharder.test";
pub(super) const BOX: &str = "demo.aimharder.test";
pub(super) const TOKEN: &str = "69232|1766731601|03485f300f1a53a7e34143a0af9d2592";

pub(super) type Requests = Arc<Mutex<Vec<String>>>;
pub(super) type Act = Box<dyn Fn(&mut TcpStream) + Send>;

/// A response with status 200 and this body.
pub(super) fn answered(body: &str) -> Response {
    Response::new("h", 200, body.as_bytes())
}

/// Answers each request with the next act, then stops listening. Each response closes its connection.
pub(super) fn server(acts: Vec<Act>) -> (Platform, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        for act in acts {
            let (mut stream, _) = listener.accept().unwrap();
            let request = request(&stream);
            seen.lock().unwrap().push(request);
            act(&mut stream);
        }
    });
    (platform(address, Duration::from_secs(5)), requests)
}

pub(super) fn platform(address: SocketAddr, timeout: Duration) -> Platform {
    Platform::new(settings(address, timeout), String::new())
}

pub(super) fn settings(address: SocketAddr, timeout: Duration) -> Server {
    Server {
        domain: DOMAIN.to_owned(),
        scheme: Scheme::Http,
        connect_to: Some(address),
        timeout,
        user_agent: "Mozilla/5.0 test".to_owned(),
        ..Server::default()
    }
}

pub(super) fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let lower = head.to_ascii_lowercase();
    let length = lower
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

pub(super) fn raw(text: impl Into<Vec<u8>>) -> Act {
    let text = text.into();
    Box::new(move |stream| {
        let _ = stream.write_all(&text);
    })
}

/// A response with extra header lines.
pub(super) fn response(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    raw(format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ))
}

/// Books a class at this host.
pub(super) fn book(platform: &Platform, jar: &mut Jar, host: &str) -> Result<BookResponse, Error> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let at = BoxAt {
        host: host.to_owned(),
        id: 10122,
    };
    platform.book(jar, &at, "1223249", day, true, None)
}

pub(super) fn jar() -> Jar {
    let mut jar = Jar::default();
    let url = Url::parse("https://aimharder.test/").unwrap();
    jar.keep("amhrdrauth=secret", &url, DOMAIN, None);
    jar
}

pub(super) fn lines(request: &str) -> Vec<String> {
    request.lines().map(str::to_lowercase).collect()
}

pub(super) fn token() -> Secret {
    parse_token(TOKEN).unwrap()
}
