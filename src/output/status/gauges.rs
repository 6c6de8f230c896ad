//! Gauges in Prometheus' text format, for a node exporter's text-file collector. No secret is among them: of a
//! fingerprint only its beginning, as tables show it.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};

use chrono::{DateTime, TimeZone};

use super::StatusView;
use crate::model::session::SessionKind;
use crate::status::schedule::Job;
use crate::status::{AccountFacts, LoginFacts, Report};
use crate::store::Status;

/// One metric family after the other.
#[derive(Default)]
struct Gauges(String);

type Labels<'l> = &'l [(&'l str, &'l str)];

impl Gauges {
    fn family(&mut self, name: &str, help: &str) -> Family<'_> {
        let head = format!("# HELP aimharder_{name} {help}\n# TYPE aimharder_{name} gauge\n");
        Family {
            text: &mut self.0,
            name: format!("aimharder_{name}"),
            head: Some(head),
        }
    }

    fn one(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, help).value(&[], value);
    }
}

/// A family without a value is left out.
struct Family<'g> {
    text: &'g mut String,
    name: String,
    head: Option<String>,
}

impl Family<'_> {
    fn value(&mut self, labels: Labels<'_>, value: impl Display) {
        self.text.push_str(&self.head.take().unwrap_or_default());
        self.text.push_str(&self.name);
        for (n, (label, content)) in labels.iter().enumerate() {
            let open = if n == 0 { '{' } else { ',' };
            // writing to a String cannot fail
            let _ = write!(self.text, "{open}{label}=\"{}\"", Escaped(content));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{close} {value}");
    }
}

/// A label's value: backslash, quote and line end are escaped.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}

pub(super) fn gauges(view: &StatusView, to: &mut dyn Write) -> io::Result<()> {
    let mut out = Gauges::default();
    let report = &view.report;
    general(view, &mut out);
    files(report, &mut out);
    counts(report, &mut out);
    logins(report, &mut out);
    bookings(report, &mut out);
    server(report, &mut out);
    to.write_all(out.0.as_bytes())
}

fn general(view: &StatusView, out: &mut Gauges) {
    let report = &view.report;
    out.family("build_info", "The program that wrote this; always 1.")
        .value(&[("version", report.version)], 1);
    out.one(
        "status_timestamp_seconds",
        "When this was written.",
        seconds(&report.checked_at),
    );
    out.one(
        "problems",
        "Problems that `aimharder status` finds.",
        view.problems().count(),
    );
    out.one(
        "hints",
        "Hints that `aimharder status` gives.",
        view.hints().count(),
    );
    let mut family = out.family(
        "scheduled",
        "Whether a crontab line or an active timer runs it, for every account.",
    );
    for (job, name) in [(Job::Refresh, "refresh"), (Job::Prebook, "prebook")] {
        let all = report
            .accounts
            .iter()
            .all(|facts| report.schedule.runs(job, facts.account.as_str()));
        let any = report.schedule.runs(job, "") || !report.accounts.is_empty();
        family.value(&[("job", name)], u8::from(all && any));
    }
}

fn files(report: &Report, out: &mut Gauges) {
    let (store, config) = (&report.store, &report.config);
    out.one(
        "config_usable",
        "Whether the config can be used.",
        u8::from(config.usable),
    );
    out.one(
        "store_usable",
        "Whether the store can be used; 0 also before the first login.",
        u8::from(store.usable),
    );
    if let Some(schema) = store.schema {
        out.one("store_schema", "The store's schema version.", schema);
    }
    if let Some(size) = store.size_bytes {
        out.one(
            "store_size_bytes",
            "Size of the store and its write-ahead log.",
            size,
        );
    }
    if let Some(free) = store.free_bytes {
        out.one("store_free_bytes", "Room left where the store is.", free);
    }
}

fn counts(report: &Report, out: &mut Gauges) {
    out.one(
        "accounts",
        "Accounts with a login here.",
        report.accounts.len(),
    );
    let mut family = out.family("sessions", "Stored logins.");
    for (kind, status, name) in [
        (SessionKind::Device, Status::Active, "active"),
        (SessionKind::Device, Status::Expired, "expired"),
        (SessionKind::Background, Status::Active, "active"),
        (SessionKind::Background, Status::Expired, "expired"),
    ] {
        let these =
            |login: &&LoginFacts| login.session.kind == kind && login.session.status == status;
        let count = all(report).map(|(_, login)| login).filter(these).count();
        family.value(&[("kind", kind.as_str()), ("status", name)], count);
    }
}

fn all(report: &Report) -> impl Iterator<Item = (&AccountFacts, &LoginFacts)> {
    let accounts = report.accounts.iter();
    accounts.flat_map(|facts| facts.sessions.iter().map(move |login| (facts, login)))
}

fn logins(report: &Report, out: &mut Gauges) {
    let mut each = |name: &str, help: &str, value: &dyn Fn(&LoginFacts) -> Option<i64>| {
        let mut family = out.family(name, help);
        for (facts, login) in all(report) {
            let labels = [
                ("account", facts.account.as_str()),
                ("kind", login.session.kind.as_str()),
                ("fingerprint", login.session.fingerprint.short()),
            ];
            if let Some(value) = value(login) {
                family.value(&labels, value);
            }
        }
    };
    each(
        "session_active",
        "1 while AimHarder honours the session, as far as is known.",
        &|login| Some(i64::from(login.session.status == Status::Active)),
    );
    each(
        "token_age_seconds",
        "Seconds since the session's token was updated.",
        &|login| Some(login.session.token_age_seconds),
    );
    each(
        "token_expires_timestamp_seconds",
        "When the session's token runs out.",
        &|login| login.session.token_expires_at.as_ref().map(seconds),
    );
    each(
        "token_updates",
        "Token updates of the session so far.",
        &|login| Some(login.session.token_update_count),
    );
    each(
        "refresh_failures_in_a_row",
        "Refresh runs in a row that could not reach AimHarder; at least 1 while another problem stands.",
        &|login| Some(login.outage_runs.max(i64::from(login.standing.is_some()))),
    );
    let updated = all(report)
        .map(|(_, login)| login.session.token_updated_at)
        .max();
    if let Some(at) = updated {
        out.one(
            "last_token_update_timestamp_seconds",
            "When a token was updated last.",
            seconds(&at),
        );
    }
}

fn bookings(report: &Report, out: &mut Gauges) {
    let plans = &report.prebookings;
    let mut family = out.family("prebookings", "Prebookings in the store, by status.");
    for (status, count) in &plans.counts {
        family.value(&[("status", status)], count);
    }
    out.one("weekly_rules", "Weekly rules in the store.", plans.rules);
    if let Some(at) = plans.next_opening_at {
        out.one(
            "next_opening_timestamp_seconds",
            "When booking of the next pending prebooking opens.",
            seconds(&at),
        );
    }
    let Some(last) = &plans.last_request else {
        return;
    };
    out.family(
        "last_booking_request_timestamp_seconds",
        "When `prebook run` sent a booking request last, and what came of it.",
    )
    .value(&[("outcome", &last.outcome)], seconds(&last.sent_at));
    if let Some(late) = last.lateness_ms {
        out.one(
            "last_booking_request_lateness_seconds",
            "How long after the opening it arrived, by the server's clock.",
            late / 1000.0,
        );
    }
    if let Some(offset) = last.clock_offset_ms {
        out.one(
            "last_booking_request_clock_offset_seconds",
            "The server's clock minus this machine's, as measured for it.",
            offset / 1000.0,
        );
    }
}

fn server(report: &Report, out: &mut Gauges) {
    let hosts = || report.server.iter().flatten();
    let mut family = out.family("server_up", "Whether the host answered.");
    for host in hosts() {
        family.value(&[("host", &host.host)], u8::from(host.reachable));
    }
    let mut family = out.family(
        "server_clock_offset_seconds",
        "The host's clock minus this machine's, give or take half a second.",
    );
    for host in hosts() {
        if let Some(offset) = host.clock_offset_ms {
            family.value(&[("host", &host.host)], offset / 1000.0);
        }
    }
}

fn seconds<Z: TimeZone>(at: &DateTime<Z>) -> i64 {
    at.timestamp()
}
