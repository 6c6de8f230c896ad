//! Whether the platform responds and what its clock shows: one cheap request to each box's host, without a session.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::TimeDelta;
use serde::Serialize;

use super::Findings;
use crate::error::ExitKind::{Internal, Unreachable};
use crate::model::time::human_age;
use crate::platform::{Error, Jar, Platform, Probe};

/// Timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(5);
/// More hosts are not asked.
const MAX_HOSTS: usize = 12;
/// A smaller difference of the clocks is not reported.
const CLOCK_NOTICE: TimeDelta = TimeDelta::seconds(2);
/// A larger one shifts the ages of tokens and the horizons of runs.
const CLOCK_PROBLEM: TimeDelta = TimeDelta::seconds(30);

/// A host of the platform.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Host {
    #[serde(rename = "host")]
    pub name: String,
    pub reachable: bool,
    pub round_trip_ms: Option<f64>,
    /// The server's clock minus this machine's.
    pub clock_offset_ms: Option<f64>,
    /// How far the offset may be off, either way.
    pub clock_uncertainty_ms: Option<f64>,
    pub error: Option<String>,
}

impl Host {
    /// `Date` has whole seconds: its middle is the best estimate, and it may be off by half a second and half the round trip.
    fn of(name: String, probed: Result<Probe, Error>) -> Self {
        let probe = match probed {
            Ok(Probe {
                refused: Some(e), ..
            })
            | Err(e) => {
                return Self {
                    name,
                    error: Some(e.to_string()),
                    ..Self::default()
                };
            }
            Ok(probe) => probe,
        };
        let between = |from, to: SystemTime| {
            let span = to.duration_since(from).unwrap_or_default();
            span.as_secs_f64()
        };
        let trip = between(probe.sent, probe.received);
        let sent = between(UNIX_EPOCH, probe.sent);
        let date = probe.date.filter(|_| probe.age.unwrap_or_default() == 0);
        #[allow(clippy::cast_precision_loss)] // unix seconds fit a double
        let offset = date.map(|date| date as f64 + 0.5 - (sent + trip / 2.0));
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        Self {
            name,
            reachable: true,
            round_trip_ms: Some(tenths(trip * 1000.0)),
            clock_offset_ms: offset.map(|offset| tenths(offset * 1000.0)),
            clock_uncertainty_ms: offset.map(|_| tenths(500.0 + trip * 500.0)),
            error: None,
        }
    }

    /// The least difference of the clocks that is certain.
    pub(super) fn certain_offset(&self) -> Option<TimeDelta> {
        let offset = self.clock_offset_ms?;
        let certain = (offset.abs() - self.clock_uncertainty_ms?).max(0.0);
        #[allow(clippy::cast_possible_truncation)] // clocks differ by less
        TimeDelta::try_milliseconds(certain.copysign(offset) as i64)
    }
}

/// Asks these hosts at the same time, or the domain itself if there is none.
pub(crate) fn ask(platform: &Platform, mut hosts: Vec<String>, found: &mut Findings) -> Vec<Host> {
    if hosts.is_empty() {
        hosts.push(platform.domain().to_owned());
    }
    hosts.truncate(MAX_HOSTS);
    let ask = |name: &str| {
        let platform = platform.within(TIMEOUT);
        let probed = platform.and_then(|it| it.probe(&mut Jar::default(), name));
        Host::of(name.to_owned(), probed)
    };
    let hosts: Vec<Host> = thread::scope(|scope| {
        let start = |name| {
            let thread = thread::Builder::new().spawn_scoped(scope, move || ask(name));
            (name, thread)
        };
        let started: Vec<_> = hosts.iter().map(String::as_str).map(start).collect();
        let asked = started
            .into_iter()
            .filter_map(|(name, thread)| match thread {
                Ok(thread) => thread.join().ok(),
                // without a thread it is asked after the others
                Err(_) => Some(ask(name)),
            });
        asked.collect()
    });
    for host in &hosts {
        check(host, found);
    }
    hosts
}

/// Adds the findings about a host.
fn check(host: &Host, found: &mut Findings) {
    let name = &host.name;
    if let Some(why) = &host.error {
        let message = if why.contains(name) {
            why.clone()
        } else {
            format!("{name}: {why}")
        };
        let remedy = "check the network and [server] in the config, or try again later";
        found.add("unreachable", Some(Unreachable), message, remedy);
    }
    let offset = host.certain_offset().unwrap_or_default();
    if offset.abs() > CLOCK_NOTICE {
        let by = human_age(offset.abs());
        let side = if offset < TimeDelta::zero() {
            "ahead of"
        } else {
            "behind"
        };
        let kind = (offset.abs() > CLOCK_PROBLEM).then_some(Internal);
        let message = format!("this machine's clock is at least {by} {side} that of {name}");
        let remedy = "synchronise this machine's clock (NTP)";
        found.add("clock_off", kind, message, remedy);
    }
}
