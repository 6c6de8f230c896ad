//! A TLS gateway before the sandbox that can hang up: a client that it hangs up on before the handshake
//! has provably sent nothing. Each connection is good for one request.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{fs, io, thread};

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Home, Sandbox, read_request};

/// The gateway of one home.
#[derive(Debug)]
pub(crate) struct Gateway(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// this many connections are hung up on
    shut: u64,
    /// the number from the next answer to this path on
    then: Option<(String, u64)>,
    hung_up: u64,
}

impl Gateway {
    /// From now on the home reaches the sandbox through it.
    pub(crate) fn before(sandbox: &Sandbox, home: &Home) -> Self {
        let key = rcgen::generate_simple_self_signed(vec![
            "aimharder.com".to_owned(),
            "*.aimharder.com".to_owned(),
        ]);
        let key = key.expect("a certificate");
        let private = PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private);
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let (there, state) = (sandbox.address(), Arc::new(Mutex::new(State::default())));
        let gateway = Self(Arc::clone(&state));
        thread::spawn(move || {
            for guest in listener.incoming().flatten() {
                if !is_open(&state) {
                    continue; // dropped
                }
                let (config, state) = (Arc::clone(&config), Arc::clone(&state));
                thread::spawn(move || serve(guest, config, there, &state));
            }
        });
        let ca_file = home.write("ca.pem", &key.cert.pem());
        let text = fs::read_to_string(home.config_path()).unwrap();
        let secure = format!("scheme = \"https\"\nca_file = \"{}\"", ca_file.display());
        let text = text.replace("scheme = \"http\"", &secure);
        home.write_config(&text.replace(&there.to_string(), &here.to_string()));
        gateway
    }

    /// Hangs up on this number of connections.
    pub(crate) fn shut(&self, connections: u64) {
        self.0.lock().unwrap().shut = connections;
    }

    /// The same from the next answer to this path on.
    pub(crate) fn shut_after(&self, path: &str, connections: u64) {
        self.0.lock().unwrap().then = Some((path.to_owned(), connections));
    }

    /// How many were hung up on.
    pub(crate) fn hung_up(&self) -> u64 {
        self.0.lock().unwrap().hung_up
    }
}

fn is_open(state: &Mutex<State>) -> bool {
    let mut state = state.lock().unwrap();
    if state.shut == 0 {
        return true;
    }
    state.shut -= 1;
    state.hung_up += 1;
    false
}

/// One request and its answer; whatever goes wrong ends the connection.
fn serve(guest: TcpStream, config: Arc<ServerConfig>, there: SocketAddr, state: &Mutex<State>) {
    let connection = ServerConnection::new(config).unwrap();
    let mut guest = StreamOwned::new(connection, guest);
    let Ok((head, body)) = read_request(&mut BufReader::new(&mut guest)) else {
        return;
    };
    let path = head.split([' ', '?']).nth(1).unwrap_or_default();
    // the sandbox closes the connection after its answer
    let request = head.replacen("\r\n", "\r\nConnection: close\r\n", 1) + &body;
    let Ok(answer) = ask(there, &request) else {
        return;
    };
    let mut shared = state.lock().unwrap();
    if let Some((_, connections)) = shared.then.take_if(|(wanted, _)| *wanted == path) {
        shared.shut = connections; // before the answer leaves
    }
    drop(shared);
    let _ = guest.write_all(&answer);
    guest.conn.send_close_notify();
    let _ = guest.flush();
}

fn ask(there: SocketAddr, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(there)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
