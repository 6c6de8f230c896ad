//! Conversion of a schedule row to a [`Class`], as people and scripts see it.

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::class::{Class, ClassState};
use crate::model::opening::Source;
use crate::model::zone;
use crate::platform::{Mine, Row};

/// Converts a row of `day` to a class, as `account` sees it at `now`.
///
/// The start becomes an instant by [`zone::resolve`]. The opening is set only while it is still ahead.
pub fn to_class(
    row: &Row,
    day: NaiveDate,
    profile: &BoxProfile,
    account: &Account,
    now: DateTime<Utc>,
) -> Class {
    let starts_at = zone::resolve(profile.zone, day.and_time(row.start));
    let opening = profile.opening_rules.rule_for(account, Some(&row.name));
    let opens_at = opening.map(|o| o.opens_at(day, row.start, profile.zone));
    let state = state(row, starts_at.to_utc(), opens_at.map(|at| at.to_utc()), now);
    Class {
        id: row.id.clone(),
        day,
        start: row.start,
        end: row.end,
        starts_at,
        name: row.name.clone(),
        coach: row.coach.clone(),
        description: row.description.clone(),
        online: row.online.clone(),
        address: row.address.clone(),
        occupied: row.occupied,
        capacity: row.capacity,
        waiting: row.waiting,
        state,
        reservation_id: row.reservation.clone(),
        opens_at: opens_at.filter(|_| state == ClassState::NotOpen),
        opens_guess: state == ClassState::NotOpen
            && opening.is_some_and(|opening| opening.source == Source::Learned),
    }
}

fn state(
    row: &Row,
    starts: DateTime<Utc>,
    opens: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> ClassState {
    if row.cancelled {
        return ClassState::Cancelled;
    }
    match row.mine {
        Mine::Booked => return ClassState::Booked,
        Mine::Waiting => return ClassState::Waitlisted,
        Mine::No | Mine::Unknown(_) => {}
    }
    if starts <= now {
        ClassState::Past
    } else if !row.enabled || row.staff || row.hidden {
        ClassState::Closed
    } else if opens.is_some_and(|opens| now < opens) {
        ClassState::NotOpen
    } else if matches!((row.occupied, row.capacity), (Some(occupied), Some(capacity)) if occupied >= capacity)
    {
        ClassState::Full
    } else {
        ClassState::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::opening::{Opening, OpeningRules};

    #[test]
    fn a_class_opens_and_is_past_at_the_very_instant() {
        let account = "ana@example.org".parse().unwrap();
        let day = "2026-11-23".parse().unwrap();
        let given = Opening::given("4d".parse().unwrap(), Source::Set);
        let learned = Opening::learned("4d".parse().unwrap());
        for (rule, now, state, is_guess) in [
            (given, "2026-11-19T17:29:59Z", ClassState::NotOpen, false),
            (learned, "2026-11-19T17:29:59Z", ClassState::NotOpen, true),
            (learned, "2026-11-19T17:30:00Z", ClassState::Open, false),
            (given, "2026-11-23T17:29:59Z", ClassState::Open, false),
            (given, "2026-11-23T17:30:00Z", ClassState::Past, false),
        ] {
            let profile = BoxProfile {
                opening_rules: OpeningRules {
                    of_box: Some(rule),
                    by_class: Vec::new(),
                },
                ..BoxProfile::bare("crossfitdemo", "crossfitdemo.aimharder.com")
            };
            let class = to_class(&Row::usual(), day, &profile, &account, now.parse().unwrap());
            assert_eq!((class.state, class.opens_guess), (state, is_guess), "{now}");
        }
    }
}
