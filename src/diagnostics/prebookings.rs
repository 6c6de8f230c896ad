//! The prebookings in the store.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use strum::VariantArray as _;

use super::server::Host;
use super::sessions::cause;
use super::{Findings, Report, Scope};
use crate::error::ExitKind::{self, Internal, LoginRequired, NotFound, Unreachable};
use crate::model::account::Account;
use crate::model::instant::{hours_minutes, instant, maybe_instant, shifted};
use crate::model::prebooking::{PrebookRequest, Prebooking, Progress};
use crate::model::zone::resolve;
use crate::sessions::lock::Locks;
use crate::store::{Problem, Status, Store, Subject};

/// A run every quarter of an hour has tried everything that opened earlier.
const OVERDUE: TimeDelta = TimeDelta::minutes(35);

/// The prebookings in the store.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PrebookingFacts {
    /// Their number, by status.
    pub counts: BTreeMap<String, usize>,
    pub rules: usize,
    #[serde(serialize_with = "maybe_instant")]
    pub next_opening_at: Option<DateTime<Tz>>,
    /// The pending ones, by opening.
    pub next: Vec<Pending>,
    /// The booking request that was sent last.
    pub last_request: Option<LastRequest>,
    /// Expired prebookings by number, with the start of the last class that they name.
    #[serde(skip)]
    pub expired: Vec<(i64, DateTime<Tz>)>,
    /// Accounts and boxes with an open prebooking or a weekly rule.
    #[serde(skip)]
    pub wanted: BTreeSet<(Account, String)>,
}

impl PrebookingFacts {
    /// The boxes in which this account has an open prebooking or a weekly rule.
    pub(super) fn boxes_of(&self, account: &Account) -> impl Iterator<Item = &str> {
        let wanted = self.wanted.range((account.clone(), String::new())..);
        let wanted = wanted.take_while(move |(of, _)| of == account);
        wanted.map(|(_, box_name)| box_name.as_str())
    }
}

/// A pending prebooking.
#[derive(Debug, Serialize)]
pub(crate) struct Pending {
    pub id: i64,
    pub account: Account,
    #[serde(rename = "box")]
    pub box_name: String,
    pub day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    pub class: Option<String>,
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    /// The day of the opening is known and its time is a guess.
    pub guess: bool,
    #[serde(serialize_with = "maybe_instant")]
    pub tried_at: Option<DateTime<Tz>>,
    pub message: Option<String>,
    /// When booking was too early, if the last response says so.
    #[serde(skip)]
    pub refused_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub created_at: DateTime<Utc>,
    /// Why the last run did not book it, unless that is over.
    #[serde(skip)]
    pub failure: Option<ExitKind>,
}

/// A booking request that was sent.
#[derive(Debug, Serialize)]
pub(crate) struct LastRequest {
    /// The id of its prebooking.
    pub prebooking: i64,
    #[serde(serialize_with = "instant")]
    pub sent_at: DateTime<Tz>,
    pub outcome: String,
    pub lateness_ms: Option<f64>,
    pub clock_offset_ms: Option<f64>,
}

/// The prebookings as they are stored: weekly rules make no new ones here.
pub(crate) fn collect(scope: &Scope<'_>) -> Result<PrebookingFacts> {
    let store = scope.store;
    let rules = store.rules(scope.account)?;
    let mut open = store.open_prebookings(scope.account)?;
    let mut counts = store.prebooking_counts(scope.account)?;
    release_dead_claims(&mut open, &mut counts, store);
    for progress in Progress::VARIANTS {
        counts.entry(progress.as_str().to_owned()).or_default();
    }
    let is_in_scope =
        |request: &PrebookRequest| scope.box_name.is_none_or(|name| name == request.gym);
    open.retain(|prebooking| is_in_scope(&prebooking.request));
    let of_rules = rules.iter().map(|rule| &rule.request);
    let requests = of_rules
        .filter(|request| is_in_scope(request))
        .chain(open.iter().map(|prebooking| &prebooking.request));
    let wanted = requests.map(|request| (request.account.clone(), request.gym.clone()));
    let wanted = wanted.collect();
    open.retain(|prebooking| prebooking.progress == Progress::Pending);
    let next = open.into_iter().map(|it| pending_of(it, scope));
    let mut next = next.collect::<Result<Vec<_>>>()?;
    next.sort_by_key(|it| (it.opens_at.is_none(), it.opens_at, it.id));
    let mut openings = next.iter().filter_map(|pending| pending.opens_at);
    Ok(PrebookingFacts {
        counts,
        rules: rules.len(),
        next_opening_at: openings.find(|at| *at > scope.now),
        next,
        last_request: last_request(scope)?,
        expired: expired(scope)?,
        wanted,
    })
}

/// What a run that has died had claimed is pending: the next run takes it over.
fn release_dead_claims(
    open: &mut [Prebooking],
    counts: &mut BTreeMap<String, usize>,
    store: &Store,
) {
    let locks = Locks::beside(store.path(), "aimharder status");
    let is_dead = |owner: &String| !locks.run_lives(owner);
    for prebooking in open {
        let is_claimed = prebooking.progress == Progress::Executing;
        if is_claimed && prebooking.owner.as_ref().is_some_and(is_dead) {
            prebooking.progress = Progress::Pending;
            *counts.entry("pending".to_owned()).or_default() += 1;
            if let Some(executing) = counts.get_mut("executing") {
                *executing = executing.saturating_sub(1);
            }
        }
    }
}

fn last_request(scope: &Scope<'_>) -> Result<Option<LastRequest>> {
    let Some((id, box_name, attempt)) = scope.store.last_attempt(scope.account)? else {
        return Ok(None);
    };
    let zone = (scope.profile)(&box_name)?.zone;
    Ok(Some(LastRequest {
        prebooking: id,
        sent_at: attempt.sent_at.with_timezone(&zone),
        outcome: attempt.outcome,
        lateness_ms: attempt.lateness_ms,
        clock_offset_ms: attempt.clock_offset_ms,
    }))
}

/// Expired prebookings that were last tried after the start of their last class.
fn expired(scope: &Scope<'_>) -> Result<Vec<(i64, DateTime<Tz>)>> {
    let mut started = Vec::new();
    for prebooking in scope.store.expired_prebookings(scope.account)? {
        let zone = (scope.profile)(&prebooking.request.gym)?.zone;
        let start = prebooking.choices().map(|choice| choice.start).max();
        let starts_at = resolve(zone, prebooking.day.and_time(start.unwrap_or_default()));
        // one whose lead has begun expires before the start
        if prebooking.tried_at.is_some_and(|at| at >= starts_at) {
            started.push((prebooking.id, starts_at));
        }
    }
    Ok(started)
}

fn pending_of(stored: Prebooking, scope: &Scope<'_>) -> Result<Pending> {
    let profile = (scope.profile)(&stored.request.gym)?;
    let first = &stored.request.first;
    let opening = stored.request.opening(first, &profile.opening_rules);
    let problem = scope.store.problem(Subject::Prebooking(stored.id))?;
    Ok(Pending {
        refused_at: scope.store.refused_as_too_early(stored.id)?,
        id: stored.id,
        starts_at: resolve(profile.zone, stored.day.and_time(first.start)),
        opens_at: stored.opens_at(opening, profile.zone),
        guess: opening.is_some_and(|opening| opening.is_guess()),
        day: stored.day,
        start: first.start,
        class: stored.request.first.class,
        account: stored.request.account,
        box_name: stored.request.gym,
        tried_at: stored.tried_at.map(|at| at.with_timezone(&profile.zone)),
        message: stored.message,
        created_at: stored.created_at,
        failure: problem.and_then(|problem| match problem {
            Problem {
                outage_runs: 1.., ..
            } => Some(Unreachable),
            Problem { reported, .. } => reported.as_deref()?.parse().ok(),
        }),
    })
}

/// Adds the findings about prebookings.
pub(crate) fn check(report: &Report, found: &mut Findings) {
    let mut unknown = BTreeSet::new();
    for pending in &report.prebookings.next {
        check_overdue(pending, report.checked_at, found);
        check_failure(pending, report, found);
        if pending.opens_at.is_none() {
            unknown.insert(&pending.box_name);
        }
    }
    for name in unknown {
        let message = format!("when booking opens in {name} is unknown: every run tries once");
        let remedy =
            format!("set it, for example with `aimharder boxes set {name} --opens 4d@07:00`");
        found.add("opening_unknown", None, message, remedy);
    }
}

/// Open for longer than two runs are apart, and not tried in that time.
fn check_overdue(pending: &Pending, now: DateTime<Utc>, found: &mut Findings) {
    let Some(opened) = pending.opens_at.filter(|at| *at < now - OVERDUE) else {
        return;
    };
    let tried_at = pending.tried_at.map(|at| at.to_utc());
    let idle_since = pending.created_at.max(tried_at.unwrap_or_default());
    if idle_since < now - OVERDUE && pending.starts_at > now && !pending.guess {
        let (id, opened) = (pending.id, opened.format("%a %-d %b %H:%M"));
        let message = format!("no run has tried prebooking {id}, which opened {opened}");
        let remedy = "run `aimharder prebook run`";
        found.add("prebooking_overdue", Some(NotFound), message, remedy);
    }
}

/// The last run failed to book it. After a lost login this is over with the next login, otherwise with the next run.
fn check_failure(pending: &Pending, report: &Report, found: &mut Findings) {
    let Some(kind) = pending.failure else {
        return;
    };
    let (id, account) = (pending.id, &pending.account);
    let mut accounts = report.accounts.iter();
    let facts = accounts.find(|it| it.account == *account);
    let background = facts.and_then(|it| it.background());
    let active = background.filter(|session| session.status == Status::Active);
    let tried_at = pending.tried_at.map(|at| at.to_utc());
    let is_logged_in = active.is_some_and(|it| Some(it.created_at) > tried_at);
    if pending.starts_at <= report.checked_at || (kind == LoginRequired && is_logged_in) {
        return;
    }
    let kind_words = kind.name().replace('_', " ");
    let why = match pending.message.as_deref() {
        Some(message) if kind == LoginRequired => cause(message),
        message => message.unwrap_or(&kind_words),
    };
    let message = format!("the last run could not book prebooking {id}: {why}");
    let remedy = match kind {
        // the finding about the session has it
        LoginRequired if active.is_none() => String::new(),
        LoginRequired => format!("run `aimharder login {account} --only background`"),
        Unreachable => "check the network; the next run tries again".to_owned(),
        _ => {
            format!("the next run tries again; to give it up, run `aimharder prebook remove {id}`")
        }
    };
    found.add("prebooking_failing", Some(kind), message, remedy);
}

/// Adds prebookings that expired although their classes have not started, by the server's clock if it is known.
pub(crate) fn check_expired(report: &Report, found: &mut Findings) {
    let mut hosts = report.server.iter().flatten();
    let offset = hosts.find_map(Host::certain_offset);
    let now = shifted(report.checked_at, offset.unwrap_or_default());
    let expired = report.prebookings.expired.iter();
    for (id, starts_at) in expired.filter(|(_, starts_at)| *starts_at > now) {
        let starts = starts_at.format("%a %-d %b %H:%M");
        let message =
            format!("prebooking {id} expired under a wrong clock: its class starts {starts}");
        let remedy = "run `aimharder prebook run`, which makes it pending again";
        found.add("prebooking_expired", Some(Internal), message, remedy);
    }
}
