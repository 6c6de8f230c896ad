//! Each finding in words: what is so, and what to do about it.

mod around;

use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::session::SessionKind;
use crate::model::time::human_age;
use crate::status::findings::Finding as F;

pub(super) use around::{command, size};

/// The message and the remedy.
pub(super) fn of(finding: &F) -> (String, Option<String>) {
    match finding {
        F::ConfigUnusable(_)
        | F::ConfigWritable(..)
        | F::ConfigReadable(..)
        | F::StoreUnusable(_)
        | F::StoreDamaged(..)
        | F::NoKey(_)
        | F::KeyLacking(_)
        | F::KeyWrong(_)
        | F::KeySilent
        | F::DiskFull(..) => around::of_files(finding),
        F::NotScheduled { .. }
        | F::Inactive { .. }
        | F::Rare(..)
        | F::OtherStore(_)
        | F::NoLinger
        | F::Silent(_) => around::of_schedule(finding),
        F::Overdue(..) | F::OpeningUnknown(_) | F::Unreachable(..) | F::ClockOff(..) => {
            around::of_bookings(finding)
        }
        _ => of_logins(finding),
    }
}

fn told(message: impl Into<String>, remedy: impl Into<String>) -> (String, Option<String>) {
    (message.into(), Some(remedy.into()))
}

fn of_logins(finding: &F) -> (String, Option<String>) {
    match finding {
        F::NoLogin(None) => told("nobody is logged in here", "run: aimharder login EMAIL"),
        F::NoLogin(Some(account)) => told(
            format!("no session for {account}"),
            format!("run: aimharder login {account}"),
        ),
        F::NoBackground { account, needed } => {
            let why = if *needed {
                ", and its prebookings need one"
            } else {
                ": `prebook run` could not book"
            };
            told(
                format!("{account} has no background session{why}"),
                format!("run: aimharder login {account} --only background"),
            )
        }
        F::Expired {
            account,
            kind,
            heals,
            refused,
        } => expired(account, *kind, *heals, *refused),
        F::TokenOver(account, kind) => told(
            format!("the token of {} has run out", session(account, *kind)),
            format!("run: aimharder login {account} --only {kind}"),
        ),
        F::Stale(account, kind, age) if age.num_seconds() < 0 => told(
            format!(
                "the token of {} was updated in the future: a clock was wrong",
                session(account, *kind)
            ),
            "set this machine's clock, then run: aimharder refresh",
        ),
        F::Stale(account, kind, age) => told(
            format!(
                "the token of {} is {} old: refresh does not run, or fails",
                session(account, *kind),
                human_age(*age)
            ),
            "run: aimharder refresh",
        ),
        F::Standing(account, kind, standing, words) => {
            let login = format!("run: aimharder login {account} --only {kind}");
            let remedy = if *standing == ExitKind::LoginRequired {
                login
            } else {
                "run: aimharder -v refresh --force".to_owned()
            };
            told(
                format!(
                    "{} is not refreshed: {}",
                    session(account, *kind),
                    or_kind(words, *standing)
                ),
                remedy,
            )
        }
        F::Outage(account, kind, runs) => told(
            format!(
                "refresh could not reach AimHarder for {}, {}",
                session(account, *kind),
                in_a_row(*runs)
            ),
            "look at the network; it is tried again by itself",
        ),
        F::LastError(account, kind, words) => {
            (format!("{}: {words}", session(account, *kind)), None)
        }
        F::OldDevice(account) => told(
            format!("the device session of {account} is older than 7 days and no longer refreshed"),
            format!("when it stops working, run: aimharder login {account}"),
        ),
        F::NotRefreshed(account, kind) => told(
            format!("refresh leaves {} alone", session(account, *kind)),
            "run `aimharder sessions set --auto-refresh on --fingerprint FP` if that is not meant",
        ),
        F::NoPasswordSource(account) => told(
            format!(
                "should AimHarder end the background session of {account}, nothing could log it in again"
            ),
            "set a password_command in the config",
        ),
        _ => unreachable_words(),
    }
}

fn expired(
    account: &Account,
    kind: SessionKind,
    heals: bool,
    refused: bool,
) -> (String, Option<String>) {
    let login = format!("run: aimharder login {account} --only {kind}");
    let ended = format!("AimHarder has ended {}", session(account, kind));
    match (heals, refused) {
        (true, false) => told(
            format!("{ended}; the next refresh logs it in again"),
            "run: aimharder refresh",
        ),
        (true, true) => told(
            format!("{ended}, and has refused the password of its source"),
            format!("correct the password there, or {login}"),
        ),
        (false, _) => told(ended, login),
    }
}

/// Each group above is asked for its own only.
fn unreachable_words() -> (String, Option<String>) {
    (String::new(), None)
}

fn session(account: &Account, kind: SessionKind) -> String {
    format!("the {kind} session of {account}")
}

fn or_kind(words: &str, kind: ExitKind) -> String {
    if words.is_empty() {
        kind.name().replace('_', " ")
    } else {
        words.to_owned()
    }
}

fn in_a_row(runs: i64) -> String {
    match runs {
        1 => "last time".to_owned(),
        runs => format!("{runs} times in a row"),
    }
}
