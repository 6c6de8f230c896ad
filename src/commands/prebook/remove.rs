//! `prebook remove`: prebookings and weekly rules; all that are named, or none.

use std::io::{self, Write};

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::shown::Shown;
use super::{booking_remains, to_shown};
use crate::clock;
use crate::commands::app::App;
use crate::commands::help::{Help, code};
use crate::error::Failure;
use crate::model::prebooking::{PrebookId, Progress};
use crate::ui::table::{OutputStyle, Style};
use crate::ui::{Output, Ui};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook remove 7",
        "aimharder prebook remove r1 12 13",
    ],
    exit_codes: &[
        (0, "removed"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (6, "one of them does not exist, and none is removed"),
    ],
};

/// Remove prebookings or weekly rules; bookings remain
///
/// Removing a weekly rule removes its pending occurrences too. An occurrence that is removed by itself does not come back.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct PrebookRemoveArgs {
    /// Ids, as in `prebook list` and `prebook rules`
    #[arg(value_name = "ID|rID", required = true)]
    ids: Vec<PrebookId>,
}

pub(super) fn run(args: &PrebookRemoveArgs, app: &App, ui: &mut Ui) -> Result<()> {
    // with --account, prebookings of other accounts are not found
    let account = app.global.account.as_ref();
    let removed = app.store.remove_prebookings(&args.ids, account)?;
    let removed = removed.map_err(missing)?;
    let rules = removed.rules.iter().map(|id| PrebookId::Rule(*id));
    let readable = removed.prebookings.iter().map(|p| p.id);
    let ones = readable.chain(removed.unreadable.iter().copied());
    ui.print(&RemovalResult {
        removed: rules.chain(ones.map(PrebookId::One)).collect(),
        unreadable: removed.unreadable,
        prebookings: to_shown(app, removed.prebookings)?,
        now: clock::now(),
    })
}

fn missing(id: PrebookId) -> Failure {
    Failure::not_found(match id {
        PrebookId::One(id) => {
            format!(
                "no prebooking {id}, so nothing was removed; see `aimharder prebook list --all`"
            )
        }
        PrebookId::Rule(_) => {
            format!("no weekly rule {id}, so nothing was removed; see `aimharder prebook rules`")
        }
    })
}

#[derive(Debug, Serialize)]
struct RemovalResult {
    removed: Vec<PrebookId>,
    #[serde(skip)]
    prebookings: Vec<Shown>,
    #[serde(skip)]
    unreadable: Vec<i64>,
    #[serde(skip)]
    now: DateTime<Utc>,
}

impl Output for RemovalResult {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        for id in &self.removed {
            if let PrebookId::Rule(_) = id {
                writeln!(to, "removed rule {id}")?;
            }
        }
        for id in &self.unreadable {
            writeln!(to, "removed {id}, which could not be read")?;
        }
        for shown in &self.prebookings {
            writeln!(to, "removed {}", shown.line(self.now))?;
            let removed = &shown.prebooking;
            if matches!(removed.progress, Progress::Booked | Progress::Waitlisted) {
                let hint =
                    booking_remains(removed.reservation.as_deref(), &removed.request.account);
                style.write_notes(&[hint], 2, Style::Mine, to)?;
            }
        }
        Ok(())
    }

    fn has_side_effects(&self) -> bool {
        true
    }
}
