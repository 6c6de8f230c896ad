//! Problems and hints, one after the other, each with its remedy.

use std::io::{self, Write};

use super::{StatusView, Told};
use crate::status::findings::Finding;
use crate::ui::table::{OutputStyle, Style};

/// More than these are for `--json`.
const PROBLEMS: usize = 8;
const HINTS: usize = 4;

/// Alone they are what `--check` says.
pub(super) fn problems(
    view: &StatusView,
    style: &OutputStyle,
    to: &mut dyn Write,
) -> io::Result<()> {
    let problems: Vec<_> = view.problems().collect();
    list((&problems, PROBLEMS), ("problem", Style::Bad), style, to)
}

pub(super) fn hints(view: &StatusView, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
    let hints: Vec<_> = view.hints().collect();
    list((&hints, HINTS), ("hint", Style::Faint), style, to)
}

fn list(
    (findings, most): (&[&Finding], usize),
    (sign, tone): (&str, Style),
    style: &OutputStyle,
    to: &mut dyn Write,
) -> io::Result<()> {
    for finding in findings.iter().take(most) {
        let told = Told::of(finding);
        let indent = sign.len() + 2;
        let mut lines = style.wrap(&[told.message], indent).into_iter();
        let first = lines.next().unwrap_or_default();
        let first = first.trim_start();
        writeln!(to, "{}: {first}", style.paint(sign, tone))?;
        for line in lines.chain(
            told.remedy
                .iter()
                .flat_map(|r| whole_or_wrapped(r, style, indent)),
        ) {
            writeln!(to, "{line}")?;
        }
    }
    match findings.len().checked_sub(most) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(to, "{}: {more} more, see --json", style.paint(sign, tone)),
    }
}

/// A command line stays in one piece, to be copied.
fn whole_or_wrapped(remedy: &str, style: &OutputStyle, indent: usize) -> Vec<String> {
    if remedy.starts_with("run: ") {
        vec![format!("{:indent$}{remedy}", "")]
    } else {
        style.wrap(&[remedy.to_owned()], indent)
    }
}
