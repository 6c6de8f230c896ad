//! The sessions and prebookings in the store.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use strum::VariantArray as _;

use super::{AccountFacts, LastRequest, Pending, PrebookingFacts, SessionHealth};
use crate::config::Config;
use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::prebooking::{Prebooking, Progress};
use crate::model::zone::resolve;
use crate::password;
use crate::prebook::Place;
use crate::sessions::is_held_back;
use crate::sessions::lock::Locks;
use crate::store::{Problem, Status, Store, Subject};

/// What is looked at.
pub(crate) struct Scope<'a> {
    pub store: &'a Store,
    pub config: &'a Config,
    /// The only account, if one was named.
    pub account: Option<&'a Account>,
    /// The only box, if one was named.
    pub gym: Option<&'a str>,
    /// Describes a box that the store names.
    pub place: &'a dyn Fn(&str) -> Result<Place>,
    pub now: DateTime<Utc>,
}

/// The accounts that have a session.
pub(crate) fn accounts(scope: &Scope<'_>) -> Result<Vec<AccountFacts>> {
    let store = scope.store;
    let is_only = store.accounts()?.len() <= 1;
    let mut accounts: BTreeMap<Account, AccountFacts> = BTreeMap::new();
    for row in store.sessions(scope.account)? {
        let facts = accounts.entry(row.account.clone()).or_insert_with(|| {
            let source = password::unattended(scope.config, &row.account, is_only);
            AccountFacts {
                account: row.account.clone(),
                password_source: source.map(|source| source.name()),
                password_refused: false,
                boxes: Vec::new(),
                sessions: Vec::new(),
            }
        });
        if row.status == Status::Expired {
            // without the key of an encrypted store this is unknown
            let refused = store.refused_password(&row.account);
            let is_held_back = |refused| is_held_back(&refused, scope.now);
            facts.password_refused |= refused.is_ok_and(|it| it.is_some_and(is_held_back));
        }
        // `refresh` clears a problem at its next run; until then a session that works again shows that it is over
        let is_over = row.status == Status::Active && row.last_error.is_none();
        let problem = if is_over {
            Problem::default()
        } else {
            store.problem(Subject::Session(row.id))?.unwrap_or_default()
        };
        facts.sessions.push(SessionHealth {
            outage_runs: problem.outage_runs,
            standing: (problem.reported.as_deref())
                .and_then(ExitKind::named)
                .filter(|kind| row.status == Status::Expired || *kind != ExitKind::LoginRequired),
            token_age_seconds: row.token_age(scope.now).num_seconds(),
            session: row,
        });
    }
    for (account, gym) in store.account_boxes()? {
        if let Some(facts) = accounts.get_mut(&account) {
            facts.boxes.push(gym);
        }
    }
    Ok(accounts.into_values().collect())
}

/// The prebookings as they are stored: weekly rules make no new ones here.
pub(crate) fn prebookings(scope: &Scope<'_>) -> Result<PrebookingFacts> {
    let store = scope.store;
    let rules = store.rules(scope.account)?;
    let mut open = store.open_prebookings(scope.account)?;
    let mut counts = store.prebooking_counts(scope.account)?;
    for progress in Progress::VARIANTS {
        counts.entry(progress.as_str().to_owned()).or_default();
    }
    let locks = Locks::beside(store.path(), "aimharder status");
    for prebooking in &mut open {
        // the next run takes over what a run that died had claimed
        let owner = prebooking.owner.as_deref();
        if prebooking.progress == Progress::Executing
            && owner.is_some_and(|it| !locks.run_lives(it))
        {
            prebooking.progress = Progress::Pending;
            *counts.entry("pending".to_owned()).or_default() += 1;
            let executing = counts.entry("executing".to_owned()).or_default();
            *executing = executing.saturating_sub(1);
        }
    }
    let requests = rules.iter().map(|rule| &rule.request);
    let requests = requests.chain(open.iter().map(|prebooking| &prebooking.request));
    let wanted_by = requests.map(|request| request.account.clone()).collect();
    let pending = open.into_iter().filter(|p| {
        let named = scope.gym.is_none_or(|name| name == p.request.gym);
        named && p.progress == Progress::Pending
    });
    let pending = pending.map(|prebooking| {
        let problem = store.problem(Subject::Prebooking(prebooking.id))?;
        let mut pending = self::pending(prebooking, scope)?;
        pending.failure = problem.as_ref().and_then(last_failure);
        Ok(pending)
    });
    let mut next = pending.collect::<Result<Vec<_>>>()?;
    next.sort_by_key(|it| (it.opens_at.is_none(), it.opens_at, it.id));
    let mut openings = next.iter().filter_map(|pending| pending.opens_at);
    Ok(PrebookingFacts {
        counts,
        rules: rules.len(),
        next_opening_at: openings.find(|at| *at > scope.now),
        next,
        last_request: store
            .last_attempt(scope.account)?
            .map(|(prebooking, attempt)| LastRequest {
                prebooking,
                sent_at: attempt.sent_at,
                outcome: attempt.outcome,
                lateness_ms: attempt.lateness_ms,
                clock_offset_ms: attempt.clock_offset_ms,
            }),
        expired: expired(scope)?,
        wanted_by,
    })
}

fn expired(scope: &Scope<'_>) -> Result<Vec<(i64, DateTime<Tz>)>> {
    let expired = scope.store.expired_prebookings(scope.account)?.into_iter();
    let mut started = Vec::new();
    for prebooking in expired {
        let zone = (scope.place)(&prebooking.request.gym)?.calendar.zone;
        let start = prebooking.choices().map(|choice| choice.start).max();
        let starts_at = resolve(zone, prebooking.day.and_time(start.unwrap_or_default()));
        // one whose lead has begun expires before the start
        if prebooking.tried_at.is_some_and(|at| at >= starts_at) {
            started.push((prebooking.id, starts_at));
        }
    }
    Ok(started)
}

fn pending(stored: Prebooking, scope: &Scope<'_>) -> Result<Pending> {
    let calendar = (scope.place)(&stored.request.gym)?.calendar;
    let first = &stored.request.first;
    let opening = stored.request.opening(first, &calendar.opening_rules);
    Ok(Pending {
        id: stored.id,
        starts_at: resolve(calendar.zone, stored.day.and_time(first.start)),
        opens_at: stored.opens_at(opening, calendar.zone),
        guess: opening.is_some_and(|opening| opening.guess),
        day: stored.day,
        start: first.start,
        class: stored.request.first.class,
        account: stored.request.account,
        gym: stored.request.gym,
        tried_at: stored.tried_at,
        message: stored.message,
        created_at: stored.created_at,
        failure: None,
    })
}

/// The kind of the problem that the last run met.
fn last_failure(problem: &Problem) -> Option<ExitKind> {
    if problem.outage_runs > 0 {
        return Some(ExitKind::Unreachable);
    }
    ExitKind::named(problem.reported.as_deref()?)
}
