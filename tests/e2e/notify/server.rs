//! A server on loopback that receives notifications.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::support::{SECRET, read_request};

/// Answers by the request's path: `/ok…` with 200, `/hang…` never, anything else with 500 and the secret.
pub(crate) fn server() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (to, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut hanging = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // a request that is not HTTP may be the start of TLS
            let Ok((head, body)) = read_request(&mut BufReader::new(&stream)) else {
                continue;
            };
            let line = head.lines().next().unwrap_or_default().to_owned();
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
