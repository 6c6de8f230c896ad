//! When a prebooking is tried next. Pure: `now` is an argument.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::model::box_profile::BoxProfile;
use crate::model::instant::shifted;
use crate::model::opening::Opening;
use crate::model::prebooking::{Choice, Prebooking};
use crate::model::zone;

/// When to try a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Booking opens then, or opened then.
    At(DateTime<Utc>),
    /// One of the half-hourly tries of a guessed opening: a single request.
    Guess(DateTime<Utc>),
    /// The opening is unknown (also if the rule gives an instant after the start): tried once per run.
    Unknown,
    /// The class has started.
    Over,
}

impl Next {
    /// The instant, if there is one.
    pub fn at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(at) | Self::Guess(at) => Some(at),
            Self::Unknown | Self::Over => None,
        }
    }
}

/// The next instant after `tried` at which booking of the class may open by a rule: of a guess 00:00 of its day, then every half
/// hour, and the guessed instant itself.
pub fn next_try(
    opening: Opening,
    (day, start): (NaiveDate, NaiveTime),
    zone: Tz,
    tried: DateTime<Utc>,
) -> Next {
    let opens = opening.opens_at(day, start, zone);
    match opening.next_half_hour_try(tried, day, start, zone) {
        None => Next::Unknown,
        Some(at) if at == opens => Next::At(at.to_utc()),
        Some(at) => Next::Guess(at.to_utc()),
    }
}

impl BoxProfile {
    /// When the class of a choice starts.
    pub fn starts(&self, day: NaiveDate, choice: &Choice) -> DateTime<Tz> {
        zone::resolve(self.zone, day.and_time(choice.start))
    }

    /// When to try a choice next.
    pub fn next(&self, prebooking: &Prebooking, choice: &Choice, now: DateTime<Utc>) -> Next {
        let starts = self.starts(prebooking.day, choice);
        if starts <= now {
            return Next::Over;
        }
        let next = self.by_rule(prebooking, choice);
        if next.at().is_some_and(|at| starts <= at) {
            return Next::Unknown;
        }
        next
    }

    fn by_rule(&self, prebooking: &Prebooking, choice: &Choice) -> Next {
        let first = &prebooking.request.first;
        let moved = prebooking.moved_to.filter(|_| choice == first);
        let Some(rule) = prebooking.opening(choice, &self.opening_rules, self.zone) else {
            return moved.map_or(Next::Unknown, Next::At);
        };
        let (day, start) = (prebooking.day, choice.start);
        let tried = prebooking.tried_at.filter(|_| rule.is_guess());
        let tried = tried.unwrap_or(DateTime::<Utc>::MIN_UTC);
        let next = next_try(rule, (day, start), self.zone, tried);
        // a refusal that agrees with a guess removes none of its half hours
        let opens = rule.opens_at(day, start, self.zone);
        let later = moved.filter(|moved| *moved > opens && Some(*moved) >= next.at());
        later.map_or(next, Next::At)
    }

    /// Whether a choice is to be tried until `until`.
    pub fn is_due(
        &self,
        prebooking: &Prebooking,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> bool {
        prebooking
            .choices()
            .any(|choice| match self.next(prebooking, choice, now) {
                Next::At(at) | Next::Guess(at) => at <= until,
                Next::Unknown => true,
                Next::Over => false,
            })
    }

    /// Whether the classes of all choices have started.
    pub fn is_over(&self, prebooking: &Prebooking, now: DateTime<Utc>) -> bool {
        prebooking
            .choices()
            .all(|choice| self.starts(prebooking.day, choice) <= now)
    }

    /// The first instant at which a choice is to be tried.
    pub fn soonest(&self, prebooking: &Prebooking, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        prebooking
            .choices()
            .filter_map(|choice| self.next(prebooking, choice, now).at())
            .min()
    }
}

/// The instant `span` after `now`, at most the last one that exists.
pub fn until(now: DateTime<Utc>, span: std::time::Duration) -> DateTime<Utc> {
    shifted(now, TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX))
}

#[cfg(test)]
mod tests;
