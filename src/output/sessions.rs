//! Sessions: listed, changed, forgotten.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::View;
use super::page::{Cell, Give, Page, Tone, cell, give, plain};
use super::sheet::wrapped;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::instant::maybe_utc;
use crate::model::session::{Fingerprint, SessionKind};
use crate::model::time::human_age;
use crate::store::{SessionFacts, Status};

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

impl View for SessionsView {
    fn human(&self, page: &Page, to: &mut dyn Write) -> io::Result<()> {
        if self.sessions.is_empty() {
            return writeln!(to, "no sessions; run `aimharder login EMAIL`");
        }
        let heading = [
            "ACCOUNT",
            "KIND",
            "FINGERPRINT",
            "STATUS",
            "TOKEN AGE",
            "TOKEN ENDS",
            "UPDATES",
        ];
        let mut rows = vec![
            heading
                .iter()
                .map(|h| cell(*h, Tone::Heading))
                .collect::<Vec<_>>(),
        ];
        rows.extend(self.sessions.iter().map(session_row));
        let lines = page.lines(&rows, 0, &GIVE);
        let (heading, lines) = lines.split_at(1);
        heading.iter().try_for_each(|line| writeln!(to, "{line}"))?;
        for (line, session) in lines.iter().zip(&self.sessions) {
            session.line_and_notes(line, page, to)?;
        }
        Ok(())
    }
}

impl View for SessionView {
    fn human(&self, page: &Page, to: &mut dyn Write) -> io::Result<()> {
        let lines = page.lines(&[session_row(self)], 0, &GIVE);
        lines
            .iter()
            .try_for_each(|line| self.line_and_notes(line, page, to))
    }
}

/// The count of updates says least, then an address can be told by its beginning.
const GIVE: [Give; 3] = [give(6, 0), give(0, 12), give(2, 8)];

impl SessionView {
    fn line_and_notes(&self, line: &str, page: &Page, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{line}")?;
        let tone = if self.session.last_error.is_some() {
            Tone::Bad
        } else {
            Tone::Faint
        };
        let notes = wrapped(&notes(self), page, 2);
        notes
            .iter()
            .try_for_each(|note| writeln!(to, "{}", page.paint(note, tone)))
    }
}

fn session_row(view: &SessionView) -> Vec<Cell> {
    let (session, now) = (&view.session, view.now);
    let (status, tone) = match session.status {
        Status::Active => ("active", Tone::Good),
        Status::Expired => ("expired", Tone::Bad),
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
            if old { Tone::Bad } else { Tone::Plain },
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

impl View for DeletedView {
    fn human(&self, _: &Page, to: &mut dyn Write) -> io::Result<()> {
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

    fn is_done(&self) -> bool {
        true
    }
}

/// `sessions prune`
#[derive(Debug, Serialize)]
pub(crate) struct PrunedView {
    pub deleted: usize,
}

impl View for PrunedView {
    fn human(&self, _: &Page, to: &mut dyn Write) -> io::Result<()> {
        writeln!(
            to,
            "{} old device session{} deleted",
            self.deleted,
            if self.deleted == 1 { "" } else { "s" }
        )
    }

    fn is_done(&self) -> bool {
        true
    }
}
