//! `prebook add | list | rules | remove | skip | run`: prebookings and weekly rules.

mod add;
mod list;
mod look;
mod remove;
mod run;
mod shown;
mod skip;

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::app::App;
use super::help::{Help, code};
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::{PrebookRequest, Prebooking, Progress};
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
#[derive(Debug, Args)]
#[command(arg_required_else_help = false, after_long_help = HELP, add = HELP)]
pub(crate) struct PrebookArgs {
    #[command(subcommand)]
    pub command: PrebookCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrebookCommand {
    Add(Box<add::PrebookAddArgs>),
    List(list::PrebookListArgs),
    Rules(list::PrebookRulesArgs),
    Remove(remove::PrebookRemoveArgs),
    Skip(skip::PrebookSkipArgs),
    Run(run::PrebookRunArgs),
}

impl PrebookArgs {
    /// Checks what clap cannot check.
    ///
    /// # Errors
    /// A missing or contradictory argument.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        match &mut self.command {
            PrebookCommand::Add(args) => args.settle(),
            _ => Ok(()),
        }
    }
}

pub(crate) fn run(args: &PrebookArgs, app: &App, ui: &mut Ui) -> Result<()> {
    match &args.command {
        PrebookCommand::Add(args) => add::run(args, app, ui),
        PrebookCommand::List(args) => list::run(args, app, ui),
        PrebookCommand::Rules(_) => list::rules(app, ui),
        PrebookCommand::Remove(args) => remove::run(args, app, ui),
        PrebookCommand::Skip(args) => skip::run(args, app, ui),
        PrebookCommand::Run(args) => run::run(args, app, ui),
    }
}

/// The boxes that prebookings name, each looked up once.
pub(super) struct Boxes<'a> {
    app: &'a App,
    known: RefCell<BTreeMap<String, BoxProfile>>,
}

impl<'a> Boxes<'a> {
    pub(super) fn of(app: &'a App) -> Self {
        Self {
            app,
            known: RefCell::default(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Result<BoxProfile> {
        if let Some(gym) = self.known.borrow().get(name) {
            return Ok(gym.clone());
        }
        let gym = self.app.any_profile(name)?;
        self.known.borrow_mut().insert(name.to_owned(), gym.clone());
        Ok(gym)
    }

    /// Stores the prebookings that weekly rules are due to have by now.
    fn materialize_rules(&self, account: Option<&Account>, now: DateTime<Utc>) -> Result<()> {
        let describe = |request: &PrebookRequest| {
            let profile = self.get(&request.gym)?;
            let opening = request.opening(&request.first, &profile.opening_rules);
            Ok((profile.zone, opening))
        };
        let made = materialize_all_rules(&self.app.store, describe, account, now)?;
        if made > 0 {
            log::info!("weekly rules: {made} new prebookings");
        }
        Ok(())
    }

    fn shown(&self, prebookings: Vec<Prebooking>) -> Result<Vec<Shown>> {
        let shown = prebookings.into_iter().map(|prebooking| {
            let prebooking = release_stale_claim(self.app, prebooking);
            let profile = self.get(&prebooking.request.gym)?;
            Ok(Shown::of(prebooking, &profile))
        });
        let mut shown = shown.collect::<Result<Vec<_>>>()?;
        shown.sort_by_key(|shown| (shown.starts_at(), shown.prebooking.id));
        Ok(shown)
    }

    fn shown_rule(&self, rule: WeeklyRule) -> Result<ShownRule> {
        let profile = self.get(&rule.request.gym)?;
        Ok(ShownRule {
            opening: rule
                .request
                .opening(&rule.request.first, &profile.opening_rules),
            zone: profile.zone,
            lead: profile.lead,
            rule,
        })
    }
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
