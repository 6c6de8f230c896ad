//! How output is written: results on standard output as text or JSON, messages on standard error. What a command prints is
//! a value that implements [`Output`], beside the command itself; commands hand it to [`Ui::print`].
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

use crate::error::{ExitKind, Failure};
use crate::logs::journal_mark;
use crate::signals::{self, ExitMessage};

pub use hints::GivenFlags;
pub use table::OutputStyle;
use table::wrap_text;

const CANNOT_WRITE: &str = "the result cannot be written";

/// The number of lines kept for [`Ui::last_lines`].
const MAX_LAST_LINES: usize = 20;

/// syslog levels of the lines on standard error.
const ERROR: u8 = 3;
const WARNING: u8 = 4;
const NOTICE: u8 = 5;

/// The result of a command: text for people, and the JSON object of its `Serialize`.
pub trait Output: Serialize {
    /// Writes the text. A success with nothing to report writes nothing.
    ///
    /// # Errors
    /// Those of the writer.
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()>;

    /// The error line and exit code, if the outcome is not a success.
    fn failure(&self) -> Option<Failure> {
        None
    }

    /// Whether the command has changed something that remains changed if the result cannot be written.
    fn has_side_effects(&self) -> bool {
        false
    }
}

/// A result whose text is the same on every terminal.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct PlainOutput {
    /// The JSON object.
    pub json: serde_json::Value,
    #[serde(skip)]
    pub text: String,
    #[serde(skip)]
    pub has_side_effects: bool,
}

impl Output for PlainOutput {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self.text.as_bytes())
    }

    fn has_side_effects(&self) -> bool {
        self.has_side_effects
    }
}

/// Writes results and messages.
pub struct Ui {
    to: Box<dyn Write>,
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
    pub fn stdout(json: bool, flags: GivenFlags) -> Self {
        let stdout = io::stdout();
        Self {
            style: OutputStyle::of(&stdout),
            to: Box::new(stdout),
            json,
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

    /// The last lines reported so far, without colours. What [`Ui::print`] writes is not among them.
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
        match self.write_whole(text.as_bytes()) {
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

    /// Prints a result.
    ///
    /// # Errors
    /// The result's own failure, or that of the writer. A closed pipe is neither.
    pub fn print(&mut self, output: &impl Output) -> Result<()> {
        let failure = if signals::begin_final_output(self.json).is_some() {
            Some(Failure {
                reported: !self.json,
                ..interrupted(output.failure())
            })
        } else {
            output.failure()
        };
        let failure = failure.map(|failure| self.completed(failure));
        let written = if self.json {
            self.write_json(output, failure.as_ref())
        } else {
            self.write_text(output)
        };
        let written = self.part_error.take().map_or(written, Err);
        let write_error = written.err().filter(|e| e.kind() != ErrorKind::BrokenPipe);
        match (failure, write_error) {
            (None, None) => Ok(()),
            (None, Some(e)) if output.has_side_effects() => Err(anyhow::Error::new(e)
                .context("the command succeeded, but its result cannot be written")),
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
    /// reported by [`Ui::print`].
    pub fn print_part(&mut self, write: impl Fn(&OutputStyle, &mut dyn Write) -> io::Result<()>) {
        let mut plain = Vec::new();
        if write(&OutputStyle::PLAIN, &mut plain).is_ok() {
            for line in String::from_utf8_lossy(&plain).lines() {
                self.keep_line(line.to_owned());
            }
        }
        if self.json {
            return;
        }
        let mut text = Vec::new();
        let written = write(&self.style, &mut text).and_then(|()| self.write_whole(&text));
        if let Err(e) = written {
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
            self.write_bare(&failure);
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
            Self::stdout(true, GivenFlags::default())
                .write_bare(&Failure::new(ExitKind::Interrupted, words));
            message(ERROR, &format!("error: {words}"));
        })
    }

    /// With `--json`: prints a result that a signal has cut short.
    pub(crate) fn print_interrupted(output: &impl Output) {
        let failure = interrupted(None);
        // the program ends now: an error of the writer cannot be reported
        let _ = Self::stdout(true, GivenFlags::default()).write_json(output, Some(&failure));
        message(ERROR, &format!("error: {}", failure.message));
    }

    fn completed(&self, mut failure: Failure) -> Failure {
        failure.message = self.flags.complete(&failure.message);
        failure
    }

    /// Writes the object of a command that reached no outcome.
    fn write_bare(&mut self, failure: &Failure) {
        let object = serde_json::json!({ "error": failure });
        // an error of the writer would only hide the error that is being reported
        let _ = self.write_whole(format!("{object}\n").as_bytes());
    }

    /// The text is written at once, so that a reader never meets half a table.
    fn write_text(&mut self, output: &impl Output) -> io::Result<()> {
        let mut text = Vec::new();
        output.write_text(&self.style, &mut text)?;
        let text = self.flags.complete(&String::from_utf8_lossy(&text));
        self.write_whole(text.as_bytes())
    }

    fn write_json(&mut self, output: &impl Output, error: Option<&Failure>) -> io::Result<()> {
        #[derive(Serialize)]
        struct Object<'o, O: Serialize> {
            #[serde(flatten)]
            output: &'o O,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'o Failure>,
        }
        let text = serde_json::to_string(&Object { output, error })?;
        self.write_whole(format!("{}\n", self.flags.complete_json(&text)).as_bytes())
    }

    fn write_whole(&mut self, text: &[u8]) -> io::Result<()> {
        self.to.write_all(text)?;
        self.to.flush()
    }
}

impl std::fmt::Debug for Ui {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ui")
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
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
