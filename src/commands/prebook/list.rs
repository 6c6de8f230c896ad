//! `prebook list` and `prebook rules`: all accounts and boxes, unless one is named.

use anyhow::Result;

use super::Boxes;
use crate::cli::PrebookList;
use crate::clock;
use crate::commands::app::App;
use crate::model::prebooking::{Prebooking, Progress};
use crate::output::{PrebookListView, RulesView};
use crate::ui::Ui;

pub(super) fn run(args: &PrebookList, app: &App, ui: &mut Ui) -> Result<()> {
    let now = clock::now();
    let account = app.global.account.as_ref();
    let boxes = Boxes::of(app);
    boxes.materialize_rules(account, now)?;
    let mut stored = if args.all {
        app.store.prebookings(account)?
    } else {
        app.store.open_prebookings(account)?
    };
    stored.retain(|p| wanted(app, &p.request.gym) && (args.all || waits(p)));
    let mut prebookings = boxes.views(stored)?;
    if args.all {
        for prebooking in &mut prebookings {
            prebooking.tell(app.store.shots(prebooking.id)?);
        }
    }
    ui.print(&PrebookListView {
        prebookings,
        all: args.all,
        now,
    })
}

pub(super) fn rules(app: &App, ui: &mut Ui) -> Result<()> {
    let boxes = Boxes::of(app);
    let mut stored = app.store.rules(app.global.account.as_ref())?;
    stored.retain(|rule| wanted(app, &rule.request.gym));
    let rules = stored.into_iter().map(|rule| boxes.rule(rule));
    ui.print(&RulesView {
        rules: rules.collect::<Result<_>>()?,
        now: clock::now(),
    })
}

/// A waiting-list place is settled for the one who reads, though runs still look after it.
fn waits(prebooking: &Prebooking) -> bool {
    matches!(prebooking.progress, Progress::Pending | Progress::Executing)
}

fn wanted(app: &App, gym: &str) -> bool {
    app.global.gym.as_ref().is_none_or(|asked| asked == gym)
}
