//! Weekly rules become prebookings. The days are computed here; the store creates one prebooking for each, even if several
//! processes do so at once.
//!
//! The occurrences of the 14 days from today on are always created. Further ones are created around their opening: from 7
//! days before it until 14 days after it, so that a machine that was off for a while catches up. An occurrence that has been
//! open for longer is created when it is among the 14 days; otherwise a new rule would book a whole year at once in a box that
//! opens a year ahead.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::model::account::Account;
use crate::model::opening::Opening;
use crate::model::prebooking::PrebookRequest;
use crate::model::weekly::{Skip, WeeklyRule};
use crate::model::zone::resolve;
use crate::store::Store;

/// The number of days from today on whose occurrences are always created.
const DAYS_AHEAD: usize = 14;
/// Later occurrences are created when their opening is at most this far ahead …
const OPENING_AHEAD: TimeDelta = TimeDelta::days(7);
/// … or this long ago.
const OPEN_SINCE: TimeDelta = TimeDelta::days(14);
/// No opening rule reaches further back than 366 days, so no later occurrence opens that soon.
const FURTHEST: usize = 366 + 7 + 2;

/// The days of classes for which the rule creates a prebooking now, in a box with this zone. `opening` is the opening rule of its
/// first choice, if one is known. There is none on the account's skipped dates, and none on a `settled` day, which has or had a
/// prebooking of the rule.
pub fn days(
    rule: &WeeklyRule,
    zone: Tz,
    opening: Option<Opening>,
    skips: &[Skip],
    settled: &BTreeSet<NaiveDate>,
    now: DateTime<Utc>,
) -> Vec<NaiveDate> {
    let today = now.with_timezone(&zone).date_naive();
    let near = today + Days::new(DAYS_AHEAD as u64);
    let start = rule.request.first.start;
    let soon = |day: NaiveDate| {
        let opens = opening.map(|opening| opening.opens_at(day, start, zone));
        opens.is_some_and(|opens| {
            let from_now = opens.to_utc() - now;
            from_now >= -OPEN_SINCE && from_now <= OPENING_AHEAD
        })
    };
    today
        .iter_days()
        .take(FURTHEST)
        .filter(|day| rule.weekdays.contains(day.weekday()))
        .filter(|day| rule.until.is_none_or(|until| *day <= until))
        .filter(|day| *day < near || soon(*day))
        .filter(|day| resolve(zone, day.and_time(start)) > now)
        .filter(|day| !skips.iter().any(|skip| skip.contains(*day)))
        .filter(|day| !settled.contains(day))
        .collect()
}

/// Creates the due prebookings of the weekly rules of all accounts, or of one. `describe` returns the zone of a request's box
/// and the opening rule of its first choice. Returns how many were created; if there are none, nothing is written.
///
/// # Errors
/// Those of the store. A rule whose box cannot be described is only warned about.
pub fn materialize_all_rules(
    store: &Store,
    describe: impl Fn(&PrebookRequest) -> Result<(Tz, Option<Opening>)>,
    account: Option<&Account>,
    now: DateTime<Utc>,
) -> Result<usize> {
    let mut made = 0;
    for rule in store.rules(account)? {
        let (zone, opening) = match describe(&rule.request) {
            Ok(described) => described,
            // the other rules still create their prebookings
            Err(why) => {
                log::warn!("weekly rule r{} makes no prebookings: {why:#}", rule.id);
                continue;
            }
        };
        let skips = store.skips(&rule.request.account)?;
        let settled = store.settled_days(rule.id)?;
        let days = days(&rule, zone, opening, &skips, &settled, now);
        if !days.is_empty() {
            made += store.put_occurrences(rule.id, &days, now)?;
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests;
