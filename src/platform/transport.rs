//! The HTTP client of all calls to the platform, built at the first request and shared by all accounts: each call sets its
//! own `Cookie` header. The client itself follows no redirects, keeps no cookies and repeats nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{Cause, Error, Scheme, Settings};
use crate::http_client;
use crate::tls::Roots;

/// How long an idle connection is kept, so that a request at the opening finds one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Builds the client. Certificate authorities are loaded only where a connection is encrypted.
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
    let mut builder = http_client::builder(trusted)
        .map_err(Error::Setup)?
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(64)
        .connect_timeout(connect_timeout(settings.timeout))
        .timeout(settings.timeout);
    if let Some(address) = settings.connect_to {
        builder = builder.dns_resolver(Arc::new(FixedAddress(address)));
    }
    if let Some(proxy) = &settings.proxy {
        builder =
            http_client::with_proxy(builder, proxy, &settings.no_proxy).map_err(Error::Setup)?;
    }
    builder.build().map_err(|e| {
        Error::Setup(format!(
            "cannot start the http client: {}",
            Cause::within(&e)
        ))
    })
}

/// The connect timeout. It is shorter than that of the whole call: a connect timeout proves that nothing was sent, the other
/// one does not.
fn connect_timeout(whole: Duration) -> Duration {
    Duration::from_secs(10).min(whole * 9 / 10)
}

/// Resolves every name to one address. Its port is used because the URLs have none, so it is not in `Host`.
struct FixedAddress(SocketAddr);

impl Resolve for FixedAddress {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// Converts a failure of the HTTP client. The error has the host only, because the query of a URL may contain a token.
pub(super) fn failure(host: &str, error: &reqwest::Error, settings: &Settings) -> Error {
    let proxy = settings.proxy.as_deref();
    let proxy = proxy.filter(|_| !http_client::bypasses(&settings.no_proxy, host));
    let cause = Cause::of(error, proxy);
    let host = host.to_owned();
    if error.is_connect() {
        Error::NotConnected { host, cause }
    } else {
        Error::Lost { host, cause }
    }
}

/// The error of a body that is cut off.
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

/// The error of a call that took longer than its timeout.
pub(super) fn timed_out(host: &str) -> Error {
    Error::Lost {
        host: host.to_owned(),
        cause: Cause::TimedOut,
    }
}
