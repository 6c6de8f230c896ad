//! What a human view is written on: colour, width, aligned tables.

use std::io::{self, Write};

use anstyle::{AnsiColor, Color, Style};
use unicode_width::UnicodeWidthStr;

use crate::text::{fit, pad};

/// How the page looks. Colour is never the only sign of anything.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// only on a terminal that wants it
    pub colour: bool,
    /// columns; unlimited off a terminal
    pub width: Option<usize>,
}

/// What a piece of text means, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Heading,
    Good,
    Mine,
    Bad,
    Faint,
}

/// One cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    pub text: String,
    pub tone: Tone,
}

pub(super) fn cell(text: impl Into<String>, tone: Tone) -> Cell {
    Cell {
        text: text.into(),
        tone,
    }
}

pub(super) fn plain(text: impl Into<String>) -> Cell {
    cell(text, Tone::Plain)
}

/// A column that may be cut, and how far: 0 = until it is gone.
#[derive(Debug, Clone, Copy)]
pub struct Give {
    pub column: usize,
    pub least: usize,
}

pub(super) const fn give(column: usize, least: usize) -> Give {
    Give { column, least }
}

/// Fewer columns than this tell nothing.
const UNREADABLE: usize = 5;

impl Page {
    /// The page for a result: `terminal` says whether somebody reads it there. NO_COLOR, TERM and COLUMNS are heeded.
    pub fn of_terminal(terminal: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let columns = || {
            let told = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
            told.or_else(|| {
                rustix::termios::tcgetwinsize(io::stdout())
                    .ok()
                    .map(|size| usize::from(size.ws_col))
            })
            .filter(|columns| *columns >= 20)
        };
        Self {
            colour: terminal && !set("NO_COLOR") && !dumb,
            width: if terminal { columns() } else { None },
        }
    }

    /// The text in the colour of its meaning, or as it is where there is no colour.
    pub fn paint(&self, text: &str, tone: Tone) -> String {
        let style = match tone {
            _ if !self.colour => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Heading => Style::new().bold(),
            Tone::Good => colour(AnsiColor::Green),
            Tone::Mine => colour(AnsiColor::Cyan).bold(),
            Tone::Bad => colour(AnsiColor::Red),
            Tone::Faint => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }

    /// Rows in aligned columns, a line each. Where they are too wide for the page, columns give way in the order of
    /// `give`, each down to its least width; one that gets less than it needs to be understood is left out.
    pub fn lines(&self, rows: &[Vec<Cell>], indent: usize, give: &[Give]) -> Vec<String> {
        let widths = self.widths(rows, indent, give);
        rows.iter()
            .map(|row| self.line(row, indent, &widths))
            .collect()
    }

    /// Whether rows are not too wide.
    pub fn holds(&self, rows: &[Vec<Cell>], indent: usize) -> bool {
        let widths = self.widths(rows, indent, &[]);
        self.width.is_none_or(|page| total(&widths, indent) <= page)
    }

    /// The lines of [`Page::lines`], written.
    pub fn table(
        &self,
        rows: &[Vec<Cell>],
        indent: usize,
        give: &[Give],
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let lines = self.lines(rows, indent, give);
        lines.iter().try_for_each(|line| writeln!(to, "{line}"))
    }

    fn line(&self, row: &[Cell], indent: usize, widths: &[usize]) -> String {
        let mut line = " ".repeat(indent);
        let shown = row.iter().zip(widths).filter(|(_, width)| **width > 0);
        let cells: Vec<(String, usize, Tone)> = shown
            .map(|(cell, width)| (fit(&cell.text, *width), *width, cell.tone))
            .collect();
        let end = cells.iter().rposition(|(text, ..)| !text.is_empty());
        for (n, (text, width, tone)) in cells.iter().enumerate() {
            if Some(n) >= end {
                line.push_str(&self.paint(text, *tone));
                break;
            }
            line.push_str(&self.paint(&pad(text, width + 2), *tone));
        }
        line
    }

    fn widths(&self, rows: &[Vec<Cell>], indent: usize, give: &[Give]) -> Vec<usize> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut widths = vec![0; columns];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.width().max(*width);
            }
        }
        let Some(page) = self.width else {
            return widths;
        };
        for give in give {
            let over = total(&widths, indent).saturating_sub(page);
            if let Some(width) = widths.get_mut(give.column).filter(|_| over > 0) {
                let left = width.saturating_sub(over);
                *width = match give.least {
                    0 if left < UNREADABLE => 0,
                    least => left.max(least.min(*width)),
                };
            }
        }
        widths
    }
}

/// Columns of a line: two lie between cells, and one of no width is not there.
fn total(widths: &[usize], indent: usize) -> usize {
    let shown = widths.iter().filter(|width| **width > 0).count();
    indent + widths.iter().sum::<usize>() + 2 * shown.saturating_sub(1)
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}
