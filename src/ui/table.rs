//! Colours, the terminal's width, aligned columns and wrapped lines.
//!
//! Tables are own code because table crates shrink all columns alike or wrap cells: here columns shrink in an order that each
//! table states ([`ShrinkPriority`]), and the least important ones are left out on a narrow terminal. Off a terminal nothing is
//! cut and nothing is coloured.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::Path;

use anstyle::{AnsiColor, Color, Style as Ansi};

use crate::text::{columns, fit};

/// Spaces between two columns.
const GAP: usize = 2;
/// A column that may be left out is left out below this width.
const MIN_USEFUL_WIDTH: usize = 5;
/// A narrower width is taken for a terminal that does not report its own.
const MIN_TERMINAL_WIDTH: usize = 20;

/// How text is written on one stream.
#[derive(Debug, Clone, Copy)]
pub struct OutputStyle {
    /// Only on a terminal, and not if `NO_COLOR` or `TERM=dumb` is set. Colour is never the only sign of anything.
    pub colour: bool,
    /// Columns of the terminal; `None` off a terminal.
    pub width: Option<usize>,
}

/// The meaning of a piece of text, which has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Heading,
    Good,
    Mine,
    Bad,
    Faint,
}

/// A cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    pub text: String,
    pub style: Style,
}

pub(crate) fn cell(text: impl Into<String>, style: Style) -> Cell {
    Cell {
        text: text.into(),
        style,
    }
}

pub(crate) fn plain(text: impl Into<String>) -> Cell {
    cell(text, Style::Plain)
}

/// The cells of a table's first row.
pub(crate) fn headings<const N: usize>(names: [&str; N]) -> Vec<Cell> {
    names.map(|name| cell(name, Style::Heading)).into()
}

/// A column that shrinks if a table is too wide, and its least width; 0 if it may be left out. A table's priorities are
/// applied in their order.
#[derive(Debug, Clone, Copy)]
pub struct ShrinkPriority {
    pub column: usize,
    pub min_width: usize,
}

pub(crate) const fn shrink(column: usize, min_width: usize) -> ShrinkPriority {
    ShrinkPriority { column, min_width }
}

impl OutputStyle {
    /// No colour, and nothing is cut.
    pub const PLAIN: Self = Self {
        colour: false,
        width: None,
    };

    /// The style for a stream, after `NO_COLOR`, `TERM` and `COLUMNS`.
    pub fn of(stream: &(impl IsTerminal + AsFd)) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb,
            width: terminal_width(stream),
        }
    }

    /// The text in the colour of its meaning.
    pub fn paint<'t>(&self, text: &'t str, style: Style) -> Cow<'t, str> {
        let ansi = match style {
            _ if !self.colour => return text.into(),
            Style::Plain => return text.into(),
            Style::Heading => Ansi::new().bold(),
            Style::Good => colour(AnsiColor::Green),
            Style::Mine => colour(AnsiColor::Cyan).bold(),
            Style::Bad => colour(AnsiColor::Red),
            Style::Faint => Ansi::new().dimmed(),
        };
        format!("{ansi}{text}{ansi:#}").into()
    }

    /// Rows in aligned columns, one line each. Columns of a table that is too wide shrink in the order of `priorities`.
    pub fn lines(
        &self,
        rows: &[Vec<Cell>],
        indent: usize,
        priorities: &[ShrinkPriority],
    ) -> Vec<String> {
        let widths = self.widths(rows, indent, priorities);
        let line = |row: &Vec<Cell>| self.line(row, indent, &widths);
        rows.iter().map(line).collect()
    }

    /// Whether the rows fit as they are.
    pub fn fits(&self, rows: &[Vec<Cell>]) -> bool {
        let needed = total(&natural_widths(rows), 0);
        self.width.is_none_or(|width| needed <= width)
    }

    /// A text on as few lines as it needs, in one style. An empty text has no line.
    pub fn paragraph(&self, text: &str, indent: usize, style: Style) -> Vec<String> {
        if text.is_empty() {
            return Vec::new();
        }
        let lines = wrap_line(&format!("{}{text}", " ".repeat(indent)), self.width);
        let lines = lines
            .iter()
            .map(|line| self.paint(line, style).into_owned());
        lines.collect()
    }

    /// The lines of `state: rest`, with the state in its colour.
    pub fn state(&self, state: &Cell, rest: &str) -> Vec<String> {
        let mut lines = self.paragraph(&format!("{}: {rest}", state.text), 0, Style::Plain);
        if let Some(first) = lines.first_mut() {
            *first = first.replacen(&state.text, &self.paint(&state.text, state.style), 1);
        }
        lines
    }

    fn line(&self, row: &[Cell], indent: usize, widths: &[usize]) -> String {
        let mut line = String::new();
        let mut gap = indent;
        for (cell, width) in row.iter().zip(widths).filter(|(_, width)| **width > 0) {
            let text = fit(&cell.text, *width);
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', gap));
                line.push_str(&self.paint(&text, cell.style));
                gap = 0;
            }
            gap += GAP + width.saturating_sub(columns(&text));
        }
        line
    }

    fn widths(
        &self,
        rows: &[Vec<Cell>],
        indent: usize,
        priorities: &[ShrinkPriority],
    ) -> Vec<usize> {
        let mut widths = natural_widths(rows);
        let Some(available) = self.width else {
            return widths;
        };
        for priority in priorities {
            let excess = total(&widths, indent).saturating_sub(available);
            if let Some(width) = widths.get_mut(priority.column).filter(|_| excess > 0) {
                let left = width.saturating_sub(excess);
                *width = match priority.min_width {
                    0 if left < MIN_USEFUL_WIDTH => 0,
                    min_width => left.max(min_width.min(*width)),
                };
            }
        }
        widths
    }
}

/// Breaks lines at words, so that none is wider than `width` unless a single word or a command in backticks is. Continued
/// lines keep the indent.
pub(crate) fn wrap_text(text: &str, width: Option<usize>) -> Vec<String> {
    text.lines()
        .flat_map(|line| wrap_line(line, width))
        .collect()
}

/// A path as one word of a wrapped line, so that it can be pasted.
pub(crate) fn unbroken(path: &Path) -> String {
    path.display().to_string().replace(' ', "\0")
}

fn wrap_line(line: &str, width: Option<usize>) -> Vec<String> {
    let spaced = |line: String| line.replace('\0', " ");
    if width.is_none_or(|width| columns(line) <= width) {
        return vec![spaced(line.to_owned())];
    }
    let margin = &line[..line.len() - line.trim_start().len()];
    let mut lines: Vec<String> = Vec::new();
    for word in words(line) {
        match lines.last_mut() {
            Some(last) if width.is_none_or(|width| columns(last) + 1 + columns(word) <= width) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(format!("{margin}{word}")),
        }
    }
    lines.into_iter().map(spaced).collect()
}

/// The words of a line. A command in backticks is one word, so that it can be pasted from the terminal.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let has_commands = line.matches('`').count().is_multiple_of(2);
    let mut in_command = false;
    let words = line.split(move |c: char| {
        in_command ^= c == '`' && has_commands;
        c.is_whitespace() && !in_command
    });
    words.filter(|word| !word.is_empty())
}

/// The width of the terminal that a stream leads to, by `COLUMNS` or as the terminal reports it. `None` off a terminal.
pub(crate) fn terminal_width(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let reported = || {
        let size = rustix::termios::tcgetwinsize(stream).ok()?;
        Some(usize::from(size.ws_col))
    };
    columns
        .or_else(reported)
        .filter(|width| *width >= MIN_TERMINAL_WIDTH)
}

fn natural_widths(rows: &[Vec<Cell>]) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths = vec![0; count];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = columns(&cell.text).max(*width);
        }
    }
    widths
}

/// The width of a line, without columns of width 0.
fn total(widths: &[usize], indent: usize) -> usize {
    let shown = widths.iter().filter(|width| **width > 0).count();
    indent + widths.iter().sum::<usize>() + GAP * shown.saturating_sub(1)
}

fn colour(colour: AnsiColor) -> Ansi {
    Ansi::new().fg_color(Some(Color::Ansi(colour)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_only() {
        for (text, width, expected) in [
            ("one two three", None, vec!["one two three"]),
            ("one two three", Some(13), vec!["one two three"]),
            ("one two three", Some(12), vec!["one two", "three"]),
            ("  one two three", Some(9), vec!["  one two", "  three"]),
            ("unbreakable x", Some(5), vec!["unbreakable", "x"]),
            ("a\n  b", Some(20), vec!["a", "  b"]),
            ("see `a b c` now", Some(7), vec!["see", "`a b c`", "now"]),
            ("an odd ` mark", Some(7), vec!["an odd", "` mark"]),
        ] {
            assert_eq!(wrap_text(text, width), expected, "{text} {width:?}");
        }
    }
}
