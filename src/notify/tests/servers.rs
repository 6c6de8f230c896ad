//! Servers that say no, hang, never end, or are not there, and switches in the right order.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::notify::{http, ping_end, ping_start};

#[test]
fn servers_that_say_no() {
    let status =
        |line: &str| format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n");
    let moved = |to: &str| format!("{}Location: {to}\r\n\r\n", status("307 Temporary Redirect"));
    let answer = |line: &str| format!("{}\r\n", status(line));
    let table: [(Vec<String>, Option<&str>, usize); 8] = [
        (vec![answer("500 Oops")], Some("answered 500"), 1),
        (vec![answer("404 Gone")], Some("answered 404"), 1),
        (vec![answer("429 Slowly")], Some("answered 429"), 1),
        (
            vec![
                format!("{}Retry-After: 0.1\r\n\r\n", status("429 Slowly")),
                OK.into(),
            ],
            None,
            2,
        ),
        (
            vec![format!("{}Retry-After: 3600\r\n\r\n", status("429 Slowly"))],
            Some("answered 429"),
            1,
        ),
        (
            vec![moved("HERE/next"), moved("/2"), moved("HERE/3"), OK.into()],
            None,
            4,
        ),
        (
            vec![moved("/again")],
            Some("redirected more than 3 times"),
            4,
        ),
        (
            vec!["SSH-2.0-OpenSSH\r\n".into()],
            Some("no complete response: it does not answer with HTTP"),
            1,
        ),
    ];
    for (answers, expected, count) in table {
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let (url, requests) = server(&answers);
        let error = reported(&format!("webhook = \"{url}\""), LIMIT);
        assert_eq!(error.as_deref(), expected, "{answers:?}");
        let seen: Vec<Request> = requests.try_iter().collect();
        assert_eq!(seen.len(), count, "{answers:?}");
        for request in seen {
            assert!(request.line().starts_with("POST "));
            assert_eq!(request.json(), event(), "{answers:?}");
        }
    }
}

/// An answer that begins and never ends, and one that never begins, cost a channel its own time and no other's.
#[test]
fn a_hanging_server_delays_nobody_else() {
    let (hanging, _h) = server(&[""]);
    let (fine, requests) = server(&[OK]);
    let trickle = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = trickle.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = trickle.accept().unwrap();
        let _ = read(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-More: 1\r\n").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let config = config(&format!(
        "[[notify]]\nwebhook = \"{hanging}\"\n[[notify]]\nwebhook = \"http://{slow}\"\n[[notify]]\nntfy = \"{fine}/t\"\n"
    ));
    let begun = Instant::now();
    let reports = tell_all(
        &config,
        &[booked(), booked(), booked(), booked(), booked()],
        Duration::from_secs(3),
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(
        reports[0].error.as_deref(),
        Some("5 of 5 notices not sent: timed out")
    );
    assert!(
        reports[1]
            .error
            .as_deref()
            .unwrap()
            .starts_with("5 of 5 notices not sent: ")
    );
    assert_eq!(reports[2].error, None);
    assert_eq!(requests.try_iter().count(), 5);
}

/// A body is not waited for longer than the call may take, and not read whatever its size.
#[test]
fn an_answer_without_end_is_taken_at_its_status() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = read(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 8192]).is_ok() {}
    });
    let begun = Instant::now();
    http::send(&url, &[], None, Duration::from_secs(20)).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_switch_hears_start_and_end_in_order() {
    let (url, requests) = server(&[OK]);
    let config = config(&format!("[ping]\nrefresh = \"{url}/u/?a=1\"\n"));
    let switch = config.ping.refresh.as_ref();
    assert!(ping_start(None).is_none());
    ping_end(switch, ping_start(switch), false, String::new());
    ping_end(switch, ping_start(switch), true, "first\nlást".to_owned());
    let seen: Vec<_> = requests.try_iter().collect();
    let lines: Vec<&str> = seen.iter().map(Request::line).collect();
    let start = "GET /u/start?a=1 HTTP/1.1";
    assert_eq!(
        lines,
        [
            start,
            "GET /u/?a=1 HTTP/1.1",
            start,
            "POST /u/fail?a=1 HTTP/1.1"
        ]
    );
    assert_eq!(seen[3].body, "first\nlást");
}
