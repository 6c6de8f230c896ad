//! Gauges in Prometheus' text format, for a node exporter's text-file collector. Of a fingerprint only the beginning is shown.

use std::fmt::{Display, Write as _};

use chrono::{DateTime, TimeZone};

use crate::diagnostics::entry::Job;
use crate::diagnostics::{AccountFacts, PrebookingFacts, Report, SessionHealth};
use crate::model::session::SessionKind;
use crate::store::Status;

/// All gauges, one family after the other.
pub(super) fn gauges(report: &Report) -> String {
    let mut out = Gauges::default();
    let version = [("version", report.version)];
    out.family("build_info", "The program that wrote this; always 1.");
    out.sample(&version, 1);
    out.one(
        "status_timestamp_seconds",
        "When this was written.",
        Some(seconds(&report.checked_at)),
    );
    let problems = report.problems.len();
    out.one(
        "problems",
        "Problems that `aimharder status` finds.",
        Some(problems),
    );
    out.one(
        "hints",
        "Hints that `aimharder status` gives.",
        Some(report.hints.len()),
    );
    out.family(
        "scheduled",
        "Whether a crontab line or an active timer runs it, for every account.",
    );
    for (job, name) in [(Job::Refresh, "refresh"), (Job::Prebook, "prebook")] {
        let mut accounts = report.accounts.iter();
        let all = accounts.all(|facts| report.schedule.runs(job, facts.account.as_str()));
        let any = report.schedule.runs(job, "") || !report.accounts.is_empty();
        out.sample(&[("job", name)], u8::from(all && any));
    }
    let (store, config) = (&report.store, &report.config);
    out.one(
        "config_usable",
        "Whether the config can be used.",
        Some(u8::from(config.usable)),
    );
    let help = "Whether the store can be used; 0 also before the first login.";
    out.one("store_usable", help, Some(u8::from(store.usable)));
    out.one("store_schema", "The store's schema version.", store.schema);
    out.one(
        "store_size_bytes",
        "Size of the store and its write-ahead log.",
        store.size_bytes,
    );
    out.one(
        "store_free_bytes",
        "Free space where the store is.",
        store.free_bytes,
    );
    out.one(
        "accounts",
        "Accounts with a session here.",
        Some(report.accounts.len()),
    );
    session_gauges(report, &mut out);
    booking_gauges(&report.prebookings, &mut out);
    let hosts = || report.server.iter().flatten();
    out.family("server_up", "Whether the host responded.");
    for host in hosts() {
        out.sample(&[("host", &host.name)], u8::from(host.reachable));
    }
    let help = "The host's clock minus this machine's, ± 0.5 s.";
    out.family("server_clock_offset_seconds", help);
    for host in hosts() {
        if let Some(offset) = host.clock_offset_ms {
            out.sample(&[("host", &host.name)], offset / 1000.0);
        }
    }
    out.text
}

type Value = fn(&SessionHealth) -> Option<i64>;

fn session_gauges(report: &Report, out: &mut Gauges) {
    let accounts = report.accounts.iter();
    let all = accounts.flat_map(|facts| facts.sessions.iter().map(move |it| (facts, it)));
    let all: Vec<(&AccountFacts, &SessionHealth)> = all.collect();
    out.family("sessions", "Stored sessions.");
    for kind in [SessionKind::Device, SessionKind::Background] {
        for (status, name) in [(Status::Active, "active"), (Status::Expired, "expired")] {
            let sessions = all.iter().map(|(_, health)| &health.session);
            let these = sessions.filter(|it| it.kind == kind && it.status == status);
            let labels = [("kind", kind.as_str()), ("status", name)];
            out.sample(&labels, these.count());
        }
    }
    let families: [(&str, &str, Value); 5] = [
        (
            "session_active",
            "1 while the session is active, as far as is known.",
            |it| Some(i64::from(it.session.status == Status::Active)),
        ),
        (
            "token_age_seconds",
            "Seconds since the session's token was updated.",
            |it| Some(it.token_age_seconds),
        ),
        (
            "token_expires_timestamp_seconds",
            "When the session's token expires.",
            |it| it.session.token_expires_at.as_ref().map(seconds),
        ),
        (
            "token_updates",
            "Token updates of the session so far.",
            |it| Some(it.session.token_update_count),
        ),
        (
            "refresh_failures_in_a_row",
            "Consecutive runs of refresh that could not reach AimHarder; at least 1 while another problem persists.",
            |it| Some(it.outage_runs.max(i64::from(it.standing.is_some()))),
        ),
    ];
    for (name, help, value) in families {
        out.family(name, help);
        for (facts, health) in &all {
            let labels = [
                ("account", facts.account.as_str()),
                ("kind", health.session.kind.as_str()),
                ("fingerprint", health.session.fingerprint.short()),
            ];
            if let Some(value) = value(health) {
                out.sample(&labels, value);
            }
        }
    }
    let updated = all
        .iter()
        .map(|(_, health)| health.session.token_updated_at);
    let help = "When a token was updated last.";
    out.one(
        "last_token_update_timestamp_seconds",
        help,
        updated.max().as_ref().map(seconds),
    );
}

fn booking_gauges(facts: &PrebookingFacts, out: &mut Gauges) {
    out.family("prebookings", "Prebookings in the store, by status.");
    for (status, count) in &facts.counts {
        out.sample(&[("status", status)], count);
    }
    out.one(
        "weekly_rules",
        "Weekly rules in the store.",
        Some(facts.rules),
    );
    let help = "When booking of the next pending prebooking opens.";
    let next = facts.next_opening_at.as_ref();
    out.one("next_opening_timestamp_seconds", help, next.map(seconds));
    let Some(last) = &facts.last_request else {
        return;
    };
    let help = "When `prebook run` last sent a booking request, and its outcome.";
    out.family("last_booking_request_timestamp_seconds", help);
    out.sample(&[("outcome", &last.outcome)], seconds(&last.sent_at));
    let help = "How long after the opening it arrived, by the server's clock.";
    let late = last.lateness_ms.map(|late| late / 1000.0);
    out.one("last_booking_request_lateness_seconds", help, late);
    let help = "The server's clock minus this machine's, as measured for it.";
    let offset = last.clock_offset_ms.map(|offset| offset / 1000.0);
    out.one("last_booking_request_clock_offset_seconds", help, offset);
}

fn seconds<Z: TimeZone>(at: &DateTime<Z>) -> i64 {
    at.timestamp()
}

/// Metric families, one after the other. A family without samples is left out.
#[derive(Default)]
struct Gauges {
    text: String,
    name: &'static str,
    help: Option<&'static str>,
}

impl Gauges {
    fn family(&mut self, name: &'static str, help: &'static str) {
        (self.name, self.help) = (name, Some(help));
    }

    fn one(&mut self, name: &'static str, help: &'static str, value: Option<impl Display>) {
        self.family(name, help);
        if let Some(value) = value {
            self.sample(&[], value);
        }
    }

    /// Adds a sample to the last family.
    fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let name = format!("aimharder_{}", self.name);
        if let Some(help) = self.help.take() {
            // writing to a String cannot fail
            let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
        }
        let label = |(label, content): &(&str, &str)| {
            let content = content.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{label}=\"{}\"", content.replace('\n', "\\n"))
        };
        let labels: Vec<_> = labels.iter().map(label).collect();
        let labels = match labels.join(",") {
            none if none.is_empty() => none,
            some => format!("{{{some}}}"),
        };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }
}
