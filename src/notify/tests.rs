//! Every channel against a server of the test's own: the bytes that arrive, the filter, and that nothing takes for ever.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde_json::{Value, json};

use super::tell::{Report, Terms, tell};
use super::{Notice, Ping, errands, http, ping};
use crate::config::{Config, Event};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

pub(super) fn config(text: &str) -> Config {
    Config::parse(text, Path::new("config.toml")).unwrap()
}

pub(super) fn booked() -> Notice {
    let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    Notice {
        gym: Some("crossfitdemo".to_owned()),
        prebooking_id: Some(7),
        class: Some("WOD".to_owned()),
        day: NaiveDate::from_ymd_opt(2026, 11, 23),
        start: NaiveTime::from_hms_opt(18, 30, 0),
        outcome: Some("booked".to_owned()),
        message: None,
        reservation_id: Some("55501".to_owned()),
        ..Notice::of_session(Event::Booked, &"ana@example.org".parse().unwrap(), "", now)
    }
}

fn notice(event: Event) -> Notice {
    Notice { event, ..booked() }
}

/// A request as it arrived.
struct Request {
    head: String,
    body: String,
}

impl Request {
    fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Answers the connections with these texts, the last one for ever; `""` is never an answer.
fn server(answers: &[&str]) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers: Vec<String> = answers.iter().map(|a| a.replace("HERE", &url)).collect();
    let (to, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut open = Vec::new();
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let Some(request) = read(&stream) else {
                continue;
            };
            let _ = to.send(request);
            let answer = answers.get(n).or(answers.last()).unwrap();
            let _ = stream.write_all(answer.as_bytes());
            if answer.is_empty() {
                open.push(stream);
            }
        }
    });
    (url, requests)
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut request = Request {
        head,
        body: String::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |n| n.parse().unwrap());
    reader
        .take(length)
        .read_to_string(&mut request.body)
        .unwrap();
    Some(request)
}

fn terms() -> Terms {
    Terms {
        whole: Duration::from_secs(20),
        http: Duration::from_secs(5),
        command: Duration::from_secs(10),
        telegram: "http://127.0.0.1:1".to_owned(),
    }
}

fn tell_all(config: &Config, notices: &[Notice], terms: &Terms) -> Vec<Report> {
    let errands = errands(config, |on| {
        let wanted = notices.iter().filter(|notice| on.contains(&notice.event));
        wanted.cloned().collect()
    });
    tell(errands, terms)
}

/// One channel, one booking: what became of it.
fn told(channel: &str, terms: &Terms) -> Option<String> {
    let config = config(&format!(
        "account = \"ana@example.org\"\n[[notify]]\n{channel}\n"
    ));
    let reports = tell_all(&config, &[booked()], terms);
    assert_eq!(reports.len(), 1);
    reports[0].error.clone()
}

fn event() -> Value {
    json!({
        "event": "booked", "time": "2026-11-18T11:06:40+00:00", "account": "ana@example.org", "box": "crossfitdemo",
        "prebooking_id": 7, "class": "WOD", "day": "2026-11-23", "start": "18:30", "outcome": "booked", "message": null,
        "reservation_id": "55501"
    })
}

const SENTENCE: &str = "Booked: WOD, Monday 23 November 18:30 (crossfitdemo)";

#[test]
fn a_webhook_gets_the_event() {
    let (url, requests) = server(&[OK]);
    assert_eq!(
        told(&format!("webhook = \"{url}/hook?k=1\""), &terms()),
        None
    );
    let request = requests.recv().unwrap();
    assert_eq!(request.line(), "POST /hook?k=1 HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("cookie"), None);
    assert_eq!(request.json(), event());
}

#[test]
fn discord_gets_a_sentence_that_calls_nobody() {
    let (url, requests) = server(&["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"]);
    assert_eq!(
        told(&format!("discord = \"{url}/api/webhooks/1/s\""), &terms()),
        None
    );
    let request = requests.recv().unwrap();
    assert_eq!(request.line(), "POST /api/webhooks/1/s HTTP/1.1");
    assert_eq!(
        request.json(),
        json!({"content": SENTENCE, "allowed_mentions": {"parse": []}})
    );
}

#[test]
fn ntfy_gets_text_and_headers() {
    let (url, requests) = server(&[OK]);
    assert_eq!(told(&format!("ntfy = \"{url}/topic\""), &terms()), None);
    let request = requests.recv().unwrap();
    assert_eq!(request.line(), "POST /topic HTTP/1.1");
    assert_eq!(request.body, SENTENCE);
    let expected = [
        ("title", "aimharder"),
        ("priority", "default"),
        ("tags", "white_check_mark"),
        ("content-type", "text/plain; charset=utf-8"),
    ];
    for (name, value) in expected {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
}

#[test]
fn telegram_gets_the_text_for_its_chat() {
    let (url, requests) = server(&[OK]);
    let terms = Terms {
        telegram: url,
        ..terms()
    };
    let channel =
        |token: &str| format!("telegram = {{ token_command = {token}, chat = \"@gym\" }}");
    assert_eq!(told(&channel(r#""echo 123:AB-c_9""#), &terms), None);
    let request = requests.recv().unwrap();
    assert_eq!(request.line(), "POST /bot123:AB-c_9/sendMessage HTTP/1.1");
    assert_eq!(
        request.json(),
        json!({"chat_id": "@gym", "text": SENTENCE, "link_preview_options": {"is_disabled": true}})
    );
    let no_token = Some("token_command did not print a bot's token".to_owned());
    for token in [r#""echo a/../b""#, r#"["echo", "1 2"]"#, r#""true""#] {
        assert_eq!(told(&channel(token), &terms), no_token, "{token}");
    }
    let failed = told(&channel(r#""echo 123:x; exit 3""#), &terms).unwrap();
    assert_eq!(failed, "token_command failed (exit status: 3)");
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_command_gets_the_event_and_its_facts() {
    let dir = tempfile::tempdir().unwrap();
    let to = |name: &str| dir.path().join(name).display().to_string();
    let (line, facts) = (to("line"), to("facts"));
    let script = format!("cat > {line}; env > {facts}; echo chatter");
    assert_eq!(told(&format!("command = {script:?}"), &terms()), None);
    let line = std::fs::read_to_string(line).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.ends_with("}\n"));
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), event());
    let facts = std::fs::read_to_string(facts).unwrap();
    let expected = [
        "EVENT=booked",
        "TIME=2026-11-18T11:06:40+00:00",
        "ACCOUNT=ana@example.org",
        "BOX=crossfitdemo",
        "PREBOOKING_ID=7",
        "CLASS=WOD",
        "DAY=2026-11-23",
        "START=18:30",
        "OUTCOME=booked",
        "RESERVATION_ID=55501",
        &format!("TEXT={SENTENCE}"),
    ];
    for fact in expected {
        assert!(facts.contains(&format!("AIMHARDER_{fact}\n")), "{fact}");
    }
    assert!(!facts.contains("AIMHARDER_MESSAGE"), "{facts}");
}

#[test]
fn a_command_that_fails_or_never_reads() {
    let list = |words: &str| told(&format!("command = {words}"), &terms());
    assert_eq!(list(r#"["true"]"#), None);
    let failed = Some("it failed (exit status: 4)".to_owned());
    assert_eq!(list(r#"["sh", "-c", "exit 4"]"#), failed);
    let missing = Some("cannot run it: entity not found".to_owned());
    assert_eq!(list(r#"["/nonexistent/hunter2"]"#), missing);
}

#[test]
fn a_command_that_hangs_is_killed_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("alive");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let held = fifo.clone();
    // reads to the end of the pipe: until nobody has it open for writing any more
    let watch = thread::spawn(move || std::fs::read(held).unwrap());
    let script = format!("exec > {}; (sleep 60; echo late) & wait", fifo.display());
    let terms = Terms {
        command: Duration::from_secs(1),
        ..terms()
    };
    let begun = Instant::now();
    let error = told(&format!("command = {script:?}"), &terms);
    assert_eq!(error.as_deref(), Some("killed after 1 s"));
    assert_eq!(watch.join().unwrap(), b"");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn only_what_a_channel_wants_in_the_order_of_events() {
    let (url, requests) = server(&[OK]);
    let config = config(&format!(
        "[[notify]]\non = [\"failed\", \"booked\"]\nwebhook = \"{url}/some\"\n\
         [[notify]]\non = [\"recovered\"]\nwebhook = \"{url}/none\"\n\
         [[notify]]\nwebhook = \"{url}/all\"\n"
    ));
    let events = [Event::Booked, Event::Postponed, Event::Failed];
    let reports = tell_all(&config, &events.map(notice), &terms());
    let numbers: Vec<usize> = reports.iter().map(|report| report.number).collect();
    assert_eq!(numbers, [1, 3]);
    assert!(reports.iter().all(|report| report.error.is_none()));
    let seen: Vec<Request> = requests.try_iter().collect();
    let at = |path: &str| -> Vec<String> {
        let there = seen.iter().filter(|r| r.line().contains(path));
        there
            .map(|r| r.json()["event"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(at("/some"), ["booked", "failed"]);
    assert_eq!(at("/all"), ["booked", "postponed", "failed"]);
    assert_eq!(seen.len(), 5);
}

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
            Some("no whole answer"),
            1,
        ),
    ];
    for (answers, expected, count) in table {
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let (url, requests) = server(&answers);
        let error = told(&format!("webhook = \"{url}\""), &terms());
        assert_eq!(error.as_deref(), expected, "{answers:?}");
        let seen: Vec<Request> = requests.try_iter().collect();
        assert_eq!(seen.len(), count, "{answers:?}");
        for request in seen {
            assert!(request.line().starts_with("POST "));
            assert_eq!(request.json(), event(), "{answers:?}");
        }
    }
}

#[test]
fn nobody_there() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gone = told(&format!("webhook = \"http://{address}/\""), &terms());
    assert_eq!(gone.as_deref(), Some("no connection: connection refused"));
    let (url, _requests) = server(&[OK]);
    let plain = told(
        &format!("webhook = \"{}\"", url.replace("http", "https")),
        &terms(),
    );
    let plain = plain.unwrap();
    assert!(plain.starts_with("no connection"), "{plain}");
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
    let terms = Terms {
        whole: Duration::from_secs(3),
        http: Duration::from_secs(1),
        ..terms()
    };
    let begun = Instant::now();
    let reports = tell_all(
        &config,
        &[booked(), booked(), booked(), booked(), booked()],
        &terms,
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
    assert_eq!(http::get(&url, Duration::from_secs(20)), Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_switch_hears_start_and_end_in_order() {
    let (url, requests) = server(&[OK]);
    let config = config(&format!("[ping]\nrefresh = \"{url}/u/?a=1\"\n"));
    let switch = config.ping.refresh.as_ref();
    ping(None, Ping::Start);
    ping(switch, Ping::Start);
    ping(switch, Ping::Success);
    ping(switch, Ping::Start);
    ping(switch, Ping::Fail);
    let lines: Vec<String> = requests.try_iter().map(|r| r.line().to_owned()).collect();
    let start = "GET /u/start?a=1 HTTP/1.1";
    assert_eq!(
        lines,
        [
            start,
            "GET /u/?a=1 HTTP/1.1",
            start,
            "GET /u/fail?a=1 HTTP/1.1"
        ]
    );
}
