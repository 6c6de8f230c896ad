//! Which findings follow from the facts: a pure function.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::findings::Finding;
use super::schedule::{By, Entry, Job};
use super::{AccountFacts, Coming, HostFacts, Integrity, Key, LoginFacts, Report};
use crate::error::ExitKind;
use crate::model::session::SessionKind;
use crate::sessions::{CLOCK_SLACK, DEVICE_LIFE};
use crate::store::{SessionFacts, Status};

/// `refresh` runs every quarter of an hour and leaves tokens younger than 14 minutes alone: older than this means that
/// two runs in a row were missing or failed.
const STALE: TimeDelta = TimeDelta::minutes(50);
/// Something keeps tokens younger than this.
const KEPT: TimeDelta = TimeDelta::minutes(35);
/// A run every quarter of an hour has tried everything that opened before this.
const OVERDUE: TimeDelta = TimeDelta::minutes(35);
/// Off by less is no news: the server's clock is what counts.
const CLOCK_HINT: TimeDelta = TimeDelta::seconds(2);
/// Less room than this may fail a write that must not be lost.
const ROOM: u64 = 16 << 20;

/// All that is to be said about the facts, problems first.
pub(crate) fn judge(report: &Report) -> Vec<Finding> {
    let mut found = Vec::new();
    config(report, &mut found);
    store(report, &mut found);
    // what no key opens can still be listed
    if report.store.error.is_none() {
        accounts(report, &mut found);
        schedule(report, &mut found);
        prebookings(report, &mut found);
    }
    for host in report.server.iter().flatten() {
        found.extend(server(host));
    }
    found.sort_by_key(|finding| finding.problem().is_none());
    found
}

fn config(report: &Report, found: &mut Vec<Finding>) {
    let facts = &report.config;
    found.extend(facts.error.clone().map(Finding::ConfigUnusable));
    let (Some(path), Some(mode)) = (&facts.path, facts.mode) else {
        return;
    };
    if mode & 0o002 != 0 {
        found.push(Finding::ConfigWritable(path.clone(), mode));
    } else if facts.secret && mode & 0o004 != 0 {
        found.push(Finding::ConfigReadable(path.clone(), mode));
    }
}

fn store(report: &Report, found: &mut Vec<Finding>) {
    let facts = &report.store;
    found.extend(facts.error.clone().map(Finding::StoreUnusable));
    let Some(path) = &facts.path else { return };
    if facts.integrity == Integrity::Damaged {
        let words = facts.damage.clone().unwrap_or_default();
        found.push(Finding::StoreDamaged(path.clone(), words));
    }
    found.extend(match &facts.key {
        Key::Fits => None,
        Key::NoSource => Some(Finding::NoKey(path.clone())),
        Key::Lacking(why) => Some(Finding::KeyLacking(why.clone())),
        Key::Wrong => Some(Finding::KeyWrong(path.clone())),
        Key::Silent => Some(Finding::KeySilent),
    });
    if let Some(free) = facts.free_bytes.filter(|free| *free < ROOM) {
        found.push(Finding::DiskFull(path.clone(), free));
    }
}

fn accounts(report: &Report, found: &mut Vec<Finding>) {
    if report
        .accounts
        .iter()
        .all(|account| account.sessions.is_empty())
    {
        found.push(Finding::NoLogin(report.only.clone()));
        return;
    }
    for account in &report.accounts {
        one_account(account, report, found);
    }
}

fn one_account(facts: &AccountFacts, report: &Report, found: &mut Vec<Finding>) {
    let account = &facts.account;
    let planned = report.prebookings.wanted_by.contains(account);
    let refreshed = report.schedule.runs(Job::Refresh, account.as_str());
    for login in &facts.sessions {
        let finding = one_login(facts, login, report.checked_at);
        // where nothing refreshes, that is the problem
        found.extend(finding.filter(|f| refreshed || !matches!(f, Finding::Stale(..))));
    }
    match background(facts) {
        None => found.push(Finding::NoBackground {
            account: account.clone(),
            needed: planned,
        }),
        Some(session) if session.status == Status::Active && facts.password_source.is_none() => {
            found.push(Finding::NoPasswordSource(account.clone()));
        }
        Some(_) => {}
    }
}

fn background(facts: &AccountFacts) -> Option<&SessionFacts> {
    let mut sessions = facts.sessions.iter().map(|login| &login.session);
    sessions.find(|session| session.kind == SessionKind::Background)
}

/// What is worst about a login.
fn one_login(of: &AccountFacts, login: &LoginFacts, now: DateTime<Utc>) -> Option<Finding> {
    let (account, session) = (of.account.clone(), &login.session);
    let kind = session.kind;
    let age = now - session.token_updated_at;
    let words = || session.last_error.clone().unwrap_or_default();
    let standing = login.standing.filter(|kind| *kind != ExitKind::Unreachable);
    Some(if session.status == Status::Expired {
        Finding::Expired {
            account,
            kind,
            heals: of.password_source.is_some(),
            refused: of.password_refused,
        }
    } else if kind == SessionKind::Device && now - session.created_at > DEVICE_LIFE {
        Finding::OldDevice(account)
    } else if session.token_expires_at.is_some_and(|at| at <= now) {
        Finding::TokenOver(account, kind)
    } else if let Some(standing) = standing {
        Finding::Standing(account, kind, standing, words())
    } else if login.outage_runs > 0 {
        Finding::Outage(account, kind, login.outage_runs)
    } else if !session.auto_refresh {
        Finding::NotRefreshed(account, kind)
    } else if age > STALE || age < -CLOCK_SLACK {
        Finding::Stale(account, kind, age)
    } else if session.last_error.is_some() {
        Finding::LastError(account, kind, words())
    } else {
        return None;
    })
}

fn schedule(report: &Report, found: &mut Vec<Finding>) {
    let plan = &report.schedule;
    one_job(Job::Refresh, report, found);
    one_job(Job::Prebook, report, found);
    let mut active = plan.entries.iter().filter(|entry| entry.active);
    if active.any(|entry| entry.by == By::UserTimer) && plan.lingers == Some(false) {
        found.push(Finding::NoLinger);
    }
    found.extend(plan.silent.iter().copied().map(Finding::Silent));
}

/// Does something do this job for every account that wants it, and often enough?
fn one_job(job: Job, report: &Report, found: &mut Vec<Finding>) {
    let wanted = |facts: &&AccountFacts| match job {
        Job::Refresh => true,
        Job::Prebook => report.prebookings.wanted_by.contains(&facts.account),
    };
    let all: Vec<_> = report.accounts.iter().filter(wanted).collect();
    let runs = |facts: &AccountFacts| report.schedule.runs(job, facts.account.as_str());
    let left_out: Vec<_> = all.iter().filter(|facts| !runs(facts)).collect();
    let entries = report.schedule.entries.iter();
    let entries = entries.filter(|entry| entry.job == job);
    let (active, idle): (Vec<&Entry>, Vec<&Entry>) = entries.partition(|entry| entry.active);
    let Some(first) = left_out.first() else {
        // several lines may share the hour
        if let [only] = active[..]
            && only.rare
            && !all.is_empty()
        {
            found.push(Finding::Rare(job, only.name.clone()));
        }
        return;
    };
    if let Some(idle) = idle.iter().find(|entry| entry.serves) {
        found.push(Finding::Inactive {
            job,
            by: idle.by,
            unit: idle.name.clone(),
        });
        return;
    }
    if active.iter().any(|entry| !entry.serves) {
        found.push(Finding::OtherStore(job));
    }
    let is_kept = |facts: &&&AccountFacts| is_kept(facts, report.checked_at);
    let some = left_out.len() < all.len();
    found.push(Finding::NotScheduled {
        job,
        kept: job == Job::Refresh && left_out.iter().all(is_kept),
        program: report.program.clone(),
        only: some.then(|| first.account.clone()),
    });
}

/// Does something that we do not recognise keep these logins alive? A token that was updated more than once, and lately,
/// in a session that is older than that.
fn is_kept(facts: &AccountFacts, now: DateTime<Utc>) -> bool {
    let kept = |session: &SessionFacts| {
        let old = now - session.created_at > KEPT * 2;
        old && session.token_update_count >= 2 && now - session.token_updated_at < KEPT
    };
    // a person's commands keep the device session's token young too
    background(facts).is_some_and(kept)
}

fn prebookings(report: &Report, found: &mut Vec<Finding>) {
    let now = report.checked_at;
    let mut unknown = Vec::new();
    for coming in &report.prebookings.next {
        if let Some(opened) = overdue(coming, now) {
            found.push(Finding::Overdue(coming.id, opened));
        }
        if coming.opens_at.is_none() && !unknown.contains(&coming.gym) {
            unknown.push(coming.gym.clone());
        }
    }
    found.extend(unknown.into_iter().map(Finding::OpeningUnknown));
}

/// Open for longer than two runs are apart, and not tried in that time.
fn overdue(coming: &Coming, now: DateTime<Utc>) -> Option<DateTime<Tz>> {
    let opened = coming.opens_at.filter(|at| *at < now - OVERDUE)?;
    let idle = coming.created_at.max(coming.tried_at.unwrap_or_default());
    (idle < now - OVERDUE && coming.starts_at > now && !coming.guess).then_some(opened)
}

fn server(host: &HostFacts) -> Option<Finding> {
    if let Some(why) = &host.error {
        return Some(Finding::Unreachable(host.host.clone(), why.clone()));
    }
    let off = host.certain_offset()?;
    (off.abs() > CLOCK_HINT).then(|| Finding::ClockOff(host.host.clone(), off))
}
