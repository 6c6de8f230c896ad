//! The class list, as people like to read it: by day, aligned, places free at a glance, mine
//! marked, state in words.

use std::io::{self, Write};

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;

use super::page::{Cell, Page, Tone, cell, plain};
use super::{SessionRef, View};
use crate::model::class::{Class, ClassState};

#[derive(Debug, Serialize)]
pub struct ClassesView {
    #[serde(rename = "box")]
    pub gym: String,
    pub timezone: String,
    pub session: SessionRef,
    pub classes: Vec<Class>,
    /// the days asked for, so that an empty one is shown as such
    #[serde(skip)]
    pub days: Vec<NaiveDate>,
    /// a filter was given: days without a hit are not worth a line
    #[serde(skip)]
    pub filtered: bool,
}

impl View for ClassesView {
    fn human(&self, page: &Page, to: &mut dyn Write) -> io::Result<()> {
        let mut shown = 0;
        for day in &self.days {
            let rows: Vec<Vec<Cell>> = self
                .classes
                .iter()
                .filter(|c| c.day == *day)
                .map(row)
                .collect();
            if rows.is_empty() && self.filtered {
                continue;
            }
            if shown > 0 {
                writeln!(to)?;
            }
            shown += 1;
            writeln!(to, "{}", page.paint(&day_heading(*day), Tone::Heading))?;
            if rows.is_empty() {
                writeln!(to, "  no classes published")?;
            }
            page.table(&rows, 2, 1, to)?;
        }
        if shown == 0 {
            writeln!(to, "no class fits")?;
        }
        Ok(())
    }
}

/// `Monday 23 November 2026`
pub(super) fn day_heading(day: NaiveDate) -> String {
    day.format("%A %-d %B %Y").to_string()
}

fn row(class: &Class) -> Vec<Cell> {
    let end = class
        .end
        .map_or_else(|| "     ".to_owned(), |end| end.format("%H:%M").to_string());
    let (words, tone) = state_words(class);
    vec![
        plain(format!("{}–{end}", class.start.format("%H:%M"))),
        cell(
            &class.name,
            if tone == Tone::Mine {
                tone
            } else {
                Tone::Plain
            },
        ),
        plain(places(class)),
        cell(words, tone),
        cell(class.coach.clone().unwrap_or_default(), Tone::Faint),
    ]
}

/// `8/12`, right-aligned on its slash, with `+3` people waiting.
fn places(class: &Class) -> String {
    let number = |n: Option<u32>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let waiting = class
        .waiting
        .filter(|n| *n > 0)
        .map_or_else(String::new, |n| format!(" +{n} waiting"));
    match (class.occupied, class.capacity) {
        (None, None) => waiting.trim().to_owned(),
        (occupied, capacity) => format!("{:>2}/{:<2}{waiting}", number(occupied), number(capacity)),
    }
}

fn state_words(class: &Class) -> (String, Tone) {
    let free = match (class.occupied, class.capacity) {
        (Some(occupied), Some(capacity)) => Some(capacity.saturating_sub(occupied)),
        _ => None,
    };
    match class.state {
        ClassState::Open => (
            free.map_or_else(|| "open".into(), |n| format!("{n} free")),
            Tone::Good,
        ),
        ClassState::Full => ("full".into(), Tone::Bad),
        ClassState::Booked => ("* booked".into(), Tone::Mine),
        ClassState::Waitlisted => ("* waiting list".into(), Tone::Mine),
        ClassState::NotOpen => (opens_words(class.opens_at), Tone::Faint),
        ClassState::Closed => ("closed".into(), Tone::Faint),
        ClassState::Cancelled => ("cancelled".into(), Tone::Bad),
        ClassState::Past => ("past".into(), Tone::Faint),
    }
}

/// `opens Thu 19 Nov 07:00`
pub(super) fn opens_words(at: Option<DateTime<Tz>>) -> String {
    at.map_or_else(
        || "not open yet".into(),
        |at| format!("opens {}", at.format("%a %-d %b %H:%M")),
    )
}
