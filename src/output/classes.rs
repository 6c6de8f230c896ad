//! The class list, as people like to read it: by day, aligned, places free at a glance, mine
//! marked, state in words.

use std::io::{self, Write};

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;

use super::SessionRef;
use crate::model::class::{Class, ClassState};
use crate::ui::Output;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, plain, shrink};

#[derive(Debug, Serialize)]
pub(crate) struct ClassesView {
    #[serde(rename = "box")]
    pub gym: String,
    pub timezone: String,
    pub session: SessionRef,
    /// Whether a response has shown that the login works, so that missing bookings are really missing.
    pub login_verified: bool,
    pub classes: Vec<Class>,
    /// the days asked for, so that an empty one is shown as such
    #[serde(skip)]
    pub days: Vec<NaiveDate>,
    /// a filter was given: days without a hit are not worth a line
    #[serde(skip)]
    pub filtered: bool,
}

impl Output for ClassesView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let with_id = style.width.is_none_or(|width| width >= WIDE);
        // one table, so that the days of a week stand below each other
        let rows: Vec<Vec<Cell>> = self
            .classes
            .iter()
            .map(|class| row(class, with_id))
            .collect();
        let lines = style.lines(&rows, 2, &SHRINK);
        let mut shown = 0;
        for day in &self.days {
            let of_day = self
                .classes
                .iter()
                .zip(&lines)
                .filter(|(class, _)| class.day == *day);
            let of_day: Vec<&String> = of_day.map(|(_, line)| line).collect();
            if of_day.is_empty() && self.filtered {
                continue;
            }
            if shown > 0 {
                writeln!(to)?;
            }
            shown += 1;
            writeln!(to, "{}", style.paint(&day_heading(*day), Style::Heading))?;
            if of_day.is_empty() {
                writeln!(to, "  no classes published")?;
            }
            of_day.iter().try_for_each(|line| writeln!(to, "{line}"))?;
        }
        if shown == 0 {
            writeln!(to, "no class fits")?;
        }
        Ok(())
    }
}

/// Columns from which on the class's number is shown.
const WIDE: usize = 100;

/// The coach goes first; a class is known by its beginning; then what says least of the rest.
const SHRINK: [ShrinkPriority; 4] = [shrink(4, 0), shrink(1, 8), shrink(2, 5), shrink(3, 10)];

/// `Monday 23 November 2026`
pub(super) fn day_heading(day: NaiveDate) -> String {
    day.format("%A %-d %B %Y").to_string()
}

fn row(class: &Class, with_id: bool) -> Vec<Cell> {
    let end = class
        .end
        .map_or_else(|| "     ".to_owned(), |end| end.format("%H:%M").to_string());
    let (words, tone) = state_words(class);
    vec![
        plain(format!("{}–{end}", class.start.format("%H:%M"))),
        cell(
            &class.name,
            if tone == Style::Mine {
                tone
            } else {
                Style::Plain
            },
        ),
        plain(places(class)),
        cell(words, tone),
        cell(class.coach.clone().unwrap_or_default(), Style::Faint),
        cell(
            if with_id {
                format!("id {}", class.id)
            } else {
                String::new()
            },
            Style::Faint,
        ),
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

fn state_words(class: &Class) -> (String, Style) {
    let free = match (class.occupied, class.capacity) {
        (Some(occupied), Some(capacity)) => Some(capacity.saturating_sub(occupied)),
        _ => None,
    };
    match class.state {
        ClassState::Open => (
            free.map_or_else(|| "open".into(), |n| format!("{n} free")),
            Style::Good,
        ),
        ClassState::Full => ("full".into(), Style::Bad),
        ClassState::Booked => ("* booked".into(), Style::Mine),
        ClassState::Waitlisted => ("* waiting list".into(), Style::Mine),
        ClassState::NotOpen => (opens_words(class.opens_at, class.guess), Style::Faint),
        ClassState::Closed => ("closed".into(), Style::Faint),
        ClassState::Cancelled => ("cancelled".into(), Style::Bad),
        ClassState::Past => ("past".into(), Style::Faint),
    }
}

/// `opens Thu 19 Nov 07:00`; of a guess `opens about …`
pub(super) fn opens_words(at: Option<DateTime<Tz>>, guess: bool) -> String {
    let about = if guess { "about " } else { "" };
    at.map_or_else(
        || "not open yet".into(),
        |at| format!("opens {about}{}", at.format("%a %-d %b %H:%M")),
    )
}
