//! `book --wait`: waits until booking opens, and sends the request at that instant.

use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, Timelike, Utc};
use chrono_tz::Europe::Madrid;
use serde_json::{Value, json};

use crate::support::{Home, Run, Sandbox, logged_in, side_by_side, with};

/// A class that opens at an instant of the server clock, and its opening rule.
pub(crate) struct Opening {
    pub(crate) at: DateTime<Utc>,
    pub(crate) day: String,
    pub(crate) start: &'static str,
    rule: String,
}

impl Opening {
    fn at(at: DateTime<Utc>) -> Self {
        let wall = at.with_timezone(&Madrid);
        Self {
            at,
            day: (wall.date_naive() + Days::new(3)).to_string(),
            start: "13:10",
            rule: format!("3d@{}", wall.format("%H:%M:%S")),
        }
    }

    pub(crate) fn after(seconds: i64) -> Self {
        let now = Utc::now().with_nanosecond(0).unwrap();
        Self::at(now + TimeDelta::seconds(seconds + 1))
    }

    /// Adds the class, with further fields, and sets the box's opening rule.
    pub(crate) fn class(&self, sandbox: &Sandbox, home: &Home, more: &Value) -> String {
        home.run("boxes set crossfitdemo --opens")
            .arg(&self.rule)
            .succeeds();
        self.add_class(sandbox, more)
    }

    /// Adds the class without an opening rule.
    fn add_class(&self, sandbox: &Sandbox, more: &Value) -> String {
        let class = json!({
            "day": self.day, "start": self.start, "name": "Espera", "capacity": 12, "occupied": 0,
            "opens_at_ms": self.at.timestamp_millis(),
        });
        sandbox.class(&with(&class, more.clone()))
    }

    /// In real time: the instants of the requests are what these tests are about.
    pub(crate) fn wait(&self, home: &Home) -> Run {
        home.run("book --wait --class espera --time")
            .in_real_time()
            .args(self.start)
            .arg("--day")
            .arg(&self.day)
    }
}

/// How many milliseconds after the opening the requests arrived, by the server's clock.
fn arrivals(sandbox: &Sandbox, opening: &Opening) -> Vec<i64> {
    let opens = opening.at.timestamp_millis();
    let sent = sandbox.sent("/api/book");
    let at = |entry: &Value| entry["server_ms"].as_i64().unwrap() - opens;
    sent.iter().map(at).collect()
}

#[test]
fn it_waits_and_books_at_the_instant() {
    side_by_side(&[0, 2700, -2200], |skew| {
        let (sandbox, home) = logged_in();
        sandbox.config(&json!({ "skew_ms": skew }));
        let opening = Opening::at(
            (Utc::now() + TimeDelta::milliseconds(*skew))
                .with_nanosecond(0)
                .unwrap()
                + TimeDelta::seconds(9),
        );
        let class = opening.class(&sandbox, &home, &json!({}));
        let printed = opening.wait(&home).json();
        assert_eq!(printed["outcome"], "booked", "{printed}");
        assert_eq!(printed["class"]["state"], "booked", "{printed}");
        assert_eq!(printed["session"]["kind"], "device", "{printed}");
        assert_eq!(printed["prebooking_id"], Value::Null);
        assert_eq!(sandbox.reservations(&class).len(), 1);
        let arrivals = arrivals(&sandbox, &opening);
        let last = *arrivals.last().unwrap();
        assert!((0..1000).contains(&last), "arrived {arrivals:?} ms after");
        assert!(arrivals[0] > -500, "asked long before: {arrivals:?}");
        let listed = home.run("prebook list --all").json();
        assert_eq!(listed["prebookings"], json!([]));
    });
}

#[test]
fn off_a_terminal_it_is_quiet() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(3);
    opening.class(&sandbox, &home, &json!({}));
    opening.wait(&home).prints(&["booked: Espera"]);
}

#[test]
fn what_is_open_is_booked_at_once() {
    let (sandbox, home) = logged_in();
    let opening = Opening::at(Utc::now() - TimeDelta::minutes(5));
    opening.class(&sandbox, &home, &json!({}));
    let output = opening.wait(&home).prints(&["booked: Espera"]);
    assert!(output.took < Duration::from_secs(5), "{output:?}");
    // the schedule that showed the class open is not read again before the request
    let paths: Vec<Value> = sandbox
        .log()
        .iter()
        .map(|sent| sent["path"].clone())
        .collect();
    let last = paths.split_at(paths.len() - 3).1;
    assert_eq!(
        last,
        ["/api/bookings", "/api/book", "/api/bookings"],
        "{paths:?}"
    );
    let schedules = paths.iter().filter(|path| *path == "/api/bookings").count();
    assert_eq!(schedules, 2, "{paths:?}");
    // mine already: nothing is asked
    sandbox.clear_log();
    let printed = opening.wait(&home).json();
    assert_eq!(printed["outcome"], "already_booked");
    assert!(sandbox.sent("/api/book").is_empty());
}

/// The refusal says the day; the guess is the class's own time, which comes in a few seconds.
#[test]
fn an_unknown_opening_is_asked_for_first() {
    let (sandbox, home) = logged_in();
    // the guess is in the future by this machine's clock too
    let now = Utc::now();
    let later = now + TimeDelta::seconds(65);
    let minute = later.with_nanosecond(0).unwrap().with_second(0).unwrap();
    let skew = minute - TimeDelta::seconds(8) - now;
    sandbox.config(&json!({ "skew_ms": skew.num_milliseconds() }));
    let start = minute.with_timezone(&Madrid).format("%H:%M").to_string();
    let opening = Opening {
        start: start.leak(),
        ..Opening::at(minute)
    };
    let class = opening.add_class(&sandbox, &json!({}));
    let printed = opening.wait(&home).limit(Duration::from_secs(120)).json();
    assert_eq!(printed["outcome"], "booked", "{printed}");
    assert_eq!(sandbox.reservations(&class).len(), 1);
    let arrivals = arrivals(&sandbox, &opening);
    let (first, rest) = arrivals.split_first().unwrap();
    assert!(*first < -1000, "asked once before: {arrivals:?}");
    assert!(rest.iter().all(|at| *at > -500), "{arrivals:?}");
    assert!(*rest.last().unwrap() < 1000, "{arrivals:?}");
}

#[test]
fn an_unknown_opening_ends_it() {
    let (sandbox, home) = logged_in();
    sandbox.config(&json!({ "refusal_shape": "state" }));
    let opening = Opening::after(3600);
    opening.add_class(&sandbox, &json!({ "early_answer": { "bookState": -4 } }));
    let words = [
        "not open yet",
        "aimharder boxes set crossfitdemo --opens 4d@07:00",
    ];
    opening.wait(&home).fails(9, &words);
    assert_eq!(sandbox.sent("/api/book").len(), 1);
    let printed = opening.wait(&home).ends_json(9);
    assert_eq!(printed["outcome"], "too_early", "{printed}");
    assert_eq!(printed["opens_at"], Value::Null);
    // nor does a rule by which it opens after it has started
    home.run("boxes set crossfitdemo --opens 0d@23:59")
        .succeeds();
    opening.wait(&home).fails(9, &words);
}

#[test]
fn too_early_is_repeated_and_an_outage_ridden_out() {
    let late = json!({ "opens_in_ms": 1500 });
    let outage = json!({ "fault": { "path": "/api/book", "kind": "status", "count": 3 } });
    let lost =
        json!({ "fault": { "path": "/api/book", "kind": "drop", "count": 1, "after": true } });
    let gone = json!({ "fault": { "path": "/api/book", "kind": "drop", "count": 2 } });
    side_by_side(&[late, outage, lost, gone], |case| {
        let (sandbox, home) = logged_in();
        let opening = Opening::after(5);
        let more = match case["opens_in_ms"].as_i64() {
            Some(later) => json!({ "opens_at_ms": opening.at.timestamp_millis() + later }),
            None => json!({}),
        };
        let class = opening.class(&sandbox, &home, &more);
        if !case["fault"].is_null() {
            sandbox.fault(&case["fault"]);
        }
        let printed = opening.wait(&home).json();
        assert_eq!(printed["outcome"], "booked", "{case}: {printed}");
        assert_eq!(sandbox.reservations(&class).len(), 1, "{case}");
        assert_eq!(sandbox.counters()["double_books"], 0, "{case}");
    });
}

#[test]
fn full_at_the_opening() {
    let cases = [("", 4, "full"), ("--waitlist", 0, "waitlisted")];
    side_by_side(&cases, |(flag, status, outcome)| {
        let (sandbox, home) = logged_in();
        let opening = Opening::after(4);
        let full = json!({ "capacity": 2, "occupied": 2, "waitlist": 0 });
        opening.class(&sandbox, &home, &full);
        let run = opening.wait(&home).args(flag).status(*status);
        let printed = run.any_stderr().json();
        assert_eq!(printed["outcome"], *outcome, "{printed}");
    });
}
