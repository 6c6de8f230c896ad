//! `sessions list | prune | set`: the stored sessions.

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::app::App;
use super::args::GlobalArgs;
use super::help::{Help, code};
use super::plural;
use crate::clock;
use crate::error::Failure;
use crate::model::session::SessionKind;
use crate::model::time::human_age;
use crate::sessions::{DEVICE_LIFE, SessionManager};
use crate::store::{SessionRow, Status};
use crate::ui::Ui;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, headings, plain, shrink};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder sessions",
        "aimharder sessions set --fingerprint bg-d08dd5 --auto-refresh off",
    ],
    exit_codes: &[
        (0, "shown"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (3, "no store where --store says"),
        (6, "no such fingerprint"),
    ],
};
const PRUNE_HELP: Help = Help {
    notes: "",
    examples: &["aimharder sessions prune"],
    exit_codes: &[(0, "done"), code::UNUSABLE_STORE, code::USAGE],
};
const SET_HELP: Help = Help {
    notes: "",
    examples: &["aimharder sessions set --fingerprint bg-d08dd5 --auto-refresh off"],
    exit_codes: &[
        (0, "changed"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (6, "no such fingerprint, or several"),
    ],
};

/// Show the stored sessions, their token ages and problems
///
/// Shows all accounts unless --account names one.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct SessionsArgs {
    #[command(subcommand)]
    pub command: Option<SessionsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// Show the stored sessions (default)
    #[command(after_long_help = LIST_HELP, add = LIST_HELP)]
    List,
    /// Delete device sessions older than 7 days
    #[command(after_long_help = PRUNE_HELP, add = PRUNE_HELP)]
    Prune,
    /// Change the settings of the session named by --fingerprint
    #[command(
        override_usage = "aimharder sessions set --fingerprint FP\n                              --auto-refresh on|off",
        after_long_help = SET_HELP, add = SET_HELP
    )]
    Set {
        /// Whether `refresh` updates the session's token
        #[arg(long, value_name = "on|off", action = ArgAction::Set, value_parser = on_or_off())]
        auto_refresh: bool,
    },
}

const LIST_HELP: Help = Help {
    examples: &["aimharder sessions list --json"],
    ..HELP
};

fn on_or_off() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|value| value == "on")
}

impl SessionsArgs {
    /// # Errors
    /// `set` without `--fingerprint`, or `prune` of sessions that it does not delete.
    pub(crate) fn check(&self, global: &GlobalArgs) -> Result<(), Failure> {
        let names_session = global.fingerprint.is_some();
        let names_background = global.session == Some(SessionKind::Background);
        match &self.command {
            Some(SessionsCommand::Set { .. }) if !names_session => Err(Failure::usage(
                "which session? for example: `aimharder sessions set --fingerprint bg-d08dd5 --auto-refresh off`",
            )),
            Some(SessionsCommand::Prune) if names_session || names_background => {
                Err(Failure::usage(
                    "`sessions prune` deletes all device sessions older than 7 days; to delete one session, run \
                 `aimharder logout --fingerprint FP`",
                ))
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn run(args: &SessionsArgs, app: &App, ui: &mut Ui) -> Result<()> {
    match &args.command {
        None | Some(SessionsCommand::List) => list(app, ui),
        Some(SessionsCommand::Prune) => prune(app, ui),
        Some(SessionsCommand::Set { auto_refresh }) => set(*auto_refresh, app, ui),
    }
}

fn list(app: &App, ui: &mut Ui) -> Result<()> {
    let now = clock::now();
    let manager = app.sessions();
    let mut rows = app.store.sessions(app.global.account.as_ref())?;
    rows.retain(|row| app.global.session.is_none_or(|kind| kind == row.kind));
    if let Some(prefix) = &app.global.fingerprint {
        rows = vec![SessionManager::by_prefix(rows, prefix)?];
    }
    let none_busy = manager.locks.all_free();
    let sessions = rows.into_iter().map(|row| {
        let busy = !none_busy && manager.locks.is_busy(&row.account, &row.fingerprint);
        Session::of(row, busy, now)
    });
    let sessions: Vec<_> = sessions.collect();
    ui.print(&json!({ "sessions": sessions }), |style| {
        if sessions.is_empty() {
            return vec!["no sessions; run `aimharder login`".to_owned()];
        }
        let names = [
            "ACCOUNT",
            "KIND",
            "FINGERPRINT",
            "STATUS",
            "TOKEN AGE",
            "ENDS",
            "UPDATES",
        ];
        let mut rows = vec![headings(names)];
        rows.extend(sessions.iter().map(Session::row));
        let mut lines = style.lines(&rows, 0, &SHRINK).into_iter();
        let mut text: Vec<String> = lines.next().into_iter().collect();
        text.extend(
            lines
                .zip(&sessions)
                .flat_map(|(line, it)| it.lines(line, style)),
        );
        text
    })
}

fn prune(app: &App, ui: &mut Ui) -> Result<()> {
    let before = clock::now() - DEVICE_LIFE;
    let account = app.global.account.as_ref();
    let deleted = app.store.prune_devices(account, before)?;
    if deleted > 0 {
        super::logout::purge(app);
    }
    ui.print(&json!({ "deleted": deleted }), |_| {
        vec![format!("{} deleted", plural(deleted, "old device session"))]
    })
}

fn set(auto_refresh: bool, app: &App, ui: &mut Ui) -> Result<()> {
    let rows = app.store.sessions(app.global.account.as_ref())?;
    // `check` refuses `set` without it
    let prefix = app.global.fingerprint.as_deref().unwrap_or_default();
    let mut row = SessionManager::by_prefix(rows, prefix)?;
    row.auto_refresh = auto_refresh;
    app.store.set_auto_refresh(&row, auto_refresh)?;
    let busy = app.sessions().locks.is_busy(&row.account, &row.fingerprint);
    let session = Session::of(row, busy, clock::now());
    ui.print(&session, |style| {
        let lines = style.lines(&[session.row()], 0, &SHRINK).into_iter();
        lines.flat_map(|line| session.lines(line, style)).collect()
    })
}

#[derive(Debug, Serialize)]
struct Session {
    #[serde(flatten)]
    row: SessionRow,
    token_age_seconds: i64,
    protected: bool,
    busy: bool,
    #[serde(skip)]
    now: DateTime<Utc>,
}

/// First the number of updates is left out, then addresses and fingerprints are cut.
const SHRINK: [ShrinkPriority; 4] = [shrink(6, 0), shrink(0, 12), shrink(2, 8), shrink(0, 8)];

impl Session {
    fn of(row: SessionRow, busy: bool, now: DateTime<Utc>) -> Self {
        Self {
            busy,
            protected: row.kind == SessionKind::Background,
            token_age_seconds: row.token_age(now).num_seconds(),
            row,
            now,
        }
    }

    fn row(&self) -> Vec<Cell> {
        let session = &self.row;
        let age = session.token_age(self.now);
        let is_old = session.auto_refresh && age.num_minutes() > 90;
        let age = match age.num_seconds() {
            ..0 => "in the future".to_owned(),
            _ => human_age(age),
        };
        let ends = match session.token_expires_at {
            _ if session.status == Status::Expired => "-".to_owned(),
            None => "unknown".to_owned(),
            Some(at) if at > self.now => format!("in {}", human_age(at - self.now)),
            Some(at) => format!("{} ago", human_age(self.now - at)),
        };
        vec![
            plain(session.account.as_str()),
            plain(session.kind.as_str()),
            plain(session.fingerprint.short()),
            status_cell(session.status),
            cell(age, if is_old { Style::Bad } else { Style::Plain }),
            plain(ends),
            plain(session.token_update_count.to_string()),
        ]
    }

    /// The line, and notes below it.
    fn lines(&self, line: String, style: &OutputStyle) -> Vec<String> {
        let error = self.row.last_error.as_deref();
        let notes = [
            self.busy.then_some("busy"),
            (!self.row.auto_refresh).then_some("auto-refresh off"),
            error,
        ];
        let notes: Vec<_> = notes.into_iter().flatten().collect();
        let colour = error.map_or(Style::Faint, |_| Style::Bad);
        let mut lines = vec![line];
        lines.extend(style.paragraph(&notes.join("; "), 2, colour));
        lines
    }
}

pub(super) fn status_cell(status: Status) -> Cell {
    match status {
        Status::Active => cell("active", Style::Good),
        Status::Expired => cell("expired", Style::Bad),
    }
}
