//! `prebook add | list | rules | remove | skip | run`: prebookings and weekly rules.

mod add;
mod list;
mod look;
mod remove;
mod run;
mod shown;
mod skip;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::app::App;
use super::help::{Help, code};
use crate::model::account::Account;
use crate::model::prebooking::{PrebookId, PrebookRequest, Prebooking, Progress};
use crate::model::weekly::WeeklyRule;
use crate::prebook::weekly::materialize_all_rules;
use crate::ui::Ui;
pub(super) use look::warn;
use shown::{Shown, ShownRule};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook add fri 18:30 wod --or '19:30 wod'",
        "aimharder prebook add --weekly mon,wed --time 18:30 --class wod",
        "aimharder prebook list",
        "aimharder prebook run",
    ],
    exit_codes: &[
        (0, "done"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (3, "no session"),
        (6, "not found, or ambiguous"),
    ],
};

/// Book classes at the instant booking opens
///
/// `add` stores which classes, `run` books them: start it every 15 minutes by cron or a timer.
#[derive(Debug, Subcommand)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) enum PrebookCommand {
    Add(Box<add::PrebookAddArgs>),
    /// Show pending prebookings
    ///
    /// Shows all accounts unless --account names one.
    #[command(after_long_help = list::HELP, add = list::HELP)]
    List {
        /// Show settled prebookings too, with the requests sent and their outcomes
        #[arg(long)]
        all: bool,
    },
    /// Show weekly rules
    ///
    /// Shows all accounts unless --account names one.
    #[command(after_long_help = list::RULES_HELP, add = list::RULES_HELP)]
    Rules,
    /// Remove prebookings or weekly rules; bookings remain
    ///
    /// Removing a weekly rule removes its pending occurrences too. An occurrence that is removed by itself does not come back.
    #[command(after_long_help = remove::HELP, add = remove::HELP)]
    Remove {
        /// Ids, as in `prebook list` and `prebook rules`
        #[arg(value_name = "ID|rID", required = true)]
        ids: Vec<PrebookId>,
    },
    Skip(skip::PrebookSkipArgs),
    Run(run::PrebookRunArgs),
}

pub(crate) fn run(command: &PrebookCommand, app: &App, ui: &mut Ui) -> Result<()> {
    match command {
        PrebookCommand::Add(args) => add::run(args, app, ui),
        PrebookCommand::List { all } => list::run(*all, app, ui),
        PrebookCommand::Rules => list::rules(app, ui),
        PrebookCommand::Remove { ids } => remove::run(ids, app, ui),
        PrebookCommand::Skip(args) => skip::run(args, app, ui),
        PrebookCommand::Run(args) => run::run(args, app, ui),
    }
}

/// Stores the prebookings that weekly rules are due to have by now.
pub(super) fn materialize_rules(
    app: &App,
    account: Option<&Account>,
    now: DateTime<Utc>,
) -> Result<()> {
    let describe = |request: &PrebookRequest| {
        let profile = app.any_profile(&request.gym)?;
        let opening = request.opening(&request.first, &profile.opening_rules);
        Ok((profile.zone, opening))
    };
    let made = materialize_all_rules(&app.store, describe, account, now)?;
    if made > 0 {
        log::info!("weekly rules: {made} new prebookings");
    }
    Ok(())
}

/// Prebookings in the time zones of their boxes, ordered by start.
fn to_shown(app: &App, prebookings: Vec<Prebooking>) -> Result<Vec<Shown>> {
    let mut profiles = BTreeMap::new(); // hundreds may be for one box
    let mut shown = Vec::with_capacity(prebookings.len());
    for prebooking in prebookings {
        let prebooking = release_stale_claim(app, prebooking);
        let name = &prebooking.request.gym;
        let profile = match profiles.entry(name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(app.any_profile(name)?),
        };
        let refused_at = match prebooking.attempts {
            0 => None,
            _ => app.store.refused_as_too_early(prebooking.id)?,
        };
        shown.push(Shown::of(prebooking, profile, refused_at));
    }
    shown.sort_by_key(|shown| (shown.starts_at(), shown.prebooking.id));
    Ok(shown)
}

fn to_shown_rule(app: &App, rule: WeeklyRule) -> Result<ShownRule> {
    let profile = app.any_profile(&rule.request.gym)?;
    let request = &rule.request;
    Ok(ShownRule {
        opening: request.opening(&request.first, &profile.opening_rules),
        zone: profile.zone,
        lead: profile.lead,
        rule,
    })
}

/// A prebooking whose run has died is pending again.
pub(super) fn release_stale_claim(app: &App, mut prebooking: Prebooking) -> Prebooking {
    let owner = prebooking.owner.as_deref();
    let abandoned = |owner| !app.sessions().locks.run_lives(owner);
    if prebooking.progress == Progress::Executing && owner.is_some_and(abandoned) {
        prebooking.progress = Progress::Pending;
    }
    prebooking
}

/// Where to see or cancel the booking of a prebooking.
fn booking_remains(reservation: Option<&str>, account: &Account) -> String {
    match reservation {
        None => "the booking remains; see `aimharder bookings`".to_owned(),
        Some(id) => format!(
            "the booking remains; to cancel it: `aimharder cancel --reservation {id} --account {account}`"
        ),
    }
}
