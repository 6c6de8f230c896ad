//! Opening rules (scripting.md "Opening rules", protocol.md §6): the rules of a box and its classes, their sources, and the
//! instants that follow from them. Pure: `now` is an argument, and wall clocks belong to the box (promise 10).

mod observation;
mod rule;
mod rules;
mod suggestion;

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use observation::{is_too_early_text, learn};
pub use rule::Rule;
pub use rules::{ClassRule, OpeningRules};

use crate::model::zone::resolve;
use crate::text::quote;

/// The interval at which a guessed opening is tried, from 00:00 of its day on.
const TRY_INTERVAL: TimeDelta = TimeDelta::minutes(30);

/// The source of an opening rule, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `--opens` on the command line, or stored with a prebooking.
    Option,
    /// `opens` in the config.
    Config,
    /// `boxes set --opens`.
    Set,
    /// A refusal by the platform.
    Learned,
}

/// An opening rule and its source. Shown as the rule is written, a guess with a question mark: `4d?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opening {
    /// When booking opens, or the best guess of it.
    pub rule: Rule,
    /// Its source.
    pub source: Source,
}

impl Opening {
    /// A rule given by a person.
    pub fn given(rule: Rule, source: Source) -> Self {
        Self { rule, source }
    }

    /// A rule from a refusal.
    pub fn learned(rule: Rule) -> Self {
        Self::given(rule, Source::Learned)
    }

    /// Whether only the day is known, not the hour. A refusal that states a number of hours is exact.
    pub fn is_guess(&self) -> bool {
        self.source == Source::Learned && matches!(self.rule, Rule::Days { .. })
    }

    /// Reads a learned rule as it is stored and shown: `4d?` or `46h`.
    ///
    /// # Errors
    /// A message that quotes the text.
    pub fn from_learned_text(text: &str) -> Result<Self, String> {
        let rule = text.strip_suffix('?').unwrap_or(text).parse().ok();
        // a refusal states neither a time of day nor a weekday
        let rule = rule.filter(|rule| matches!(rule, Rule::Days { at: None, .. } | Rule::Hours(_)));
        rule.map(Self::learned)
            .filter(|learned| learned.to_string() == text)
            .ok_or_else(|| {
                format!(
                    "{} is not a valid learned rule, for example 4d? or 46h",
                    quote(text)
                )
            })
    }

    /// `by the rule 4d@07:00`, `probably by 4d? (learned)`
    pub fn words(&self) -> String {
        if self.is_guess() {
            format!("probably by {self} (learned)")
        } else {
            format!("by the rule {self}")
        }
    }

    /// When booking opens, or is guessed to, for the class that starts on `day` at `start`.
    pub fn opens_at(&self, day: NaiveDate, start: NaiveTime, tz: Tz) -> DateTime<Tz> {
        self.rule.opens_at(day, start, tz)
    }

    /// The first instant at which a request may succeed: the opening, or 00:00 of its day if the hour is a guess.
    pub fn first_try(&self, day: NaiveDate, start: NaiveTime, tz: Tz) -> DateTime<Tz> {
        match self.rule {
            Rule::Days { days, at: None } if self.is_guess() => resolve(
                tz,
                rule::days_before(day, days.into()).and_time(NaiveTime::MIN),
            ),
            _ => self.opens_at(day, start, tz),
        }
    }

    /// The next instant after `now` at which a request may succeed. For a guess: every half hour from
    /// [`Self::first_try`] on, and the guessed opening itself. Otherwise: the opening, and `None` after it.
    pub fn next_half_hour_try(
        &self,
        now: DateTime<Utc>,
        day: NaiveDate,
        start: NaiveTime,
        tz: Tz,
    ) -> Option<DateTime<Tz>> {
        let opening = Some(self.opens_at(day, start, tz)).filter(|instant| *instant > now);
        if !self.is_guess() {
            return opening;
        }
        let grid = next_on_grid(now, self.first_try(day, start, tz));
        Some(opening.map_or(grid, |opening| opening.min(grid)))
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.rule, if self.is_guess() { "?" } else { "" })
    }
}

impl Serialize for Opening {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut object = to.serialize_struct("Opening", 2)?;
        object.serialize_field("opens", &self.to_string())?;
        object.serialize_field("source", &self.source)?;
        object.end()
    }
}

/// The first instant after `now` among `first`, half an hour later, and so on.
fn next_on_grid(now: DateTime<Utc>, first: DateTime<Tz>) -> DateTime<Tz> {
    let passed = now.signed_duration_since(first);
    if passed < TimeDelta::zero() {
        return first;
    }
    let steps = passed.num_seconds() / TRY_INTERVAL.num_seconds() + 1;
    TimeDelta::try_seconds(steps * TRY_INTERVAL.num_seconds())
        .and_then(|ahead| first.checked_add_signed(ahead))
        .unwrap_or(first)
}

#[cfg(test)]
mod tests;
