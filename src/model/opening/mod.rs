//! Opening rules (scripting.md "Boxes and classes", protocol.md §6): the rule of a box, where it came from, and the
//! instants that follow from it. Pure: `now` is an argument, and wall clocks belong to the box (promise 10).

mod observation;
mod rule;
mod suggestion;

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use observation::{Learned, is_too_early_text, learn};
pub use rule::Rule;
pub use suggestion::RuleSuggestion;

use crate::model::zone::resolve;

/// How often a guessed opening is tried, from 00:00 of its day on.
const TRY_EVERY: TimeDelta = TimeDelta::minutes(30);

/// Where a rule was found; the first of these that has one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `--opens` on the command line, or kept with a prebooking
    Option,
    /// `opens` in `config.toml`
    Config,
    /// `boxes set --opens`
    Set,
    /// A refusal by the platform
    Learned,
}

/// The rule in force for a box. Shown as the rule is written, a guess with a question mark: `4d?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opening {
    /// When booking opens, or the best guess of it.
    pub rule: Rule,
    /// Who said so.
    pub source: Source,
    /// The day is known and the hour is not.
    pub guess: bool,
}

impl Opening {
    /// A rule that a person gave.
    pub fn given(rule: Rule, source: Source) -> Self {
        Self {
            rule,
            source,
            guess: false,
        }
    }

    /// A rule from a refusal: a number of hours is exact; of a number of days the hour is a guess.
    pub fn learned(learned: Learned) -> Self {
        Self {
            rule: learned.rule(),
            source: Source::Learned,
            guess: matches!(learned, Learned::Days(_)),
        }
    }

    /// The first rule there is, in the order option, config, set, learned.
    pub fn choose(
        option: Option<Rule>,
        config: Option<Rule>,
        set: Option<Rule>,
        learned: Option<Learned>,
    ) -> Option<Self> {
        let given = [
            (option, Source::Option),
            (config, Source::Config),
            (set, Source::Set),
        ];
        given
            .into_iter()
            .find_map(|(rule, source)| Some(Self::given(rule?, source)))
            .or_else(|| learned.map(Self::learned))
    }

    /// `by the rule 4d@07:00`, `probably by 4d? (learned)`
    pub fn words(&self) -> String {
        if self.guess {
            format!("probably by {self} (learned)")
        } else {
            format!("by the rule {self}")
        }
    }

    /// When booking opens, or is guessed to, for the class that starts on `day` at `start`.
    pub fn opens_at(&self, day: NaiveDate, start: NaiveTime, tz: Tz) -> DateTime<Tz> {
        self.rule.opens_at(day, start, tz)
    }

    /// From when on booking is worth a try: the opening, or 00:00 of its day where the hour is a guess.
    pub fn first_try(&self, day: NaiveDate, start: NaiveTime, tz: Tz) -> DateTime<Tz> {
        match self.rule {
            Rule::Days { days, at: None } if self.guess => resolve(
                tz,
                rule::days_before(day, days.into()).and_time(NaiveTime::MIN),
            ),
            _ => self.opens_at(day, start, tz),
        }
    }

    /// The next instant after `now` that is worth a try. Of a guess: every half hour that passes from
    /// [`Self::first_try`] on, and the guessed opening itself. Of a rule: its opening, none afterwards.
    pub fn next_half_hour_try(
        &self,
        now: DateTime<Utc>,
        day: NaiveDate,
        start: NaiveTime,
        tz: Tz,
    ) -> Option<DateTime<Tz>> {
        let opening = Some(self.opens_at(day, start, tz)).filter(|instant| *instant > now);
        if !self.guess {
            return opening;
        }
        let grid = next_on_grid(now, self.first_try(day, start, tz));
        Some(opening.map_or(grid, |opening| opening.min(grid)))
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.rule, if self.guess { "?" } else { "" })
    }
}

/// The first instant after `now` among `first`, half an hour later, and so on.
fn next_on_grid(now: DateTime<Utc>, first: DateTime<Tz>) -> DateTime<Tz> {
    let passed = now.signed_duration_since(first);
    if passed < TimeDelta::zero() {
        return first;
    }
    let steps = passed.num_seconds() / TRY_EVERY.num_seconds() + 1;
    TimeDelta::try_seconds(steps * TRY_EVERY.num_seconds())
        .and_then(|ahead| first.checked_add_signed(ahead))
        .unwrap_or(first)
}

#[cfg(test)]
mod tests;
