//! What the platform and notifications share: the HTTP client, the reasons of failed connections, and the proxies that the
//! environment names.
//!
//! [`Proxies::of_environment`] reads the variables as curl does. The command line stores them with [`use_proxies`] unless the
//! config sets `proxy` or `connect_to`.

mod cause;
pub(crate) mod date;
mod dns;
mod tls;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{NoProxy, Proxy, redirect, retry};
use rustls::RootCertStore;

pub use cause::Cause;

use crate::config::{is_loopback, parse_proxy};
use crate::secret::Secret;

const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

static PROXIES: OnceLock<Proxies> = OnceLock::new();

/// The proxies that the environment names. Of two spellings of a variable, the lower-case one counts, as in curl.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// For URLs with https.
    pub(crate) https: Option<Secret>,
    /// The variable that names it.
    pub(crate) https_variable: Option<&'static str>,
    /// For URLs with plain http, which lead to this machine: such a request goes through no proxy of another machine.
    pub(crate) http: Option<Secret>,
    /// The hosts that are reached without a proxy, separated by commas.
    pub(crate) no_proxy: String,
}

impl Proxies {
    /// Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. An empty variable counts as unset.
    ///
    /// # Errors
    /// A message that names the variable and quotes nothing, because the URL may contain a password.
    pub(crate) fn of_environment() -> Result<Self, String> {
        Self::read(|name| std::env::var_os(name))
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let first = |names: &[&'static str]| {
            let set = names.iter().find_map(|name| {
                let value = variable(name).filter(|value| !value.is_empty())?;
                let value = value.into_string();
                let value = value.map_err(|_| unusable(name, "it is not valid UTF-8"));
                Some(value.map(|value| (*name, value)))
            });
            set.transpose()
        };
        let proxy = |names| -> Result<Option<(&'static str, Secret)>, String> {
            let Some((name, mut value)) = first(names)? else {
                return Ok(None);
            };
            if !value.contains("://") {
                value = format!("http://{}", value.trim());
            }
            let url = parse_proxy(&value).map_err(|why| unusable(name, &why))?;
            Ok(Some((name, url)))
        };
        let https = proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
        // plain http is for this machine only: a proxy for it that cannot be used is none
        let http = proxy(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]);
        let http = http.unwrap_or_else(|why| {
            log::info!("{why}");
            None
        });
        let no_proxy = first(&["no_proxy", "NO_PROXY"])?;
        Ok(Self {
            https_variable: https.as_ref().map(|(name, _)| *name),
            https: https.map(|(_, url)| url),
            http: http.map(|(_, url)| url).filter(is_loopback),
            // curl accepts spaces between hosts
            no_proxy: no_proxy.map_or_else(String::new, |(_, hosts)| {
                hosts.split_whitespace().collect::<Vec<_>>().join(",")
            }),
        })
    }
}

fn unusable(variable: &str, why: &str) -> String {
    format!("the environment variable {variable} cannot be used: {why}")
}

/// Stores the proxies for this process. Only the first call has an effect.
pub(crate) fn use_proxies(proxies: Proxies) {
    let _ = PROXIES.set(proxies);
}

/// The proxies of this process.
pub(crate) fn proxies() -> &'static Proxies {
    PROXIES.get_or_init(Proxies::default)
}

/// Whether a host is reached without a proxy: `*`, the name of the host or of a domain above it.
fn bypasses(no_proxy: &str, host: &str) -> bool {
    no_proxy.split(',').any(|name| {
        let name = name.trim().trim_start_matches('.').to_ascii_lowercase();
        let above = host.strip_suffix(&*name).filter(|_| !name.is_empty());
        name == "*" || above.is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
    })
}

/// The proxy through which a host is reached.
pub(crate) fn proxy_of<'p>(
    host: &str,
    proxy: Option<&'p Secret>,
    no_proxy: &str,
) -> Option<&'p str> {
    let proxy = proxy.filter(|_| !bypasses(no_proxy, host));
    proxy.map(Secret::expose)
}

/// A client that follows no redirect, repeats nothing, and resolves names on a thread of its own, or to `connect_to`. A proxy
/// is used for all hosts except those of `no_proxy`. Certificate authorities are loaded only where a connection is encrypted.
///
/// # Errors
/// A message without the URL of the proxy, which may contain a password.
pub(crate) fn builder(
    encrypted: bool,
    ca_file: Option<&Path>,
    connect_to: Option<SocketAddr>,
    proxy: Option<&Secret>,
    no_proxy: &str,
) -> Result<ClientBuilder, String> {
    let proxy = proxy.map(Secret::expose);
    let roots = if encrypted || proxy.is_some_and(|proxy| proxy.starts_with("https:")) {
        tls::roots(ca_file)?
    } else {
        RootCertStore::empty()
    };
    let builder = Client::builder()
        .tls_backend_preconfigured(tls::config(roots)?)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .http1_only()
        .dns_resolver(Arc::new(dns::Resolver(connect_to)));
    let Some(proxy) = proxy else {
        return Ok(builder);
    };
    let proxy = Proxy::all(proxy).map_err(|_| "the proxy is not a usable URL".to_owned())?;
    Ok(builder.proxy(proxy.no_proxy(NoProxy::from_string(no_proxy))))
}

/// The text of a header.
pub(crate) fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// `Retry-After` in seconds, or as a date, which counts from the response's own `Date`. At most an hour.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let when = header(headers, RETRY_AFTER)?;
    if let Ok(seconds) = when.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.min(MAX_RETRY_AFTER.as_secs_f64())).ok();
    }
    let left = date::parse(when)? - date::parse(header(headers, DATE)?)?;
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)).min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Proxies, String> {
        Proxies::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.into())
        })
    }

    #[test]
    fn variables_are_read_as_by_curl() {
        let none: [(&str, &str); 0] = [];
        for (variables, https) in [
            (&none[..], None),
            (&[("HTTPS_PROXY", "")], None),
            (&[("HTTP_PROXY", "http://a.test:1")], None),
            (
                &[("HTTPS_PROXY", "http://a.test:1")],
                Some("http://a.test:1/"),
            ),
            (
                &[("https_proxy", "a.test:3128")],
                Some("http://a.test:3128/"),
            ),
            (
                &[("ALL_PROXY", "socks5h://a.test:1")],
                Some("socks5h://a.test:1"),
            ),
            (
                &[
                    ("ALL_PROXY", "http://a.test"),
                    ("https_proxy", "http://b.test"),
                ],
                Some("http://b.test/"),
            ),
            (
                &[
                    ("HTTPS_PROXY", "http://a.test"),
                    ("https_proxy", "http://b.test"),
                ],
                Some("http://b.test/"),
            ),
            (
                &[("HTTPS_PROXY", "http://a.test"), ("https_proxy", "")],
                Some("http://a.test/"),
            ),
        ] {
            let found = read(variables).unwrap().https;
            assert_eq!(found.as_ref().map(Secret::expose), https, "{variables:?}");
        }
    }

    #[test]
    fn plain_http_goes_through_a_proxy_of_this_machine_only() {
        let http = |value| read(&[("http_proxy", value)]).unwrap().http.is_some();
        assert!(http("http://127.0.0.1:3128") && http("localhost:3128") && http("http://[::1]:1"));
        assert!(!http("http://proxy.test:3128"));
    }

    #[test]
    fn a_malformed_variable_is_named_and_not_quoted() {
        for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            for value in [
                "ftp://u:hunter2@a",
                "socks4://u:hunter2@a",
                "http://",
                "http://u:hunter2@",
                "http://[hunter2",
                "u:hunter2@a:port",
            ] {
                let why = read(&[(name, value)]).unwrap_err();
                let begins = format!("the environment variable {name} cannot be used: ");
                assert!(why.starts_with(&begins), "{why}");
                assert!(!why.contains("hunter2"), "{why}");
            }
        }
    }

    #[test]
    fn a_malformed_variable_that_is_not_used_is_no_error() {
        let valid = ("HTTPS_PROXY", "http://a.test");
        for unused in ["HTTP_PROXY", "ALL_PROXY"] {
            let found = read(&[valid, (unused, "socks://127.0.0.1:1080/")]).unwrap();
            assert!(found.https.is_some() && found.http.is_none(), "{unused}");
        }
    }

    #[test]
    fn hosts_without_a_proxy() {
        let no_proxy = read(&[("NO_PROXY", "a.test, .b.test c.test")])
            .unwrap()
            .no_proxy;
        for host in ["a.test", "x.a.test", "b.test", "x.b.test", "c.test"] {
            assert!(bypasses(&no_proxy, host), "{host}");
        }
        for host in ["aa.test", "test", "d.test"] {
            assert!(!bypasses(&no_proxy, host), "{host}");
        }
        assert!(bypasses("*", "a.test") && !bypasses("", "a.test") && !bypasses(",", "a.test"));
    }
}
