//! How prebookings and weekly rules are shown: as JSON, and as tables by account and box.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::clock;
use crate::model::box_profile::BoxProfile;
use crate::model::opening::{Opening, OpeningRules};
use crate::model::prebooking::{Choice, PrebookId, PrebookRequest, Prebooking, Progress};
use crate::model::time::human_age;
use crate::model::weekly::{WeeklyRule, weekday_names};
use crate::model::zone::resolve;
use crate::store::Attempt;
use crate::ui::dates::{lateness, moment, not_open_yet, short_day, table_day};
use crate::ui::table::{Cell, OutputStyle, Style, cell, plain, shrink};

/// A prebooking in its box's time zone.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub prebooking: Prebooking,
    pub zone: Tz,
    /// The opening rule in force; of a settled prebooking only the one it was added with.
    opening: Option<Opening>,
    /// The lead of the box, unless it is settled.
    lead: Option<Duration>,
    /// When booking was too early, if the last response says so.
    refused_at: Option<DateTime<Utc>>,
    /// The requests sent, with `--all`.
    pub history: Option<Vec<Attempt>>,
}

/// A weekly rule in its box's time zone.
#[derive(Debug, Clone)]
pub(super) struct ShownRule {
    pub rule: WeeklyRule,
    pub zone: Tz,
    /// The opening rule in force.
    pub opening: Option<Opening>,
    /// The lead of the box.
    pub lead: Option<Duration>,
}

impl Shown {
    pub(super) fn of(
        prebooking: Prebooking,
        profile: &BoxProfile,
        refused_at: Option<DateTime<Utc>>,
    ) -> Self {
        let is_open = matches!(
            prebooking.progress,
            Progress::Pending | Progress::Executing | Progress::Waitlisted
        );
        let request = &prebooking.request;
        let none = OpeningRules::default();
        let rules = if is_open {
            &profile.opening_rules
        } else {
            &none
        };
        Self {
            opening: prebooking.opening(&request.first, rules, profile.zone),
            lead: profile.lead.filter(|_| is_open),
            refused_at,
            prebooking,
            zone: profile.zone,
            history: None,
        }
    }

    pub(super) fn opens_at(&self) -> Option<DateTime<Tz>> {
        self.prebooking.opens_at(self.opening, self.zone)
    }

    pub(super) fn starts_at(&self) -> DateTime<Tz> {
        let start = self.prebooking.request.first.start;
        resolve(self.zone, self.prebooking.day.and_time(start))
    }

    /// `7: Mon 23 Nov 18:30 WOD, crossfitdemo`
    pub(super) fn line(&self, now: DateTime<Utc>) -> String {
        let (id, request) = (self.prebooking.id, &self.prebooking.request);
        format!(
            "{id}: {} {} {}, {}",
            short_day(self.prebooking.day, self.zone, now),
            request.first.start.format("%H:%M"),
            request.first.class.as_deref().unwrap_or("any class"),
            request.gym,
        )
    }

    pub(super) fn state(&self, now: DateTime<Utc>) -> (String, Style) {
        let (state, style) = match self.prebooking.progress {
            Progress::Pending => return self.pending_state(now),
            Progress::Executing => ("being booked", Style::Mine),
            Progress::Booked => ("booked", Style::Good),
            Progress::Waitlisted => ("on the waiting list", Style::Mine),
            Progress::Failed => ("failed", Style::Bad),
            // the message says why
            Progress::Expired if self.prebooking.message.is_some() => ("expired", Style::Bad),
            Progress::Expired => ("class has started", Style::Bad),
            Progress::Cancelled => ("cancelled", Style::Bad),
        };
        (state.to_owned(), style)
    }

    fn pending_state(&self, now: DateTime<Utc>) -> (String, Style) {
        if self.starts_at() <= now {
            return ("class has started".into(), Style::Bad);
        }
        let Some(opens) = self.opens_at() else {
            return ("opening unknown".into(), Style::Faint);
        };
        let is_guess = self.opening.is_some_and(|opening| opening.is_guess());
        let about = if is_guess { "about " } else { "" };
        let at = moment(opens, now);
        // a refusal at the opening or later shows that the rule is wrong, or that a guess has not come true
        let refused_at = self.refused_at.filter(|refused| *refused >= opens);
        match refused_at.map(|refused| refused.with_timezone(&self.zone)) {
            _ if opens > now => (format!("opens {about}{at}"), Style::Plain),
            None => (format!("open since {about}{at}"), Style::Good),
            Some(refused) => (not_open_yet(refused, now), Style::Plain),
        }
    }

    /// What the line leaves out. Occurrences leave out what is shown with their weekly rule.
    fn notes(&self, now: DateTime<Utc>) -> Vec<String> {
        let stored = &self.prebooking;
        let mut notes = match stored.rule {
            Some(rule) => vec![format!("rule {}", PrebookId::Rule(rule))],
            None => request_notes(&stored.request, self.opening, self.lead),
        };
        let has_place = matches!(stored.progress, Progress::Booked | Progress::Waitlisted);
        let history = self.history.as_deref().filter(|_| has_place);
        let class = history.map(|history| booked_class(stored, history));
        let other = class.filter(|class| class.start != stored.request.first.start);
        notes.extend(other.map(|class| format!("place in {class}")));
        let reservation = stored.reservation.as_ref();
        notes.extend(reservation.map(|id| format!("reservation {id}")));
        notes.extend(stored.message.clone());
        let last = self.history.iter().flatten().last();
        notes.extend(last.map(|attempt| self.last_request(attempt, now)));
        notes
    }

    fn last_request(&self, attempt: &Attempt, now: DateTime<Utc>) -> String {
        let sent_at = attempt.sent_at.with_timezone(&self.zone);
        let mut text = format!(
            "last request {}{} for {}: {}",
            moment(sent_at, now),
            sent_at.format(":%S%.3f"),
            attempt.class,
            attempt.outcome.replace('_', " ")
        );
        if let Some(late) = attempt.lateness_ms {
            text = format!("{text}, {}", lateness(late));
        }
        if let Some(offset) = attempt.clock_offset_ms {
            text = format!("{text}, server clock {offset:+.1} ms");
        }
        text
    }
}

/// The class that was booked, as the history names it (`18:30 WOD (id 1223249)`), or the first choice.
pub(super) fn booked_class(prebooking: &Prebooking, attempts: &[Attempt]) -> Choice {
    let id = prebooking.class_id.as_ref().map(|id| format!(" (id {id})"));
    let booked = id.and_then(|id| {
        let labels = attempts.iter().rev().map(|attempt| attempt.class.as_str());
        labels
            .filter_map(|label| label.strip_suffix(&id))
            .find_map(|label| label.parse().ok())
    });
    booked.unwrap_or_else(|| prebooking.request.first.clone())
}

/// The lead in force and its source: `90m`, `90 min (config)`
pub(super) fn lead_words(request: &PrebookRequest, of_box: Option<Duration>) -> Option<String> {
    let by_config = || {
        let span = TimeDelta::from_std(of_box?).unwrap_or(TimeDelta::MAX);
        Some(format!("{} (config)", human_age(span)))
    };
    let own = request.lead.as_ref().map(ToString::to_string);
    own.or_else(by_config)
}

/// What a prebooking or a weekly rule was given beside its first choice.
pub(super) fn request_notes(
    request: &PrebookRequest,
    opening: Option<Opening>,
    lead_of_box: Option<Duration>,
) -> Vec<String> {
    let alternatives = request.alternatives.iter();
    let mut notes: Vec<String> = alternatives.map(|choice| format!("or {choice}")).collect();
    if request.waitlist {
        notes.push("else the waiting list".into());
    }
    if request.watch {
        notes.push("else watched until it starts".into());
    }
    notes.extend(request.class_id.as_ref().map(|id| format!("class id {id}")));
    notes.extend(request.coach.as_ref().map(|name| format!("coach {name}")));
    if !request.exclude.is_empty() {
        notes.push(format!("without {}", request.exclude.join(", ")));
    }
    let lead = lead_words(request, lead_of_box);
    notes.extend(lead.map(|lead| format!("at least {lead} before it starts")));
    if request.once_a_day {
        notes.push("only if no other class is booked that day".into());
    }
    let family = request.family.as_ref();
    notes.extend(family.map(|id| format!("for family member {id}")));
    notes.extend(opening.map(|opening| format!("opening rule {opening}")));
    notes
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (stored, request) = (&self.prebooking, &self.prebooking.request);
        let mut object = to.serialize_struct("Prebooking", 23)?;
        object.serialize_field("id", &stored.id)?;
        object.serialize_field("rule", &stored.rule.map(PrebookId::Rule))?;
        object.serialize_field("account", &request.account)?;
        object.serialize_field("box", &request.gym)?;
        object.serialize_field("day", &stored.day)?;
        request_fields(request, &mut object)?;
        object.serialize_field("class_id", &request.class_id)?;
        object.serialize_field("opens", &self.opening.map(|opening| opening.to_string()))?;
        object.serialize_field("opens_at", &self.opens_at().map(|at| rfc3339(at, "%:z")))?;
        object.serialize_field("status", &stored.progress)?;
        object.serialize_field("attempts", &stored.attempts)?;
        object.serialize_field("message", &stored.message)?;
        object.serialize_field("reservation_id", &stored.reservation)?;
        if let Some(attempts) = &self.history {
            let attempts = attempts.iter().map(|attempt| {
                let sent_at = attempt.sent_at.with_timezone(&self.zone);
                json!({
                    "sent_at": rfc3339(sent_at, "%.3f%:z"),
                    "class": attempt.class,
                    "outcome": attempt.outcome,
                    "book_state": attempt.book_state,
                    "message": attempt.message,
                    "clock_offset_ms": attempt.clock_offset_ms,
                    "lateness_ms": attempt.lateness_ms,
                })
            });
            let attempts: Vec<_> = attempts.collect();
            object.serialize_field("history", &attempts)?;
        }
        object.end()
    }
}

impl Serialize for ShownRule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (rule, request) = (&self.rule, &self.rule.request);
        let mut object = to.serialize_struct("Rule", 16)?;
        object.serialize_field("id", &PrebookId::Rule(rule.id))?;
        object.serialize_field("account", &request.account)?;
        object.serialize_field("box", &request.gym)?;
        object.serialize_field("weekdays", &weekday_names(rule.weekdays))?;
        request_fields(request, &mut object)?;
        object.serialize_field("until", &rule.until)?;
        object.serialize_field("opens", &self.opening.map(|opening| opening.to_string()))?;
        object.end()
    }
}

/// What prebookings and rules have in common.
fn request_fields<S: SerializeStruct>(
    request: &PrebookRequest,
    object: &mut S,
) -> Result<(), S::Error> {
    let Choice { start, class } = &request.first;
    object.serialize_field("start", &start.format("%H:%M").to_string())?;
    object.serialize_field("class", class)?;
    object.serialize_field("alternatives", &request.alternatives)?;
    object.serialize_field("family", &request.family)?;
    object.serialize_field("waitlist", &request.waitlist)?;
    object.serialize_field("watch", &request.watch)?;
    object.serialize_field("coach", &request.coach)?;
    object.serialize_field("exclude", &request.exclude)?;
    object.serialize_field("lead", &request.lead)?;
    object.serialize_field("once_a_day", &request.once_a_day)
}

/// RFC 3339 with this ending after the seconds.
pub(super) fn rfc3339(at: DateTime<Tz>, ending: &str) -> String {
    at.format(&format!("%Y-%m-%dT%H:%M:%S{ending}")).to_string()
}

/// Prebookings as a table for each account and box.
pub(super) fn prebooking_lines(
    shown: &[Shown],
    now: DateTime<Utc>,
    style: &OutputStyle,
) -> Vec<String> {
    let entries = shown.iter().map(|shown| {
        let (stored, request) = (&shown.prebooking, &shown.prebooking.request);
        let (state, colour) = shown.state(now);
        Entry {
            request,
            zone: shown.zone,
            cells: vec![
                plain(stored.id.to_string()),
                plain(table_day(stored.day, shown.zone, now)),
                plain(request.first.start.format("%H:%M").to_string()),
                plain(request.first.class.as_deref().unwrap_or("any class")),
                cell(state, colour),
            ],
            notes: shown.notes(now),
        }
    });
    let mut lines = group_lines(entries.collect(), now, style);
    let is_unknown = |shown: &&Shown| {
        shown.opens_at().is_none() && shown.prebooking.progress == Progress::Pending
    };
    if let Some(shown) = shown.iter().find(is_unknown) {
        let gym = &shown.prebooking.request.gym;
        let note = format!(
            "if the opening is unknown, every run tries once; to set it, for example: `aimharder boxes set {gym} --opens 4d`"
        );
        lines.push(String::new());
        lines.extend(style.paragraph(&note, 0, Style::Plain));
    }
    lines
}

/// Weekly rules as a table for each account and box.
pub(super) fn rule_lines(
    rules: &[ShownRule],
    now: DateTime<Utc>,
    style: &OutputStyle,
) -> Vec<String> {
    let entries = rules.iter().map(|shown| {
        let (rule, request) = (&shown.rule, &shown.rule.request);
        Entry {
            request,
            zone: shown.zone,
            cells: vec![
                plain(PrebookId::Rule(rule.id).to_string()),
                plain(weekday_names(rule.weekdays).join(",")),
                plain(request.first.start.format("%H:%M").to_string()),
                plain(request.first.class.as_deref().unwrap_or("any class")),
                cell(shown.end(now), Style::Faint),
            ],
            notes: request_notes(request, shown.opening, shown.lead),
        }
    });
    group_lines(entries.collect(), now, style)
}

impl ShownRule {
    fn end(&self, now: DateTime<Utc>) -> String {
        let Some(until) = self.rule.until else {
            return String::new();
        };
        let day = short_day(until, self.zone, now);
        if until < now.with_timezone(&self.zone).date_naive() {
            format!("over since {day}")
        } else {
            format!("until {day}")
        }
    }
}

/// A line of a table and the notes below it.
struct Entry<'e> {
    request: &'e PrebookRequest,
    zone: Tz,
    cells: Vec<Cell>,
    notes: Vec<String>,
}

/// Times are in the box's zone, which the heading names if this machine's clock shows another time.
fn group_lines(
    mut entries: Vec<Entry<'_>>,
    now: DateTime<Utc>,
    style: &OutputStyle,
) -> Vec<String> {
    let place = |entry: &Entry<'_>| (entry.request.account.clone(), entry.request.gym.clone());
    entries.sort_by_key(place);
    let mut lines = Vec::new();
    for group in entries.chunk_by(|a, b| place(a) == place(b)) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        if let Some(Entry { request, zone, .. }) = group.first() {
            let mut heading = format!("{}, {}", request.account, request.gym);
            if !clock::is_local(*zone, now) {
                heading = format!("{heading} (times in {})", zone.name());
            }
            lines.push(style.paint(&heading, Style::Heading).into_owned());
        }
        let rows: Vec<Vec<Cell>> = group.iter().map(|entry| entry.cells.clone()).collect();
        let ids = rows.iter().filter_map(|row| row.first());
        let margin = 4 + ids.map(|id| id.text.width()).max().unwrap_or_default();
        let table = style.lines(&rows, 2, &[shrink(3, 8), shrink(4, 12)]);
        for (line, entry) in table.into_iter().zip(group) {
            lines.push(line);
            lines.extend(style.paragraph(&entry.notes.join("; "), margin, Style::Faint));
        }
    }
    lines
}
