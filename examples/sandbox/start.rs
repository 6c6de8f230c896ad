//! Start: the world, the socket, TLS, and the printed lines.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, bail};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::app::App;
use crate::args::Args;
use crate::config::Config;
use crate::world::World;
use crate::{clock, seed, server};

/// Queue of connections; with the 128 of std a burst of clients waits for a second.
const BACKLOG: i32 = 4096;

/// Serves until the process is ended.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.print_config {
        let text = serde_json::to_string_pretty(&Config::default())?;
        let _ = writeln!(io::stdout(), "{text}"); // a closed pipe is fine
        return Ok(());
    }
    let address = loopback(&args.listen)?;
    let tls = tls(args)?.map(Arc::new);
    let mut world = world(args)?;
    let opening = args.opens_in.and_then(|seconds| {
        let now = clock::now_ms() + world.config.skew_ms;
        seed::opening_soon(&mut world, now + i64::from(seconds) * 1000)
    });
    let scheme = world.scheme;
    let app = Arc::new(App::new(world, args.state.clone()));
    let listener = TcpListener::bind(address).with_context(|| format!("listen on {address}"))?;
    rustix::net::listen(&listener, BACKLOG).context("widen the queue of connections")?;
    announce(args, scheme, listener.local_addr()?, opening.as_deref());
    if args.exit_with_stdin {
        let app = Arc::clone(&app);
        thread::spawn(move || {
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            end(&app);
        });
    }
    if args.state.is_some() {
        let app = Arc::clone(&app);
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::spawn(move || {
            if signals.forever().next().is_some() {
                end(&app);
            }
        });
    }
    server::run(&listener, &app, tls.as_ref());
    Ok(())
}

/// Writes the state and ends the process.
fn end(app: &App) {
    let code = match app.save() {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: write the state file: {error}");
            1
        }
    };
    process::exit(code);
}

fn loopback(listen: &str) -> Result<SocketAddr> {
    let mut addresses = listen
        .to_socket_addrs()
        .with_context(|| format!("--listen {listen}"))?;
    let Some(address) = addresses.next() else {
        bail!("--listen {listen}: no such address")
    };
    if !address.ip().is_loopback() {
        bail!("--listen {listen}: only loopback addresses are allowed, such as 127.0.0.1:0");
    }
    Ok(address)
}

fn world(args: &Args) -> Result<World> {
    let mut world = match &args.state {
        Some(path) => match fs::read(path) {
            Ok(text) => {
                serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => fresh(args),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        },
        None => fresh(args),
    };
    world.domain = args.domain.trim_matches('.').to_ascii_lowercase();
    world.scheme = if args.tls_cert.is_some() {
        "https"
    } else {
        "http"
    };
    if let Some(language) = args.language {
        world.config.language = language;
    }
    for class in world.classes.values() {
        class
            .check()
            .map_err(anyhow::Error::msg)
            .context("read the state file")?;
    }
    world.reindex();
    // an older state file has the timetable as an entry
    world.has_timetable |= world.filled.remove("on");
    let now = clock::now_ms() + world.config.skew_ms;
    seed::timetable(&mut world, now);
    Ok(world)
}

fn fresh(args: &Args) -> World {
    let mut world = World::default();
    if !args.empty {
        seed::people(&mut world);
    }
    world
}

fn tls(args: &Args) -> Result<Option<ServerConfig>> {
    let (Some(cert), Some(key)) = (&args.tls_cert, &args.tls_key) else {
        return Ok(None);
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("read {}", cert.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(key).with_context(|| format!("read {}", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("use {}", cert.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(config))
}

/// The first line is for programs, the rest is a config file; all in one write.
fn announce(args: &Args, scheme: &str, address: SocketAddr, opening: Option<&str>) {
    let mut text = format!(
        "listening on {address}\n[server]\ndomain = \"{}\"\n",
        args.domain
    );
    let _ = write!(text, "scheme = \"{scheme}\"\nconnect_to = \"{address}\"\n");
    if let Some(ca) = args.tls_ca.as_ref().or(args.tls_cert.as_ref()) {
        let _ = writeln!(text, "ca_file = {}", quoted(&absolute(ca)));
    }
    if let Some(rule) = opening {
        let _ = writeln!(
            text,
            "# tomorrow's 22:00 WOD Nocturno opens by the rule {rule}"
        );
    }
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A path as a TOML string.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy().into_owned()).to_string()
}
