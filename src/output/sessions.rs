//! Sessions: listed, changed, forgotten.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::error::Failure;
use crate::model::account::Account;
use crate::model::instant::maybe_utc;
use crate::model::session::{Fingerprint, SessionKind};
use crate::model::time::human_age;
use crate::store::{SessionFacts, Status};
use crate::ui::Output;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, headings, plain, shrink};

/// `sessions`
#[derive(Debug, Serialize)]
pub(crate) struct SessionsView {
    pub sessions: Vec<SessionView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SessionView {
    pub account: Account,
    #[serde(flatten)]
    pub session: SessionFacts,
    pub protected: bool,
    #[serde(serialize_with = "maybe_utc")]
    pub refreshed_at: Option<DateTime<Utc>>,
    pub refresh_count: i64,
    pub busy: bool,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

impl Output for SessionsView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.sessions.is_empty() {
            return writeln!(to, "no sessions; run `aimharder login EMAIL`");
        }
        let mut rows = vec![headings([
            "ACCOUNT",
            "KIND",
            "FINGERPRINT",
            "STATUS",
            "TOKEN AGE",
            "TOKEN ENDS",
            "UPDATES",
        ])];
        rows.extend(self.sessions.iter().map(session_row));
        let lines = style.lines(&rows, 0, &SHRINK);
        let (heading, lines) = lines.split_at(1);
        heading.iter().try_for_each(|line| writeln!(to, "{line}"))?;
        for (line, session) in lines.iter().zip(&self.sessions) {
            session.line_and_notes(line, style, to)?;
        }
        Ok(())
    }
}

impl Output for SessionView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let lines = style.lines(&[session_row(self)], 0, &SHRINK);
        lines
            .iter()
            .try_for_each(|line| self.line_and_notes(line, style, to))
    }
}

/// The count of updates says least, then an address can be told by its beginning.
const SHRINK: [ShrinkPriority; 3] = [shrink(6, 0), shrink(0, 12), shrink(2, 8)];

impl SessionView {
    fn line_and_notes(
        &self,
        line: &str,
        style: &OutputStyle,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(to, "{line}")?;
        let tone = if self.session.last_error.is_some() {
            Style::Bad
        } else {
            Style::Faint
        };
        let notes = style.wrap(&notes(self), 2);
        notes
            .iter()
            .try_for_each(|note| writeln!(to, "{}", style.paint(note, tone)))
    }
}

fn session_row(view: &SessionView) -> Vec<Cell> {
    let (session, now) = (&view.session, view.now);
    let (status, tone) = match session.status {
        Status::Active => ("active", Style::Good),
        Status::Expired => ("expired", Style::Bad),
    };
    let age = now - session.token_updated_at;
    let old = session.auto_refresh && age.num_minutes() > 90;
    let expires = match session.token_expires_at {
        // an ended session's token is good for nothing
        _ if session.status == Status::Expired => "-".to_owned(),
        None => "unknown".to_owned(),
        Some(at) if at > now => format!("in {}", human_age(at - now)),
        Some(at) => format!("{} ago", human_age(now - at)),
    };
    vec![
        plain(view.account.as_str()),
        plain(session.kind.as_str()),
        plain(session.fingerprint.short()),
        cell(status, tone),
        cell(
            if age.num_seconds() < 0 {
                "in the future".into()
            } else {
                human_age(age)
            },
            if old { Style::Bad } else { Style::Plain },
        ),
        plain(expires),
        plain(session.token_update_count.to_string()),
    ]
}

fn notes(view: &SessionView) -> Vec<String> {
    let mut notes = Vec::new();
    if view.busy {
        notes.push("busy".to_owned());
    }
    if !view.session.auto_refresh {
        notes.push("auto-refresh off".into());
    }
    if let Some(error) = &view.session.last_error {
        notes.push(error.clone());
    }
    notes
}

/// Beside `logout --background`: prebookings or weekly rules stay behind.
pub(crate) fn nothing_books(account: &Account) -> String {
    let words = "cannot be booked without a background session; for a new one: aimharder login";
    format!(
        "the prebookings and weekly rules of {account} stay, and {words} {account} --only background"
    )
}

/// `logout`
#[derive(Debug, Default, Serialize)]
pub(crate) struct DeletedView {
    pub deleted: Vec<DeletedSession>,
    /// others could not be
    #[serde(skip)]
    pub failure: Option<Failure>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DeletedSession {
    pub kind: SessionKind,
    pub fingerprint: Fingerprint,
}

impl Output for DeletedView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.deleted.is_empty() {
            return writeln!(to, "nothing to forget");
        }
        for session in &self.deleted {
            writeln!(
                to,
                "forgotten: {} session {}",
                session.kind,
                session.fingerprint.short()
            )?;
        }
        Ok(())
    }

    fn failure(&self) -> Option<Failure> {
        self.failure.clone()
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}

/// `sessions prune`
#[derive(Debug, Serialize)]
pub(crate) struct PrunedView {
    pub deleted: usize,
}

impl Output for PrunedView {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        writeln!(
            to,
            "{} old device session{} deleted",
            self.deleted,
            if self.deleted == 1 { "" } else { "s" }
        )
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}
