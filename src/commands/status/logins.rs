//! Accounts and their logins.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, Utc};

use crate::alerts;
use crate::commands::app::App;
use crate::error::ExitKind;
use crate::model::account::Account;
use crate::password;
use crate::status::{AccountFacts, LoginFacts};
use crate::store::{Problem, SessionRow, Status};

/// All accounts with a login here, or the one that was asked about.
pub(super) fn accounts(app: &App, now: DateTime<Utc>) -> Result<Vec<AccountFacts>> {
    let asked = app.global.account.as_ref();
    let only = app.store.accounts()?.len() <= 1;
    let problems: BTreeMap<_, _> = app.store.problems(alerts::SESSION)?.into_iter().collect();
    let mut accounts: BTreeMap<Account, AccountFacts> = BTreeMap::new();
    for row in app.store.sessions(asked)? {
        let facts = accounts.entry(row.account.clone());
        let facts = facts.or_insert_with(|| account(app, &row.account, only));
        let problem = problems.get(&alerts::of_session(row.id));
        if row.status == Status::Expired {
            // sealed, and the key not at hand: then nobody knows
            let refused = app.store.refused_password(&row.account);
            facts.password_refused |= refused.is_ok_and(|refused| refused.is_some());
        }
        facts.sessions.push(login(row, problem, now));
    }
    for (account, gym) in app.store.account_boxes()? {
        if let Some(facts) = accounts.get_mut(&account) {
            facts.boxes.push(gym);
        }
    }
    Ok(accounts.into_values().collect())
}

fn account(app: &App, account: &Account, only: bool) -> AccountFacts {
    let source = password::unattended(&app.config, account, only);
    AccountFacts {
        account: account.clone(),
        password_source: source.map(|source| source.name()),
        password_refused: false,
        boxes: Vec::new(),
        sessions: Vec::new(),
    }
}

fn login(row: SessionRow, problem: Option<&Problem>, now: DateTime<Utc>) -> LoginFacts {
    let standing = problem.and_then(|problem| problem.standing.as_deref());
    LoginFacts {
        outage_runs: problem.map_or(0, |problem| problem.outage_runs),
        standing: standing.and_then(ExitKind::named),
        session: row.facts(now),
    }
}
