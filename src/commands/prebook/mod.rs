//! `prebook add | list | rules | remove | skip`: wishes in the store, without the network; and
//! `prebook run`, which books them.

mod add;
mod instead;
mod list;
mod remove;
mod run;
mod skip;

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::app::App;
use super::box_profile::BoxProfile;
use crate::cli::{PrebookArgs, PrebookCommand};
use crate::model::account::Account;
use crate::model::prebooking::{PrebookId, Prebooking, Progress};
use crate::model::weekly::WeeklyRule;
use crate::output::{PrebookingView, RuleView};
use crate::password;
use crate::prebook::weekly::materialize_all_rules;
use crate::store::Status;
use crate::ui::Ui;

pub(super) use instead::instead;

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

/// The boxes that stored wishes name, each looked up once.
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
        let gym = self.app.any_gym(name)?;
        self.known.borrow_mut().insert(name.to_owned(), gym.clone());
        Ok(gym)
    }

    /// Make the prebookings that weekly rules are due to have by now.
    fn materialize_rules(&self, account: Option<&Account>, now: DateTime<Utc>) -> Result<()> {
        let describe = |_: &Account, name: &str| {
            let gym = self.get(name)?;
            Ok((gym.zone, gym.opening))
        };
        let made = materialize_all_rules(&self.app.store, describe, account, now)?;
        if made > 0 {
            log::info!("weekly rules: {made} new prebookings");
        }
        Ok(())
    }

    fn view(&self, prebooking: Prebooking) -> Result<PrebookingView> {
        let prebooking = release_stale_claim(self.app, prebooking);
        let gym = self.get(&prebooking.request.gym)?;
        Ok(PrebookingView::of(prebooking, gym.zone, gym.opening))
    }

    fn views(&self, prebookings: Vec<Prebooking>) -> Result<Vec<PrebookingView>> {
        let views = prebookings.into_iter().map(|p| self.view(p));
        let mut views = views.collect::<Result<Vec<_>>>()?;
        views.sort_by_key(|view| (view.starts_at(), view.id));
        Ok(views)
    }

    fn rule(&self, rule: WeeklyRule) -> Result<RuleView> {
        let gym = self.get(&rule.request.gym)?;
        let opens = rule.request.opening(gym.opening);
        Ok(RuleView {
            id: PrebookId::Rule(rule.id),
            account: rule.request.account,
            gym: rule.request.gym,
            weekdays: rule.weekdays,
            start: rule.request.first.start,
            class: rule.request.first.class,
            alternatives: rule.request.alternatives,
            family: rule.request.family,
            waitlist: rule.request.waitlist,
            watch: rule.request.watch,
            until: rule.until,
            opens: opens.map(|opening| opening.to_string()),
            zone: gym.zone,
        })
    }
}

/// What a run had taken that has died since waits for the next one: it is pending again.
pub(super) fn release_stale_claim(app: &App, mut prebooking: Prebooking) -> Prebooking {
    let owner = prebooking.owner.as_deref();
    let abandoned = |owner| !app.sessions().locks.run_lives(owner);
    if prebooking.progress == Progress::Executing && owner.is_some_and(abandoned) {
        prebooking.progress = Progress::Pending;
    }
    prebooking
}

/// What `prebook run` will miss when nobody is there: said now, while somebody is.
pub(super) fn warn_of_logins(app: &App, account: &Account) -> Result<()> {
    let Some(background) = app.store.background(account)? else {
        log::warn!(
            "{account} has no background session, and `prebook run` needs one: run `aimharder login {account} --only background`"
        );
        return Ok(());
    };
    let only = app.sessions().is_only_account(account)?;
    let source = password::unattended(&app.config, account, only);
    match (source, background.status) {
        (Some(_), _) => {}
        (None, Status::Expired) => log::warn!(
            "the background session of {account} has expired, and no password source is there to log it in again: \
             run `aimharder login {account} --only background`, and set password_command in the config"
        ),
        (None, Status::Active) => log::warn!(
            "no password source is there to log in the background session of {account} again should it expire: \
             set password_command in the config"
        ),
    }
    Ok(())
}
