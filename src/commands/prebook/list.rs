//! `prebook list` and `prebook rules`: all accounts and boxes unless one is named.

use std::io::{self, Write};

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::shown::{Shown, ShownRule, write_prebookings, write_rules};
use super::{materialize_rules, to_shown, to_shown_rule};
use crate::clock;
use crate::commands::app::App;
use crate::commands::help::{Help, code};
use crate::model::prebooking::{Prebooking, Progress};
use crate::ui::table::OutputStyle;
use crate::ui::{Output, Ui};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook list",
        "aimharder prebook list --all --json",
    ],
    exit_codes: &[(0, "shown"), code::UNUSABLE_STORE, code::USAGE],
};
pub(super) const RULES_HELP: Help = Help {
    examples: &["aimharder prebook rules"],
    ..HELP
};

/// Show pending prebookings
///
/// Shows all accounts unless --account names one.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct PrebookListArgs {
    /// Show settled prebookings too, with the requests sent and their outcomes
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &PrebookListArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let now = clock::now();
    let account = app.global.account.as_ref();
    materialize_rules(app, account, now)?;
    let mut stored = if args.all {
        app.store.prebookings(account)?
    } else {
        app.store.open_prebookings(account)?
    };
    stored.retain(|p| is_in_box(app, &p.request.gym) && (args.all || is_pending(p)));
    let mut prebookings = to_shown(app, stored)?;
    if args.all {
        for shown in &mut prebookings {
            shown.history = Some(app.store.attempts(shown.prebooking.id)?);
        }
    }
    ui.print(&List {
        prebookings,
        all: args.all,
        now,
    })
}

pub(super) fn rules(app: &App, ui: &mut Ui) -> Result<()> {
    let mut stored = app.store.rules(app.global.account.as_ref())?;
    stored.retain(|rule| is_in_box(app, &rule.request.gym));
    let rules = stored.into_iter().map(|rule| to_shown_rule(app, rule));
    ui.print(&Rules {
        rules: rules.collect::<Result<_>>()?,
        now: clock::now(),
    })
}

/// Runs check waiting-list places too, but for a user these are settled.
fn is_pending(prebooking: &Prebooking) -> bool {
    matches!(prebooking.progress, Progress::Pending | Progress::Executing)
}

fn is_in_box(app: &App, name: &str) -> bool {
    app.global.gym.as_ref().is_none_or(|wanted| wanted == name)
}

#[derive(Debug, Serialize)]
struct List {
    prebookings: Vec<Shown>,
    #[serde(skip)]
    all: bool,
    #[serde(skip)]
    now: DateTime<Utc>,
}

impl Output for List {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        match (self.prebookings.is_empty(), self.all) {
            (true, true) => writeln!(to, "no prebookings"),
            (true, false) => writeln!(
                to,
                "no pending prebookings; to add one: `aimharder prebook add mon 18:30`"
            ),
            (false, _) => write_prebookings(&self.prebookings, self.now, style, to),
        }
    }
}

#[derive(Debug, Serialize)]
struct Rules {
    rules: Vec<ShownRule>,
    #[serde(skip)]
    now: DateTime<Utc>,
}

impl Output for Rules {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.rules.is_empty() {
            return writeln!(
                to,
                "no weekly rules; to add one: `aimharder prebook add --weekly mon,wed --time 18:30`"
            );
        }
        write_rules(&self.rules, self.now, style, to)
    }
}
