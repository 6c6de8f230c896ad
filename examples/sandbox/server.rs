//! Sockets: accepting, keep-alive, TLS, and the ways to send a response.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::app::{self, App};
use crate::faults::Delivery;
use crate::http::Request;
use crate::wire::{ReadError, Wire};

const MAX_CONNECTIONS: usize = 4096;
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
const STACK_BYTES: usize = 512 * 1024;
const ACCEPT_THREADS: usize = 2;

static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Counts a connection as open until it is dropped.
struct OpenConnection;

impl Drop for OpenConnection {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Accepts connections until the process ends.
pub(crate) fn run(listener: &TcpListener, app: &Arc<App>, tls: Option<&Arc<ServerConfig>>) {
    thread::scope(|scope| {
        for _ in 0..ACCEPT_THREADS {
            scope.spawn(|| accept(listener, app, tls));
        }
    });
}

fn accept(listener: &TcpListener, app: &Arc<App>, tls: Option<&Arc<ServerConfig>>) {
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(5)); // out of file descriptors, most likely
            continue;
        };
        if OPEN.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
            OPEN.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (app, tls, counted) = (Arc::clone(app), tls.cloned(), OpenConnection);
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        let _ = builder.spawn(move || {
            let _counted = counted;
            serve(stream, &app, tls);
        });
    }
}

/// Serves one connection; an error ends it.
fn serve(stream: TcpStream, app: &App, tls: Option<Arc<ServerConfig>>) {
    let ready = stream
        .set_nodelay(true)
        .and_then(|()| stream.set_read_timeout(Some(IDLE_TIMEOUT)));
    if ready
        .and_then(|()| stream.set_write_timeout(Some(IDLE_TIMEOUT)))
        .is_err()
    {
        return;
    }
    match tls {
        None => talk(&mut Wire::new(stream), app),
        Some(config) => {
            if let Ok(connection) = ServerConnection::new(config) {
                let mut wire = Wire::new(StreamOwned::new(connection, stream));
                talk(&mut wire, app);
                wire.stream.conn.send_close_notify();
                let _ = wire.stream.flush();
            }
        }
    }
}

fn talk<S: Read + Write>(wire: &mut Wire<S>, app: &App) {
    loop {
        let request = match wire.read_request() {
            Ok(request) => request,
            Err(ReadError::Closed) => return,
            Err(ReadError::Bad(status)) => {
                let _ = wire
                    .stream
                    .write_all(&app::bad_request(status).bytes(&Request::default(), true));
                return;
            }
        };
        let (delivery, after) = app.answer(&request);
        thread::sleep(after);
        if !deliver(&mut wire.stream, &request, delivery).unwrap_or(false) {
            return;
        }
    }
}

/// Sends a response; returns whether the connection can be used again.
fn deliver(stream: &mut impl Write, request: &Request, delivery: Delivery) -> io::Result<bool> {
    match delivery {
        Delivery::Send(response) => {
            stream.write_all(&response.bytes(request, !request.keep_alive))?;
            stream.flush()?;
            return Ok(request.keep_alive);
        }
        Delivery::Cut(response) => {
            let bytes = response.bytes(request, true);
            stream.write_all(&bytes[..bytes.len() - response.body.len() / 2])?;
        }
        Delivery::Trickle(response, longest) => {
            let until = Instant::now() + longest;
            for byte in response.bytes(request, true) {
                stream.write_all(&[byte])?;
                stream.flush()?;
                if Instant::now() >= until {
                    return Ok(false);
                }
                thread::sleep(Duration::from_millis(200));
            }
        }
        Delivery::Garbage => {
            stream
                .write_all(b"\x00\x16\x03\x01garbage \xff\xfe not HTTP at all\r\n\r\n\x1b[31m")?;
        }
        Delivery::Hang(time) => thread::sleep(time),
        Delivery::Drop => {}
    }
    stream.flush()?;
    Ok(false)
}
