//! Why a connection was not made, or an answer did not come whole: what the libraries below say, put into words that help.
//! Must not show a URL (its query may hold a token, a proxy's may hold a password).

use std::error::Error as StdError;
use std::fmt;
use std::io;

use crate::text;

/// The innermost reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// the host's name has no address, or nobody could be asked for it
    NoAddress,
    /// nothing listens there
    Refused,
    /// within the time-out
    TimedOut,
    /// a certificate that is not for this host, not of a trusted authority, or not valid now; holds which
    Untrusted(String),
    /// something answered, but not with TLS
    NoTls,
    /// something answered, but not with HTTP
    NoHttp,
    /// the connection ended before the answer did
    CutOff,
    /// the proxy of the config, not the host; holds what it does
    Proxy(String),
    /// anything else, in the words of whoever met it
    Other(String),
}

impl Cause {
    /// Of a failure of the HTTP client; what happens on the way to a proxy is the proxy's.
    pub(super) fn of(error: &reqwest::Error, proxy: Option<&str>) -> Self {
        let cause = if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::within(error)
        };
        match proxy.filter(|_| error.is_connect()) {
            // such a proxy is given addresses, not names: it is we who look AimHarder's up
            Some(proxy) if cause == Self::NoAddress && proxy.starts_with("socks5:") => cause,
            Some(_) => cause.of_proxy(),
            None => cause,
        }
    }

    /// The innermost reason of an error. Outer layers repeat the URL.
    pub(super) fn within(error: &(dyn StdError + 'static)) -> Self {
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
        Self::Proxy(match self {
            Self::NoAddress => "has a name that could not be looked up (DNS)".to_owned(),
            Self::Refused => "refuses the connection".to_owned(),
            Self::TimedOut => "does not answer in time, or waits for AimHarder itself".to_owned(),
            Self::CutOff => "closed the connection".to_owned(),
            Self::Other(words) => format!("failed: {words}"),
            // beyond the proxy, or told by it
            other => return other,
        })
    }

    /// What a person may do about it.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::NoAddress => {
                "see that this machine is online and that `domain` in the config, if it is set, is right"
            }
            Self::TimedOut => "see that this machine is online, or try again later",
            Self::Untrusted(_) => {
                "see that this machine's clock is right; where a proxy or network opens encrypted traffic, name its \
                 certificate authority as `ca_file` under [server] in the config"
            }
            Self::Proxy(_) => "see that it runs, and look at `proxy` under [server] in the config",
            Self::NoTls | Self::NoHttp => {
                "something else may be answering in its place: look at the network and at [server] in the config"
            }
            Self::Refused => {
                "try again later, or look at the network and at [server] in the config"
            }
            Self::CutOff | Self::Other(_) => "try again later",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("its name could not be looked up (DNS)"),
            Self::Refused => f.write_str("connection refused"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Untrusted(why) => write!(f, "its certificate is not trusted ({why})"),
            Self::NoTls => f.write_str("what answers there does not speak https"),
            Self::NoHttp => f.write_str("what answers there does not speak http"),
            Self::CutOff => f.write_str("the connection was closed too early"),
            Self::Proxy(what) => write!(f, "the proxy {what}"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// The next layer. What is packed into an error of the system is not among its sources.
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
            C::UnknownIssuer => "no authority known here has signed it".to_owned(),
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
        E::NetworkUnreachable | E::HostUnreachable => Cause::Other("no way leads there".to_owned()),
        _ => of_words(&text::why(error)),
    }
}

/// Libraries whose types are not ours to name.
fn of_words(said: &str) -> Cause {
    let has = |part| said.contains(part);
    let proxy = |what: &str| Cause::Proxy(what.to_owned());
    if has("failed to lookup address") {
        Cause::NoAddress
    } else if has("before message completed") || has("before message length") {
        Cause::CutOff
    } else if said.starts_with("invalid HTTP") || has("message head is too large") {
        Cause::NoHttp
    } else if let Some(said) = said.strip_prefix("tunnel error: ") {
        proxy(match said {
            "proxy authorization required" => "wants a user name and password, or others",
            "unexpected end of file" => "closed the connection",
            _ => "did not let us through",
        })
    } else if let Some(said) = said.strip_prefix("SOCKS error: ") {
        match said {
            "failed to create underlying connection" => proxy("cannot be reached"),
            "failed parsing server response" => proxy("is none: what answers there is not SOCKS"),
            other => Cause::Proxy(format!("failed: {}", words(other))),
        }
    } else {
        Cause::Other(words(said))
    }
}

/// Foreign words in our style: one line, not too long, without the system's error number.
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
                "what answers there does not speak http",
            ),
            (
                "tunnel error: unsuccessful",
                "the proxy did not let us through",
            ),
            (
                "tunnel error: proxy authorization required",
                "the proxy wants a user name and password, or others",
            ),
            (
                "SOCKS error: failed to create underlying connection",
                "the proxy cannot be reached",
            ),
            (
                "SOCKS error: authentication failed",
                "the proxy failed: authentication failed",
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
