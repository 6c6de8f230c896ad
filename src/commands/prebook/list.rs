//! `prebook list` and `prebook rules`: all accounts and boxes unless one is named.

use anyhow::Result;
use serde_json::json;

use super::shown::{prebooking_lines, rule_lines};
use super::{materialize_rules, to_shown, to_shown_rule};
use crate::clock;
use crate::commands::app::App;
use crate::commands::help::{Help, code};
use crate::model::prebooking::{Prebooking, Progress};
use crate::ui::Ui;

pub(super) const HELP: Help = Help {
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

/// Shows pending prebookings, or `all`.
pub(super) fn run(all: bool, app: &App, ui: &mut Ui) -> Result<()> {
    let now = clock::now();
    let account = app.global.account.as_ref();
    materialize_rules(app, account, now)?;
    let mut stored = if all {
        app.store.prebookings(account)?
    } else {
        app.store.open_prebookings(account)?
    };
    stored.retain(|p| is_in_box(app, &p.request.gym) && (all || is_pending(p)));
    let mut prebookings = to_shown(app, stored)?;
    if all {
        for shown in &mut prebookings {
            shown.history = Some(app.store.attempts(shown.prebooking.id)?);
        }
    }
    ui.print(&json!({ "prebookings": prebookings }), |style| {
        match (prebookings.is_empty(), all) {
            (true, true) => vec!["no prebookings".to_owned()],
            (true, false) => {
                let line = "no pending prebookings; to add one: `aimharder prebook add mon 18:30`";
                vec![line.to_owned()]
            }
            (false, _) => prebooking_lines(&prebookings, now, style),
        }
    })
}

pub(super) fn rules(app: &App, ui: &mut Ui) -> Result<()> {
    let mut stored = app.store.rules(app.global.account.as_ref())?;
    stored.retain(|rule| is_in_box(app, &rule.request.gym));
    let rules = stored.into_iter().map(|rule| to_shown_rule(app, rule));
    let rules: Vec<_> = rules.collect::<Result<_>>()?;
    ui.print(&json!({ "rules": rules }), |style| {
        if rules.is_empty() {
            let line = "no weekly rules; to add one: `aimharder prebook add --weekly mon,wed --time 18:30`";
            return vec![line.to_owned()];
        }
        rule_lines(&rules, clock::now(), style)
    })
}

/// Runs check waiting-list places too, but for a user these are settled.
fn is_pending(prebooking: &Prebooking) -> bool {
    matches!(prebooking.progress, Progress::Pending | Progress::Executing)
}

fn is_in_box(app: &App, name: &str) -> bool {
    app.global.gym.as_ref().is_none_or(|wanted| wanted == name)
}
