//! `Set-Cookie` lines: which cookies are kept, and where they are sent. The lines of a seed begin with a digit: the host that
//! responds (0 to 3), or with 4 to 7 the same hosts without a `Date`.

use std::sync::LazyLock;

use aimharder::platform::Jar;
use aimharder::platform::recorded::Url;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::DOMAIN;

// parsed once, because parsing takes most of the time
static OWN: LazyLock<[Url; 4]> = LazyLock::new(|| {
    urls([
        "https://login.aimharder.com/api/login",
        "https://aimharder.com/home",
        "https://crossfitdemo.aimharder.com/api/book",
        "http://www.aimharder.com/",
    ])
});
static FOREIGN: LazyLock<[Url; 7]> = LazyLock::new(|| {
    urls([
        "https://aimharder.es/",
        "https://evilaimharder.com/",
        "https://aimharder.com.evil.org/",
        "https://evil.org/api/login",
        "https://com/",
        "https://127.0.0.1/",
        "https://localhost/",
    ])
});
const DATE: i64 = 1_921_449_600;

fn urls<const N: usize>(written: [&str; N]) -> [Url; N] {
    written.map(|url| Url::parse(url).expect("a URL"))
}

pub fn cookies(data: &[u8]) {
    let mut jar = Jar::default();
    for line in String::from_utf8_lossy(data).lines().take(40) {
        let digit = line
            .bytes()
            .next()
            .filter(u8::is_ascii_digit)
            .unwrap_or(b'0');
        let rest = line.strip_prefix(char::from(digit)).unwrap_or(line);
        let date = (digit < b'4').then_some(DATE);
        // a header cannot contain these characters
        let line = rest.replace(|c: char| c.is_ascii_control() && c != '\t', "");
        jar.keep(&line, &OWN[usize::from(digit % 4)], DOMAIN, date);
        stays(&jar);
    }
    // only after all lines: fewer lines are another input
    holds(&jar);
}

/// No cookie is sent outside the domain.
fn stays(jar: &Jar) {
    for url in &*FOREIGN {
        assert!(jar.header(url).is_none(), "sent to {url}");
    }
}

fn holds(jar: &Jar) {
    let saved = jar.to_json();
    let stored: Value = serde_json::from_str(saved.expose()).expect("JSON");
    let stored = stored.as_array().expect("a list");
    for cookie in stored {
        stays_inside(&cookie["domain"]);
    }
    // a cookie may expire between the two looks
    if stored.iter().any(ends_soon) {
        return;
    }
    let headers = OWN.each_ref().map(|url| jar.header(url));
    for (url, header) in OWN.iter().zip(&headers) {
        let Some(header) = header else {
            assert!(!jar.has_login(), "the login is not sent to {url}");
            continue;
        };
        let header = String::from_utf8_lossy(header.as_bytes());
        assert!(
            !header.is_empty() && !header.contains(|c: char| c.is_ascii_control() && c != '\t')
        );
        assert!(
            !jar.has_login() || header.contains("amhrdrauth="),
            "the login is not sent to {url}"
        );
    }
    let again = Jar::from_json(&saved).expect("what was written can be read");
    assert!(again.to_json() == saved, "changed by being stored");
    for (url, header) in OWN.iter().zip(&headers) {
        assert!(again.header(url) == *header, "lost by being stored");
    }
}

/// `{"AtUtc":"…"}`, in whole seconds, or `"SessionEnd"`.
fn ends_soon(cookie: &Value) -> bool {
    let Some(end) = cookie["expires"]["AtUtc"].as_str() else {
        return false;
    };
    let end = DateTime::parse_from_rfc3339(end).expect("an instant");
    end.to_utc() - Utc::now() < TimeDelta::seconds(10)
}

/// `{"HostOnly":"…"}` or `{"Suffix":"…"}`.
fn stays_inside(domain: &Value) {
    let (_, host) = domain
        .as_object()
        .and_then(|o| o.iter().next())
        .expect("a domain");
    let host = host.as_str().expect("a host");
    assert!(
        host == DOMAIN || host.ends_with(&format!(".{DOMAIN}")),
        "kept for {host}"
    );
}
