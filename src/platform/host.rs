//! The hosts of the platform, and the boxes that hosts and links name (protocol.md §1, §4). Every host to which a request or
//! a cookie is sent has passed [`within`].

use crate::model::label::is_label;

/// Whether `host` is `domain` or a subdomain of it; both are in lower case.
pub(super) fn within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
}

/// Whether `host` is a DNS name of labels and dots, so that it adds no path, user or port to a URL.
pub(super) fn is_host(host: &str) -> bool {
    host.len() <= 253 && host.split('.').all(is_label)
}

/// The host of a `centre_url` or a link, with or without a scheme, in lower case.
pub(super) fn host_of(url: &str) -> Option<String> {
    let lower = url.trim().to_ascii_lowercase();
    let rest = lower
        .split_once("//")
        .map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest
        .split(['/', '?', '#', ':'])
        .next()?
        .trim_end_matches('.');
    is_host(host).then(|| host.to_owned())
}

/// The name of the box, which is the first label of its host, and the host to call.
///
/// A host outside `domain` is not called (scripting.md, "Boxes and classes"): its first label below `domain` is. The domain, its
/// twins (`aimharder.es`), `www` and `login` name no box.
pub(super) fn box_of(host: &str, domain: &str) -> Option<(String, String)> {
    let first = |host: &str| host.split('.').next().unwrap_or_default().to_owned();
    let name = first(host);
    if name == first(domain) || matches!(name.as_str(), "www" | "login") {
        return None;
    }
    let host = if within(host, domain) {
        host.to_owned()
    } else {
        format!("{name}.{domain}")
    };
    Some((name, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: &str = "aimharder.com";

    #[test]
    fn a_domain_is_not_a_suffix_of_letters() {
        assert!(within("aimharder.com", DOMAIN) && within("a.aimharder.com", DOMAIN));
        for foreign in [
            "evilaimharder.com",
            "aimharder.com.evil.org",
            "com",
            "",
            "aimharder.es",
        ] {
            assert!(!within(foreign, DOMAIN), "{foreign}");
        }
    }

    #[test]
    fn hosts_are_plain() {
        assert!(is_host("crossfitdemo.aimharder.com") && is_host("a1-b.c"));
        for bad in [
            "", "a..b", "a/b", "user@a", "a:80", "-a.b", "A.b", "a.b\n", "é.b", ".a",
        ] {
            assert!(!is_host(bad), "{bad:?}");
        }
    }

    #[test]
    fn boxes_from_centre_urls_and_links() {
        let found = |url| host_of(url).and_then(|host| box_of(&host, DOMAIN));
        let demo = Some(("demo".to_owned(), "demo.aimharder.com".to_owned()));
        let good = [
            "demo.aimharder.com",
            "https://demo.aimharder.com",
            "http://Demo.AimHarder.com/schedule?cl",
            "//demo.aimharder.com/",
            " demo.aimharder.com. ",
            "demo.aimharder.com:443",
            "demo.aimharder.es",
            "demo",
            "https://demo.example.org/x",
            "demo.org",
        ];
        for url in good {
            assert_eq!(found(url), demo, "{url}");
        }
        let none = [
            "",
            "https://",
            "https://www.aimharder.com",
            "login.aimharder.com",
            "aimharder.com",
            "aimharder.es",
            "/home",
            "#",
            "https://user@demo.aimharder.com",
            "de mo.aimharder.com",
            "demo\u{1b}.aimharder.com",
        ];
        for url in none {
            assert_eq!(found(url), None, "{url}");
        }
    }
}
