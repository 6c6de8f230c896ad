//! When a prebooking is tried next. Pure: `now` is an argument.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
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

impl BoxProfile {
    /// When the class of a choice starts.
    pub fn starts(&self, day: NaiveDate, choice: &Choice) -> DateTime<Tz> {
        zone::resolve(self.zone, day.and_time(choice.start))
    }

    /// The later opening that a refusal of the first choice states.
    fn moved(prebooking: &Prebooking, choice: &Choice) -> Option<DateTime<Utc>> {
        prebooking
            .moved_to
            .filter(|_| *choice == prebooking.request.first)
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
        let moved = Self::moved(prebooking, choice);
        match prebooking.opening(choice, &self.opening_rules, self.zone) {
            None => moved.map_or(Next::Unknown, Next::At),
            Some(rule) if rule.is_guess() => {
                let guess = self.guess(rule, prebooking, choice);
                // a refusal that agrees with the guess removes none of its half hours
                let guessed = rule.opens_at(prebooking.day, choice.start, self.zone);
                let later = moved.filter(|moved| *moved > guessed && Some(*moved) > guess.at());
                later.map_or(guess, Next::At)
            }
            Some(rule) => {
                let at = rule
                    .opens_at(prebooking.day, choice.start, self.zone)
                    .to_utc();
                Next::At(moved.map_or(at, |moved| moved.max(at)))
            }
        }
    }

    /// Of a guess: 00:00 of its day first, then every half hour, and the guessed instant itself.
    fn guess(&self, rule: Opening, prebooking: &Prebooking, choice: &Choice) -> Next {
        let (day, start) = (prebooking.day, choice.start);
        let first = rule.first_try(day, start, self.zone).to_utc();
        let guessed = rule.opens_at(day, start, self.zone).to_utc();
        let tried = prebooking.tried_at.filter(|tried| *tried >= first);
        let at = match tried {
            None => first,
            Some(tried) => rule
                .next_half_hour_try(tried, day, start, self.zone)
                .map_or(guessed, |next| next.to_utc()),
        };
        if at == guessed {
            Next::At(at)
        } else {
            Next::Guess(at)
        }
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
