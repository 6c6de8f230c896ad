//! Accounts whose class opens at one instant, in one run of the binary; or a single one, for what its waiting costs.

use std::time::{Duration, Instant};

use aimharder::model::account::Account;
use aimharder::model::box_profile::KnownBox;
use aimharder::store::Store;
use anyhow::{Context, Result};
use chrono::TimeDelta;

use super::Lateness;
use super::series::{BOX, Opening, post};
use crate::child;
use crate::crowd;
use crate::home::Home;
use crate::sandbox::{DOMAIN, Sandbox};
use crate::stats::Spread;
use crate::tools::Tools;

/// The processor time of waiting is measured from this long after the start of a run …
const STARTED: Duration = Duration::from_secs(3);
/// … until this long before the opening.
const READY_US: i64 = 500_000;
const NAME: &str = "person";

#[derive(Debug)]
pub(super) struct SameInstant {
    /// Lateness of the first request of each account that was not early.
    pub(super) spread: Spread,
    pub(super) booked: usize,
    pub(super) requests: usize,
    /// Peak memory in MiB.
    pub(super) peak: f64,
    /// Processor time while waiting, percent of one core.
    pub(super) busy: f64,
}

/// Books one class for a number of accounts; it opens `wait` seconds after the logins.
pub(super) fn run(tools: &Tools, accounts: usize, wait: i64) -> Result<SameInstant> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    let store = home.store()?;
    crowd::log_in(&sandbox, &store, accounts, NAME, TimeDelta::zero())?;
    let opening = Opening::new(0, (super::unix_us() / 1_000_000 + 1 + wait) * 1_000_000)?;
    let id = post(&sandbox, std::slice::from_ref(&opening))?[0].to_string();
    for number in 0..accounts {
        let account = crowd::email(NAME, number)
            .parse()
            .map_err(anyhow::Error::msg)?;
        store_box(&store, &account)?;
        opening.prebook(&store, &account)?;
    }
    drop(store);
    sandbox.forget()?;
    let window = [
        Instant::now() + STARTED,
        super::steady(opening.at_us - READY_US),
    ];
    let watched = child::watch(&mut home.command(&["prebook", "run"]), Some(window))?;
    watched
        .run
        .checked()
        .with_context(|| format!("the run with {accounts} accounts"))?;
    let arrivals = sandbox.arrivals()?;
    let mut lateness = Lateness::default();
    for number in 0..accounts {
        let account = Some(crowd::email(NAME, number));
        let own = arrivals
            .iter()
            .filter(|a| a.books() && a.form["id"] == *id && a.account == account);
        lateness.add(opening.at_us, own);
    }
    Ok(SameInstant {
        spread: Spread::of(lateness.late),
        booked: sandbox.reservations()?,
        requests: arrivals.len(),
        peak: watched.peak,
        busy: watched.busy.context("the run ended before its opening")?,
    })
}

/// Stores the box as a login does.
fn store_box(store: &Store, account: &Account) -> Result<()> {
    let found = KnownBox {
        name: BOX.to_owned(),
        host: Some(format!("{BOX}.{DOMAIN}")),
        id: Some(10122),
        ..KnownBox::default()
    };
    Ok(store.put_boxes(account, &[found])?)
}
