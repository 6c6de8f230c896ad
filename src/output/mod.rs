//! Every word users read, and every JSON object scripts read. What is printed is a value with a
//! human view and `Serialize`; commands hand it to [`Out::show`].

mod around;
mod booking;
mod boxes;
mod classes;
mod hints;
mod ics;
mod interrupted;
mod login;
mod notify;
mod page;
mod prebook;
mod prebook_run;
mod prebook_views;
mod prebook_words;
mod progress;
mod refresh;
mod sessions;
mod sheet;
mod status;
mod store;
mod usage;
mod waiting;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use crate::cli::Everywhere;
use crate::error::{Failure, Kind};
use crate::model::session::{Fingerprint, SessionKind};
use crate::signals;
use crate::store::SessionRow;

pub(crate) use around::{CandidatesView, ManView, ScriptView};
pub(crate) use booking::{BookView, BookingView, BookingsView, CancelView, HistoryView};
pub(crate) use boxes::{BoxView, BoxesView};
pub(crate) use classes::ClassesView;
use hints::GivenFlags;
pub(crate) use ics::IcsView;
pub use interrupted::waiting_for;
pub(crate) use login::{LoginBox, LoginSession, LoginView};
pub(crate) use notify::NotifyView;
pub use page::Page;
pub(crate) use prebook::{PrebookListView, PrebookedView, RemovedView, RulesView, SkipsView};
pub(crate) use prebook_run::{ResultView, RunView, waits_for};
pub(crate) use prebook_views::{PrebookingView, RuleView, StandingView};
pub(crate) use prebook_words::{prebooking_sentence, still_waiting};
pub(crate) use progress::Progress;
pub(crate) use refresh::{RefreshOutcome, RefreshView, RefreshedSession};
pub(crate) use sessions::{
    DeletedSession, DeletedView, PrunedView, SessionView, SessionsView, nothing_books,
};
pub(crate) use status::{Manner, StatusView};
pub(crate) use store::{BackupView, StoreKeyView, StoreView};

pub(crate) use waiting::{Countdown, Typed, wait_words};

/// What `aimharder` says when it is called without a command, and nobody has logged in yet.
pub const WHAT_TO_DO_FIRST: &str = "\
no command given. First steps:
  1. log in:                   aimharder login ana@example.org
  2. see the classes:          aimharder classes --day tomorrow
  3. book one:                 aimharder book --day tomorrow --time 18:30
  4. all commands, with help:  aimharder --help";

/// The same later.
pub const WHAT_TO_DO_NEXT: &str = "\
no command given. For example:
  what there is:            aimharder classes --day tomorrow
  what is booked:           aimharder bookings
  will it work tonight:     aimharder status
  all commands, with help:  aimharder --help";

const CANNOT_WRITE: &str = "the result cannot be written";

/// Something to show: for people, and as JSON.
pub trait View: Serialize {
    /// Write it for people. Nothing at all is right for a success with nothing to tell.
    ///
    /// # Errors
    /// Those of the writer.
    fn human(&self, page: &Page, to: &mut dyn Write) -> io::Result<()>;

    /// What the last line and the exit code say, when the outcome is not a success.
    fn failure(&self) -> Option<Failure> {
        None
    }

    /// Has the command changed something, here or at the gym, that stands even when nobody can
    /// read this?
    fn is_done(&self) -> bool {
        false
    }
}

/// Where results go.
pub struct Out {
    to: Box<dyn Write>,
    json: bool,
    page: Page,
    watched: bool,
    flags: GivenFlags,
    /// why a part of the result could not be written
    lost: Option<io::Error>,
}

impl Out {
    /// Standard output: coloured on a terminal only, and not where `NO_COLOR` or a dumb terminal
    /// forbids it.
    pub fn stdout(json: bool) -> Self {
        let stdout = io::stdout();
        let page = Page::of_terminal(stdout.is_terminal());
        Self {
            to: Box::new(stdout),
            json,
            page,
            watched: io::stderr().is_terminal(),
            flags: GivenFlags::default(),
            lost: None,
        }
    }

    /// The same for a run with these flags, which every suggested command then carries.
    #[must_use]
    pub fn with_flags_of(self, asked: &Everywhere) -> Self {
        Self {
            flags: GivenFlags::of(asked),
            ..self
        }
    }

    /// Is the result wanted as JSON?
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Is somebody looking? Then everything is told every time.
    pub fn is_watched(&self) -> bool {
        self.watched
    }

    /// A line for people beside the results: on standard error, like every other word of automation.
    pub fn tell(&mut self, line: &str) {
        let line = self.flags.complete(line);
        let _ = writeln!(io::stderr(), "{}{line}", crate::logs::journal_mark(4));
    }

    /// What clap has to say: help and version on standard output, errors like every other error.
    pub fn clap(&mut self, said: &clap::Error) -> ExitCode {
        if !said.use_stderr() {
            let text = if self.page.colour {
                said.render().ansi().to_string()
            } else {
                said.render().to_string()
            };
            let written = self
                .to
                .write_all(text.as_bytes())
                .and_then(|()| self.to.flush());
            return match written {
                Err(e) if e.kind() != ErrorKind::BrokenPipe => {
                    self.fail(Failure::of(&anyhow::Error::new(e).context(CANNOT_WRITE)))
                }
                _ => ExitCode::SUCCESS,
            };
        }
        let words = usage::one_line(&said.render().to_string());
        self.fail(Failure::usage(words))
    }

    /// Print a result. One that is a failure is printed too, and comes back as the error.
    ///
    /// # Errors
    /// The view's own failure, or that of the writer. A reader that has gone away is neither.
    pub fn show(&mut self, view: &impl View) -> Result<()> {
        let interrupted = signals::begin_final_output(self.json).is_some();
        let failure = if interrupted {
            Some(Failure {
                told: !self.json,
                ..interrupted::words(view.failure())
            })
        } else {
            view.failure()
        };
        let failure = failure.map(|failure| self.completed(failure));
        let written = if self.json {
            self.write_json(view, failure.as_ref())
        } else {
            self.write_human(view)
        };
        let earlier = self.lost.take().map_or(Ok(()), Err);
        let lost = earlier
            .and(written)
            .and_then(|()| self.to.flush())
            .err()
            .filter(|e| e.kind() != ErrorKind::BrokenPipe);
        match (failure, lost) {
            (None, None) => Ok(()),
            (None, Some(e)) if view.is_done() => {
                Err(anyhow::Error::new(e).context("it is done, but the result cannot be written"))
            }
            (None, Some(e)) => Err(anyhow::Error::new(e).context(CANNOT_WRITE)),
            // what came of it matters more than that it cannot be written, and is told in any case
            (Some(failure), lost) => Err(Failure {
                shown: true,
                told: failure.told && lost.is_none(),
                ..failure
            }
            .into()),
        }
    }

    /// For people, a part of the result that is known before the others; with `--json` all is told
    /// at the end. That it cannot be written is told at the end, too.
    pub fn part(&mut self, write: impl FnOnce(&Page, &mut dyn Write) -> io::Result<()>) {
        if self.json {
            return;
        }
        let mut text = Vec::new();
        let written = write(&self.page, &mut text)
            .and_then(|()| self.to.write_all(&text))
            .and_then(|()| self.to.flush());
        if let Err(e) = written {
            self.lost.get_or_insert(e);
        }
    }

    /// The last word of a command that failed: one line on standard error, and with `--json` an
    /// object, unless the outcome's own object has told it already. Returns its exit code.
    pub fn fail(&mut self, mut failure: Failure) -> ExitCode {
        if !failure.shown
            && signals::begin_final_output(self.json).is_some()
            && failure.kind != Kind::Interrupted
        {
            failure = interrupted::words(Some(failure));
        }
        let failure = self.completed(failure);
        if self.json && !failure.shown {
            self.bare(&failure);
        }
        if !failure.told {
            Self::line(&failure.message);
        }
        ExitCode::from(failure.code())
    }

    fn completed(&self, mut failure: Failure) -> Failure {
        failure.message = self.flags.complete(&failure.message);
        failure
    }

    fn line(words: &str) {
        let mark = crate::logs::journal_mark(3);
        let _ = writeln!(io::stderr(), "{mark}error: {words}");
    }

    /// The object that stands where there is no outcome.
    fn bare(&mut self, failure: &Failure) {
        #[derive(Serialize)]
        struct Bare<'f> {
            error: &'f Failure,
        }
        let object = serde_json::to_string(&Bare { error: failure }).unwrap_or_default();
        // a reader that has gone away needs no error
        let _ = writeln!(self.to, "{object}").and_then(|()| self.to.flush());
    }

    fn write_human(&mut self, view: &impl View) -> io::Result<()> {
        // the whole page at once: a reader never meets half a table
        let mut text = Vec::new();
        view.human(&self.page, &mut text)?;
        let text = self.flags.complete(&String::from_utf8_lossy(&text));
        self.to.write_all(text.as_bytes())
    }

    fn write_json(&mut self, view: &impl View, failure: Option<&Failure>) -> io::Result<()> {
        #[derive(Serialize)]
        struct Object<'v, V: Serialize> {
            #[serde(flatten)]
            view: &'v V,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'v Failure>,
        }
        let mut text = serde_json::to_vec(&Object {
            view,
            error: failure,
        })?;
        text.push(b'\n');
        self.to.write_all(&text)
    }
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out")
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}

/// Which session acted, in the JSON of every command that talks to a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionRef {
    /// a person's login, or the automation's
    pub kind: SessionKind,
    /// the whole of it
    pub fingerprint: Fingerprint,
}

impl From<&SessionRow> for SessionRef {
    fn from(row: &SessionRow) -> Self {
        Self {
            kind: row.kind,
            fingerprint: row.fingerprint.clone(),
        }
    }
}
