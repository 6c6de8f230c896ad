//! The transport against a real socket: what the server does is a script of raw answers, one connection after the other.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::aimharder::{BoxAt, BookOrder, Flow, LoginError, Scheme, Settings, Token, Verdict};
use crate::secret::Secret;

const DOMAIN: &str = "aimharder.test";
const BOX: &str = "demo.aimharder.test";
const TOKEN: &str = "69232|1766731601|03485f300f1a53a7e34143a0af9d2592";

type Requests = Arc<Mutex<Vec<String>>>;
type Act = Box<dyn Fn(&mut TcpStream) + Send>;

/// Answers the first request with the first act, and so on, then stops listening. Each answer closes its connection.
fn server(acts: Vec<Act>) -> (Platform, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        for act in acts {
            let (mut stream, _) = listener.accept().unwrap();
            let request = request(&stream);
            seen.lock().unwrap().push(request);
            act(&mut stream);
        }
    });
    (platform(address, Duration::from_secs(5)), requests)
}

fn platform(address: SocketAddr, timeout: Duration) -> Platform {
    Platform::new(Settings {
        domain: DOMAIN.to_owned(),
        scheme: Scheme::Http,
        connect_to: Some(address),
        ca_file: None,
        proxy: None,
        timeout,
        user_agent: "Mozilla/5.0 test".to_owned(),
    })
}

fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

fn raw(text: impl Into<Vec<u8>>) -> Act {
    let text = text.into();
    Box::new(move |stream| {
        let _ = stream.write_all(&text);
    })
}

/// A whole answer with extra header lines.
fn answer(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    raw(format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"))
}

fn order() -> BookOrder {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    BookOrder { class_id: "1223249".to_owned(), day, insist: true, family: None }
}

fn at() -> BoxAt {
    BoxAt { host: BOX.to_owned(), id: 10122 }
}

fn jar() -> Jar {
    let mut jar = Jar::default();
    let url = Url::parse("https://aimharder.test/").unwrap();
    jar.keep("amhrdrauth=secret", &Origin { url: &url, domain: DOMAIN, date: None });
    jar
}

fn lines(request: &str) -> Vec<String> {
    request.lines().map(str::to_lowercase).collect()
}

fn token() -> Token {
    Token::parse(TOKEN).unwrap()
}

#[test]
fn a_request_looks_like_the_pages_own() {
    let (platform, seen) = server(vec![answer(200, "Set-Cookie: AWSALB=new; Path=/\r\n", r#"{"bookState":1,"id":5}"#)]);
    let mut jar = jar();
    let read = platform.book(&mut jar, &at(), &order()).unwrap();
    assert_eq!(read.verdict, Verdict::Booked);
    let request = seen.lock().unwrap()[0].clone();
    assert!(request.starts_with("POST /api/book HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nid=1223249&day=20261123&insist=1&familyId="), "{request}");
    let expected = [
        "host: demo.aimharder.test", "x-requested-with: xmlhttprequest", "origin: http://demo.aimharder.test",
        "referer: http://demo.aimharder.test/", "user-agent: mozilla/5.0 test", "cookie: amhrdrauth=secret",
        "content-type: application/x-www-form-urlencoded", "accept-language: es-es,es;q=0.9,en;q=0.8",
    ];
    for line in expected {
        assert!(lines(&request).contains(&line.to_owned()), "{line} in {request}");
    }
    assert!(format!("{jar:?}").contains("AWSALB"));
}

#[test]
fn redirects_of_pages_are_followed_and_every_hops_cookies_kept() {
    let body = format!("<script>localStorage.setItem('refreshToken','{TOKEN}')</script>");
    let (platform, seen) = server(vec![
        answer(302, "Location: /again?x=1\r\nSet-Cookie: amhrdrauth=fresh; Path=/\r\n", ""),
        answer(301, "Location: http://www.aimharder.test/there\r\n", ""),
        answer(200, "Set-Cookie: PHPSESSID=p\r\n", &body),
    ]);
    let mut jar = jar();
    assert_eq!(platform.set_refresh(&mut jar, &token(), "fp").unwrap(), token());
    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("GET /setrefresh?token=69232%7C1766731601%7C03485f300f1a53a7e34143a0af9d2592&fingerprint=fp HTTP"));
    assert!(seen[1].starts_with("GET /again?x=1 HTTP") && lines(&seen[1]).contains(&"cookie: amhrdrauth=fresh".to_owned()));
    assert!(lines(&seen[2]).contains(&"host: www.aimharder.test".to_owned()));
    assert!(format!("{jar:?}").contains("PHPSESSID"));
}

#[test]
fn a_login_follows_as_get_and_keeps_the_cookie_of_the_hop() {
    let page = format!("<iframe src=\"/setrefresh?token={TOKEN}\"></iframe>");
    let (platform, seen) = server(vec![
        answer(303, "Location: http://aimharder.test/home\r\nSet-Cookie: amhrdrauth=a; HttpOnly\r\n", ""),
        answer(200, "", &page),
    ]);
    let login = platform.log_in(Flow::Form, "ana@example.org", &Secret::new("p&w ñ"), "fp").unwrap();
    assert!(login.jar.has_login());
    assert_eq!((login.user_id, login.flow), (Some(69232), Flow::Form));
    let seen = seen.lock().unwrap();
    let body = "login=Iniciar+sesi%C3%B3n&loginfingerprint=fp&loginiframe=0&mail=ana%40example.org&pw=p%26w+%C3%B1";
    assert!(seen[0].starts_with("POST / HTTP") && seen[0].ends_with(body), "{}", seen[0]);
    assert!(seen[1].starts_with("GET /home HTTP") && seen[1].ends_with("\r\n\r\n"), "{}", seen[1]);
}

#[test]
fn the_json_login_needs_all_its_signs() {
    let body = format!(r#"{{"data":{{"userData":{{"id":7}},"auth":{{"authOK":true,"refreshToken":"{TOKEN}"}}}}}}"#);
    let bare = r#"{"data":{"auth":{"authOK":true}}}"#;
    let cookie = "Set-Cookie: amhrdrauth=a; HttpOnly\r\n";
    let (platform, seen) = server(vec![answer(200, cookie, &body), answer(200, "", &body), answer(200, cookie, bare)]);
    let log_in = || platform.log_in(Flow::Json, "ana@example.org", &Secret::new("p\"w"), "fp");
    let login = log_in().unwrap();
    assert_eq!((login.token.expose(), login.user_id), (TOKEN, Some(7)));
    assert_eq!(log_in().unwrap_err(), LoginError::NoCookie);
    assert_eq!(log_in().unwrap_err(), LoginError::NoToken);
    let request = &seen.lock().unwrap()[0];
    let sent: serde_json::Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(sent, serde_json::json!({"username": "ana@example.org", "password": "p\"w", "fingerprint": "fp", "iniframe": 0}));
    assert!(request.starts_with("POST /api/login HTTP") && lines(request).contains(&"content-type: application/json".to_owned()));
}

#[test]
fn no_redirect_leads_astray() {
    let astray = [
        "http://evil.test/", "http://evilaimharder.test/", "https://aimharder.test/", "http://aimharder.test:81/",
        "http://u:p@aimharder.test/", "//evil.test/", "",
    ];
    for location in astray {
        let (platform, seen) = server(vec![answer(302, &format!("Location: {location}\r\nSet-Cookie: a=b\r\n"), "")]);
        let mut jar = Jar::default();
        // an empty Location is the same page again, which is gone by then
        let error = platform.home_boxes(&mut jar).unwrap_err();
        let looped = location.is_empty() && matches!(error, Error::NotConnected(_));
        assert!(looped || error == Error::Strange("aimharder.test redirects to another place".to_owned()), "{location}: {error}");
        assert_eq!(seen.lock().unwrap().len(), 1, "{location}");
        assert_eq!(format!("{jar:?}"), "Jar({})");
    }
}

#[test]
fn redirects_end_and_api_calls_follow_none() {
    let loops = (0..6).map(|_| answer(302, "Location: /home\r\n", "")).collect();
    let (platform, seen) = server(loops);
    let error = platform.home_boxes(&mut Jar::default()).unwrap_err();
    assert_eq!(error.to_string(), "aimharder.test redirects without end");
    assert_eq!(seen.lock().unwrap().len(), 6);

    let (platform, seen) = server(vec![answer(302, "Location: /elsewhere\r\nSet-Cookie: amhrdrauth=; Max-Age=0\r\n", "")]);
    let mut jar = jar();
    let error = platform.book(&mut jar, &at(), &order()).unwrap_err();
    assert_eq!(error.to_string(), "demo.aimharder.test answered 302");
    assert!(jar.has_login() && seen.lock().unwrap().len() == 1);
}

#[test]
fn a_failed_call_leaves_the_cookies_alone() {
    let bad = [(200, r#"{"logout":1}"#), (200, "{}"), (200, "<html>"), (401, ""), (503, "")];
    for (status, body) in bad {
        let (platform, _) = server(vec![answer(status, "Set-Cookie: amhrdrauth=; Max-Age=0; Path=/\r\n", body)]);
        let mut jar = jar();
        let before = jar.to_json();
        assert!(platform.token_update(&mut jar, &token(), "fp").is_err());
        assert_eq!(jar.to_json(), before, "{status} {body}");
    }
}

#[test]
fn no_connection_is_told_from_a_lost_answer() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = platform(free, Duration::from_secs(5)).book(&mut jar(), &at(), &order()).unwrap_err();
    assert_eq!(error, Error::NotConnected("demo.aimharder.test: connection refused".to_owned()));
    assert_eq!(error.to_string(), "no connection to demo.aimharder.test: connection refused");

    let broken = [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"bookState\":1}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{\"bookState\":1}\r\n", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
    ];
    for text in broken {
        let (platform, _) = server(vec![raw(text)]);
        let error = platform.book(&mut jar(), &at(), &order()).unwrap_err();
        assert!(matches!(error, Error::Lost(_)), "{text:?}: {error:?}");
        assert!(!error.to_string().contains("http://") && !error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn a_hanging_or_trickling_server_costs_the_timeout_and_no_more() {
    let hang: Act = Box::new(|_| thread::sleep(Duration::from_secs(3)));
    let trickle: Act = Box::new(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    for act in [hang, trickle] {
        let (platform_of, _) = server(vec![act]);
        let platform = platform(platform_of.settings.connect_to.unwrap(), Duration::from_millis(500));
        let begun = Instant::now();
        let error = platform.book(&mut jar(), &at(), &order()).unwrap_err();
        assert_eq!(error, Error::Lost("demo.aimharder.test: timed out".to_owned()));
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_body_over_the_limit_is_no_answer() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(LARGEST));
    let (platform, _) = server(vec![answer(200, "", &large)]);
    let error = platform.whoami(&mut Jar::default()).unwrap_err();
    assert_eq!(error, Error::Strange("aimharder.test answered with more than 2 MiB".to_owned()));
}

#[test]
fn a_busy_server_says_when() {
    let date = "Date: Sat, 21 Nov 2026 03:27:00 GMT\r\n";
    let table = [
        ("Retry-After: 7\r\n".to_owned(), Some(7)),
        ("Retry-After: 99999\r\n".to_owned(), Some(3600)),
        (format!("{date}Retry-After: Sat, 21 Nov 2026 03:27:30 GMT\r\n"), Some(30)),
        (format!("{date}Retry-After: Sat, 21 Nov 2026 03:20:30 GMT\r\n"), Some(0)),
        ("Retry-After: Sat, 21 Nov 2026 03:27:30 GMT\r\n".to_owned(), None),
        ("Retry-After: soon\r\n".to_owned(), None),
        (String::new(), None),
    ];
    for (headers, seconds) in table {
        let (platform, _) = server(vec![answer(429, &headers, "")]);
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(platform.whoami(&mut Jar::default()), Err(Error::Busy { status: 429, retry_after }), "{headers}");
    }
}

#[test]
fn a_probe_reads_the_servers_clock_whatever_the_answer_is() {
    let headers = "Date: Sat, 21 Nov 2026 03:27:00 GMT\r\nAge: 3\r\nSet-Cookie: amhrdrauth=; Max-Age=0; Path=/\r\n";
    let (platform, seen) = server(vec![answer(404, headers, "gone"), answer(200, "Set-Cookie: AWSALB=n\r\n", r#"{"a":1}"#)]);
    let mut jar = jar();
    let probe = platform.probe(&mut jar, BOX).unwrap();
    assert_eq!((probe.date, probe.age), (Some(1_795_231_620), Some(3)));
    assert!(probe.sent <= probe.received && jar.has_login());
    assert_eq!(platform.probe(&mut jar, DOMAIN).unwrap().date, None);
    assert!(format!("{jar:?}").contains("AWSALB"));
    assert!(seen.lock().unwrap()[1].starts_with("GET /api/whoami HTTP"));
}

#[test]
fn one_connection_serves_many_requests() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let platform = platform(listener.local_addr().unwrap(), Duration::from_secs(5));
    // a second connection would never be accepted, and its request time out
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        loop {
            request(&stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
    });
    for _ in 0..3 {
        platform.probe(&mut Jar::default(), BOX).unwrap();
    }
}

#[test]
fn no_request_goes_outside_the_domain() {
    let (platform, seen) = server(vec![]);
    for host in ["evil.test", "evilaimharder.test", "a.b/@x.aimharder.test", "aimharder.test.evil.test", "", "x:1.aimharder.test"] {
        let at = BoxAt { host: host.to_owned(), id: 1 };
        assert!(matches!(platform.book(&mut jar(), &at, &order()), Err(Error::Setup(_))), "{host}");
    }
    assert!(seen.lock().unwrap().is_empty());
}
