//! Many accounts whose class opens at one instant, in one run of the binary; or a single one, for what
//! its waiting costs.

use aimharder::model::account::Account;
use aimharder::model::account::BoxRef;
use aimharder::store::Store;
use anyhow::{Context, Result};
use chrono::TimeDelta;
use std::time::Duration;

use super::Shots;
use super::series::{BOX, Opening, post};
use crate::child;
use crate::crowd;
use crate::home::Home;
use crate::sandbox::{DOMAIN, Sandbox};
use crate::stats::Spread;
use crate::tools::Tools;

/// Waiting is what lies between these: after the start, and before the opening.
const STARTED: Duration = Duration::from_secs(3);
const READY_US: i64 = 500_000;
const PEOPLE: &str = "person";

/// What came of it.
#[derive(Debug)]
pub(super) struct Instantly {
    /// arrivals after the opening
    pub(super) spread: Spread,
    pub(super) booked: usize,
    pub(super) requests: usize,
    pub(super) peak: f64,
    pub(super) busy: f64,
}

/// So many accounts, one class that opens `wait` seconds after the run's start.
pub(super) fn run(tools: &Tools, accounts: usize, wait: i64) -> Result<Instantly> {
    let sandbox = Sandbox::start(&tools.sandbox)?;
    let home = Home::at(tools, &sandbox)?;
    let store = home.store()?;
    crowd::log_in(&sandbox, &store, accounts, PEOPLE, TimeDelta::zero())?;
    let opening = Opening::new(0, (super::unix_us() / 1_000_000 + 1 + wait) * 1_000_000)?;
    let id = post(&sandbox, std::slice::from_ref(&opening))?[0].to_string();
    for nth in 0..accounts {
        let account = crowd::email(PEOPLE, nth)
            .parse()
            .map_err(anyhow::Error::msg)?;
        know_box(&store, &account)?;
        opening.prebook(&store, &account)?;
    }
    drop(store);
    sandbox.forget()?;
    let window = [
        std::time::Instant::now() + STARTED,
        super::steady(opening.at_us - READY_US),
    ];
    let watched = child::watch(&mut home.command(&["prebook", "run"]), Some(window))?;
    watched
        .run
        .good()
        .with_context(|| format!("the run with {accounts} accounts"))?;
    let arrivals = sandbox.arrivals()?;
    let mut shots = Shots::default();
    for nth in 0..accounts {
        let account = Some(crowd::email(PEOPLE, nth));
        let his = arrivals
            .iter()
            .filter(|a| a.books() && a.form["id"] == *id && a.account == account);
        shots.add(opening.at_us, his);
    }
    Ok(Instantly {
        spread: Spread::of(shots.late),
        booked: sandbox.state()?["reservations"]
            .as_array()
            .map_or(0, Vec::len),
        requests: arrivals.len(),
        peak: watched.peak,
        busy: watched.busy.context("the run ended before its opening")?,
    })
}

/// As a login leaves it.
fn know_box(store: &Store, account: &Account) -> Result<()> {
    let found = BoxRef {
        name: BOX.to_owned(),
        host: format!("{BOX}.{DOMAIN}"),
        id: Some(10122),
        title: None,
    };
    Ok(store.put_boxes(account, &[found])?)
}
