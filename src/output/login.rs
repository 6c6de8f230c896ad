//! What `login` shows: which sessions it made, the boxes it found, and what to do next.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::{ExitKind, Failure};
use crate::model::account::Account;
use crate::model::session::{Fingerprint, SessionKind};
use crate::ui::Output;
use crate::ui::table::{OutputStyle, Style};

/// What `login` did.
#[derive(Debug, Serialize)]
pub(crate) struct LoginView {
    pub account: Account,
    pub sessions: Vec<LoginSession>,
    pub boxes: Vec<LoginBox>,
    #[serde(skip)]
    pub store: String,
    #[serde(skip)]
    pub next: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct LoginSession {
    pub kind: SessionKind,
    pub fingerprint: Fingerprint,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct LoginBox {
    #[serde(rename = "box")]
    pub gym: String,
    pub id: Option<i64>,
    pub name: Option<String>,
}

impl Output for LoginView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        for session in &self.sessions {
            let what = match session.kind {
                SessionKind::Device => "device session (yours, on this machine)",
                SessionKind::Background => "background session (for cron and timers)",
            };
            let words = match &session.error {
                None => style.paint("logged in", Style::Good),
                Some(error) => format!("{}: {error}", style.paint("not logged in", Style::Bad)),
            };
            writeln!(to, "{what}: {words}")?;
        }
        let named: Vec<String> = self
            .boxes
            .iter()
            .map(|gym| {
                gym.name
                    .as_ref()
                    .map_or_else(|| gym.gym.clone(), |name| format!("{} ({name})", gym.gym))
            })
            .collect();
        writeln!(
            to,
            "boxes: {}",
            if named.is_empty() {
                "none found".into()
            } else {
                named.join(", ")
            }
        )?;
        writeln!(
            to,
            "stored in {} (tokens and cookies, not the password)",
            self.store
        )?;
        if self.failure().is_some() {
            return Ok(()); // the next step is in the error
        }
        if let Some(next) = &self.next {
            writeln!(to, "next: {next}")?;
        }
        writeln!(to, "is all set for booking unattended? aimharder status")
    }

    fn failure(&self) -> Option<Failure> {
        let failed = self
            .sessions
            .iter()
            .find_map(|session| session.error.as_ref())?;
        Some(Failure::new(
            ExitKind::Partial,
            format!(
                "only the device session was logged in; the background login failed: {failed}; \
                 run `aimharder login {} --only background`",
                self.account
            ),
        ))
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}
