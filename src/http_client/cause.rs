//! Why a connection was not made or a response is incomplete, as one reason with a remedy. Messages contain no URL: its query
//! may hold a token, and that of a proxy a password.

use std::error::Error as StdError;
use std::io;

use crate::text;

/// The reason of a failed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The name of the host has no address, or no resolver answered.
    #[error("its name could not be looked up (DNS)")]
    NoAddress,
    /// Nothing listens at the address.
    #[error("connection refused")]
    Refused,
    /// The timeout expired.
    #[error("timed out")]
    TimedOut,
    /// The certificate is not for this host, not of a trusted authority, or not valid now; holds which.
    #[error("its certificate is not trusted ({0})")]
    Untrusted(String),
    /// The server does not answer with TLS.
    #[error("it does not answer with TLS")]
    NoTls,
    /// The server does not answer with HTTP.
    #[error("it does not answer with HTTP")]
    NoHttp,
    /// The connection ended before the response did.
    #[error("the connection was closed too early")]
    CutOff,
    /// The proxy failed, not the host; holds the reason.
    #[error("the proxy gives no connection ({0})")]
    Proxy(String),
    /// Any other reason, as the library reports it.
    #[error("{0}")]
    Other(String),
}

impl Cause {
    /// The reason of a failure of the HTTP client. A failure to connect through a proxy is one of the proxy.
    pub(crate) fn of(error: &reqwest::Error, proxy: Option<&str>) -> Self {
        let cause = if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::within(error)
        };
        match proxy.filter(|_| error.is_connect()) {
            // such a proxy is given addresses, so this machine looks up the name of the host
            Some(proxy) if cause == Self::NoAddress && proxy.starts_with("socks5:") => cause,
            Some(_) => cause.of_proxy(),
            None => cause,
        }
    }

    /// The reason why a body is cut off.
    pub(crate) fn of_read(error: &io::Error) -> Self {
        let inner = error
            .get_ref()
            .and_then(|e| e.downcast_ref::<reqwest::Error>());
        inner.map_or_else(|| Self::within(error), |e| Self::of(e, None))
    }

    /// The reason of an error, from its innermost source: the outer ones repeat the URL.
    pub(crate) fn within(error: &(dyn StdError + 'static)) -> Self {
        let mut inner = error;
        while let Some(next) = inside(inner) {
            inner = next;
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return of_tls(tls);
        }
        match inner.downcast_ref::<io::Error>() {
            Some(io) => of_system(io),
            None => of_words(&inner.to_string()),
        }
    }

    fn of_proxy(self) -> Self {
        match self {
            // behind the proxy, or reported by it
            Self::Untrusted(_) | Self::NoTls | Self::NoHttp | Self::Proxy(_) => self,
            cause => Self::Proxy(cause.to_string()),
        }
    }

    /// What a user can do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::NoAddress => {
                "check that this machine is online and that `domain` in the config, if it is set, is right"
            }
            Self::TimedOut => "check that this machine is online, or try again later",
            Self::Untrusted(_) => {
                "check that this machine's clock is right; where a proxy or network opens encrypted traffic, name its \
                 certificate authority as `ca_file` under [server] in the config"
            }
            Self::Proxy(_) => {
                "check that it runs, and `proxy` under [server] in the config or the variable HTTPS_PROXY"
            }
            Self::NoTls | Self::NoHttp => {
                "another server may be answering in its place: check the network and [server] in the config"
            }
            Self::Refused => "try again later, or check the network and [server] in the config",
            Self::CutOff | Self::Other(_) => "try again later",
        }
    }
}

/// The next inner error. The error inside an [`io::Error`] is not among its sources.
fn inside<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let packed = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match packed {
        Some(packed) => Some(packed),
        None => error.source(),
    }
}

fn of_tls(error: &rustls::Error) -> Cause {
    use rustls::CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(certificate) => Cause::Untrusted(match certificate {
            C::UnknownIssuer => "it is not signed by a trusted authority".to_owned(),
            C::NotValidForName | C::NotValidForNameContext { .. } => {
                "it belongs to another host".to_owned()
            }
            C::Expired | C::ExpiredContext { .. } => "it has expired".to_owned(),
            C::NotValidYet | C::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
            other => words(&other.to_string()),
        }),
        rustls::Error::InvalidMessage(_) => Cause::NoTls,
        other => Cause::Other(format!(
            "no encrypted connection: {}",
            words(&other.to_string())
        )),
    }
}

fn of_system(error: &io::Error) -> Cause {
    use io::ErrorKind as E;
    match error.kind() {
        E::ConnectionRefused => Cause::Refused,
        E::TimedOut => Cause::TimedOut,
        E::UnexpectedEof | E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe => {
            Cause::CutOff
        }
        E::NetworkUnreachable | E::HostUnreachable => {
            Cause::Other("network unreachable".to_owned())
        }
        _ => of_words(&text::why(error)),
    }
}

/// The reason from the text of an error whose type is private to its crate.
fn of_words(said: &str) -> Cause {
    let has = |part| said.contains(part);
    if has("failed to lookup address") {
        Cause::NoAddress
    } else if has("before message completed") || has("before message length") {
        Cause::CutOff
    } else if said.starts_with("invalid HTTP") || has("message head is too large") {
        Cause::NoHttp
    } else if let Some(said) = said.strip_prefix("tunnel error: ") {
        Cause::Proxy(words(said))
    } else if let Some(said) = said.strip_prefix("SOCKS error: ") {
        Cause::Proxy(words(said))
    } else {
        Cause::Other(words(said))
    }
}

/// The text of a library on one line, shortened, without the error number of the system.
fn words(said: &str) -> String {
    text::why(&io::Error::other(text::clean(said)))
        .chars()
        .take(160)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_say_in_plain_words() {
        let table = [
            (
                "failed to lookup address information: Name or service not known",
                "its name could not be looked up (DNS)",
            ),
            (
                "failed to lookup address information: Temporary failure in name resolution",
                "its name could not be looked up (DNS)",
            ),
            (
                "connection closed before message completed",
                "the connection was closed too early",
            ),
            (
                "end of file before message length reached",
                "the connection was closed too early",
            ),
            (
                "invalid HTTP version parsed",
                "it does not answer with HTTP",
            ),
            (
                "tunnel error: proxy authorization required",
                "the proxy gives no connection (proxy authorization required)",
            ),
            (
                "SOCKS error: authentication failed",
                "the proxy gives no connection (authentication failed)",
            ),
            ("Something New\u{1b}[31m", "something New"),
        ];
        for (said, shown) in table {
            assert_eq!(of_words(said).to_string(), shown, "{said}");
        }
    }

    #[test]
    fn what_the_system_and_tls_say() {
        let system = |kind: io::ErrorKind| Cause::within(&io::Error::from(kind));
        assert_eq!(system(io::ErrorKind::ConnectionRefused), Cause::Refused);
        assert_eq!(system(io::ErrorKind::ConnectionReset), Cause::CutOff);
        // as the HTTP client packs it: an error of the system in another
        let packed = |tls: rustls::Error| {
            Cause::within(&io::Error::other(io::Error::new(
                io::ErrorKind::InvalidData,
                tls,
            )))
        };
        assert_eq!(
            packed(rustls::InvalidMessage::InvalidContentType.into()),
            Cause::NoTls
        );
        let expired = packed(rustls::CertificateError::Expired.into());
        assert_eq!(
            expired.to_string(),
            "its certificate is not trusted (it has expired)"
        );
        assert!(expired.remedy().contains("clock"));
    }
}
