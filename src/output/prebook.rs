//! What `prebook add|list|rules|remove|skip` show. For people: by account and box, one line each
//! and what else there is to say below it; times in the box's zone, which is named when this
//! machine's clock shows another time.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::prebook_views::{PrebookingView, RuleView, StandingView, short_day, wish_notes};
use super::sheet::{Entry, Place, groups};
use crate::model::account::Account;
use crate::model::prebooking::{PrebookId, Progress};
use crate::model::weekly::Skip;
use crate::ui::Output;
use crate::ui::table::{OutputStyle, Style, cell, plain};

/// `prebook list`
#[derive(Debug, Serialize)]
pub(crate) struct PrebookListView {
    pub prebookings: Vec<PrebookingView>,
    #[serde(skip)]
    pub all: bool,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

impl Output for PrebookListView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        match (self.prebookings.is_empty(), self.all) {
            (true, true) => writeln!(to, "no prebookings"),
            (true, false) => writeln!(
                to,
                "no prebookings wait; add one: aimharder prebook add --day mon --time 18:30"
            ),
            (false, _) => prebookings(&self.prebookings, self.now, style, to),
        }
    }
}

/// `prebook add`
#[derive(Debug, Serialize)]
pub(crate) struct PrebookedView {
    pub prebookings: Vec<PrebookingView>,
    /// of a weekly rule
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<RuleView>>,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

impl Output for PrebookedView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        for rule in self.rules.iter().flatten() {
            let mut words = vec![format!(
                "rule {} stored: every {} at {}",
                rule.id,
                rule.weekdays,
                rule.wanted()
            )];
            words.extend(rule_notes(rule));
            words.extend(rule.until.map(|day| format!("until {day}")));
            for line in style.wrap(&words, 0) {
                writeln!(to, "{line}")?;
            }
            if self.prebookings.is_empty() {
                writeln!(to, "no class of it is due yet")?;
            }
        }
        prebookings(&self.prebookings, self.now, style, to)
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}

/// `prebook rules`
#[derive(Debug, Serialize)]
pub(crate) struct RulesView {
    pub rules: Vec<RuleView>,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

impl Output for RulesView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.rules.is_empty() {
            return writeln!(
                to,
                "no weekly rules; add one: aimharder prebook add --weekly mon,wed --time 18:30"
            );
        }
        let entries = self.rules.iter().map(|rule| Entry {
            place: Place::new(&rule.account, &rule.gym, rule.zone),
            cells: vec![
                plain(rule.id.to_string()),
                plain(rule.weekdays.to_string()),
                plain(rule.start.format("%H:%M").to_string()),
                plain(rule.class.as_deref().unwrap_or("any class")),
                cell(self.end(rule), Style::Faint),
            ],
            notes: rule_notes(rule),
        });
        groups(entries.collect(), self.now, style, to)
    }
}

impl RulesView {
    fn end(&self, rule: &RuleView) -> String {
        let Some(until) = rule.until else {
            return String::new();
        };
        let over = until < self.now.with_timezone(&rule.zone).date_naive();
        let day = short_day(until, rule.zone, self.now);
        if over {
            format!("over since {day}")
        } else {
            format!("until {day}")
        }
    }
}

fn rule_notes(rule: &RuleView) -> Vec<String> {
    let mut notes = wish_notes(
        &rule.alternatives,
        rule.waitlist,
        rule.watch,
        rule.family.as_deref(),
    );
    notes.extend(
        rule.opens
            .as_ref()
            .map(|opens| format!("opening rule {opens}")),
    );
    notes
}

/// `prebook remove`
#[derive(Debug, Serialize)]
pub(crate) struct RemovedView {
    pub removed: Vec<PrebookId>,
    #[serde(skip)]
    pub prebookings: Vec<PrebookingView>,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

impl Output for RemovedView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        for id in &self.removed {
            if let PrebookId::Rule(_) = id {
                writeln!(to, "removed rule {id}")?;
            }
        }
        for gone in &self.prebookings {
            writeln!(to, "removed {}", line(gone, self.now))?;
            if matches!(gone.status, Progress::Booked | Progress::Waitlisted) {
                let words = stands(gone.reservation_id.as_deref(), &gone.account);
                writeln!(to, "  {}", style.paint(&words, Style::Mine))?;
            }
        }
        Ok(())
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}

/// `prebook skip`
#[derive(Debug, Serialize)]
pub(crate) struct SkipsView {
    pub skips: Vec<Skip>,
    /// in the store, on these days: left alone
    pub bookings: Vec<StandingView>,
    /// occurrences of rules that were taken back
    #[serde(serialize_with = "ids")]
    pub removed: Vec<PrebookingView>,
    /// days were left out or taken back, not only listed
    #[serde(skip)]
    pub changed: bool,
    #[serde(skip)]
    pub account: Account,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

fn ids<S: serde::Serializer>(views: &[PrebookingView], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(views.iter().map(|view| view.id))
}

impl Output for SkipsView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.skips.is_empty() {
            writeln!(to, "{}: rules book on every day", self.account)?;
        } else {
            writeln!(to, "{}: rules book nothing on", self.account)?;
        }
        for skip in &self.skips {
            let day = |day: chrono::NaiveDate| day.format("%a %-d %b %Y").to_string();
            if skip.from == skip.to {
                writeln!(to, "  {}", day(skip.from))?;
            } else {
                writeln!(to, "  {} – {}", day(skip.from), day(skip.to))?;
            }
        }
        for gone in &self.removed {
            writeln!(to, "taken back: #{}", line(gone, self.now))?;
        }
        for booking in &self.bookings {
            let state = match booking.state {
                Progress::Waitlisted => "on the waiting list",
                _ => "booked",
            };
            let words = format!(
                "still {state}: {} {} {}, {}",
                short_day(booking.day, booking.starts_at.timezone(), self.now),
                booking.start.format("%H:%M"),
                booking.name.as_deref().unwrap_or("class"),
                booking.gym,
            );
            writeln!(to, "{}", style.paint(&words, Style::Mine))?;
            writeln!(
                to,
                "  {}",
                stands(booking.reservation_id.as_deref(), &booking.account)
            )?;
        }
        Ok(())
    }

    fn has_side_effects(&self) -> bool {
        self.changed
    }
}

/// `7: Mon 23 Nov 18:30 WOD, crossfitdemo`
fn line(view: &PrebookingView, now: DateTime<Utc>) -> String {
    format!(
        "{}: {} {} {}, {}",
        view.id,
        short_day(view.day, view.zone, now),
        view.start.format("%H:%M"),
        view.class.as_deref().unwrap_or("any class"),
        view.gym,
    )
}

fn stands(reservation: Option<&str>, account: &Account) -> String {
    let which = reservation.map_or_else(
        || "aimharder bookings".to_owned(),
        |id| format!("aimharder cancel --reservation {id} --account {account}"),
    );
    format!("the booking stands; see or cancel it with: {which}")
}

fn prebookings(
    views: &[PrebookingView],
    now: DateTime<Utc>,
    style: &OutputStyle,
    to: &mut dyn Write,
) -> io::Result<()> {
    let entries = views.iter().map(|view| {
        let (words, tone) = view.state_words(now);
        Entry {
            place: Place::new(&view.account, &view.gym, view.zone),
            cells: vec![
                plain(view.id.to_string()),
                plain(short_day(view.day, view.zone, now)),
                plain(view.start.format("%H:%M").to_string()),
                plain(view.class.as_deref().unwrap_or("any class")),
                cell(words, tone),
            ],
            notes: view.notes(now),
        }
    });
    groups(entries.collect(), now, style, to)?;
    let unknown =
        |view: &&PrebookingView| view.opens_at.is_none() && view.status == Progress::Pending;
    match views.iter().find(unknown) {
        Some(view) => writeln!(
            to,
            "\nWhere the opening is unknown every run tries once; tell it with, for example:\n  aimharder boxes set {} --opens 4d",
            view.gym
        ),
        None => Ok(()),
    }
}
