//! Cookies by the ordinary rules (protocol.md §1): whose hosts they go to, how long they live, and by whose clock.

use super::*;

const DOMAIN: &str = "aimharder.com";
/// 21 Nov 2030: this machine's clock does not agree, and must not matter.
const DATE: i64 = 1_921_449_600;

fn url(host: &str, path: &str) -> Url {
    Url::parse(&format!("http://{host}{path}")).unwrap()
}

fn keep(jar: &mut Jar, host: &str, line: &str, date: Option<i64>) {
    let url = url(host, "/api/login");
    jar.keep(line, &url, DOMAIN, date);
}

fn jar(host: &str, lines: &[&str]) -> Jar {
    let mut jar = Jar::default();
    for line in lines {
        keep(&mut jar, host, line, Some(DATE));
    }
    jar
}

fn sent(jar: &Jar, host: &str) -> String {
    jar.header(&url(host, "/api/book"))
        .map_or_else(String::new, |h| h.to_str().unwrap().to_owned())
}

#[test]
fn the_login_cookie_travels_to_every_box_however_it_was_set() {
    let ways = [
        "amhrdrauth=x; Domain=.aimharder.com; Path=/; HttpOnly",
        "amhrdrauth=x; domain=aimharder.com; path=/",
        "amhrdrauth=x; HttpOnly",
        "amhrdrauth=x; Path=/api; Secure",
        "amhrdrauth=x; Expires=Wed, 01 Jan 2031 00:00:00 GMT",
        "amhrdrauth=x; Expires=Wed, 01-Jan-2031 00:00:00 GMT; Max-Age=60",
    ];
    for way in ways {
        let jar = jar("login.aimharder.com", &[way]);
        assert!(jar.has_login(), "{way}");
        assert_eq!(
            sent(&jar, "crossfitdemo.aimharder.com"),
            "amhrdrauth=x",
            "{way}"
        );
        assert_eq!(sent(&jar, "aimharder.com"), "amhrdrauth=x", "{way}");
        assert_eq!(sent(&jar, "aimharder.es"), "", "{way}");
        assert_eq!(sent(&jar, "evilaimharder.com"), "", "{way}");
    }
}

#[test]
fn of_one_name_the_nearest_hosts_cookie_is_sent_first_every_time() {
    let lines = ["a=wide; Domain=aimharder.com; Path=/", "a=near; Path=/"];
    // each jar has hash maps of its own, and so has what is read from the store
    for _ in 0..20 {
        let jar = jar("login.aimharder.com", &lines);
        let again = Jar::from_json(&jar.to_json()).unwrap();
        for jar in [&jar, &again] {
            assert_eq!(sent(jar, "login.aimharder.com"), "a=near; a=wide");
        }
    }
}

#[test]
fn the_login_cookie_expires_by_the_servers_clock_only() {
    let set = "amhrdrauth=x; Domain=aimharder.com; Path=/";
    let deletions = [
        "amhrdrauth=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0",
        "amhrdrauth=; Max-Age=0; Domain=.aimharder.com; Path=/",
        "amhrdrauth=x; Max-Age=-1",
        // ahead of this machine's clock, behind the server's
        "amhrdrauth=x; Expires=Wed, 20 Nov 2030 00:00:00 GMT; Path=/",
    ];
    for deletion in deletions {
        let mut jar = jar("login.aimharder.com", &[set]);
        keep(&mut jar, "crossfitdemo.aimharder.com", deletion, Some(DATE));
        assert!(!jar.has_login(), "{deletion}");
        assert_eq!(sent(&jar, "aimharder.com"), "", "{deletion}");
    }
    // behind this machine's clock, ahead of the server's
    let mut jar = Jar::default();
    keep(
        &mut jar,
        "aimharder.com",
        "amhrdrauth=x; Expires=Wed, 01 Jan 2025 00:00:00 GMT",
        Some(1_700_000_000),
    );
    assert!(jar.has_login());
}

#[test]
fn without_a_date_only_the_long_past_deletes() {
    let mut jar = Jar::default();
    keep(
        &mut jar,
        "aimharder.com",
        "amhrdrauth=x; Expires=Wed, 01 Jan 2025 00:00:00 GMT",
        None,
    );
    assert!(jar.has_login());
    keep(
        &mut jar,
        "aimharder.com",
        "amhrdrauth=x; Expires=Thu, 01-Jan-1970 00:00:01 GMT",
        None,
    );
    assert!(!jar.has_login());
}

#[test]
fn other_cookies_follow_the_ordinary_rules() {
    let jar = jar(
        "crossfitdemo.aimharder.com",
        &[
            "PHPSESSID=p; path=/",
            "AWSALB=a/b+c=; Expires=Sat, 28 Nov 2030 00:00:00 GMT; Path=/",
            "AWSALBCORS=c; Expires=Sat, 28 Nov 2030 00:00:00 GMT; Path=/; SameSite=None; Secure",
            "shared=s; Domain=aimharder.com; Path=/",
            "elsewhere=e; Path=/other",
            "foreign=f; Domain=evil.org; Path=/",
            "public=f; Domain=com; Path=/",
            "gone=g; Path=/; Expires=Sat, 20 Nov 2030 00:00:00 GMT",
            "nonsense",
            "",
            "=x",
        ],
    );
    assert_eq!(
        sent(&jar, "crossfitdemo.aimharder.com"),
        "AWSALB=a/b+c=; AWSALBCORS=c; PHPSESSID=p; shared=s"
    );
    assert_eq!(sent(&jar, "otherbox.aimharder.com"), "shared=s");
    assert_eq!(sent(&jar, "evil.org"), "");
}

#[test]
fn the_store_keeps_session_cookies_too() {
    let before = jar(
        "login.aimharder.com",
        &[
            "amhrdrauth=x",
            "PHPSESSID=p; Path=/",
            "AWSALB=a; Max-Age=600; Path=/",
        ],
    );
    let after = Jar::from_json(&before.to_json()).unwrap();
    assert!(after.has_login());
    assert_eq!(
        sent(&after, "login.aimharder.com"),
        sent(&before, "login.aimharder.com")
    );
    assert_eq!(
        sent(&after, "login.aimharder.com"),
        "AWSALB=a; PHPSESSID=p; amhrdrauth=x"
    );
    assert_eq!(after.to_json(), before.to_json());
}

#[test]
fn nothing_shows_a_value() {
    let jar = jar(
        "login.aimharder.com",
        &["amhrdrauth=hunter2", "PHPSESSID=hunter2; Path=/"],
    );
    assert_eq!(format!("{jar:?}"), r#"Jar({"PHPSESSID", "amhrdrauth"})"#);
    for bad in [
        "hunter2",
        r#"["hunter2"]"#,
        r#"[{"raw_cookie":"hunter2"}]"#,
        "",
    ] {
        let error = Jar::from_json(&Secret::new(bad)).unwrap_err();
        assert_eq!(error.to_string(), "the stored cookies cannot be read");
    }
}

#[test]
fn deleting_a_host_only_login_cookie_keeps_the_domains_of_the_same_answer() {
    let set = format!("amhrdrauth=secret; Domain=.{DOMAIN}; Path=/");
    let host_only = "amhrdrauth=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0";
    let of_domain = format!("{host_only}; Domain=.{DOMAIN}");
    let url = url(&format!("login.{DOMAIN}"), "/api/login");
    for (deletion, kept) in [(host_only, true), (&of_domain, false)] {
        let mut jar = Jar::default();
        jar.keep_all(vec![&set, deletion], &url, DOMAIN, None);
        assert_eq!(jar.has_login(), kept, "{deletion}");
    }
}

#[test]
fn cookies_are_limited_and_those_of_the_login_are_kept() {
    let mut jar = Jar::default();
    for n in 0..200 {
        keep(
            &mut jar,
            DOMAIN,
            &format!("junk{n}={}", "x".repeat(400)),
            None,
        );
    }
    keep(&mut jar, DOMAIN, "amhrdrauth=secret", None);
    keep(&mut jar, DOMAIN, "PHPSESSID=session", None);
    let header = jar.header(&url(DOMAIN, "/api/whoami")).unwrap();
    let header = header.to_str().unwrap();
    assert!(header.len() < 9 * 1024, "{}", header.len());
    assert!(header.contains("amhrdrauth=secret") && header.contains("PHPSESSID=session"));
    let mut many = Jar::default();
    for n in 0..200 {
        keep(&mut many, DOMAIN, &format!("junk{n}=1"), None);
    }
    let header = many.header(&url(DOMAIN, "/api/whoami")).unwrap();
    assert_eq!(header.to_str().unwrap().matches("junk").count(), 50);
}
