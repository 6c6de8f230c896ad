//! Whether the platform answers from here, and what its clock says: one cheap question for each box's host, without any
//! login, side by side.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::commands::app::App;
use crate::platform::{Error, Jar, Platform, Probe};
use crate::status::{HostFacts, Report};

/// A person waits for it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// More hosts than this are not asked: the first tell enough.
const MAX_HOSTS: usize = 12;

/// The hosts of the boxes in question, by name.
pub(super) fn hosts(app: &App, report: &Report) -> Result<Vec<String>> {
    let known = report.accounts.iter().flat_map(|account| &account.boxes);
    let planned = report.prebookings.next.iter().map(|coming| &coming.gym);
    let names: BTreeSet<&String> = known.chain(planned).collect();
    let wanted = app.global.gym.as_ref();
    let names = names
        .into_iter()
        .filter(|name| wanted.is_none_or(|wanted| *wanted == **name));
    names.map(|name| Ok(app.any_gym(name)?.host)).collect()
}

/// Ask them; with none known, the domain itself.
pub(super) fn ask(platform: &Platform, mut hosts: Vec<String>) -> Vec<HostFacts> {
    if hosts.is_empty() {
        hosts.push(platform.domain().to_owned());
    }
    hosts.truncate(MAX_HOSTS);
    let patient = match platform.within(REQUEST_TIMEOUT) {
        Ok(patient) => patient,
        Err(e) => return hosts.into_iter().map(|host| failed(host, &e)).collect(),
    };
    thread::scope(|scope| {
        let patient = &patient;
        let asked: Vec<_> = hosts
            .into_iter()
            .map(|host| {
                let name = host.clone();
                let thread = thread::Builder::new();
                let asked = thread.spawn_scoped(scope, move || one(patient, name));
                (host, asked)
            })
            .collect();
        let answers = asked.into_iter().filter_map(|(host, asked)| match asked {
            Ok(thread) => thread.join().ok(),
            // without a thread the host is asked after the others
            Err(_) => Some(one(patient, host)),
        });
        answers.collect()
    })
}

fn one(platform: &Platform, host: String) -> HostFacts {
    match platform.probe(&mut Jar::default(), &host) {
        Ok(Probe {
            refused: Some(e), ..
        })
        | Err(e) => failed(host, &e),
        Ok(probe) => answered(host, &probe),
    }
}

fn failed(host: String, why: &Error) -> HostFacts {
    HostFacts {
        host,
        reachable: false,
        round_trip_ms: None,
        clock_offset_ms: None,
        clock_uncertainty_ms: None,
        error: Some(why.to_string()),
    }
}

/// `Date` has whole seconds: its middle is the best guess, half a second and half the round trip is how wrong it may be
/// (ecosystem.md §4).
fn answered(host: String, probe: &Probe) -> HostFacts {
    let trip = probe
        .received
        .duration_since(probe.sent)
        .unwrap_or_default();
    let trip = trip.as_secs_f64();
    let sent = unix(probe.sent);
    let date = probe.date.filter(|_| probe.age.unwrap_or_default() == 0);
    #[allow(clippy::cast_precision_loss)] // unix seconds fit a double
    let offset = date.map(|date| date as f64 + 0.5 - (sent + trip / 2.0));
    HostFacts {
        host,
        reachable: true,
        round_trip_ms: Some(tenths(trip * 1000.0)),
        clock_offset_ms: offset.map(|offset| tenths(offset * 1000.0)),
        clock_uncertainty_ms: offset.map(|_| tenths(500.0 + trip * 500.0)),
        error: None,
    }
}

fn unix(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
