//! Prebookings: classes to be booked when booking opens, with their alternatives, and what a run has stored of them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize, Serializer};

use super::account::Account;
use super::instant::hours_minutes;
use super::time::{parse_duration, parse_time};
use crate::model::opening::{Opening, OpeningRules, Rule, Source};
use crate::text::{append_flag, quote, whole_number};

/// A choice of a prebooking: the start of a class, and perhaps its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// By the box's wall clock, to the minute.
    #[serde(serialize_with = "hours_minutes", deserialize_with = "stored_time")]
    pub start: NaiveTime,
    /// A name or part of one. `None` takes the only class of that time.
    pub class: Option<String>,
}

impl FromStr for Choice {
    type Err = String;

    /// Reads `19:30` and `19:30 Open Box`.
    fn from_str(raw: &str) -> Result<Self, String> {
        let mut words = raw.split_whitespace();
        let start = parse_time(words.next().unwrap_or_default())
            .map_err(|why| format!("{why}, or with a class: '19:30 Open Box'"))?;
        let class = words.collect::<Vec<_>>().join(" ");
        let class = (!class.is_empty())
            .then(|| class_name(&class))
            .transpose()?;
        Ok(Self { start, class })
    }
}

/// `19:30 Open Box`
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start.format("%H:%M"))?;
        self.class
            .iter()
            .try_for_each(|class| write!(f, " {class}"))
    }
}

/// A class's name, or part of it, as a user typed it.
///
/// # Errors
/// An empty name, which would match every class, and a name with control characters.
pub fn class_name(raw: &str) -> Result<String, String> {
    let name = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().any(char::is_control) || name.len() > 200 {
        return Err(format!(
            "{} is not a valid class name; use a name or a part of one, for example wod",
            quote(raw)
        ));
    }
    Ok(name)
}

/// A time before the start of a class (`--lead`), which keeps the form in which it was given: `90m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    text: String,
    /// The same as a duration.
    pub span: Duration,
}

impl FromStr for Lead {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        Ok(Self {
            span: parse_duration(raw)?,
            text: raw.trim().to_owned(),
        })
    }
}

/// `90m`
impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Lead {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

/// The status of a prebooking (`scripting.md`, "Prebooking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Progress {
    /// To be booked at its opening, or again by a later run.
    Pending,
    /// A run has claimed it ([`Prebooking::owner`]).
    Executing,
    /// Booked: final.
    Booked,
    /// On the waiting list: each run checks it again.
    Waitlisted,
    /// Ended without a place: final.
    Failed,
    /// The class started before it was booked: final.
    Expired,
    /// The member cancelled the booking, or lost the place on the waiting list: final. (A class that the box has cancelled is
    /// [`Self::Failed`].)
    Cancelled,
}

impl Progress {
    /// Its name in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The request of a prebooking or of a weekly rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrebookRequest {
    /// The account that books.
    pub account: Account,
    /// The name of the box.
    pub gym: String,
    /// The first choice.
    pub first: Choice,
    /// Tried in this order, each if the choices before it are unavailable.
    pub alternatives: Vec<Choice>,
    /// The family member's numeric id. `None` is the account holder.
    pub family: Option<String>,
    /// If no choice is available, joins the waiting list of the first full one.
    pub waitlist: bool,
    /// If no choice is available, tries again until the class starts.
    pub watch: bool,
    /// An opening rule of its own.
    pub opens: Option<Rule>,
    /// The first choice is only the class with this id.
    pub class_id: Option<String>,
    /// Only classes of this coach, matched like a class name.
    pub coach: Option<String>,
    /// No class whose name matches one of these.
    pub exclude: Vec<String>,
    /// Later than this before the start of the class, no place is taken.
    pub lead: Option<Lead>,
    /// Nothing is booked on a day on which another class is booked.
    pub once_a_day: bool,
}

impl PrebookRequest {
    /// A request for this class and nothing else.
    pub fn new(account: Account, gym: impl Into<String>, first: Choice) -> Self {
        Self {
            account,
            gym: gym.into(),
            first,
            alternatives: Vec::new(),
            family: None,
            waitlist: false,
            watch: false,
            opens: None,
            class_id: None,
            coach: None,
            exclude: Vec::new(),
            lead: None,
            once_a_day: false,
        }
    }

    /// The command line that adds this request for a day.
    pub fn command(&self, day: NaiveDate) -> String {
        self.command_on(&format!("--day {day}"))
    }

    /// The command line that adds this request for the day or the weekdays that a flag names.
    pub(super) fn command_on(&self, days: &str) -> String {
        let Choice { start, class } = &self.first;
        let mut line = format!(
            "aimharder prebook add {days} --time {}",
            start.format("%H:%M")
        );
        let mut flag = |flag, value: &str| append_flag(&mut line, flag, value);
        match (&self.class_id, class) {
            (Some(id), _) => flag("--id", id),
            (None, Some(name)) => flag("--class", name),
            (None, None) => {}
        }
        self.coach.iter().for_each(|name| flag("--coach", name));
        self.exclude.iter().for_each(|name| flag("--exclude", name));
        for choice in &self.alternatives {
            flag("--or", &choice.to_string());
        }
        self.family.iter().for_each(|id| flag("--family", id));
        self.lead
            .iter()
            .for_each(|lead| flag("--lead", &lead.to_string()));
        self.opens
            .iter()
            .for_each(|rule| flag("--opens", &rule.to_string()));
        flag("--account", self.account.as_str());
        flag("--box", &self.gym);
        for (is_given, flag) in [
            (self.waitlist, " --waitlist"),
            (self.watch, " --watch"),
            (self.once_a_day, " --once-a-day"),
        ] {
            line.push_str(if is_given { flag } else { "" });
        }
        line
    }

    /// The opening rule of one of its choices: the request's own, or the rule of the class or box.
    pub fn opening(&self, choice: &Choice, rules: &OpeningRules) -> Option<Opening> {
        let own = self.opens.map(|rule| Opening::given(rule, Source::Option));
        own.or_else(|| rules.rule_for(&self.account, choice.class.as_deref()))
    }
}

/// A stored prebooking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prebooking {
    /// The id that a user sees: 7.
    pub id: i64,
    /// The weekly rule that it is an occurrence of. `None` for one added by hand.
    pub rule: Option<i64>,
    /// What is to be booked, and how.
    pub request: PrebookRequest,
    /// The class's day on the box's calendar.
    pub day: NaiveDate,
    /// A later opening of the first choice, from a refusal.
    pub moved_to: Option<DateTime<Utc>>,
    /// End of the last attempt. `None` before the first.
    pub tried_at: Option<DateTime<Utc>>,
    /// The status.
    pub progress: Progress,
    /// The run that has claimed it, by the name of its lock. `None` while it is not claimed.
    pub owner: Option<String>,
    /// Number of booking requests sent.
    pub attempts: i64,
    /// The reason of the status, for people.
    pub message: Option<String>,
    /// The reservation id, once it is known.
    pub reservation: Option<String>,
    /// The class that was requested last. Once there is a place, its class.
    pub class_id: Option<String>,
    /// When it was added, or made by its weekly rule.
    pub created_at: DateTime<Utc>,
}

impl Prebooking {
    /// The first choice and the alternatives, in order.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        std::iter::once(&self.request.first).chain(&self.request.alternatives)
    }

    /// Whether an earlier run may have booked: it crashed with the claim, sent requests, or was about to.
    pub fn was_tried(&self) -> bool {
        self.owner.is_some() || self.attempts > 0 || self.class_id.is_some()
    }

    /// The opening rule of a choice in force. Without one, a refusal of the first choice that states a day but no hour, which is
    /// stored as 00:00 of that day, is a guess for that choice.
    pub fn opening(&self, choice: &Choice, rules: &OpeningRules, zone: Tz) -> Option<Opening> {
        let guessed = || {
            let wall = self.moved_to?.with_timezone(&zone).naive_local();
            let is_guess = *choice == self.request.first && wall.time() == NaiveTime::MIN;
            let days = u16::try_from((self.day - wall.date()).num_days()).ok()?;
            is_guess.then(|| Opening::learned(Rule::Days { days, at: None }))
        };
        self.request.opening(choice, rules).or_else(guessed)
    }

    /// When booking of the first choice opens, if that is known: by the rule in force, or later if a refusal said so.
    pub fn opens_at(&self, opening: Option<Opening>, zone: Tz) -> Option<DateTime<Tz>> {
        let ruled = opening.map(|o| o.opens_at(self.day, self.request.first.start, zone));
        let moved = self.moved_to.map(|at| at.with_timezone(&zone));
        ruled.max(moved)
    }
}

/// What `prebook remove` takes: a prebooking (`7`) or a rule (`r1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrebookId {
    /// Shown as `r1`.
    Rule(i64),
    /// Shown as `7`.
    One(i64),
}

impl FromStr for PrebookId {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        let word = raw.trim();
        let (digits, kind): (_, fn(i64) -> Self) = match word.strip_prefix(['r', 'R']) {
            Some(digits) => (digits, Self::Rule),
            None => (word, Self::One),
        };
        whole_number(digits).map(kind).ok_or_else(|| {
            format!(
                "{} is neither a prebooking nor a rule, for example 7 or r1",
                quote(word)
            )
        })
    }
}

impl fmt::Display for PrebookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(id) => write!(f, "r{id}"),
            Self::One(id) => write!(f, "{id}"),
        }
    }
}

impl Serialize for PrebookId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Rule(_) => to.collect_str(self),
            Self::One(id) => to.serialize_i64(*id),
        }
    }
}

fn stored_time<'de, D: serde::Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(from)?;
    parse_time(&text).map_err(serde::de::Error::custom)
}
