//! `book --prebook`: booking is not open yet, so the wish is stored instead.

use anyhow::Result;

use super::warn_of_logins;
use crate::booking::Outcome;
use crate::cli::BookArgs;
use crate::clock;
use crate::commands::app::App;
use crate::commands::box_profile::BoxProfile;
use crate::model::account::Account;
use crate::model::prebooking::{Choice, PrebookRequest};
use crate::output::BookView;

/// Store what `view` says is too early, and say so in it; in a rehearsal, only say so.
pub(in crate::commands) fn instead(
    args: &BookArgs,
    app: &App,
    gym: &BoxProfile,
    account: &Account,
    view: &mut BookView,
) -> Result<()> {
    if args.dry_run {
        view.outcome = Outcome::WouldBook;
        view.message = Some("booking is not open yet: it would be prebooked".into());
        return Ok(());
    }
    let class = &view.class;
    let request = PrebookRequest {
        account: account.clone(),
        gym: gym.name.clone(),
        first: Choice {
            start: class.start,
            class: Some(class.name.clone()).filter(|name| !name.is_empty()),
        },
        alternatives: vec![],
        family: args.family.clone(),
        waitlist: args.waitlist,
        watch: false,
        opens: None,
    };
    let now = clock::now();
    // the rule in force says "open", the refusal says "later": the later instant holds
    let ruled = gym.opening.filter(|opening| !opening.guess);
    let ruled = ruled.map(|opening| opening.opens_at(class.day, class.start, gym.zone));
    let moved_to = view
        .opens_at
        .filter(|at| ruled.is_some_and(|ruled| ruled < *at));
    let moved_to = moved_to.map(|at| at.to_utc());
    let stored = app
        .store
        .put_prebooking(&request, class.day, moved_to, now)?;
    view.outcome = Outcome::Prebooked;
    view.prebooking_id = Some(stored.id);
    warn_of_logins(app, account)
}
