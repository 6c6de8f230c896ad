//! Tables by account and box: one line each, and what else there is to say below it.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use unicode_width::UnicodeWidthStr;

use crate::clock;
use crate::model::account::Account;
use crate::ui::table::{Cell, OutputStyle, Style, shrink};

/// Whose and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place<'v> {
    account: &'v Account,
    gym: &'v str,
    zone: Tz,
}

impl<'v> Place<'v> {
    pub(super) fn new(account: &'v Account, gym: &'v str, zone: Tz) -> Self {
        Self { account, gym, zone }
    }
}

/// One line of a table, and what is said below it.
pub(super) struct Entry<'v> {
    pub place: Place<'v>,
    pub cells: Vec<Cell>,
    pub notes: Vec<String>,
}

pub(super) fn groups(
    mut entries: Vec<Entry<'_>>,
    now: DateTime<Utc>,
    style: &OutputStyle,
    to: &mut dyn Write,
) -> io::Result<()> {
    entries.sort_by_key(|entry| (entry.place.account, entry.place.gym));
    let same = |a: &Entry<'_>, b: &Entry<'_>| a.place == b.place;
    for (number, group) in entries.chunk_by(same).enumerate() {
        if number > 0 {
            writeln!(to)?;
        }
        if let Some(Entry { place, .. }) = group.first() {
            let mut heading = format!("{}, {}", place.account, place.gym);
            if !clock::is_local(place.zone, now) {
                heading = format!("{heading} (times in {})", place.zone.name());
            }
            writeln!(to, "{}", style.paint(&heading, Style::Heading))?;
        }
        table(group, style, to)?;
    }
    Ok(())
}

/// Aligned lines, each with its notes below.
fn table(entries: &[Entry<'_>], style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Vec<Cell>> = entries.iter().map(|entry| entry.cells.clone()).collect();
    let ids = rows.iter().filter_map(|row| row.first());
    let margin = 4 + ids.map(|id| id.text.width()).max().unwrap_or_default();
    let class = rows.first().map_or(0, |row| row.len().saturating_sub(2));
    let lines = style.lines(&rows, 2, &[shrink(class, 8), shrink(class + 1, 12)]);
    for (line, entry) in lines.iter().zip(entries) {
        writeln!(to, "{line}")?;
        for note in style.wrap(&entry.notes, margin) {
            writeln!(to, "{}", style.paint(&note, Style::Faint))?;
        }
    }
    Ok(())
}
