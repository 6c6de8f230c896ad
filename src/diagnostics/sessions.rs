//! The accounts in the store and their sessions.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::entry::Job;
use super::{Findings, Report, Scope};
use crate::alerts::OUTAGE_RUNS;
use crate::error::ExitKind::{self, LoginRequired, Unreachable};
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::model::time::human_age;
use crate::password;
use crate::sessions::{CLOCK_SLACK, DEVICE_LIFE, is_held_back};
use crate::store::{Problem, SessionRow, Status, Subject};

/// `refresh` runs every quarter of an hour and leaves tokens younger than 14 minutes alone. An older token means that two
/// consecutive runs were missing or failed.
const STALE_TOKEN: TimeDelta = TimeDelta::minutes(50);
/// Tokens that something updates regularly are younger than this.
const KEPT_TOKEN: TimeDelta = TimeDelta::minutes(35);

/// An account and its sessions.
#[derive(Debug, Serialize)]
pub(crate) struct AccountFacts {
    pub account: Account,
    pub password_source: Option<&'static str>,
    /// The password of its source was refused.
    pub password_refused: bool,
    pub boxes: Vec<String>,
    pub sessions: Vec<SessionHealth>,
}

/// A session, and the results of `refresh` for it.
#[derive(Debug, Serialize)]
pub(crate) struct SessionHealth {
    #[serde(flatten)]
    pub session: SessionRow,
    pub token_age_seconds: i64,
    /// Consecutive runs of `refresh` that did not reach the platform.
    pub outage_runs: i64,
    /// The kind of the problem that `refresh` last reported and that is not over.
    pub standing: Option<ExitKind>,
}

impl AccountFacts {
    pub(super) fn background(&self) -> Option<&SessionRow> {
        let mut sessions = self.sessions.iter().map(|health| &health.session);
        sessions.find(|session| session.kind == SessionKind::Background)
    }

    /// Whether something unknown keeps the background session alive: its token was updated more than once and recently, and the
    /// session is older than that. A person's commands do the same for device sessions.
    pub(super) fn is_kept(&self, now: DateTime<Utc>) -> bool {
        self.background().is_some_and(|session| {
            let is_old = now - session.created_at > KEPT_TOKEN * 2;
            is_old && session.token_update_count >= 2 && session.token_age(now) < KEPT_TOKEN
        })
    }
}

/// The accounts that have a session.
pub(crate) fn accounts(scope: &Scope<'_>) -> Result<Vec<AccountFacts>> {
    let all = scope.store.accounts()?;
    let boxes = scope.store.account_boxes()?;
    let in_scope = |account: &&Account| scope.account.is_none_or(|only| only == *account);
    let accounts = all.iter().filter(in_scope).map(|account| {
        let rows = scope.store.sessions(Some(account))?;
        let source = password::unattended(scope.config, account, all.len() <= 1);
        let has_expired = rows.iter().any(|row| row.status == Status::Expired);
        let is_refused = || {
            // without the key of an encrypted store this is unknown
            let refused = scope.store.refused_password(account).ok().flatten();
            refused.is_some_and(|refused| is_held_back(&refused, scope.now))
        };
        let boxes = boxes.iter().filter(|(of, _)| of == account);
        let sessions = rows.into_iter().map(|row| health(row, scope));
        Ok(AccountFacts {
            account: account.clone(),
            password_source: source.map(|source| source.name()),
            password_refused: has_expired && is_refused(),
            boxes: boxes.map(|(_, name)| name.clone()).collect(),
            sessions: sessions.collect::<Result<_>>()?,
        })
    });
    accounts.collect()
}

fn health(session: SessionRow, scope: &Scope<'_>) -> Result<SessionHealth> {
    // `refresh` clears a problem at its next run; until then a session that works again shows that it is over
    let is_over = session.status == Status::Active && session.last_error.is_none();
    let problem = if is_over {
        Problem::default()
    } else {
        let problem = scope.store.problem(Subject::Session(session.id))?;
        problem.unwrap_or_default()
    };
    let standing = problem
        .reported
        .as_deref()
        .and_then(|kind| kind.parse().ok());
    Ok(SessionHealth {
        token_age_seconds: session.token_age(scope.now).num_seconds(),
        outage_runs: problem.outage_runs,
        standing: standing
            .filter(|kind| session.status == Status::Expired || *kind != LoginRequired),
        session,
    })
}

/// Adds the findings about sessions.
pub(crate) fn check(report: &Report, found: &mut Findings) {
    if report.accounts.is_empty() {
        let (message, email) = match &report.only {
            None => ("no account is logged in".to_owned(), String::new()),
            Some(only) => (format!("no session for {only}"), format!(" {only}")),
        };
        let remedy = format!("run `aimharder login{email}`");
        found.add("no_login", Some(LoginRequired), message, remedy);
    }
    for facts in &report.accounts {
        let account = &facts.account;
        let is_refreshed = report.schedule.runs(Job::Refresh, account.as_str());
        for health in &facts.sessions {
            check_one(facts, health, is_refreshed, report.checked_at, found);
        }
        match facts.background() {
            None => {
                let is_wanted = report.prebookings.wanted_by.contains(account);
                found.add(
                    "no_background_session",
                    is_wanted.then_some(LoginRequired),
                    format!("{account} has no background session, which `prebook run` needs"),
                    format!("run `aimharder login {account} --only background`"),
                );
            }
            Some(it) if it.status == Status::Active && facts.password_source.is_none() => {
                let message = format!(
                    "if the background session of {account} expires, it cannot be renewed automatically"
                );
                let remedy = "set password_command in the config";
                found.add("no_password_source", None, message, remedy);
            }
            Some(_) => {}
        }
    }
}

/// Adds the worst finding about a session.
fn check_one(
    of: &AccountFacts,
    health: &SessionHealth,
    is_refreshed: bool,
    now: DateTime<Utc>,
    found: &mut Findings,
) {
    let session = &health.session;
    let (account, kind) = (&of.account, session.kind);
    let name = format!("the {kind} session of {account}");
    let login = format!("run `aimharder login {account} --only {kind}`");
    let age = session.token_age(now);
    let last_error = session.last_error.as_deref();
    let standing = health.standing.filter(|it| *it != Unreachable);
    if session.status == Status::Expired {
        let remedy = match (of.password_source, of.password_refused) {
            (None, _) => login,
            (Some(_), false) => {
                "the next refresh logs it in again; to do so now, run `aimharder refresh`".into()
            }
            (Some(_), true) => {
                format!("the password of its source was refused: correct it, or {login}")
            }
        };
        let why = last_error.map_or_else(String::new, |why| format!(": {why}"));
        let message = format!("{name} has expired{why}");
        found.add("session_expired", Some(LoginRequired), message, remedy);
    } else if kind == SessionKind::Device && now - session.created_at > DEVICE_LIFE {
        let message = format!("{name} is older than 7 days and is no longer refreshed");
        let remedy = format!("when it stops working, {login}");
        found.add("device_session_old", None, message, remedy);
    } else if session.token_expires_at.is_some_and(|at| at <= now) {
        let message = format!("the token of {name} has expired");
        found.add("token_expired", Some(LoginRequired), message, login);
    } else if let Some(standing) = standing {
        let why = last_error.map_or_else(|| standing.name().replace('_', " "), str::to_owned);
        let message = format!("{name} is not refreshed: {why}");
        let remedy = "run `aimharder -v refresh --force`";
        found.add("refresh_failing", Some(standing), message, remedy);
    } else if health.outage_runs > 0 {
        let runs = match health.outage_runs {
            1 => "in its last run".to_owned(),
            runs => format!("{runs} times in a row"),
        };
        let message = format!("refresh could not reach AimHarder for {name} {runs}");
        let remedy = "check the network; the next refresh tries again";
        let kind = (health.outage_runs >= OUTAGE_RUNS).then_some(Unreachable);
        found.add("outage", kind, message, remedy);
    } else if !session.auto_refresh {
        let print = session.fingerprint.short();
        let remedy = format!(
            "to change that, run `aimharder sessions set --fingerprint {print} --auto-refresh on`"
        );
        found.add(
            "auto_refresh_off",
            None,
            format!("refresh skips {name}"),
            remedy,
        );
    } else if age < -CLOCK_SLACK || age > STALE_TOKEN {
        let (state, remedy) = if age > STALE_TOKEN {
            let state = format!("is {} old: refresh does not run, or fails", human_age(age));
            (state, "run `aimharder refresh`")
        } else {
            let state = "was updated in the future: a clock was wrong".to_owned();
            (
                state,
                "set this machine's clock, then run `aimharder refresh`",
            )
        };
        let message = format!("the token of {name} {state}");
        // where nothing refreshes, that is the problem
        if is_refreshed {
            found.add("token_stale", Some(LoginRequired), message, remedy);
        }
    } else if let Some(error) = last_error {
        found.add("last_error", None, format!("{name}: {error}"), "");
    }
}
