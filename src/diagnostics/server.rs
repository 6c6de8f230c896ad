//! Whether the platform responds and what its clock shows: one cheap request to each box's host, without a session, all at
//! the same time.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::TimeDelta;
use serde::Serialize;

use crate::platform::{Error, Jar, Platform, Probe};

/// Timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(5);
/// More hosts are not asked.
const MAX_HOSTS: usize = 12;

/// A host of the platform.
#[derive(Debug, Serialize)]
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
    /// The least difference of the clocks that is certain.
    pub(super) fn certain_offset(&self) -> Option<TimeDelta> {
        let offset = self.clock_offset_ms?;
        let certain = (offset.abs() - self.clock_uncertainty_ms?).max(0.0);
        #[allow(clippy::cast_possible_truncation)] // clocks differ by less
        TimeDelta::try_milliseconds(certain.copysign(offset) as i64)
    }

    fn failed(host: String, why: &Error) -> Self {
        Self {
            name: host,
            reachable: false,
            round_trip_ms: None,
            clock_offset_ms: None,
            clock_uncertainty_ms: None,
            error: Some(why.to_string()),
        }
    }

    /// `Date` has whole seconds: its middle is the best estimate, and it may be off by half a second and half the round trip.
    fn responded(host: String, probe: &Probe) -> Self {
        let trip = probe
            .received
            .duration_since(probe.sent)
            .unwrap_or_default();
        let trip = trip.as_secs_f64();
        let sent = unix_seconds(probe.sent);
        let date = probe.date.filter(|_| probe.age.unwrap_or_default() == 0);
        #[allow(clippy::cast_precision_loss)] // unix seconds fit a double
        let offset = date.map(|date| date as f64 + 0.5 - (sent + trip / 2.0));
        Self {
            name: host,
            reachable: true,
            round_trip_ms: Some(tenths(trip * 1000.0)),
            clock_offset_ms: offset.map(|offset| tenths(offset * 1000.0)),
            clock_uncertainty_ms: offset.map(|_| tenths(500.0 + trip * 500.0)),
            error: None,
        }
    }
}

/// Asks these hosts, or the domain itself if there is none.
pub(crate) fn ask(platform: &Platform, mut hosts: Vec<String>) -> Vec<Host> {
    if hosts.is_empty() {
        hosts.push(platform.domain().to_owned());
    }
    hosts.truncate(MAX_HOSTS);
    let platform = match platform.within(TIMEOUT) {
        Ok(platform) => platform,
        Err(e) => {
            let failed = hosts.into_iter().map(|host| Host::failed(host, &e));
            return failed.collect();
        }
    };
    thread::scope(|scope| {
        let platform = &platform;
        let asked: Vec<_> = hosts
            .into_iter()
            .map(|host| {
                let own = host.clone();
                let thread = thread::Builder::new();
                (host, thread.spawn_scoped(scope, move || one(platform, own)))
            })
            .collect();
        let answers = asked.into_iter().filter_map(|(host, thread)| match thread {
            Ok(thread) => thread.join().ok(),
            // no thread is available: it is asked after the others
            Err(_) => Some(one(platform, host)),
        });
        answers.collect()
    })
}

fn one(platform: &Platform, host: String) -> Host {
    match platform.probe(&mut Jar::default(), &host) {
        Ok(Probe {
            refused: Some(e), ..
        })
        | Err(e) => Host::failed(host, &e),
        Ok(probe) => Host::responded(host, &probe),
    }
}

fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
