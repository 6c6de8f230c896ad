//! Gauges in Prometheus' text format, for a node exporter's text-file collector. Of a fingerprint only the beginning is shown.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};

use chrono::{DateTime, TimeZone};

use crate::diagnostics::entry::Job;
use crate::diagnostics::sessions::SessionHealth;
use crate::diagnostics::{Report, schedule};
use crate::model::session::SessionKind;
use crate::store::Status;

/// The metric families in the order of the output, each with its help.
const FAMILIES: &str = "\
build_info The program that wrote this; always 1.
status_timestamp_seconds When this was written.
problems Problems that `aimharder status` finds.
hints Hints that `aimharder status` gives.
scheduled Whether a crontab line or an active timer runs it, for every account and box.
config_usable Whether the config can be used.
store_usable Whether the store can be used; 0 also before the first login.
store_schema The store's schema version.
store_size_bytes Size of the store and its write-ahead log.
store_free_bytes Free space where the store is.
accounts Accounts with a session here.
sessions Stored sessions.
session_active 1 while the session is active, as far as is known.
token_age_seconds Seconds since the session's token was updated.
token_expires_timestamp_seconds When the session's token expires.
token_updates Token updates of the session so far.
refresh_failures_in_a_row Consecutive runs of refresh that could not reach AimHarder; at least 1 while another problem persists.
last_token_update_timestamp_seconds When a token was updated last.
prebookings Prebookings in the store, by status.
weekly_rules Weekly rules in the store.
next_opening_timestamp_seconds When booking of the next pending prebooking opens.
last_booking_request_timestamp_seconds When `prebook run` last sent a booking request, and its outcome.
last_booking_request_lateness_seconds How long after the opening it arrived, by the server's clock.
last_booking_request_clock_offset_seconds The server's clock minus this machine's, as measured for it.
server_up Whether the host responded.
server_clock_offset_seconds The host's clock minus this machine's, ± 0.5 s.
";

/// All gauges, one family after the other. A family without samples is left out.
pub(super) fn gauges(report: &Report) -> String {
    let mut samples = Samples::default();
    machine(report, &mut samples);
    sessions(report, &mut samples);
    prebookings(report, &mut samples);
    let mut text = String::new();
    for (name, help) in FAMILIES.lines().filter_map(|line| line.split_once(' ')) {
        if let Some(samples) = samples.0.get(name) {
            let name = format!("aimharder_{name}");
            // writing to a String cannot fail
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{samples}");
        }
    }
    text
}

fn machine(report: &Report, to: &mut Samples) {
    let (store, config) = (&report.store, &report.config);
    to.add("build_info", &[("version", report.version)], Some(1));
    to.add(
        "status_timestamp_seconds",
        &[],
        seconds(Some(&report.checked_at)),
    );
    to.add("problems", &[], Some(report.found.problems.len()));
    to.add("hints", &[], Some(report.found.hints.len()));
    for (job, name) in [(Job::Refresh, "refresh"), (Job::Prebook, "prebook")] {
        let is_scheduled = schedule::runs_for_all(job, report);
        to.add("scheduled", &[("job", name)], Some(u8::from(is_scheduled)));
    }
    to.add("config_usable", &[], Some(u8::from(config.usable)));
    to.add("store_usable", &[], Some(u8::from(store.usable)));
    to.add("store_schema", &[], store.schema);
    to.add("store_size_bytes", &[], store.size_bytes);
    to.add("store_free_bytes", &[], store.free_bytes);
    for host in report.server.iter().flatten() {
        let labels = [("host", host.name.as_str())];
        let offset = host.clock_offset_ms.map(|offset| offset / 1000.0);
        to.add("server_up", &labels, Some(u8::from(host.reachable)));
        to.add("server_clock_offset_seconds", &labels, offset);
    }
}

fn sessions(report: &Report, to: &mut Samples) {
    let all = || report.accounts.iter().flat_map(|facts| &facts.sessions);
    to.add("accounts", &[], Some(report.accounts.len()));
    for kind in [SessionKind::Device, SessionKind::Background] {
        for (status, name) in [(Status::Active, "active"), (Status::Expired, "expired")] {
            let these = all().filter(|it| (it.session.kind, it.session.status) == (kind, status));
            let labels = [("kind", kind.as_str()), ("status", name)];
            to.add("sessions", &labels, Some(these.count()));
        }
    }
    for SessionHealth {
        session,
        token_age_seconds,
        outage_runs,
        standing,
    } in all()
    {
        let labels = [
            ("account", session.account.as_str()),
            ("kind", session.kind.as_str()),
            ("fingerprint", session.fingerprint.short()),
        ];
        let is_active = session.status == Status::Active;
        let expires_at = seconds(session.token_expires_at.as_ref());
        let failures = (*outage_runs).max(i64::from(standing.is_some()));
        to.add("session_active", &labels, Some(u8::from(is_active)));
        to.add("token_age_seconds", &labels, Some(token_age_seconds));
        to.add("token_expires_timestamp_seconds", &labels, expires_at);
        to.add("token_updates", &labels, Some(session.token_update_count));
        to.add("refresh_failures_in_a_row", &labels, Some(failures));
    }
    let updated = all().map(|health| &health.session.token_updated_at);
    to.add(
        "last_token_update_timestamp_seconds",
        &[],
        seconds(updated.max()),
    );
}

fn prebookings(report: &Report, to: &mut Samples) {
    let facts = &report.prebookings;
    for (status, count) in &facts.counts {
        to.add("prebookings", &[("status", status)], Some(count));
    }
    to.add("weekly_rules", &[], Some(facts.rules));
    let next = seconds(facts.next_opening_at.as_ref());
    to.add("next_opening_timestamp_seconds", &[], next);
    if let Some(last) = &facts.last_request {
        let labels = [("outcome", last.outcome.as_str())];
        let (lateness, offset) = (last.lateness_ms, last.clock_offset_ms);
        let of = |ms: f64| ms / 1000.0;
        let name = "last_booking_request_timestamp_seconds";
        to.add(name, &labels, seconds(Some(&last.sent_at)));
        to.add(
            "last_booking_request_lateness_seconds",
            &[],
            lateness.map(of),
        );
        to.add(
            "last_booking_request_clock_offset_seconds",
            &[],
            offset.map(of),
        );
    }
}

fn seconds<Z: TimeZone>(at: Option<&DateTime<Z>>) -> Option<i64> {
    at.map(DateTime::timestamp)
}

/// The lines of each family.
#[derive(Default)]
struct Samples(HashMap<&'static str, String>);

impl Samples {
    /// Adds a sample, if it has a value, to a family of [`FAMILIES`].
    fn add(&mut self, name: &'static str, labels: &[(&str, &str)], value: Option<impl Display>) {
        let Some(value) = value else {
            return;
        };
        let label = |(label, content): &(&str, &str)| {
            let content = content.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{label}=\"{}\"", content.replace('\n', "\\n"))
        };
        let labels: Vec<_> = labels.iter().map(label).collect();
        let labels = match labels.join(",") {
            none if none.is_empty() => none,
            some => format!("{{{some}}}"),
        };
        let lines = self.0.entry(name).or_default();
        let _ = writeln!(lines, "aimharder_{name}{labels} {value}");
    }
}
