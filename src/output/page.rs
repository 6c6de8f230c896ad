//! What a human view is written on: colour, width, aligned tables.

use std::io::{self, Write};

use anstyle::{AnsiColor, Color, Style};
use unicode_width::UnicodeWidthStr;

use crate::text::{fit, pad};

/// How the page looks. Colour is never the only sign of anything.
#[derive(Debug, Clone, Copy)]
pub struct Page {
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

impl Page {
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

    /// Rows in aligned columns. When they are too wide for the page, `elastic` (a column) gives way.
    pub fn table(
        &self,
        rows: &[Vec<Cell>],
        indent: usize,
        elastic: usize,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let widths = self.widths(rows, indent, elastic);
        for row in rows {
            write!(to, "{:indent$}", "")?;
            for (column, cell) in row.iter().enumerate() {
                let width = widths.get(column).copied().unwrap_or_default();
                let text = fit(&cell.text, width);
                let last = row.iter().skip(column + 1).all(|rest| rest.text.is_empty());
                let padded = if last { text } else { pad(&text, width + 2) };
                write!(to, "{}", self.paint(&padded, cell.tone))?;
                if last {
                    break;
                }
            }
            writeln!(to)?;
        }
        Ok(())
    }

    fn widths(&self, rows: &[Vec<Cell>], indent: usize, elastic: usize) -> Vec<usize> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut widths = vec![0; columns];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.width().max(*width);
            }
        }
        let total = indent + widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
        if let (Some(page), Some(width)) = (self.width, widths.get_mut(elastic)) {
            *width = width
                .saturating_sub(total.saturating_sub(page))
                .max(8.min(*width));
        }
        widths
    }
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}
