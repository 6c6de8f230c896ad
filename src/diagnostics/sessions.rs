//! The accounts in the store and their sessions.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, Local, TimeDelta, Utc};
use serde::Serialize;

use super::entry::Job;
use super::{Finding, Findings, Report, Scope};
use crate::alerts::OUTAGE_RUNS;
use crate::config::{Config, shown_key};
use crate::error::ExitKind::{self, LoginRequired, NotFound, Unreachable};
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::model::time::human_age;
use crate::password;
use crate::sessions::{CLOCK_SLACK, DEVICE_LIFE, is_held_back, lock_out_end};
use crate::store::{self, Problem, SessionRow, Status, Store, Subject};

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
    /// The sources that are set for another account, if it has none.
    #[serde(skip)]
    another: Option<String>,
    /// The password of its source was refused.
    pub password_refused: bool,
    /// When automation logs in again after a lock-out.
    #[serde(skip)]
    locked_until: Option<DateTime<Utc>>,
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
            let refused = scope.store.refused_passwords(account).ok().flatten();
            refused.is_some_and(|refused| is_held_back(&refused, scope.now))
        };
        let boxes = boxes.iter().filter(|(of, _)| of == account);
        let sessions = rows.into_iter().map(|row| health(row, scope));
        Ok(AccountFacts {
            account: account.clone(),
            another: if source.is_none() {
                password::of_another(scope.config, account, all.len() <= 1)
            } else {
                None
            },
            password_source: source.map(|source| source.name()),
            password_refused: has_expired && is_refused(),
            locked_until: lock_out_end(scope.store.locked_at(account)?, scope.now),
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

/// The finding about an account without a session.
pub(crate) fn no_session(account: &Account) -> Finding {
    let message = format!("no session for {account}");
    let remedy = format!("run `aimharder login {account}`");
    Finding::new("no_login", Some(LoginRequired), message, remedy)
}

/// The finding about a box of the config that neither the config nor the store describes.
pub(crate) fn unknown_box(config: &Config, store: &Store) -> store::Result<Option<Finding>> {
    let Some(name) = config.box_name.as_ref() else {
        return Ok(None);
    };
    let boxes = store.account_boxes()?.into_iter();
    // without a login nothing is known of the account's boxes
    let boxes = boxes.filter(|(of, _)| config.account.as_ref().is_none_or(|only| only == of));
    let known: BTreeSet<String> = boxes.map(|(_, known)| known).collect();
    let is_set = store.gym(name)?.is_some_and(|row| row.set_id.is_some());
    if known.is_empty() || known.contains(name) || is_set || config.boxes.contains_key(name) {
        return Ok(None);
    }
    let known: Vec<String> = known.into_iter().collect();
    let known = known.join(", ");
    let message = format!("the box {name:?} of the config is not known (known: {known})");
    let remedy = "correct box in the config, or run `aimharder boxes --detect` if it is new";
    let finding = Finding::new("unknown_box", Some(NotFound), message, remedy);
    Ok(Some(finding))
}

/// The finding about an account whose background session is missing, or has expired or may expire without a password source.
/// `another`: the sources that are set for another account. `is_wanted`: the account has prebookings.
pub(crate) fn automation(
    account: &Account,
    background: Option<&SessionRow>,
    has_source: bool,
    another: Option<&str>,
    is_wanted: bool,
) -> Option<Finding> {
    match background {
        None => Some(Finding::new(
            "no_background_session",
            is_wanted.then_some(LoginRequired),
            format!("{account} has no background session, which `prebook run` needs"),
            format!("run `aimharder login {account} --only background`"),
        )),
        Some(_) if has_source => None,
        Some(it) if it.status == Status::Expired => {
            Some(expired(it, format!("run `{}`", login_command(it))))
        }
        Some(_) => {
            let message = format!(
                "if the background session of {account} expires, it cannot be renewed automatically"
            );
            let remedy =
                another.map_or("set password_command in the config".to_owned(), |another| {
                    let table = shown_key(account.as_str());
                    format!("{another}; set password_command in a table [accounts.{table}]")
                });
            Some(Finding::new("no_password_source", None, message, remedy))
        }
    }
}

/// The command that logs a session in again.
fn login_command(session: &SessionRow) -> String {
    format!(
        "aimharder login {} --only {}",
        session.account, session.kind
    )
}

/// The finding about an expired session. It has the only remedy: that of the stored error is left out.
fn expired(session: &SessionRow, remedy: String) -> Finding {
    let (account, kind) = (&session.account, session.kind);
    let error = session.last_error.as_deref();
    let why = error.map_or_else(String::new, |error| format!(": {}", cause(error)));
    let message = format!("the {kind} session of {account} has expired{why}");
    Finding::new("session_expired", Some(LoginRequired), message, remedy)
}

/// Adds the findings about sessions.
pub(crate) fn check(report: &Report, found: &mut Findings) {
    let named = report.account.as_ref();
    let is_known = |account: &&Account| report.accounts.iter().any(|it| it.account == **account);
    if let Some(unknown) = named.filter(|account| !is_known(account)) {
        found.push(no_session(unknown));
    } else if report.accounts.is_empty() {
        let (message, remedy) = ("no account is logged in", "run `aimharder login`");
        found.add("no_login", Some(LoginRequired), message, remedy);
    }
    for facts in &report.accounts {
        let account = &facts.account;
        let is_refreshed = report.schedule.runs(Job::Refresh, account, None);
        for health in &facts.sessions {
            check_one(facts, health, is_refreshed, report.checked_at, found);
        }
        let is_wanted = report.prebookings.boxes_of(account).next().is_some();
        let has_source = facts.password_source.is_some();
        let background = facts.background();
        if background.is_none_or(|session| session.status == Status::Active) {
            let another = facts.another.as_deref();
            let finding = automation(account, background, has_source, another, is_wanted);
            found.push(finding);
        }
    }
}

/// The cause in an error that may also say what to do about it.
pub(super) fn cause(error: &str) -> &str {
    error.split("; ").next().unwrap_or(error)
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
    let login = format!("run `{}`", login_command(session));
    let age = session.token_age(now);
    let last_error = session.last_error.as_deref();
    let standing = health.standing.filter(|it| *it != Unreachable);
    if session.status == Status::Expired {
        let remedy = expired_remedy(of, login);
        found.push(expired(session, remedy));
    } else if kind == SessionKind::Device && now - session.created_at > DEVICE_LIFE {
        let message = format!("{name} is older than 7 days and is no longer refreshed");
        let remedy = format!("when it stops working, {login}");
        found.add("device_session_old", None, message, remedy);
    } else if session.token_expires_at.is_some_and(|at| at <= now) {
        let message = format!("the token of {name} has expired");
        found.add("token_expired", Some(LoginRequired), message, login);
    } else if let Some(standing) = standing {
        let why = last_error.map(cause);
        let why = why.map_or_else(|| standing.name().replace('_', " "), str::to_owned);
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

/// What to do about an expired session. `login` is to log in by hand.
fn expired_remedy(of: &AccountFacts, login: String) -> String {
    match of.locked_until.map(|end| end.with_timezone(&Local)) {
        _ if of.password_source.is_none() => login,
        Some(end) => format!(
            "automation logs in again after {}, when the lock-out is over; to try now, {login}",
            end.format("%H:%M")
        ),
        None if of.password_refused => {
            format!(
                "the password of its source was refused: correct it there, and the next refresh logs in; to do so now, {login}"
            )
        }
        None => "the next refresh logs it in again; to do so now, run `aimharder refresh`".into(),
    }
}
