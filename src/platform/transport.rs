//! The one HTTP client of the process, built at the first request and shared by all accounts: each call brings its own
//! `Cookie` header. Must not follow redirects, keep cookies, retry, or look at the environment's proxy variables.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Proxy, redirect, retry};

use super::{Cause, Error, Scheme, Settings};
use crate::dns;
use crate::tls::{self, Roots};

/// Connections are kept this long, so that a request at an opening instant finds one ready.
const IDLE: Duration = Duration::from_secs(90);

/// Builds the client. Plain settings load no certificate authorities.
///
/// # Errors
/// [`Error::Setup`] for a `ca_file` or `proxy` that cannot be used.
pub(super) fn build(settings: &Settings) -> Result<Client, Error> {
    let https_proxy = settings
        .proxy
        .as_deref()
        .is_some_and(|p| p.starts_with("https:"));
    let trusted = if settings.scheme == Scheme::Https || https_proxy {
        Roots::System(settings.ca_file.as_deref())
    } else {
        Roots::None
    };
    let tls = tls::config(trusted).map_err(Error::Setup)?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(64)
        .connect_timeout(connect_timeout(settings.timeout))
        .timeout(settings.timeout);
    builder = match settings.connect_to {
        Some(address) => builder.dns_resolver(Arc::new(Everywhere(address))),
        None => dns::by_system(builder),
    };
    if let Some(proxy) = &settings.proxy {
        // the error would quote the URL, which may hold a password
        let proxy = Proxy::all(proxy)
            .map_err(|_| Error::Setup("the proxy in the config is not a usable URL".to_owned()))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|e| {
        Error::Setup(format!(
            "cannot start the http client: {}",
            Cause::within(&e)
        ))
    })
}

/// Shorter than the whole call's time, or it would not be told apart from a lost answer: only "no connection" proves that
/// nothing was sent.
fn connect_timeout(whole: Duration) -> Duration {
    Duration::from_secs(10).min(whole * 9 / 10)
}

/// Resolves every name to one address. Its port is used because our URLs name none, and so stays out of `Host`.
struct Everywhere(SocketAddr);

impl Resolve for Everywhere {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// A failure of the HTTP client as one of ours. `host` only, never the URL: its query may hold a token.
pub(super) fn failure(host: &str, error: &reqwest::Error, settings: &Settings) -> Error {
    let host = host.to_owned();
    let cause = Cause::of(error, settings.proxy.as_deref());
    if error.is_connect() {
        Error::NotConnected { host, cause }
    } else {
        Error::Lost { host, cause }
    }
}

/// A body that ended before its end.
pub(super) fn broken(host: &str, error: &std::io::Error) -> Error {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<reqwest::Error>());
    let cause = inner.map_or_else(|| Cause::within(error), |e| Cause::of(e, None));
    let host = host.to_owned();
    let lost = Error::Lost { host, cause };
    log::debug!("{lost}");
    lost
}

/// The call's time is over.
pub(super) fn timed_out(host: &str) -> Error {
    Error::Lost {
        host: host.to_owned(),
        cause: Cause::TimedOut,
    }
}
