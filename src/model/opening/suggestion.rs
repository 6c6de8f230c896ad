//! Suggestion of an opening rule, from a booking that succeeded while the opening was only guessed.
//!
//! A rule that is set ends the half-hourly attempts, so a rule with too late an hour would be worse than the guess. The hour
//! is suggested only if a refusal in the half hour before bounds it.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::{Opening, Rule, TRY_INTERVAL};
use crate::model::zone::resolve;
use crate::text::shell_word;

/// How much later than its half hour an attempt may be stored.
const MAX_STORE_DELAY: TimeDelta = TimeDelta::minutes(1);

impl Opening {
    /// What a booking at the instant `at` shows of this guess, and the command that sets the rule of this class in this box.
    /// The class is on `day` at `start`; `refused` is when booking was last too early. `None` if this is not a guess, or the
    /// guess is right.
    pub fn suggestion(
        &self,
        gym: &str,
        class: &str,
        day: NaiveDate,
        start: NaiveTime,
        at: DateTime<Tz>,
        refused: Option<DateTime<Utc>>,
    ) -> Option<String> {
        let tz = at.timezone();
        let guessed = self.opens_at(day, start, tz);
        let first = self.first_try(day, start, tz);
        let is_right = guessed <= at && refused.is_none_or(|refused| refused < guessed);
        if !self.is_guess() || at < first || is_right {
            return None;
        }
        let half = half_hour(at);
        let bounded = |refused: DateTime<Utc>| {
            refused < half && half <= refused + TRY_INTERVAL + MAX_STORE_DELAY
        };
        let known = half == first || refused.is_some_and(bounded);
        let days = u16::try_from((day - at.date_naive()).num_days()).ok()?;
        let seen = format!("booking was open at {} already", at.format("%H:%M"));
        if known {
            let at = Some(half.time());
            let rule = Rule::Days { days, at };
            let class = shell_word(class);
            return Some(format!(
                "{seen}; set the rule with: `aimharder boxes set {gym} --opens {rule} --class {class}`"
            ));
        }
        let days = match days {
            0 => "on the day of the class".to_owned(),
            1 => "the day before the class".to_owned(),
            days => format!("{days} days before the class"),
        };
        (at < guessed).then(|| {
            format!(
                "{seen}, {days}; the hour of the opening is unknown, so runs try every half hour of that day until a rule \
                 is set: see `aimharder boxes set --help`"
            )
        })
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
