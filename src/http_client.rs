//! The part of the HTTP client that the platform and notifications share.

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::{redirect, retry};

use crate::dns;
use crate::tls::{self, Roots};

/// A client that follows no redirect, repeats nothing, ignores the proxy variables of the environment, and resolves names
/// on a thread of its own.
///
/// # Errors
/// A message: the certificate authorities cannot be used.
pub(crate) fn builder(trusted: Roots) -> Result<ClientBuilder, String> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls::config(trusted)?)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .http1_only();
    Ok(dns::by_system(builder))
}
