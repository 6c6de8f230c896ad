//! `prebook remove`: prebookings and weekly rules; all that are named, or none.

use anyhow::Result;
use serde_json::json;

use super::{booking_remains, to_shown};
use crate::clock;
use crate::commands::app::App;
use crate::commands::help::{Help, code};
use crate::error::Failure;
use crate::model::prebooking::{PrebookId, Progress};
use crate::ui::Ui;
use crate::ui::table::Style;

pub(super) const HELP: Help = Help {
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

pub(super) fn run(ids: &[PrebookId], app: &App, ui: &mut Ui) -> Result<()> {
    // with --account, prebookings of other accounts are not found
    let account = app.global.account.as_ref();
    let removed = app.store.remove_prebookings(ids, account)?;
    let removed = removed.map_err(missing)?;
    let rules = removed.rules.iter().map(|id| PrebookId::Rule(*id));
    let readable = removed.prebookings.iter().map(|p| p.id);
    let ones = readable.chain(removed.unreadable.iter().copied());
    let ids: Vec<_> = rules.clone().chain(ones.map(PrebookId::One)).collect();
    let mut lines: Vec<_> = rules.map(|id| format!("removed rule {id}")).collect();
    let unreadable = removed.unreadable.iter();
    lines.extend(unreadable.map(|id| format!("removed {id}, which could not be read")));
    let prebookings = to_shown(app, removed.prebookings)?;
    ui.print(&json!({ "removed": ids }), |style| {
        for shown in &prebookings {
            lines.push(format!("removed {}", shown.line(clock::now())));
            let removed = &shown.prebooking;
            if matches!(removed.progress, Progress::Booked | Progress::Waitlisted) {
                let hint =
                    booking_remains(removed.reservation.as_deref(), &removed.request.account);
                lines.extend(style.paragraph(&hint, 2, Style::Mine));
            }
        }
        lines
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
