//! Encrypted connections and proxies: what is trusted, and that a failure before the request counts as no connection.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::test_server::{BOX, DOMAIN, raw, server, settings};
use super::{Error, Jar, Platform};
use crate::config::{Scheme, Server};
use crate::secret::Secret;

/// An https server for the box's host and the one file that makes it trusted.
fn secure_server() -> (Server, tempfile::TempDir) {
    let key = rcgen::generate_simple_self_signed(vec![BOX.to_owned()]).unwrap();
    let private = PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = settings(listener.local_addr().unwrap(), Duration::from_secs(5));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n")
                && matches!(std::io::Read::read(&mut stream, &mut byte), Ok(1))
            {
                head.push(byte[0]);
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            let _ = stream.flush();
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, key.cert.pem()).unwrap();
    (
        Server {
            scheme: Scheme::Https,
            ca_file: Some(ca_file),
            ..plain
        },
        dir,
    )
}

fn probe(server: Server, host: &str) -> Result<(), Error> {
    Platform::new(server, String::new())
        .probe(&mut Jar::default(), host)
        .map(|_| ())
}

#[test]
fn only_a_trusted_server_for_this_very_host_is_talked_to() {
    let (settings, _dir) = secure_server();
    assert_eq!(probe(settings.clone(), BOX), Ok(()));
    let untrusted = probe(
        Server {
            ca_file: None,
            ..settings.clone()
        },
        BOX,
    )
    .unwrap_err();
    let other_host = probe(settings, DOMAIN).unwrap_err();
    for error in [untrusted, other_host] {
        assert!(matches!(error, Error::NotConnected { .. }), "{error:?}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[test]
fn a_handshake_that_never_ends_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // a tenth of it lies between the connect timeout and that of the call
    let plain = settings(listener.local_addr().unwrap(), Duration::from_secs(4));
    let begun = Instant::now();
    let error = probe(
        Server {
            scheme: Scheme::Https,
            ..plain
        },
        BOX,
    )
    .unwrap_err();
    assert_eq!(
        error,
        Error::NotConnected {
            host: BOX.to_owned(),
            cause: super::Cause::TimedOut
        }
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_proxy_that_refuses_is_no_connection() {
    let (proxy, seen) = server(vec![raw(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    )]);
    let address = proxy.server.connect_to.unwrap();
    let through = |proxy: String, scheme| Server {
        connect_to: None,
        proxy: Some(Secret::new(proxy)),
        scheme,
        ..settings(address, Duration::from_secs(5))
    };
    let error = probe(
        through(format!("http://ana:hunter2@{address}"), Scheme::Https),
        BOX,
    )
    .unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error:?}");
    assert!(seen.lock().unwrap()[0].starts_with("CONNECT demo.aimharder.test:443 HTTP"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for scheme in ["http", "socks5", "socks5h"] {
        let error = probe(
            through(format!("{scheme}://ana:hunter2@{closed}"), Scheme::Http),
            BOX,
        )
        .unwrap_err();
        assert!(
            matches!(error, Error::NotConnected { .. }),
            "{scheme}: {error:?}"
        );
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
