//! Every channel against a server of the test's own: the bytes that arrive, the filter, and that nothing takes for ever.

mod channels;
mod servers;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde_json::{Value, json};

use super::Notice;
use super::deliver::{Report, deliver};
use crate::clock;
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
        ..Notice::of_session(Event::Booked, "ana@example.org".parse().ok(), "", now)
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

const LIMIT: Duration = Duration::from_secs(20);

fn tell_all(config: &Config, notices: &[Notice], limit: Duration) -> Vec<Report> {
    let channels = (1..).zip(&config.notify);
    let end = clock::steady() + limit;
    deliver(channels, config.account.as_ref(), end, |on| {
        let wanted = notices.iter().filter(|notice| on.contains(&notice.event));
        wanted.cloned().collect()
    })
}

/// One channel, one booking: what became of it.
fn reported(channel: &str, limit: Duration) -> Option<String> {
    let config = config(&format!(
        "account = \"ana@example.org\"\n[[notify]]\n{channel}\n"
    ));
    let reports = tell_all(&config, &[booked()], limit);
    assert_eq!(reports.len(), 1);
    reports[0].error.clone()
}

fn event() -> Value {
    json!({
        "event": "booked", "time": "2026-11-18T11:06:40+00:00", "account": "ana@example.org", "box": "crossfitdemo",
        "prebooking_id": 7, "class": "WOD", "day": "2026-11-23", "start": "18:30", "outcome": "booked", "message": SENTENCE,
        "reservation_id": "55501"
    })
}

const SENTENCE: &str = "Booked: WOD, Mon 23 Nov 18:30";
