//! `prebook remove`: prebookings and rules, all that are named or none.

use anyhow::Result;

use super::Boxes;
use crate::cli::PrebookRemove;
use crate::clock;
use crate::commands::app::App;
use crate::error::Failure;
use crate::model::prebooking::PrebookId;
use crate::output::RemovedView;
use crate::ui::Ui;

pub(super) fn run(args: &PrebookRemove, app: &App, ui: &mut Ui) -> Result<()> {
    let boxes = Boxes::of(app);
    for id in &args.ids {
        check_account(*id, app)?;
    }
    let removed = app.store.remove_prebookings(&args.ids)?;
    let removed = removed.map_err(missing)?;
    let rules = removed.rules.iter().map(|id| PrebookId::Rule(*id));
    let ones = removed.prebookings.iter().map(|p| PrebookId::One(p.id));
    ui.print(&RemovedView {
        removed: rules.chain(ones).collect(),
        prebookings: boxes.views(removed.prebookings)?,
        now: clock::now(),
    })
}

/// With an account named, another account's prebookings are not there.
fn check_account(id: PrebookId, app: &App) -> Result<()> {
    let Some(account) = &app.global.account else {
        return Ok(());
    };
    let found = match id {
        PrebookId::One(one) => {
            let prebooking = app.store.prebooking(one)?;
            prebooking.is_some_and(|p| p.request.account == *account)
        }
        PrebookId::Rule(rule) => {
            let mut rules = app.store.rules(Some(account))?.into_iter();
            rules.any(|known| known.id == rule)
        }
    };
    if found {
        Ok(())
    } else {
        Err(missing(id).into())
    }
}

fn missing(id: PrebookId) -> Failure {
    Failure::not_found(match id {
        PrebookId::One(id) => {
            format!(
                "there is no prebooking {id}, nothing was removed; see `aimharder prebook list --all`"
            )
        }
        PrebookId::Rule(_) => {
            format!("there is no rule {id}, nothing was removed; see `aimharder prebook rules`")
        }
    })
}
