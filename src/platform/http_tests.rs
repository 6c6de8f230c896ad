//! Redirects, limits and failures against a real socket.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use super::super::test_server::*;
use super::*;

#[test]
fn redirects_of_pages_are_followed_and_every_hops_cookies_kept() {
    let body = format!("<script>localStorage.setItem('refreshToken','{TOKEN}')</script>");
    let (platform, seen) = server(vec![
        response(
            302,
            "Location: /again?x=1\r\nSet-Cookie: amhrdrauth=fresh; Path=/\r\n",
            "",
        ),
        response(301, "Location: http://www.aimharder.test/there\r\n", ""),
        response(200, "Set-Cookie: PHPSESSID=p\r\n", &body),
    ]);
    let mut jar = jar();
    assert_eq!(
        platform.set_refresh(&mut jar, &token(), "fp").unwrap(),
        token()
    );
    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("GET /setrefresh?token=69232%7C1766731601%7C03485f300f1a53a7e34143a0af9d2592&fingerprint=fp HTTP"));
    assert!(
        seen[1].starts_with("GET /again?x=1 HTTP")
            && lines(&seen[1]).contains(&"cookie: amhrdrauth=fresh".to_owned())
    );
    assert!(lines(&seen[2]).contains(&"host: www.aimharder.test".to_owned()));
    assert!(format!("{jar:?}").contains("PHPSESSID"));
}

#[test]
fn redirects_outside_the_platform_are_not_followed() {
    let outside = [
        "http://evil.test/",
        "http://evilaimharder.test/",
        "https://aimharder.test/",
        "http://aimharder.test:81/",
        "http://u:p@aimharder.test/",
        "//evil.test/",
    ];
    for location in outside {
        let (platform, seen) = server(vec![response(
            302,
            &format!("Location: {location}\r\nSet-Cookie: a=b\r\n"),
            "",
        )]);
        let mut jar = Jar::default();
        let error = platform.home_boxes(&mut jar).unwrap_err();
        let strange = Error::Strange("aimharder.test redirects outside the platform".to_owned());
        assert_eq!(error, strange, "{location}");
        assert_eq!(seen.lock().unwrap().len(), 1, "{location}");
        assert_eq!(format!("{jar:?}"), "Jar({})");
    }
}

#[test]
fn redirects_end_and_api_calls_follow_none() {
    // an empty Location is the same page again
    let locations = ["/home", ""].into_iter().cycle().take(6);
    let loops = locations
        .map(|location| response(302, &format!("Location: {location}\r\n"), ""))
        .collect();
    let (platform, seen) = server(loops);
    let error = platform.home_boxes(&mut Jar::default()).unwrap_err();
    assert_eq!(error.to_string(), "aimharder.test redirects too often");
    assert_eq!(seen.lock().unwrap().len(), 6);

    let (platform, seen) = server(vec![response(
        302,
        "Location: /elsewhere\r\nSet-Cookie: amhrdrauth=; Max-Age=0\r\n",
        "",
    )]);
    let mut jar = jar();
    let error = book(&platform, &mut jar, BOX).unwrap_err();
    assert_eq!(error.to_string(), "demo.aimharder.test answered 302");
    assert!(jar.has_login() && seen.lock().unwrap().len() == 1);
}

#[test]
fn no_connection_is_distinguished_from_a_lost_response() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let unreachable = platform(free, Duration::from_secs(5));
    let error = book(&unreachable, &mut jar(), BOX).unwrap_err();
    assert_eq!(
        error,
        Error::NotConnected {
            host: BOX.to_owned(),
            cause: crate::platform::Cause::Refused
        }
    );
    assert_eq!(
        error.to_string(),
        "no connection to demo.aimharder.test: connection refused"
    );

    let broken = [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"bookState\":1}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{\"bookState\":1}\r\n",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
    ];
    for text in broken {
        let (platform, _) = server(vec![raw(text)]);
        let error = book(&platform, &mut jar(), BOX).unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{text:?}: {error:?}");
        assert!(
            !error.to_string().contains("http://") && !error.to_string().contains('\n'),
            "{error}"
        );
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
        let platform = platform(
            platform_of.server.connect_to.unwrap(),
            Duration::from_millis(500),
        );
        let begun = Instant::now();
        let error = book(&platform, &mut jar(), BOX).unwrap_err();
        assert_eq!(
            error,
            Error::Lost {
                host: BOX.to_owned(),
                cause: crate::platform::Cause::TimedOut
            }
        );
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn a_body_over_the_limit_is_no_answer() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BODY_BYTES));
    let (platform, _) = server(vec![response(200, "", &large)]);
    let error = platform.whoami(&mut Jar::default()).unwrap_err();
    assert_eq!(
        error,
        Error::Strange("aimharder.test answered with more than 2 MiB".to_owned())
    );
}

#[test]
fn a_busy_server_says_when() {
    let date = "Date: Sat, 21 Nov 2026 03:27:00 GMT\r\n";
    let table = [
        ("Retry-After: 7\r\n".to_owned(), Some(7)),
        ("Retry-After: 99999\r\n".to_owned(), Some(3600)),
        (
            format!("{date}Retry-After: Sat, 21 Nov 2026 03:27:30 GMT\r\n"),
            Some(30),
        ),
        (
            format!("{date}Retry-After: Sat, 21 Nov 2026 03:20:30 GMT\r\n"),
            Some(0),
        ),
        (
            "Retry-After: Sat, 21 Nov 2026 03:27:30 GMT\r\n".to_owned(),
            None,
        ),
        ("Retry-After: soon\r\n".to_owned(), None),
        (String::new(), None),
    ];
    for (headers, seconds) in table {
        let (platform, _) = server(vec![response(429, &headers, "")]);
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(
            platform.whoami(&mut Jar::default()),
            Err(Error::Busy {
                status: 429,
                retry_after
            }),
            "{headers}"
        );
    }
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
