//! Suggestion of an opening rule, from a booking that succeeded while the opening was only guessed.
//!
//! A rule that is set ends the half-hourly attempts, so a rule with too late an hour would be worse than the guess. The hour
//! is suggested only if a refusal in the half hour before bounds it.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::{Opening, Rule, TRY_EVERY};
use crate::model::zone::resolve;
use crate::text::shell_word;

/// How much later than its half hour an attempt may be stored.
const LATE: TimeDelta = TimeDelta::minutes(1);

/// Booking was open at a time at which the guess expected it to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleSuggestion {
    /// When the request succeeded, by the box's clock.
    seen: DateTime<Tz>,
    days: u16,
    /// The time of the opening, or `None` if it is not bounded.
    hour: Option<NaiveTime>,
}

impl Opening {
    /// The rule that a booking at the instant `at` suggests for a class by day and start. `refused` is when booking was last
    /// too early. `None` if this is not a guess, or the guess is right.
    pub fn better(
        &self,
        (day, start): (NaiveDate, NaiveTime),
        at: DateTime<Tz>,
        refused: Option<DateTime<Utc>>,
    ) -> Option<RuleSuggestion> {
        let tz = at.timezone();
        let guessed = self.opens_at(day, start, tz);
        let first = self.first_try(day, start, tz);
        let is_right = guessed <= at && refused.is_none_or(|refused| refused < guessed);
        if !self.guess || at < first || is_right {
            return None;
        }
        let half = half_hour(at);
        let bounded = |refused: DateTime<Utc>| refused < half && half <= refused + TRY_EVERY + LATE;
        let known = half == first || refused.is_some_and(bounded);
        let days = (day - at.date_naive()).num_days();
        (known || at < guessed).then_some(RuleSuggestion {
            seen: at,
            days: u16::try_from(days).ok()?,
            hour: known.then_some(half.time()),
        })
    }
}

impl RuleSuggestion {
    /// What was seen, and the command that sets the rule if the hour is known.
    pub fn words(&self, gym: &str, class: &str) -> String {
        let seen = format!("booking was open at {} already", self.seen.format("%H:%M"));
        let Some(at) = self.hour else {
            let days = match self.days {
                0 => "on the day of the class".to_owned(),
                1 => "the day before the class".to_owned(),
                days => format!("{days} days before the class"),
            };
            return format!(
                "{seen}, {days}; the hour of the opening is unknown, so runs try every half hour of that day until a rule \
                 is set: see `aimharder boxes set --help`"
            );
        };
        let rule = Rule::Days {
            days: self.days,
            at: Some(at),
        };
        let class = shell_word(class);
        format!(
            "{seen}; set the rule with: `aimharder boxes set {gym} --opens {rule} --class {class}`"
        )
    }
}

/// The last half hour of the wall clock.
fn half_hour(at: DateTime<Tz>) -> DateTime<Tz> {
    let wall = at.naive_local();
    let half = wall
        .with_second(0)
        .and_then(|wall| wall.with_nanosecond(0))
        .and_then(|wall| wall.with_minute(wall.minute() / 30 * 30));
    half.map_or(at, |half| resolve(at.timezone(), half))
}
