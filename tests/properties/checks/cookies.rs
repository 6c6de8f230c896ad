//! `Set-Cookie` lines: what is kept, where it is sent, and that nothing of it leaves the domain.
//! A seed's lines begin with a digit: the host that answers (0 to 3), with 4 to 7 the same hosts without a `Date`.

use aimharder::aimharder::Jar;
use aimharder::aimharder::saved::{cookie_header, keep_cookie};
use serde_json::Value;

use super::DOMAIN;

const OWN: [&str; 4] = [
    "https://login.aimharder.com/api/login",
    "https://aimharder.com/home",
    "https://crossfitdemo.aimharder.com/api/book",
    "http://www.aimharder.com/",
];
const FOREIGN: [&str; 7] = [
    "https://aimharder.es/",
    "https://evilaimharder.com/",
    "https://aimharder.com.evil.org/",
    "https://evil.org/api/login",
    "https://com/",
    "http://127.0.0.1/",
    "http://localhost/",
];
const DATE: i64 = 1_921_449_600;

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
        // no header has such characters in it
        let line = rest.replace(|c: char| c.is_ascii_control() && c != '\t', "");
        keep_cookie(&mut jar, DOMAIN, OWN[usize::from(digit % 4)], date, &line);
        holds(&jar);
    }
}

fn holds(jar: &Jar) {
    for url in FOREIGN {
        assert!(cookie_header(jar, url).is_none(), "sent to {url}");
    }
    for url in OWN {
        let Some(header) = cookie_header(jar, url) else {
            assert!(!jar.has_login(), "the login is not sent to {url}");
            continue;
        };
        let header = header.expose();
        assert!(
            !header.is_empty() && !header.contains(|c: char| c.is_ascii_control() && c != '\t')
        );
        assert!(
            !jar.has_login() || header.contains("amhrdrauth="),
            "the login is not sent to {url}"
        );
    }
    let saved = jar.to_json();
    let stored: Value = serde_json::from_str(saved.expose()).expect("JSON");
    for cookie in stored.as_array().expect("a list") {
        stays_inside(&cookie["domain"]);
    }
    let again = Jar::from_json(&saved).expect("what was written can be read");
    assert!(again.to_json() == saved, "changed by being stored");
    for url in OWN {
        assert!(
            cookie_header(&again, url) == cookie_header(jar, url),
            "lost by being stored"
        );
    }
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
