//! A server on loopback that receives notifications.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::support::SECRET;

/// Answers by the request's path: `/ok…` with 200, `/hang…` never, anything else with 500 and the secret.
pub(crate) fn server() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (to, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut hanging = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some((line, body)) = read(&stream) else {
                continue;
            };
            let status = if line.contains(" /ok") { 200 } else { 500 };
            let hangs = line.contains(" /hang");
            let _ = to.send((line, body));
            if hangs {
                hanging.push(stream);
                continue;
            }
            let length = SECRET.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} {SECRET}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{SECRET}"
            );
        }
    });
    (url, requests)
}

/// The request line and the body; `None` for what is no HTTP request, for example the start of TLS.
fn read(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = String::new();
    let mut rest = reader.take(length.unwrap_or(0));
    rest.read_to_string(&mut body).ok()?;
    Some((head.lines().next()?.to_owned(), body))
}
