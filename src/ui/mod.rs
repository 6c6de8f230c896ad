//! How output is written: results on standard output as text or JSON, messages on standard error.
//!
//! A command ends with [`Ui::print`], or with [`Ui::print_outcome`] if it may fail after it has a result. Both take the data
//! of the JSON object and a closure that makes the lines of the text:
//!
//! ```text
//! ui.print(&json!({ "boxes": boxes }), |style| style.lines(&rows(&boxes), 0, &SHRINK))
//! ```
//!
//! `json!` keeps the order of the keys; a path goes into it by `to_string_lossy`, because one that is not UTF-8 is no JSON. A
//! struct that derives `Serialize` is for data that several functions handle. Nothing to report is no line.
//!
//! * `dates` – days and instants
//! * `table` – colours, terminal width, aligned columns, wrapped lines
//! * `progress` – lines that are written again on a terminal
//! * `hints` – global flags in the commands that messages suggest
//! * `usage` – clap's errors on one line

pub(crate) mod dates;
mod hints;
pub(crate) mod progress;
pub(crate) mod table;
mod usage;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use crate::error::{ExitKind, Failure};
use crate::logs::journal_mark;
use crate::signals::{self, ExitMessage};

pub use hints::GivenFlags;
pub use table::OutputStyle;
use table::wrap_text;

const CANNOT_WRITE: &str = "the command succeeded, but its result cannot be written";

/// The number of lines kept for [`Ui::last_lines`].
const MAX_LAST_LINES: usize = 20;

/// syslog levels of the lines on standard error.
const ERROR: u8 = 3;
const WARNING: u8 = 4;
const NOTICE: u8 = 5;

/// Writes results and messages.
#[derive(Debug)]
pub struct Ui {
    json: bool,
    style: OutputStyle,
    interactive: bool,
    flags: GivenFlags,
    /// the first error of [`Ui::print_part`]
    part_error: Option<io::Error>,
    /// The last lines of [`Ui::status`] and [`Ui::print_part`].
    last_lines: Vec<String>,
}

impl Ui {
    /// Writes to standard output, in colour if it is a terminal that supports it. Suggested commands get `flags`.
    pub fn new(json: bool, flags: GivenFlags) -> Self {
        Self {
            json,
            style: OutputStyle::of(&io::stdout()),
            interactive: io::stderr().is_terminal(),
            flags,
            part_error: None,
            last_lines: Vec::new(),
        }
    }

    /// Whether the result is printed as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether standard error is a terminal. Problems are then reported at every run.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Writes a line for people on standard error, beside the result.
    pub fn status(&mut self, line: &str) {
        let line = self.flags.complete(line);
        message(WARNING, &line);
        self.keep_line(line);
    }

    /// The last lines reported so far, without colours. What [`Ui::print_outcome`] writes is not among them.
    pub fn last_lines(&self) -> &[String] {
        &self.last_lines
    }

    fn keep_line(&mut self, line: String) {
        self.last_lines.push(line);
        let excess = self.last_lines.len().saturating_sub(MAX_LAST_LINES);
        self.last_lines.drain(..excess);
    }

    /// Writes clap's help and version on standard output, and its errors like every other error.
    pub fn clap(&mut self, message: &clap::Error) -> ExitCode {
        if message.use_stderr() {
            let words = usage::one_line(&message.render().to_string());
            return self.fail(Failure::usage(words));
        }
        let text = if self.style.colour {
            message.render().ansi().to_string()
        } else {
            message.render().to_string()
        };
        match write_whole(&text) {
            Err(e) if e.kind() != ErrorKind::BrokenPipe => {
                let why = crate::text::why(&e);
                self.fail(Failure::new(
                    ExitKind::Internal,
                    format!("{CANNOT_WRITE}: {why}"),
                ))
            }
            _ => ExitCode::SUCCESS,
        }
    }

    /// Prints the result of a command that succeeded.
    ///
    /// # Errors
    /// That of the writer. A closed pipe is none.
    pub fn print(
        &mut self,
        data: &impl Serialize,
        text: impl FnOnce(&OutputStyle) -> Vec<String>,
    ) -> Result<()> {
        self.print_outcome(data, None, text)
    }

    /// Prints a result, which is a success without a `failure`.
    ///
    /// # Errors
    /// The failure, or that of the writer. A closed pipe is none.
    pub fn print_outcome(
        &mut self,
        data: &impl Serialize,
        failure: Option<Failure>,
        text: impl FnOnce(&OutputStyle) -> Vec<String>,
    ) -> Result<()> {
        let failure = match signals::begin_final_output(self.json) {
            None => failure,
            Some(_) => Some(Failure {
                reported: !self.json,
                ..interrupted(failure)
            }),
        };
        let failure = failure.map(|failure| self.completed(failure));
        let written = if self.json {
            self.write_json(data, failure.as_ref())
        } else {
            self.write_lines(text(&self.style))
        };
        let written = self.part_error.take().map_or(written, Err);
        let write_error = written.err().filter(|e| e.kind() != ErrorKind::BrokenPipe);
        match (failure, write_error) {
            (None, None) => Ok(()),
            (None, Some(e)) => Err(anyhow::Error::new(e).context(CANNOT_WRITE)),
            // the outcome matters more than the error of the writer
            (Some(failure), write_error) => Err(Failure {
                shown: true,
                reported: failure.reported && write_error.is_none(),
                ..failure
            }
            .into()),
        }
    }

    /// Prints a part of a text result before the whole is known. Does nothing with `--json`. An error of the writer is
    /// reported by [`Ui::print_outcome`].
    pub fn print_part(&mut self, text: impl Fn(&OutputStyle) -> Vec<String>) {
        for line in text(&OutputStyle::PLAIN) {
            self.keep_line(line);
        }
        if self.json {
            return;
        }
        if let Err(e) = self.write_lines(text(&self.style)) {
            self.part_error.get_or_insert(e);
        }
    }

    /// Reports the error that ended a command: a line on standard error and, with `--json`, a bare error object unless the
    /// outcome's own object is already printed. Returns the exit code.
    pub fn fail(&mut self, mut failure: Failure) -> ExitCode {
        if !failure.shown
            && signals::begin_final_output(self.json).is_some()
            && failure.kind != ExitKind::Interrupted
        {
            failure = interrupted(Some(failure));
        }
        let failure = self.completed(failure);
        if self.json && !failure.shown {
            // an error of the writer would only hide the error that is being reported
            let _ = self.write_json(&json!({}), Some(&failure));
        }
        if !failure.reported {
            message(ERROR, &format!("error: {}", failure.message));
        }
        ExitCode::from(failure.code())
    }

    /// With `--json`: what is printed if a signal ends the program before there is a result.
    pub fn interrupted() -> ExitMessage {
        Box::new(|_| {
            let words = "interrupted before there was a result; nothing is half done";
            let failure = Failure::new(ExitKind::Interrupted, words);
            Self::print_last(&json!({}), &failure);
        })
    }

    /// With `--json`: prints a result that a signal has cut short.
    pub(crate) fn print_interrupted(data: &impl Serialize) {
        Self::print_last(data, &interrupted(None));
    }

    fn print_last(data: &impl Serialize, failure: &Failure) {
        // the program ends now: an error of the writer cannot be reported
        let _ = Self::new(true, GivenFlags::default()).write_json(data, Some(failure));
        message(ERROR, &format!("error: {}", failure.message));
    }

    fn completed(&self, mut failure: Failure) -> Failure {
        failure.message = self.flags.complete(&failure.message);
        failure
    }

    /// Writes the lines of a text. A line break is added to those that have none.
    fn write_lines(&self, lines: Vec<String>) -> io::Result<()> {
        let mut text = String::new();
        for line in lines {
            text.push_str(&line);
            if !line.ends_with('\n') {
                text.push('\n');
            }
        }
        write_whole(&self.flags.complete(&text))
    }

    fn write_json(&self, data: &impl Serialize, error: Option<&Failure>) -> io::Result<()> {
        let mut object = serde_json::to_value(data)?;
        if let Some(error) = error {
            object["error"] = json!(error);
        }
        let text = self.flags.complete_json(&object.to_string());
        write_whole(&format!("{text}\n"))
    }
}

/// Writes a text at once, so that a reader never meets half a table.
fn write_whole(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Reports that a signal arrived some time ago and what the program still waits for.
pub fn waiting_for(what: &str) {
    message(
        NOTICE,
        &format!("interrupted; waiting for the end of: {what}"),
    );
}

/// A signal arrived too late to stop what was sent.
fn interrupted(outcome: Option<Failure>) -> Failure {
    let message = outcome.map_or_else(
        || "interrupted; the results printed here are complete".to_owned(),
        |failure| format!("interrupted; {}", failure.message),
    );
    Failure::new(ExitKind::Interrupted, message)
}

/// Writes a line on standard error, wrapped at words to the terminal's width.
fn message(level: u8, line: &str) {
    let mut stderr = io::stderr();
    let mark = journal_mark(level);
    for line in wrap_text(line, table::terminal_width(&stderr)) {
        let _ = writeln!(stderr, "{mark}{line}");
    }
}
