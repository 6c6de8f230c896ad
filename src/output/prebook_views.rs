//! One prebooking, one rule, one request, one booking: as scripts read them, and in words.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::model::account::Account;
use crate::model::instant::{
    hours_minutes, instant, instant_millis, maybe_hours_minutes, maybe_instant,
};
use crate::model::opening::Opening;
use crate::model::prebooking::{Choice, PrebookId, Prebooking, Progress};
use crate::model::time::human_age;
use crate::model::weekly::Weekdays;
use crate::model::zone::resolve;
use crate::store::Shot;
use crate::ui::table::Style;

/// A prebooking, with the opening rule in force and its instant.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PrebookingView {
    pub id: i64,
    pub rule: Option<PrebookId>,
    pub account: Account,
    #[serde(rename = "box")]
    pub gym: String,
    pub day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    pub class: Option<String>,
    pub alternatives: Vec<Choice>,
    pub family: Option<String>,
    pub waitlist: bool,
    pub watch: bool,
    pub opens: Option<String>,
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    pub status: Progress,
    pub attempts: i64,
    pub message: Option<String>,
    pub reservation_id: Option<String>,
    /// only where it was asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<ShotView>>,
    #[serde(skip)]
    pub zone: Tz,
    /// the day of the opening is known, its hour is guessed
    #[serde(skip)]
    pub guess: bool,
}

/// One booking request and what came back.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ShotView {
    #[serde(serialize_with = "instant_millis")]
    pub sent_at: DateTime<Tz>,
    pub class: String,
    pub outcome: String,
    pub book_state: Option<i64>,
    pub message: Option<String>,
    pub clock_offset_ms: Option<f64>,
    pub lateness_ms: Option<f64>,
}

/// A weekly rule, with the opening rule in force.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RuleView {
    pub id: PrebookId,
    pub account: Account,
    #[serde(rename = "box")]
    pub gym: String,
    pub weekdays: Weekdays,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    pub class: Option<String>,
    pub alternatives: Vec<Choice>,
    pub family: Option<String>,
    pub waitlist: bool,
    pub watch: bool,
    pub until: Option<NaiveDate>,
    pub opens: Option<String>,
    #[serde(skip)]
    pub zone: Tz,
}

/// A booking that the store knows of, in the shape of `bookings`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StandingView {
    /// of the prebooking
    pub id: i64,
    pub account: Account,
    pub day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub end: Option<NaiveTime>,
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    pub name: Option<String>,
    #[serde(rename = "box")]
    pub gym: String,
    pub reservation_id: Option<String>,
    pub state: Progress,
}

impl PrebookingView {
    /// A stored prebooking in its box's zone, seen with the box's opening rule.
    pub(crate) fn of(stored: Prebooking, zone: Tz, of_box: Option<Opening>) -> Self {
        let opening = stored.request.opening(of_box);
        Self {
            opens: opening.map(|opening| opening.to_string()),
            opens_at: stored.opens_at(of_box, zone),
            guess: opening.is_some_and(|opening| opening.guess),
            id: stored.id,
            rule: stored.rule.map(PrebookId::Rule),
            account: stored.request.account,
            gym: stored.request.gym,
            day: stored.day,
            start: stored.request.first.start,
            class: stored.request.first.class,
            alternatives: stored.request.alternatives,
            family: stored.request.family,
            waitlist: stored.request.waitlist,
            watch: stored.request.watch,
            status: stored.progress,
            attempts: stored.attempts,
            message: stored.message,
            reservation_id: stored.reservation,
            history: None,
            zone,
        }
    }

    /// Add its history.
    pub(crate) fn tell(&mut self, shots: Vec<Shot>) {
        let shots = shots.into_iter().map(|shot| ShotView {
            sent_at: shot.sent_at.with_timezone(&self.zone),
            class: shot.class,
            outcome: shot.outcome,
            book_state: shot.book_state,
            message: shot.message,
            clock_offset_ms: shot.clock_offset_ms,
            lateness_ms: shot.lateness_ms,
        });
        self.history = Some(shots.collect());
    }

    pub(crate) fn starts_at(&self) -> DateTime<Tz> {
        resolve(self.zone, self.day.and_time(self.start))
    }

    /// Where it stands, in words.
    pub(super) fn state_words(&self, now: DateTime<Utc>) -> (String, Style) {
        let words = |words: &str, tone| (words.to_owned(), tone);
        match self.status {
            Progress::Pending => self.waiting_words(now),
            Progress::Executing => words("being booked", Style::Mine),
            Progress::Booked => words("booked", Style::Good),
            Progress::Waitlisted => words("on the waiting list", Style::Mine),
            Progress::Failed => words("failed", Style::Bad),
            Progress::Expired => words("class has started", Style::Bad),
            Progress::Cancelled => words("cancelled: place on the waiting list lost", Style::Bad),
        }
    }

    fn waiting_words(&self, now: DateTime<Utc>) -> (String, Style) {
        if self.starts_at() <= now {
            return ("class has started".into(), Style::Bad);
        }
        let Some(opens) = self.opens_at else {
            return ("opening unknown".into(), Style::Faint);
        };
        let about = if self.guess { "about " } else { "" };
        let at = moment(opens, now);
        if opens <= now {
            (format!("open since {about}{at}"), Style::Good)
        } else {
            (format!("opens {about}{at}"), Style::Plain)
        }
    }

    /// What else there is to say, in pieces. What a rule says is told with the rule.
    pub(super) fn notes(&self, now: DateTime<Utc>) -> Vec<String> {
        let mut notes = match self.rule {
            Some(rule) => vec![format!("rule {rule}")],
            None => wish_notes(
                &self.alternatives,
                self.waitlist,
                self.watch,
                self.family.as_deref(),
            ),
        };
        if self.rule.is_none() {
            notes.extend(
                self.opens
                    .as_ref()
                    .map(|opens| format!("opening rule {opens}")),
            );
        }
        notes.extend(
            self.reservation_id
                .as_ref()
                .map(|id| format!("reservation {id}")),
        );
        notes.extend(self.message.clone());
        let last = self.history.as_ref().and_then(|shots| shots.last());
        notes.extend(last.map(|shot| shot.words(now)));
        notes
    }
}

impl RuleView {
    /// `18:30 WOD`
    pub(super) fn wanted(&self) -> String {
        let class = self.class.as_ref();
        let class = class.map_or_else(String::new, |class| format!(" {class}"));
        format!("{}{class}", self.start.format("%H:%M"))
    }
}

impl ShotView {
    fn words(&self, now: DateTime<Utc>) -> String {
        let mut words = format!(
            "last request {}{} for {}: {}",
            moment(self.sent_at, now),
            self.sent_at.format(":%S%.3f"),
            self.class,
            self.outcome.replace('_', " ")
        );
        if let Some(late) = self.lateness_ms {
            let side = if late < 0.0 { "before" } else { "after" };
            let span = span_words(late.abs() / 1000.0);
            words = format!("{words}, {span} {side} the opening");
        }
        if let Some(offset) = self.clock_offset_ms {
            words = format!("{words}, server's clock {offset:+.1} ms");
        }
        words
    }
}

/// `3.2 ms`, `4.0 s`, `2 h 5 min`
fn span_words(seconds: f64) -> String {
    if seconds < 1.0 {
        return format!("{:.1} ms", seconds * 1000.0);
    }
    let span = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    match TimeDelta::from_std(span) {
        Ok(span) if span >= TimeDelta::minutes(1) => human_age(span),
        _ => format!("{seconds:.1} s"),
    }
}

/// What a prebooking and a rule may both say.
pub(super) fn wish_notes(
    alternatives: &[Choice],
    waitlist: bool,
    watch: bool,
    family: Option<&str>,
) -> Vec<String> {
    let mut notes: Vec<String> = alternatives
        .iter()
        .map(|choice| format!("or {choice}"))
        .collect();
    if waitlist {
        notes.push("else the waiting list".into());
    }
    if watch {
        notes.push("else watched until it starts".into());
    }
    notes.extend(family.map(|id| format!("for family member {id}")));
    notes
}

/// `Fri 20 Nov 18:30`, with the year when it is another one.
pub(crate) fn moment(at: DateTime<Tz>, now: DateTime<Utc>) -> String {
    format!(
        "{} {}",
        short_day(at.date_naive(), at.timezone(), now),
        at.format("%H:%M")
    )
}

/// `Fri 20 Nov`, with the year when it is another one.
pub(crate) fn short_day(day: NaiveDate, zone: Tz, now: DateTime<Utc>) -> String {
    let this_year = now.with_timezone(&zone).format("%Y").to_string();
    let year = day.format("%Y").to_string();
    let form = if year == this_year {
        "%a %-d %b"
    } else {
        "%a %-d %b %Y"
    };
    day.format(form).to_string()
}
